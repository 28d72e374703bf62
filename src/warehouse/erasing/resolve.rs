//! From those who are named to everything that they are known by.
//!
//! 1. An identity that is named leads to the customer whom it belonged to last.
//! 2. Customers that were merged, in either direction, are one.
//! 3. Identities, orders, tickets and visits are theirs if they named one of these customers last
//!    (a visit that names none: if its anonymous id is theirs); shipments are those of the orders.
//! 4. Conversations are those of the feedback that names them or was joined to them.

use clickhouse::Client;
use clickhouse::error::Error;

use super::relations::{is_identity, is_known, of_the_customer, theirs};
use super::{Erasing, IDENTIFIERS, Identifier, Item, Known};
use crate::pipeline::SinkError;
use crate::warehouse::Table;

/// Merges that are followed.
const MOST_MERGES: usize = 32;

impl Erasing {
    /// Everything that is known of these, and themselves.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn resolve(&self, named: &Known) -> Result<Known, SinkError> {
        self.with(named, "resolve who is to be erased", async |session| {
            self.resolve_in(session).await
        })
        .await
    }

    async fn resolve_in(&self, session: &Client) -> Result<Known, Error> {
        // Before identities are found through customers: those lead to others who had them later.
        let customers = self.last_named("identity_map", "identity_type, identity_value");
        self.find(
            session,
            &format!(
                "SELECT 'customer', '', last FROM ({customers}) WHERE {}",
                is_identity("identity_type", "identity_value")
            ),
        )
        .await?;
        for _ in 0..MOST_MERGES {
            let merged = format!(
                "SELECT 'customer', '', arrayJoin([customer_id, merged_into]) FROM {} FINAL \
                 WHERE {} AND merged_into != '' AND ({} OR {})",
                self.table("customers_history"),
                self.in_scope("valid_from"),
                is_known("customer_id", "customer"),
                is_known("merged_into", "customer"),
            );
            if self.find(session, &merged).await? == 0 {
                break;
            }
        }
        let theirs = is_known("last", "customer");
        let identities = self.last_named("identity_map", "identity_type, identity_value");
        self.find(
            session,
            &format!(
                "SELECT 'identity', toString(identity_type), identity_value FROM ({identities}) WHERE {theirs}"
            ),
        )
        .await?;
        for (what, table, id) in [
            ("order", "orders_history", "order_id"),
            ("ticket", "tickets_history", "ticket_id"),
            ("session", "sessions_history", "session_id"),
        ] {
            let named = self.last_named(table, id);
            let found = format!("SELECT '{what}', '', {id} FROM ({named}) WHERE {theirs}");
            self.find(session, &found).await?;
        }
        let visits = format!(
            "SELECT 'session', '', session_id FROM {} WHERE {} GROUP BY session_id \
             HAVING max(customer_id) = '' AND countIf(anonymous_id != '' AND {}) > 0",
            self.table("sessions_history"),
            self.in_scope("valid_from"),
            is_identity("'anonymous_id'", "anonymous_id"),
        );
        self.find(session, &visits).await?;
        let shipments = format!(
            "SELECT 'delivery', '', shipment_id FROM ( \
               SELECT shipment_id, argMaxIf(order_id, (valid_from, _row_version), order_id != '') AS last_order \
               FROM {} WHERE {} GROUP BY shipment_id) WHERE {}",
            self.table("deliveries_history"),
            self.in_scope("valid_from"),
            is_known("last_order", "order"),
        );
        self.find(session, &shipments).await?;
        let conversations = format!(
            "SELECT 'conversation', '', conversation_id FROM {} \
             WHERE {} AND conversation_id != '' AND {}",
            self.table("feedback"),
            self.in_scope("created_at"),
            of_the_customer(),
        );
        self.find(session, &conversations).await?;
        let all = format!("SELECT what, of, id FROM {IDENTIFIERS}");
        let all: Vec<Identifier> = session.query(&all).fetch_all().await?;
        Ok(Known(all.into_iter().collect()))
    }

    /// Adds what a query finds, three columns, to the identifiers; returns how many are new.
    async fn find(&self, session: &Client, query: &str) -> Result<u64, Error> {
        let count = format!("SELECT count() FROM {IDENTIFIERS}");
        let before: u64 = session.query(&count).fetch_one().await?;
        let insert = format!(
            "INSERT INTO {IDENTIFIERS} SELECT DISTINCT what, of, id FROM ( \
               SELECT toString(tupleElement(found, 1)) AS what, toString(tupleElement(found, 2)) AS of, \
                      toString(tupleElement(found, 3)) AS id \
               FROM (SELECT tuple(*) AS found FROM ({query}))) \
             WHERE id != '' AND (what, of, id) NOT IN (SELECT what, of, id FROM {IDENTIFIERS})"
        );
        session.query(&insert).execute().await?;
        let after: u64 = session.query(&count).fetch_one().await?;
        Ok(after - before)
    }

    /// Keys of a history, and the customer whom each named last.
    fn last_named(&self, table: &str, key: &str) -> String {
        format!(
            "SELECT {key}, argMaxIf(customer_id, (valid_from, _row_version), customer_id != '') AS last \
             FROM {} WHERE {} GROUP BY {key}",
            self.table(table),
            self.in_scope("valid_from"),
        )
    }

    /// Rows of the tenant up to the request.
    pub(super) fn in_scope(&self, at: &str) -> String {
        format!(
            "tenant = {} AND {at} <= fromUnixTimestamp64Milli({}, 'UTC')",
            super::delete::quoted(&self.scope.tenant),
            self.scope.requested_at
        )
    }

    /// Items of feedback that are theirs, whatever their versions name.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn items(&self, known: &Known) -> Result<Vec<Item>, SinkError> {
        let feedback = Table::Feedback;
        let sql = format!(
            "SELECT DISTINCT toString(kind) AS kind, toString(source) AS source, feedback_id \
             FROM {} WHERE {} AND {} ORDER BY kind, source, feedback_id",
            self.table(feedback.name()),
            self.in_scope(feedback.created()),
            theirs(feedback),
        );
        self.with(known, "look for items", async |session| {
            session.query(&sql).fetch_all().await
        })
        .await
    }
}
