//! The sink: one batch into `feedback`, `dead_letters` and `ingested`, each at most once.
//!
//! Every insert carries a token of deployment, group, stream, partition and range: an insert that
//! is sent again is dropped by ClickHouse as long as the range, the block and the years of the rows
//! are the same, which the batch sees to. `ingested` is written last: a record that has its line
//! there has its row or its dead letter, too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clickhouse::Client;
use clickhouse::insert::Insert;

use crate::batch::{Computed, EnrichedBatch, Outcome, OutcomeKind};
use crate::config::{Config, ConfigError};
use crate::pipeline::{Sink, SinkError};

use super::error::sink_error;
use super::rows::{DeadLetterRow, FeedbackRow, IngestedRow, Position};

/// Writes batches to ClickHouse.
pub struct WarehouseSink {
    /// Holds every row against the columns of the table: 1.5 µs a row.
    checking: Client,
    /// Does not: used once a batch has passed, until an insert fails.
    client: Client,
    checked: AtomicBool,
    database: String,
    group: String,
    timeout: Duration,
}

impl WarehouseSink {
    /// A sink for the configured server and consumer group.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let checking = super::client(&config.clickhouse)?;
        Ok(Self {
            client: checking.clone().with_validation(false),
            checking,
            checked: AtomicBool::new(false),
            database: config.clickhouse.database.clone(),
            group: config.kafka.group.clone(),
            timeout: config.clickhouse.timeout,
        })
    }

    /// The token of the batch's insert into one table.
    fn token(&self, batch: &EnrichedBatch) -> String {
        let partition = &batch.offsets.partition;
        format!(
            "{}:{}:{}:{}:{}:{}-{}",
            self.database,
            self.group,
            partition.stream,
            partition.topic,
            partition.number,
            batch.offsets.range.start(),
            batch.offsets.range.end()
        )
    }

    async fn feedback(&self, batch: &EnrichedBatch) -> clickhouse::error::Result<()> {
        let mut insert = None;
        for outcome in &batch.outcomes {
            if let OutcomeKind::Row(enriched) = &outcome.kind {
                let row = FeedbackRow::new(enriched, position(batch, outcome));
                let insert = self.opened::<FeedbackRow<'static>>(&mut insert, "feedback", batch);
                insert.await?.write(&row).await?;
            }
        }
        end(insert).await
    }

    async fn dead_letters(&self, batch: &EnrichedBatch) -> clickhouse::error::Result<()> {
        let mut insert = None;
        for outcome in &batch.outcomes {
            if let OutcomeKind::DeadLetter(rejected) = &outcome.kind {
                let row = DeadLetterRow::new(rejected, position(batch, outcome));
                let insert =
                    self.opened::<DeadLetterRow<'static>>(&mut insert, "dead_letters", batch);
                insert.await?.write(&row).await?;
            }
        }
        end(insert).await
    }

    async fn ingested(&self, batch: &EnrichedBatch) -> clickhouse::error::Result<()> {
        let mut insert = None;
        for outcome in &batch.outcomes {
            let row = IngestedRow::new(outcome, position(batch, outcome), &self.group);
            let insert = self.opened::<IngestedRow<'static>>(&mut insert, "ingested", batch);
            insert.await?.write(&row).await?;
        }
        end(insert).await
    }

    /// The insert, begun at the first row: a table without rows gets no request.
    async fn opened<'i, R: clickhouse::Row>(
        &self,
        insert: &'i mut Option<Insert<R>>,
        table: &str,
        batch: &EnrichedBatch,
    ) -> clickhouse::error::Result<&'i mut Insert<R>> {
        match insert {
            Some(insert) => Ok(insert),
            None => {
                let trusted = self.checked.load(Ordering::Relaxed) && table != "dead_letters";
                let client = if trusted {
                    &self.client
                } else {
                    &self.checking
                };
                let table = format!("`{}`.{table}", self.database);
                let begun = client
                    .insert_unescaped(&table)
                    .await?
                    .with_timeouts(Some(self.timeout), Some(self.timeout))
                    .with_setting("insert_deduplication_token", self.token(batch));
                Ok(insert.insert(begun))
            }
        }
    }
}

async fn end<R>(insert: Option<Insert<R>>) -> clickhouse::error::Result<()> {
    match insert {
        Some(insert) => insert.end().await,
        None => Ok(()),
    }
}

fn position<'a>(batch: &'a EnrichedBatch, outcome: &Outcome) -> Position<'a> {
    Position {
        partition: &batch.offsets.partition,
        offset: outcome.offset,
        time: outcome.time,
        computed: Computed::STREAM,
    }
}

impl Sink for WarehouseSink {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        let failed = |table| {
            move |error| {
                self.checked.store(false, Ordering::Relaxed);
                sink_error(&error, &format!("insert into {}.{table}", self.database))
            }
        };
        self.feedback(batch).await.map_err(failed("feedback"))?;
        self.dead_letters(batch)
            .await
            .map_err(failed("dead_letters"))?;
        self.ingested(batch).await.map_err(failed("ingested"))?;
        let is_row = |outcome: &Outcome| matches!(outcome.kind, OutcomeKind::Row(_));
        if batch.outcomes.iter().any(is_row) {
            self.checked.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
