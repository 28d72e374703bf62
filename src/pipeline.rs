//! The loop: batches from a source through decode and enrichment into the sinks, then the offset.
//!
//! Batches of one partition are enriched ahead and written one after another, in order; batches of
//! different partitions are written side by side. An offset advances only when everything before
//! it is durable.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::batch::{
    EnrichedBatch, Offsets, Outcome, OutcomeKind, Partition, RawBatch, RawRecord, Rejected,
    SkipReason,
};
use crate::decode::{self, Limits};
use crate::enrich::Enriched;
use crate::feedback::Feedback;

/// Where batches come from.
pub trait Source: Send {
    /// The next batch, never empty; `None` when the source has ended. Dropping the future loses
    /// nothing.
    fn next_batch(&mut self) -> impl Future<Output = Result<Option<RawBatch>>> + Send;

    /// Everything up to the end of `done` is durable: move the partition's offset past it. Called
    /// in order for each partition. Offsets of a partition that was taken away are ignored.
    fn advance(&mut self, done: Offsets) -> impl Future<Output = Result<()>> + Send;
}

/// Where outcomes go.
pub trait Sink: Send + Sync + 'static {
    /// Makes this sink's part of the batch durable. Writing a batch twice is allowed.
    fn write(&self, batch: &EnrichedBatch) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// Why a sink did not take a batch.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SinkError {
    /// May pass by itself: tried again, without end.
    #[error("{0}")]
    Transient(String),
    /// Will not pass by itself: the pipeline stops and nothing is committed.
    #[error("{0}")]
    Permanent(String),
}

impl SinkError {
    /// Decides on retry. Which errors are transient is said where they are made.
    pub fn is_transient(&self) -> bool {
        matches!(self, SinkError::Transient(_))
    }
}

/// What a pipeline is made of, besides its source.
pub struct Parts<D, W> {
    /// Tags one item: [`Enricher::enrich`](crate::enrich::Enricher::enrich).
    pub enrich: Box<dyn Fn(Feedback) -> Enriched + Send + Sync>,
    /// What a record may hold.
    pub limits: Limits,
    /// Takes rejected records, whole. Written first: durable before any offset passes them.
    pub dead_letters: D,
    /// Takes rows and evidence.
    pub warehouse: W,
    /// Batches worked on at a time.
    pub in_flight: usize,
}

/// Runs until the source ends or `shutdown` is cancelled; then finishes what is in flight, as far
/// as the sinks take it. Returns the number of batches that they did not take: none of them is
/// committed.
///
/// # Errors
/// Source or sink failed for good. Nothing beyond the failure is committed.
pub async fn run(
    source: &mut impl Source,
    parts: Arc<Parts<impl Sink, impl Sink>>,
    shutdown: CancellationToken,
) -> Result<usize> {
    let mut working = FuturesUnordered::new();
    let mut given_up = 0;
    let mut lanes = Lanes::default();
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            Some(done) = working.next() => {
                let done: Result<Option<Offsets>> = done?;
                match done? {
                    Some(offsets) => source.advance(offsets).await?,
                    None => given_up += 1,
                }
            }
            () = shutdown.cancelled(), if open => open = false,
            batch = source.next_batch(), if open && working.len() < parts.in_flight => match batch? {
                Some(raw) => {
                    let turn = lanes.next(raw.partition());
                    working.push(tokio::spawn(deliver(raw, turn, parts.clone(), shutdown.clone())));
                }
                None => open = false,
            },
            else => return Ok(given_up),
        }
    }
}

/// One batch from raw to durable; `None` if it was given up on the way out, or the one before it.
async fn deliver(
    raw: RawBatch,
    turn: Turn,
    parts: Arc<Parts<impl Sink, impl Sink>>,
    shutdown: CancellationToken,
) -> Result<Option<Offsets>> {
    let worker = parts.clone();
    let batch = tokio::task::spawn_blocking(move || enrich(&raw, &worker.enrich, &worker.limits))
        .await
        .context("enrichment stopped unexpectedly")?;
    let Some(batch) = batch else { return Ok(None) };
    let Some(done) = turn.wait().await else {
        return Ok(None);
    };
    if !write(&parts.dead_letters, &batch, &shutdown).await? {
        return Ok(None);
    }
    if !write(&parts.warehouse, &batch, &shutdown).await? {
        return Ok(None);
    }
    done.pass();
    Ok(Some(batch.offsets))
}

/// Decodes and enriches all records of a batch on all cores; `None` for an empty batch.
pub fn enrich(
    raw: &RawBatch,
    enrich: impl Fn(Feedback) -> Enriched + Sync,
    limits: &Limits,
) -> Option<EnrichedBatch> {
    let outcomes = (0..raw.len())
        .into_par_iter()
        .with_min_len(32)
        .map(|index| {
            let record = raw.record(index);
            Outcome {
                offset: record.offset,
                time: record.time,
                kind: outcome(&record, &enrich, limits),
            }
        })
        .collect();
    Some(EnrichedBatch {
        offsets: raw.offsets()?,
        outcomes,
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

/// Longest wait between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Writes until the sink has taken the batch; `false` if the shutdown came first.
async fn write(
    sink: &impl Sink,
    batch: &EnrichedBatch,
    shutdown: &CancellationToken,
) -> Result<bool> {
    let mut pause = Duration::from_millis(100);
    for attempt in 1_u64.. {
        match sink.write(batch).await {
            Ok(()) => return Ok(true),
            Err(error) if error.is_transient() => {
                let wait = pause.mul_f64(0.5 + fastrand::f64());
                let partition = &batch.offsets.partition;
                warn!(%partition, attempt, ?wait, %error, "write failed, trying again");
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(false),
                    () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST_PAUSE),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// Keeps the batches of each partition in line: each gets a turn that begins when the one before
/// it has passed.
#[derive(Default)]
struct Lanes(HashMap<Partition, oneshot::Receiver<()>>);

struct Turn {
    before: Option<oneshot::Receiver<()>>,
    done: Done,
}

struct Done(oneshot::Sender<()>);

impl Lanes {
    fn next(&mut self, partition: &Partition) -> Turn {
        let (sender, receiver) = oneshot::channel();
        Turn {
            before: self.0.insert(partition.clone(), receiver),
            done: Done(sender),
        }
    }
}

impl Turn {
    /// `None` if the batch before was given up: then this one must not pass it.
    async fn wait(self) -> Option<Done> {
        match self.before {
            Some(before) => before.await.ok().map(|()| self.done),
            None => Some(self.done),
        }
    }
}

impl Done {
    fn pass(self) {
        // The next batch may not exist yet, or never come.
        let _ = self.0.send(());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::batch::DecodeError;
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

    fn parts<W: Sink>(warehouse: W) -> Arc<Parts<MemorySink, W>> {
        Arc::new(Parts {
            enrich: Box::new(|_| unreachable!("no record of these tests is good")),
            limits: Limits::default(),
            dead_letters: MemorySink::default(),
            warehouse,
            in_flight: 4,
        })
    }

    fn ends(advanced: &[Offsets], number: i32) -> Vec<i64> {
        let of_partition = advanced.iter().filter(|o| o.partition.number == number);
        of_partition.map(|o| *o.range.end()).collect()
    }

    #[tokio::test]
    async fn every_record_has_one_outcome_and_offsets_advance_in_order() {
        let mut source = VecSource::new(batches(0, 20).into_iter().chain(batches(1, 20)));
        let parts = parts(MemorySink::default());
        run(&mut source, parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        let written = parts.warehouse.written();
        assert_eq!(
            (written.rows, written.dead_letters, written.skipped),
            (0, 80, 40)
        );
        assert_eq!(parts.dead_letters.written().dead_letters, 80);
        for number in [0, 1] {
            let expected: Vec<i64> = (0..20).map(|i| 3 * i + 2).collect();
            assert_eq!(ends(&source.advanced, number), expected);
            assert_eq!(ends(&written.ranges, number), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn transient_failures_are_tried_again_until_they_pass() {
        let fault = |call| match call {
            3..9 => Err(SinkError::Transient("busy".into())),
            _ => Ok(()),
        };
        let mut source = VecSource::new(batches(0, 6));
        let parts = parts(Faulty::new(fault));
        run(&mut source, parts.clone(), CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(ends(&source.advanced, 0), [2, 5, 8, 11, 14, 17]);
        assert_eq!(parts.warehouse.inner.written().ranges.len(), 6);
    }

    #[tokio::test]
    async fn a_permanent_failure_stops_and_nothing_beyond_it_is_committed() {
        let fault = |call| match call {
            0..3 => Ok(()),
            _ => Err(SinkError::Permanent("no such table".into())),
        };
        let mut source = VecSource::new(batches(0, 8));
        let parts = parts(Faulty::new(fault));
        let error = run(&mut source, parts, CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no such table");
        let advanced = ends(&source.advanced, 0);
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
            Err(SinkError::Transient("down".into()))
        };
        let mut source = VecSource::new(batches(0, 8));
        let given_up = run(&mut source, parts(Faulty::new(fault)), shutdown)
            .await
            .unwrap();
        assert!(given_up > 0);
        assert_eq!(source.advanced, []);
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
}
