//! The evidence: what became of every record (`ingested`, `dead_letters`), and where each group
//! began (`streams`). Written after the rows, and asked before anything is written a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use clickhouse::Row;
use clickhouse::error::Error;
use clickhouse::query::Query;
use clickhouse::sql::Identifier;
use serde::{Deserialize, Serialize};

use crate::batch::{EnrichedBatch, Kept, Offsets, OutcomeKind, Partition};
use crate::pipeline::{Sink, SinkError};

use super::feedback_sink::bounds;
use super::rows::{DeadLetterRow, IngestedRow, Position};
use super::servers::Servers;
use super::tables::Table;

/// Writes and reads evidence of one consumer group.
#[derive(Clone)]
pub struct Evidence {
    servers: Arc<Servers>,
}

/// What the evidence tells of a partition when it is assigned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Newest offset that has its outcome.
    pub recorded: Option<i64>,
    /// First offset that the group was to read.
    pub origin: Option<i64>,
    /// The group has read this partition in an earlier life of the topic.
    pub earlier_stream: bool,
}

#[derive(Row, Serialize)]
struct StreamRow<'a> {
    consumer_group: &'a str,
    topic: &'a str,
    stream: &'a str,
    partition: i32,
    first_offset: u64,
}

#[derive(Row, Deserialize)]
struct Letter {
    offset: u64,
    reason: String,
}

impl Evidence {
    pub(super) fn new(servers: Arc<Servers>) -> Self {
        Self { servers }
    }

    /// What is known of a partition.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn known(&self, partition: &Partition) -> Result<Known, SinkError> {
        let recorded = "SELECT offset FROM ?.ingested
             WHERE consumer_group = ? AND stream = ? AND partition = ? AND topic = ?
             ORDER BY stream DESC, partition DESC, offset DESC LIMIT 1";
        let origin = "SELECT first_offset FROM ?.streams
             WHERE consumer_group = ? AND stream = ? AND partition = ? AND topic = ?
             ORDER BY first_offset LIMIT 1";
        let earlier = "SELECT first_offset FROM ?.streams
             WHERE consumer_group = ? AND stream != ? AND partition = ? AND topic = ? LIMIT 1";
        let first_of = |sql| {
            let query = self.query(sql).bind(&self.servers.group);
            self.first_of(query, partition)
        };
        Ok(Known {
            recorded: first_of(recorded).await?,
            origin: first_of(origin).await?,
            earlier_stream: first_of(earlier).await?.is_some(),
        })
    }

    /// Newest offset of a partition that has a row or a dead letter, with or without its line of
    /// evidence. Reads the whole column of every table: for the rare case that nothing else tells.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn newest_written(&self, partition: &Partition) -> Result<Option<i64>, SinkError> {
        let letter = "SELECT max(offset) FROM ?.dead_letters
                      WHERE stream = ? AND partition = ? AND topic = ?
                      HAVING count() > 0";
        let mut newest = self.first_of(self.query(letter), partition).await?;
        for table in Table::all() {
            let row = "SELECT max(_offset) FROM ?.?
                       WHERE _stream = ? AND _partition = ? AND _topic = ?
                       HAVING count() > 0";
            let query = self.query(row).bind(Identifier(table.name()));
            newest = newest.max(self.first_of(query, partition).await?);
        }
        Ok(newest)
    }

    /// A query of a table that is named `?.table`.
    fn query(&self, sql: &str) -> Query {
        let query = self.servers.client().query(sql);
        query.bind(Identifier(&self.servers.database))
    }

    /// First offset that a query of a partition finds. Stream, number and topic are its last
    /// parameters.
    async fn first_of(
        &self,
        query: Query,
        partition: &Partition,
    ) -> Result<Option<i64>, SinkError> {
        let query = query
            .bind(&*partition.stream)
            .bind(partition.number)
            .bind(&*partition.topic);
        let found = self.servers.offsets(query, "read the evidence").await?;
        Ok(found.first().copied())
    }

    /// Writes down where the group begins to read a partition.
    ///
    /// # Errors
    /// ClickHouse does not take it.
    pub async fn begin(&self, partition: &Partition, first: i64) -> Result<(), SinkError> {
        let servers = &self.servers;
        let row = StreamRow {
            consumer_group: &servers.group,
            topic: &partition.topic,
            stream: &partition.stream,
            partition: partition.number,
            first_offset: first.max(0) as u64,
        };
        let token = format!(
            "{}:{}:{}:{}:begin-{first}",
            servers.group, partition.topic, partition.stream, partition.number
        );
        let written = async {
            let mut insert = servers
                .insert::<StreamRow<'static>>("streams", &token)
                .await?;
            insert.write(&row).await?;
            insert.end().await
        };
        let written = written.await;
        written.map_err(|error| servers.failed(&error, "insert into streams"))
    }

    async fn dead_letters(&self, batch: &EnrichedBatch, token: &str) -> Result<(), Error> {
        let mut insert = None;
        for outcome in &batch.outcomes {
            if let OutcomeKind::DeadLetter(rejected) = &outcome.kind {
                let insert = match &mut insert {
                    Some(insert) => insert,
                    none => none.insert(
                        self.servers
                            .insert::<DeadLetterRow<'static>>("dead_letters", token)
                            .await?,
                    ),
                };
                let row = DeadLetterRow::new(rejected, Position::of(batch, outcome));
                insert.write(&row).await?;
            }
        }
        match insert {
            Some(insert) => insert.end().await,
            None => Ok(()),
        }
    }

    async fn ingested(&self, batch: &EnrichedBatch, token: &str) -> Result<(), Error> {
        let mut insert = self
            .servers
            .insert::<IngestedRow<'static>>("ingested", token)
            .await?;
        for outcome in &batch.outcomes {
            let row = IngestedRow::new(outcome, Position::of(batch, outcome), &self.servers.group);
            insert.write(&row).await?;
        }
        insert.end().await
    }

    /// Writes the lines of rows that a job wrote before it was killed. `job`: number of the job that
    /// writes them; the batch bears that of the one that was killed, whose lines may have been
    /// written, and lost since.
    ///
    /// # Errors
    /// ClickHouse does not take them.
    pub async fn make_up(&self, batch: &EnrichedBatch, job: u64) -> Result<(), SinkError> {
        let token = self.servers.token(&batch.offsets, batch.computed);
        self.write_under(&format!("{token}:made-up-{job}"), batch)
            .await
    }

    async fn write_under(&self, token: &str, batch: &EnrichedBatch) -> Result<(), SinkError> {
        let servers = &self.servers;
        let written = self.dead_letters(batch, token).await;
        written.map_err(|error| servers.failed(&error, "insert into dead_letters"))?;
        let begun = Instant::now();
        let written = self.ingested(batch, token).await;
        written.map_err(|error| servers.failed(&error, "insert into ingested"))?;
        servers.taken("ingested", begun);
        Ok(())
    }
}

impl Sink for Evidence {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        if batch.outcomes.is_empty() {
            return Ok(());
        }
        let token = self.servers.token(&batch.offsets, batch.computed);
        self.write_under(&token, batch).await
    }

    async fn recorded(&self, offsets: &Offsets) -> Result<BTreeSet<i64>, SinkError> {
        let servers = &self.servers;
        if !servers.exactly_once() {
            return Ok(BTreeSet::new());
        }
        let (first, last) = bounds(&offsets.range);
        let sql = "SELECT DISTINCT offset FROM ?.ingested
             WHERE consumer_group = ? AND stream = ? AND partition = ? AND offset BETWEEN ? AND ?";
        let query = self
            .query(sql)
            .bind(&servers.group)
            .bind(&*offsets.partition.stream)
            .bind(offsets.partition.number)
            .bind(first)
            .bind(last);
        let recorded = servers.offsets(query, "look into ingested").await?;
        Ok(recorded.into_iter().collect())
    }

    /// Dead letters: the topic has had them before the table.
    async fn kept(&self, offsets: &Offsets) -> Result<BTreeMap<i64, Kept>, SinkError> {
        let servers = &self.servers;
        if !servers.exactly_once() {
            return Ok(BTreeMap::new());
        }
        let (first, last) = bounds(&offsets.range);
        let sql = "SELECT offset, toString(any(d.reason)) AS reason FROM ?.dead_letters AS d
             WHERE stream = ? AND partition = ? AND offset BETWEEN ? AND ? GROUP BY offset";
        let query = self
            .query(sql)
            .bind(&*offsets.partition.stream)
            .bind(offsets.partition.number)
            .bind(first)
            .bind(last);
        let doing = "look into dead_letters";
        let letters = servers.in_time::<Letter>(1, query, doing).await?;
        let kept = |Letter { offset, reason }| (offset as i64, Kept::DeadLetter { reason });
        Ok(letters.into_iter().map(kept).collect())
    }
}
