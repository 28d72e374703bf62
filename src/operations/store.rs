//! The index on disk: one key an entity, in a store of fjall.
//!
//! Kafka is the log that everything can be read from again, so nothing here is worth more than the
//! time to read it: what can't be opened, or was made under another configuration, is made anew. A
//! batch of entities and the positions in Kafka behind it become visible and durable together.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fjall::config::{
    BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry, HashRatioPolicy,
    PartitioningPolicy, PinningPolicy, RestartIntervalPolicy,
};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, UserValue};
use tracing::{info, warn};
use uuid::Uuid;

use super::bytes::{Reader, put_bytes, put_signed};
use super::keys;
use crate::batch::Partition;
use crate::config::ConfigError;

/// Shape of keys and values, and what records are decoded to. Counts up when either changes: an
/// index of another number is made anew.
const FORMAT: u32 = 4;
/// Folders in the folder of the index, of which one holds it; nothing else there is touched.
const FOLDERS: [&str; 2] = ["store", "store-2"];
/// File that names the folder that holds it; without it, the first.
const CURRENT: &str = "current";
/// File with the name of the index, which stays when it is made anew.
const NAME: &str = "name";
const KEYSPACE: &str = "entities";
/// From so many entries on, a batch is written as a sorted run beside the journal.
const RUN: usize = 4_096;
/// Longest wait for looks that go on in a store of before.
const LOOKS_END: Duration = Duration::from_secs(10);

/// Where reading goes on in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Life of the topic that the offset belongs to.
    pub stream: String,
    /// First offset that was not applied.
    pub next: i64,
}

/// Keys and values, sorted, each key once.
pub type Entries = Vec<Entry>;
/// Key and value, as they are stored.
pub type Entry = (Vec<u8>, Vec<u8>);

/// See the module.
pub struct Store {
    database: Database,
    entities: Keyspace,
    path: PathBuf,
}

impl Store {
    /// Opens the index in a folder, or makes it. `made_under` names all that decides about its
    /// content, besides what is in Kafka.
    ///
    /// # Errors
    /// Another instance has it; the folder can't be written.
    pub fn open(folder: &Path, memory: usize, made_under: &str) -> Result<Self> {
        let name = current(folder);
        let path = folder.join(name);
        let made_under = format!("{FORMAT} {made_under}");
        match Self::try_open(&path, memory) {
            Ok(store) => match store.get(keys::MADE_UNDER)? {
                Some(known) if *known == *made_under.as_bytes() => return Ok(store),
                None if store.is_empty()? => return store.begin(&made_under),
                _ => info!(
                    folder = %folder.display(),
                    "feeds, limits, privacy key or the index's format have changed: the index of \
                     O-data is made anew"
                ),
            },
            Err(fjall::Error::Locked) => return Err(taken(folder).into()),
            Err(error) if !path.join("version").exists() => {
                return Err(refused(folder, &error).into());
            }
            Err(error) => warn!(
                folder = %folder.display(), %error,
                "the index of O-data can't be read: it is made anew"
            ),
        }
        fs::remove_dir_all(&path).map_err(|error| refused(folder, &error))?;
        Self::try_open(&path, memory)
            .map_err(|error| refused(folder, &error))?
            .begin(&made_under)
    }

    fn try_open(path: &PathBuf, memory: usize) -> fjall::Result<Self> {
        fs::create_dir_all(path)?;
        let memory = memory as u64;
        // The rest is for filters and the index of blocks, and for what is under way.
        #[expect(deprecated, reason = "the only bound on what is not yet written")]
        let database = Database::builder(path)
            .cache_size(memory / 4 * 3)
            .max_write_buffer_size(Some((memory / 8).max(1 << 20)))
            .max_journaling_size(64 << 20)
            .worker_threads(1)
            .open()?;
        let entities = database.keyspace(KEYSPACE, || {
            let bits = BloomConstructionPolicy::BitsPerKey(10.0);
            KeyspaceCreateOptions::default()
                .max_memtable_size((memory / 16).max(1 << 20))
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .data_block_restart_interval_policy(RestartIntervalPolicy::all(4))
                .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
                .filter_policy(FilterPolicy::all(FilterPolicyEntry::Bloom(bits)))
                // Feedback tells of customers and orders that are known: in what was filled, or merged
                // to the end, a look finds what it asks for. Runs have no filter until they are merged.
                .expect_point_read_hits(true)
                // A look asks every level: what says where to look stays in memory, out of the cache
                // of what is found (from the first merge or opening on: a run that is just written is not pinned).
                .filter_block_pinning_policy(PinningPolicy::all(true))
                .filter_block_partitioning_policy(PartitioningPolicy::all(false))
                .index_block_pinning_policy(PinningPolicy::all(true))
                .index_block_partitioning_policy(PartitioningPolicy::all(false))
        })?;
        let path = path.clone();
        Ok(Self {
            database,
            entities,
            path,
        })
    }

    /// An empty store, to be filled and to take over.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn beside(&self, folder: &Path, memory: usize, made_under: &str) -> Result<Self> {
        let other = FOLDERS.iter().map(|name| folder.join(name));
        let path = other.into_iter().find(|path| *path != self.path);
        let path = path.context("there is no folder for another index")?;
        // What a process that was killed had begun.
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        let made_under = format!("{FORMAT} {made_under}");
        let store = Self::try_open(&path, memory);
        store
            .context("can't write another index")?
            .begin(&made_under)
    }

    /// From now on this is the index, also at the next start.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn takes_over(&self, folder: &Path) -> Result<()> {
        self.flush()?;
        let name = self.path.file_name().unwrap_or_default();
        let part = folder.join(format!("{CURRENT}.part"));
        let mut file = fs::File::create(&part)?;
        file.write_all(name.as_encoded_bytes())?;
        file.sync_all()?;
        fs::rename(part, folder.join(CURRENT)).context("can't write the index")
    }

    /// What a start before, or this one, could not take off the disk.
    pub fn left_beside(&self, folder: &Path) -> Option<Leaving> {
        let mut others = FOLDERS.iter().map(|name| folder.join(name));
        let path = others.find(|path| *path != self.path && path.exists())?;
        Some(Leaving { store: None, path })
    }

    /// Everything, sorted.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry>> {
        self.entities.iter().map(|entry| {
            let (key, value) = entry.into_inner().context("can't read the index")?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Takes over entries of another one, sorted.
    ///
    /// # Errors
    /// Those of the entries; the disk is full or fails.
    pub fn fill(&self, entries: impl Iterator<Item = Result<Entry>>) -> Result<()> {
        let mut run = self.entities.start_ingestion()?;
        for entry in entries {
            let (key, value) = entry?;
            run.write(key, value)?;
        }
        run.finish().context("can't write the index")
    }

    /// Names the erasures that it was held against; empty if none.
    ///
    /// # Errors
    /// The disk fails.
    pub fn erased(&self) -> Result<String> {
        let value = self.get(keys::ERASED)?;
        Ok(value.map_or_else(String::new, |v| String::from_utf8_lossy(&v).into_owned()))
    }

    /// Closes it and opens it again: only then what was written as runs has in memory what says where to
    /// look.
    ///
    /// # Errors
    /// The disk fails.
    pub fn opened_again(self, memory: usize) -> Result<Self> {
        let path = self.path.clone();
        drop(self);
        Self::try_open(&path, memory).context("can't open the index again")
    }

    /// Remembers the erasures that it was held against.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn set_erased(&self, against: &str) -> Result<()> {
        let written = self.entities.insert(keys::ERASED, against.as_bytes());
        written.context("can't write the index")
    }

    fn begin(self, made_under: &str) -> Result<Self> {
        self.entities
            .insert(keys::MADE_UNDER, made_under.as_bytes())?;
        self.flush()?;
        Ok(self)
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(self.entities.is_empty()?)
    }

    /// The value of a key.
    ///
    /// # Errors
    /// The disk fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<UserValue>> {
        self.entities.get(key).context("can't read the index")
    }

    /// Writes entries and the positions behind them, all or nothing.
    ///
    /// # Errors
    /// The disk is full or fails: the index is to be opened again.
    pub fn write(&self, entries: Entries, positions: &[(Partition, i64)]) -> Result<()> {
        let mut first: Entries = positions
            .iter()
            .map(|(partition, next)| {
                let mut value = Vec::new();
                put_bytes(&mut value, partition.stream.as_bytes());
                put_signed(&mut value, *next);
                (keys::position(&partition.topic, partition.number), value)
            })
            .collect();
        first.sort();
        let all = first.into_iter().chain(entries);
        let written = match all.size_hint().0 >= RUN {
            true => self.write_run(all),
            false => self.write_batch(all),
        };
        written.context("can't write the index")
    }

    fn write_run(&self, entries: impl Iterator<Item = Entry>) -> fjall::Result<()> {
        let mut run = self.entities.start_ingestion()?;
        for (key, value) in entries {
            run.write(key, value)?;
        }
        run.finish()
    }

    fn write_batch(&self, entries: impl Iterator<Item = Entry>) -> fjall::Result<()> {
        let mut batch = self.database.batch();
        for (key, value) in entries {
            batch.insert(&self.entities, key, value);
        }
        batch.commit()
    }

    /// Where reading goes on in a partition, if it ever began.
    ///
    /// # Errors
    /// The disk fails.
    pub fn position(&self, topic: &str, number: i32) -> Result<Option<Position>> {
        let value = self.get(&keys::position(topic, number))?;
        Ok(value.and_then(|value| {
            let mut reader = Reader(&value);
            Some(Position {
                stream: reader.text()?,
                next: reader.signed()?,
            })
        }))
    }

    /// Whether a partition has ever been read.
    ///
    /// # Errors
    /// The disk fails.
    pub fn has_positions(&self) -> Result<bool> {
        let first = self.entities.prefix([keys::POSITION]).next();
        let first = first.map(|entry| entry.into_inner()).transpose();
        Ok(first.context("can't read the index")?.is_some())
    }

    /// Makes everything durable that was written.
    ///
    /// # Errors
    /// The disk fails.
    pub fn flush(&self) -> Result<()> {
        self.database
            .persist(PersistMode::SyncAll)
            .context("can't write the index to disk")
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.entities.disk_space()
    }
}

/// A store of before, on its way off the disk.
pub struct Leaving {
    store: Option<Arc<Store>>,
    path: PathBuf,
}

impl Leaving {
    /// One that no look begins at any more.
    pub fn of(store: Arc<Store>) -> Self {
        Self {
            path: store.path.clone(),
            store: Some(store),
        }
    }

    /// Takes it off the disk when the last look at it has ended.
    ///
    /// # Errors
    /// Looks go on, or the disk fails: it is still there, to be tried again.
    pub fn remove(&mut self) -> Result<()> {
        let begun = Instant::now();
        while let Some(store) = self.store.take() {
            match Arc::try_unwrap(store) {
                Ok(alone) => drop(alone),
                Err(shared) => {
                    self.store = Some(shared);
                    if begun.elapsed() > LOOKS_END {
                        bail!(
                            "the index of before is still looked at, in {}",
                            self.path.display()
                        );
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.context("can't remove the index of before"),
        }
    }
}

/// Name of the index in a folder: one that no other has, and the folder, for people.
///
/// # Errors
/// The folder can't be written.
pub fn name(folder: &Path) -> Result<String> {
    let file = folder.join(NAME);
    let known = fs::read_to_string(&file).unwrap_or_default();
    let own = match known.trim() {
        "" => {
            let new = Uuid::new_v4().simple().to_string();
            fs::write(&file, &new).map_err(|error| refused(folder, &error))?;
            new
        }
        known => known.to_owned(),
    };
    let folder = fs::canonicalize(folder).map_err(|error| refused(folder, &error))?;
    Ok(format!("{own} {}", folder.display()))
}

/// Folder that holds the index. What the other one holds was begun and not finished, or is of before.
fn current(folder: &Path) -> &'static str {
    let named = fs::read_to_string(folder.join(CURRENT)).unwrap_or_default();
    let current = FOLDERS.into_iter().find(|name| *name == named.trim());
    let current = current.unwrap_or(FOLDERS[0]);
    for other in FOLDERS.into_iter().filter(|name| *name != current) {
        // Not there, mostly.
        let _ = fs::remove_dir_all(folder.join(other));
    }
    current
}

fn taken(folder: &Path) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: "operations.index".into(),
        message: format!("another instance has the index in {}", folder.display()),
        mend: "give each instance a folder of its own".into(),
    }
}

fn refused(folder: &Path, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: "operations.index".into(),
        message: format!("can't keep the index in {}: {error}", folder.display()),
        mend: "name a folder that this process may write to, on a disk with space".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: usize = 16 << 20;

    fn partition(stream: &str) -> Partition {
        Partition {
            topic: "t".into(),
            stream: stream.into(),
            number: 3,
        }
    }

    fn entries(count: u32) -> Entries {
        (0..count)
            .map(|n| {
                (
                    keys::entity(crate::odata::Entity::Order, "d", &format!("{n:08}")),
                    b"v".to_vec(),
                )
            })
            .collect()
    }

    #[test]
    fn it_goes_on_where_it_was_and_begins_again_under_another_configuration() {
        let folder = tempfile::tempdir().unwrap();
        // By the journal, and as a run.
        for (count, next) in [(10, 5), (RUN as u32, 9)] {
            let store = Store::open(folder.path(), MEMORY, "a").unwrap();
            store
                .write(entries(count), &[(partition("s"), next)])
                .unwrap();
            store.flush().unwrap();
            drop(store);
            let store = Store::open(folder.path(), MEMORY, "a").unwrap();
            let position = store.position("t", 3).unwrap().unwrap();
            assert_eq!((position.stream.as_str(), position.next), ("s", next));
            for (key, value) in entries(count) {
                assert_eq!(store.get(&key).unwrap().unwrap(), value);
            }
        }
        let store = Store::open(folder.path(), MEMORY, "b").unwrap();
        assert_eq!(store.position("t", 3).unwrap(), None);
        assert_eq!(store.get(&entries(1)[0].0).unwrap(), None);
    }

    #[test]
    fn two_instances_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _held = Store::open(folder.path(), MEMORY, "a").unwrap();
        let error = Store::open(folder.path(), MEMORY, "a").err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains("operations.index") && error.contains("folder of its own"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_index_is_made_anew_and_a_folder_that_is_none_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), MEMORY, "a").unwrap();
        store.write(entries(10), &[(partition("s"), 5)]).unwrap();
        drop(store);
        let version = folder.path().join(FOLDERS[0]).join("version");
        fs::write(version, b"no such version").unwrap();
        let store = Store::open(folder.path(), MEMORY, "a").unwrap();
        assert_eq!(store.position("t", 3).unwrap(), None);

        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let error = Store::open(&file, MEMORY, "a").err().unwrap().to_string();
        assert!(error.contains("operations.index"), "{error}");
    }
}
