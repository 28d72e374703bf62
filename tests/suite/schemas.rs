//! The schemas' examples are the fixtures of decoding: each is valid, and decodes to a known row.

// Clippy takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jsonschema::{Registry, Validator};
use proptest::prelude::*;
use sada::batch::{Partition, RawRecord, Reason};
use sada::decode::{Limits, decode};
use sada::enrich::{self, Enriched, Tags, Versions};
use sada::feedback::Feedback;
use sada::odata::Joined;
use sada::warehouse::rows::{FeedbackRow, Position};
use serde_json::{Value, json};

/// 2026-05-02T00:00:00Z: when Kafka got the examples.
const KAFKA_TIME: i64 = 1_777_680_000_000;

const SCHEMAS: [&str; 5] = [
    "envelope",
    "review",
    "conversation",
    "message",
    "survey_response",
];

/// One file of `schemas/feedback/examples`.
struct Example {
    /// `kind/name`
    name: String,
    /// The file.
    value: Value,
}

/// A record as Kafka delivers it.
struct Delivered {
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
}

impl Delivered {
    fn decode(&self) -> Result<Feedback, sada::batch::DecodeError> {
        decode_with(&self.payload, &self.headers)
    }
}

fn decode_with(
    payload: &[u8],
    headers: &[(String, String)],
) -> Result<Feedback, sada::batch::DecodeError> {
    let record = RawRecord {
        offset: 7,
        time: KAFKA_TIME,
        key: b"acme:1",
        payload: Some(payload),
        headers: headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect(),
    };
    decode(&record, &Limits::default())
}

impl Example {
    fn is_binary(&self) -> bool {
        self.name.starts_with("binary/")
    }

    /// Event as structured JSON, also of a binary example.
    fn event(&self) -> Value {
        if !self.is_binary() {
            return self.value.clone();
        }
        let mut event = serde_json::Map::new();
        for (name, value) in self.value["headers"].as_object().unwrap() {
            let Some(name) = name.strip_prefix("ce_") else {
                continue;
            };
            let text = value.as_str().unwrap();
            let value = match name {
                "version" | "deleted" | "customer" | "context" | "extra" => {
                    serde_json::from_str(text).unwrap()
                }
                _ => json!(text),
            };
            event.insert(name.to_owned(), value);
        }
        event.insert("data".to_owned(), self.value["data"].clone());
        Value::Object(event)
    }

    fn delivered(&self) -> Delivered {
        let value = if self.is_binary() {
            &self.value["data"]
        } else {
            &self.value
        };
        let headers = self.value.get("headers").and_then(Value::as_object);
        let header =
            |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
        Delivered {
            headers: headers.into_iter().flatten().map(header).collect(),
            payload: serde_json::to_vec(value).unwrap(),
        }
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/feedback"))
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for kind in ["review", "conversation", "message", "survey", "binary"] {
        for file in fs::read_dir(folder().join("examples").join(kind)).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            examples.push(Example {
                name: format!("{kind}/{stem}"),
                value: serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
            });
        }
    }
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    examples
}

fn example(name: &str) -> Example {
    let found = examples().into_iter().find(|e| e.name == name);
    found.unwrap_or_else(|| panic!("no example {name}"))
}

/// Validators by the schema's name.
fn validators() -> Vec<(&'static str, Validator)> {
    let uri = |name: &str| format!("sada:///feedback/{name}.schema.json");
    let schema = |name: &str| -> Value {
        let path = folder().join(format!("{name}.schema.json"));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let mut registry = Registry::new();
    for name in SCHEMAS {
        registry = registry.add(uri(name), schema(name)).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let validator = |name: &str| {
        jsonschema::options()
            .with_registry(&registry)
            .with_base_uri(uri(name))
            .should_validate_formats(true)
            .build(&schema(name))
            .unwrap()
    };
    SCHEMAS.map(|name| (name, validator(name))).into()
}

#[test]
fn every_schema_is_a_schema() {
    for name in SCHEMAS {
        let path = folder().join(format!("{name}.schema.json"));
        let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
    }
}

#[test]
fn there_are_examples_of_every_kind() {
    let examples = examples();
    let count = |kind: &str| examples.iter().filter(|e| e.name.starts_with(kind)).count();
    for kind in ["review/", "conversation/", "survey/"] {
        assert!(count(kind) >= 8, "{kind}");
    }
    assert!(count("message/") >= 3);
    assert!(count("binary/") >= 4);
}

#[test]
fn every_example_is_valid() {
    let validators = validators();
    let (_, envelope) = &validators[0];
    for example in examples() {
        let event = example.event();
        let errors: Vec<String> = envelope
            .iter_errors(&event)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", example.name);
    }
}

/// Each schema refuses what decoding refuses too.
#[test]
fn altered_examples_are_refused_by_schema_and_decoding() {
    // Schema, example, pointer to the field, its new value (null: removed), reason of the dead letter.
    let table: &[(&str, &str, &str, Value, Reason)] = &[
        (
            "envelope",
            "review/ar_dialect_elongated",
            "/type",
            json!("cx.rant.v1"),
            Reason::UnknownKind,
        ),
        (
            "envelope",
            "review/ar_dialect_elongated",
            "/source",
            json!(null),
            Reason::MissingField,
        ),
        (
            "envelope",
            "review/ar_dialect_elongated",
            "/version",
            json!("new"),
            Reason::WrongType,
        ),
        (
            "envelope",
            "review/ar_dialect_elongated",
            "/context/country",
            json!("KSA"),
            Reason::InvalidValue,
        ),
        (
            "envelope",
            "review/ar_dialect_elongated",
            "/customer/ids/0/value",
            json!(null),
            Reason::MissingField,
        ),
        (
            "review",
            "review/ar_dialect_elongated",
            "/data/review_id",
            json!(null),
            Reason::MissingField,
        ),
        (
            "review",
            "review/zh_hant_rating_only",
            "/data/rating",
            json!(null),
            Reason::MissingField,
        ),
        (
            "review",
            "review/ar_dialect_elongated",
            "/data/rating/value",
            json!(6),
            Reason::OutOfScale,
        ),
        (
            "review",
            "review/ar_dialect_elongated",
            "/data/item/type",
            json!("thing"),
            Reason::InvalidValue,
        ),
        (
            "review",
            "review/fr_deleted",
            "/data/created_at",
            json!(null),
            Reason::MissingField,
        ),
        (
            "conversation",
            "conversation/ar_repeat_problem",
            "/data/turns",
            json!([]),
            Reason::InvalidValue,
        ),
        (
            "conversation",
            "conversation/ar_repeat_problem",
            "/data/turns/0/seq",
            json!(-1),
            Reason::InvalidValue,
        ),
        (
            "conversation",
            "conversation/ar_repeat_problem",
            "/data/participants/1/role",
            json!("boss"),
            Reason::InvalidValue,
        ),
        (
            "conversation",
            "conversation/en_call_offsets",
            "/data/turns/1/offset_ms",
            json!(null),
            Reason::MissingField,
        ),
        (
            "conversation",
            "conversation/ar_repeat_problem",
            "/data/started_at",
            json!(null),
            Reason::MissingField,
        ),
        (
            "message",
            "message/ar_customer",
            "/data/participant",
            json!(null),
            Reason::MissingField,
        ),
        (
            "message",
            "message/ar_customer",
            "/data/sent_at",
            json!("now"),
            Reason::InvalidValue,
        ),
        (
            "survey_response",
            "survey/en_all_types",
            "/data/answers/0/number",
            json!(11),
            Reason::OutOfScale,
        ),
        (
            "survey_response",
            "survey/en_all_types",
            "/data/answers/0/number",
            json!(7.5),
            Reason::InvalidValue,
        ),
        (
            "survey_response",
            "survey/en_all_types",
            "/data/submitted_at",
            json!(null),
            Reason::MissingField,
        ),
        (
            "survey_response",
            "survey/en_all_types",
            "/data/answers",
            json!([]),
            Reason::InvalidValue,
        ),
    ];
    let validators = validators();
    for (schema, name, pointer, value, reason) in table {
        let mut altered = example(name);
        set(&mut altered.value, pointer, value.clone());
        let (_, validator) = validators.iter().find(|(name, _)| name == schema).unwrap();
        // The schema of a kind speaks of the data, that of the envelope of everything.
        let of_data = *schema != "envelope" && !name.ends_with("deleted");
        let instance = if of_data {
            &altered.value["data"]
        } else {
            &altered.value
        };
        assert!(
            !validator.is_valid(instance),
            "{schema} allows {pointer} = {value} in {name}"
        );
        assert!(
            !validators[0].1.is_valid(&altered.value),
            "envelope allows {pointer} = {value} in {name}"
        );
        let refused = altered.delivered().decode().unwrap_err();
        assert_eq!(refused.reason, *reason, "{name} {pointer}: {refused}");
    }
}

/// Sets the field at a JSON pointer, or removes it.
fn set(value: &mut Value, pointer: &str, new: Value) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match (parent, new) {
        (Value::Object(object), Value::Null) => {
            object.remove(field).unwrap();
        }
        (Value::Object(object), new) => {
            object.insert(field.to_owned(), new);
        }
        (other, _) => panic!("{pointer} is not in an object: {other}"),
    }
}

#[test]
fn every_example_decodes_to_its_row() {
    for example in examples() {
        let feedback = example.delivered().decode();
        let feedback = feedback.unwrap_or_else(|e| panic!("{}: {e}", example.name));
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_suffix => example.name.replace('/', "."),
        }, {
            insta::assert_snapshot!("row", row(feedback));
        });
    }
}

/// Columns that hold what models say, or where the record lay; and what is the same in most rows.
const NOT_SHOWN: [&str; 17] = [
    "_origin",
    "language",
    "language_tag",
    "language_confidence",
    "sentiment",
    "sentiment_score",
    "sentiment_confidence",
    "urgency",
    "turns.sentiment",
    "turns.sentiment_score",
    "turns.sentiment_confidence",
    "answers.sentiment",
    "answers.sentiment_score",
    "answers.sentiment_confidence",
    "_topic",
    "_stream",
    "_kafka_time",
];

/// The row that an item becomes before any model has seen it, a line a column; columns that say nothing
/// are left out.
fn row(feedback: Feedback) -> String {
    let enriched = Enriched {
        tags: Tags::untagged(enrich::text_of(&feedback)),
        feedback,
        parts: Vec::new(),
        redactions: sada::enrich::privacy::Redactions::default(),
        versions: Arc::new(Versions {
            models: String::new(),
            taxonomy: String::new(),
        }),
        joined: Joined::default(),
    };
    let partition = Partition {
        topic: "sada.feedback".into(),
        stream: "".into(),
        number: 0,
    };
    let position = Position {
        computed: sada::batch::Computed::STREAM,
        partition: &partition,
        offset: 0,
        time: KAFKA_TIME,
    };
    let row = serde_json::to_value(FeedbackRow::new(&enriched, position)).unwrap();
    let nothing = [json!(null), json!(""), json!(0), json!(false), json!([])];
    let says_nothing = |name: &str, value: &Value| {
        nothing.contains(value) || name.ends_with("_join") && value == "none"
    };
    let columns = row.as_object().unwrap().iter();
    columns
        .filter(|(name, value)| !NOT_SHOWN.contains(&name.as_str()) && !says_nothing(name, value))
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}

/// Both envelopes say the same.
#[test]
fn a_structured_event_is_the_same_as_a_binary_one() {
    for example in examples().into_iter().filter(Example::is_binary) {
        let payload = serde_json::to_vec(&example.event()).unwrap();
        let structured = decode_with(&payload, &[]);
        assert_eq!(structured, example.delivered().decode(), "{}", example.name);
    }
}

#[test]
fn an_example_cut_anywhere_is_refused() {
    for example in examples() {
        let whole = example.delivered();
        for end in 0..whole.payload.len() {
            let refused = decode_with(&whole.payload[..end], &whole.headers).unwrap_err();
            let cut_in_character = std::str::from_utf8(&whole.payload[..end]).is_err();
            let expected = if cut_in_character {
                Reason::InvalidUtf8
            } else {
                Reason::MalformedJson
            };
            assert_eq!(refused.reason, expected, "{} cut at {end}", example.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic(payload in prop::collection::vec(any::<u8>(), 0..300), header in any::<[u8; 4]>()) {
        let record = RawRecord {
            offset: 0,
            time: 0,
            key: b"",
            payload: Some(&payload),
            headers: vec![(b"ce_type", b"cx.review.v1"), (b"ce_context", &header)],
        };
        prop_assert!(decode(&record, &Limits::default()).is_err());
        prop_assert!(decode_with(&payload, &[]).is_err());
    }

    /// Bytes of an example replaced, doubled, or gone: never a panic, and nothing of a refused record
    /// in what is said about it.
    #[test]
    fn mutated_examples_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..6),
    ) {
        thread_local! {
            static EXAMPLES: Vec<Delivered> = examples().iter().map(Example::delivered).collect();
        }
        EXAMPLES.with(|examples| {
            let example = which.get(examples);
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
            if let Err(error) = decode_with(&payload, &example.headers) {
                prop_assert!(error.message.is_ascii(), "{error}");
            }
            Ok(())
        })?;
    }
}
