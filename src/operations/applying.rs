//! Changes into the index: read, changed, written, in sorted batches. What is known of an entity, and
//! what came of it, become its new value here; [`filling`](super::filling) uses that, too.
//!
//! A shipment's history lies under its own key, and a copy of it with each order that its versions
//! name: a look at an order finds its shipments beside it. All copies are made again with each
//! change of the shipment, and taken away from orders that it no longer names.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::bytes::{Reader, put_bytes, put_number, put_signed};
use super::history::{History, Version};
use super::sorter::Item;
use super::store::{Entries, Store};
use super::{facts, keys};
use crate::feedback::Millis;
use crate::odata::{Change, Rank};

/// A change on its way into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    key: Vec<u8>,
    valid_from: Millis,
    rank: Rank,
    deleted: bool,
    facts: Vec<u8>,
}

impl Staged {
    /// The change that a record at this offset told.
    pub fn of(change: &Change, offset: i64) -> Self {
        Self {
            key: keys::of(change),
            valid_from: change.valid_from,
            rank: Rank {
                version: change.version,
                offset,
            },
            deleted: change.deleted,
            facts: facts::encode(&change.facts),
        }
    }

    /// Bytes of memory that it takes, about.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.facts.len()
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    fn version(&self) -> Version<'_> {
        Version {
            valid_from: self.valid_from,
            rank: self.rank,
            deleted: self.deleted,
            facts: &self.facts,
        }
    }
}

impl Item for Staged {
    fn order(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }

    fn size(&self) -> usize {
        self.size()
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.key);
        put_signed(out, self.valid_from);
        put_number(out, self.rank.version);
        put_signed(out, self.rank.offset);
        out.push(u8::from(self.deleted));
        put_bytes(out, &self.facts);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            key: reader.bytes()?.to_vec(),
            valid_from: reader.signed()?,
            rank: Rank {
                version: reader.number()?,
                offset: reader.signed()?,
            },
            deleted: reader.byte()? != 0,
            facts: reader.bytes()?.to_vec(),
        })
    }
}

/// The history of a shipment, to be copied to an order; none to be taken away from it.
pub(super) struct Copy {
    pub order: Vec<u8>,
    pub shipment: Vec<u8>,
    pub history: Option<Vec<u8>>,
}

impl Item for Copy {
    fn order(&self, other: &Self) -> Ordering {
        (&self.order, &self.shipment).cmp(&(&other.order, &other.shipment))
    }

    fn size(&self) -> usize {
        let history = self.history.as_ref().map_or(0, Vec::len);
        size_of::<Self>() + self.order.len() + self.shipment.len() + history
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.order);
        put_bytes(out, &self.shipment);
        put_bytes(out, self.history.as_deref().unwrap_or_default());
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (order, shipment) = (reader.bytes()?.to_vec(), reader.bytes()?.to_vec());
        let history = Some(reader.bytes()?.to_vec());
        Some(Self {
            order,
            shipment,
            history,
        })
    }
}

/// What the store holds after these changes; sorted. Their order does not matter.
///
/// # Errors
/// The disk fails.
pub fn entries(store: &Store, mut changes: Vec<Staged>, horizon: Millis) -> Result<Entries> {
    changes.par_sort_unstable_by(Item::order);
    let groups: Vec<&[Staged]> = changes.chunk_by(|a, b| a.key == b.key).collect();
    let kind = |group: &&[Staged]| group[0].key[0];
    let deliveries = groups.partition_point(|g| kind(g) < keys::DELIVERY);
    let orders = groups.partition_point(|g| kind(g) < keys::ORDER);

    let changed = |group: &&[Staged]| {
        let key = &group[0].key;
        let value = plain(store.get(key)?.as_deref(), group, horizon);
        Ok((key.clone(), value))
    };
    let mut entries: Entries = in_parallel(&groups[..deliveries], changed)?;
    let changed = |group: &&[Staged]| {
        let key = &group[0].key;
        let (value, copies) = delivery(store.get(key)?.as_deref(), group, horizon);
        Ok(((key.clone(), value), copies))
    };
    let mut copies = Vec::new();
    for (entry, of_shipment) in in_parallel(&groups[deliveries..orders], changed)? {
        entries.push(entry);
        copies.extend(of_shipment);
    }
    copies.par_sort_unstable_by(Item::order);
    let with_copies = side_by_side(&groups[orders..], &copies);
    let changed = |(group, copies): &(&[Staged], &[Copy])| {
        let key = match copies {
            [] => &group[0].key,
            [first, ..] => &first.order,
        };
        let value = order(store.get(key)?.as_deref(), group, copies, horizon);
        Ok((key.clone(), value))
    };
    entries.extend(in_parallel(&with_copies, changed)?);
    Ok(entries)
}

fn in_parallel<T: Sync, U: Send>(
    items: &[T],
    changed: impl Fn(&T) -> Result<U> + Send + Sync,
) -> Result<Vec<U>> {
    items.par_iter().with_min_len(256).map(changed).collect()
}

/// Changes and copies by order; one of the two may be empty.
fn side_by_side<'a>(
    groups: &[&'a [Staged]],
    copies: &'a [Copy],
) -> Vec<(&'a [Staged], &'a [Copy])> {
    let mut groups = groups.iter().copied().peekable();
    let mut copies = copies.chunk_by(|a, b| a.order == b.order).peekable();
    let mut all = Vec::with_capacity(groups.len());
    loop {
        let order = match (groups.peek(), copies.peek()) {
            (Some(group), Some(copied)) => (&group[0].key).min(&copied[0].order),
            (Some(group), None) => &group[0].key,
            (None, Some(copied)) => &copied[0].order,
            (None, None) => return all,
        };
        let group = groups.next_if(|g| g[0].key == *order);
        let copied = copies.next_if(|c| c[0].order == *order);
        all.push((group.unwrap_or_default(), copied.unwrap_or_default()));
    }
}

/// Value of an entity that is its history alone. `known`: its value before, if there is one.
pub(super) fn plain(known: Option<&[u8]>, group: &[Staged], horizon: Millis) -> Vec<u8> {
    let mut history = read(known);
    let mut value = Vec::with_capacity(64);
    change(&mut history, group, horizon);
    history.write(&mut value);
    value
}

/// Value of a shipment, and its copies.
pub(super) fn delivery(
    known: Option<&[u8]>,
    group: &[Staged],
    horizon: Millis,
) -> (Vec<u8>, Vec<Copy>) {
    let mut history = read(known);
    let before = orders_of(&history);
    change(&mut history, group, horizon);
    let now = orders_of(&history);
    let mut value = Vec::with_capacity(64);
    history.write(&mut value);
    let copies = before
        .union(&now)
        .filter_map(|order_id| {
            let (order, shipment) = keys::order_of(&group[0].key, order_id)?;
            Some(Copy {
                order,
                shipment: shipment.to_vec(),
                history: now.contains(order_id).then(|| value.clone()),
            })
        })
        .collect();
    (value, copies)
}

/// Value of an order, with its shipments.
pub(super) fn order(
    known: Option<&[u8]>,
    group: &[Staged],
    copies: &[Copy],
    horizon: Millis,
) -> Vec<u8> {
    let mut reader = Reader(known.unwrap_or_default());
    let mut history = History::read(&mut reader).unwrap_or_default();
    let mut beside: BTreeMap<&[u8], &[u8]> = shipments(reader).collect();
    for copy in copies {
        match &copy.history {
            Some(history) => beside.insert(&copy.shipment, history),
            None => beside.remove(&copy.shipment[..]),
        };
    }
    change(&mut history, group, horizon);
    let mut value = Vec::with_capacity(128);
    history.write(&mut value);
    for (shipment, history) in beside {
        put_bytes(&mut value, shipment);
        put_bytes(&mut value, history);
    }
    value
}

/// Shipments beside an order's history, where `reader` has come to: identifier, history.
pub fn shipments(mut reader: Reader<'_>) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || Some((reader.bytes()?, reader.bytes()?)))
}

fn read(known: Option<&[u8]>) -> History<'_> {
    let history = known.and_then(|bytes| History::read(&mut Reader(bytes)));
    history.unwrap_or_default()
}

fn change<'a>(history: &mut History<'a>, group: &'a [Staged], horizon: Millis) {
    for change in group {
        history.add(change.version());
    }
    history.cut(horizon);
}

fn orders_of(history: &History<'_>) -> BTreeSet<Vec<u8>> {
    let named = history
        .versions()
        .iter()
        .filter_map(|v| facts::order_of(v.facts));
    named
        .filter(|o| !o.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
