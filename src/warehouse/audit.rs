//! What the warehouse knows of the records that a group has read: the other half of the proof.
//!
//! Everything is compared in SQL, in slices that bound the memory of both sides: [`coverage`] looks
//! for offsets without a line or with two, [`rows`] for lines whose row is not in its table,
//! [`letters`] for those whose row is not in `dead_letters`.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use clickhouse::{Client, Row};
use serde::Deserialize;

use super::Table;
use super::error;
use super::migrations::ttl;
use crate::config::{Config, ConfigError};
use crate::ranges::Span;

pub mod coverage;
pub mod letters;
pub mod rows;

/// Settings of these queries, beside those of the client: no query takes more than its share of a
/// server that is at work.
const SETTINGS: [(&str, &str); 3] = [
    ("max_memory_usage", "2000000000"),
    ("max_bytes_before_external_group_by", "500000000"),
    ("max_bytes_before_external_sort", "500000000"),
];

/// Reads the tables of evidence for one consumer group.
pub struct Audit {
    client: Client,
    config: Config,
}

/// A partition in one life of its topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Id of the life.
    pub stream: String,
    /// Partition number.
    pub partition: i32,
}

/// What is known of a partition at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// First offset that the group was to read, from `streams`.
    pub origin: Option<u64>,
    /// When it was last heard of, in ms: tells lives of a topic apart by age.
    pub heard_at: i64,
    /// Lines of evidence.
    pub lines: u64,
    /// Lowest and highest offset among them.
    pub span: Option<Span>,
}

/// Records with one end and one reason.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize, serde::Serialize)]
pub struct OutcomeCount {
    /// `row`, `dead_letter`, `skipped` or `gap`.
    pub outcome: String,
    /// Code of the dead letter, or why it was skipped.
    pub reason: String,
    /// Offsets that came to this end when they were first read.
    pub records: u64,
    /// Lines of replays with this end.
    pub replays: u64,
}

impl Audit {
    /// For the group of the configuration, on the first of its servers that answers.
    ///
    /// # Errors
    /// None answers or lets us in; says which field to mend.
    pub async fn connect(config: &Config) -> Result<Self, ConfigError> {
        let mut refused = None;
        for (_, mut client) in super::clients(&config.clickhouse)? {
            for (name, value) in SETTINGS {
                client = client.with_setting(name, value);
            }
            match super::ping(&client, &config.clickhouse).await {
                Ok(_) => {
                    return Ok(Self {
                        client,
                        config: config.clone(),
                    });
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or_else(|| ConfigError {
            place: String::new(),
            field: "clickhouse.url".into(),
            message: "names no server".into(),
            mend: "give the URL of ClickHouse's HTTP interface".into(),
        }))
    }

    /// Partitions of all lives of the topic of which anything is written.
    ///
    /// # Errors
    /// A query fails.
    pub async fn known(&self, topic: &str) -> anyhow::Result<BTreeMap<Place, Known>> {
        #[derive(Row, Deserialize)]
        struct Origin {
            stream: String,
            partition: i32,
            first: u64,
            at: i64,
        }
        #[derive(Row, Deserialize)]
        struct Lines {
            stream: String,
            partition: i32,
            lines: u64,
            first: u64,
            last: u64,
            at: i64,
        }
        let sql = format!(
            "SELECT toString(stream) AS stream, partition, min(first_offset) AS first, \
                    max(toUnixTimestamp64Milli(started_at)) AS at \
             FROM {} WHERE consumer_group = ? AND topic = ? GROUP BY stream, partition",
            self.table("streams")
        );
        let group = self.config.kafka.group.as_str();
        let origins = self.client.query(&sql).bind(group).bind(topic);
        let origins: Vec<Origin> = self.asked(origins.fetch_all().await, "streams")?;
        let sql = format!(
            "SELECT toString(stream) AS stream, partition, count() AS lines, \
                    min(offset) AS first, max(offset) AS last, \
                    max(toUnixTimestamp64Milli(ingested_at)) AS at \
             FROM {} WHERE consumer_group = ? AND topic = ? GROUP BY stream, partition",
            self.table("ingested")
        );
        let lines = self.client.query(&sql).bind(group).bind(topic);
        let lines: Vec<Lines> = self.asked(lines.fetch_all().await, "ingested")?;

        let mut known: BTreeMap<Place, Known> = BTreeMap::new();
        for Origin {
            stream,
            partition,
            first,
            at,
        } in origins
        {
            let of = known.entry(Place { stream, partition }).or_default();
            (of.origin, of.heard_at) = (Some(first), at);
        }
        for line in lines {
            let (stream, partition) = (line.stream, line.partition);
            let of = known.entry(Place { stream, partition }).or_default();
            of.heard_at = of.heard_at.max(line.at);
            (of.lines, of.span) = (line.lines, Some((line.first, line.last)));
        }
        Ok(known)
    }

    /// Ends and reasons of the records in a span.
    ///
    /// # Errors
    /// The query fails.
    pub async fn outcomes(&self, place: &Place, span: Span) -> anyhow::Result<Vec<OutcomeCount>> {
        let sql = format!(
            "SELECT toString(outcome) AS outcome, toString(reason) AS reason, \
                    groupBitmapIf(offset, revision = 0) AS records, \
                    countIf(revision > 0) AS replays \
             FROM {} WHERE {HERE} GROUP BY outcome, reason ORDER BY outcome, reason",
            self.table("ingested")
        );
        let query = self.here(&sql, place, span);
        self.asked(query.fetch_all().await, "ingested")
    }

    /// Offsets in a span that have a line.
    ///
    /// # Errors
    /// The query fails.
    pub async fn present(&self, place: &Place, span: Span) -> anyhow::Result<u64> {
        let sql = format!(
            "SELECT groupBitmap(offset) FROM {} WHERE {HERE}",
            self.table("ingested")
        );
        let query = self.here(&sql, place, span);
        self.asked(query.fetch_one().await, "ingested")
    }

    /// Offset from which on the lines are younger than `ingested` keeps them: what lacks its line
    /// below may have had one. `None`: the table keeps all lines.
    ///
    /// # Errors
    /// The query fails.
    pub async fn kept_from(&self, place: &Place) -> anyhow::Result<Option<u64>> {
        let Some(is_over) = ttl::is_over(&self.config.clickhouse, "ingested") else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT minOrNullIf(offset, NOT ({is_over})) FROM {} WHERE {HERE}",
            self.table("ingested")
        );
        let query = self.here(&sql, place, (0, i64::MAX as u64));
        let first: Option<u64> = self.asked(query.fetch_one().await, "ingested")?;
        Ok(Some(first.unwrap_or(u64::MAX)))
    }

    /// Table that records of a topic have their rows in.
    pub fn table_of(&self, topic: &str) -> Table {
        Table::of_topic(&self.config, topic)
    }

    /// Whether a table no longer has to have a row, as SQL over its line in `ingested`.
    fn is_over(&self, table: &str) -> String {
        ttl::is_over(&self.config.clickhouse, table).unwrap_or_else(|| "false".into())
    }

    fn table(&self, name: &str) -> String {
        format!("`{}`.{name}", self.config.clickhouse.database)
    }

    /// A query whose only parameters are those of [`HERE`].
    fn here(&self, sql: &str, place: &Place, span: Span) -> clickhouse::query::Query {
        self.client
            .query(sql)
            .bind(place.stream.as_str())
            .bind(place.partition)
            .bind(self.config.kafka.group.as_str())
            .bind(span.0)
            .bind(span.1)
    }

    fn asked<T>(&self, answer: clickhouse::error::Result<T>, table: &str) -> anyhow::Result<T> {
        answer
            .map_err(|error| match error::code(&error) {
                // Database, table or column is not there.
                Some(16 | 47 | 60 | 81) => anyhow!(ConfigError {
                    place: String::new(),
                    field: "clickhouse.database".into(),
                    message: format!(
                        "{} has not the tables of this version: {error}",
                        self.config.clickhouse.database
                    ),
                    mend: "correct clickhouse.database, or run `sada migrate`".into(),
                }),
                _ => anyhow!(error),
            })
            .with_context(|| format!("can't read {}.{table}", self.config.clickhouse.database))
    }
}

/// Lines of one place in a span, by the order of `ingested`.
const HERE: &str = "stream = ? AND partition = ? AND consumer_group = ? AND offset BETWEEN ? AND ?";
