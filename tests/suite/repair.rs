//! Repair of the join against the real engine: random times, arrival orders, corrections, deletions,
//! merges, identities linked late; held against an oracle that sees everything sorted.

use std::collections::BTreeMap;
use std::sync::Arc;

use clickhouse::Row;
use fastrand::Rng;
use sada::batch::{Computed, EnrichedBatch, Offsets, Outcome, OutcomeKind, Partition, RawBatch};
use sada::config::Config;
use sada::enrich::{Enriched, Language, Sentiment, Tags, Versions};
use sada::feedback::{Body, Context, Customer as Speaker, Feedback, Millis, References, Review};
use sada::odata::join::join;
use sada::odata::{
    AsOf, Change, Customer, Delivery, Entity, Facts, Found, Identity, Joined, Keys, Order, Rank,
    Session, Ticket,
};
use sada::pipeline::Sink;
use sada::warehouse::migrations;
use sada::warehouse::repair::{Pass, Repair, SLICE_ITEMS, Window};
use sada::warehouse::retagging::{Retagged, Retagging, Scope, Slice};
use sada::warehouse::{self, Evidence, FeedbackSink};
use serde::Deserialize;

use crate::support::engine;

#[path = "repair/cases.rs"]
mod cases;

/// 2026-01-15T10:00:00Z.
const BEGIN: Millis = 1_768_471_200_000;
const HOUR: Millis = 3_600_000;

/// A version of an entity, and where its record lay.
#[derive(Debug, Clone)]
struct Told {
    offset: i64,
    change: Change,
}

/// A version of an item, and where its record lay.
#[derive(Debug, Clone)]
struct Said {
    offset: i64,
    feedback: Feedback,
}

/// What arrives in one batch.
#[derive(Debug, Clone)]
enum Arrival {
    Changes(Vec<Told>),
    Feedback(Vec<Said>),
}

// --- the oracle: the story from its begin up to the moment ----------------------------------------

/// What is true at a moment, told from the beginning: every change in the order of its time, of equal
/// ones in the order of version and offset, replaces what was true of its entity.
fn oracle(feedback: &Feedback, all: &[Told]) -> Joined {
    let (at, tenant) = (feedback.created_at, &feedback.tenant);
    let mut story: Vec<&Told> = all.iter().filter(|t| t.change.tenant == *tenant).collect();
    story.sort_by_key(|t| (t.change.valid_from, t.change.version, t.offset));
    // What was overruled by another record of the same moment was never true.
    let mut true_ones: Vec<&Change> = Vec::new();
    for told in story {
        let key = |c: &Change| (name(c), c.valid_from);
        true_ones.retain(|known| key(known) != key(&told.change));
        true_ones.push(&told.change);
    }
    let mut now: BTreeMap<(Entity, String), &Change> = BTreeMap::new();
    for change in true_ones.iter().filter(|c| c.valid_from <= at) {
        now.insert(name(change), change);
    }
    let state = |entity: Entity, id: &str| {
        let found = now.get(&(entity, id.to_owned()))?;
        (!found.deleted).then_some(&found.facts)
    };

    let mut joined = Joined::default();
    let said = &feedback.references;
    let trigger = |kind: &str| match &said.trigger {
        Some((of, id)) if of == kind => id.clone(),
        _ => String::new(),
    };
    let first_of = |a: &String, b: String| if a.is_empty() { b } else { a.clone() };
    let order_id = first_of(&said.order_id, trigger("order"));
    let ticket_id = first_of(&said.ticket_id, trigger("ticket"));
    let status = |id: &str, found: bool| match (id.is_empty(), found) {
        (true, _) => sada::odata::Status::None,
        (false, true) => sada::odata::Status::Hit,
        (false, false) => sada::odata::Status::Miss,
    };
    let mut owner = String::new();
    let order = state(Entity::Order, &order_id);
    joined.order = status(&order_id, order.is_some());
    if let Some(Facts::Order(order)) = order {
        owner = first_of(&owner, order.customer_id.clone());
        joined.order_status = order.status.clone();
        joined.order_total = order.total;
        joined.order_currency = order.currency.clone();
    }
    let ticket = state(Entity::Ticket, &ticket_id);
    joined.ticket = status(&ticket_id, ticket.is_some());
    if let Some(Facts::Ticket(ticket)) = ticket {
        owner = first_of(&owner, ticket.customer_id.clone());
        joined.ticket_status = ticket.status.clone();
        joined.ticket_reopens = ticket.reopens;
    }
    let session = state(Entity::Session, &said.session_id);
    joined.session = status(&said.session_id, session.is_some());
    if let Some(Facts::Session(session)) = session {
        owner = first_of(&owner, session.customer_id.clone());
        let began = session.checkout_at.or(session.cart_at);
        let placed = match state(Entity::Order, &session.order_id) {
            Some(Facts::Order(order)) => order.created_at,
            _ => None,
        };
        joined.checkout_abandoned = match (began, session.order_id.as_str(), placed) {
            (None, _, _) => None,
            (Some(began), "", _) => (at >= began + HOUR).then_some(true),
            (Some(began), _, Some(placed)) => Some(placed > began + HOUR),
            (Some(_), _, None) => Some(false),
        };
    }
    let shipment = trigger("delivery");
    let mut deliveries: Vec<(Millis, &String, &Delivery)> = Vec::new();
    for change in now.values().filter(|c| !c.deleted) {
        if let Facts::Delivery(delivery) = &change.facts {
            let is_it = match shipment.as_str() {
                "" => !order_id.is_empty() && delivery.order_id == order_id,
                named => change.id == named,
            };
            if is_it {
                deliveries.push((change.valid_from, &change.id, delivery));
            }
        }
    }
    deliveries.sort_by_key(|d| (d.0, d.1));
    let named = first_of(&shipment, order_id.clone());
    joined.delivery = status(&named, !deliveries.is_empty());
    if let Some((_, _, delivery)) = deliveries.last() {
        let day = |t: Millis| t.div_euclid(24 * HOUR);
        joined.delivery_status = delivery.status.clone();
        joined.days_late = match (delivery.promised_at, delivery.delivered_at) {
            (Some(promised), Some(delivered)) => Some((day(delivered) - day(promised)) as i32),
            (Some(promised), None) if at > promised => Some((day(at) - day(promised)) as i32),
            _ => None,
        };
    }

    // Who it is.
    let speaker = &feedback.customer;
    let mut id = speaker.id.clone();
    if id.is_empty() {
        for (kind, value) in &speaker.identities {
            let key = (Entity::Identity, format!("{kind}={value}"));
            let owner = match now.get(&key) {
                Some(known) => (!known.deleted).then_some(&known.facts),
                // Linked later: to whom first.
                None => {
                    let later = true_ones.iter().filter(|c| name(c) == key && !c.deleted);
                    later.min_by_key(|c| c.valid_from).map(|c| &c.facts)
                }
            };
            if let Some(Facts::Identity(Identity { customer_id, .. })) = owner {
                id = first_of(&id, customer_id.clone());
            }
        }
        id = first_of(&id, owner);
    }
    if id.is_empty() {
        if !speaker.identities.is_empty() {
            joined.customer = sada::odata::Status::Miss;
        }
        return joined;
    }
    loop {
        let Some(Facts::Customer(found)) = state(Entity::Customer, &id) else {
            joined.customer = sada::odata::Status::Miss;
            break;
        };
        if found.merged_into.is_empty() || joined.merged.len() == 4 {
            joined.customer = sada::odata::Status::Hit;
            joined.segment = found.segment.clone();
            joined.persona = found.persona.clone();
            joined.tier = found.tier.clone();
            joined.plan = found.plan.clone();
            joined.country = found.country.clone();
            joined.clv = found.clv;
            joined.clv_currency = found.clv_currency.clone();
            break;
        }
        joined.merged.push(id);
        id = found.merged_into.clone();
    }
    joined.customer_id = id;
    joined
}

/// Which entity a change is of.
fn name(change: &Change) -> (Entity, String) {
    match &change.facts {
        Facts::Identity(identity) => (Entity::Identity, format!("{}={}", identity.kind, change.id)),
        facts => {
            let _ = facts;
            (change.entity(), change.id.clone())
        }
    }
}

// --- what an instance knows when a row comes in ---------------------------------------------------

/// Entity, tenant and id.
type Of = (Entity, String, String);

/// Versions that have arrived, as an index would hold them.
#[derive(Default)]
struct Arrived(BTreeMap<Of, BTreeMap<Millis, (Rank, Change)>>);

impl Arrived {
    fn learn(&mut self, told: &Told) {
        let (entity, id) = name(&told.change);
        let of_entity = self
            .0
            .entry((entity, told.change.tenant.clone(), id))
            .or_default();
        let rank = Rank {
            version: told.change.version,
            offset: told.offset,
        };
        let known = of_entity.get(&told.change.valid_from);
        if known.is_none_or(|(known, _)| *known < rank) {
            of_entity.insert(told.change.valid_from, (rank, told.change.clone()));
        }
    }

    fn as_of(&self, entity: Entity, tenant: &str, id: &str, at: Millis) -> Option<&Change> {
        let versions = self.0.get(&(entity, tenant.to_owned(), id.to_owned()))?;
        versions.range(..=at).next_back().map(|(_, (_, c))| c)
    }
}

fn found<T>(change: Option<&Change>, of: impl Fn(&Facts) -> Option<T>) -> Found<T> {
    match change.filter(|c| !c.deleted).and_then(|c| of(&c.facts)) {
        Some(facts) => Found::Hit(facts),
        None => Found::Miss,
    }
}

impl AsOf for Arrived {
    fn customer(&self, tenant: &str, id: &str, at: Millis) -> Found<Customer> {
        found(self.as_of(Entity::Customer, tenant, id, at), |f| match f {
            Facts::Customer(c) => Some(c.clone()),
            _ => None,
        })
    }

    fn order(&self, tenant: &str, id: &str, at: Millis) -> Found<Order> {
        found(self.as_of(Entity::Order, tenant, id, at), |f| match f {
            Facts::Order(o) => Some(o.clone()),
            _ => None,
        })
    }

    fn ticket(&self, tenant: &str, id: &str, at: Millis) -> Found<Ticket> {
        found(self.as_of(Entity::Ticket, tenant, id, at), |f| match f {
            Facts::Ticket(t) => Some(t.clone()),
            _ => None,
        })
    }

    fn session(&self, tenant: &str, id: &str, at: Millis) -> Found<Session> {
        found(self.as_of(Entity::Session, tenant, id, at), |f| match f {
            Facts::Session(s) => Some(s.clone()),
            _ => None,
        })
    }

    fn delivery(&self, tenant: &str, id: &str, at: Millis) -> Found<Delivery> {
        found(self.as_of(Entity::Delivery, tenant, id, at), |f| match f {
            Facts::Delivery(d) => Some(d.clone()),
            _ => None,
        })
    }

    fn delivery_of(&self, tenant: &str, order_id: &str, at: Millis) -> Found<Delivery> {
        let mut newest: Option<(Millis, &str, &Delivery)> = None;
        for ((entity, of, id), versions) in &self.0 {
            let Some((from, (_, change))) = versions.range(..=at).next_back() else {
                continue;
            };
            if let Facts::Delivery(delivery) = &change.facts
                && (*entity, of.as_str()) == (Entity::Delivery, tenant)
                && !change.deleted
                && delivery.order_id == order_id
                && newest.is_none_or(|n| (n.0, n.1) < (*from, id.as_str()))
            {
                newest = Some((*from, id, delivery));
            }
        }
        newest.map_or(Found::Miss, |(_, _, delivery)| Found::Hit(delivery.clone()))
    }

    fn identity(&self, tenant: &str, kind: &str, value: &str, at: Millis) -> Found<Identity> {
        let of = |f: &Facts| match f {
            Facts::Identity(i) => Some(i.clone()),
            _ => None,
        };
        let id = format!("{kind}={value}");
        if let Some(then) = self.as_of(Entity::Identity, tenant, &id, at) {
            return found(Some(then), of);
        }
        let versions = self.0.get(&(Entity::Identity, tenant.to_owned(), id));
        let later = versions.and_then(|v| v.values().map(|(_, c)| c).find(|c| !c.deleted));
        found(later, of)
    }
}

// --- a random story -------------------------------------------------------------------------------

struct Story {
    rng: Rng,
    tenant: String,
    /// Next offset of each topic.
    next: BTreeMap<&'static str, i64>,
    changes: Vec<Told>,
    said: Vec<Said>,
}

impl Story {
    fn new(seed: u64, tenant: &str, first_offset: i64) -> Self {
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

    fn offset(&mut self, topic: &'static str) -> i64 {
        let next = self.next.get_mut(topic).unwrap();
        *next += 1;
        *next - 1
    }

    fn moment(&mut self) -> Millis {
        BEGIN + HOUR * self.rng.i64(0..30)
    }

    fn maybe_moment(&mut self) -> Option<Millis> {
        (self.rng.u8(..3) > 0).then(|| self.moment() + self.rng.i64(-24..72) * HOUR)
    }

    fn id(&mut self, letter: &str, of: u32) -> String {
        format!("{letter}{}", self.rng.u32(..of))
    }

    fn maybe(&mut self, letter: &str, of: u32, one_in: u8) -> String {
        match self.rng.u8(..one_in) {
            0 => self.id(letter, of),
            _ => String::new(),
        }
    }

    /// A change of any entity. `segment`, `status` and the like name the moment since when they are
    /// so, which shows a version from the future.
    fn change(&mut self) -> Told {
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

    fn item(&mut self, number: usize) {
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
    fn arrivals(&self, rng: &mut Rng) -> Vec<Arrival> {
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
    fn expected(&self) -> BTreeMap<String, Seen> {
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

// --- the warehouse --------------------------------------------------------------------------------

/// Joined columns of a row.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
struct Seen {
    joined_customer_id: String,
    merged_customers: Vec<String>,
    customer_join: String,
    order_join: String,
    ticket_join: String,
    session_join: String,
    delivery_join: String,
    segment: String,
    persona: String,
    tier: String,
    plan: String,
    customer_country: String,
    clv: Option<i64>,
    clv_currency: String,
    order_status: String,
    order_total: Option<i64>,
    order_currency: String,
    days_late: Option<i32>,
    delivery_status: String,
    ticket_status: String,
    ticket_reopens: Option<u32>,
    checkout_abandoned: Option<bool>,
}

const SEEN: &str = "joined_customer_id, merged_customers, customer_join, order_join, ticket_join, \
    session_join, delivery_join, segment, persona, tier, plan, customer_country, clv, clv_currency, \
    order_status, order_total, order_currency, days_late, delivery_status, ticket_status, \
    ticket_reopens, checkout_abandoned";

impl Seen {
    fn of(joined: &Joined) -> Self {
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

struct Warehouse {
    config: Config,
    client: clickhouse::Client,
    rows: FeedbackSink,
    evidence: Evidence,
}

impl Warehouse {
    async fn new(database: &str) -> Self {
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

    async fn write(&self, topic: &str, outcomes: Vec<Outcome>) {
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

    async fn arrive(&self, arrival: &Arrival, known: &Arrived, rng: &mut Rng) {
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

    async fn look(&self, slice: u64) -> u64 {
        let repair = Repair::new(&self.config, slice).unwrap();
        let until = repair.now().await.unwrap() + 1;
        let from = repair.looked_until().await.unwrap().unwrap_or(0);
        let from = repair.overlapping(from);
        let mut told = |_: Window, _: &_| {};
        let done = repair.look("run", from, until, false, &mut told);
        done.await.unwrap().rows
    }

    async fn seen(&self, tenant: &str) -> BTreeMap<String, Seen> {
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

    async fn count(&self, sql: &str) -> u64 {
        self.client.query(sql).fetch_one().await.unwrap()
    }

    /// Rows, whatever they are superseded by, that say what was true only later.
    async fn with_a_future(&self) -> u64 {
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

    async fn checksum(&self) -> u64 {
        self.count(
            "SELECT groupBitXor(cityHash64(tenant, kind, source, feedback_id, version, o_version)) \
             FROM feedback FINAL",
        )
        .await
    }
}

fn enriched(feedback: Feedback, joined: Joined) -> Enriched {
    Enriched {
        tags: Tags {
            text: format!("version {}", feedback.version),
            language: Language::unknown(),
            languages: Vec::new(),
            sentiment: Sentiment::UNKNOWN,
            topics: Vec::new(),
            flags: Vec::new(),
        },
        feedback,
        parts: Vec::new(),
        redactions: 0,
        versions: Arc::new(Versions {
            models: "0".into(),
            taxonomy: "t".into(),
        }),
        joined,
    }
}

/// How many stories are told: each look goes over all that was written a little while ago, so a long
/// run takes its time. `SADA_REPAIR_STORIES` tells more.
fn number_of_stories() -> u64 {
    let told = std::env::var("SADA_REPAIR_STORIES").ok();
    told.map_or(2, |number| number.parse().unwrap())
}

#[tokio::test]
async fn after_repair_rows_are_what_one_who_saw_everything_would_say() {
    let warehouse = Warehouse::new("repair_stories").await;
    let mut stories = Vec::new();
    for seed in 0..number_of_stories() {
        let tenant = format!("story{seed}");
        let story = Story::new(seed, &tenant, 1_000 * seed as i64);
        let mut rng = Rng::with_seed(1_000 + seed);
        let mut known = Arrived::default();
        let mut lagging: Vec<Told> = Vec::new();
        for arrival in story.arrivals(&mut rng) {
            warehouse.arrive(&arrival, &known, &mut rng).await;
            if let Arrival::Changes(changes) = &arrival {
                lagging.extend(changes.iter().cloned());
            }
            // The index of the instance is behind at times.
            if rng.u8(..3) > 0 {
                lagging.drain(..).for_each(|told| known.learn(&told));
            }
            if rng.u8(..8) == 0 {
                warehouse.look(rng.u64(1..6)).await;
                assert_eq!(warehouse.with_a_future().await, 0, "story {seed}");
            }
        }
        assert_eq!(warehouse.with_a_future().await, 0, "story {seed}");
        warehouse.look(rng.u64(1..20)).await;
        let (seen, expected) = (warehouse.seen(&tenant).await, story.expected());
        for (id, expected) in &expected {
            assert_eq!(seen.get(id), Some(expected), "item {id} of story {seed}");
        }
        assert_eq!(seen.len(), expected.len());
        assert_eq!(
            warehouse.look(1_000).await,
            0,
            "looking twice changes nothing"
        );
        stories.push(story);
    }
    assert_eq!(warehouse.with_a_future().await, 0);
    let repaired = warehouse.count("SELECT sum(rows) FROM repairs").await;
    assert!(
        repaired > 10 * stories.len() as u64,
        "{repaired} rows: hardly a test"
    );

    // The same records, all of them in another order, into an empty database.
    let again = Warehouse::new("repair_stories_again").await;
    let mut rng = Rng::with_seed(7);
    let mut arrivals: Vec<Arrival> = Vec::new();
    stories
        .iter()
        .for_each(|story| arrivals.extend(story.arrivals(&mut rng)));
    rng.shuffle(&mut arrivals);
    let mut known = Arrived::default();
    for arrival in &arrivals {
        again.arrive(arrival, &known, &mut rng).await;
        if let Arrival::Changes(changes) = arrival {
            changes.iter().for_each(|told| known.learn(told));
        }
    }
    again.look(100).await;
    assert_eq!(again.with_a_future().await, 0);
    assert_eq!(again.checksum().await, warehouse.checksum().await);
}

// --- who wins -------------------------------------------------------------------------------------

/// A job of retag that has read the row, and its number.
struct Job {
    retagging: Retagging,
    slice: Slice,
    number: u64,
}

/// One item on which a live stream, jobs of retag and repairs work at a time.
struct Contest<'a> {
    warehouse: &'a Warehouse,
    story: Story,
    rng: Rng,
    known: Arrived,
    told: usize,
    versions: Vec<Said>,
    /// Which job wrote the tags of which record, by version and offset.
    tagged: BTreeMap<(u64, i64), u64>,
    jobs: Vec<Job>,
    passes: Vec<Pass<'a>>,
    clock: u64,
}

impl<'a> Contest<'a> {
    async fn step(&mut self, repair: &'a Repair) {
        match self.rng.u8(..12) {
            0..3 => self.change().await,
            3..5 => self.say().await,
            5..7 => self.start_retag().await,
            7..9 => self.write_retag().await,
            9..11 => {
                let window = Window {
                    from: 0,
                    until: 4_000_000_000_000,
                    rows: 1,
                };
                let mut pass = repair.pass(window).await.unwrap();
                let found = pass.next(true).await.unwrap();
                if found.is_some_and(|found| found.rows > 0) {
                    self.passes.push(pass);
                }
            }
            _ => {
                if !self.passes.is_empty() {
                    let pass = self.passes.swap_remove(self.rng.usize(..self.passes.len()));
                    pass.write().await.unwrap();
                }
            }
        }
    }

    async fn change(&mut self) {
        let Some(told) = self.story.changes.get(self.told).cloned() else {
            return;
        };
        self.told += 1;
        // Half of the changes are not known to the index in time.
        if self.rng.bool() {
            self.known.learn(&told);
        }
        let arrival = Arrival::Changes(vec![told]);
        self.warehouse
            .arrive(&arrival, &self.known, &mut self.rng)
            .await;
    }

    async fn say(&mut self) {
        let Some(mut said) = self.story.said.pop() else {
            return;
        };
        // All of them are versions of one item.
        said.feedback.id = "r".into();
        said.feedback.created_at = BEGIN + 15 * HOUR;
        said.feedback.version = self.rng.u64(..4);
        self.versions.push(said.clone());
        let rank = (said.feedback.version, said.offset);
        self.tagged.insert(rank, 0);
        let arrival = Arrival::Feedback(vec![said]);
        self.warehouse
            .arrive(&arrival, &self.known, &mut self.rng)
            .await;
    }

    fn newest(&self) -> Option<&Said> {
        let rank = |s: &&Said| (s.feedback.version, s.offset);
        self.versions.iter().max_by_key(rank)
    }

    async fn start_retag(&mut self) {
        self.clock += 1_000;
        let scope = Scope {
            from: "2026-01-01".into(),
            to: "2026-12-31".into(),
            tenant: Some(self.story.tenant.clone()),
            ..Scope::default()
        };
        let versions = Versions {
            models: self.clock.to_string(),
            taxonomy: "t".into(),
        };
        let config = &self.warehouse.config;
        let retagging = Retagging::new(config, scope, versions, self.clock).unwrap();
        if let Some(slice) = retagging.next(None, 100).await.unwrap() {
            self.jobs.push(Job {
                retagging,
                slice,
                number: self.clock,
            });
        }
    }

    async fn write_retag(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let job = self.jobs.swap_remove(self.rng.usize(..self.jobs.len()));
        let Some(row) = job.slice.rows.first() else {
            return;
        };
        let tags = enriched(self.versions[0].feedback.clone(), Joined::default()).tags;
        let retagged = [Retagged::new(row, &tags, &[])];
        let written = job.retagging.write(&job.slice.range, &retagged).await;
        if written.unwrap() == 1 {
            let newest = self.newest().unwrap();
            let rank = (newest.feedback.version, newest.offset);
            self.tagged.insert(rank, job.number);
        }
    }
}

#[tokio::test]
async fn repair_a_live_update_and_retag_never_lose_each_others_part() {
    let warehouse = Warehouse::new("repair_contest").await;
    let repair = Repair::new(&warehouse.config, SLICE_ITEMS).unwrap();
    let mut contests = 0;
    for seed in 0..number_of_stories() {
        let tenant = format!("contest{seed}");
        let mut contest = Contest {
            warehouse: &warehouse,
            story: Story::new(seed, &tenant, 1_000 * seed as i64),
            rng: Rng::with_seed(500 + seed),
            known: Arrived::default(),
            told: 0,
            versions: Vec::new(),
            tagged: BTreeMap::new(),
            jobs: Vec::new(),
            passes: Vec::new(),
            clock: 0,
        };
        for _ in 0..60 {
            contest.step(&repair).await;
        }
        // What had read the row before, and writes only now, is found by the next look.
        for pass in contest.passes.drain(..) {
            pass.write().await.unwrap();
        }
        warehouse.look(100).await;
        assert_eq!(warehouse.look(100).await, 0, "contest {seed}");

        let Some(newest) = contest.newest() else {
            continue;
        };
        contests += 1;
        let sql = format!(
            "SELECT version, _offset, text, model_version FROM feedback FINAL WHERE tenant = '{tenant}'"
        );
        let row = warehouse.client.query(&sql).fetch_one();
        let (version, offset, text, models): (u64, u64, String, String) = row.await.unwrap();
        let rank = (newest.feedback.version, newest.offset);
        assert_eq!(
            (version, offset as i64),
            rank,
            "contest {seed}: newest version"
        );
        assert_eq!(text, format!("version {version}"), "contest {seed}");
        assert_eq!(
            models,
            contest.tagged[&rank].to_string(),
            "contest {seed}: tags"
        );
        let told = &contest.story.changes[..contest.told];
        let expected = Seen::of(&oracle(&newest.feedback, told));
        assert_eq!(
            warehouse.seen(&tenant).await["r"],
            expected,
            "contest {seed}"
        );
    }
    assert!(2 * contests >= number_of_stories());
}
