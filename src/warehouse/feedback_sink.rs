//! Rows of a batch into `feedback`, or into the history of its entity, each at most once.
//!
//! An insert carries a token of its range: sent again, ClickHouse drops it, as long as the range,
//! the block and the years of the rows are the same, which the batch sees to. Of a batch that may
//! have been written before, perhaps longer ago than the table remembers tokens, the rows that are
//! there are found out first ([`FeedbackSink::kept`]): they stay, and are not computed again.
//!
//! A batch that ClickHouse refuses because of some row is halved until the row is found. Halves are
//! cut at offsets, so that a batch sent again is cut at the same places, and have tokens of their own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use clickhouse::Row;
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::warn;

use crate::batch::{EnrichedBatch, Kept, Offsets, Outcome, Refused};
use crate::config::Config;
use crate::feedback::Millis;
use crate::pipeline::{Sink, SinkError};
use crate::telemetry::Cause;

use super::error::{Meaning, meaning};
use super::servers::Servers;
use super::tables::Table;

/// More refused rows than these, and more than half of a batch, are no matter of single rows.
const MOST_REFUSED: usize = 100;
/// Times that the time for a look at the table doubles, at most.
const MOST_DOUBLINGS: u32 = 4;

/// Writes the rows of batches.
pub struct FeedbackSink {
    servers: Arc<Servers>,
    /// Tables of the topics of O-data; all others are `feedback`.
    histories: BTreeMap<String, Table>,
    /// Held while the table is looked at: one look at a time, since all partitions need one after a
    /// restart and each touches every part. How often it took too long, less how often it did not.
    looking: Mutex<u32>,
}

#[derive(Row, Deserialize)]
struct Stored {
    offset: u64,
    item_hash: u64,
    version: u64,
    created_at: Millis,
}

impl FeedbackSink {
    pub(super) fn new(servers: Arc<Servers>, config: &Config) -> Self {
        let feeds = config.operations.feeds.iter();
        let histories = feeds.map(|f| (f.topic.clone(), Table::of_topic(config, &f.topic)));
        Self {
            servers,
            histories: histories.collect(),
            looking: Mutex::new(0),
        }
    }

    fn table_of(&self, topic: &str) -> Table {
        let history = self.histories.get(topic).copied();
        history.unwrap_or(Table::Feedback)
    }

    /// Rows of the range that are in the table of its topic, each offset once. Rows of a range are
    /// written after the first lines of the range before it: nothing older is looked at (an hour for
    /// clocks that differ). With many small parts that takes long, and it must not fail for ever: the
    /// time that it may take doubles with each look that took too long.
    async fn stored(&self, offsets: &Offsets) -> Result<Vec<Stored>, SinkError> {
        let table = self.table_of(&offsets.partition.topic);
        let (database, name) = (&self.servers.database, table.name());
        let (item, created) = (table.item(), table.created());
        let (first, last) = bounds(&offsets.range);
        let stream = &*offsets.partition.stream;
        let query = self
            .servers
            .client()
            .query(&format!(
                "SELECT _offset AS offset,
                        any({item}) AS item_hash,
                        any(f.version) AS version,
                        any(toUnixTimestamp64Milli(f.{created})) AS created_at
                 FROM {database}.{name} AS f
                 WHERE _stream = ? AND _partition = ? AND _offset BETWEEN ? AND ?
                   AND _ingested_at >= (
                       SELECT max(ingested_at) - INTERVAL 1 HOUR FROM (
                           SELECT ingested_at FROM {database}.ingested
                           WHERE stream = ? AND partition = ? AND offset < ? AND revision = 0
                           ORDER BY stream DESC, partition DESC, offset DESC LIMIT 1))
                 GROUP BY offset"
            ))
            .bind(stream)
            .bind(offsets.partition.number)
            .bind(first)
            .bind(last)
            .bind(stream)
            .bind(offsets.partition.number)
            .bind(first);
        let mut too_long = self.looking.lock().await;
        let times = 1 << (*too_long).min(MOST_DOUBLINGS);
        let doing = format!("look for rows in {name}");
        let stored = self.servers.in_time(times, query, &doing).await;
        match &stored {
            Err(SinkError::Transient { cause, .. }) if *cause == Cause::Timeout => *too_long += 1,
            _ => *too_long = too_long.saturating_sub(1),
        }
        stored
    }

    /// Inserts the rows, halving as long as some row is refused; returns those.
    async fn insert_halving(
        &self,
        table: Table,
        batch: &EnrichedBatch,
        rows: &[&Outcome],
    ) -> Result<Vec<Refused>, SinkError> {
        let whole = self.servers.token(&batch.offsets, batch.computed);
        let (first, last) = (*batch.offsets.range.start(), *batch.offsets.range.end());
        let mut refused = Vec::new();
        let mut open = vec![(first, last)];
        while let Some((from, to)) = open.pop() {
            let start = rows.partition_point(|row| row.offset < from);
            let end = rows.partition_point(|row| row.offset <= to);
            let part = &rows[start..end];
            if part.is_empty() {
                continue;
            }
            let token = match (from, to) == (first, last) {
                true => whole.clone(),
                false => format!("{whole}/{from}-{to}"),
            };
            let inserted = table.insert(&self.servers, batch, part, &token).await;
            let Err(error) = inserted else {
                continue;
            };
            let doing = format!("insert into {}", table.name());
            match (meaning(&error), part) {
                (Meaning::Row(name), [row]) => {
                    warn!(partition = %batch.offsets.partition, offset = row.offset, name, "row refused");
                    refused.push(Refused {
                        offset: row.offset,
                        message: format!("ClickHouse refuses the row: {name}"),
                    });
                    if refused.len() > MOST_REFUSED && 2 * refused.len() > rows.len() {
                        return Err(SinkError::Permanent(format!(
                            "{doing}: {name} for {} of {} rows, which is no matter of single rows: \
                             look at the table's columns and constraints",
                            refused.len(),
                            rows.len()
                        )));
                    }
                }
                (Meaning::Row(_), _) => {
                    let middle = from + (to - from) / 2;
                    open.extend([(middle + 1, to), (from, middle)]);
                }
                _ => return Err(self.servers.failed(&error, &doing)),
            }
        }
        Ok(refused)
    }
}

impl Sink for FeedbackSink {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        // A topic is all feedback or all of one entity, so there is one table as a rule.
        let mut tables: BTreeMap<Table, Vec<&Outcome>> = BTreeMap::new();
        for outcome in &batch.outcomes {
            if let Some(table) = Table::of(&outcome.kind) {
                tables.entry(table).or_default().push(outcome);
            }
        }
        let mut refused = Vec::new();
        for (table, rows) in tables {
            let begun = Instant::now();
            let of_table = self.insert_halving(table, batch, &rows).await?;
            if of_table.is_empty() {
                self.servers.taken(table.name(), begun);
            }
            refused.extend(of_table);
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(SinkError::Refused(refused)),
        }
    }

    async fn kept(&self, offsets: &Offsets) -> Result<BTreeMap<i64, Kept>, SinkError> {
        if !self.servers.exactly_once() {
            return Ok(BTreeMap::new());
        }
        let kept = |row: Stored| {
            let kept = Kept::Row {
                item_hash: row.item_hash,
                version: row.version,
                created_at: row.created_at,
            };
            (row.offset as i64, kept)
        };
        let stored = self.stored(offsets).await?;
        Ok(stored.into_iter().map(kept).collect())
    }
}

/// First and last offset as the tables hold them.
pub(super) fn bounds(range: &RangeInclusive<i64>) -> (u64, u64) {
    ((*range.start()).max(0) as u64, (*range.end()).max(0) as u64)
}
