//! What `replay` asks the warehouse before it writes: which records have become rows already.

use std::collections::BTreeMap;
use std::time::Duration;

use clickhouse::{Client, Row};
use serde::Deserialize;

use crate::batch::Partition;
use crate::config::{Config, ConfigError};
use crate::feedback::Millis;
use crate::pipeline::SinkError;

use super::client::within;
use super::error::sink_error;

/// Questions about the records of one consumer group.
pub struct Replaying {
    client: Client,
    database: String,
    group: String,
    timeout: Duration,
}

/// What the evidence says of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A row, as first processed or since.
    Row,
    /// A dead letter, and never a row.
    DeadLetter,
    /// Nothing to store, or deleted before it was read.
    Other,
}

/// Which dead letters are asked for.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Of these topics; of all if there is none.
    pub topics: Vec<String>,
    /// Rejected for this reason.
    pub reason: Option<String>,
    /// Rejected at this time in ms or after it.
    pub since: Option<Millis>,
}

impl Replaying {
    /// For the configured server and group.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            client: super::client(&config.clickhouse)?,
            database: config.clickhouse.database.clone(),
            group: config.kafka.group.clone(),
            timeout: config.clickhouse.timeout,
        })
    }

    /// Lines of evidence of some offsets; those that have none are not in it.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn lines(
        &self,
        partition: &Partition,
        offsets: &[i64],
    ) -> Result<BTreeMap<i64, Line>, SinkError> {
        #[derive(Row, Deserialize)]
        struct Found {
            offset: u64,
            row: bool,
            dead: bool,
        }
        let sql = format!(
            "SELECT offset, max(outcome = 'row')::Bool AS row, \
             max(outcome = 'dead_letter')::Bool AS dead FROM `{}`.ingested \
             WHERE consumer_group = ? AND topic = ? AND stream = ? AND partition = ? \
             AND offset IN ? GROUP BY offset",
            self.database
        );
        let query = self
            .client
            .query(&sql)
            .bind(&self.group)
            .bind(&*partition.topic)
            .bind(&*partition.stream)
            .bind(partition.number)
            .bind(unsigned(offsets));
        let found = within(self.timeout, query.fetch_all::<Found>()).await;
        let found = found.map_err(|e| sink_error(&e, "look into ingested"))?;
        let line = |f: Found| match (f.row, f.dead) {
            (true, _) => (f.offset as i64, Line::Row),
            (false, true) => (f.offset as i64, Line::DeadLetter),
            (false, false) => (f.offset as i64, Line::Other),
        };
        Ok(found.into_iter().map(line).collect())
    }

    /// Revisions of those rows of some offsets that a replay wrote, with or without their line of
    /// evidence: a job that was killed between the two left them.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn replayed_rows(
        &self,
        partition: &Partition,
        offsets: &[i64],
    ) -> Result<BTreeMap<i64, u64>, SinkError> {
        let sql = format!(
            "SELECT _offset, max(_revision) FROM `{}`.feedback \
             WHERE _origin = 'replay' AND _stream = ? AND _partition = ? AND _topic = ? \
             AND _offset IN ? GROUP BY _offset",
            self.database
        );
        let query = self
            .client
            .query(&sql)
            .bind(&*partition.stream)
            .bind(partition.number)
            .bind(&*partition.topic)
            .bind(unsigned(offsets));
        let found = within(self.timeout, query.fetch_all::<(u64, u64)>()).await;
        let found = found.map_err(|e| sink_error(&e, "look for rows in feedback"))?;
        Ok(found.into_iter().map(|(o, r)| (o as i64, r)).collect())
    }

    /// How many dead letters there were, whether or not the topic still holds them.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn dead_letters(&self, which: &Which) -> Result<u64, SinkError> {
        let mut sql = format!(
            "SELECT uniqExact(topic, stream, partition, offset) FROM `{}`.dead_letters \
             WHERE rejected_at >= fromUnixTimestamp64Milli(toInt64(?))",
            self.database
        );
        if !which.topics.is_empty() {
            sql += " AND topic IN ?";
        }
        if which.reason.is_some() {
            sql += " AND reason = ?";
        }
        let mut query = self.client.query(&sql).bind(which.since.unwrap_or(0));
        if !which.topics.is_empty() {
            query = query.bind(&which.topics);
        }
        if let Some(reason) = &which.reason {
            query = query.bind(reason);
        }
        let count = within(self.timeout, query.fetch_one()).await;
        count.map_err(|e| sink_error(&e, "count dead letters"))
    }

    /// Names of the topics that the group has begun to read, and of those that dead letters are of.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn topics(&self) -> Result<Vec<String>, SinkError> {
        let sql = format!(
            "SELECT DISTINCT toString(topic) AS name FROM ( \
               SELECT topic FROM `{0}`.streams WHERE consumer_group = ? \
               UNION ALL SELECT topic FROM `{0}`.dead_letters) ORDER BY name",
            self.database
        );
        let query = self.client.query(&sql).bind(&self.group);
        let topics = within(self.timeout, query.fetch_all()).await;
        topics.map_err(|e| sink_error(&e, "look into streams and dead_letters"))
    }

    /// Id of the life of a topic that the group began to read last, for brokers that tell none.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn newest_stream(&self, topic: &str) -> Result<Option<String>, SinkError> {
        let sql = format!(
            "SELECT stream FROM `{}`.streams WHERE consumer_group = ? AND topic = ? \
             ORDER BY started_at DESC LIMIT 1",
            self.database
        );
        let query = self.client.query(&sql).bind(&self.group).bind(topic);
        let stream = within(self.timeout, query.fetch_optional()).await;
        stream.map_err(|e| sink_error(&e, "look into streams"))
    }
}

fn unsigned(offsets: &[i64]) -> Vec<u64> {
    offsets
        .iter()
        .map(|offset| offset.max(&0).unsigned_abs())
        .collect()
}
