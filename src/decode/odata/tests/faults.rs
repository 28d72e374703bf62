//! Each kind of bad record has its reason and field, and no message tells the value.

use super::debezium::{ROW, event};
use super::*;

#[test]
fn each_bad_record_has_its_reason_and_field() {
    use Reason::*;
    let debezium = orders().mapping(Entity::Order, Format::Debezium);
    let long = "x".repeat(300);
    let row = |from: &str, to: &str| event("u", "null", &ROW.replace(from, to));
    let deep = format!("{{\"x\": {}{}}}", "[".repeat(200), "]".repeat(200));
    for (payload, reason, field) in [
        ("".to_owned(), MalformedJson, ""),
        ("{".to_owned(), MalformedJson, ""),
        ("[]".to_owned(), WrongType, ""),
        (deep, TooDeep, ""),
        (ROW.to_owned(), MissingField, "op"),
        (
            r#"{"schema": {}, "payload": {"x": 1}}"#.to_owned(),
            MissingField,
            "payload.op",
        ),
        (event("t", "null", "null"), InvalidValue, "op"),
        (event("u", ROW, "null"), MissingField, "after"),
        (event("u", "null", "[1]"), WrongType, "after"),
        (row("\"no\": 17", "\"no\": null"), MissingField, "after.no"),
        (row("\"no\": 17", "\"no\": true"), WrongType, "after.no"),
        (row("\"no\": 17", "\"no\": 1.5"), WrongType, "after.no"),
        (row("\"no\": 17", "\"no\": \"\""), InvalidValue, "after.no"),
        (
            row("\"no\": 17", "\"no\": \"\\u0000\""),
            NulCharacter,
            "after.no",
        ),
        (
            row("\"no\": 17", &format!("\"no\": \"{long}\"")),
            TooLong,
            "after.no",
        ),
        (
            row("\"no\": 17", "\"no\": 17, \"no\": 18"),
            InvalidValue,
            "after.no",
        ),
        (row("SENT", "sold"), InvalidValue, "after.status"),
        (row("\"SENT\"", "[]"), WrongType, "after.status"),
        (row("\"12.50\"", "\"free\""), InvalidValue, "after.sum"),
        (row("\"12.50\"", "1e14"), InvalidValue, "after.sum"),
        (row("\"12.50\"", "true"), WrongType, "after.sum"),
        (
            row("\"buyer\": 5", "\"buyer\": false"),
            WrongType,
            "after.buyer",
        ),
        (
            row("\"changed\"", "\"created_at\": \"soon\", \"x\""),
            InvalidValue,
            "after.created_at",
        ),
        (
            row("\"changed\"", "\"created_at\": -5, \"x\""),
            TimeOutOfRange,
            "after.created_at",
        ),
        (
            row("\"changed\"", "\"items\": -5, \"x\""),
            InvalidValue,
            "after.items",
        ),
    ] {
        let expected = Err((reason, field.to_owned()));
        assert_eq!(read(&debezium, &sent(&payload)), expected, "{payload}");
    }

    let customer = Feed::id("id").mapping(Entity::Customer, Format::Upsert);
    for (payload, field) in [
        (r#"{"id": 1, "country": "Iran"}"#, "country"),
        (r#"{"id": 1, "clv_currency": "€"}"#, "clv_currency"),
        (r#"{"id": 1, "version": -1}"#, "version"),
        (r#"{"id": 1, "valid_from": "x"}"#, "valid_from"),
    ] {
        let expected = Err((InvalidValue, field.to_owned()));
        assert_eq!(read(&customer, &sent(payload)), expected, "{payload}");
    }
    let identity = Feed::id("value").mapping(Entity::Identity, Format::Upsert);
    let nameless = read(&identity, &sent(r#"{"value": "v", "customer_id": "c"}"#));
    assert_eq!(nameless, Err((MissingField, "identity_type".into())));
}

#[test]
fn a_message_never_holds_the_value() {
    let mapping = orders().mapping(Entity::Order, Format::Upsert);
    for payload in [
        r#"{"no": 1, "status": "secret"}"#,
        r#"{"no": 1, "sum": "secret"}"#,
        r#"{"no": 1, "created_at": "secret"}"#,
        r#"{"no": 1, "version": "secret"}"#,
        r#"{"no": 1, "deleted": "secret"}"#,
    ] {
        let record = RawRecord {
            offset: 1,
            time: KAFKA_TIME,
            key: b"",
            payload: Some(payload.as_bytes()),
            headers: Vec::new(),
        };
        let error = mapping.decode(&record, &Limits::default()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
