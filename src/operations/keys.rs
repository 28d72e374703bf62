//! Keys of the index. What is the index's own comes first, then entities by kind, tenant and
//! identifier: neighbours in a feed are mostly neighbours here.

use crate::odata::{Change, Entity, Facts};

/// Which configuration the index was made under.
pub const MADE_UNDER: &[u8] = &[0];
/// Which erasures the index was held against.
pub const ERASED: &[u8] = &[2];
/// First byte of a partition's position.
pub const POSITION: u8 = 1;
/// First byte of shipments.
pub const DELIVERY: u8 = 20;
/// First byte of orders, which hold their shipments, too.
pub const ORDER: u8 = 21;

fn kind(entity: Entity) -> u8 {
    match entity {
        Entity::Customer => 16,
        Entity::Identity => 17,
        Entity::Ticket => 18,
        Entity::Session => 19,
        Entity::Delivery => DELIVERY,
        Entity::Order => ORDER,
    }
}

/// Key of an entity. No tenant and no identifier holds a NUL: decoding refuses it.
pub fn entity(entity: Entity, tenant: &str, id: &str) -> Vec<u8> {
    key(kind(entity), tenant.as_bytes(), &[id.as_bytes()])
}

/// Key of an identity.
pub fn identity(tenant: &str, kind_of: &str, value: &str) -> Vec<u8> {
    let parts = [kind_of.as_bytes(), &[1], value.as_bytes()];
    key(kind(Entity::Identity), tenant.as_bytes(), &parts)
}

/// Key of what a change is about.
pub fn of(change: &Change) -> Vec<u8> {
    match &change.facts {
        Facts::Identity(of) => identity(&change.tenant, &of.kind, &change.id),
        _ => entity(change.entity(), &change.tenant, &change.id),
    }
}

/// Key of an order that a shipment's facts name, and the shipment's identifier; `None` for a key of
/// another kind.
pub fn order_of<'a>(delivery: &'a [u8], order_id: &[u8]) -> Option<(Vec<u8>, &'a [u8])> {
    let [DELIVERY, rest @ ..] = delivery else {
        return None;
    };
    let end = memchr::memchr(0, rest)?;
    let (tenant, id) = (&rest[..end], &rest[end + 1..]);
    Some((key(ORDER, tenant, &[order_id]), id))
}

/// Key of a partition's position.
pub fn position(topic: &str, number: i32) -> Vec<u8> {
    key(POSITION, topic.as_bytes(), &[&number.to_be_bytes()])
}

/// What an entity's key is of: its kind, tenant and identifier (of an identity type and value);
/// `None` for the index's own keys.
pub fn parts(key: &[u8]) -> Option<(Entity, &str, &str)> {
    let (first, rest) = key.split_first()?;
    let entity = Entity::ALL.into_iter().find(|e| kind(*e) == *first)?;
    let (tenant, id) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
    Some((entity, tenant, id))
}

fn key(first: u8, tenant: &[u8], id: &[&[u8]]) -> Vec<u8> {
    let length: usize = id.iter().map(|part| part.len()).sum();
    let mut key = Vec::with_capacity(2 + tenant.len() + length);
    key.push(first);
    key.extend_from_slice(tenant);
    key.push(0);
    for part in id {
        key.extend_from_slice(part);
    }
    key
}
