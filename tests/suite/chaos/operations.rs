//! O-data beside the load: changes of customers, orders, deliveries, tickets, visits and identities,
//! out of order, corrected, deleted, most of them after the feedback that they are about.
//!
//! Every change is a function of the seed and its number, as the feedback is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use sada::odata::{Change, Customer, Delivery, Entity, Facts, Identity, Order, Session, Ticket};
use serde_json::{Value, json};

use super::load::{FIRST_CREATION, Load, TENANTS, THREE_YEARS};
use super::scene::NAME;

/// Partitions of each topic.
pub const PARTITIONS: i32 = 3;
/// Versions of an entity begin at the same few moments, so that many correct one another.
const MOMENTS: u64 = 40;
/// Changes are sent last first within blocks of so many.
const BLOCK: u32 = 512;
/// One in so many is sent twice, and one in so many is broken.
const TWICE: u32 = 50;
const BROKEN: u32 = 211;
/// Changes a second while faults come.
const PACE: u32 = 1_000;

/// Topic of an entity.
pub fn topic(entity: Entity) -> String {
    format!("{NAME}.odata.{entity}")
}

/// The configuration of the feeds.
pub fn feeds() -> String {
    let feed = |entity: &Entity| {
        format!(
            "[[operations.feeds]]\ntopic = \"{}\"\nentity = \"{entity}\"\nformat = \"cloudevents\"\n",
            topic(*entity)
        )
    };
    let feeds: String = Entity::ALL.iter().map(feed).collect();
    format!("[operations]\nrepair = \"1s\"\n{feeds}")
}

/// The changes of a seed.
#[derive(Debug, Clone, Copy)]
pub struct Operations {
    load: Load,
    count: u32,
}

impl Operations {
    /// As many changes as that, rounded up.
    pub fn of(load: Load, count: u32) -> Self {
        let count = count.next_multiple_of(BLOCK);
        Self { load, count }
    }

    /// Records that come of it: outcomes that there must be.
    pub fn records(self) -> u64 {
        u64::from(self.count + self.count.div_ceil(TWICE) + self.count.div_ceil(BROKEN))
    }

    /// All changes, as the tables must have them.
    pub fn changes(self) -> impl Iterator<Item = Change> {
        (0..self.count).map(move |number| self.change(number))
    }

    fn change(self, number: u32) -> Change {
        let mut rng = self.load.rng(8, number);
        let ids = self.load.ids;
        let moment = rng.u64(..MOMENTS) * (THREE_YEARS / MOMENTS);
        let mut id = |kind: char, ids: u32| format!("{kind}{}", rng.u32(..ids));
        let (id, facts) = match number % 20 {
            0..3 => (id('c', ids), customer as fn(&mut Draw) -> Facts),
            3..5 => (id('d', ids), identity as _),
            5..10 => (id('o', ids), order as _),
            10..15 => (id('p', 2 * ids), delivery as _),
            15..18 => (id('t', ids), ticket as _),
            _ => (id('s', ids), session as _),
        };
        let at = (FIRST_CREATION + moment) as i64;
        let deleted = rng.u8(..20) == 0;
        let tenant = format!("tenant-{}", rng.u32(..TENANTS));
        let mut draw = Draw {
            rng,
            ids,
            at,
            id: &id,
        };
        let mut facts = facts(&mut draw);
        if deleted {
            facts = emptied(facts);
        }
        Change {
            tenant,
            id,
            valid_from: at,
            version: u64::from(number) + 1,
            deleted,
            facts,
        }
    }
}

/// What the facts of a change are drawn from.
struct Draw<'i> {
    rng: fastrand::Rng,
    ids: u32,
    at: i64,
    id: &'i str,
}

impl Draw<'_> {
    fn name(&mut self, kind: char) -> String {
        format!("{kind}{}", self.rng.u32(..self.ids))
    }

    fn one(&mut self, of: &[&str]) -> String {
        of[self.rng.usize(..of.len())].to_owned()
    }

    /// Some days before or after the change.
    fn day(&mut self, days: std::ops::Range<i64>) -> Option<i64> {
        Some(self.at + self.rng.i64(days) * 86_400_000 + self.rng.i64(0..86_400_000))
    }
}

fn customer(draw: &mut Draw) -> Facts {
    let merged = draw.rng.u8(..12) == 0;
    Facts::Customer(Customer {
        segment: draw.one(&["new", "regular", "loyal"]),
        persona: draw.one(&["planner", ""]),
        tier: draw.one(&["gold", "silver"]),
        plan: draw.one(&["basic", "plus"]),
        country: draw.one(&["DE", "IR", "SA"]),
        clv: Some(draw.rng.i64(-10_000..100_000_000)),
        clv_currency: "EUR".into(),
        merged_into: if merged {
            draw.name('c')
        } else {
            String::new()
        },
        ..Customer::default()
    })
}

fn identity(draw: &mut Draw) -> Facts {
    Facts::Identity(Identity {
        kind: "device_id".into(),
        customer_id: draw.name('c'),
    })
}

fn order(draw: &mut Draw) -> Facts {
    Facts::Order(Order {
        customer_id: draw.name('c'),
        status: draw.one(&["created", "paid", "shipped", "delivered", "refunded"]),
        created_at: if draw.rng.bool() {
            draw.day(-2..40)
        } else {
            None
        },
        total: Some(draw.rng.i64(0..10_000_000)),
        currency: draw.one(&["EUR", "IRR"]),
        ..Order::default()
    })
}

/// Two shipments of each order, and some that are given to another one.
fn delivery(draw: &mut Draw) -> Facts {
    let number: u32 = draw.id[1..].parse().unwrap_or_default();
    let moved = draw.rng.u8(..20) == 0;
    let delivered = draw.rng.bool();
    Facts::Delivery(Delivery {
        order_id: match moved {
            true => draw.name('o'),
            false => format!("o{}", number / 2),
        },
        status: draw.one(&["in_transit", "delivered", "lost"]),
        promised_at: draw.day(-20..20),
        delivered_at: if delivered { draw.day(-20..20) } else { None },
        ..Delivery::default()
    })
}

fn ticket(draw: &mut Draw) -> Facts {
    Facts::Ticket(Ticket {
        customer_id: draw.name('c'),
        status: draw.one(&["new", "open", "solved"]),
        reopens: Some(draw.rng.u32(..4)),
        ..Ticket::default()
    })
}

fn session(draw: &mut Draw) -> Facts {
    let bought = draw.rng.bool();
    Facts::Session(Session {
        customer_id: draw.name('c'),
        started_at: Some(draw.at),
        checkout_at: if draw.rng.bool() {
            draw.day(-2..40)
        } else {
            None
        },
        order_id: if bought {
            draw.name('o')
        } else {
            String::new()
        },
        ..Session::default()
    })
}

/// What a deletion tells: whom it is about.
fn emptied(facts: Facts) -> Facts {
    match facts {
        Facts::Customer(_) => Facts::Customer(Customer::default()),
        Facts::Order(_) => Facts::Order(Order::default()),
        Facts::Ticket(_) => Facts::Ticket(Ticket::default()),
        Facts::Session(_) => Facts::Session(Session::default()),
        Facts::Delivery(_) => Facts::Delivery(Delivery::default()),
        Facts::Identity(identity) => Facts::Identity(Identity {
            customer_id: String::new(),
            ..identity
        }),
    }
}

/// The change as an event.
fn payload(change: &Change) -> String {
    let mut data = match &change.facts {
        Facts::Customer(c) => json!({
            "customer_id": change.id, "segment": c.segment, "persona": c.persona, "tier": c.tier,
            "plan": c.plan, "country": c.country, "merged_into": c.merged_into,
            "clv": {"amount": decimal(c.clv), "currency": c.clv_currency},
        }),
        Facts::Order(o) => json!({
            "order_id": change.id, "customer_id": o.customer_id, "status": o.status,
            "created_at": o.created_at,
            "total": decimal(o.total), "currency": o.currency,
        }),
        Facts::Ticket(t) => json!({
            "ticket_id": change.id, "customer_id": t.customer_id, "status": t.status,
            "reopens": t.reopens,
        }),
        Facts::Session(s) => json!({
            "session_id": change.id, "customer_id": s.customer_id, "started_at": s.started_at,
            "checkout_at": s.checkout_at, "order_id": s.order_id,
        }),
        Facts::Delivery(d) => json!({
            "shipment_id": change.id, "order_id": d.order_id, "status": d.status,
            "promised_at": d.promised_at, "delivered_at": d.delivered_at,
        }),
        Facts::Identity(i) => json!({
            "identity_type": i.kind, "identity_value": change.id, "customer_id": i.customer_id,
        }),
    };
    // What is not told is left out.
    if let Value::Object(fields) = &mut data {
        fields.retain(|_, value| !value.is_null() && value != "" && value["amount"] != "");
    }
    json!({
        "specversion": "1.0",
        "id": format!("change-{}", change.version),
        "source": "/erp",
        "type": format!("cx.odata.{}.v1", change.entity()),
        "tenant_id": change.tenant,
        "time": jiff::Timestamp::from_millisecond(change.valid_from).unwrap().to_string(),
        "version": change.version,
        "deleted": change.deleted,
        "data": data,
    })
    .to_string()
}

/// An amount as text.
fn decimal(amount: Option<i64>) -> String {
    amount.map_or_else(String::new, |amount| {
        let sign = if amount < 0 { "-" } else { "" };
        let amount = amount.unsigned_abs();
        format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000)
    })
}

/// Sends the changes on a thread of its own: at its pace, and the rest at once when told to finish.
pub struct Sender {
    thread: Option<JoinHandle<Result<()>>>,
    hurry: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
}

impl Sender {
    /// Begins.
    pub fn start(mut client: ClientConfig, operations: Operations) -> Result<Self> {
        let producer: BaseProducer = client
            .set("enable.idempotence", "true")
            // Until the broker is back.
            .set("message.timeout.ms", "0")
            .set("reconnect.backoff.max.ms", "500")
            .create()?;
        let hurry = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicU32::new(0));
        let (told, count) = (hurry.clone(), sent.clone());
        let thread = std::thread::Builder::new()
            .name("changes".into())
            .spawn(move || send(&producer, operations, &told, &count))?;
        Ok(Self {
            thread: Some(thread),
            hurry,
            sent,
        })
    }

    /// Changes sent.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends the rest, and waits until Kafka has it all.
    pub fn finish(mut self) -> Result<()> {
        self.hurry.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => bail!("the sender of changes panicked"),
        }
    }
}

fn send(
    producer: &BaseProducer,
    operations: Operations,
    hurry: &AtomicBool,
    sent: &AtomicU32,
) -> Result<()> {
    for index in 0..operations.count {
        if index % (PACE / 20) == 0 && !hurry.load(Ordering::Relaxed) {
            producer.poll(Duration::ZERO);
            std::thread::sleep(Duration::from_millis(50));
        }
        let number = index ^ (BLOCK - 1);
        let change = operations.change(number);
        let (topic, payload) = (topic(change.entity()), payload(&change));
        let key = format!("{}:{}", change.tenant, change.id);
        let partition = xxhash_rust::xxh3::xxh3_64(key.as_bytes()) % PARTITIONS as u64;
        let put = |payload: &str| -> Result<()> {
            let record = || {
                let record = BaseRecord::to(&topic).key(&key).payload(payload);
                record.partition(partition as i32)
            };
            while let Err((error, _)) = producer.send(record()) {
                match error {
                    KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => {
                        producer.poll(Duration::from_millis(100));
                    }
                    error => return Err(error.into()),
                }
            }
            Ok(())
        };
        put(&payload)?;
        if index % TWICE == 0 {
            put(&payload)?;
        }
        if index % BROKEN == 0 {
            put(&payload[..payload.len() / 2])?;
        }
        sent.store(index + 1, Ordering::Relaxed);
    }
    producer.flush(Duration::from_secs(120))?;
    Ok(())
}
