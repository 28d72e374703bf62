//! What an instance knows when a row comes in.

use std::collections::BTreeMap;

use sada::feedback::Millis;
use sada::odata::{
    AsOf, Change, Customer, Delivery, Entity, Facts, Found, Identity, Order, Rank, Session, Ticket,
};

use super::Told;
use super::oracle::name;

/// Entity, tenant and id.
pub type Of = (Entity, String, String);

/// Versions that have arrived, as an index would hold them.
#[derive(Default)]
pub struct Arrived(pub BTreeMap<Of, BTreeMap<Millis, (Rank, Change)>>);

impl Arrived {
    pub fn learn(&mut self, told: &Told) {
        let (entity, id) = name(&told.change);
        let of_entity = self
            .0
            .entry((entity, told.change.tenant.clone(), id))
            .or_default();
        let rank = Rank {
            version: told.change.version,
            offset: told.offset,
        };
        let known = of_entity.get(&told.change.valid_from);
        if known.is_none_or(|(known, _)| *known < rank) {
            of_entity.insert(told.change.valid_from, (rank, told.change.clone()));
        }
    }

    pub fn as_of(&self, entity: Entity, tenant: &str, id: &str, at: Millis) -> Option<&Change> {
        let versions = self.0.get(&(entity, tenant.to_owned(), id.to_owned()))?;
        versions.range(..=at).next_back().map(|(_, (_, c))| c)
    }
}

pub fn found<T>(change: Option<&Change>, of: impl Fn(&Facts) -> Option<T>) -> Found<T> {
    match change.filter(|c| !c.deleted).and_then(|c| of(&c.facts)) {
        Some(facts) => Found::Hit(facts),
        None => Found::Miss,
    }
}

impl AsOf for Arrived {
    fn customer(&self, tenant: &str, id: &str, at: Millis) -> Found<Customer> {
        found(self.as_of(Entity::Customer, tenant, id, at), |f| match f {
            Facts::Customer(c) => Some(c.clone()),
            _ => None,
        })
    }

    fn order(&self, tenant: &str, id: &str, at: Millis) -> Found<Order> {
        found(self.as_of(Entity::Order, tenant, id, at), |f| match f {
            Facts::Order(o) => Some(o.clone()),
            _ => None,
        })
    }

    fn ticket(&self, tenant: &str, id: &str, at: Millis) -> Found<Ticket> {
        found(self.as_of(Entity::Ticket, tenant, id, at), |f| match f {
            Facts::Ticket(t) => Some(t.clone()),
            _ => None,
        })
    }

    fn session(&self, tenant: &str, id: &str, at: Millis) -> Found<Session> {
        found(self.as_of(Entity::Session, tenant, id, at), |f| match f {
            Facts::Session(s) => Some(s.clone()),
            _ => None,
        })
    }

    fn delivery(&self, tenant: &str, id: &str, at: Millis) -> Found<Delivery> {
        found(self.as_of(Entity::Delivery, tenant, id, at), |f| match f {
            Facts::Delivery(d) => Some(d.clone()),
            _ => None,
        })
    }

    fn delivery_of(&self, tenant: &str, order_id: &str, at: Millis) -> Found<Delivery> {
        let mut newest: Option<(Millis, &str, &Delivery)> = None;
        for ((entity, of, id), versions) in &self.0 {
            let Some((from, (_, change))) = versions.range(..=at).next_back() else {
                continue;
            };
            if let Facts::Delivery(delivery) = &change.facts
                && (*entity, of.as_str()) == (Entity::Delivery, tenant)
                && !change.deleted
                && delivery.order_id == order_id
                && newest.is_none_or(|n| (n.0, n.1) < (*from, id.as_str()))
            {
                newest = Some((*from, id, delivery));
            }
        }
        newest.map_or(Found::Miss, |(_, _, delivery)| Found::Hit(delivery.clone()))
    }

    fn identity(&self, tenant: &str, kind: &str, value: &str, at: Millis) -> Found<Identity> {
        let of = |f: &Facts| match f {
            Facts::Identity(i) => Some(i.clone()),
            _ => None,
        };
        let id = format!("{kind}={value}");
        if let Some(then) = self.as_of(Entity::Identity, tenant, &id, at) {
            return found(Some(then), of);
        }
        let versions = self.0.get(&(Entity::Identity, tenant.to_owned(), id));
        let later = versions.and_then(|v| v.values().map(|(_, c)| c).find(|c| !c.deleted));
        found(later, of)
    }
}
