//! A source and a sink in memory: for tests, benchmarks and dry runs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::batch::{EnrichedBatch, Offsets, OutcomeKind, RawBatch};
use crate::pipeline::{Sink, SinkError, Source};

/// Gives its batches in order, then ends; remembers what was advanced.
#[derive(Debug, Default)]
pub struct VecSource {
    batches: VecDeque<RawBatch>,
    /// Ranges in the order in which they were advanced.
    pub advanced: Vec<Offsets>,
}

impl VecSource {
    /// A source of these batches; empty ones are left out.
    pub fn new(batches: impl IntoIterator<Item = RawBatch>) -> Self {
        let batches = batches.into_iter().filter(|b| !b.is_empty()).collect();
        Self {
            batches,
            advanced: Vec::new(),
        }
    }
}

impl Source for VecSource {
    async fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        Ok(self.batches.pop_front())
    }

    async fn advance(&mut self, done: Offsets) -> Result<()> {
        self.advanced.push(done);
        Ok(())
    }
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
}

impl MemorySink {
    /// What was written so far.
    pub fn written(&self) -> Written {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Sink for MemorySink {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.ranges.push(batch.offsets.clone());
        for outcome in &batch.outcomes {
            match outcome.kind {
                OutcomeKind::Row(_) => written.rows += 1,
                OutcomeKind::DeadLetter(_) => written.dead_letters += 1,
                OutcomeKind::Skipped(_) => written.skipped += 1,
            }
        }
        Ok(())
    }
}
