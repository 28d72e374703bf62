//! What is stored, in a database of its own of the real engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use clickhouse::Row;
use fastrand::Rng;
use sada::batch::{Computed, EnrichedBatch, Offsets, Outcome, OutcomeKind, Partition, RawBatch};
use sada::config::Config;
use sada::enrich::{Enriched, Tags, Versions};
use sada::feedback::Feedback;
use sada::odata::join::join;
use sada::odata::{Joined, Keys};
use sada::pipeline::Sink;
use sada::warehouse::migrations;
use sada::warehouse::repair::{Repair, Window};
use sada::warehouse::{self, Evidence, FeedbackSink};
use serde::Deserialize;

use super::arrived::Arrived;
use super::{Arrival, BEGIN};
use crate::support::engine;

/// Joined columns of a row.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
pub struct Seen {
    pub joined_customer_id: String,
    pub merged_customers: Vec<String>,
    pub customer_join: String,
    pub order_join: String,
    pub ticket_join: String,
    pub session_join: String,
    pub delivery_join: String,
    pub segment: String,
    pub persona: String,
    pub tier: String,
    pub plan: String,
    pub customer_country: String,
    pub clv: Option<i64>,
    pub clv_currency: String,
    pub order_status: String,
    pub order_total: Option<i64>,
    pub order_currency: String,
    pub days_late: Option<i32>,
    pub delivery_status: String,
    pub ticket_status: String,
    pub ticket_reopens: Option<u32>,
    pub checkout_abandoned: Option<bool>,
}

pub const SEEN: &str = "joined_customer_id, merged_customers, customer_join, order_join, ticket_join, \
    session_join, delivery_join, segment, persona, tier, plan, customer_country, clv, clv_currency, \
    order_status, order_total, order_currency, days_late, delivery_status, ticket_status, \
    ticket_reopens, checkout_abandoned";

impl Seen {
    pub fn of(joined: &Joined) -> Self {
        let joined = joined.clone();
        Self {
            joined_customer_id: joined.customer_id,
            merged_customers: joined.merged,
            customer_join: joined.customer.name().into(),
            order_join: joined.order.name().into(),
            ticket_join: joined.ticket.name().into(),
            session_join: joined.session.name().into(),
            delivery_join: joined.delivery.name().into(),
            segment: joined.segment,
            persona: joined.persona,
            tier: joined.tier,
            plan: joined.plan,
            customer_country: joined.country,
            clv: joined.clv,
            clv_currency: joined.clv_currency,
            order_status: joined.order_status,
            order_total: joined.order_total,
            order_currency: joined.order_currency,
            days_late: joined.days_late,
            delivery_status: joined.delivery_status,
            ticket_status: joined.ticket_status,
            ticket_reopens: joined.ticket_reopens,
            checkout_abandoned: joined.checkout_abandoned,
        }
    }
}

pub struct Warehouse {
    pub config: Config,
    pub client: clickhouse::Client,
    pub rows: FeedbackSink,
    pub evidence: Evidence,
}

impl Warehouse {
    pub async fn new(database: &str) -> Self {
        let mut config = Config::default();
        config.clickhouse.url = engine().url();
        config.clickhouse.database = database.to_owned();
        migrations::apply(&config).await.unwrap();
        let client = warehouse::client(&config.clickhouse)
            .unwrap()
            .with_database(database);
        let (rows, evidence) = warehouse::sinks(&config).unwrap();
        Self {
            config,
            client,
            rows,
            evidence,
        }
    }

    pub async fn write(&self, topic: &str, outcomes: Vec<Outcome>) {
        let partition = Partition {
            topic: topic.into(),
            stream: format!("life of {topic}").into(),
            number: 0,
        };
        let (first, last) = (outcomes[0].offset, outcomes[outcomes.len() - 1].offset);
        let batch = EnrichedBatch {
            offsets: Offsets {
                partition: partition.clone(),
                epoch: 1,
                range: first..=last,
                last_time: 0,
            },
            outcomes,
            computed: Computed::STREAM,
            raw: RawBatch::new(partition, 1),
        };
        self.rows.write(&batch).await.unwrap();
        self.evidence.write(&batch).await.unwrap();
    }

    pub async fn arrive(&self, arrival: &Arrival, known: &Arrived, rng: &mut Rng) {
        match arrival {
            Arrival::Changes(changes) => {
                let topic = changes[0].change.entity().table();
                let outcomes = changes.iter().map(|told| Outcome {
                    offset: told.offset,
                    time: BEGIN,
                    kind: OutcomeKind::Operational(Box::new(told.change.clone())),
                });
                self.write(topic, outcomes.collect()).await;
            }
            Arrival::Feedback(said) => {
                let outcomes = said.iter().map(|said| {
                    let f = &said.feedback;
                    let keys = Keys::of(f);
                    let joined = match rng.u8(..4) {
                        0 => Joined::unknown(&keys),
                        _ => join(&f.tenant, &keys, f.created_at, known),
                    };
                    Outcome {
                        offset: said.offset,
                        time: BEGIN,
                        kind: OutcomeKind::Row(Box::new(enriched(f.clone(), joined))),
                    }
                });
                self.write("feedback", outcomes.collect()).await;
            }
        }
    }

    pub async fn look(&self, slice: u64) -> u64 {
        let repair = Repair::new(&self.config, slice).unwrap();
        let until = repair.now().await.unwrap() + 1;
        let from = repair.looked_until().await.unwrap().unwrap_or(0);
        let from = repair.overlapping(from);
        let mut told = |_: Window, _: &_| {};
        let done = repair.look("run", from, until, false, &mut told);
        done.await.unwrap().rows
    }

    pub async fn seen(&self, tenant: &str) -> BTreeMap<String, Seen> {
        #[derive(Row, Deserialize)]
        struct Id {
            feedback_id: String,
        }
        let of = format!("FROM feedback FINAL WHERE tenant = '{tenant}' ORDER BY feedback_id");
        let ids = self.client.query(&format!("SELECT feedback_id {of}"));
        let ids: Vec<Id> = ids.fetch_all().await.unwrap();
        let rows = self.client.query(&format!("SELECT {SEEN} {of}"));
        let rows: Vec<Seen> = rows.fetch_all().await.unwrap();
        let ids = ids.into_iter().map(|id| id.feedback_id);
        ids.zip(rows).collect()
    }

    pub async fn count(&self, sql: &str) -> u64 {
        self.client.query(sql).fetch_one().await.unwrap()
    }

    /// Rows, whatever they are superseded by, that say what was true only later.
    pub async fn with_a_future(&self) -> u64 {
        let of = |column: &str| {
            format!("toInt64OrZero(toString({column})) > toUnixTimestamp64Milli(created_at)")
        };
        let columns = [
            "segment",
            "order_status",
            "ticket_status",
            "delivery_status",
        ]
        .map(of);
        self.count(&format!(
            "SELECT count() FROM feedback WHERE {}",
            columns.join(" OR ")
        ))
        .await
    }

    pub async fn checksum(&self) -> u64 {
        self.count(
            "SELECT groupBitXor(cityHash64(tenant, kind, source, feedback_id, version, o_version)) \
             FROM feedback FINAL",
        )
        .await
    }
}

pub fn enriched(feedback: Feedback, joined: Joined) -> Enriched {
    Enriched {
        tags: Tags::untagged(format!("version {}", feedback.version)),
        feedback,
        parts: Vec::new(),
        redactions: sada::enrich::privacy::Redactions::default(),
        versions: Arc::new(Versions {
            models: "0".into(),
            taxonomy: "t".into(),
        }),
        joined,
    }
}
