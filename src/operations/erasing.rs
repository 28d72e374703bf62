//! The index without what is erased: written anew beside the old one, which then leaves the disk.
//!
//! A store of this kind forgets a key when it merges, some day, and its journal keeps it until that is
//! full: so what is erased is not deleted, but left out of a copy.

use anyhow::Result;

use super::applying::shipments;
use super::bytes::{Reader, put_bytes};
use super::facts::{Fact, encode};
use super::history::History;
use super::keys;
use super::store::Store;
use crate::erasure::Erasures;
use crate::odata::{Change, Customer, Delivery, Entity, Facts, Identity, Order, Session, Ticket};

/// How many versions of entities are erased and still there.
///
/// # Errors
/// The disk fails.
pub fn count(store: &Store, erasures: &Erasures) -> Result<u64> {
    let mut erased = 0;
    for entry in store.entries() {
        let (key, value) = entry?;
        erased += without(&key, &value, erasures).map_or(0, |left| left.erased);
    }
    Ok(erased)
}

/// Copies everything that is not erased.
///
/// # Errors
/// The disk is full or fails.
pub fn copy(from: &Store, to: &Store, erasures: &Erasures) -> Result<()> {
    to.fill(from.entries().filter_map(|entry| {
        let (key, value) = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        match without(&key, &value, erasures) {
            None => Some(Ok((key, value))),
            Some(left) => left.value.map(|value| Ok((key, value))),
        }
    }))
}

/// An entry after erasure.
struct Left {
    erased: u64,
    /// `None`: nothing is left.
    value: Option<Vec<u8>>,
}

/// What an entity's entry is without what is erased; `None` for an entry that stays as it is.
fn without(key: &[u8], value: &[u8], erasures: &Erasures) -> Option<Left> {
    let (entity, tenant, id) = keys::parts(key)?;
    let mut reader = Reader(value);
    let mut history = History::read(&mut reader)?;
    let mut erased = retain(&mut history, entity, tenant, id, erasures);
    let mut beside = Vec::new();
    if entity == Entity::Order {
        for (shipment, bytes) in shipments(reader) {
            let mut history = History::read(&mut Reader(bytes))?;
            let id = std::str::from_utf8(shipment).ok()?;
            erased += retain(&mut history, Entity::Delivery, tenant, id, erasures);
            if !history.versions().is_empty() {
                let mut bytes = Vec::new();
                history.write(&mut bytes);
                beside.push((shipment, bytes));
            }
        }
    }
    if erased == 0 {
        return None;
    }
    let mut value = Vec::new();
    history.write(&mut value);
    let is_empty = history.versions().is_empty() && beside.is_empty();
    for (shipment, bytes) in beside {
        put_bytes(&mut value, shipment);
        put_bytes(&mut value, &bytes);
    }
    Some(Left {
        erased,
        value: (!is_empty).then_some(value),
    })
}

fn retain(
    history: &mut History<'_>,
    entity: Entity,
    tenant: &str,
    id: &str,
    erasures: &Erasures,
) -> u64 {
    let before = history.versions().len();
    history.retain(|version| {
        let Some((id, facts)) = told(entity, id, version.facts) else {
            return true;
        };
        !erasures.cover_change(&Change {
            tenant: tenant.to_owned(),
            id: id.to_owned(),
            valid_from: version.valid_from,
            version: version.rank.version,
            deleted: version.deleted,
            facts,
        })
    });
    (before - history.versions().len()) as u64
}

/// Identifier and facts as they were told, as far as they are kept; of an identity the key holds its
/// type, too.
fn told<'a>(entity: Entity, id: &'a str, facts: &[u8]) -> Option<(&'a str, Facts)> {
    let reader = Reader(facts);
    let facts = match entity {
        Entity::Customer => Facts::Customer(Customer::decode(reader)?),
        Entity::Order => Facts::Order(Order::decode(reader)?),
        Entity::Ticket => Facts::Ticket(Ticket::decode(reader)?),
        Entity::Session => Facts::Session(Session::decode(reader)?),
        Entity::Delivery => Facts::Delivery(Delivery::decode(reader)?),
        Entity::Identity => {
            let (kind, value) = id.split_once('\u{1}')?;
            let kind = kind.to_owned();
            let of = Identity::decode(reader)?;
            return Some((value, Facts::Identity(Identity { kind, ..of })));
        }
    };
    debug_assert_eq!(encode(&facts), reader.0);
    Some((id, facts))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::erasure::{Marker, Named};
    use crate::feedback::Millis;
    use crate::odata::{AsOf, Found};
    use crate::operations::{Index, Staged};

    const REQUEST: Millis = 100;
    const PLANTED: &str = "zqplanted";

    fn change(id: &str, valid_from: Millis, facts: Facts) -> Staged {
        let change = Change {
            tenant: "acme".into(),
            id: id.into(),
            valid_from,
            version: 1,
            deleted: false,
            facts,
        };
        Staged::of(&change, valid_from)
    }

    fn order(customer: &str) -> Facts {
        Facts::Order(Order {
            customer_id: customer.into(),
            ..Order::default()
        })
    }

    fn shipment(order: &str) -> Facts {
        Facts::Delivery(Delivery {
            order_id: order.into(),
            ..Delivery::default()
        })
    }

    /// One that names no customer.
    fn visit(anonymous: &str) -> Facts {
        Facts::Session(Session {
            anonymous_id: anonymous.into(),
            ..Session::default()
        })
    }

    fn identity(customer: &str) -> Facts {
        Facts::Identity(Identity {
            kind: "device_id".into(),
            customer_id: customer.into(),
        })
    }

    fn holding(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path());
        entries
            .map(|path| match path.is_dir() {
                true => holding(&path),
                false => {
                    let bytes = std::fs::read(&path).unwrap();
                    let planted = PLANTED.as_bytes();
                    usize::from(bytes.windows(planted.len()).any(|w| w == planted))
                }
            })
            .sum()
    }

    #[test]
    fn what_is_erased_leaves_index_and_disk_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let horizon = Duration::from_secs(1 << 40);
            Index::open(folder.path(), 16 << 20, horizon, "a").unwrap()
        };
        let index = open();
        let planted = |what: &str| format!("{what}-{PLANTED}");
        let (c, o, a) = (planted("c"), planted("o"), planted("a"));
        let customer = || Facts::Customer(Customer::default());
        let all = [
            change(&c, 10, customer()),
            change(&c, REQUEST + 1, customer()),
            change("c2", 10, customer()),
            change(&o, 10, order(&c)),
            change("o2", 10, order("c2")),
            change(&planted("s"), 10, shipment(&o)),
            change("s2", 10, shipment("o2")),
            change(&planted("x"), 10, identity(&c)),
            change("d2", 10, identity(&c)),
            change("d2", 20, identity("c2")),
            change(&planted("v"), 10, visit(&a)),
            change("v2", 10, visit("a2")),
        ];
        let partition = crate::batch::Partition {
            topic: "t".into(),
            stream: "s".into(),
            number: 0,
        };
        index.apply(all.into(), &[(partition.clone(), 7)]).unwrap();
        index.flush().unwrap();
        assert!(holding(folder.path()) > 0);

        let marker = Marker::new(b"a key known to tests");
        let erasures = Erasures::new(Marker::new(b"a key known to tests"), || Duration::ZERO);
        assert_eq!(index.erase(&erasures).unwrap(), 0);
        for (what, id) in [(Named::Customer, &c), (Named::Order, &o)] {
            erasures.add(marker.mark("acme", what, &[id]).unwrap(), REQUEST);
        }
        let device = marker.mark("acme", Named::Identity, &["anonymous_id", &a]);
        erasures.add(device.unwrap(), REQUEST);
        // The customer, the order, the shipment beside it and under its own key, both devices, the visit.
        assert_eq!(index.erase(&erasures).unwrap(), 7);
        assert_eq!(index.without().unwrap(), Some(erasures.digest()));
        let name = index.name().to_owned();
        assert_eq!(index.erase(&erasures).unwrap(), 0);
        drop(index);
        let index = open();
        assert_eq!(index.name(), name);
        assert_eq!(index.without().unwrap(), Some(erasures.digest()));
        assert_eq!(index.erase(&erasures).unwrap(), 0);
        assert_eq!(index.position(&partition).unwrap(), Some(7));
        let look = index.look();
        assert_eq!(look.session("acme", &planted("v"), 50), Found::Miss);
        assert!(matches!(look.session("acme", "v2", 50), Found::Hit(_)));
        assert_eq!(look.customer("acme", &c, 50), Found::Miss);
        assert!(matches!(look.customer("acme", &c, 200), Found::Hit(_)));
        assert_eq!(look.order("acme", &o, 50), Found::Miss);
        assert_eq!(look.delivery_of("acme", &o, 50), Found::Miss);
        assert!(matches!(look.customer("acme", "c2", 50), Found::Hit(_)));
        assert!(matches!(look.delivery_of("acme", "o2", 50), Found::Hit(_)));
        match look.identity("acme", "device_id", "d2", 15) {
            Found::Hit(identity) => assert_eq!(identity.customer_id, "c2"),
            other => panic!("{other:?}"),
        }
        drop(look);
        // What the source deletes after the request is no return.
        let gone = Change {
            tenant: "acme".into(),
            id: c.clone(),
            valid_from: REQUEST + 50,
            version: 2,
            deleted: true,
            facts: customer(),
        };
        assert!(erasures.cover_change(&gone));
        // The customer came back; erased again, nothing is left.
        erasures.add(marker.mark("acme", Named::Customer, &[&c]).unwrap(), 300);
        assert_eq!(index.erase(&erasures).unwrap(), 1);
        assert_eq!(holding(folder.path()), 0);
    }
}
