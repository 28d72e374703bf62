//! The first fill of an index.
//!
//! While an index holds nothing there is nothing to look up, and to write an entity each time that
//! one of its changes comes would be in vain. So all changes go into sorted files beside the index
//! first; when the ends of the feeds have come, each entity is written once. A start that is stopped
//! before that begins again.

use std::cmp::Ordering;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, ensure};
use extsort::{ExternalSorter, PushExternalSorter, Sortable, SortedIterator};

use super::applying::{Copy, Staged, delivery, order, plain};
use super::bytes::{Reader, put_bytes};
use super::keys;
use super::store::{Entry, Store};
use crate::batch::Partition;
use crate::feedback::Millis;

/// Folder of the sorted files, in that of the index.
const FOLDER: &str = "filling";
/// Of that many bytes of memory, one change is sorted at a time: few take as much.
const BYTES_PER_CHANGE: usize = 1 << 10;
/// Changes of one entity that are applied at a time.
const AT_A_TIME: usize = 4_096;
/// Entries that are made at a time, and how often before they are written.
const MADE: usize = 1_024;
const AHEAD: usize = 4;
/// How often is told how far the writing is.
const TOLD_EVERY: u64 = 1 << 16;

type Order<T> = fn(&T, &T) -> Ordering;

/// Changes on their way into an index that holds nothing.
pub struct Filling {
    folder: Folder,
    memory: usize,
    changes: PushExternalSorter<Staged, Order<Staged>>,
    count: u64,
}

impl Filling {
    /// Begins beside an index. `memory`: most bytes that it takes.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn begin(index: &Path, memory: usize) -> Result<Self> {
        remove(index)?;
        let folder = Folder(index.join(FOLDER));
        let by_entity = |a: &Staged, b: &Staged| a.key().cmp(b.key());
        Ok(Self {
            changes: sorter(&folder.0.join("changes"), memory, by_entity)?,
            folder,
            memory,
            count: 0,
        })
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
        let sorted = self.changes.push_iter(changes);
        sorted.context("can't write the changes of O-data that are sorted")
    }

    /// Writes what all changes make into a store that holds no entity, then the positions behind
    /// them. `told` hears now and then how many changes are written.
    ///
    /// # Errors
    /// The disk is full or fails: the store has no positions, and is to be filled again.
    pub fn finish(
        self,
        store: &Store,
        positions: &[(Partition, i64)],
        horizon: Millis,
        told: impl FnMut(u64) + Send,
    ) -> Result<()> {
        let mut changes = Changes {
            sorted: Sorted::new(self.changes.done()?)?,
            group: Vec::new(),
            done: 0,
            told,
        };
        let by_order = |a: &Copy, b: &Copy| (&a.order, &a.shipment).cmp(&(&b.order, &b.shipment));
        let mut copies = sorter(&self.folder.0.join("copies"), self.memory, by_order)?;
        let next = || next_entity(&mut changes, &mut copies, horizon).transpose();
        write(store, std::iter::from_fn(next))?;
        let mut copies = Sorted::new(copies.done()?)?;
        let next = || next_order(&mut changes, &mut copies, horizon).transpose();
        write(store, std::iter::from_fn(next))?;
        ensure!(
            changes.done == self.count,
            "of {} changes of O-data that were sorted, {} were there to be read",
            self.count,
            changes.done
        );
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
    changes: &mut Changes<impl FnMut(u64)>,
    copies: &mut PushExternalSorter<Copy, Order<Copy>>,
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
    copies.push_iter(of_shipment)?;
    Ok(value.map(|value| (key, value)))
}

/// The next order that changes or shipments tell of.
fn next_order(
    changes: &mut Changes<impl FnMut(u64)>,
    copies: &mut Sorted<Copy>,
    horizon: Millis,
) -> Result<Option<Entry>> {
    let shipped = copies.next.as_ref().map(|copy| copy.order.clone());
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

impl<F: FnMut(u64)> Changes<F> {
    /// Key of the entity that comes next.
    fn next_key(&self) -> Option<Vec<u8>> {
        self.sorted.next.as_ref().map(|next| next.key().to_vec())
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
                (self.told)(self.done);
            }
        }
        Ok((!self.group.is_empty()).then_some(&self.group))
    }
}

/// Sorted items, the next one at hand.
struct Sorted<T: Sortable> {
    items: SortedIterator<T, Order<T>>,
    next: Option<T>,
}

impl<T: Sortable> Sorted<T> {
    fn new(mut items: SortedIterator<T, Order<T>>) -> Result<Self> {
        let next = items.next().transpose()?;
        Ok(Self { items, next })
    }

    fn next_if(&mut self, wanted: impl Fn(&T) -> bool) -> Result<Option<T>> {
        if !self.next.as_ref().is_some_and(wanted) {
            return Ok(None);
        }
        let after = self.items.next().transpose();
        let after = after.context("can't read the changes of O-data that are sorted")?;
        Ok(std::mem::replace(&mut self.next, after))
    }
}

fn sorter<T: Sortable>(
    folder: &Path,
    memory: usize,
    order: Order<T>,
) -> Result<PushExternalSorter<T, Order<T>>> {
    fs::create_dir_all(folder)
        .with_context(|| format!("can't sort changes of O-data in {}", folder.display()))?;
    Ok(ExternalSorter::new()
        .with_sort_dir(folder.to_owned())
        .with_segment_size(memory / BYTES_PER_CHANGE)
        .with_parallel_sort()
        .pushed_by(order))
}

/// Removes what a filling left that was killed.
///
/// # Errors
/// The disk fails.
pub fn remove(index: &Path) -> Result<()> {
    let folder = index.join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Is removed, whatever ends the filling.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is tried again when the index is opened.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Sortable for Staged {
    fn encode<W: Write>(&self, to: &mut W) -> io::Result<()> {
        encode(to, |out| self.put(out))
    }

    fn decode<R: Read>(from: &mut R) -> io::Result<Self> {
        decode(from, Staged::read)
    }
}

impl Sortable for Copy {
    fn encode<W: Write>(&self, to: &mut W) -> io::Result<()> {
        encode(to, |out| {
            put_bytes(out, &self.order);
            put_bytes(out, &self.shipment);
            put_bytes(out, self.history.as_deref().unwrap_or_default());
        })
    }

    fn decode<R: Read>(from: &mut R) -> io::Result<Self> {
        decode(from, |reader| {
            let (order, shipment) = (reader.bytes()?.to_vec(), reader.bytes()?.to_vec());
            let history = Some(reader.bytes()?.to_vec());
            Some(Self {
                order,
                shipment,
                history,
            })
        })
    }
}

/// One item, after its length.
fn encode(to: &mut impl Write, put: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
    let mut bytes = vec![0; size_of::<u32>()];
    put(&mut bytes);
    let length = bytes.len() - size_of::<u32>();
    let length = u32::try_from(length).map_err(io::Error::other)?;
    bytes[..size_of::<u32>()].copy_from_slice(&length.to_le_bytes());
    to.write_all(&bytes)
}

fn decode<T>(
    from: &mut impl Read,
    item: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> io::Result<T> {
    let mut length = [0; size_of::<u32>()];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    item(&mut Reader(&bytes)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
