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
use crate::enrich::Enricher;

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
    /// The one place that decides on retry.
    pub fn is_transient(&self) -> bool {
        matches!(self, SinkError::Transient(_))
    }
}

/// What a pipeline is made of, besides its source.
pub struct Parts<D, W> {
    /// All models.
    pub enricher: Enricher,
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
/// as the sinks take it.
///
/// # Errors
/// Source or sink failed for good. Nothing beyond the failure is committed.
pub async fn run(
    source: &mut impl Source,
    parts: Arc<Parts<impl Sink, impl Sink>>,
    shutdown: CancellationToken,
) -> Result<()> {
    let mut working = FuturesUnordered::new();
    let mut lanes = Lanes::default();
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            Some(done) = working.next() => {
                let done: Result<Option<Offsets>> = done?;
                if let Some(offsets) = done? { source.advance(offsets).await? }
            }
            () = shutdown.cancelled(), if open => open = false,
            batch = source.next_batch(), if open && working.len() < parts.in_flight => match batch? {
                Some(raw) => {
                    let turn = lanes.next(raw.partition());
                    working.push(tokio::spawn(deliver(raw, turn, parts.clone(), shutdown.clone())));
                }
                None => open = false,
            },
            else => return Ok(()),
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
    let batch = tokio::task::spawn_blocking(move || enrich(&raw, &worker.enricher, &worker.limits))
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
pub fn enrich(raw: &RawBatch, enricher: &Enricher, limits: &Limits) -> Option<EnrichedBatch> {
    let outcomes = (0..raw.len())
        .into_par_iter()
        .with_min_len(32)
        .map(|index| {
            let record = raw.record(index);
            Outcome {
                offset: record.offset,
                time: record.time,
                kind: outcome(&record, enricher, limits),
            }
        })
        .collect();
    Some(EnrichedBatch {
        offsets: raw.offsets()?,
        outcomes,
    })
}

fn outcome(record: &RawRecord<'_>, enricher: &Enricher, limits: &Limits) -> OutcomeKind {
    if record.payload.is_none() {
        return OutcomeKind::Skipped(SkipReason::Tombstone);
    }
    match decode::decode(record, limits) {
        Ok(feedback) => OutcomeKind::Row(Box::new(enricher.enrich(feedback))),
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
