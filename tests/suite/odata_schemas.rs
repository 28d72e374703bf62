//! `schemas/odata`: every example is valid, decodes to the change that its snapshot shows, and what the
//! schemas refuse is refused by decoding, too.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jsonschema::{Registry, Validator};
use proptest::prelude::*;
use sada::batch::{DecodeError, RawRecord, Reason};
use sada::config::Feed;
use sada::decode::Limits;
use sada::decode::odata::Feeds;
use sada::enrich::privacy::Redactor;
use sada::odata::{Change, Entity};
use serde_json::{Value, json};

const KAFKA_TIME: i64 = 1_777_680_000_000;
const FORMATS: [&str; 5] = ["cloudevents", "binary", "upsert", "debezium", "rudderstack"];

/// One file of `schemas/odata/examples`.
struct Example {
    /// `format/name`
    name: String,
    feed: Feed,
    key: Vec<u8>,
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
    value: Value,
}

impl Example {
    fn read(format: &str, path: &Path) -> Self {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (feed, value) = match format {
            "cloudevents" => (None, file.clone()),
            "binary" => (None, file["data"].clone()),
            _ => (Some(file["feed"].clone()), file["value"].clone()),
        };
        // Events are of the entity that their names begin with.
        let entity = stem.split('_').next().unwrap();
        let feed = feed.unwrap_or_else(|| json!({"entity": entity, "format": "cloudevents"}));
        let header =
            |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
        let headers = file.get("headers").and_then(Value::as_object);
        Self {
            name: format!("{format}/{stem}"),
            feed: serde_json::from_value(feed).unwrap(),
            key: file
                .get("key")
                .map_or_else(Vec::new, |key| serde_json::to_vec(key).unwrap()),
            headers: headers.into_iter().flatten().map(header).collect(),
            payload: serde_json::to_vec(&value).unwrap(),
            value,
        }
    }

    fn feeds(&self) -> Feeds {
        let privacy = Arc::new(Redactor::new(b"sixteen bytes key"));
        Feeds::new(
            vec![("topic".into(), self.feed.mapping().unwrap())],
            privacy,
        )
    }

    /// What a payload in place of its own decodes to.
    fn decode(&self, feeds: &Feeds, payload: &[u8]) -> Option<Result<Change, DecodeError>> {
        let record = RawRecord {
            offset: 7,
            time: KAFKA_TIME,
            key: &self.key,
            payload: Some(payload),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                .collect(),
        };
        feeds.decode("topic", &record, &Limits::default())
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/odata"))
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for format in FORMATS {
        for file in fs::read_dir(folder().join("examples").join(format)).unwrap() {
            examples.push(Example::read(format, &file.unwrap().path()));
        }
    }
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    examples
}

fn schema(name: &str) -> Value {
    let path = folder().join(format!("{name}.schema.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn names() -> Vec<&'static str> {
    let entities = Entity::ALL.into_iter().map(Entity::name);
    ["envelope"].into_iter().chain(entities).collect()
}

fn envelope() -> Validator {
    let uri = |name: &str| format!("sada:///odata/{name}.schema.json");
    let mut registry = Registry::new();
    for name in names() {
        registry = registry.add(uri(name), schema(name)).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::options()
        .with_registry(&registry)
        .with_base_uri(uri("envelope"))
        .should_validate_formats(true)
        .build(&schema("envelope"))
        .unwrap()
}

#[test]
fn every_schema_is_a_schema() {
    for name in names() {
        assert!(jsonschema::meta::is_valid(&schema(name)), "{name}");
    }
}

#[test]
fn there_is_an_event_of_every_entity_and_an_example_of_every_format() {
    let examples = examples();
    let has = |start: &str| examples.iter().any(|e| e.name.starts_with(start));
    for entity in Entity::ALL {
        assert!(has(&format!("cloudevents/{entity}_")), "{entity}");
    }
    for format in FORMATS {
        assert!(has(format), "{format}");
    }
}

#[test]
fn every_event_is_valid() {
    let envelope = envelope();
    let events = examples()
        .into_iter()
        .filter(|e| e.name.starts_with("cloudevents/"));
    for example in events {
        let errors: Vec<String> = envelope
            .iter_errors(&example.value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", example.name);
    }
}

#[test]
fn altered_events_are_refused_by_schema_and_decoding() {
    let envelope = envelope();
    // Example, pointer to the field, its new value (null: removed), reason of the dead letter.
    for (name, pointer, new, reason) in [
        (
            "order_correction",
            "/type",
            json!("cx.odata.orders.v1"),
            Reason::UnknownKind,
        ),
        (
            "order_correction",
            "/source",
            json!(null),
            Reason::MissingField,
        ),
        (
            "order_correction",
            "/version",
            json!(-1),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/order_id",
            json!(null),
            Reason::MissingField,
        ),
        (
            "order_correction",
            "/data/order_id",
            json!(true),
            Reason::WrongType,
        ),
        (
            "order_correction",
            "/data/order_id",
            json!(""),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/status",
            json!("sold"),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/total",
            json!("free"),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/total",
            json!(1e14),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/currency",
            json!("toman"),
            Reason::InvalidValue,
        ),
        (
            "order_correction",
            "/data/items",
            json!(-1),
            Reason::InvalidValue,
        ),
        (
            "customer_gold",
            "/data/country",
            json!("Iran"),
            Reason::InvalidValue,
        ),
        (
            "customer_gold",
            "/data/clv/amount",
            json!(false),
            Reason::WrongType,
        ),
        (
            "customer_gold",
            "/data/created_at",
            json!("soon"),
            Reason::InvalidValue,
        ),
        (
            "customer_gold",
            "/data/created_at",
            json!(-1),
            Reason::TimeOutOfRange,
        ),
        (
            "customer_gold",
            "/data/segment",
            json!(["a"]),
            Reason::WrongType,
        ),
        (
            "ticket_reopened",
            "/data/priority",
            json!("asap"),
            Reason::InvalidValue,
        ),
        (
            "ticket_reopened",
            "/data/reopens",
            json!(-1),
            Reason::InvalidValue,
        ),
        (
            "ticket_reopened",
            "/data/sla/status",
            json!("late"),
            Reason::InvalidValue,
        ),
        (
            "session_left_checkout",
            "/data/session_id",
            json!(null),
            Reason::MissingField,
        ),
        (
            "delivery_late",
            "/data/promised_at",
            json!("2026-13-01"),
            Reason::InvalidValue,
        ),
        (
            "identity_device",
            "/data/identity_type",
            json!(null),
            Reason::MissingField,
        ),
        (
            "identity_device",
            "/data/identity_value",
            json!(1.5),
            Reason::WrongType,
        ),
    ] {
        let full = format!("cloudevents/{name}");
        let found = examples().into_iter().find(|e| e.name == full);
        let mut example = found.unwrap_or_else(|| panic!("no example {name}"));
        alter(&mut example.value, pointer, new.clone());
        assert!(!envelope.is_valid(&example.value), "{name} {pointer} {new}");
        let payload = serde_json::to_vec(&example.value).unwrap();
        let refused = example
            .decode(&example.feeds(), &payload)
            .unwrap()
            .unwrap_err();
        assert_eq!(refused.reason, reason, "{name} {pointer} {new}");
        let field = pointer[1..].replace('/', ".");
        assert_eq!(refused.field, field, "{name} {pointer} {new}");
    }
}

/// Sets the value at a pointer; null removes it.
fn alter(event: &mut Value, pointer: &str, new: Value) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match new {
        Value::Null => assert!(parent.remove(field).is_some(), "{pointer}"),
        new => drop(parent.insert(field.to_owned(), new)),
    }
}

#[test]
fn every_example_decodes_to_its_change() {
    for example in examples() {
        let change = example.decode(&example.feeds(), &example.payload);
        let change = change
            .unwrap()
            .unwrap_or_else(|e| panic!("{}: {e}", example.name));
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_suffix => example.name.replace('/', "."),
        }, {
            insta::assert_debug_snapshot!("change", change);
        });
    }
}

#[test]
fn an_example_cut_anywhere_is_refused() {
    for example in examples() {
        let feeds = example.feeds();
        for end in 0..example.payload.len() {
            let cut = &example.payload[..end];
            let refused = example.decode(&feeds, cut).unwrap().unwrap_err();
            let expected = match std::str::from_utf8(cut) {
                Ok(_) => Reason::MalformedJson,
                Err(_) => Reason::InvalidUtf8,
            };
            assert_eq!(refused.reason, expected, "{} cut at {end}", example.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Bytes of an example replaced, doubled, or gone: never a panic, and nothing of a refused record
    /// in what is said about it.
    #[test]
    fn mutated_examples_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..6),
    ) {
        thread_local! {
            static EXAMPLES: Vec<(Example, Feeds)> = examples()
                .into_iter()
                .map(|example| {
                    let feeds = example.feeds();
                    (example, feeds)
                })
                .collect();
        }
        EXAMPLES.with(|examples| {
            let (example, feeds) = which.get(examples);
            let mut payload = example.payload.clone();
            for (at, what, byte) in changes {
                let at = at.index(payload.len());
                match what {
                    0 => payload[at] = byte,
                    1 => payload[at] = b"{}[],:\"0"[usize::from(byte % 8)],
                    2 => payload.insert(at, byte),
                    _ => { payload.remove(at); }
                }
            }
            if let Some(Err(error)) = example.decode(feeds, &payload) {
                prop_assert!(error.message.is_ascii(), "{error}");
            }
            Ok(())
        })?;
    }
}
