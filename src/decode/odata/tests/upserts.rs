//! Upserts: the row as it is.

use super::debezium::event;
use super::*;

#[test]
fn an_upsert_is_the_whole_entity() {
    let mapping = orders().mapping(Entity::Order, Format::Upsert);
    let payload = r#"{"no": 17, "buyer": "c-1", "status": "SENT", "sum": "12.5", "items": [{}, {}],
        "currency": "USD", "note": {"name": "Sara"}, "created_at": "2026-05-01", "version": 3,
        "tenant_id": "acme", "valid_from": 1777638600}"#;
    let expected = Change {
        tenant: "acme".into(),
        id: "17".into(),
        valid_from: MOMENT,
        version: 3,
        deleted: false,
        facts: Facts::Order(Order {
            customer_id: "c-1".into(),
            status: "shipped".into(),
            created_at: Some(MIDNIGHT),
            currency: "EUR".into(),
            total: Some(125_000),
            items: 2,
            ..Order::default()
        }),
    };
    assert_eq!(change(&mapping, payload), expected);
    let wrapped = format!("{{\"schema\": null, \"payload\": {payload}}}");
    assert_eq!(change(&mapping, &wrapped), expected);
    assert_eq!(change(&mapping, &format!("\u{feff}{payload}")), expected);
}

#[test]
fn an_upsert_that_tells_no_times_has_those_of_kafka() {
    let mapping = orders().mapping(Entity::Order, Format::Upsert);
    let told = change(&mapping, r#"{"no": "a", "status": null}"#);
    assert_eq!(
        (told.valid_from, told.version),
        (KAFKA_TIME, KAFKA_TIME as u64)
    );
    assert_eq!(told.tenant, "default");
    assert_eq!(order_of(&told).status, "");
    assert_eq!(read(&mapping, &sent("null")), Ok(None));
}

#[test]
fn an_upsert_may_say_that_it_is_gone() {
    let flattened = orders().field("deleted", "__deleted");
    let mapping = flattened.mapping(Entity::Order, Format::Upsert);
    let told = change(&mapping, r#"{"no": 1, "status": "?", "__deleted": "true"}"#);
    assert!(told.deleted);
    assert_eq!(order_of(&told).status, "");
    assert!(!change(&mapping, r#"{"no": 1, "__deleted": "false"}"#).deleted);
    let usual = orders().mapping(Entity::Order, Format::Upsert);
    assert!(change(&usual, r#"{"no": 1, "deleted": true}"#).deleted);
}

#[test]
fn a_deletion_beside_the_row_of_before_holds_from_when_it_came() {
    let since = |valid_from: &'static str, deleted: &str, payload: &str| {
        let feed = Feed {
            valid_from,
            ..orders().field("deleted", deleted)
        };
        let told = change(&feed.mapping(Entity::Order, Format::Upsert), payload);
        assert_eq!((told.deleted, &*told.tenant), (true, "default"));
        told.valid_from
    };
    let rewritten = r#"{"no": 1, "changed": "2026-05-01", "__deleted": "true",
        "__source_ts_ms": 1777638600000}"#;
    assert_eq!(since("changed", "__deleted", rewritten), KAFKA_TIME);
    assert_eq!(since("", "__deleted", rewritten), KAFKA_TIME);
    assert_eq!(since("__source_ts_ms", "__deleted", rewritten), MOMENT);
    // A row that is kept and marked says itself since when.
    let marked = r#"{"no": 1, "changed": "2026-05-01", "is_gone": true}"#;
    assert_eq!(since("changed", "is_gone", marked), MIDNIGHT);
    // What is not deleted is as the row says.
    let feed = Feed {
        valid_from: "changed",
        ..orders().field("deleted", "__deleted")
    };
    let kept = rewritten.replace("\"true\"", "\"false\"");
    let told = change(&feed.mapping(Entity::Order, Format::Upsert), &kept);
    assert_eq!((told.deleted, told.valid_from), (false, MIDNIGHT));
}

/// What a tombstone with this key deletes.
fn gone(mapping: &Mapping, key: &str) -> Option<Change> {
    let record = RawRecord {
        offset: 1,
        time: KAFKA_TIME,
        key: key.as_bytes(),
        payload: None,
        headers: Vec::new(),
    };
    mapping.decode(&record, &Limits::default()).unwrap()
}

#[test]
fn a_tombstone_deletes_what_its_key_names() {
    let feed = Feed {
        valid_from: "changed",
        ..orders()
    };
    let mapping = feed.mapping(Entity::Order, Format::Upsert);
    for key in [
        "17",
        "\"17\"",
        r#"{"no": 17, "changed": "2026-05-01"}"#,
        r#"{"schema": {"type": "struct"}, "payload": {"no": 17}}"#,
        r#"{"schema": {"type": "string"}, "payload": "17"}"#,
    ] {
        let told = gone(&mapping, key).unwrap();
        assert_eq!((&*told.id, &*told.tenant), ("17", "default"), "{key}");
        assert!(told.deleted);
        let expected = (KAFKA_TIME, KAFKA_TIME as u64);
        assert_eq!((told.valid_from, told.version), expected, "{key}");
    }
    assert_eq!(gone(&mapping, "o-1").unwrap().id, "o-1");
    let own = gone(&mapping, r#"{"no": 17, "tenant_id": "acme"}"#).unwrap();
    assert_eq!(own.tenant, "acme");
    let long = "x".repeat(300);
    for key in ["", "null", "[17]", "{\"id\": 17}", "{\"no\": 17", &long] {
        assert_eq!(gone(&mapping, key), None, "{key}");
    }
    let tenants = Feed {
        tenant: "shop",
        ..orders()
    };
    let mapping = tenants.mapping(Entity::Order, Format::Upsert);
    assert_eq!(gone(&mapping, "17"), None, "nobody knows whose");
    let named = gone(&mapping, r#"{"no": 17, "shop": "acme"}"#).unwrap();
    assert_eq!(named.tenant, "acme");
    // Those of other formats follow a deletion.
    for format in [Format::Debezium, Format::CloudEvents] {
        assert_eq!(gone(&orders().mapping(Entity::Order, format), "17"), None);
    }
    let identity = Feed::id("value").mapping(Entity::Identity, Format::Upsert);
    assert_eq!(gone(&identity, "d-1"), None, "of which type?");
    let one_type = Feed::id("value").field("identity_type", "=device_id");
    let one_type = one_type.mapping(Entity::Identity, Format::Upsert);
    assert!(gone(&one_type, "d-1").unwrap().deleted);
}

#[test]
fn the_deletion_of_an_identity_names_its_type() {
    let mapping = Feed::id("identity_value").mapping(Entity::Identity, Format::Debezium);
    let payload = event("d", "null", "null");
    let keyed = |key| {
        let sent = Sent {
            key,
            ..sent(&payload)
        };
        read(&mapping, &sent)
    };
    let key = r#"{"identity_type": "device_id", "identity_value": "d"}"#;
    let told = keyed(key).unwrap().unwrap();
    let expected = Facts::Identity(Identity {
        kind: "device_id".into(),
        customer_id: String::new(),
    });
    assert_eq!((&*told.id, told.facts), ("d", expected));
    let nameless = keyed(r#"{"identity_value": "d"}"#);
    let expected = (Reason::MissingField, "before.identity_type".to_owned());
    assert_eq!(nameless, Err(expected));
}

#[test]
fn a_field_that_is_mapped_to_nothing_is_not_read() {
    let feed = orders()
        .field("status", "")
        .field("coupon", "extra.coupon.code");
    let mapping = feed.mapping(Entity::Order, Format::Upsert);
    let payload = r#"{"no": 1, "status": "?", "extra": "{\"coupon\": {\"code\": \"MAY\"}}"}"#;
    let told = change(&mapping, payload);
    let order = order_of(&told);
    assert_eq!((&*order.status, &*order.coupon), ("", "MAY"));
}
