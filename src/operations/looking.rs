//! A look into the past: [`AsOf`] over the index.

use std::cell::RefCell;
use std::sync::Arc;

use fjall::UserValue;
use tracing::error;

use super::applying::shipments;
use super::bytes::Reader;
use super::facts::{self, Fact};
use super::history::{History, Version, as_of, as_of_or_first};
use super::keys;
use super::store::Store;
use crate::feedback::Millis;
use crate::odata::{AsOf, Customer, Delivery, Entity, Found, Identity, Order, Session, Ticket};

/// What one item's join looks at. An order is read once: its shipments lie beside it.
pub struct Look {
    store: Arc<Store>,
    /// Key and value that were read last of orders.
    order: RefCell<Option<(Vec<u8>, Option<UserValue>)>>,
}

impl Look {
    /// A look that begins now.
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            order: RefCell::new(None),
        }
    }

    /// The value of a key. What can't be read is told by repair.
    fn value(&self, key: &[u8]) -> Result<Option<UserValue>, Unreadable> {
        self.store.get(key).map_err(|error| {
            error!(error = format!("{error:#}"), "the index of O-data fails");
            Unreadable
        })
    }

    fn order_value(&self, tenant: &str, id: &str) -> Result<Option<UserValue>, Unreadable> {
        let key = keys::entity(Entity::Order, tenant, id);
        if let Some((read, value)) = &*self.order.borrow()
            && *read == key
        {
            return Ok(value.clone());
        }
        let value = self.value(&key)?;
        self.order.replace(Some((key, value.clone())));
        Ok(value)
    }

    fn entity<T: Fact>(&self, entity: Entity, tenant: &str, id: &str, at: Millis) -> Found<T> {
        let value = self.value(&keys::entity(entity, tenant, id));
        found(value, |history| as_of(history, at))
    }
}

/// The disk fails.
struct Unreadable;

fn found<T: Fact>(
    value: Result<Option<UserValue>, Unreadable>,
    look: impl for<'b> Fn(Reader<'b>) -> Option<Found<Version<'b>>>,
) -> Found<T> {
    let value = match value {
        Ok(Some(value)) => value,
        Ok(None) => return Found::Miss,
        Err(Unreadable) => return Found::Late,
    };
    match look(Reader(&value)) {
        Some(Found::Hit(version)) => {
            T::decode(Reader(version.facts)).map_or(Found::Late, Found::Hit)
        }
        Some(Found::Miss) => Found::Miss,
        Some(Found::Late) | None => Found::Late,
    }
}

impl AsOf for Look {
    fn customer(&self, tenant: &str, id: &str, at: Millis) -> Found<Customer> {
        self.entity(Entity::Customer, tenant, id, at)
    }

    fn order(&self, tenant: &str, id: &str, at: Millis) -> Found<Order> {
        found(self.order_value(tenant, id), |history| as_of(history, at))
    }

    fn ticket(&self, tenant: &str, id: &str, at: Millis) -> Found<Ticket> {
        self.entity(Entity::Ticket, tenant, id, at)
    }

    fn session(&self, tenant: &str, id: &str, at: Millis) -> Found<Session> {
        self.entity(Entity::Session, tenant, id, at)
    }

    fn delivery(&self, tenant: &str, id: &str, at: Millis) -> Found<Delivery> {
        self.entity(Entity::Delivery, tenant, id, at)
    }

    fn delivery_of(&self, tenant: &str, order_id: &str, at: Millis) -> Found<Delivery> {
        match self.order_value(tenant, order_id) {
            Ok(Some(value)) => newest_shipment(&value, order_id, at),
            Ok(None) => Found::Miss,
            Err(Unreadable) => Found::Late,
        }
    }

    fn identity(&self, tenant: &str, kind: &str, value: &str, at: Millis) -> Found<Identity> {
        let value = self.value(&keys::identity(tenant, kind, value));
        found(value, |history| as_of_or_first(history, at))
    }
}

/// Rule 5 of the join, of the shipments beside an order.
fn newest_shipment(order: &[u8], order_id: &str, at: Millis) -> Found<Delivery> {
    let mut reader = Reader(order);
    if History::read(&mut reader).is_none() {
        return Found::Late;
    }
    let mut newest: Option<(Millis, &[u8], &[u8])> = None;
    for (shipment, history) in shipments(reader) {
        match as_of(Reader(history), at) {
            Some(Found::Hit(version)) => {
                if facts::order_of(version.facts) == Some(order_id.as_bytes()) {
                    newest = newest.max(Some((version.valid_from, shipment, version.facts)));
                }
            }
            Some(Found::Miss) => {}
            // It may be the newest one.
            Some(Found::Late) | None => return Found::Late,
        }
    }
    match newest {
        Some((_, _, facts)) => Delivery::decode(Reader(facts)).map_or(Found::Late, Found::Hit),
        None => Found::Miss,
    }
}
