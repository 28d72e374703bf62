//! From raw records to outcomes: decode, then enrich, on all cores.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::batch::{
    Computed, Delivery, EnrichedBatch, Outcome, OutcomeKind, RawBatch, RawRecord, Rejected,
    SkipReason,
};
use crate::decode::{self, Limits};
use crate::enrich::Enriched;
use crate::feedback::Feedback;

/// Decodes and enriches all records of a batch on all cores, but for those that keep an outcome;
/// `None` for a batch that owns no offset.
pub fn enrich(
    raw: RawBatch,
    enrich: impl Fn(Feedback) -> Enriched + Sync,
    limits: &Limits,
) -> Option<EnrichedBatch> {
    let offsets = raw.offsets()?;
    let gap = raw.delivery() == Delivery::Gap;
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
                    None => outcome(&record, &enrich, limits),
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

fn outcome(
    record: &RawRecord<'_>,
    enrich: impl Fn(Feedback) -> Enriched,
    limits: &Limits,
) -> OutcomeKind {
    if record.payload.is_none() {
        return OutcomeKind::Skipped(SkipReason::Tombstone);
    }
    match decode::decode(record, limits) {
        Ok(feedback) => OutcomeKind::Row(Box::new(enrich(feedback))),
        Err(error) => OutcomeKind::DeadLetter(Box::new(Rejected::new(record, error))),
    }
}
