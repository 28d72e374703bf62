//! Debezium: operations, clocks, encodings.

use super::*;

/// An event of a table of orders without a schema.
pub(super) fn event(op: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"before": {before}, "after": {after}, "op": "{op}", "ts_ms": 1777638600999,
        "source": {{"connector": "postgresql", "ts_ms": 1777638600000, "ts_us": 1777638600000001,
        "ts_ns": 1777638600000001002, "lsn": 24023128, "table": "orders"}}, "transaction": null}}"#
    )
}

pub(super) const ROW: &str =
    r#"{"no": 17, "buyer": 5, "status": "SENT", "sum": "12.50", "changed": 1777593600000000}"#;

#[test]
fn changes_of_all_operations() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    for op in ["c", "u", "r"] {
        let told = change(&mapping, &event(op, "null", ROW));
        assert_eq!(
            (&*told.id, told.valid_from, told.version),
            ("17", MOMENT, 24_023_128)
        );
        assert!(!told.deleted);
        let order = order_of(&told);
        assert_eq!((&*order.customer_id, &*order.status), ("5", "shipped"));
        assert_eq!((order.total, &*order.currency), (Some(125_000), "EUR"));
    }
    let told = change(&mapping, &event("d", ROW, "null"));
    assert!(told.deleted);
    assert_eq!((&*told.id, told.valid_from), ("17", MOMENT));
    assert_eq!(order_of(&told).status, "shipped");
}

#[test]
fn a_column_says_since_when_except_of_a_deletion() {
    let feed = Feed {
        valid_from: "changed",
        version: "changed",
        ..orders()
    };
    let mapping = feed.mapping(Entity::Order, Format::Debezium);
    for op in ["c", "u", "r"] {
        let told = change(&mapping, &event(op, "null", ROW));
        let expected = (MIDNIGHT, 1_777_593_600_000_000);
        assert_eq!((told.valid_from, told.version), expected, "{op}");
    }
    assert_eq!(
        change(&mapping, &event("d", ROW, "null")).valid_from,
        MOMENT
    );
}

#[test]
fn a_deletion_may_tell_its_key_alone() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    // What is not known and not null is filled with anything.
    let key_only = r#"{"no": 17, "buyer": 0, "status": "", "sum": "", "changed": 0}"#;
    let told = change(&mapping, &event("d", key_only, "null"));
    assert_eq!((&*told.id, told.deleted), ("17", true));
    assert_eq!(order_of(&told).total, None);
    for key in [
        r#"{"no": 17}"#,
        r#"{"schema": {"type": "struct"}, "payload": {"no": 17}}"#,
    ] {
        let payload = event("d", "null", "null");
        let keyed = Sent {
            key,
            ..sent(&payload)
        };
        let told = read(&mapping, &keyed).unwrap().unwrap();
        assert_eq!(
            (&*told.id, told.deleted, told.valid_from),
            ("17", true, MOMENT)
        );
    }
    let lost = read(&mapping, &sent(&event("d", "null", "null")));
    assert_eq!(lost, Err((Reason::MissingField, "before.no".into())));

    let tenants = Feed {
        tenant: "shop",
        ..orders()
    };
    let mapping = tenants.mapping(Entity::Order, Format::Debezium);
    let lost = read(&mapping, &sent(&event("d", key_only, "null")));
    assert_eq!(lost, Err((Reason::MissingField, "before.shop".into())));
}

#[test]
fn versions_go_by_the_best_clock_there_is() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    let version = |removed: &[&str]| {
        let mut payload = event("u", "null", ROW);
        for name in removed {
            payload = payload.replace(&format!("\"{name}\":"), &format!("\"no_{name}\":"));
        }
        change(&mapping, &payload).version
    };
    assert_eq!(version(&[]), 24_023_128);
    assert_eq!(version(&["lsn"]), 1_777_638_600_000_001_002);
    assert_eq!(version(&["lsn", "ts_ns"]), 1_777_638_600_000_001_000);
    assert_eq!(
        version(&["lsn", "ts_ns", "ts_us"]),
        1_777_638_600_000_000_000
    );
    let kafka = KAFKA_TIME as u64 * 1_000_000;
    assert_eq!(version(&["lsn", "ts_ns", "ts_us", "ts_ms"]), kafka);
    let without = event("u", "null", ROW).replace("\"source\":", "\"x\":");
    assert_eq!(change(&mapping, &without).valid_from, KAFKA_TIME);
}

/// An event with its schema, as Debezium's converter writes it.
fn with_schema(columns: &[(&str, &str, &str)], after: &str) -> String {
    let fields: Vec<String> = columns
        .iter()
        .map(|(column, name, parameters)| {
            format!(
                r#"{{"type": "x", "optional": true, "name": "{name}", "version": 1,
                "parameters": {parameters}, "default": 0, "field": "{column}"}}"#
            )
        })
        .collect();
    let row = |field: &str| {
        let fields = fields.join(", ");
        format!(
            r#"{{"type": "struct", "fields": [{fields}], "optional": true, "field": "{field}"}}"#
        )
    };
    let (before, of_after) = (row("before"), row("after"));
    let event = event("u", "null", after);
    format!(
        r#"{{"schema": {{"type": "struct", "name": "shop.public.orders.Envelope", "fields": [{before}, {of_after},
        {{"type": "string", "optional": false, "field": "op"}}]}}, "payload": {event}}}"#
    )
}

#[test]
fn encodings_by_the_schema() {
    let feed = Feed::id("no")
        .field("items", "lines")
        .field("coupon", "extra.coupon");
    let mapping = feed.mapping(Entity::Order, Format::Debezium);
    for (name, value) in [
        ("io.debezium.time.Date", "20574"),
        ("org.apache.kafka.connect.data.Date", "20574"),
        ("io.debezium.time.Timestamp", "1777593600000"),
        ("org.apache.kafka.connect.data.Timestamp", "1777593600000"),
        ("io.debezium.time.MicroTimestamp", "1777593600000000"),
        ("io.debezium.time.NanoTimestamp", "1777593600000000000"),
        (
            "io.debezium.time.ZonedTimestamp",
            "\"2026-05-01T00:00:00.000000Z\"",
        ),
        ("io.debezium.time.IsoDate", "\"2026-05-01Z\""),
    ] {
        let columns = [
            ("no", "", "{}"),
            ("created_at", name, "{}"),
            (
                "total",
                "org.apache.kafka.connect.data.Decimal",
                r#"{"scale": "2", "connect.decimal.precision": "10"}"#,
            ),
            (
                "refund_amount",
                "io.debezium.data.VariableScaleDecimal",
                "{}",
            ),
            ("lines", "io.debezium.data.Json", "{}"),
            ("extra", "io.debezium.data.Json", "{}"),
        ];
        let after = format!(
            r#"{{"no": 17, "created_at": {value}, "total": "AeJA", "lines": "[1, 2]",
            "refund_amount": {{"scale": 1, "value": "Dw=="}}, "extra": "{{\"coupon\": \"MAY\"}}"}}"#
        );
        let told = change(&mapping, &with_schema(&columns, &after));
        let order = order_of(&told);
        assert_eq!(order.created_at, Some(MIDNIGHT), "{name}");
        assert_eq!(
            (order.total, order.refund_amount),
            (Some(12_345_600), Some(15_000))
        );
        assert_eq!((order.items, &*order.coupon), (2, "MAY"));
    }
    let columns = [(
        "total",
        "org.apache.kafka.connect.data.Decimal",
        r#"{"scale": "0"}"#,
    )];
    let too_much = r#"{"no": 17, "total": "AH////////8="}"#;
    let refused = read(&mapping, &sent(&with_schema(&columns, too_much)));
    assert_eq!(
        refused,
        Err((Reason::InvalidValue, "payload.after.total".into()))
    );
}

#[test]
fn what_a_change_did_not_touch_is_not_told() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    let row = r#"{"no": 17, "coupon": "__debezium_unavailable_value", "status": "__debezium_unavailable_value"}"#;
    let told = change(&mapping, &event("u", "null", row));
    let order = order_of(&told);
    assert_eq!((&*order.coupon, &*order.status), ("", ""));
}

#[test]
fn markers_after_a_deletion_tell_nothing() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    for payload in ["null", r#"{"schema": null, "payload": null}"#] {
        assert_eq!(read(&mapping, &sent(payload)), Ok(None));
    }
}

#[test]
fn a_key_that_was_changed_is_a_deletion_and_a_creation() {
    let mapping = orders().mapping(Entity::Order, Format::Debezium);
    let gone = change(&mapping, &event("d", r#"{"no": 17}"#, "null"));
    let new = change(&mapping, &event("c", "null", r#"{"no": 18}"#));
    assert_eq!(
        (&*gone.id, gone.deleted, &*new.id, new.deleted),
        ("17", true, "18", false)
    );
}
