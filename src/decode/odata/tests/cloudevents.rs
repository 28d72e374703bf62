//! CloudEvents, binary and structured.

use super::*;

#[test]
fn an_event_comes_in_both_envelopes() {
    let mapping = Feed::default().mapping(Entity::Order, Format::CloudEvents);
    let data = r#"{"order_id": "o", "status": "paid", "valid_from": "2026-05-01"}"#;
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", "e"),
        ("ce_source", "/shop"),
        ("ce_type", "cx.odata.order.v1"),
        ("ce_time", "2026-05-01T12:30:00Z"),
        ("ce_tenantid", "acme"),
        ("ce_deleted", "true"),
    ];
    let binary = Sent {
        headers: &headers,
        ..sent(data)
    };
    let told = read(&mapping, &binary).unwrap().unwrap();
    let structured = format!(
        r#"{{"specversion": "1.0", "id": "e", "source": "/shop", "type": "cx.odata.order.v1",
        "time": "2026-05-01T12:30:00Z", "tenant_id": "acme", "deleted": true, "data": {data}}}"#
    );
    assert_eq!(change(&mapping, &structured), told);
    assert_eq!(
        (told.valid_from, told.version),
        (MIDNIGHT, KAFKA_TIME as u64)
    );
    assert!(told.deleted);
    assert_eq!(order_of(&told).status, "paid");

    // Facts that can't be read are left out where the entity is gone, and refused where it is not.
    let alive = structured.replace("\"deleted\": true, ", "");
    let fault = |from: &str, to: &str| read(&mapping, &sent(&alive.replace(from, to))).unwrap_err();
    let expect = |reason, field: &str| (reason, field.to_owned());
    assert_eq!(
        fault("order.v1", "ticket.v1"),
        expect(Reason::UnknownKind, "type")
    );
    assert_eq!(
        fault("\"id\": \"e\", ", ""),
        expect(Reason::MissingField, "id")
    );
    assert_eq!(
        fault("\"1.0\"", "\"0.3\""),
        expect(Reason::InvalidValue, "specversion")
    );
    assert_eq!(
        fault("\"data\"", "\"dada\""),
        expect(Reason::MissingField, "data")
    );
    assert_eq!(
        fault("\"paid\"", "\"sold\""),
        expect(Reason::InvalidValue, "data.status")
    );
    assert_eq!(
        fault("\"o\"", "\"\""),
        expect(Reason::InvalidValue, "data.order_id")
    );
    let mut other = headers;
    other[3].1 = "cx.review.v1";
    let other = Sent {
        headers: &other,
        ..sent(data)
    };
    let refused = read(&mapping, &other);
    assert_eq!(refused, Err(expect(Reason::UnknownKind, "ce_type")));
}
