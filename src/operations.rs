//! The as-of index: every instance's own copy of O-data, on disk, from which rows are joined as they
//! are written.
//!
//! It reads all partitions of all feeds, beside the group, up to their ends before feedback is
//! read, and on from there; [`following`] does that. What it holds is a function of the records read,
//! not of their order: a change that comes twice, or late, changes nothing that it should not. It
//! keeps its own offsets with the data, so a start goes on where the last one ended.
//!
//! It is no truth of its own: Kafka and the tables are. Lost, broken, or made under other feeds or
//! another privacy key, it is made again. Looks and changes go on side by side.
//!
//! | a question | the place |
//! |---|---|
//! | Which of an entity's versions held, which are kept? | `operations/history.rs` |
//! | Which facts are kept? | `operations/facts.rs` |
//! | Where are the shipments of an order? | `operations/applying.rs` |
//! | How is an empty index filled? | `operations/filling.rs` |
//! | When is the index made anew? | `operations/store.rs` |

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::batch::Partition;
use crate::erasure::Erasures;
use crate::feedback::{Feedback, Millis};
use crate::odata::{Joined, Keys, join};

mod applying;
mod bytes;
mod erasing;
mod facts;
mod filling;
pub mod following;
mod history;
mod keys;
mod looking;
mod sorter;
mod store;

pub use applying::Staged;
pub use filling::Filling;
pub use looking::Look;
pub use store::Position;

/// See the module.
pub struct Index {
    /// Another one once something is erased.
    store: RwLock<Arc<store::Store>>,
    /// The one of before, until it is off the disk.
    before: Mutex<Option<store::Leaving>>,
    name: String,
    folder: PathBuf,
    memory: usize,
    made_under: String,
    horizon: Duration,
}

impl Index {
    /// Opens the index in a folder, or makes it. `memory`: bound of its memory in bytes;
    /// `horizon`: how far back all versions are kept; `made_under`: names all that decides about
    /// what a record tells.
    ///
    /// # Errors
    /// Another instance has the folder, or it can't be written.
    pub fn open(folder: &Path, memory: usize, horizon: Duration, made_under: &str) -> Result<Self> {
        let store = store::Store::open(folder, memory, made_under)?;
        Ok(Self {
            before: Mutex::new(store.left_beside(folder)),
            store: RwLock::new(Arc::new(store)),
            name: store::name(folder)?,
            folder: folder.to_owned(),
            memory,
            made_under: made_under.to_owned(),
            horizon,
        })
    }

    /// Joins an item with what was true when it was given.
    pub fn join(&self, feedback: &Feedback) -> Joined {
        let look = self.look();
        join::join(
            &feedback.tenant,
            &Keys::of(feedback),
            feedback.created_at,
            &look,
        )
    }

    /// A look, for more than one question about an item.
    pub fn look(&self) -> Look {
        Look::new(self.store())
    }

    fn store(&self) -> Arc<store::Store> {
        self.store
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Applies changes and moves the positions of the partitions that they were read from, all or
    /// nothing. One thread at a time.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn apply(&self, changes: Vec<Staged>, positions: &[(Partition, i64)]) -> Result<()> {
        self.apply_at(self.horizon(), changes, positions)
    }

    fn horizon(&self) -> Millis {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let horizon = now.unwrap_or_default().saturating_sub(self.horizon);
        horizon.as_millis() as Millis
    }

    fn apply_at(
        &self,
        horizon: Millis,
        changes: Vec<Staged>,
        positions: &[(Partition, i64)],
    ) -> Result<()> {
        let store = self.store();
        let entries = applying::entries(&store, changes, horizon)?;
        store.write(entries, positions)
    }

    /// Begins to fill an index to which nothing was ever applied; `None` if something was.
    ///
    /// # Errors
    /// The disk fails.
    pub fn begin_filling(&self) -> Result<Option<Filling>> {
        match self.store().has_positions()? {
            true => Ok(None),
            false => Ok(Some(Filling::begin(&self.folder, self.memory))),
        }
    }

    /// Applies all changes of a filling, and sets the positions of the partitions that they were
    /// read from. `told` hears now and then how many are written, and says whether to go on.
    ///
    /// # Errors
    /// Told not to go on; the disk is full or fails. The index is to be filled again.
    pub fn fill(
        &self,
        filling: Filling,
        positions: &[(Partition, i64)],
        told: impl FnMut(u64) -> bool + Send,
    ) -> Result<()> {
        let old = self.store();
        let new = old.beside(&self.folder, self.memory, &self.made_under)?;
        filling.finish(&new, positions, self.horizon(), told)?;
        self.replace(old, new)
    }

    /// Writes the index anew without what is erased, if there is any; returns how many versions of
    /// entities went. The thread that applies calls it; looks go on meanwhile, in the old one.
    ///
    /// # Errors
    /// The disk is full or fails: the index is as it was. Or the old one is still on the disk; called
    /// again, this takes it off.
    pub fn erase(&self, erasures: &Erasures) -> Result<u64> {
        self.remove_before()?;
        let old = self.store();
        let against = erasures.digest();
        if old.erased()? == against {
            return Ok(0);
        }
        let erased = erasing::count(&old, erasures)?;
        if erased == 0 {
            old.set_erased(&against)?;
            return Ok(0);
        }
        let new = old.beside(&self.folder, self.memory, &self.made_under)?;
        erasing::copy(&old, &new, erasures)?;
        new.set_erased(&against)?;
        self.replace(old, new)?;
        Ok(erased)
    }

    /// Looks go to the new one from now on.
    fn replace(&self, old: Arc<store::Store>, new: store::Store) -> Result<()> {
        let new = new.opened_again(self.memory)?;
        new.takes_over(&self.folder)?;
        let mut before = self.before();
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        *before = Some(store::Leaving::of(old));
        drop(before);
        self.remove_before()
    }

    /// Names the erasures that nothing is left of on the disk, as [`Erasures::digest`]; empty if it
    /// was never held against any, `None` while an index of before is still there.
    ///
    /// # Errors
    /// The disk fails.
    pub fn without(&self) -> Result<Option<String>> {
        if self.before().is_some() {
            return Ok(None);
        }
        self.store().erased().map(Some)
    }

    /// Tells this index from those of other instances: a name that stays, and the folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn remove_before(&self) -> Result<()> {
        let mut before = self.before();
        if let Some(leaving) = &mut *before {
            leaving.remove()?;
            *before = None;
        }
        Ok(())
    }

    fn before(&self) -> MutexGuard<'_, Option<store::Leaving>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// First offset of a partition that was not applied; `None` if none ever was in this life of the
    /// topic.
    ///
    /// # Errors
    /// The disk fails.
    pub fn position(&self, partition: &Partition) -> Result<Option<i64>> {
        let position = self.store().position(&partition.topic, partition.number)?;
        Ok(position
            .filter(|known| *known.stream == *partition.stream)
            .map(|known| known.next))
    }

    /// Makes everything durable that was applied.
    ///
    /// # Errors
    /// The disk fails.
    pub fn flush(&self) -> Result<()> {
        self.store().flush()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.store().bytes()
    }
}

#[cfg(test)]
mod tests;
