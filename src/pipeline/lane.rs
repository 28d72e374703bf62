//! A lane: the batches of one partition, written one after another.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Parts, Sink, SinkError, Source};
use crate::batch::{Delivery, EnrichedBatch, Kept, Offsets, RawBatch, Refused};
use crate::health::Target;
use crate::telemetry::metrics;

/// Longest wait between two tries, give or take half of it.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often a waiting batch looks whether its partition is still held.
const LOOK: Duration = Duration::from_millis(500);

/// A batch that waits for its turn.
pub(super) struct Pending {
    work: Work,
    /// Assignment under which it was read.
    epoch: u64,
    /// Gives its place to another batch when this one is done.
    _slot: OwnedSemaphorePermit,
}

enum Work {
    /// Being enriched while the batch before it is written.
    Ahead(JoinHandle<Option<EnrichedBatch>>),
    /// The evidence is asked first, in turn, so that less is enriched.
    InTurn(RawBatch),
}

impl Pending {
    /// Starts the enrichment of a batch that is written for the first time.
    pub fn new(
        batch: RawBatch,
        slot: OwnedSemaphorePermit,
        parts: &Arc<Parts<impl Sink, impl Sink, impl Sink>>,
    ) -> Self {
        let epoch = batch.epoch();
        let work = match batch.delivery() {
            Delivery::First => Work::Ahead(start(batch, parts)),
            Delivery::Doubtful | Delivery::Gap => Work::InTurn(batch),
        };
        Self {
            work,
            epoch,
            _slot: slot,
        }
    }
}

fn start(
    raw: RawBatch,
    parts: &Arc<Parts<impl Sink, impl Sink, impl Sink>>,
) -> JoinHandle<Option<EnrichedBatch>> {
    let parts = parts.clone();
    tokio::task::spawn_blocking(move || parts.outcomes.of(raw))
}

/// Runs until the queue is closed and empty; returns the number of batches given up.
///
/// # Errors
/// Source or sink failed for good.
pub(super) async fn run(
    mut queue: mpsc::UnboundedReceiver<Pending>,
    source: Arc<impl Source>,
    parts: Arc<Parts<impl Sink, impl Sink, impl Sink>>,
    shutdown: CancellationToken,
) -> Result<usize> {
    let mut done: Option<Offsets> = None;
    let mut given_up = 0;
    // What was read under an assignment that is over comes again under the next one.
    let mut over = None;
    loop {
        let pending = match queue.try_recv() {
            Ok(pending) => pending,
            Err(_) => {
                // Nobody behind to end it: an offset of its own.
                if let Some(done) = done.take() {
                    source.advance(Some(&done), None).await?;
                }
                match queue.recv().await {
                    Some(pending) => pending,
                    None => return Ok(given_up),
                }
            }
        };
        if given_up > 0 {
            // What is behind a batch that was given up must not pass it.
            given_up += 1;
            continue;
        }
        if over == Some(pending.epoch) {
            continue;
        }
        let writing = Writing {
            source: &*source,
            parts: &parts,
            shutdown: &shutdown,
        };
        match writing.deliver(pending.work, done.take()).await? {
            End::Durable(offsets) => done = Some(offsets),
            End::TakenAway => over = Some(pending.epoch),
            End::GivenUp => given_up += 1,
        }
    }
}

/// What became of a batch.
enum End {
    Durable(Offsets),
    /// The partition is another one's now, which reads the batch again.
    TakenAway,
    /// The shutdown came before a sink took it.
    GivenUp,
}

struct Writing<'a, S, R, D, E> {
    source: &'a S,
    parts: &'a Arc<Parts<R, D, E>>,
    shutdown: &'a CancellationToken,
}

impl<S: Source, R: Sink, D: Sink, E: Sink> Writing<'_, S, R, D, E> {
    /// One batch, announced, then written. `done`: the batch before it, whose end is committed in
    /// the same step.
    async fn deliver(&self, work: Work, mut done: Option<Offsets>) -> Result<End> {
        let enrichment = match work {
            Work::Ahead(enrichment) => enrichment,
            Work::InTurn(mut raw) => {
                let Some(offsets) = raw.offsets() else {
                    return Ok(End::TakenAway);
                };
                let ask = || self.parts.evidence.recorded(&offsets);
                let recorded = match self
                    .attempt(Target::ClickHouse, &offsets, &mut done, ask)
                    .await?
                {
                    Tried::Taken(recorded) => recorded,
                    Tried::Not(end) => return Ok(end),
                };
                if raw.delivery() == Delivery::Doubtful {
                    metrics::replayed(raw.len() as u64);
                }
                raw.forget(&recorded);
                let kept = match raw.is_empty() {
                    true => BTreeMap::new(),
                    false => match self.kept(&offsets, &mut done).await? {
                        Tried::Taken(kept) => kept,
                        Tried::Not(end) => return Ok(end),
                    },
                };
                debug!(
                    partition = %offsets.partition, recorded = recorded.len(), kept = kept.len(),
                    "part of a batch has its outcome"
                );
                raw.keep(kept);
                start(raw, self.parts)
            }
        };
        let batch = enrichment
            .await
            .context("enrichment stopped unexpectedly")?;
        let Some(mut batch) = batch else {
            return Ok(End::TakenAway);
        };
        match self.write_rows(&mut batch, &mut done).await? {
            Tried::Taken(None) => {}
            Tried::Taken(Some(refused)) => batch.reject(refused),
            Tried::Not(end) => return Ok(end),
        }
        let dead_letters = &self.parts.dead_letters;
        match self
            .write(Target::DeadLetterTopic, dead_letters, &batch, &mut done)
            .await?
        {
            Tried::Taken(refused) => ensure!(refused.is_none(), "dead letters can't be refused"),
            Tried::Not(end) => return Ok(end),
        }
        match self
            .write(Target::ClickHouse, &self.parts.evidence, &batch, &mut done)
            .await?
        {
            Tried::Taken(refused) => ensure!(refused.is_none(), "evidence can't be refused"),
            Tried::Not(end) => return Ok(end),
        }
        metrics::batch_written(&batch);
        Ok(End::Durable(batch.offsets))
    }

    /// Rows that are refused, if any. What is erased by then is not written.
    async fn write_rows(
        &self,
        batch: &mut EnrichedBatch,
        done: &mut Option<Offsets>,
    ) -> Result<Tried<Option<Vec<Refused>>>> {
        let offsets = batch.offsets.clone();
        // Tries come one after another.
        let held = tokio::sync::Mutex::new((batch, 0));
        let act = || async {
            let mut held = held.lock().await;
            let (batch, seen) = &mut *held;
            self.parts.outcomes.hold(batch, seen)?;
            taken(self.parts.rows.write(batch).await)
        };
        self.attempt(Target::ClickHouse, &offsets, done, act).await
    }

    /// Outcomes that records of the range have come to, whether or not their lines were written.
    async fn kept(
        &self,
        offsets: &Offsets,
        done: &mut Option<Offsets>,
    ) -> Result<Tried<BTreeMap<i64, Kept>>> {
        let ask = || async {
            let mut kept = self.parts.evidence.kept(offsets).await?;
            // Where there is a row, that is what readers see.
            kept.extend(self.parts.rows.kept(offsets).await?);
            Ok(kept)
        };
        self.attempt(Target::ClickHouse, offsets, done, ask).await
    }

    /// Rows that the sink refuses, if any.
    async fn write(
        &self,
        target: Target,
        sink: &impl Sink,
        batch: &EnrichedBatch,
        done: &mut Option<Offsets>,
    ) -> Result<Tried<Option<Vec<Refused>>>> {
        let act = || async { taken(sink.write(batch).await) };
        self.attempt(target, &batch.offsets, done, act).await
    }

    /// Tries until it is done, the partition is taken away or the shutdown comes. Before each try
    /// the announcement is made, or looked after.
    async fn attempt<T, F: Future<Output = Result<T, SinkError>>>(
        &self,
        target: Target,
        offsets: &Offsets,
        done: &mut Option<Offsets>,
        act: impl Fn() -> F,
    ) -> Result<Tried<T>> {
        let mut pause = Duration::from_millis(100);
        for attempt in 1_u64.. {
            if !self.source.advance(done.as_ref(), Some(offsets)).await? {
                return Ok(Tried::Not(End::TakenAway));
            }
            *done = None;
            let writing = self.parts.health.writing(target);
            match act().await {
                Ok(result) => {
                    writing.done();
                    return Ok(Tried::Taken(result));
                }
                Err(SinkError::Transient { message, cause }) => {
                    writing.failed(cause);
                    let wait = pause.mul_f64(0.5 + fastrand::f64());
                    let partition = &offsets.partition;
                    warn!(%partition, attempt, %cause, ?wait, error = message, "write failed, trying again");
                    if let Some(end) = self.wait(wait, offsets).await? {
                        return Ok(Tried::Not(end));
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Tried::Not(End::GivenUp))
    }
}

impl<S: Source, R, D, E> Writing<'_, S, R, D, E> {
    /// Waits before the next try, unless that is of no use any more: a batch whose partition was
    /// taken away must not keep its slot from those that are read under the next assignment.
    async fn wait(&self, wait: Duration, offsets: &Offsets) -> Result<Option<End>> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(Some(End::GivenUp)),
                () = tokio::time::sleep(left.min(LOOK)) => {}
            }
            if !self.source.advance(None, Some(offsets)).await? {
                return Ok(Some(End::TakenAway));
            }
        }
    }
}

/// Rows that were refused, the others being durable.
fn taken(written: Result<(), SinkError>) -> Result<Option<Vec<Refused>>, SinkError> {
    match written {
        Ok(()) => Ok(None),
        Err(SinkError::Refused(rows)) => Ok(Some(rows)),
        Err(error) => Err(error),
    }
}

/// What trying came to.
enum Tried<T> {
    Taken(T),
    Not(End),
}
