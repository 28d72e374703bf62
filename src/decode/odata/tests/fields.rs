//! Every field of every entity.

use super::*;

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
