//! Keeps the index up with its feeds: up to their ends first, then on without end.
//!
//! One thread reads, another decodes on all cores and applies, or, the first time, sorts what it
//! decodes and writes it at the end ([`Filling`]). Records that are bad, or tell of no
//! entity, are none of the index's business: the pipeline gives them their outcome, and says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tracing::{info, warn};

use super::{Filling, Index, Staged};
use crate::batch::{Partition, RawBatch};
use crate::decode::Limits;
use crate::decode::odata::Feeds;
use crate::erasure::Erasures;
use crate::kafka::Follower;
use crate::telemetry::metrics;

/// Records and bytes that are read at a time.
const READ: (usize, usize) = (10_000, 4 << 20);
/// How long is read at a time: what has come is applied then.
const PAUSE: Duration = Duration::from_millis(100);
/// Changes wait at most so long for more, before the end is reached.
const WAIT: Duration = Duration::from_secs(2);
/// Wait before what is erased is taken out of the index again, after the disk failed.
const ERASE_AGAIN: Duration = Duration::from_secs(60);
const FAILED: &str = "the index of O-data failed";
/// Wait after Kafka did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// How far the index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Offsets read since the start.
    pub read: u64,
    /// Changes that were read, and are not in the index yet.
    pub waiting: u64,
    /// Offsets between what was read and the ends.
    pub left: u64,
}

impl Progress {
    /// Everything is in the index that the feeds hold.
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.waiting == 0
    }
}

/// An index that follows its feeds on threads of its own, until it is dropped or ended.
pub struct Following {
    stop: Arc<AtomicBool>,
    ended: Receiver<Result<()>>,
    progress: Receiver<Progress>,
    threads: Vec<JoinHandle<()>>,
}

/// What was read, and how much is left after it.
struct Read {
    batches: Vec<RawBatch>,
    left: u64,
}

impl Following {
    /// Begins to read where the index left off. `memory`: that of the index. `failed` is called if it
    /// ends by itself; [`end`](Self::end) tells why.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        follower: Follower,
        index: Arc<Index>,
        feeds: Arc<Feeds>,
        limits: Limits,
        memory: usize,
        erasures: Arc<Erasures>,
        failed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (read, reads) = sync_channel(1);
        let (end, ended) = sync_channel(2);
        let end = Arc::new(move |result: Result<()>| {
            let is_failure = result.is_err();
            // Nobody waits any more: ended.
            let _ = end.send(result);
            if is_failure {
                failed();
            }
        });
        let (tell, progress) = sync_channel(64);
        let reading = {
            let (stop, index, end) = (stop.clone(), index.clone(), end.clone());
            thread::Builder::new()
                .name("odata-read".into())
                .spawn(move || {
                    end(read_on(follower, &index, &read, &stop));
                })?
        };
        let applying = Applying {
            stop: stop.clone(),
            index,
            feeds,
            limits,
            // Changes that wait, their entries, and what is read take about as much again.
            most: (memory / 16).max(1 << 20),
            waiting: Vec::new(),
            bytes: 0,
            positions: Vec::new(),
            since: None,
            read: 0,
            left: u64::MAX,
            filling: None,
            is_first: true,
            erasing: Erasing::new(erasures),
        };
        let applying = thread::Builder::new()
            .name("odata-apply".into())
            .spawn(move || {
                end(applying.run(&reads, &tell));
            })?;
        Ok(Self {
            stop,
            ended,
            progress,
            threads: vec![reading, applying],
        })
    }

    /// Waits until everything is applied that the feeds held when this began, or a moment later;
    /// tells `progress` about how far it is, several times a second. `false`: told to stop before.
    ///
    /// # Errors
    /// The disk fails, or Kafka refuses for good.
    pub fn caught_up(
        &self,
        stopped: impl Fn() -> bool,
        mut progress: impl FnMut(Progress),
    ) -> Result<bool> {
        let mut last = Instant::now();
        while !stopped() {
            match self.progress.recv_timeout(PAUSE) {
                Ok(now) if now.is_done() => {
                    progress(now);
                    return Ok(true);
                }
                Ok(now) if last.elapsed() > PAUSE => {
                    last = Instant::now();
                    progress(now);
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {}
            }
            if let Ok(ended) = self.ended.try_recv() {
                return ended.map(|()| false);
            }
        }
        // It may be its own failure that told to stop.
        let ended = self.ended.try_recv().unwrap_or(Ok(()));
        ended.map(|()| false)
    }

    /// Ends, everything applied that was read, and durable.
    ///
    /// # Errors
    /// The disk fails.
    pub fn end(mut self) -> Result<()> {
        self.join();
        while let Ok(ended) = self.ended.try_recv() {
            ended?;
        }
        Ok(())
    }

    fn join(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                warn!("a thread of the index has panicked");
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.join();
    }
}

/// Reads until told to stop, or nobody takes what is read.
fn read_on(
    mut follower: Follower,
    index: &Index,
    read: &SyncSender<Read>,
    stop: &AtomicBool,
) -> Result<()> {
    let mut looked = false;
    while !stop.load(Ordering::Relaxed) {
        match follower.look(|partition| index.position(partition)) {
            Ok(()) => looked = true,
            Err(error) => {
                warn!(
                    error = format!("{error:#}"),
                    "can't look at the topics of O-data, trying again"
                );
                if !looked {
                    thread::sleep(AGAIN);
                    continue;
                }
            }
        }
        let batches = follower.read(READ.0, READ.1, PAUSE)?;
        let left = follower.behind();
        if read.send(Read { batches, left }).is_err() {
            break;
        }
    }
    Ok(())
}

/// Takes out of the index what is erased meanwhile.
struct Erasing {
    erasures: Arc<Erasures>,
    /// What was erased when the index was last held against it.
    done: u64,
    /// What was erased at the last look, and since when: marks come many at a time.
    seen: (u64, Instant),
}

impl Erasing {
    fn new(erasures: Arc<Erasures>) -> Self {
        Self {
            erasures,
            done: 0,
            seen: (0, Instant::now()),
        }
    }

    /// Does what there is to do, when nothing new has come for a while. Without space for it the
    /// index stays as it is: tried again.
    fn look(&mut self, index: &Index) {
        let now = self.erasures.generation();
        if now != self.seen.0 {
            self.seen = (now, Instant::now());
        }
        if now == self.done || self.seen.1.elapsed() < WAIT {
            return;
        }
        let begun = Instant::now();
        match index.erase(&self.erasures) {
            Ok(0) => self.done = now,
            Ok(versions) => {
                self.done = now;
                info!(versions, took = ?begun.elapsed(), "erased from the index of O-data");
            }
            Err(error) => {
                let error = format!("{error:#}");
                warn!(
                    error,
                    "the index of O-data still holds what is erased, trying again"
                );
                self.seen.1 = Instant::now() + ERASE_AGAIN;
            }
        }
    }
}

/// Decodes and applies what was read.
struct Applying {
    stop: Arc<AtomicBool>,
    index: Arc<Index>,
    feeds: Arc<Feeds>,
    limits: Limits,
    /// Bytes of changes that are applied at a time.
    most: usize,
    waiting: Vec<Staged>,
    bytes: usize,
    positions: Vec<(Partition, i64)>,
    /// Since when the first of them waits.
    since: Option<Instant>,
    read: u64,
    left: u64,
    /// While an index that was empty is filled.
    filling: Option<Filling>,
    /// Nothing was taken in yet, and the ends were not reached.
    is_first: bool,
    erasing: Erasing,
}

impl Applying {
    fn run(mut self, reads: &Receiver<Read>, tell: &SyncSender<Progress>) -> Result<()> {
        // Ends with the thread that reads.
        while let Ok(read) = reads.recv() {
            self.left = read.left;
            for batch in &read.batches {
                self.stage(batch);
            }
            let waited = self.since.is_some_and(|since| since.elapsed() >= WAIT);
            let at_end = self.left == 0 || read.batches.is_empty();
            if self.bytes >= self.most || waited || at_end {
                self.take_in(tell)?;
                self.tell(tell, self.filling.as_ref().map_or(0, Filling::count));
            }
            if self.left == 0 {
                self.is_first = false;
                self.erasing.look(&self.index);
            }
        }
        // What was sorted and not written is read again.
        if self.filling.is_none() {
            self.apply()?;
        }
        self.index.flush()
    }

    fn tell(&self, tell: &SyncSender<Progress>, waiting: u64) {
        // Nobody has to listen.
        let _ = tell.try_send(Progress {
            read: self.read,
            waiting,
            left: self.left,
        });
    }

    fn stage(&mut self, batch: &RawBatch) {
        let topic = &*batch.partition().topic;
        let changes = (0..batch.len()).into_par_iter().filter_map(|n| {
            let record = batch.record(n);
            let change = self.feeds.decode(topic, &record, &self.limits)?.ok()?;
            let erased = self.erasing.erasures.cover_change(&change);
            (!erased).then(|| Staged::of(&change, record.offset))
        });
        let changes: Vec<Staged> = changes.collect();
        self.bytes += changes.iter().map(Staged::size).sum::<usize>();
        self.waiting.extend(changes);
        let Some(offsets) = batch.offsets() else {
            return;
        };
        let next = offsets.range.end() + 1;
        self.read += batch.len() as u64;
        self.since.get_or_insert_with(Instant::now);
        let partition = batch.partition();
        // In another life of the topic, too, there is one position for a partition.
        let is_of = |p: &Partition| p.topic == partition.topic && p.number == partition.number;
        self.positions.retain(|(p, _)| !is_of(p));
        self.positions.push((partition.clone(), next));
    }

    /// Applies what waits, or sorts it as long as an empty index is filled.
    fn take_in(&mut self, tell: &SyncSender<Progress>) -> Result<()> {
        if self.is_first && !self.positions.is_empty() {
            self.is_first = false;
            if self.left > 0 {
                self.filling = self.index.begin_filling()?;
            }
        }
        let Some(mut filling) = self.filling.take() else {
            return self.apply();
        };
        filling.add(std::mem::take(&mut self.waiting))?;
        self.bytes = 0;
        self.since = None;
        if self.left > 0 {
            self.filling = Some(filling);
            metrics::index(0, self.left, self.index.bytes());
            return Ok(());
        }
        let count = filling.count();
        let told = |written: u64| {
            // It is not done before it is told to be.
            self.tell(tell, (count - written).max(1));
            !self.stop.load(Ordering::Relaxed)
        };
        let filled = self.index.fill(filling, &self.positions, told);
        self.positions.clear();
        // Stopped, it is as empty as it was.
        if filled.is_err() && self.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        filled.context(FAILED)?;
        metrics::index(count, self.left, self.index.bytes());
        Ok(())
    }

    fn apply(&mut self) -> Result<()> {
        if self.positions.is_empty() {
            metrics::index(0, self.left, self.index.bytes());
            return Ok(());
        }
        let changes = std::mem::take(&mut self.waiting);
        let count = changes.len() as u64;
        self.index.apply(changes, &self.positions).context(FAILED)?;
        self.positions.clear();
        self.bytes = 0;
        self.since = None;
        metrics::index(count, self.left, self.index.bytes());
        Ok(())
    }
}
