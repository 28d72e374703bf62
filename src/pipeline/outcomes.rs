//! From raw records to outcomes, on all cores: feedback is decoded, enriched and joined, O-data is
//! decoded.

use std::sync::Arc;

use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator,
};

use crate::batch::{
    Computed, Delivery, EnrichedBatch, Outcome, OutcomeKind, RawBatch, RawRecord, Rejected,
    SkipReason,
};
use crate::decode::odata::Feeds;
use crate::decode::{self, Limits};
use crate::enrich::Enriched;
use crate::erasure::Erasures;
use crate::feedback::Feedback;
use crate::odata::{Joined, Keys};
use crate::pipeline::SinkError;
use crate::telemetry::Cause;

/// What was true when a feedback was given: [`join`](crate::odata::join::join) over an index.
pub type Join = Box<dyn Fn(&Feedback) -> Joined + Send + Sync>;

/// What turns a record into its outcome.
pub struct Outcomes {
    enrich: Box<dyn Fn(Feedback) -> Enriched + Send + Sync>,
    feeds: Arc<Feeds>,
    join: Join,
    erasures: Arc<Erasures>,
    limits: Limits,
}

impl Outcomes {
    /// `enrich` tags one item: [`Enricher::enrich`](crate::enrich::Enricher::enrich). Without feeds
    /// nothing is joined; with feeds everything is left to repair, unless
    /// [`joining`](Self::joining) says what to join from.
    pub fn new(
        enrich: impl Fn(Feedback) -> Enriched + Send + Sync + 'static,
        feeds: Arc<Feeds>,
        limits: Limits,
    ) -> Self {
        let join: Join = match feeds.is_empty() {
            true => Box::new(|_| Joined::default()),
            false => Box::new(|feedback| Joined::unknown(&Keys::of(feedback))),
        };
        Self {
            enrich: Box::new(enrich),
            feeds,
            join,
            erasures: Arc::new(Erasures::none()),
            limits,
        }
    }

    /// Joins from what `join` looks at. It sees the item as it is stored, identifiers protected.
    #[must_use]
    pub fn joining(self, join: Join) -> Self {
        Self { join, ..self }
    }

    /// Skips what is erased.
    #[must_use]
    pub fn erasing(self, erasures: Arc<Erasures>) -> Self {
        Self { erasures, ..self }
    }

    /// What reads the topics of O-data.
    pub fn feeds(&self) -> Arc<Feeds> {
        self.feeds.clone()
    }

    /// Outcomes of all records of a batch, those that keep one left as they are; `None` for a batch that owns no offset.
    pub fn of(&self, raw: RawBatch) -> Option<EnrichedBatch> {
        let offsets = raw.offsets()?;
        let gap = raw.delivery() == Delivery::Gap;
        let topic = &*offsets.partition.topic;
        let outcomes = (0..raw.len())
            .into_par_iter()
            .with_min_len(32)
            .map(|index| {
                let record = raw.record(index);
                Outcome {
                    offset: record.offset,
                    time: record.time,
                    kind: match raw.kept(record.offset) {
                        Some(kept) => OutcomeKind::Kept(kept.clone()),
                        None if gap => OutcomeKind::Gap,
                        None => self.outcome(topic, &record),
                    },
                }
            })
            .collect();
        Some(EnrichedBatch {
            offsets,
            outcomes,
            computed: Computed::STREAM,
            raw,
        })
    }

    /// Makes sure that nothing of a batch is written that is erased; call it before each try to write
    /// rows. `seen` is 0 at first: what was held against the same erasures before is not again.
    ///
    /// # Errors
    /// Transient: it is not known who is erased.
    pub fn hold(&self, batch: &mut EnrichedBatch, seen: &mut u64) -> Result<(), SinkError> {
        if !self.erasures.is_fresh() {
            return Err(SinkError::Transient {
                message: "the erasure topic can't be read: it is not known who is erased".into(),
                cause: Cause::ErasureTopic,
            });
        }
        self.skip_erased(batch, seen);
        Ok(())
    }

    /// Skips what is erased as far as is known.
    pub fn skip_erased(&self, batch: &mut EnrichedBatch, seen: &mut u64) {
        let generation = self.erasures.generation();
        if generation == *seen {
            return;
        }
        let outcomes = batch.outcomes.par_iter_mut().with_min_len(32);
        outcomes.for_each(|outcome| {
            let erased = match &outcome.kind {
                OutcomeKind::Row(row) => self
                    .erasures
                    .cover_feedback(&row.feedback, &row.joined.customer_id),
                OutcomeKind::Operational(change) => self.erasures.cover_change(change),
                OutcomeKind::DeadLetter(_)
                | OutcomeKind::Skipped(_)
                | OutcomeKind::Gap
                | OutcomeKind::Kept(_) => false,
            };
            if erased {
                outcome.kind = OutcomeKind::Skipped(SkipReason::Erased);
            }
        });
        *seen = generation;
    }

    fn outcome(&self, topic: &str, record: &RawRecord<'_>) -> OutcomeKind {
        let is_tombstone = record.payload.is_none();
        let rejected = |error| OutcomeKind::DeadLetter(Box::new(Rejected::new(record, error)));
        if self.feeds.has(topic) {
            return match self.feeds.decode(topic, record, &self.limits) {
                Some(Ok(change)) => OutcomeKind::Operational(Box::new(change)),
                Some(Err(error)) => rejected(error),
                None if is_tombstone => OutcomeKind::Skipped(SkipReason::Tombstone),
                None => OutcomeKind::Skipped(SkipReason::NoChange),
            };
        }
        if is_tombstone {
            return OutcomeKind::Skipped(SkipReason::Tombstone);
        }
        match decode::decode(record, &self.limits) {
            Ok(feedback) => {
                let mut enriched = (self.enrich)(feedback);
                enriched.joined = (self.join)(&enriched.feedback);
                OutcomeKind::Row(Box::new(enriched))
            }
            Err(error) => rejected(error),
        }
    }
}
