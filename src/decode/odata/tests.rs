//! Every format, its encodings, and each kind of bad record.

use std::collections::BTreeMap;

use super::*;
use crate::odata::{Customer, Delivery, Identity, Order, Session, Ticket};

mod cloudevents;
mod debezium;
mod faults;
mod fields;
mod rudderstack;
mod upserts;

const KAFKA_TIME: Millis = 1_777_680_000_000;
/// 2026-05-01T12:30:00Z
const MOMENT: Millis = 1_777_638_600_000;
/// 2026-05-01
const MIDNIGHT: Millis = 1_777_593_600_000;

/// Names of a feed, owned.
#[derive(Default, Clone)]
struct Feed {
    tenant: &'static str,
    id: &'static str,
    valid_from: &'static str,
    version: &'static str,
    fields: BTreeMap<String, String>,
    values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Feed {
    fn id(id: &'static str) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    fn field(mut self, ours: &str, theirs: &str) -> Self {
        self.fields.insert(ours.into(), theirs.into());
        self
    }

    fn value(mut self, field: &str, theirs: &str, ours: &str) -> Self {
        let values = self.values.entry(field.into()).or_default();
        values.insert(theirs.into(), ours.into());
        self
    }

    fn mapping(&self, entity: Entity, format: Format) -> Mapping {
        let names = Names {
            tenant: self.tenant,
            id: self.id,
            valid_from: self.valid_from,
            version: self.version,
            fields: &self.fields,
            values: &self.values,
        };
        Mapping::new(entity, format, &names).unwrap()
    }
}

struct Sent<'a> {
    key: &'a str,
    payload: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

fn sent(payload: &str) -> Sent<'_> {
    Sent {
        key: "",
        payload,
        headers: &[],
    }
}

fn read(mapping: &Mapping, sent: &Sent<'_>) -> Result<Option<Change>, (Reason, String)> {
    let headers = sent.headers.iter();
    let record = RawRecord {
        offset: 1,
        time: KAFKA_TIME,
        key: sent.key.as_bytes(),
        payload: Some(sent.payload.as_bytes()),
        headers: headers.map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect(),
    };
    let change = mapping.decode(&record, &Limits::default());
    change.map_err(|error| {
        assert!(!error.message.is_empty());
        (error.reason, error.field)
    })
}

#[track_caller]
fn change(mapping: &Mapping, payload: &str) -> Change {
    read(mapping, &sent(payload)).unwrap().unwrap()
}

#[track_caller]
fn order_of(change: &Change) -> &Order {
    match &change.facts {
        Facts::Order(order) => order,
        other => panic!("an order, not {other:?}"),
    }
}

fn orders() -> Feed {
    Feed::id("no")
        .field("customer_id", "buyer")
        .field("total", "sum")
        .field("currency", "=EUR")
        .value("status", "SENT", "shipped")
}

#[test]
fn feeds_protect_identifiers_and_know_their_topics() {
    let mapping = Feed::id("mail").mapping(Entity::Customer, Format::Upsert);
    let privacy = Arc::new(Redactor::new(b"sixteen bytes key"));
    let feeds = Feeds::new(vec![("people".into(), mapping)], privacy);
    let record = RawRecord {
        offset: 1,
        time: KAFKA_TIME,
        key: b"",
        payload: Some(br#"{"mail": "sara@example.com", "segment": "family"}"#),
        headers: Vec::new(),
    };
    let limits = Limits::default();
    let change = feeds.decode("people", &record, &limits).unwrap().unwrap();
    assert!(change.id.starts_with("h:"), "{}", change.id);
    assert!(feeds.decode("others", &record, &limits).is_none());
    assert!(feeds.has("people") && !feeds.has("others") && !feeds.is_empty());
    assert_eq!(feeds.entity("people"), Some(Entity::Customer));
    assert_eq!(feeds.topics().collect::<Vec<_>>(), ["people"]);
}
