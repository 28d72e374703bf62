//! A random story: what is true since when, and what is said of it.

use std::collections::BTreeMap;

use fastrand::Rng;
use sada::feedback::{Body, Context, Customer as Speaker, Feedback, Millis, References, Review};
use sada::odata::{Change, Customer, Delivery, Entity, Facts, Identity, Order, Session, Ticket};

use super::oracle::oracle;
use super::stored::Seen;
use super::{Arrival, BEGIN, HOUR, Said, Told};

pub struct Story {
    pub rng: Rng,
    pub tenant: String,
    /// Next offset of each topic.
    pub next: BTreeMap<&'static str, i64>,
    pub changes: Vec<Told>,
    pub said: Vec<Said>,
}

impl Story {
    pub fn new(seed: u64, tenant: &str, first_offset: i64) -> Self {
        let mut story = Self {
            rng: Rng::with_seed(seed),
            tenant: tenant.to_owned(),
            next: BTreeMap::new(),
            changes: Vec::new(),
            said: Vec::new(),
        };
        for entity in Entity::ALL {
            story.next.insert(entity.name(), first_offset);
        }
        story.next.insert("feedback", first_offset);
        let (changes, items) = (story.rng.usize(40..90), story.rng.usize(15..35));
        for _ in 0..changes {
            let told = story.change();
            story.changes.push(told);
        }
        for number in 0..items {
            story.item(number);
        }
        story
    }

    pub fn offset(&mut self, topic: &'static str) -> i64 {
        let next = self.next.get_mut(topic).unwrap();
        *next += 1;
        *next - 1
    }

    pub fn moment(&mut self) -> Millis {
        BEGIN + HOUR * self.rng.i64(0..30)
    }

    pub fn maybe_moment(&mut self) -> Option<Millis> {
        (self.rng.u8(..3) > 0).then(|| self.moment() + self.rng.i64(-24..72) * HOUR)
    }

    pub fn id(&mut self, letter: &str, of: u32) -> String {
        format!("{letter}{}", self.rng.u32(..of))
    }

    pub fn maybe(&mut self, letter: &str, of: u32, one_in: u8) -> String {
        match self.rng.u8(..one_in) {
            0 => self.id(letter, of),
            _ => String::new(),
        }
    }

    /// A change of any entity. `segment`, `status` and the like name the moment since when they are
    /// so, which shows a version from the future.
    pub fn change(&mut self) -> Told {
        let valid_from = self.moment();
        let entity = [
            Entity::Customer,
            Entity::Customer,
            Entity::Customer,
            Entity::Order,
            Entity::Order,
            Entity::Ticket,
            Entity::Session,
            Entity::Delivery,
            Entity::Delivery,
            Entity::Identity,
        ][self.rng.usize(..10)];
        let offset = self.offset(entity.name());
        let since = valid_from.to_string();
        let mark = format!("{since}/{offset}");
        let amount = (self.rng.u8(..3) > 0).then(|| self.rng.i64(-5_000..9_000_000));
        let (id, facts) = match entity {
            Entity::Customer => (
                self.id("c", 5),
                Facts::Customer(Customer {
                    segment: since,
                    persona: mark,
                    tier: self.id("tier", 2),
                    plan: self.id("plan", 2),
                    country: "IR".into(),
                    clv: amount,
                    clv_currency: "IRR".into(),
                    merged_into: self.maybe("c", 5, 3),
                    ..Customer::default()
                }),
            ),
            Entity::Order => (
                self.id("o", 4),
                Facts::Order(Order {
                    customer_id: self.maybe("c", 5, 2),
                    status: since,
                    created_at: self.maybe_moment(),
                    total: amount,
                    currency: mark,
                    ..Order::default()
                }),
            ),
            Entity::Ticket => (
                self.id("t", 2),
                Facts::Ticket(Ticket {
                    customer_id: self.maybe("c", 5, 2),
                    status: since,
                    reopens: (self.rng.bool()).then(|| self.rng.u32(..4)),
                    ..Ticket::default()
                }),
            ),
            Entity::Session => (
                self.id("s", 2),
                Facts::Session(Session {
                    customer_id: self.maybe("c", 5, 2),
                    cart_at: self.maybe_moment(),
                    checkout_at: self.maybe_moment(),
                    order_id: self.maybe("o", 4, 3),
                    ..Session::default()
                }),
            ),
            Entity::Delivery => (
                self.id("p", 4),
                Facts::Delivery(Delivery {
                    order_id: self.maybe("o", 4, 1),
                    status: since,
                    promised_at: self.maybe_moment(),
                    delivered_at: self.maybe_moment(),
                    ..Delivery::default()
                }),
            ),
            Entity::Identity => (
                self.id("d", 3),
                Facts::Identity(Identity {
                    kind: ["device_id", "email_hash"][self.rng.usize(..2)].into(),
                    customer_id: self.maybe("c", 5, 1),
                }),
            ),
        };
        let change = Change {
            tenant: self.tenant.clone(),
            id,
            valid_from,
            version: self.rng.u64(..3),
            deleted: self.rng.u8(..7) == 0,
            facts,
        };
        Told { offset, change }
    }

    pub fn item(&mut self, number: usize) {
        let created_at = self.moment();
        for version in 0..=u64::from(self.rng.u8(..4) == 0) {
            let identities = (0..self.rng.usize(..3))
                .map(|_| {
                    let kind = ["device_id", "email_hash"][self.rng.usize(..2)];
                    (kind.to_owned(), self.id("d", 3))
                })
                .collect();
            let trigger = ["order", "ticket", "delivery", "conversation"][self.rng.usize(..4)];
            let trigger = match trigger {
                "order" => (trigger.to_owned(), self.id("o", 4)),
                "ticket" => (trigger.to_owned(), self.id("t", 2)),
                _ => (trigger.to_owned(), self.id("p", 4)),
            };
            let said = Said {
                offset: self.offset("feedback"),
                feedback: Feedback {
                    tenant: self.tenant.clone(),
                    source: "shop".into(),
                    id: format!("r{number}"),
                    version,
                    deleted: false,
                    created_at,
                    channel: String::new(),
                    customer: Speaker {
                        id: self.maybe("c", 5, 3),
                        identities,
                        consent_analytics: None,
                    },
                    context: Context::default(),
                    references: References {
                        order_id: self.maybe("o", 4, 2),
                        ticket_id: self.maybe("t", 2, 3),
                        session_id: self.maybe("s", 2, 2),
                        trigger: (self.rng.bool()).then_some(trigger),
                        ..References::default()
                    },
                    extra: Vec::new(),
                    body: Body::Review(Review::default()),
                    unknown_fields: 0,
                    truncated: false,
                },
            };
            self.said.push(said);
        }
    }

    /// Everything, in batches as Kafka could give them, in some order.
    pub fn arrivals(&self, rng: &mut Rng) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for entity in Entity::ALL {
            let of = |t: &&Told| t.change.entity() == entity;
            let mut of_topic: Vec<Told> = self.changes.iter().filter(of).cloned().collect();
            while !of_topic.is_empty() {
                let size = rng.usize(1..=of_topic.len().min(8));
                let rest = of_topic.split_off(size);
                arrivals.push(Arrival::Changes(std::mem::replace(&mut of_topic, rest)));
            }
        }
        let mut said = self.said.clone();
        while !said.is_empty() {
            let size = rng.usize(1..=said.len().min(8));
            let rest = said.split_off(size);
            arrivals.push(Arrival::Feedback(std::mem::replace(&mut said, rest)));
        }
        rng.shuffle(&mut arrivals);
        arrivals
    }

    /// The newest version of each item, joined by the oracle.
    pub fn expected(&self) -> BTreeMap<String, Seen> {
        let mut newest: BTreeMap<&str, &Said> = BTreeMap::new();
        for said in &self.said {
            let known = newest.entry(&said.feedback.id).or_insert(said);
            let rank = |s: &Said| (s.feedback.version, s.offset);
            if rank(known) < rank(said) {
                *known = said;
            }
        }
        newest
            .values()
            .map(|said| {
                let id = said.feedback.id.clone();
                (id, Seen::of(&oracle(&said.feedback, &self.changes)))
            })
            .collect()
    }
}
