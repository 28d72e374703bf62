//! Bare texts to events, and keys of records.

use std::borrow::Cow;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::Xxh3;

use crate::feedback::Millis;

/// Longest value of a field that is passed through, in bytes.
const EXTRA_BYTES: usize = 256;

/// What a bare text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A review without an item
    Review,
    /// A message of the customer; field `conversation_id` names its conversation
    Message,
    /// A survey response with one text answer
    Survey,
}

/// How fields of a line become an event.
#[derive(Debug, Clone)]
pub struct Wrapping {
    /// Kind of the events.
    pub kind: Kind,
    /// Tenant; none leaves the event without one.
    pub tenant: Option<String>,
    /// The review's platform, the survey, the system that holds the chat.
    pub source: String,
    /// Field that holds the text.
    pub text_field: String,
    /// Field that identifies the item at its source.
    pub id_field: Option<String>,
    /// Field that says when the item was created.
    pub time_field: Option<String>,
    /// Field that identifies the customer.
    pub customer_field: Option<String>,
    /// Field that holds a review's stars, 1 to 5.
    pub rating_field: Option<String>,
}

/// Where a line stands, for the items that have no identifier and no time of their own.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// File as it was named.
    pub file: &'a str,
    /// Number of the record in it.
    pub number: u64,
    /// When its items were created, unless a field tells.
    pub created_at: Millis,
}

/// A record ready to be sent.
#[derive(Debug, PartialEq)]
pub struct Message<'a> {
    /// Key that decides the partition; none where the payload tells none.
    pub key: Option<String>,
    /// The event.
    pub payload: Cow<'a, [u8]>,
}

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    extra: Map<String, Value>,
    data: Value,
}

impl Wrapping {
    /// The event of a bare text.
    pub fn text(&self, text: &str, place: Place<'_>) -> Message<'static> {
        self.wrap(text, &Map::new(), place)
    }

    /// The event of an object with the text in one of its fields; `None` if it isn't there.
    pub fn object(
        &self,
        object: &Map<String, Value>,
        place: Place<'_>,
    ) -> Option<Message<'static>> {
        let text = object.get(&self.text_field)?.as_str()?;
        Some(self.wrap(text, object, place))
    }

    fn wrap(&self, text: &str, object: &Map<String, Value>, place: Place<'_>) -> Message<'static> {
        let told = |field: &Option<String>| field.as_ref().and_then(|f| object.get(f));
        let id = told(&self.id_field).and_then(plain);
        let id = id.unwrap_or_else(|| identifier(place, text));
        let customer = told(&self.customer_field).and_then(plain);
        let created_at = match told(&self.time_field) {
            Some(Value::String(s)) => s.parse::<i64>().map_or(json!(s), Value::from),
            Some(other) => other.clone(),
            None => json!(place.created_at),
        };
        let rating = told(&self.rating_field).and_then(stars);
        let conversation = object.get("conversation_id").and_then(plain);
        let conversation = conversation.unwrap_or_else(|| id.clone());

        let used = [
            Some(&self.text_field),
            self.id_field.as_ref(),
            self.time_field.as_ref(),
            self.customer_field.as_ref(),
            self.rating_field.as_ref().filter(|_| rating.is_some()),
        ];
        let extra = object
            .iter()
            .filter(|(name, _)| !used.contains(&Some(name)) && name.len() <= EXTRA_BYTES)
            .filter_map(|(name, value)| Some((name.clone(), Value::from(plain(value)?))))
            .filter(|(name, value)| !name.contains('\0') && !value.as_str().is_some_and(unfit))
            .collect();

        let (kind, data) = match self.kind {
            Kind::Review => ("cx.review.v1", {
                let mut data = json!({
                    "review_id": id,
                    "platform": self.source,
                    "body": text,
                    "created_at": created_at,
                });
                if let Some(rating) = rating {
                    data["rating"] = json!({"value": rating, "worst": 1, "best": 5});
                }
                data
            }),
            Kind::Message => (
                "cx.message.v1",
                json!({
                    "conversation_id": conversation,
                    "turn_id": id,
                    "seq": 1,
                    "participant": {
                        "id": customer.as_deref().unwrap_or("customer"),
                        "role": "customer",
                    },
                    "sent_at": created_at,
                    "body": text,
                }),
            ),
            Kind::Survey => (
                "cx.survey_response.v1",
                json!({
                    "response_id": id,
                    "survey": {"id": self.source},
                    "status": "complete",
                    "created_at": created_at,
                    "submitted_at": created_at,
                    "answers": [{"question_id": "comment", "type": "text", "text_value": text}],
                }),
            ),
        };
        let event = Event {
            specversion: "1.0",
            id: &id,
            source: &self.source,
            r#type: kind,
            tenant_id: self.tenant.as_deref(),
            customer: customer.as_ref().map(|id| json!({"customer_id": id})),
            extra,
            data,
        };
        let tenant = self.tenant.as_deref().unwrap_or("default");
        let of = match (&customer, self.kind) {
            (Some(customer), _) => customer,
            (None, Kind::Message) => &conversation,
            (None, _) => &id,
        };
        Message {
            key: Some(format!("{tenant}:{of}")),
            // Strings and numbers: this can't fail. If it did, an empty payload is a dead letter.
            payload: serde_json::to_vec(&event).unwrap_or_default().into(),
        }
    }
}

/// Whether an object is a whole event by itself.
pub fn is_event(object: &Map<String, Value>) -> bool {
    let is_string = |name| object.get(name).is_some_and(Value::is_string);
    is_string("specversion") && is_string("type")
}

/// Key of a whole event: its customer's, else its conversation's, else its own.
pub fn key(event: &Map<String, Value>) -> Option<String> {
    let inner = |name: &str, field: &str| event.get(name)?.get(field).and_then(plain);
    let of = inner("customer", "customer_id")
        .or_else(|| inner("data", "conversation_id"))
        .or_else(|| event.get("id").and_then(plain))?;
    let tenant = event.get("tenant_id").or_else(|| event.get("tenantid"));
    let tenant = tenant.and_then(Value::as_str).unwrap_or("default");
    Some(format!("{tenant}:{of}"))
}

/// An identifier that is the same each time the same file is loaded. The text is part of it, so
/// that an edited line is another item and streams that are all named `-` don't meet.
fn identifier(place: Place<'_>, text: &str) -> String {
    let mut hash = Xxh3::new();
    hash.update(place.file.as_bytes());
    hash.update(b"\0");
    hash.update(&place.number.to_le_bytes());
    hash.update(text.as_bytes());
    format!("{:032x}", hash.digest128())
}

/// A string that is not empty, a number or a truth value, as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// Whether a value is too long or too odd to be passed through.
fn unfit(value: &str) -> bool {
    value.len() > EXTRA_BYTES || value.contains('\0')
}

fn stars(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapping(kind: Kind) -> Wrapping {
        Wrapping {
            kind,
            tenant: Some("shop".into()),
            source: "load".into(),
            text_field: "text".into(),
            id_field: None,
            time_field: None,
            customer_field: None,
            rating_field: None,
        }
    }

    fn place(number: u64) -> Place<'static> {
        Place {
            file: "reviews.jsonl",
            number,
            created_at: 1_777_638_600_000,
        }
    }

    fn object(json: Value) -> Map<String, Value> {
        json.as_object().unwrap().clone()
    }

    fn value(message: &Message<'_>) -> Value {
        serde_json::from_slice(&message.payload).unwrap()
    }

    #[test]
    fn a_bare_text_becomes_a_review_that_is_the_same_each_time() {
        let wrapping = wrapping(Kind::Review);
        let message = wrapping.text("کیفیت «عالی»\tبود", place(7));
        let event = value(&message);
        assert_eq!(event["type"], "cx.review.v1");
        assert_eq!(event["tenant_id"], "shop");
        assert_eq!(event["data"]["body"], "کیفیت «عالی»\tبود");
        assert_eq!(event["data"]["platform"], "load");
        assert_eq!(event["data"]["created_at"], 1_777_638_600_000_i64);
        assert_eq!(event["data"]["review_id"], event["id"]);
        assert_eq!(
            message.key.as_deref(),
            Some(format!("shop:{}", event["id"].as_str().unwrap()).as_str())
        );
        assert_eq!(wrapping.text("کیفیت «عالی»\tبود", place(7)), message);
        let other = value(&wrapping.text("کیفیت «عالی»\tبود", place(8)));
        assert_ne!(other["id"], event["id"], "the same words in another line");
    }

    #[test]
    fn fields_find_their_places_and_the_rest_is_passed_through() {
        let mut wrapping = wrapping(Kind::Review);
        wrapping.id_field = Some("nr".into());
        wrapping.time_field = Some("at".into());
        wrapping.customer_field = Some("who".into());
        wrapping.rating_field = Some("stars".into());
        let line = object(json!({
            "text": "物流很慢", "nr": 12, "at": "2026-05-01T12:30:00Z", "who": "c-9", "stars": "2",
            "label": "neg", "votes": 3, "topics": ["a"], "long": "x".repeat(257), "nul": "\0",
            "empty": "",
        }));
        let message = wrapping.object(&line, place(1)).unwrap();
        let event = value(&message);
        assert_eq!(event["id"], "12");
        assert_eq!(event["customer"]["customer_id"], "c-9");
        assert_eq!(event["data"]["created_at"], "2026-05-01T12:30:00Z");
        assert_eq!(event["data"]["rating"]["value"], 2.0);
        assert_eq!(event["extra"], json!({"label": "neg", "votes": "3"}));
        assert_eq!(message.key.as_deref(), Some("shop:c-9"));
    }

    #[test]
    fn epoch_times_in_tables_are_numbers() {
        let mut wrapping = wrapping(Kind::Review);
        wrapping.time_field = Some("at".into());
        let line = object(json!({"text": "a", "at": "1777638600"}));
        let event = value(&wrapping.object(&line, place(1)).unwrap());
        assert_eq!(event["data"]["created_at"], 1_777_638_600);
    }

    #[test]
    fn messages_and_surveys_have_their_shapes() {
        let line = object(json!({"text": "أين طلبي؟", "conversation_id": "k-1"}));
        let message = wrapping(Kind::Message).object(&line, place(1)).unwrap();
        let event = value(&message);
        assert_eq!(event["type"], "cx.message.v1");
        assert_eq!(event["data"]["conversation_id"], "k-1");
        assert_eq!(event["data"]["participant"]["role"], "customer");
        assert_eq!(message.key.as_deref(), Some("shop:k-1"));

        let event = value(&wrapping(Kind::Survey).text("fine", place(1)));
        assert_eq!(event["type"], "cx.survey_response.v1");
        assert_eq!(event["data"]["answers"][0]["text_value"], "fine");
    }

    #[test]
    fn an_object_without_the_text_is_no_event() {
        let wrapping = wrapping(Kind::Review);
        assert_eq!(
            wrapping.object(&object(json!({"body": "a"})), place(1)),
            None
        );
        assert_eq!(wrapping.object(&object(json!({"text": 5})), place(1)), None);
    }

    #[test]
    fn whole_events_are_known_and_keyed_by_whom_they_concern() {
        let mut event = object(json!({
            "specversion": "1.0", "type": "cx.message.v1", "id": "e-1", "tenant_id": "shop",
            "customer": {"customer_id": "c-1"}, "data": {"conversation_id": "k-1"},
        }));
        assert!(is_event(&event));
        assert_eq!(key(&event).as_deref(), Some("shop:c-1"));
        event.remove("customer");
        assert_eq!(key(&event).as_deref(), Some("shop:k-1"));
        event.remove("data");
        event.remove("tenant_id");
        assert_eq!(key(&event).as_deref(), Some("default:e-1"));
        event.remove("specversion");
        assert!(!is_event(&event));
        assert_eq!(key(&object(json!({}))), None);
    }
}
