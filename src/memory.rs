//! A source and a sink in memory: for tests, benchmarks and dry runs.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use crate::batch::{EnrichedBatch, Offsets, OutcomeKind, RawBatch};
use crate::pipeline::{Sink, SinkError, Source};

/// Gives its batches in order, then ends; remembers what was advanced.
#[derive(Debug, Default)]
pub struct VecSource {
    batches: Mutex<VecDeque<RawBatch>>,
    ledger: Mutex<Ledger>,
    /// Assignments that are over.
    over: Mutex<Vec<u64>>,
}

/// What a [`VecSource`] was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Ranges that are durable, in order.
    pub done: Vec<Offsets>,
    /// Ranges announced, in order, each once.
    pub announced: Vec<Offsets>,
}

impl VecSource {
    /// A source of these batches.
    pub fn new(batches: impl IntoIterator<Item = RawBatch>) -> Self {
        Self {
            batches: Mutex::new(batches.into_iter().collect()),
            ledger: Mutex::default(),
            over: Mutex::default(),
        }
    }

    /// Ends an assignment: batches read under it may no longer be written.
    pub fn end(&self, epoch: u64) {
        lock(&self.over).push(epoch);
    }

    /// What it was told so far.
    pub fn ledger(&self) -> Ledger {
        lock(&self.ledger).clone()
    }
}

impl Source for VecSource {
    async fn next_batch(&self) -> Result<Option<RawBatch>> {
        Ok(lock(&self.batches).pop_front())
    }

    async fn advance(&self, done: Option<&Offsets>, next: Option<&Offsets>) -> Result<bool> {
        if next
            .or(done)
            .is_some_and(|o| lock(&self.over).contains(&o.epoch))
        {
            return Ok(false);
        }
        let mut ledger = lock(&self.ledger);
        ledger.done.extend(done.cloned());
        if let Some(next) = next
            && !ledger.announced.contains(next)
        {
            ledger.announced.push(next.clone());
        }
        Ok(true)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts outcomes and remembers the ranges written, in order.
#[derive(Debug, Default)]
pub struct MemorySink {
    written: Mutex<Written>,
}

/// What a [`MemorySink`] took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Ranges in the order in which they were written.
    pub ranges: Vec<Offsets>,
    /// Rows.
    pub rows: usize,
    /// Dead letters.
    pub dead_letters: usize,
    /// Skipped records.
    pub skipped: usize,
    /// Offsets that were deleted before they were read.
    pub gaps: usize,
    /// Records that kept an outcome of before.
    pub kept: usize,
}

impl MemorySink {
    /// What was written so far.
    pub fn written(&self) -> Written {
        lock(&self.written).clone()
    }
}

impl Sink for MemorySink {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        let mut written = lock(&self.written);
        written.ranges.push(batch.offsets.clone());
        for outcome in &batch.outcomes {
            match outcome.kind {
                OutcomeKind::Row(_) | OutcomeKind::Operational(_) => written.rows += 1,
                OutcomeKind::DeadLetter(_) => written.dead_letters += 1,
                OutcomeKind::Skipped(_) => written.skipped += 1,
                OutcomeKind::Gap => written.gaps += 1,
                OutcomeKind::Kept(_) => written.kept += 1,
            }
        }
        Ok(())
    }
}
