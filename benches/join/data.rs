//! O-data and items of the benchmark, by formulas that `queried` knows, too.

use std::time::Duration;

use anyhow::{Result, anyhow};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;

use crate::PATIENCE;
use crate::kafka_server::KafkaServer;

/// Topic, entity, column of its identifier.
pub const TOPICS: [(&str, &str, &str); 3] = [
    ("customers", "customer", "customer_id"),
    ("orders", "order", "order_id"),
    ("tickets", "ticket", "ticket_id"),
];
/// 2026-01-01T00:00:00Z. Customers are there from then on.
pub const BEGIN: i64 = 1_767_225_600_000;
/// Orders and tickets come one after another, so many ms apart.
pub const APART: i64 = 1_000;
/// An order is delivered after so many ms.
pub const DELIVERED_AFTER: i64 = 3 * 86_400_000;
/// Primes that scatter items over orders, and orders over customers.
pub const SCATTER: (u64, u64) = (1_000_003, 7_919);

/// How much of everything.
pub struct Sizes {
    pub customers: u64,
    pub orders: u64,
    pub tickets: u64,
    /// Joins that are measured.
    pub joins: u64,
}

/// What an item names, and when it was said.
pub struct Item {
    pub order: String,
    pub ticket: String,
    pub at: i64,
}

impl Sizes {
    /// Records in all: each order twice.
    pub fn records(&self) -> u64 {
        self.customers + 2 * self.orders + self.tickets
    }

    /// The n-th item: of any order, as often before its delivery as after it; every tenth names a
    /// ticket.
    pub fn item(&self, n: u64) -> Item {
        let order = n * SCATTER.0 % self.orders;
        let days = (n % 6) as i64 + 1;
        Item {
            order: format!("o{order}"),
            ticket: match n % 10 {
                0 => format!("t{}", n % self.tickets),
                _ => String::new(),
            },
            at: BEGIN + order as i64 * APART + days * 86_400_000 - 1,
        }
    }
}

/// Makes the topics and sends everything.
pub fn fill(kafka: &KafkaServer, sizes: &Sizes) -> Result<()> {
    for (topic, _, _) in TOPICS {
        kafka.create_topic(topic, 4)?;
    }
    let producer: BaseProducer = kafka
        .client()
        .set("queue.buffering.max.messages", "1000000")
        .set("linger.ms", "50")
        .set("compression.type", "lz4")
        .create()?;
    let send = |topic: &str, key: &str, value: serde_json::Value| {
        let payload = value.to_string();
        while producer
            .send(BaseRecord::to(topic).key(key).payload(&payload))
            .is_err()
        {
            producer.poll(Duration::from_millis(10));
        }
    };
    for n in 0..sizes.customers {
        let id = format!("c{n}");
        let customer = json!({
            "customer_id": id, "since": BEGIN, "segment": format!("segment-{}", n % 5),
            "tier": "gold", "plan": "yearly", "country": "DE", "locale": "de-DE",
            "lifecycle": "active"
        });
        send("customers", &id, customer);
    }
    for (status, after) in [("paid", 0), ("delivered", DELIVERED_AFTER)] {
        for n in 0..sizes.orders {
            let id = format!("o{n}");
            let order = json!({
                "order_id": id, "customer_id": format!("c{}", n * SCATTER.1 % sizes.customers),
                "since": BEGIN + n as i64 * APART + after, "status": status, "currency": "EUR",
                "total": format!("{}.50", n % 500), "payment_method": "card"
            });
            send("orders", &id, order);
        }
    }
    for n in 0..sizes.tickets {
        let id = format!("t{n}");
        let ticket = json!({
            "ticket_id": id, "since": BEGIN + n as i64 * APART, "status": "open",
            "priority": "normal", "reopens": 0
        });
        send("tickets", &id, ticket);
    }
    producer
        .flush(PATIENCE)
        .map_err(|error| anyhow!(error).context("Kafka did not take the records"))
}
