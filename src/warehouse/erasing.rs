//! What the tables hold of a customer: found, listed, deleted, taken off the disk.
//!
//! No statement names an identifier: servers log statements, and keep those of deletions beside the
//! parts. Identifiers go as the rows of a temporary table, which is memory alone, and deletions name
//! hashes of items: those that `erased_items` lists. The list is written before anything is deleted,
//! so a job that broke off deletes the rest by it, though nothing leads from the customer to it any
//! more; and `reconcile` knows by it which rows are gone by right.
//!
//! Whose a row is stands a second time, in Rust, in [`crate::erasure`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clickhouse::error::Error;
use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};

use super::client::within;
use super::error::sink_error;
use crate::config::{ClickHouse, Config, ConfigError};
use crate::enrich::privacy::Person;
use crate::erasure::{Mark, Marker, Named};
use crate::feedback::Millis;
use crate::pipeline::SinkError;

mod delete;
pub mod log;
mod relations;
mod resolve;

pub use relations::relations;

/// Everything that a customer is known by, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(BTreeSet<Identifier>);

/// One of them. Parts of the identifier: an identity has its type and its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Serialize, Deserialize)]
struct Identifier {
    /// [`Named::name`].
    what: String,
    /// Type of an identity.
    of: String,
    id: String,
}

impl Known {
    /// Whom the request names.
    pub fn of(person: &Person) -> Self {
        let customer = (!person.customer_id.is_empty()).then(|| Identifier {
            what: Named::Customer.name().into(),
            of: String::new(),
            id: person.customer_id.clone(),
        });
        let identities = person.identities.iter().map(|(kind, value)| Identifier {
            what: Named::Identity.name().into(),
            of: kind.clone(),
            id: value.clone(),
        });
        Self(customer.into_iter().chain(identities).collect())
    }

    /// Marks of all of them.
    pub fn marks(&self, tenant: &str, marker: &Marker) -> BTreeSet<Mark> {
        let mark = |identifier: &Identifier| {
            let named = KINDS.iter().find(|named| named.name() == identifier.what)?;
            match named {
                Named::Identity => marker.mark(tenant, *named, &[&identifier.of, &identifier.id]),
                named => marker.mark(tenant, *named, &[&identifier.id]),
            }
        };
        self.0.iter().filter_map(mark).collect()
    }

    /// How many there are, by kind.
    pub fn counts(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for identifier in &self.0 {
            *counts.entry(identifier.what.as_str()).or_default() += 1;
        }
        counts
    }

    /// Takes over what another one has; whether there was anything new.
    pub fn extend(&mut self, other: Known) -> bool {
        let before = self.0.len();
        self.0.extend(other.0);
        self.0.len() > before
    }
}

/// Kinds of identifiers that are resolved.
const KINDS: [Named; 7] = [
    Named::Customer,
    Named::Identity,
    Named::Order,
    Named::Ticket,
    Named::Session,
    Named::Delivery,
    Named::Conversation,
];

/// An item of feedback: kind, source and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct Item {
    /// See [`crate::feedback::Kind`].
    pub kind: String,
    /// Where it lives.
    pub source: String,
    /// Its identifier there.
    pub feedback_id: String,
}

impl Item {
    /// Its mark.
    pub fn mark(&self, tenant: &str, marker: &Marker) -> Option<Mark> {
        let id = [&*self.kind, &self.source, &self.feedback_id];
        marker.mark(tenant, Named::Item, &id)
    }
}

/// What one request erases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Owner of the data.
    pub tenant: String,
    /// What happened up to then goes.
    pub requested_at: Millis,
    /// Mark of the request.
    pub request: Mark,
}

/// Erases in the tables of one database.
pub struct Erasing {
    client: Client,
    config: ClickHouse,
    scope: Scope,
}

/// Name of the temporary table of identifiers.
const IDENTIFIERS: &str = "sada_erasing";

/// Settings of all statements: none of them is logged.
const UNLOGGED: [(&str, &str); 2] = [("log_queries", "0"), ("max_threads", "2")];

impl Erasing {
    /// For one request.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config, scope: Scope) -> Result<Self, ConfigError> {
        let mut client = super::client(&config.clickhouse)?;
        for (name, value) in UNLOGGED {
            client = client.with_setting(name, value);
        }
        Ok(Self {
            client,
            config: config.clickhouse.clone(),
            scope,
        })
    }

    /// What it erases.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    fn table(&self, name: &str) -> String {
        format!("`{}`.{name}", self.config.database)
    }

    /// A table of the server's own, of all replicas.
    fn system(&self, name: &str) -> String {
        match self.config.cluster.as_str() {
            "" => format!("system.{name}"),
            cluster => format!("clusterAllReplicas('{cluster}', system.{name})"),
        }
    }

    /// Longest wait for statements that read whole tables.
    fn limit(&self) -> Duration {
        self.config.timeout * 10
    }

    /// Does something in a session of its own, whose temporary table holds these identifiers.
    async fn with<T>(
        &self,
        known: &Known,
        doing: &str,
        act: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, SinkError> {
        let session = self
            .client
            .clone()
            .with_setting("session_id", format!("sada-erase-{}", uuid::Uuid::new_v4()))
            .with_setting("session_timeout", "3600");
        let done = async {
            let create = format!(
                "CREATE TEMPORARY TABLE {IDENTIFIERS} (what String, of String, id String) ENGINE = Memory"
            );
            session.query(&create).execute().await?;
            let mut insert = session.insert_unescaped::<Identifier>(IDENTIFIERS).await?;
            for identifier in &known.0 {
                insert.write(identifier).await?;
            }
            insert.end().await?;
            act(&session).await
        };
        let done = within(self.limit(), done).await;
        // Now, and not only when the session ends.
        let drop = format!("DROP TEMPORARY TABLE {IDENTIFIERS}");
        let dropping = session.query(&drop).with_setting("close_session", "1");
        let _ = within(self.config.timeout, dropping.execute()).await;
        done.map_err(|error| sink_error(&error, doing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_has_its_mark() {
        let person = Person {
            tenant: "acme".into(),
            customer_id: "c1".into(),
            identities: vec![("device_id".into(), "d1".into())],
        };
        let mut known = Known::of(&person);
        let marker = Marker::new(b"a key known to tests");
        let marks = known.marks("acme", &marker);
        let customer = marker.mark("acme", Named::Customer, &["c1"]).unwrap();
        let device = marker.mark("acme", Named::Identity, &["device_id", "d1"]);
        assert_eq!(marks, BTreeSet::from([customer, device.unwrap()]));
        assert_eq!(
            known.counts(),
            BTreeMap::from([("customer", 1), ("identity", 1)])
        );
        assert!(!known.extend(Known::of(&person)));
    }
}
