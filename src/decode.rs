//! Bytes to feedback: one file a format; to O-data in [`odata`], to requests to erase in [`erasure`].
//! A record that can't be used is data, not an error of the pipeline: it becomes a [`DecodeError`]
//! with reason code and field path.
//!
//! ```text
//! bytes ─► size, UTF-8, depth ─► envelopes (structured | ce_* headers) ─► `data` by its type ─► Feedback
//!                                                                  review, conversation, message, survey
//! ```
//! Decoding is optimistic: wire structs borrow from the payload, and no paths are tracked. Only a
//! record that fails is decoded a second time to find the field that is to blame (`fault`).
//! Wire structs say what types fields have; everything a type can't say (required fields, scales,
//! lengths, times) is checked when they are converted, by `checks`.

mod checks;
mod conversation;
mod envelopes;
pub mod erasure;
mod fault;
mod html;
mod message;
mod nesting;
pub mod odata;
mod review;
mod survey;
mod time;
mod wire;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::feedback::{Body, Feedback, Millis, References};

use checks::Checks;
use envelopes::Envelope;
use fault::{InField, fault};

/// Limits on what a record may hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest record in bytes; longer ones are dead letters. Default 1 MiB.
    pub max_record_bytes: usize,
    /// Longest text in bytes; longer ones are cut at a character boundary and flagged. Default 64 KiB.
    pub max_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record_bytes: 1 << 20,
            max_text_bytes: 64 << 10,
        }
    }
}

/// What the `data` of an event says, of whatever kind.
struct Item {
    id: String,
    /// Where the data itself names its platform; otherwise the event's source counts.
    source: Option<String>,
    created_at: Millis,
    updated_at: Option<Millis>,
    channel: String,
    lang_hint: String,
    references: References,
    hidden: Vec<(String, String)>,
    body: Body,
}

impl Item {
    fn new(id: String, created_at: Millis, body: Body) -> Self {
        Self {
            id,
            source: None,
            created_at,
            updated_at: None,
            channel: String::new(),
            lang_hint: String::new(),
            references: References::default(),
            hidden: Vec::new(),
            body,
        }
    }
}

/// Decodes one record with a payload.
///
/// Texts over [`Limits::max_text_bytes`] are cut and the item is flagged; fields that no schema knows
/// are counted. A tombstone (no payload) is the caller's: here it is as malformed as an empty payload.
///
/// # Errors
/// The record is a dead letter. Reason and field say why; the message holds nothing of the content.
pub fn decode(record: &RawRecord<'_>, limits: &Limits) -> Result<Feedback, DecodeError> {
    let payload = payload(record, limits)?;
    let mut unknown = 0;
    let mut checks = Checks::new(
        limits,
        record.time,
        envelopes::may_hold_nul(record, payload),
    );
    let envelope = Envelope::read(record, payload, &mut unknown)?;
    let kind = envelope.kind()?;
    let (data, deleted) = (envelope.data()?, envelope.deleted);
    let item = match kind {
        Type::Review => wire::parse(data, &mut unknown)
            .and_then(|data: review::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Conversation => wire::parse(data, &mut unknown)
            .and_then(|data: conversation::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Message => wire::parse(data, &mut unknown)
            .and_then(|data: message::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Survey => wire::parse(data, &mut unknown)
            .and_then(|data: survey::Data<'_>| data.convert(&mut checks, deleted)),
    }
    .in_field("data")?;
    envelope.complete(item, checks, unknown)
}

/// The payload as JSON that may be read: of bearable size and depth, in UTF-8.
fn payload<'a>(record: &RawRecord<'a>, limits: &Limits) -> Result<&'a str, DecodeError> {
    let size = record.size();
    if size > limits.max_record_bytes {
        let limit = limits.max_record_bytes;
        let message = format!("the record has {size} bytes, the limit is {limit}");
        return Err(fault(Reason::TooLong, "", message));
    }
    let payload = std::str::from_utf8(record.payload.unwrap_or_default()).map_err(|e| {
        let message = format!("byte {} of the payload is not UTF-8", e.valid_up_to());
        fault(Reason::InvalidUtf8, "", message)
    })?;
    nesting::check(payload)?;
    Ok(payload)
}

/// The event types that carry feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Review,
    Conversation,
    Message,
    Survey,
}

impl Type {
    const NAMES: [(&str, Type); 4] = [
        ("cx.review.v1", Type::Review),
        ("cx.conversation.v1", Type::Conversation),
        ("cx.message.v1", Type::Message),
        ("cx.survey_response.v1", Type::Survey),
    ];

    fn of(name: &str) -> Option<Self> {
        let (_, found) = Self::NAMES.iter().find(|(known, _)| *known == name)?;
        Some(*found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::Kind;

    const KAFKA_TIME: Millis = 1_777_680_000_000;

    const REVIEW: &str = r#"{"specversion": "1.0", "id": "e1", "source": "/shop", "type": "cx.review.v1",
        "customer": {"customer_id": "c1", "ids": [{"type": "user_id", "value": "u1"}]},
        "context": {"country": "de", "experiment": {"id": "x", "variant": "b"}}, "extra": {"a": "b"},
        "data": {"review_id": "r1", "platform": "store", "item": {"type": "app", "id": "i1"}, "rating": {"value": 4},
        "aspect_ratings": [{"aspect": "taste", "value": 2}], "title": "Title", "body": "Body",
        "helpful_count": 3, "created_at": "2026-05-01T12:30:00Z"}}"#;
    const CONVERSATION: &str = r#"{"id": "e2", "source": "/desk", "type": "cx.conversation.v1", "data": {"conversation_id": "k1",
        "started_at": 1777638600, "participants": [{"id": "c", "role": "customer"}, {"id": "a", "role": "agent"}],
        "turns": [{"turn_id": "t1", "seq": 1, "participant_id": "c", "sent_at": 1777638600, "body": "Hello"},
        {"turn_id": "t2", "seq": 2, "participant_id": "a", "offset_ms": 60000, "body": "Hi"}],
        "rating": {"score": 4, "comment": "ok"}, "tags": ["x"]}}"#;
    const MESSAGE: &str = r#"{"id": "e3", "source": "/desk", "type": "cx.message.v1", "data": {"conversation_id": "k1",
        "turn_id": "m1", "seq": 1, "participant": {"id": "c", "role": "customer"}, "sent_at": 1777638600, "body": "Hello"}}"#;
    const SURVEY: &str = r#"{"id": "e4", "source": "/forms", "type": "cx.survey_response.v1", "data": {"response_id": "s1",
        "survey": {"id": "sv", "kind": "relational"}, "created_at": 1777638600, "submitted_at": 1777638600,
        "trigger": {"type": "order", "id": "o1"}, "hidden": {"h": "v"},
        "answers": [{"question_id": "q1", "type": "nps", "number": 9}, {"question_id": "q2", "type": "csat", "number": 5},
        {"question_id": "q3", "type": "ces", "number": 7, "scale": {"min": 1, "max": 7}}, {"question_id": "q4", "type": "multi_choice", "choices": ["A"]}]}}"#;

    type Header = (&'static [u8], &'static [u8]);

    fn read(payload: &[u8], headers: &[Header]) -> Result<Feedback, DecodeError> {
        let record = RawRecord {
            offset: 1,
            time: KAFKA_TIME,
            key: b"",
            payload: Some(payload),
            headers: headers.to_vec(),
        };
        decode(&record, &Limits::default())
    }

    fn fault_of(payload: &[u8], headers: &[Header]) -> (Reason, String) {
        let error = read(payload, headers).unwrap_err();
        assert!(!error.message.is_empty());
        (error.reason, error.field)
    }

    #[test]
    fn the_events_of_these_tests_are_good() {
        let kinds = [REVIEW, CONVERSATION, MESSAGE, SURVEY]
            .map(|event| read(event.as_bytes(), &[]).unwrap().kind());
        assert_eq!(kinds, Kind::ALL);
    }

    #[test]
    fn each_bad_record_has_its_reason_and_field() {
        use Reason::*;
        let long = "x".repeat(300);
        let (long_name, long_id) = (format!("\"{long}\""), format!("\"{}\"", "ي".repeat(129)));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        // Event, what to replace in it, by what; reason and field of the dead letter.
        let table: &[(&str, &str, &str, Reason, &str)] = &[
            (
                REVIEW,
                "\"cx.review.v1\"",
                "\"cx.review.v9\"",
                UnknownKind,
                "type",
            ),
            (
                REVIEW,
                "\"type\": \"cx.review.v1\",",
                "",
                UnknownKind,
                "type",
            ),
            (
                REVIEW,
                "\"cx.review.v1\"",
                "\"cx.odata.order.v1\"",
                UnknownKind,
                "type",
            ),
            (REVIEW, "\"cx.review.v1\"", "null", UnknownKind, "type"),
            (REVIEW, "\"cx.review.v1\"", "7", WrongType, "type"),
            (REVIEW, "\"1.0\"", "\"0.3\"", InvalidValue, "specversion"),
            (REVIEW, "\"id\": \"e1\",", "", MissingField, "id"),
            (REVIEW, "\"source\": \"/shop\",", "", MissingField, "source"),
            (REVIEW, "\"e1\"", &long_name, TooLong, "id"),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"id\": \"e2\",",
                InvalidValue,
                "id",
            ),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"version\": 17592186044416,",
                InvalidValue,
                "version",
            ),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"version\": -1,",
                InvalidValue,
                "version",
            ),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"version\": \"1\",",
                WrongType,
                "version",
            ),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"time\": \"noon\",",
                InvalidValue,
                "time",
            ),
            (
                REVIEW,
                "\"id\": \"e1\",",
                "\"id\": \"e1\", \"deleted\": 1,",
                WrongType,
                "deleted",
            ),
            (REVIEW, "\"data\": {", "\"dada\": {", MissingField, "data"),
            (
                REVIEW,
                "\"value\": \"u1\"",
                "\"value\": 5",
                WrongType,
                "customer.ids[0].value",
            ),
            (
                REVIEW,
                ", \"value\": \"u1\"",
                "",
                MissingField,
                "customer.ids[0].value",
            ),
            (
                REVIEW,
                "\"u1\"",
                &long_name,
                TooLong,
                "customer.ids[0].value",
            ),
            (REVIEW, "\"de\"", "\"DEU\"", InvalidValue, "context.country"),
            (
                REVIEW,
                "\"x\"",
                &long_name,
                TooLong,
                "context.experiment.id",
            ),
            (
                REVIEW,
                "{\"a\": \"b\"}",
                "{\"secret\": 1}",
                WrongType,
                "extra",
            ),
            (
                REVIEW,
                "{\"a\": \"b\"}",
                "{\"secret\": \"\\u0000\"}",
                NulCharacter,
                "extra",
            ),
            (REVIEW, "\"r1\"", &long_id, TooLong, "data.review_id"),
            (REVIEW, "\"r1\"", "\"\"", InvalidValue, "data.review_id"),
            (REVIEW, "\"r1\"", "null", MissingField, "data.review_id"),
            (REVIEW, "\"r1\"", "1", WrongType, "data.review_id"),
            (
                REVIEW,
                "\"platform\": \"store\",",
                "",
                MissingField,
                "data.platform",
            ),
            (
                REVIEW,
                "\"Body\"",
                "\"a\\u0000b\"",
                NulCharacter,
                "data.body",
            ),
            (REVIEW, "\"Body\"", "\"a\0b\"", NulCharacter, "data"),
            (REVIEW, "\"Body\"", "[\"Body\"]", WrongType, "data.body"),
            (REVIEW, "\"Body\"", "\"\\ud83d\"", MalformedJson, ""),
            (REVIEW, "\"Body\"", &deep, TooDeep, ""),
            (REVIEW, "\"Body\"", "Body", MalformedJson, ""),
            (
                REVIEW,
                "\"value\": 4",
                "\"value\": 5.5",
                OutOfScale,
                "data.rating.value",
            ),
            (
                REVIEW,
                "\"value\": 4",
                "\"value\": 1e999",
                InvalidValue,
                "data.rating.value",
            ),
            (REVIEW, "\"value\": 4", "\"value\": NaN", MalformedJson, ""),
            (
                REVIEW,
                "\"value\": 4",
                "\"value\": 4, \"worst\": 5",
                InvalidValue,
                "data.rating.value",
            ),
            (
                REVIEW,
                "{\"value\": 4}",
                "[4, 1, 5]",
                WrongType,
                "data.rating",
            ),
            (
                REVIEW,
                "\"value\": 4",
                "\"values\": 4",
                MissingField,
                "data.rating.value",
            ),
            (
                REVIEW,
                "\"value\": 2",
                "\"value\": 0",
                OutOfScale,
                "data.aspect_ratings[0].value",
            ),
            (
                REVIEW,
                "\"app\"",
                "\"idea\"",
                InvalidValue,
                "data.item.type",
            ),
            (
                REVIEW,
                "\"helpful_count\": 3",
                "\"helpful_count\": 4294967296",
                InvalidValue,
                "data.helpful_count",
            ),
            (
                REVIEW,
                "2026-05-01T",
                "2026-05-04T",
                TimeOutOfRange,
                "data.created_at",
            ),
            (
                REVIEW,
                "2026-05-01T",
                "1999-12-31T",
                TimeOutOfRange,
                "data.created_at",
            ),
            (
                REVIEW,
                "2026-05-01T",
                "2026-13-01T",
                InvalidValue,
                "data.created_at",
            ),
            (
                REVIEW,
                "\"2026-05-01T12:30:00Z\"",
                "{}",
                WrongType,
                "data.created_at",
            ),
            (
                CONVERSATION,
                "\"seq\": 2",
                "\"seq\": 1",
                InvalidValue,
                "data.turns[1].seq",
            ),
            (
                CONVERSATION,
                "\"seq\": 2",
                "\"seq\": 2.5",
                WrongType,
                "data.turns[1].seq",
            ),
            (
                CONVERSATION,
                "\"participant_id\": \"a\"",
                "\"participant_id\": \"z\"",
                InvalidValue,
                "data.turns[1].participant_id",
            ),
            (
                CONVERSATION,
                "\"id\": \"a\"",
                "\"id\": \"c\"",
                InvalidValue,
                "data.participants[1].id",
            ),
            (
                CONVERSATION,
                "\"offset_ms\": 60000, ",
                "",
                MissingField,
                "data.turns[1].sent_at",
            ),
            (
                CONVERSATION,
                "60000",
                "18446744073709551615",
                TimeOutOfRange,
                "data.turns[1].offset_ms",
            ),
            (
                CONVERSATION,
                "\"score\": 4",
                "\"score\": 4, \"max\": 3",
                OutOfScale,
                "data.rating.score",
            ),
            (
                CONVERSATION,
                "\"started_at\": 1777638600,",
                "",
                MissingField,
                "data.started_at",
            ),
            (
                CONVERSATION,
                "[\"x\"]",
                "[\"y\", 5]",
                WrongType,
                "data.tags[1]",
            ),
            (
                MESSAGE,
                "\"customer\"",
                "\"boss\"",
                InvalidValue,
                "data.participant.role",
            ),
            (
                MESSAGE,
                "\"conversation_id\": \"k1\",",
                "",
                MissingField,
                "data.conversation_id",
            ),
            (
                MESSAGE,
                "\"sent_at\": 1777638600",
                "\"sent_at\": 1",
                TimeOutOfRange,
                "data.sent_at",
            ),
            (
                SURVEY,
                "\"number\": 9",
                "\"number\": 11",
                OutOfScale,
                "data.answers[0].number",
            ),
            (
                SURVEY,
                "\"number\": 9",
                "\"number\": 9.5",
                InvalidValue,
                "data.answers[0].number",
            ),
            (
                SURVEY,
                "\"number\": 9",
                "\"number\": \"9\"",
                WrongType,
                "data.answers[0].number",
            ),
            (
                SURVEY,
                "\"number\": 9",
                "\"number\": 9, \"scale\": {\"min\": 1, \"max\": 5}",
                InvalidValue,
                "data.answers[0].scale",
            ),
            (
                SURVEY,
                "\"number\": 5",
                "\"number\": 0",
                OutOfScale,
                "data.answers[1].number",
            ),
            (
                SURVEY,
                "\"number\": 7",
                "\"number\": 7.01",
                OutOfScale,
                "data.answers[2].number",
            ),
            (
                SURVEY,
                "\"min\": 1",
                "\"min\": 9",
                InvalidValue,
                "data.answers[2].scale.min",
            ),
            (
                SURVEY,
                "\"nps\"",
                "\"stars\"",
                InvalidValue,
                "data.answers[0].type",
            ),
            (
                SURVEY,
                "[\"A\"]",
                "\"A\"",
                WrongType,
                "data.answers[3].choices",
            ),
            (
                SURVEY,
                "\"submitted_at\": 1777638600,",
                "",
                MissingField,
                "data.submitted_at",
            ),
            (
                SURVEY,
                ", \"id\": \"o1\"",
                "",
                MissingField,
                "data.trigger.id",
            ),
            (
                SURVEY,
                "{\"h\": \"v\"}",
                "{\"secret\": []}",
                WrongType,
                "data.hidden",
            ),
        ];
        for (event, good, bad, reason, field) in table {
            assert!(event.contains(good), "{good}");
            let record = event.replacen(good, bad, 1);
            let found = fault_of(record.as_bytes(), &[]);
            assert_eq!(found, (*reason, (*field).to_owned()), "{good} -> {bad}");
        }
    }

    #[test]
    fn a_record_that_is_no_event_has_its_reason() {
        use Reason::*;
        for (payload, reason) in [
            (&b""[..], MalformedJson),
            (b"   ", MalformedJson),
            (b"hello", MalformedJson),
            (b"{", MalformedJson),
            (b"{} {}", MalformedJson),
            (b"\0\0\0", MalformedJson),
            (b"{\"id\": \"\xff\"}", InvalidUtf8),
            (b"\xfe\xff\x00{", InvalidUtf8),
            (b"{}", UnknownKind),
            (b"[]", WrongType),
            (b"5", WrongType),
            (b"null", WrongType),
            (b"\"cx.review.v1\"", WrongType),
        ] {
            let (found, _) = fault_of(payload, &[]);
            assert_eq!(found, reason, "{}", payload.escape_ascii());
        }
    }

    #[test]
    fn headers_are_checked_like_fields() {
        use Reason::*;
        const GOOD: [Header; 3] = [
            (b"ce_type", b"cx.survey_response.v1"),
            (b"ce_id", b"e"),
            (b"ce_source", b"/forms"),
        ];
        let data = SURVEY.split_once("\"data\": ").unwrap().1;
        let data = data.strip_suffix('}').unwrap().as_bytes();
        assert_eq!(read(data, &GOOD).unwrap().id, "s1");
        assert_eq!(fault_of(data, &GOOD[1..]), (UnknownKind, "ce_type".into()));
        for (name, value, reason, field) in [
            (&b"ce_version"[..], &b"new"[..], WrongType, "ce_version"),
            (b"ce_version", b"17592186044416", InvalidValue, "ce_version"),
            (b"ce_deleted", b"yes", WrongType, "ce_deleted"),
            (b"ce_time", b"noon", InvalidValue, "ce_time"),
            (b"ce_tenantid", b"\xff", InvalidUtf8, "ce_tenantid"),
            (b"ce_tenantid", b"a\0b", NulCharacter, "ce_tenant_id"),
            (b"ce_customer", b"{", MalformedJson, "ce_customer"),
            (
                b"ce_customer",
                b"{\"ids\": [1]}",
                WrongType,
                "ce_customer.ids[0]",
            ),
            (
                b"ce_context",
                b"{\"country\": \"x\"}",
                InvalidValue,
                "ce_context.country",
            ),
            (b"ce_extra", b"[]", WrongType, "ce_extra"),
        ] {
            let mut headers = GOOD.to_vec();
            headers.push((name, value));
            assert_eq!(fault_of(data, &headers), (reason, field.to_owned()));
        }
        let (reason, field) = fault_of(b"{\"response_id\": 1}", &GOOD);
        assert_eq!((reason, field.as_str()), (WrongType, "data.response_id"));
    }

    #[test]
    fn a_structured_content_type_beats_ce_headers() {
        let headers: [Header; 2] = [
            (
                b"content-type",
                b"application/cloudevents+json; charset=UTF-8",
            ),
            (b"ce_type", b"something.else"),
        ];
        assert_eq!(read(REVIEW.as_bytes(), &headers).unwrap().id, "r1");
    }

    #[test]
    fn messages_hold_nothing_of_the_content() {
        for (good, bad) in [
            ("{\"value\": 4}", "\"secret, expected secret\""),
            ("\"app\"", "\"secret`\""),
            ("\"r1\"", "{\"secret\": 1}"),
            ("\"2026-05-01T12:30:00Z\"", "\"secret\""),
            ("\"cx.review.v1\"", "\"secret\""),
            ("{\"a\": \"b\"}", "{\"secret\": [1]}"),
            ("\"de\"", "\"secret\""),
            ("\"Body\"", "\"Body\", \"secret\": {\"secret\": tru}"),
        ] {
            let error = read(REVIEW.replacen(good, bad, 1).as_bytes(), &[]).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_record_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
        let record = RawRecord {
            offset: 1,
            time: 0,
            key: b"key",
            payload: Some(REVIEW.as_bytes()),
            headers: vec![(b"a", b"b")],
        };
        let at = Limits {
            max_record_bytes: record.size(),
            ..Limits::default()
        };
        assert!(decode(&record, &at).is_ok());
        let below = Limits {
            max_record_bytes: record.size() - 1,
            ..Limits::default()
        };
        assert_eq!(decode(&record, &below).unwrap_err().reason, Reason::TooLong);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_flagged() {
        let limits = Limits::default();
        let event = REVIEW.replace("Body", &"۵۶".repeat(limits.max_text_bytes));
        let cut = read(event.as_bytes(), &[]).unwrap();
        let Body::Review(review) = &cut.body else {
            panic!()
        };
        assert!(cut.truncated);
        assert_eq!(review.body.len(), limits.max_text_bytes);

        let odd = event.replace("۵۶", "x۶۶");
        let Body::Review(review) = read(odd.as_bytes(), &[]).unwrap().body else {
            panic!()
        };
        assert!(
            review.body.len() <= limits.max_text_bytes
                && review.body.len() > limits.max_text_bytes - 2
        );
        assert!(!read(REVIEW.as_bytes(), &[]).unwrap().truncated);
    }

    #[test]
    fn fields_that_nobody_knows_are_counted() {
        let event = REVIEW.replace(
            "\"id\": \"e1\",",
            "\"id\": \"e1\", \"new\": {\"deep\": [1, {}]},",
        );
        assert_eq!(read(event.as_bytes(), &[]).unwrap().unknown_fields, 1);
        let event = event.replace(
            "{\"value\": 4}",
            "{\"value\": 4, \"unit\": \"stars\", \"of\": 2}",
        );
        assert_eq!(read(event.as_bytes(), &[]).unwrap().unknown_fields, 3);
        assert_eq!(read(REVIEW.as_bytes(), &[]).unwrap().unknown_fields, 0);
    }

    #[test]
    fn the_version_is_the_events_else_the_datas_else_kafkas() {
        assert_eq!(
            read(REVIEW.as_bytes(), &[]).unwrap().version,
            KAFKA_TIME as u64
        );
        let updated = REVIEW.replace("\"Body\"", "\"Body\", \"updated_at\": 1777650000");
        assert_eq!(
            read(updated.as_bytes(), &[]).unwrap().version,
            1_777_650_000_000
        );
        let told = updated.replace("\"id\": \"e1\"", "\"id\": \"e1\", \"version\": 12");
        assert_eq!(read(told.as_bytes(), &[]).unwrap().version, 12);
    }

    #[test]
    fn a_deleted_item_keeps_its_identity_and_no_text() {
        for event in [REVIEW, CONVERSATION, MESSAGE, SURVEY] {
            let deleted = event.replacen("\"id\"", "\"deleted\": true, \"id\"", 1);
            let (gone, there) = (
                read(deleted.as_bytes(), &[]).unwrap(),
                read(event.as_bytes(), &[]).unwrap(),
            );
            assert!(gone.deleted && gone.extra.is_empty());
            assert_eq!(
                (&gone.source, &gone.id, gone.created_at, gone.kind()),
                (&there.source, &there.id, there.created_at, there.kind())
            );
            let shown = format!("{gone:?}");
            assert!(
                !shown.contains("Body\"") && !shown.contains("Hello") && !shown.contains("ok\"")
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_fault() {
        let marked = format!("\u{feff}{REVIEW}");
        assert_eq!(read(marked.as_bytes(), &[]), read(REVIEW.as_bytes(), &[]));
    }
}
