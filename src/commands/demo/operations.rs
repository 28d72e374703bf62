//! What happened to the demo's customers, beside what they say: orders and their deliveries,
//! support tickets, visits, as shop and desk would send it.
//!
//! It fits what is said: who complains of the shop has waited for a parcel, mostly, who complains of
//! the app came to no order, who complains of a line or an account has a ticket that was opened
//! again. And some of it comes late: the tables are told of an order in four only when the feedback
//! is there.

use std::ops::RangeInclusive;

use fastrand::Rng;
use serde_json::{Value, json};

use super::business::Business;
use super::record::{HOUR, MINUTE, Record, time};
use crate::feedback::Millis;
use crate::odata::Entity;

const DAY: Millis = 24 * HOUR;
/// Of so many orders one comes late.
const ONE_LATE_OF: usize = 4;
/// Days that parcels are late, for ratings 1 to 5, and of one in eight whatever the rating.
const LATE: [RangeInclusive<i64>; 5] = [4..=14, 1..=7, 0..=3, -2..=1, -3..=0];
const ANY: RangeInclusive<i64> = -3..=10;
const CARRIERS: [&str; 3] = ["Post", "Swift", "Van & Son"];

/// A record of O-data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// What it is about: decides on the topic.
    pub(super) entity: Entity,
    /// The record.
    pub(super) record: Record,
    /// It is to be sent after the feedback.
    pub(super) late: bool,
}

/// What an item of feedback is about; names are empty where there is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Subject {
    pub(super) order: String,
    pub(super) ticket: String,
    pub(super) session: String,
}

/// An item of feedback to which something happened.
pub(super) struct Item<'i> {
    /// Part of all names.
    pub(super) number: usize,
    /// When it is said.
    pub(super) at: Millis,
    /// Who says it.
    pub(super) customer: &'i str,
    /// What about.
    pub(super) about: Business,
    /// How content the customer is, 1 to 5.
    pub(super) rating: u8,
}

/// What happened before an item was said, and how the item names it.
pub(super) fn happened(item: &Item<'_>, rng: &mut Rng) -> (Subject, Vec<Told>) {
    let name = |kind: &str| format!("{kind}{}", item.number);
    let mut subject = Subject::default();
    let mut told = match item.about {
        Business::Shop => {
            subject.order = name("A");
            shipped(item, &subject.order, rng)
        }
        Business::App => {
            subject.session = name("V");
            if item.rating > 2 {
                subject.order = name("A");
            }
            visited(item, &subject, rng)
        }
        Business::Telco | Business::Bank => {
            subject.ticket = name("T");
            asked(item, &subject.ticket, rng)
        }
        Business::Hotel => Vec::new(),
    };
    let late = !subject.order.is_empty() && item.number.is_multiple_of(ONE_LATE_OF);
    told.iter_mut().for_each(|told| told.late = late);
    (subject, told)
}

/// An order from the shop and its parcel.
fn shipped(item: &Item<'_>, order: &str, rng: &mut Rng) -> Vec<Told> {
    let usual = LATE.get(usize::from(item.rating.clamp(1, 5)) - 1);
    let range = match rng.u8(..8) {
        0 => ANY,
        _ => usual.cloned().unwrap_or(ANY),
    };
    let days = rng.i64(range);
    // A very angry customer may still be waiting.
    let is_waiting = days > 3 && item.rating == 1 && rng.u8(..3) == 0;
    let arrived = item.at - rng.i64(HOUR..20 * HOUR);
    let promised = if is_waiting { item.at } else { arrived } - days * DAY;
    let sent = promised.min(arrived) - rng.i64(DAY..2 * DAY);
    let ordered = sent - rng.i64(2 * HOUR..DAY);
    let delivery = |at: Millis, status: &str, delivered: Option<Millis>| {
        let shipment = format!("P-{order}");
        let data = json!({
            "shipment_id": shipment,
            "order_id": order,
            "carrier": CARRIERS[item.number % CARRIERS.len()],
            "status": status,
            "promised_at": time(promised),
            "delivered_at": delivered.map(time),
            "attempts": u8::from(delivered.is_some()),
        });
        change(Entity::Delivery, &shipment, at, data)
    };
    let bought = bought(item, order, ordered, rng);
    let mut told = vec![
        bought("paid", ordered),
        bought("shipped", sent),
        delivery(sent, "in_transit", None),
    ];
    if !is_waiting {
        told.push(bought("delivered", arrived));
        told.push(delivery(arrived, "delivered", Some(arrived)));
    }
    told
}

/// A visit to the app; one that went well came to an order.
fn visited(item: &Item<'_>, subject: &Subject, rng: &mut Rng) -> Vec<Told> {
    let started = item.at - rng.i64(2 * HOUR..5 * HOUR);
    let checkout = started + rng.i64(2..30) * MINUTE;
    let paid = checkout + 2 * MINUTE;
    let mut data = json!({
        "session_id": subject.session,
        "customer_id": item.customer,
        "started_at": time(started),
        "device": "phone",
        "cart_at": time(checkout - MINUTE),
        "checkout_at": time(checkout),
        "checkout_step": "payment",
    });
    let visit = change(Entity::Session, &subject.session, checkout, data.clone());
    if subject.order.is_empty() {
        return vec![visit];
    }
    data["order_id"] = json!(subject.order);
    data["checkout_step"] = json!("done");
    vec![
        visit,
        bought(item, &subject.order, paid, rng)("paid", paid),
        change(Entity::Session, &subject.session, paid, data),
    ]
}

/// A ticket at the desk: solved, or open again.
fn asked(item: &Item<'_>, ticket: &str, rng: &mut Rng) -> Vec<Told> {
    let opened = item.at - rng.i64(DAY..4 * DAY);
    let version = |at: Millis, status: &str, reopens: u8| {
        let data = json!({
            "ticket_id": ticket,
            "customer_id": item.customer,
            "status": status,
            "priority": if item.rating == 1 { "high" } else { "normal" },
            "type": "problem",
            "channel": "chat",
            "created_at": time(opened),
            "solved_at": (status == "solved").then(|| time(at)),
            "reopens": reopens,
        });
        change(Entity::Ticket, ticket, at, data)
    };
    let last = item.at - rng.i64(HOUR..12 * HOUR);
    let last = match item.rating {
        ..=2 => version(last, "open", rng.u8(1..=3)),
        _ => version(last, "solved", 0),
    };
    vec![version(opened, "new", 0), last]
}

/// Versions of an order: status, and since when it has that.
fn bought(
    item: &Item<'_>,
    order: &str,
    placed: Millis,
    rng: &mut Rng,
) -> impl Fn(&str, Millis) -> Told {
    let data = json!({
        "order_id": order,
        "customer_id": item.customer,
        "created_at": time(placed),
        "currency": "EUR",
        "total": format!("{}.{:02}", rng.u32(9..400), rng.u32(..100)),
        "payment_method": "card",
    });
    move |status, since| {
        let mut data = data.clone();
        data["status"] = json!(status);
        let order = data["order_id"].as_str().unwrap_or_default().to_owned();
        change(Entity::Order, &order, since, data)
    }
}

/// An event that tells of a version.
pub(super) fn change(entity: Entity, id: &str, since: Millis, data: Value) -> Told {
    let event = json!({
        "specversion": "1.0",
        "id": format!("{entity}-{id}-{since}"),
        "source": "https://erp.example/changes",
        "type": format!("cx.odata.{entity}.v1"),
        "time": time(since),
        "version": since,
        "data": data,
    });
    Told {
        entity,
        record: Record {
            key: format!("default:{id}"),
            headers: Vec::new(),
            payload: Some(event.to_string().into_bytes()),
        },
        late: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odata::join::ABANDONED_AFTER;

    const NOW: Millis = 1_790_000_000_000;

    fn item(number: usize, about: Business, rating: u8) -> Item<'static> {
        Item {
            number,
            at: NOW,
            customer: "c-0001",
            about,
            rating,
        }
    }

    fn data(told: &Told) -> Value {
        let event: Value = serde_json::from_slice(told.record.payload.as_deref().unwrap()).unwrap();
        assert!(event["version"].as_i64().unwrap() < NOW, "{event}");
        event["data"].clone()
    }

    fn at(value: &Value) -> Option<Millis> {
        let time: Option<jiff::Timestamp> = value.as_str().map(|t| t.parse().unwrap());
        time.map(|t| t.as_millisecond())
    }

    /// Mean days late of orders with a rating.
    fn lateness(rating: u8) -> f64 {
        let mut rng = Rng::with_seed(1);
        let days = (0..300).map(|number| {
            let (_, told) = happened(&item(number, Business::Shop, rating), &mut rng);
            let last = told
                .iter()
                .rev()
                .map(data)
                .find(|d| d["shipment_id"] != Value::Null);
            let last = last.unwrap();
            let end = at(&last["delivered_at"]).unwrap_or(NOW);
            ((end - at(&last["promised_at"]).unwrap()) / DAY) as f64
        });
        days.sum::<f64>() / 300.0
    }

    #[test]
    fn the_less_content_the_later_was_the_parcel() {
        let mean: Vec<f64> = (1..=5).map(lateness).collect();
        assert!(mean.is_sorted_by(|a, b| a > b), "{mean:?}");
        assert!(mean[0] > 6.0 && mean[4] < 1.0, "{mean:?}");
    }

    #[test]
    fn what_an_item_names_happened_before_it() {
        let mut rng = Rng::with_seed(2);
        for number in 0..200 {
            for about in [
                Business::Shop,
                Business::App,
                Business::Bank,
                Business::Hotel,
            ] {
                let item = item(number, about, 1 + (number % 5) as u8);
                let (subject, told) = happened(&item, &mut rng);
                for (name, field) in [
                    (&subject.order, "order_id"),
                    (&subject.ticket, "ticket_id"),
                    (&subject.session, "session_id"),
                ] {
                    let is_told = told.iter().any(|t| data(t)[field] == **name);
                    assert_eq!(is_told, !name.is_empty(), "{about:?} {field}");
                }
                assert_eq!(told.is_empty(), about == Business::Hotel);
            }
        }
    }

    #[test]
    fn who_complains_of_the_app_came_to_no_order() {
        let mut rng = Rng::with_seed(3);
        for rating in 1..=5 {
            let (subject, told) = happened(&item(1, Business::App, rating), &mut rng);
            let last = told.last().map(data).unwrap();
            assert_eq!(subject.order.is_empty(), rating <= 2);
            assert_eq!(last["order_id"].is_null(), rating <= 2);
            assert!(NOW - at(&last["checkout_at"]).unwrap() >= ABANDONED_AFTER);
        }
    }

    #[test]
    fn some_orders_come_late_with_all_that_is_about_them() {
        let mut rng = Rng::with_seed(4);
        let late = |number| {
            let (_, told) = happened(&item(number, Business::Shop, 3), &mut rng);
            let of: Vec<bool> = told.iter().map(|t| t.late).collect();
            assert!(of.iter().all(|late| *late == of[0]));
            of[0]
        };
        assert_eq!((0..100).map(late).filter(|late| *late).count(), 25);
    }
}
