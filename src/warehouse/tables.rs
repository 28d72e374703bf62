//! Tables that rows of outcomes go into: `feedback`, or the history of an entity.

use clickhouse::RowWrite;
use clickhouse::error::Error;

use crate::batch::{EnrichedBatch, Outcome, OutcomeKind};
use crate::config::{Config, Feed};
use crate::odata::{Change, Entity, Facts};

use super::rows::{
    CustomerRow, DeliveryRow, FeedbackRow, IdentityRow, OrderRow, Position, SessionRow, TicketRow,
};
use super::servers::Servers;

/// Where an outcome has its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// `feedback`
    Feedback,
    /// [`Entity::table`]
    History(Entity),
}

impl Table {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Feedback).chain(Entity::ALL.map(Self::History))
    }

    /// The table of an outcome; `None` for one without a row.
    pub fn of(kind: &OutcomeKind) -> Option<Self> {
        match kind {
            OutcomeKind::Row(_) => Some(Self::Feedback),
            OutcomeKind::Operational(change) => Some(Self::History(change.entity())),
            _ => None,
        }
    }

    /// The table of a topic of the configuration.
    pub fn of_topic(config: &Config, topic: &str) -> Self {
        let feed = config.operations.feeds.iter().find(|f| f.topic == topic);
        let of_feed = |feed: &Feed| Entity::ALL.into_iter().find(|e| e.name() == feed.entity);
        feed.and_then(of_feed).map_or(Self::Feedback, Self::History)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::History(entity) => entity.table(),
        }
    }

    /// SQL of the hash by which a line of `ingested` finds its row in the table, over the columns of
    /// the table: the same as `item_hash` and `change_hash` of rows.
    pub(super) fn item(self) -> String {
        let id = match self {
            Self::Feedback => {
                return "xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id))"
                    .to_owned();
            }
            Self::History(Entity::Customer) => "customer_id",
            Self::History(Entity::Order) => "order_id",
            Self::History(Entity::Ticket) => "ticket_id",
            Self::History(Entity::Session) => "session_id",
            Self::History(Entity::Delivery) => "shipment_id",
            Self::History(Entity::Identity) => "concat(identity_type, '\\x01', identity_value)",
        };
        let entity = match self {
            Self::Feedback => "",
            Self::History(entity) => entity.name(),
        };
        format!(
            "xxh3(concat(tenant, '\\0{entity}\\0', \
             toString(toUnixTimestamp64Milli(valid_from)), '\\0', {id}))"
        )
    }

    /// SQL of what `_row_version` of the table is for a line of `ingested`, over the line's columns.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Feedback => {
                "bitShiftLeft(toUInt128(least(version, 17592186044415)), 84) \
                 + bitShiftLeft(toUInt128(least(offset, 17592186044415)), 40) \
                 + least(revision, 1099511627775)"
            }
            Self::History(_) => {
                "bitShiftLeft(toUInt128(version), 44) + least(offset, 17592186044415)"
            }
        }
    }

    /// Column of the table that `ingested.created_at` tells.
    pub(super) fn created(self) -> &'static str {
        match self {
            Self::Feedback => "created_at",
            Self::History(_) => "valid_from",
        }
    }

    /// Inserts those of the outcomes that have their row in this table, in one block.
    ///
    /// # Errors
    /// ClickHouse does not take them.
    pub(super) async fn insert(
        self,
        servers: &Servers,
        batch: &EnrichedBatch,
        outcomes: &[&Outcome],
        token: &str,
    ) -> Result<(), Error> {
        let entity = match self {
            Self::Feedback => {
                let rows = outcomes.iter().filter_map(|outcome| match &outcome.kind {
                    OutcomeKind::Row(enriched) => {
                        Some(FeedbackRow::new(enriched, Position::of(batch, outcome)))
                    }
                    _ => None,
                });
                return insert::<FeedbackRow<'static>>(servers, self, token, rows).await;
            }
            Self::History(entity) => entity,
        };
        let changes = changes(batch, outcomes);
        match entity {
            Entity::Customer => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Customer(facts) => Some(CustomerRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<CustomerRow<'static>>(servers, self, token, rows).await
            }
            Entity::Order => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Order(facts) => Some(OrderRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<OrderRow<'static>>(servers, self, token, rows).await
            }
            Entity::Ticket => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Ticket(facts) => Some(TicketRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<TicketRow<'static>>(servers, self, token, rows).await
            }
            Entity::Session => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Session(facts) => Some(SessionRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<SessionRow<'static>>(servers, self, token, rows).await
            }
            Entity::Delivery => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Delivery(facts) => Some(DeliveryRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<DeliveryRow<'static>>(servers, self, token, rows).await
            }
            Entity::Identity => {
                let rows = changes.filter_map(|(change, at)| match &change.facts {
                    Facts::Identity(facts) => Some(IdentityRow::new(change, facts, at)),
                    _ => None,
                });
                insert::<IdentityRow<'static>>(servers, self, token, rows).await
            }
        }
    }
}

fn changes<'a>(
    batch: &'a EnrichedBatch,
    outcomes: &'a [&'a Outcome],
) -> impl Iterator<Item = (&'a Change, Position<'a>)> {
    outcomes.iter().filter_map(|outcome| match &outcome.kind {
        OutcomeKind::Operational(change) => Some((&**change, Position::of(batch, outcome))),
        _ => None,
    })
}

async fn insert<'r, R: RowWrite>(
    servers: &Servers,
    table: Table,
    token: &str,
    rows: impl Iterator<Item = R::Value<'r>>,
) -> Result<(), Error> {
    let mut insert = servers.insert::<R>(table.name(), token).await?;
    for row in rows {
        insert.write(&row).await?;
    }
    insert.end().await
}
