//! Every format, its encodings, and each kind of bad record.

use std::collections::BTreeMap;

use super::*;
use crate::odata::{Customer, Delivery, Identity, Order, Session, Ticket};

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

// Upserts

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

// All fields

#[test]
fn every_field_of_every_entity_is_read() {
    let mapping = |entity| Feed::default().mapping(entity, Format::CloudEvents);
    let event = |entity: Entity, data: &str| {
        format!(
            r#"{{"specversion": "1.0", "id": "e", "source": "/shop", "type": "cx.odata.{entity}.v1",
            "time": "2026-05-01T12:30:00Z", "tenantid": "acme", "version": 9, "data": {data}}}"#
        )
    };
    let at = Some(MOMENT);
    let time = "1777638600";
    let text = str::to_owned;
    let data = format!(
        r#"{{"customer_id": "c", "created_at": {time}, "segment": "s", "persona": "p", "tier": "t",
        "plan": "pl", "country": "ir", "locale": "fa-IR", "clv": {{"amount": "10", "currency": "irr"}},
        "lifecycle": "Active", "churned_at": {time}, "merged_into": 7}}"#
    );
    let customer = Facts::Customer(Customer {
        created_at: at,
        segment: text("s"),
        persona: text("p"),
        tier: text("t"),
        plan: text("pl"),
        country: text("IR"),
        locale: text("fa-IR"),
        clv: Some(100_000),
        clv_currency: text("IRR"),
        lifecycle: text("active"),
        churned_at: at,
        merged_into: text("7"),
    });
    let mut told = vec![(Entity::Customer, data, customer, "c")];
    let data = format!(
        r#"{{"order_id": "o", "customer_id": "c", "status": "partially_refunded", "created_at": {time},
        "currency": "EUR", "total": 5, "items": 3, "payment_method": "card", "coupon": "x",
        "refund_amount": 1.5}}"#
    );
    let order = Facts::Order(Order {
        customer_id: text("c"),
        status: text("partially_refunded"),
        created_at: at,
        currency: text("EUR"),
        total: Some(50_000),
        items: 3,
        payment_method: text("card"),
        coupon: text("x"),
        refund_amount: Some(15_000),
    });
    told.push((Entity::Order, data, order, "o"));
    let data = format!(
        r#"{{"ticket_id": "t", "customer_id": "c", "status": "hold", "priority": "urgent",
        "type": "incident", "channel": "email", "created_at": {time}, "first_reply_at": {time},
        "solved_at": {time}, "reopens": 1, "agent_replies": 2, "handoffs": 3, "group_id": 4,
        "assignee_id": "a", "sla": {{"status": "missed"}}}}"#
    );
    let ticket = Facts::Ticket(Ticket {
        customer_id: text("c"),
        status: text("hold"),
        priority: text("urgent"),
        kind: text("incident"),
        channel: text("email"),
        created_at: at,
        first_reply_at: at,
        solved_at: at,
        reopens: Some(1),
        agent_replies: Some(2),
        handoffs: Some(3),
        group_id: text("4"),
        assignee_id: text("a"),
        sla_status: text("missed"),
    });
    told.push((Entity::Ticket, data, ticket, "t"));
    let data = format!(
        r#"{{"session_id": "s", "customer_id": "c", "anonymous_id": "a", "started_at": {time},
        "ended_at": {time}, "device": "phone", "cart_at": {time}, "checkout_at": {time},
        "checkout_step": "payment", "order_id": "o"}}"#
    );
    let session = Facts::Session(Session {
        customer_id: text("c"),
        anonymous_id: text("a"),
        started_at: at,
        ended_at: at,
        device: text("phone"),
        cart_at: at,
        checkout_at: at,
        checkout_step: text("payment"),
        order_id: text("o"),
    });
    told.push((Entity::Session, data, session, "s"));
    let data = format!(
        r#"{{"shipment_id": "p", "order_id": "o", "carrier": "post", "status": "failed_attempt",
        "promised_at": {time}, "delivered_at": {time}, "attempts": 2}}"#
    );
    let delivery = Facts::Delivery(Delivery {
        order_id: text("o"),
        carrier: text("post"),
        status: text("failed_attempt"),
        promised_at: at,
        delivered_at: at,
        attempts: Some(2),
    });
    told.push((Entity::Delivery, data, delivery, "p"));
    let data = text(r#"{"identity_type": "device_id", "identity_value": "d", "customer_id": "c"}"#);
    let identity = Facts::Identity(Identity {
        kind: text("device_id"),
        customer_id: text("c"),
    });
    told.push((Entity::Identity, data, identity, "d"));

    for (entity, data, facts, id) in told {
        let expected = Change {
            tenant: "acme".into(),
            id: id.into(),
            valid_from: MOMENT,
            version: 9,
            deleted: false,
            facts,
        };
        assert_eq!(change(&mapping(entity), &event(entity, &data)), expected);
    }
}

// CloudEvents

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

// Debezium

/// An event of a table of orders without a schema.
fn event(op: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"before": {before}, "after": {after}, "op": "{op}", "ts_ms": 1777638600999,
        "source": {{"connector": "postgresql", "ts_ms": 1777638600000, "ts_us": 1777638600000001,
        "ts_ns": 1777638600000001002, "lsn": 24023128, "table": "orders"}}, "transaction": null}}"#
    )
}

const ROW: &str =
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

// RudderStack

#[test]
fn calls_link_identities() {
    let mapping = Feed::default().mapping(Entity::Identity, Format::RudderStack);
    let call = |kind: &str, ids: &str| {
        format!(
            r#"{{"type": "{kind}", {ids}, "traits": {{"email": "sara@example.com"}},
            "timestamp": "2026-05-01T12:30:00Z", "originalTimestamp": "2026-05-01T00:00:00Z"}}"#
        )
    };
    let linked = |payload: &str| {
        let told = change(&mapping, payload);
        assert_eq!((told.valid_from, told.version), (MOMENT, KAFKA_TIME as u64));
        let Facts::Identity(identity) = told.facts else {
            panic!("an identity")
        };
        (identity.kind, told.id, identity.customer_id)
    };
    let owned = |(a, b, c): (&str, &str, &str)| (a.to_owned(), b.to_owned(), c.to_owned());
    let identify = call("identify", r#""anonymousId": "a-1", "userId": "c-1""#);
    assert_eq!(linked(&identify), owned(("anonymous_id", "a-1", "c-1")));
    let alias = call(
        "alias",
        r#""previousId": "c-0", "userId": "c-1", "anonymousId": "a-1""#,
    );
    assert_eq!(linked(&alias), owned(("user_id", "c-0", "c-1")));
    let first = call(
        "alias",
        r#""previousId": "a-1", "userId": "c-1", "anonymousId": "a-1""#,
    );
    assert_eq!(linked(&first), owned(("anonymous_id", "a-1", "c-1")));

    for nothing in [
        call("track", r#""anonymousId": "a-1", "userId": "c-1""#),
        call("identify", r#""anonymousId": "a-1", "userId": null"#),
        call("identify", r#""userId": "c-1""#),
    ] {
        assert_eq!(read(&mapping, &sent(&nothing)), Ok(None));
    }
    let fault = |payload: &str| read(&mapping, &sent(payload)).unwrap_err();
    assert_eq!(fault("{}"), (Reason::MissingField, "type".into()));
    let wrong = identify.replace("\"c-1\"", "5");
    assert_eq!(fault(&wrong), (Reason::WrongType, "userId".into()));

    let merges = Feed::default().mapping(Entity::Customer, Format::RudderStack);
    assert_eq!(read(&merges, &sent(&identify)), Ok(None));
    let told = change(&merges, &alias);
    let Facts::Customer(customer) = told.facts else {
        panic!("a customer")
    };
    assert_eq!((&*told.id, &*customer.merged_into), ("c-0", "c-1"));
}

// Feeds

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
