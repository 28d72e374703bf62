//! The normal path of records that are processed again: decode, enrich, rows, dead letters,
//! evidence, stamped with the job's number.

use std::collections::HashMap;

use anyhow::{Result, bail};
use tokio_util::sync::CancellationToken;

use super::super::job::{number, patiently};
use crate::batch::{Computed, EnrichedBatch, Origin, Outcome, RawBatch, Refused};
use crate::commands::{enricher, erase};
use crate::config::Config;
use crate::enrich::Enricher;
use crate::kafka::{DeadLetterTopic, ErasureFollower};
use crate::pipeline::{Outcomes, Sink, SinkError};
use crate::warehouse::replaying::Replaying;
use crate::warehouse::{self, Evidence, FeedbackSink};

/// Processes and writes records of one job.
pub struct Writer {
    /// Asks what was done before.
    pub replaying: Replaying,
    /// Nothing is written.
    pub dry_run: bool,
    /// Cancelled by a signal.
    pub shutdown: CancellationToken,
    outcomes: Outcomes,
    /// Tells who is erased.
    _erasures: Option<ErasureFollower>,
    rows: FeedbackSink,
    dead_letters: DeadLetterTopic,
    evidence: Evidence,
    computed: Computed,
}

impl Writer {
    /// A job that starts now.
    ///
    /// # Errors
    /// A secret can't be read, a property is wrong.
    pub async fn new(
        config: &Config,
        models: Enricher,
        dry_run: bool,
        shutdown: CancellationToken,
    ) -> Result<Self> {
        let (rows, evidence) = warehouse::sinks(config)?;
        let follow = || erase::requests::follow(config, &HashMap::new());
        let (erasures, follower) = tokio::task::block_in_place(follow)?;
        Ok(Self {
            replaying: Replaying::new(config)?,
            dry_run,
            shutdown,
            // Without the index: what is joined is left to repair.
            outcomes: enricher::outcomes(config, models)?.erasing(erasures),
            _erasures: follower,
            rows,
            dead_letters: DeadLetterTopic::new(config)?,
            evidence,
            computed: Computed {
                origin: Origin::Replay,
                revision: number().await,
            },
        })
    }

    /// Outcomes of a batch; `None` for an empty one.
    pub fn enrich(&self, raw: RawBatch) -> Option<EnrichedBatch> {
        let batch = tokio::task::block_in_place(|| self.outcomes.of(raw));
        batch.map(|mut batch| {
            batch.computed = self.computed;
            self.outcomes.skip_erased(&mut batch, &mut 0);
            batch
        })
    }

    /// Waits for an answer of the warehouse.
    ///
    /// # Errors
    /// See [`patiently`].
    pub async fn ask<T>(&self, ask: impl AsyncFn() -> Result<T, SinkError>) -> Result<T> {
        patiently(&self.shutdown, ask).await
    }

    /// Writes the rows of a batch; returns those that ClickHouse will never take. What is erased by
    /// then is skipped.
    ///
    /// # Errors
    /// ClickHouse fails for long or for good.
    pub async fn write_rows(&self, batch: &mut EnrichedBatch) -> Result<Vec<Refused>> {
        let held = tokio::sync::Mutex::new((batch, 0));
        let write = async || {
            let mut held = held.lock().await;
            let (batch, seen) = &mut *held;
            self.outcomes.hold(batch, seen)?;
            match self.rows.write(batch).await {
                Ok(()) => Ok(Vec::new()),
                Err(SinkError::Refused(rows)) => Ok(rows),
                Err(error) => Err(error),
            }
        };
        self.ask(write).await
    }

    /// Writes the dead letters of a batch to topic and table and a line for every outcome.
    ///
    /// # Errors
    /// Kafka or ClickHouse fails for long or for good.
    pub async fn write_outcomes(&self, batch: &EnrichedBatch) -> Result<()> {
        self.ask(async || self.dead_letters.write(batch).await)
            .await?;
        self.ask(async || self.evidence.write(batch).await).await
    }

    /// Writes the lines of rows that an earlier job, of this number, has written before it was
    /// killed.
    ///
    /// # Errors
    /// See [`write_outcomes`](Self::write_outcomes).
    pub async fn write_lines(
        &self,
        like: &EnrichedBatch,
        outcomes: Vec<Outcome>,
        number: u64,
    ) -> Result<()> {
        let (Some(first), Some(last)) = (outcomes.first(), outcomes.last()) else {
            return Ok(());
        };
        let mut offsets = like.offsets.clone();
        offsets.range = first.offset..=last.offset;
        let batch = EnrichedBatch {
            raw: RawBatch::new(offsets.partition.clone(), offsets.epoch),
            offsets,
            outcomes,
            computed: Computed {
                revision: number,
                ..self.computed
            },
        };
        let job = self.computed.revision;
        self.ask(async || self.evidence.make_up(&batch, job).await)
            .await
    }

    /// Refuses to go on after a signal.
    ///
    /// # Errors
    /// A signal has come.
    pub fn go_on(&self) -> Result<()> {
        if self.shutdown.is_cancelled() {
            bail!("stopped before the end; run again, it goes on");
        }
        Ok(())
    }
}
