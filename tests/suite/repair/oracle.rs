//! The story from its beginning up to a moment, by one who sees everything sorted.

use std::collections::BTreeMap;

use sada::feedback::{Feedback, Millis};
use sada::odata::{Change, Delivery, Entity, Facts, Identity, Joined, Status};

use super::{HOUR, Told};

/// What is true at a moment, told from the beginning: every change in the order of its time, of equal
/// ones in the order of version and offset, replaces what was true of its entity.
pub fn oracle(feedback: &Feedback, all: &[Told]) -> Joined {
    let (at, tenant) = (feedback.created_at, &feedback.tenant);
    let mut story: Vec<&Told> = all.iter().filter(|t| t.change.tenant == *tenant).collect();
    story.sort_by_key(|t| (t.change.valid_from, t.change.version, t.offset));
    // What was overruled by another record of the same moment was never true.
    let mut true_ones: Vec<&Change> = Vec::new();
    for told in story {
        let key = |c: &Change| (name(c), c.valid_from);
        true_ones.retain(|known| key(known) != key(&told.change));
        true_ones.push(&told.change);
    }
    let mut now: BTreeMap<(Entity, String), &Change> = BTreeMap::new();
    for change in true_ones.iter().filter(|c| c.valid_from <= at) {
        now.insert(name(change), change);
    }
    let state = |entity: Entity, id: &str| {
        let found = now.get(&(entity, id.to_owned()))?;
        (!found.deleted).then_some(&found.facts)
    };

    let mut joined = Joined::default();
    let said = &feedback.references;
    let trigger = |kind: &str| match &said.trigger {
        Some((of, id)) if of == kind => id.clone(),
        _ => String::new(),
    };
    let first_of = |a: &String, b: String| if a.is_empty() { b } else { a.clone() };
    let order_id = first_of(&said.order_id, trigger("order"));
    let ticket_id = first_of(&said.ticket_id, trigger("ticket"));
    let status = |id: &str, found: bool| match (id.is_empty(), found) {
        (true, _) => Status::None,
        (false, true) => Status::Hit,
        (false, false) => Status::Miss,
    };
    let mut owner = String::new();
    let order = state(Entity::Order, &order_id);
    joined.order = status(&order_id, order.is_some());
    if let Some(Facts::Order(order)) = order {
        owner = first_of(&owner, order.customer_id.clone());
        joined.order_status = order.status.clone();
        joined.order_total = order.total;
        joined.order_currency = order.currency.clone();
    }
    let ticket = state(Entity::Ticket, &ticket_id);
    joined.ticket = status(&ticket_id, ticket.is_some());
    if let Some(Facts::Ticket(ticket)) = ticket {
        owner = first_of(&owner, ticket.customer_id.clone());
        joined.ticket_status = ticket.status.clone();
        joined.ticket_reopens = ticket.reopens;
    }
    let session = state(Entity::Session, &said.session_id);
    joined.session = status(&said.session_id, session.is_some());
    if let Some(Facts::Session(session)) = session {
        owner = first_of(&owner, session.customer_id.clone());
        let began = session.checkout_at.or(session.cart_at);
        let placed = match state(Entity::Order, &session.order_id) {
            Some(Facts::Order(order)) => order.created_at,
            _ => None,
        };
        joined.checkout_abandoned = match (began, session.order_id.as_str(), placed) {
            (None, _, _) => None,
            (Some(began), "", _) => (at >= began + HOUR).then_some(true),
            (Some(began), _, Some(placed)) => Some(placed > began + HOUR),
            (Some(_), _, None) => Some(false),
        };
    }
    let shipment = trigger("delivery");
    let mut deliveries: Vec<(Millis, &String, &Delivery)> = Vec::new();
    for change in now.values().filter(|c| !c.deleted) {
        if let Facts::Delivery(delivery) = &change.facts {
            let is_it = match shipment.as_str() {
                "" => !order_id.is_empty() && delivery.order_id == order_id,
                named => change.id == named,
            };
            if is_it {
                deliveries.push((change.valid_from, &change.id, delivery));
            }
        }
    }
    deliveries.sort_by_key(|d| (d.0, d.1));
    let named = first_of(&shipment, order_id.clone());
    joined.delivery = status(&named, !deliveries.is_empty());
    if let Some((_, _, delivery)) = deliveries.last() {
        let day = |t: Millis| t.div_euclid(24 * HOUR);
        joined.delivery_status = delivery.status.clone();
        joined.days_late = match (delivery.promised_at, delivery.delivered_at) {
            (Some(promised), Some(delivered)) => Some((day(delivered) - day(promised)) as i32),
            (Some(promised), None) if at > promised => Some((day(at) - day(promised)) as i32),
            _ => None,
        };
    }

    // Who it is.
    let speaker = &feedback.customer;
    let mut id = speaker.id.clone();
    if id.is_empty() {
        for (kind, value) in &speaker.identities {
            let key = (Entity::Identity, format!("{kind}={value}"));
            let owner = match now.get(&key) {
                Some(known) => (!known.deleted).then_some(&known.facts),
                // Linked later: to whom first.
                None => {
                    let later = true_ones.iter().filter(|c| name(c) == key && !c.deleted);
                    later.min_by_key(|c| c.valid_from).map(|c| &c.facts)
                }
            };
            if let Some(Facts::Identity(Identity { customer_id, .. })) = owner {
                id = first_of(&id, customer_id.clone());
            }
        }
        id = first_of(&id, owner);
    }
    if id.is_empty() {
        if !speaker.identities.is_empty() {
            joined.customer = Status::Miss;
        }
        return joined;
    }
    loop {
        let Some(Facts::Customer(found)) = state(Entity::Customer, &id) else {
            joined.customer = Status::Miss;
            break;
        };
        if found.merged_into.is_empty() || joined.merged.len() == 4 {
            joined.customer = Status::Hit;
            joined.segment = found.segment.clone();
            joined.persona = found.persona.clone();
            joined.tier = found.tier.clone();
            joined.plan = found.plan.clone();
            joined.country = found.country.clone();
            joined.clv = found.clv;
            joined.clv_currency = found.clv_currency.clone();
            break;
        }
        joined.merged.push(id);
        id = found.merged_into.clone();
    }
    joined.customer_id = id;
    joined
}

/// Which entity a change is of.
pub fn name(change: &Change) -> (Entity, String) {
    match &change.facts {
        Facts::Identity(identity) => (Entity::Identity, format!("{}={}", identity.kind, change.id)),
        _ => (change.entity(), change.id.clone()),
    }
}
