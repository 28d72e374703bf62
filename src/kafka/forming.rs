//! Batches in the making: one of each partition that is read.

use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Message};

use super::lookup::Resumption;
use crate::batch::{Partition, RawBatch};
use crate::config::Batch;

/// How long the records of an announced range may take to come before the range is given up:
/// a compaction may have removed the last one.
const EXACT: Duration = Duration::from_secs(30);

/// A partition that is read.
pub(super) struct Reading {
    pub partition: Partition,
    pub epoch: u64,
    /// Lowest offset not read yet.
    next: i64,
    /// No record was read yet, and none that is further on was doubted.
    fresh: bool,
    /// The batch in the making ends here, as it was announced: first and last offset.
    exact: Option<(i64, i64)>,
    doubtful_below: i64,
    batch: Option<RawBatch>,
    since: Instant,
}

impl Reading {
    /// A partition whose next record is known.
    pub fn new(resumption: &Resumption) -> Self {
        let plan = &resumption.plan;
        Self {
            partition: resumption.partition.clone(),
            epoch: resumption.epoch,
            next: plan.from,
            fresh: true,
            exact: plan.exact.map(|last| (plan.from, last)),
            doubtful_below: plan.doubtful_below,
            batch: None,
            since: Instant::now(),
        }
    }

    /// Where to seek again, if the first record lies further on than the partition was sought to: a
    /// compaction or a transaction may have left nothing there, but a seek may have been overtaken,
    /// too. Asked once; what comes then is believed.
    pub fn doubts(&mut self, offset: i64) -> Option<i64> {
        let fresh = std::mem::take(&mut self.fresh);
        (fresh && offset > self.next).then_some(self.next)
    }

    /// Takes a record; returns a batch that an announced range ends before it.
    pub fn take(&mut self, message: &BorrowedMessage<'_>) -> Option<RawBatch> {
        let offset = message.offset();
        // From before the seek.
        if offset < self.next {
            return None;
        }
        self.next = offset + 1;
        let before = match self.exact {
            Some((_, last)) if offset > last => self.close(),
            _ => None,
        };
        let batch = self.batch.get_or_insert_with(|| {
            self.since = Instant::now();
            let mut batch = RawBatch::new(self.partition.clone(), self.epoch);
            if offset < self.doubtful_below {
                batch.doubt();
            }
            batch
        });
        super::push(message, batch);
        before
    }

    /// Whether a batch is in the making.
    pub fn is_begun(&self) -> bool {
        self.batch.is_some()
    }

    /// Whether the batch is complete.
    pub fn is_full(&self, limits: &Batch) -> bool {
        let Some(batch) = &self.batch else {
            return false;
        };
        match self.exact {
            Some((_, last)) => self.next > last,
            None => batch.len() >= limits.rows || batch.bytes() >= limits.bytes,
        }
    }

    /// How long the batch has waited for others, if it may be closed for that.
    pub fn waited(&self, limits: &Batch) -> Option<Duration> {
        self.batch.as_ref()?;
        let waited = self.since.elapsed();
        let longest = match self.exact {
            Some(_) => EXACT,
            None => limits.time,
        };
        (waited >= longest).then_some(waited)
    }

    /// Ends the batch, if there is one: under its announced range when all of that was read.
    pub fn close(&mut self) -> Option<RawBatch> {
        let exact = self.exact.take();
        let mut batch = self.batch.take()?;
        if let Some((first, last)) = exact
            && self.next > last
        {
            batch.claim(first..=last);
        }
        Some(batch)
    }

    /// Bytes of the batch in the making.
    pub fn bytes(&self) -> usize {
        self.batch.as_ref().map_or(0, RawBatch::bytes)
    }
}
