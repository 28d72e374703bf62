//! The index against a plain map: any order of arrival, any split into batches, any repeats.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::odata::{
    AsOf, Change, Customer, Decimal4, Delivery, Entity, Facts, Found, Identity, Order, Rank,
    Session, Ticket,
};

const MEMORY: usize = 16 << 20;
const HORIZON: Millis = 4;

/// A change, and the offset of its record.
type Told = (Change, i64);

fn facts() -> impl Strategy<Value = Facts> {
    let id = || {
        (0..3_u8).prop_map(|n| {
            if n == 0 {
                String::new()
            } else {
                format!("{n}")
            }
        })
    };
    prop_oneof![
        (id(), id()).prop_map(|(segment, merged_into)| Facts::Customer(Customer {
            segment,
            merged_into,
            ..Customer::default()
        })),
        (id(), any::<Option<Decimal4>>(), any::<Option<Millis>>()).prop_map(
            |(customer_id, total, created_at)| Facts::Order(Order {
                customer_id,
                total,
                created_at,
                ..Order::default()
            })
        ),
        (id(), any::<Option<u32>>()).prop_map(|(customer_id, reopens)| Facts::Ticket(Ticket {
            customer_id,
            reopens,
            ..Ticket::default()
        })),
        (id(), any::<Option<Millis>>()).prop_map(|(order_id, cart_at)| Facts::Session(Session {
            order_id,
            cart_at,
            ..Session::default()
        })),
        // Shipments are what most can go wrong with.
        (id(), id()).prop_map(delivery),
        (id(), id()).prop_map(delivery),
        (id(), id()).prop_map(delivery),
        id().prop_map(|customer_id| Facts::Identity(Identity {
            kind: "user_id".into(),
            customer_id,
        })),
    ]
}

fn delivery((order_id, status): (String, String)) -> Facts {
    Facts::Delivery(Delivery {
        order_id,
        status,
        ..Delivery::default()
    })
}

fn told() -> impl Strategy<Value = Told> {
    let numbers = (
        0..3_u8,
        0..10_i64,
        0..3_u64,
        0..1_000_i64,
        prop::bool::weighted(0.2),
    );
    (numbers, facts()).prop_map(|((id, valid_from, version, offset, deleted), facts)| {
        let change = Change {
            tenant: String::new(),
            id: format!("{id}"),
            valid_from,
            version,
            deleted,
            facts,
        };
        (change, offset)
    })
}

/// By entity and identifier: what holds, by the moment that it holds from.
#[derive(Default)]
struct Model<'a>(BTreeMap<(Entity, &'a str), BTreeMap<Millis, &'a Told>>);

/// Since when versions are kept.
fn kept(versions: &BTreeMap<Millis, &Told>) -> Millis {
    let newest = versions.range(..=HORIZON).next_back();
    newest.map_or(Millis::MIN, |(from, _)| *from)
}

impl<'a> Model<'a> {
    fn of(all: &'a [Told]) -> Self {
        let mut model = Self::default();
        for told in all {
            let of_entity = model.0.entry((told.0.entity(), &told.0.id)).or_default();
            let known = of_entity.entry(told.0.valid_from).or_insert(told);
            let order = |(change, offset): &Told| {
                let rank = Rank {
                    version: change.version,
                    offset: *offset,
                };
                (rank, change.deleted, facts::encode(&change.facts))
            };
            if order(known) < order(told) {
                *known = told;
            }
        }
        model
    }

    /// The version of then, deletions as a miss.
    fn as_of(&self, entity: Entity, id: &str, at: Millis) -> Found<&'a Change> {
        let Some(versions) = self.0.get(&(entity, id)) else {
            return Found::Miss;
        };
        let kept = kept(versions);
        let is_cut = versions.range(..kept).next().is_some();
        match versions.range(..=at).next_back() {
            _ if is_cut && at < kept => Found::Late,
            Some((_, (change, _))) if !change.deleted => Found::Hit(change),
            _ => Found::Miss,
        }
    }

    fn delivery_of(&self, order: &str, at: Millis) -> Found<&'a Change> {
        let mut newest: Option<&Change> = None;
        for ((entity, id), versions) in &self.0 {
            let names = |change: &Change| match &change.facts {
                Facts::Delivery(d) => d.order_id == order,
                _ => false,
            };
            if *entity != Entity::Delivery {
                continue;
            }
            // Of a shipment that is not known of then, it matters whether the order knows of it.
            let known = versions.range(kept(versions)..);
            if !known.map(|(_, told)| &told.0).any(names) {
                continue;
            }
            match self.as_of(Entity::Delivery, id, at) {
                Found::Hit(change) if names(change) => {
                    let order = |c: &Change| (c.valid_from, c.id.clone());
                    if newest.is_none_or(|known| order(known) < order(change)) {
                        newest = Some(change);
                    }
                }
                Found::Late => return Found::Late,
                _ => {}
            }
        }
        newest.map_or(Found::Miss, Found::Hit)
    }

    fn identity(&self, id: &str, at: Millis) -> Found<&'a Change> {
        let versions = self.0.get(&(Entity::Identity, id));
        let first = versions.and_then(|v| v.first_key_value());
        match first {
            Some((from, _))
                if *from > at && self.as_of(Entity::Identity, id, at) == Found::Miss =>
            {
                let later = versions.into_iter().flat_map(BTreeMap::values);
                let mut later = later.map(|(change, _)| change).filter(|c| !c.deleted);
                later.next().map_or(Found::Miss, Found::Hit)
            }
            _ => self.as_of(Entity::Identity, id, at),
        }
    }
}

fn found<T>(found: Found<T>, facts: impl Fn(T) -> Facts) -> Found<Vec<u8>> {
    match found {
        Found::Hit(hit) => Found::Hit(facts::encode(&facts(hit))),
        Found::Miss => Found::Miss,
        Found::Late => Found::Late,
    }
}

/// A change in another tenant.
fn in_tenant(tenant: &str, told: &Told) -> Staged {
    let mut change = told.0.clone();
    change.tenant = tenant.into();
    Staged::of(&change, told.1)
}

#[test]
fn any_order_of_arrival_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), MEMORY, Duration::ZERO, "a").unwrap();
    let cases =
        (prop::collection::vec(told(), 1..60), 1..20_usize).prop_flat_map(|(all, batch)| {
            let arriving = Just([all.clone(), all.clone()].concat()).prop_shuffle();
            (Just(all), arriving, Just(batch))
        });
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    let tested = runner.run(&cases, |(all, arriving, batch)| {
        // A tenant a case: what is another's must not matter.
        case.set(case.get() + 1);
        let tenant = format!("tenant-{}", case.get());
        for changes in arriving.chunks(batch) {
            let staged = changes.iter().map(|told| in_tenant(&tenant, told));
            index.apply_at(HORIZON, staged.collect(), &[]).unwrap();
        }
        let model = Model::of(&all);
        (-1..11).try_for_each(|at| agrees(&index.look(), &model, &tenant, at))
    });
    tested.unwrap();
}

fn agrees(look: &Look, model: &Model<'_>, tenant: &str, at: Millis) -> Result<(), TestCaseError> {
    for id in ["0", "1", "2"] {
        let known = |entity| found(model.as_of(entity, id, at), |c| c.facts.clone());
        let customer = found(look.customer(tenant, id, at), Facts::Customer);
        prop_assert_eq!(customer, known(Entity::Customer));
        let order = found(look.order(tenant, id, at), Facts::Order);
        prop_assert_eq!(order, known(Entity::Order));
        let ticket = found(look.ticket(tenant, id, at), Facts::Ticket);
        prop_assert_eq!(ticket, known(Entity::Ticket));
        let session = found(look.session(tenant, id, at), Facts::Session);
        prop_assert_eq!(session, known(Entity::Session));
        let delivery = found(look.delivery(tenant, id, at), Facts::Delivery);
        prop_assert_eq!(delivery, known(Entity::Delivery));
        let identity = found(look.identity(tenant, "user_id", id, at), Facts::Identity);
        let expected = found(model.identity(id, at), |c| c.facts.clone());
        prop_assert_eq!(identity, expected);
        let newest = found(look.delivery_of(tenant, id, at), Facts::Delivery);
        let expected = found(model.delivery_of(id, at), |c| c.facts.clone());
        prop_assert_eq!(newest, expected, "shipments of {} at {}", id, at);
    }
    Ok(())
}

#[test]
fn joins_what_was_true_then() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), MEMORY, Duration::from_secs(1 << 40), "a").unwrap();
    let change = |id: &str, valid_from, facts| Change {
        tenant: "t".into(),
        id: id.into(),
        valid_from,
        version: valid_from as u64,
        deleted: false,
        facts,
    };
    let customer = |segment: &str| {
        Facts::Customer(Customer {
            segment: segment.into(),
            ..Customer::default()
        })
    };
    let order = |status: &str| {
        Facts::Order(Order {
            customer_id: "c".into(),
            status: status.into(),
            total: Some(125_000),
            ..Order::default()
        })
    };
    let all = [
        change("s", 15, delivery(("o".into(), "in_transit".into()))),
        change("o", 30, order("delivered")),
        change("o", 10, order("paid")),
        change("c", 0, customer("family")),
        change("c", 20, customer("enterprise")),
    ];
    let staged = all.iter().map(|c| Staged::of(c, 0)).collect();
    index.apply(staged, &[]).unwrap();
    let keys = Keys {
        customer_id: "",
        identities: &[],
        order_id: "o",
        ticket_id: "gone",
        session_id: "",
        shipment_id: "",
    };
    let joined = |at| join::join("t", &keys, at, &index.look());
    let then = joined(17);
    assert_eq!(then.customer_id, "c");
    assert_eq!(
        (then.segment.as_str(), then.order_status.as_str()),
        ("family", "paid")
    );
    assert_eq!(
        (then.order_total, then.delivery_status.as_str()),
        (Some(125_000), "in_transit")
    );
    assert_eq!(then.ticket.name(), "miss");
    let later = joined(40);
    assert_eq!(
        (later.segment.as_str(), later.order_status.as_str()),
        ("enterprise", "delivered")
    );
    assert_eq!(joined(5).order.name(), "miss");
}

/// Two indexes with the same changes: one filled, sorting `at_a_time` of them in memory, one to
/// which they were applied bit by bit. Both hold the same bytes, but for orders that a shipment named
/// only for a while, of which nothing is left.
fn filled_and_applied(changes: &[Told], at_a_time: usize) {
    let folder = tempfile::tempdir().unwrap();
    let index = |name| Index::open(&folder.path().join(name), MEMORY, Duration::ZERO, "a");
    let (filled, applied) = (index("filled").unwrap(), index("applied").unwrap());
    let partition = Partition {
        topic: "orders".into(),
        stream: "life".into(),
        number: 0,
    };
    let positions = [(partition, 7)];
    let staged = |changes: &[Told]| changes.iter().map(|t| in_tenant("t", t)).collect();
    let mut filling = Filling::begin(&filled.folder, at_a_time << 11);
    for some in changes.chunks(at_a_time + 3) {
        filling.add(staged(some)).unwrap();
        applied.apply_at(HORIZON, staged(some), &positions).unwrap();
    }
    assert_eq!(filling.count(), changes.len() as u64);
    let store = filled.store();
    filling
        .finish(&store, &positions, HORIZON, |_| true)
        .unwrap();
    let nothing = |value: &[u8]| value == [0, 0];
    let all = |index: &Index| -> Vec<_> {
        let store = index.store();
        let entries = store.entries().map(Result::unwrap);
        entries.filter(|(_, value)| !nothing(value)).collect()
    };
    assert_eq!(all(&filled), all(&applied));
    assert!(filled.begin_filling().unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_filled_index_is_as_one_written_bit_by_bit(
        changes in prop::collection::vec(told(), 1..120),
        at_a_time in 1..50_usize,
    ) {
        filled_and_applied(&changes, at_a_time);
    }
}

#[test]
fn what_changed_often_is_filled_in_parts() {
    let changes = (0..12_000_i64).map(|n| {
        let order = format!("{}", n / 5_000);
        let facts = match n % 2 {
            0 => delivery((order, format!("{n}"))),
            _ => Facts::Order(Order {
                status: format!("{n}"),
                ..Order::default()
            }),
        };
        let change = Change {
            tenant: String::new(),
            id: "0".into(),
            valid_from: n * 7_919 % 12_000,
            version: 0,
            deleted: false,
            facts,
        };
        (change, n)
    });
    filled_and_applied(&changes.collect::<Vec<_>>(), 1_000);
}
