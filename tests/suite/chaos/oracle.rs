//! The oracle: sees all changes at once, sorted, and so joins what the rows must hold in the end.

use std::collections::{BTreeMap, HashMap};

use sada::odata::{
    AsOf, Change, Customer, Delivery, Entity, Facts, Found, Identity, Joined, Order, Session,
    Status, Ticket,
};

/// Entity, tenant and id.
type Of = (Entity, String, String);
/// Changes of one entity, by valid time and version.
type Versions = BTreeMap<(i64, u64), Change>;

/// All versions of everything.
#[derive(Default)]
pub struct Oracle {
    /// By entity, tenant and id; then by valid-from and version.
    histories: HashMap<Of, Versions>,
    /// Shipments that any version has with an order, by tenant and order.
    shipments: HashMap<(String, String), Vec<String>>,
}

impl Oracle {
    /// Of these changes.
    pub fn new(changes: impl Iterator<Item = Change>) -> Self {
        let mut oracle = Self::default();
        for change in changes {
            if let Facts::Delivery(delivery) = &change.facts {
                let order = (change.tenant.clone(), delivery.order_id.clone());
                let shipments = oracle.shipments.entry(order).or_default();
                if !shipments.contains(&change.id) {
                    shipments.push(change.id.clone());
                }
            }
            let of = (change.entity(), change.tenant.clone(), change.id.clone());
            let when = (change.valid_from, change.version);
            let history = oracle.histories.entry(of).or_default();
            history.insert(when, change);
        }
        oracle
    }

    fn history(&self, of: Entity, tenant: &str, id: &str) -> Option<&BTreeMap<(i64, u64), Change>> {
        self.histories.get(&(of, tenant.to_owned(), id.to_owned()))
    }

    /// The version that held then, be it a deletion.
    fn version(&self, of: Entity, tenant: &str, id: &str, at: i64) -> Option<&Change> {
        let history = self.history(of, tenant, id)?;
        let (_, change) = history.range(..=(at, u64::MAX)).next_back()?;
        Some(change)
    }

    fn find<T>(
        &self,
        of: Entity,
        (tenant, id): (&str, &str),
        at: i64,
        facts: impl Fn(&Facts) -> Option<T>,
    ) -> Found<T> {
        let change = self.version(of, tenant, id, at).filter(|c| !c.deleted);
        match change.and_then(|change| facts(&change.facts)) {
            Some(found) => Found::Hit(found),
            None => Found::Miss,
        }
    }
}

impl AsOf for Oracle {
    fn customer(&self, tenant: &str, id: &str, at: i64) -> Found<Customer> {
        self.find(Entity::Customer, (tenant, id), at, |facts| match facts {
            Facts::Customer(customer) => Some(customer.clone()),
            _ => None,
        })
    }

    fn order(&self, tenant: &str, id: &str, at: i64) -> Found<Order> {
        self.find(Entity::Order, (tenant, id), at, |facts| match facts {
            Facts::Order(order) => Some(order.clone()),
            _ => None,
        })
    }

    fn ticket(&self, tenant: &str, id: &str, at: i64) -> Found<Ticket> {
        self.find(Entity::Ticket, (tenant, id), at, |facts| match facts {
            Facts::Ticket(ticket) => Some(ticket.clone()),
            _ => None,
        })
    }

    fn session(&self, tenant: &str, id: &str, at: i64) -> Found<Session> {
        self.find(Entity::Session, (tenant, id), at, |facts| match facts {
            Facts::Session(session) => Some(session.clone()),
            _ => None,
        })
    }

    fn delivery(&self, tenant: &str, id: &str, at: i64) -> Found<Delivery> {
        self.find(Entity::Delivery, (tenant, id), at, |facts| match facts {
            Facts::Delivery(delivery) => Some(delivery.clone()),
            _ => None,
        })
    }

    fn delivery_of(&self, tenant: &str, order_id: &str, at: i64) -> Found<Delivery> {
        let order = (tenant.to_owned(), order_id.to_owned());
        let shipments = self.shipments.get(&order).into_iter().flatten();
        let there = shipments.filter_map(|id| {
            let change = self.version(Entity::Delivery, tenant, id, at)?;
            match &change.facts {
                Facts::Delivery(delivery) if !change.deleted && delivery.order_id == order_id => {
                    Some((change, delivery))
                }
                _ => None,
            }
        });
        let newest = there.max_by_key(|(change, _)| (change.valid_from, change.id.clone()));
        newest.map_or(Found::Miss, |(_, delivery)| Found::Hit(delivery.clone()))
    }

    /// Kinds are not told apart: there is one.
    fn identity(&self, tenant: &str, _kind: &str, value: &str, at: i64) -> Found<Identity> {
        let facts = |change: &Change| match &change.facts {
            Facts::Identity(identity) if !change.deleted => Some(identity.clone()),
            _ => None,
        };
        let found = match self.version(Entity::Identity, tenant, value, at) {
            Some(change) => facts(change),
            // Linked later: the first link that there ever was.
            None => {
                let history = self.history(Entity::Identity, tenant, value);
                let mut versions = newest_each(history.into_iter().flatten());
                versions.find_map(facts)
            }
        };
        found.map_or(Found::Miss, Found::Hit)
    }
}

/// Of versions that begin at the same moment the one that holds.
fn newest_each<'c>(
    history: impl Iterator<Item = (&'c (i64, u64), &'c Change)>,
) -> impl Iterator<Item = &'c Change> {
    let mut by_moment: BTreeMap<i64, &Change> = BTreeMap::new();
    for ((at, _), change) in history {
        by_moment.insert(*at, change);
    }
    by_moment.into_values()
}

/// SQL of what is joined to a row, each value as text, in the order of [`columns`].
pub const COLUMNS: &str = "[
    toString(customer_join), toString(order_join), toString(ticket_join), toString(session_join),
    toString(delivery_join), joined_customer_id, toString(segment), toString(persona), toString(tier),
    toString(plan), toString(customer_country), ifNull(toString(toInt64(toDecimal128(clv, 4) * 10000)), ''),
    toString(clv_currency), toString(order_status), ifNull(toString(toInt64(toDecimal128(order_total, 4) * 10000)), ''),
    toString(order_currency), ifNull(toString(days_late), ''), toString(delivery_status),
    toString(ticket_status), ifNull(toString(ticket_reopens), ''),
    ifNull(toString(checkout_abandoned), '')]";

/// What is joined, each value as text.
pub fn columns(joined: &Joined) -> Vec<String> {
    fn text(value: Option<impl ToString>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    let status = |status: Status| status.name().to_owned();
    let j = joined;
    vec![
        status(j.customer),
        status(j.order),
        status(j.ticket),
        status(j.session),
        status(j.delivery),
        j.customer_id.clone(),
        j.segment.clone(),
        j.persona.clone(),
        j.tier.clone(),
        j.plan.clone(),
        j.country.clone(),
        text(j.clv),
        j.clv_currency.clone(),
        j.order_status.clone(),
        text(j.order_total),
        j.order_currency.clone(),
        text(j.days_late),
        j.delivery_status.clone(),
        j.ticket_status.clone(),
        text(j.ticket_reopens),
        text(j.checkout_abandoned),
    ]
}
