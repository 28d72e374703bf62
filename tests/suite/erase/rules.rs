//! Whose a record is, in Rust and in SQL: both say the same of feedback and of every entity.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, TestRunner};
use sada::batch::{Computed, EnrichedBatch, Offsets, Outcome, OutcomeKind, Partition, RawBatch};
use sada::config::Config;
use sada::enrich::privacy::Person;
use sada::enrich::{Enriched, Tags, Versions};
use sada::erasure::{Erasures, Marker, Named};
use sada::feedback::{Body, Context, Customer, Feedback, Millis, References, Review};
use sada::odata::{self, Change, Facts, Joined};
use sada::pipeline::Sink;
use sada::warehouse::erasing::{Erasing, Known, Scope};
use sada::warehouse::{self, migrations};

use crate::support::engine;

const REQUEST: Millis = 1_780_000_000_000;

/// Nobody, the customer who is erased, another one, one merged into the former.
fn customer() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "c1", "c2", "old"])
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

fn when() -> impl Strategy<Value = Millis> {
    prop::sample::select(vec![REQUEST - 5, REQUEST - 4, REQUEST, REQUEST + 1])
}

fn feedback() -> impl Strategy<Value = Enriched> {
    let identities = prop::collection::vec(
        (
            one_of(&["device_id", "anonymous_id"]),
            one_of(&["x1", "x2", "x3"]),
        ),
        0..3,
    );
    let keys = (
        one_of(&["", "o1", "o2"]),
        one_of(&["", "t1", "t2"]),
        one_of(&["", "s1", "s2"]),
        one_of(&["", "v1", "v2"]),
        one_of(&[
            "",
            "order o1",
            "ticket t1",
            "delivery d1",
            "delivery d2",
            "conversation v1",
        ]),
    );
    let people = (customer(), customer(), identities);
    (people, keys, when()).prop_map(|((named, joined, identities), keys, created_at)| {
        let (order, ticket, session, conversation, trigger) = keys;
        let identities = identities.into_iter();
        let identities = identities.map(|(kind, value)| (kind.to_owned(), value.to_owned()));
        let trigger = trigger.split_once(' ');
        Enriched {
            feedback: Feedback {
                tenant: "acme".into(),
                source: "shop".into(),
                id: String::new(),
                version: 1,
                deleted: false,
                created_at,
                channel: String::new(),
                customer: Customer {
                    id: named.into(),
                    identities: identities.collect(),
                    consent_analytics: None,
                },
                context: Context::default(),
                references: References {
                    order_id: order.into(),
                    ticket_id: ticket.into(),
                    session_id: session.into(),
                    conversation_id: conversation.into(),
                    trigger: trigger.map(|(kind, id)| (kind.to_owned(), id.to_owned())),
                },
                extra: Vec::new(),
                body: Body::Review(Review::default()),
                unknown_fields: 0,
                truncated: false,
            },
            tags: Tags::untagged(String::new()),
            parts: Vec::new(),
            redactions: sada::enrich::privacy::Redactions::default(),
            versions: Arc::new(Versions {
                models: "m".into(),
                taxonomy: "t".into(),
            }),
            joined: Joined {
                customer_id: joined.into(),
                ..Joined::default()
            },
        }
    })
}

fn change() -> impl Strategy<Value = Change> {
    let facts = prop_oneof![
        (
            customer(),
            one_of(&["c1", "c2", "old", "c4"]),
            prop::bool::weighted(0.2)
        )
            .prop_map(|(_, id, merged)| {
                let into = if merged && id == "old" { "c1" } else { "" };
                let facts = odata::Customer {
                    merged_into: into.into(),
                    ..odata::Customer::default()
                };
                (id, Facts::Customer(facts))
            }),
        (customer(), one_of(&["o1", "o2", "o3"])).prop_map(|(customer, id)| {
            let facts = odata::Order {
                customer_id: customer.into(),
                ..odata::Order::default()
            };
            (id, Facts::Order(facts))
        }),
        (customer(), one_of(&["t1", "t2"])).prop_map(|(customer, id)| {
            let facts = odata::Ticket {
                customer_id: customer.into(),
                ..odata::Ticket::default()
            };
            (id, Facts::Ticket(facts))
        }),
        (
            customer(),
            one_of(&["s1", "s2", "s3"]),
            one_of(&["", "x1", "x2"])
        )
            .prop_map(|(customer, id, anonymous)| {
                let facts = odata::Session {
                    customer_id: customer.into(),
                    anonymous_id: anonymous.into(),
                    ..odata::Session::default()
                };
                (id, Facts::Session(facts))
            }),
        (one_of(&["", "o1", "o2"]), one_of(&["d1", "d2"])).prop_map(|(order, id)| {
            let facts = odata::Delivery {
                order_id: order.into(),
                ..odata::Delivery::default()
            };
            (id, Facts::Delivery(facts))
        }),
        (
            customer(),
            one_of(&["x1", "x2"]),
            one_of(&["device_id", "anonymous_id"])
        )
            .prop_map(|(customer, id, kind)| {
                let facts = odata::Identity {
                    kind: kind.into(),
                    customer_id: customer.into(),
                };
                (id, Facts::Identity(facts))
            }),
    ];
    let deleted = prop::bool::weighted(0.2);
    (facts, when(), deleted).prop_map(|((id, facts), valid_from, deleted)| Change {
        tenant: "acme".into(),
        id: id.into(),
        valid_from,
        version: 1,
        deleted,
        facts,
    })
}

fn batch(topic: &str, kinds: Vec<OutcomeKind>) -> EnrichedBatch {
    let partition = Partition {
        topic: topic.into(),
        stream: topic.into(),
        number: 0,
    };
    let last = kinds.len() as i64 - 1;
    let outcomes = (0..).zip(kinds).map(|(offset, kind)| Outcome {
        offset,
        time: REQUEST,
        kind,
    });
    EnrichedBatch {
        offsets: Offsets {
            partition: partition.clone(),
            epoch: 1,
            range: 0..=last,
            last_time: 0,
        },
        outcomes: outcomes.collect(),
        computed: Computed::STREAM,
        raw: RawBatch::new(partition, 1),
    }
}

/// Where the rows of these tables came from.
async fn offsets(client: &clickhouse::Client, table: &str) -> BTreeSet<u64> {
    let sql = format!("SELECT _offset FROM {table}");
    let offsets: Vec<u64> = client.query(&sql).fetch_all().await.unwrap();
    offsets.into_iter().collect()
}

fn sample<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::new(Cases::default());
    let value = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(value).collect()
}

#[tokio::test]
async fn rust_and_sql_say_the_same() {
    let mut config = Config::default();
    config.clickhouse.url = engine().url();
    config.clickhouse.database = "erase_rules".into();
    migrations::apply(&config).await.unwrap();
    let client = warehouse::client(&config.clickhouse).unwrap();
    let client = client.with_database("erase_rules");
    // Rows of one item in several versions are one item.
    let mut items = sample(feedback(), 400);
    for (n, item) in items.iter_mut().enumerate() {
        item.feedback.id = format!("r{n}");
    }
    // Each entity and valid_from once: what replaced what is no matter here.
    let mut seen = BTreeSet::new();
    let mut changes = sample(change(), 400);
    changes.retain(|change| {
        let kind = match &change.facts {
            Facts::Identity(identity) => identity.kind.clone(),
            _ => String::new(),
        };
        seen.insert((change.entity(), kind, change.id.clone(), change.valid_from))
    });
    let (rows, _) = warehouse::sinks(&config).unwrap();
    let row = |item: &Enriched| OutcomeKind::Row(Box::new(item.clone()));
    rows.write(&batch("feedback", items.iter().map(row).collect()))
        .await
        .unwrap();
    for entity in odata::Entity::ALL {
        let of: Vec<OutcomeKind> = changes
            .iter()
            .filter(|change| change.entity() == entity)
            .map(|change| OutcomeKind::Operational(Box::new(change.clone())))
            .collect();
        rows.write(&batch(entity.name(), of)).await.unwrap();
    }

    let marker = || Marker::new(b"a key known to tests");
    let person = Person {
        tenant: "acme".into(),
        customer_id: "c1".into(),
        identities: vec![("device_id".into(), "x3".into())],
    };
    let scope = Scope {
        tenant: "acme".into(),
        requested_at: REQUEST,
        request: marker().mark("acme", Named::Request, &["c1"]).unwrap(),
    };
    let erasing = Erasing::new(&config, scope).unwrap();
    let known = erasing.resolve(&Known::of(&person)).await.unwrap();
    let erasures = Erasures::new(marker(), || Duration::ZERO);
    for mark in known.marks("acme", &marker()) {
        erasures.add(mark, REQUEST);
    }
    let kept: BTreeSet<u64> = (0..)
        .zip(&items)
        .filter(|(_, item)| !erasures.cover_feedback(&item.feedback, &item.joined.customer_id))
        .map(|(offset, _)| offset)
        .collect();
    assert!(kept.len() > 20 && kept.len() < 380, "{}", kept.len());

    let listed = erasing.list(&known).await.unwrap();
    assert_eq!(listed["feedback"], 400 - kept.len() as u64);
    erasing.delete().await.unwrap();
    while erasing.mutations().await.unwrap().0 > 0 {}
    assert_eq!(offsets(&client, "feedback").await, kept);
    for entity in odata::Entity::ALL {
        let of = changes.iter().filter(|change| change.entity() == entity);
        let kept: BTreeSet<u64> = (0..)
            .zip(of)
            .filter(|(_, change)| !erasures.cover_change(change))
            .map(|(offset, _)| offset)
            .collect();
        assert_eq!(offsets(&client, entity.table()).await, kept, "{entity}");
    }
    let left = erasing.list(&known).await.unwrap();
    assert!(left.values().all(|rows| *rows == 0), "{left:?}");
}

/// The schema and the decoder take the same: the examples, and refuse the same changes of them.
#[test]
fn schema_and_decoder_agree() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/erasure");
    let read = |name: &str| -> serde_json::Value {
        let file = std::fs::read(format!("{folder}/{name}.json")).unwrap();
        serde_json::from_slice(&file).unwrap()
    };
    let schema = read("erasure.schema");
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let decode = |event: &serde_json::Value| {
        sada::decode::erasure::decode(&sada::batch::RawRecord {
            offset: 0,
            time: REQUEST,
            key: b"k",
            payload: Some(event.to_string().as_bytes()),
            headers: Vec::new(),
        })
    };
    for (name, tenant, is_clear) in [
        ("customer", "shop", true),
        ("prospect", "shop", true),
        ("mark", "default", false),
    ] {
        let event = read(&format!("examples/{name}"));
        let request = decode(&event).unwrap();
        assert_eq!(
            (request.tenant.as_str(), request.is_clear()),
            (tenant, is_clear)
        );
        let errors: Vec<String> = validator
            .iter_errors(&event)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
    for (pointer, value) in [
        ("/type", serde_json::json!("cx.review.v1")),
        ("/data", serde_json::json!({})),
        ("/data/customer_id", serde_json::json!(1)),
        ("/data/customer_id", serde_json::json!("x".repeat(257))),
        ("/data/customer_id", serde_json::json!("a\0b")),
        ("/data/ids", serde_json::json!([{"type": "device_id"}])),
        ("/data/ids/0/type", serde_json::json!("erasure_mark")),
        ("/data/requested_at", serde_json::json!([])),
    ] {
        let mut event = read("examples/customer");
        *event.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&event), "{pointer}: {event}");
        assert!(decode(&event).is_err(), "{pointer}: {event}");
    }
}
