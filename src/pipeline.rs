//! The loop: batches from a source through decode and enrichment into the sinks, then the offset.
//!
//! Each partition has a lane of its own. In a lane batches are enriched ahead and written one after
//! another, in order; lanes write side by side. A batch is announced before anything of it is
//! written, and the offset advances only when everything before it is durable: in the steady state
//! one commit ends a batch and announces the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::batch::{EnrichedBatch, Kept, Offsets, Partition, RawBatch, Refused};
use crate::health::Health;
use crate::telemetry::{Cause, metrics};

mod lane;
mod outcomes;

pub use outcomes::{Join, Outcomes};

/// Where batches come from.
pub trait Source: Send + Sync + 'static {
    /// The next batch; `None` when the source has ended. Dropping the future loses nothing.
    fn next_batch(&self) -> impl Future<Output = Result<Option<RawBatch>>> + Send;

    /// Everything up to the end of `done` is durable, and `next` is to be written: moves the
    /// partition's offset and announces the range, in one step. Called in order for each partition,
    /// and again before each try to write. Returns whether `next` may be written now (without a
    /// next one: whether the offset was moved): not if the partition was taken away.
    fn advance(
        &self,
        done: Option<&Offsets>,
        next: Option<&Offsets>,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// Where outcomes go.
pub trait Sink: Send + Sync + 'static {
    /// Makes this sink's part of the batch durable. Writing a batch twice is allowed.
    fn write(&self, batch: &EnrichedBatch) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Offsets of the range that have their outcome already, all of them. A sink that keeps no
    /// evidence knows of none.
    fn recorded(
        &self,
        offsets: &Offsets,
    ) -> impl Future<Output = Result<BTreeSet<i64>, SinkError>> + Send {
        let _ = offsets;
        async { Ok(BTreeSet::new()) }
    }

    /// What this sink holds of the records of the range, with or without their lines of evidence:
    /// whoever wrote it may have crashed before those. A sink that can't tell knows of nothing.
    fn kept(
        &self,
        offsets: &Offsets,
    ) -> impl Future<Output = Result<BTreeMap<i64, Kept>, SinkError>> + Send {
        let _ = offsets;
        async { Ok(BTreeMap::new()) }
    }
}

/// Why a sink did not take a batch.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SinkError {
    /// May pass by itself: tried again, without end.
    #[error("{message}")]
    Transient {
        /// What failed, for people.
        message: String,
        /// The same in one word, to count by.
        cause: Cause,
    },
    /// Will not pass by itself: the pipeline stops and nothing is committed.
    #[error("{0}")]
    Permanent(String),
    /// These rows will never be taken. All others of the batch are durable.
    #[error("{} rows refused", .0.len())]
    Refused(Vec<Refused>),
}

impl SinkError {
    /// Decides on retry. Which errors are transient is said where they are made.
    pub fn is_transient(&self) -> bool {
        matches!(self, SinkError::Transient { .. })
    }
}

/// What a pipeline is made of, besides its source. A batch goes to the sinks in this order.
pub struct Parts<R, D, E> {
    /// Makes outcomes of records.
    pub outcomes: Outcomes,
    /// Takes rows, and may refuse some: they become dead letters.
    pub rows: R,
    /// Takes rejected records, whole.
    pub dead_letters: D,
    /// Takes the outcome of every record, last: a record that has one there is done.
    pub evidence: E,
    /// Batches worked on at a time.
    pub in_flight: usize,
    /// Is told how writing goes.
    pub health: Arc<Health>,
}

/// Runs until the source ends or `shutdown` is cancelled; then finishes what is in flight, as far
/// as the sinks take it. Returns the number of batches that they did not take: none of them is
/// committed.
///
/// # Errors
/// Source or sink failed for good. Nothing beyond the failure is committed.
pub async fn run(
    source: Arc<impl Source>,
    parts: Arc<Parts<impl Sink, impl Sink, impl Sink>>,
    shutdown: CancellationToken,
) -> Result<usize> {
    let slots = Arc::new(Semaphore::new(parts.in_flight));
    let mut running = JoinSet::new();
    let mut lanes: HashMap<Partition, mpsc::UnboundedSender<lane::Pending>> = HashMap::new();
    loop {
        let next = async {
            let slot = slots.clone().acquire_owned().await?;
            anyhow::Ok(source.next_batch().await?.map(|batch| (batch, slot)))
        };
        let (batch, slot) = tokio::select! {
            biased;
            // A lane that ends before its queue is closed has failed.
            Some(ended) = running.join_next() => {
                ended.context("a lane stopped unexpectedly")??;
                continue;
            }
            () = shutdown.cancelled() => break,
            next = next => match next? {
                Some(next) => next,
                None => break,
            },
        };
        metrics::batch_read(&batch);
        let queue = lanes.entry(batch.partition().clone()).or_insert_with(|| {
            let (sender, queue) = mpsc::unbounded_channel();
            running.spawn(lane::run(
                queue,
                source.clone(),
                parts.clone(),
                shutdown.clone(),
            ));
            sender
        });
        // A lane that failed is seen above.
        let _ = queue.send(lane::Pending::new(batch, slot, &parts));
    }
    drop(lanes);
    let mut given_up = 0;
    while let Some(ended) = running.join_next().await {
        given_up += ended.context("a lane stopped unexpectedly")??;
    }
    Ok(given_up)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::batch::{DecodeError, Rejected};
    use crate::decode::Limits;
    use crate::enrich::Enriched;
    use crate::feedback::Feedback;
    use crate::memory::{MemorySink, VecSource};

    fn partition(number: i32) -> Partition {
        Partition {
            topic: "t".into(),
            stream: "s".into(),
            number,
        }
    }

    /// Batches of three records: a tombstone, then two that are no JSON.
    fn batches(number: i32, count: i64) -> Vec<RawBatch> {
        (0..count)
            .map(|i| {
                let mut batch = RawBatch::new(partition(number), 1);
                batch.push(3 * i, 0, None, None, []);
                batch.push(3 * i + 1, 0, None, Some(b"{"), []);
                batch.push(3 * i + 2, 0, Some(b"key"), Some(b""), []);
                batch
            })
            .collect()
    }

    /// A sink with a fault: what it answers at the n-th write, counted from 0.
    struct Faulty<F> {
        inner: MemorySink,
        calls: AtomicUsize,
        fault: F,
    }

    impl<F: Fn(usize) -> Result<(), SinkError>> Faulty<F> {
        fn new(fault: F) -> Self {
            Self {
                inner: MemorySink::default(),
                calls: AtomicUsize::new(0),
                fault,
            }
        }
    }

    impl<F: Fn(usize) -> Result<(), SinkError> + Send + Sync + 'static> Sink for Faulty<F> {
        async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
            (self.fault)(self.calls.fetch_add(1, Ordering::SeqCst))?;
            self.inner.write(batch).await
        }
    }

    fn outcomes(enrich: impl Fn(Feedback) -> Enriched + Send + Sync + 'static) -> Outcomes {
        Outcomes::new(enrich, Arc::default(), Limits::default())
    }

    fn parts<E: Sink>(evidence: E) -> Arc<Parts<MemorySink, MemorySink, E>> {
        Arc::new(Parts {
            outcomes: outcomes(|_| unreachable!("no record of these tests is good")),
            rows: MemorySink::default(),
            dead_letters: MemorySink::default(),
            evidence,
            in_flight: 4,
            health: Health::new(std::time::Duration::from_secs(60)),
        })
    }

    fn transient() -> SinkError {
        SinkError::Transient {
            message: "busy".into(),
            cause: Cause::Other,
        }
    }

    fn ends(advanced: &[Offsets], number: i32) -> Vec<i64> {
        let of_partition = advanced.iter().filter(|o| o.partition.number == number);
        of_partition.map(|o| *o.range.end()).collect()
    }

    #[tokio::test]
    async fn every_record_has_one_outcome_and_offsets_advance_in_order() {
        let source = Arc::new(VecSource::new(
            batches(0, 20).into_iter().chain(batches(1, 20)),
        ));
        let parts = parts(MemorySink::default());
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        let written = parts.evidence.written();
        assert_eq!(
            (written.rows, written.dead_letters, written.skipped),
            (0, 80, 40)
        );
        assert_eq!(parts.dead_letters.written().dead_letters, 80);
        let ledger = source.ledger();
        assert_eq!(ledger.announced.len(), 40);
        for number in [0, 1] {
            let expected: Vec<i64> = (0..20).map(|i| 3 * i + 2).collect();
            assert_eq!(ends(&ledger.announced, number), expected);
            assert_eq!(ends(&source.ledger().done, number), expected);
            assert_eq!(ends(&written.ranges, number), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn transient_failures_are_tried_again_until_they_pass() {
        let fault = |call| match call {
            3..9 => Err(transient()),
            _ => Ok(()),
        };
        let source = Arc::new(VecSource::new(batches(0, 6)));
        let parts = parts(Faulty::new(fault));
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(ends(&source.ledger().done, 0), [2, 5, 8, 11, 14, 17]);
        assert_eq!(parts.evidence.inner.written().ranges.len(), 6);
    }

    #[tokio::test]
    async fn a_permanent_failure_stops_and_nothing_beyond_it_is_committed() {
        let fault = |call| match call {
            0..3 => Ok(()),
            _ => Err(SinkError::Permanent("no such table".into())),
        };
        let source = Arc::new(VecSource::new(batches(0, 8)));
        let parts = parts(Faulty::new(fault));
        let error = run(source.clone(), parts, CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no such table");
        let advanced = ends(&source.ledger().done, 0);
        assert_eq!(advanced, [2, 5, 8][..advanced.len()]);
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_gives_up_what_no_sink_takes_and_commits_none_of_it() {
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let fault = move |call| {
            if call == 5 {
                stop.cancel();
            }
            Err(transient())
        };
        let source = Arc::new(VecSource::new(batches(0, 8)));
        let given_up = run(source.clone(), parts(Faulty::new(fault)), shutdown)
            .await
            .unwrap();
        assert!(given_up > 0);
        assert_eq!(source.ledger().done, []);
        assert_eq!(source.ledger().announced.len(), 1);
    }

    #[test]
    fn a_rejected_record_is_kept_whole() {
        let mut batch = RawBatch::new(partition(0), 1);
        batch.push(
            7,
            42,
            Some(b"k"),
            Some(b"\xff{"),
            [("h", b"\x00".as_slice())],
        );
        let error = DecodeError {
            reason: crate::batch::Reason::InvalidUtf8,
            field: String::new(),
            message: "not UTF-8".into(),
        };
        let rejected = Rejected::new(&batch.record(0), error);
        assert_eq!(rejected.key, b"k");
        assert_eq!(rejected.payload, b"\xff{");
        assert_eq!(rejected.headers, [("h".to_owned(), b"\x00".to_vec())]);
    }

    /// Knows of some offsets, and takes the rest.
    struct Remembering {
        inner: MemorySink,
        known: BTreeSet<i64>,
        kept: BTreeMap<i64, Kept>,
    }

    impl Sink for Remembering {
        async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
            self.inner.write(batch).await
        }

        async fn recorded(&self, _: &Offsets) -> Result<BTreeSet<i64>, SinkError> {
            Ok(self.known.clone())
        }

        async fn kept(&self, _: &Offsets) -> Result<BTreeMap<i64, Kept>, SinkError> {
            Ok(self.kept.clone())
        }
    }

    #[tokio::test]
    async fn a_doubtful_batch_writes_only_what_has_no_outcome_and_advances_whole() {
        let mut raw = batches(0, 1).remove(0);
        raw.doubt();
        let gap = RawBatch::gap(partition(1), 1, 0..=9, 7);
        let source = Arc::new(VecSource::new([raw, gap]));
        let parts = parts(Remembering {
            inner: MemorySink::default(),
            known: [0, 2].into(),
            kept: BTreeMap::new(),
        });
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        let written = parts.evidence.inner.written();
        assert_eq!(
            (written.dead_letters, written.skipped, written.gaps),
            (1, 0, 8)
        );
        assert_eq!(ends(&source.ledger().done, 0), [2]);
        assert_eq!(ends(&source.ledger().done, 1), [9]);
    }

    #[tokio::test]
    async fn what_came_to_its_outcome_before_a_crash_keeps_it() {
        let mut raw = batches(0, 1).remove(0);
        raw.doubt();
        let gap = RawBatch::gap(partition(1), 1, 0..=9, 7);
        let source = Arc::new(VecSource::new([raw, gap]));
        let reason = "too_long".to_owned();
        let row = Kept::Row {
            item_hash: 7,
            version: 8,
            created_at: 9,
        };
        let parts = parts(Remembering {
            inner: MemorySink::default(),
            known: [0].into(),
            kept: [(1, row), (2, Kept::DeadLetter { reason })].into(),
        });
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        let written = parts.evidence.inner.written();
        assert_eq!(
            (
                written.dead_letters,
                written.skipped,
                written.gaps,
                written.kept
            ),
            (0, 0, 7, 4)
        );
        assert_eq!(parts.dead_letters.written().dead_letters, 0);
        assert_eq!(ends(&source.ledger().done, 0), [2]);
    }

    /// Refuses the row at offset 1.
    struct Picky(MemorySink);

    impl Sink for Picky {
        async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
            self.0.write(batch).await?;
            Err(SinkError::Refused(vec![Refused {
                offset: 1,
                message: "no".into(),
            }]))
        }
    }

    #[tokio::test]
    async fn a_refused_row_becomes_a_dead_letter_whole() {
        let mut raw = RawBatch::new(partition(0), 1);
        let event = br#"{"specversion": "1.0", "id": "e", "source": "s", "type": "cx.review.v1",
            "time": "2026-03-01T10:00:00Z", "data": {"review_id": "r", "platform": "p", "body": "b",
            "created_at": "2026-03-01T09:00:00Z"}}"#;
        for offset in 0..3 {
            raw.push(offset, 1_772_359_200_000, None, Some(event), []);
        }
        let versions = Arc::new(crate::enrich::Versions {
            models: String::new(),
            taxonomy: String::new(),
        });
        let enrich = move |feedback| Enriched {
            joined: crate::odata::Joined::default(),
            feedback,
            tags: crate::enrich::Tags::untagged(String::new()),
            parts: Vec::new(),
            redactions: crate::enrich::privacy::Redactions::default(),
            versions: versions.clone(),
        };
        let parts = Arc::new(Parts {
            outcomes: outcomes(enrich),
            rows: Picky(MemorySink::default()),
            dead_letters: MemorySink::default(),
            evidence: MemorySink::default(),
            in_flight: 1,
            health: Health::new(std::time::Duration::from_secs(60)),
        });
        let source = Arc::new(VecSource::new([raw]));
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(parts.rows.0.written().rows, 3);
        let written = parts.evidence.written();
        assert_eq!((written.rows, written.dead_letters), (2, 1));
        assert_eq!(parts.dead_letters.written().dead_letters, 1);
        assert_eq!(ends(&source.ledger().done, 0), [2]);
    }

    /// Takes nothing that was read under the first assignment, which ends in the middle of a long
    /// wait.
    struct Refusing {
        source: Arc<VecSource>,
        tries: AtomicUsize,
        ended: std::sync::Mutex<Option<tokio::time::Instant>>,
    }

    impl Sink for Refusing {
        async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
            if batch.offsets.epoch != 1 {
                return Ok(());
            }
            if self.tries.fetch_add(1, Ordering::SeqCst) == 20 {
                self.source.end(1);
                *self.ended.lock().unwrap() = Some(tokio::time::Instant::now());
            }
            Err(transient())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_was_taken_away_gives_its_slot_back_at_once() {
        let again = {
            let mut batch = RawBatch::new(partition(0), 2);
            batch.push(0, 0, None, None, []);
            batch
        };
        let source = Arc::new(VecSource::new(batches(0, 2).into_iter().chain([again])));
        let parts = Arc::new(Parts {
            in_flight: 2,
            ..Arc::into_inner(parts(Refusing {
                source: source.clone(),
                tries: AtomicUsize::new(0),
                ended: std::sync::Mutex::default(),
            }))
            .unwrap()
        });
        run(source.clone(), parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        let ended = parts.evidence.ended.lock().unwrap().unwrap();
        assert!(
            ended.elapsed() < std::time::Duration::from_secs(1),
            "{:?}",
            ended.elapsed()
        );
        assert_eq!(ends(&source.ledger().done, 0), [0]);
    }
}
