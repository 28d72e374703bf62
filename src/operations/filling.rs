//! The first fill of an index.
//!
//! While an index holds nothing there is nothing to look up, and to write an entity each time that
//! one of its changes comes would be in vain. So all changes go into sorted files beside the index
//! first; when the ends of the feeds have come, each entity is written once. A start that is stopped
//! before that begins again.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Result, ensure};

use super::applying::{Copy, Staged, delivery, order, plain};
use super::keys;
use super::sorter::{Sorted, Sorter};
use super::store::{Entry, Store};
use crate::batch::Partition;
use crate::feedback::Millis;

/// Of the index's memory, the part that changes take which are sorted at a time.
const SORTED: usize = 8;
/// Changes of one entity that are applied at a time.
const AT_A_TIME: usize = 4_096;
/// Entries that are made at a time, and how often before they are written.
const MADE: usize = 64;
const AHEAD: usize = 4;
/// How often is told how far the writing is.
const TOLD_EVERY: u64 = 1 << 16;

/// Changes on their way into an index that holds nothing.
pub struct Filling {
    folder: PathBuf,
    memory: usize,
    changes: Sorter<Staged>,
    count: u64,
}

impl Filling {
    /// Begins beside an index, in its folder. `memory`: that of the index.
    pub fn begin(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            memory,
            changes: Sorter::new(folder.to_owned(), memory / SORTED),
            count: 0,
        }
    }

    /// How many changes it holds.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds changes, in any order.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn add(&mut self, changes: Vec<Staged>) -> Result<()> {
        self.count += changes.len() as u64;
        changes.into_iter().try_for_each(|c| self.changes.push(c))
    }

    /// Writes what all changes make into a store that holds no entity, then the positions behind
    /// them. `told` hears now and then how many changes are written, and says whether to go on.
    ///
    /// # Errors
    /// Told not to go on; the disk is full or fails. The store has no positions, and is to be filled
    /// again.
    pub fn finish(
        self,
        store: &Store,
        positions: &[(Partition, i64)],
        horizon: Millis,
        told: impl FnMut(u64) -> bool + Send,
    ) -> Result<()> {
        let mut changes = Changes {
            sorted: self.changes.sorted()?,
            group: Vec::new(),
            done: 0,
            told,
        };
        let mut copies = Sorter::new(self.folder, self.memory / SORTED);
        let next = || next_entity(&mut changes, &mut copies, horizon).transpose();
        write(store, std::iter::from_fn(next))?;
        let mut copies = copies.sorted()?;
        let next = || next_order(&mut changes, &mut copies, horizon).transpose();
        write(store, std::iter::from_fn(next))?;
        store.write(Vec::new(), positions)?;
        store.flush()
    }
}

/// Writes entries, sorted; the next ones are made meanwhile, on a thread of their own.
fn write(store: &Store, mut entries: impl Iterator<Item = Result<Entry>> + Send) -> Result<()> {
    thread::scope(|scope| {
        let (made, to_write) = sync_channel::<Vec<Result<Entry>>>(AHEAD);
        scope.spawn(move || {
            loop {
                let some: Vec<_> = entries.by_ref().take(MADE).collect();
                if some.is_empty() || made.send(some).is_err() {
                    return;
                }
            }
        });
        store.fill(to_write.into_iter().flatten())
    })
}

/// The next entity that is no order; copies of a shipment are kept for its orders.
fn next_entity(
    changes: &mut Changes<impl FnMut(u64) -> bool>,
    copies: &mut Sorter<Copy>,
    horizon: Millis,
) -> Result<Option<Entry>> {
    let Some(key) = changes.next_key().filter(|key| key[0] < keys::ORDER) else {
        return Ok(None);
    };
    let mut value: Option<Vec<u8>> = None;
    let mut of_shipment = Vec::new();
    while let Some(group) = changes.take(&key)? {
        let known = value.as_deref();
        value = Some(match key[0] {
            keys::DELIVERY => {
                let (value, copies) = delivery(known, group, horizon);
                of_shipment = copies;
                value
            }
            _ => plain(known, group, horizon),
        });
    }
    // No order has a copy yet that would have to be taken away.
    of_shipment.retain(|copy| copy.history.is_some());
    for copy in of_shipment {
        copies.push(copy)?;
    }
    Ok(value.map(|value| (key, value)))
}

/// The next order that changes or shipments tell of.
fn next_order(
    changes: &mut Changes<impl FnMut(u64) -> bool>,
    copies: &mut Sorted<Copy>,
    horizon: Millis,
) -> Result<Option<Entry>> {
    let shipped = copies.peek().map(|copy| copy.order.clone());
    let key = match (changes.next_key(), shipped) {
        (Some(changed), Some(shipped)) => changed.min(shipped),
        (Some(key), None) | (None, Some(key)) => key,
        (None, None) => return Ok(None),
    };
    let mut shipments = Vec::new();
    while let Some(copy) = copies.next_if(|copy| copy.order == key)? {
        shipments.push(copy);
    }
    let mut value = order(None, &[], &shipments, horizon);
    while let Some(group) = changes.take(&key)? {
        value = order(Some(&value), group, &[], horizon);
    }
    Ok(Some((key, value)))
}

/// All changes, by entity.
struct Changes<F> {
    sorted: Sorted<Staged>,
    group: Vec<Staged>,
    done: u64,
    told: F,
}

impl<F: FnMut(u64) -> bool> Changes<F> {
    /// Key of the entity that comes next.
    fn next_key(&self) -> Option<Vec<u8>> {
        self.sorted.peek().map(|next| next.key().to_vec())
    }

    /// Its next changes; `None` after the last.
    fn take(&mut self, key: &[u8]) -> Result<Option<&[Staged]>> {
        self.group.clear();
        while self.group.len() < AT_A_TIME
            && let Some(change) = self.sorted.next_if(|next| next.key() == key)?
        {
            self.group.push(change);
            self.done += 1;
            if self.done.is_multiple_of(TOLD_EVERY) {
                ensure!((self.told)(self.done), "told to stop");
            }
        }
        Ok((!self.group.is_empty()).then_some(&self.group))
    }
}
