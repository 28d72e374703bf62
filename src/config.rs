//! Configuration: `sada.toml`, beaten by `SADA_*` variables, beaten by flags.
//!
//! A variable names its field in upper case: `SADA_CLICKHOUSE_URL` is `clickhouse.url`.
//! Everything is checked before the first record is read; a refusal names field, file, line and mend.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::enrich::privacy::Treatments;

mod listen;
mod load;
mod operations;
mod rule;
mod validate;

pub use listen::listen_address;
pub use load::{ConfigError, secret};
pub use operations::{Feed, Operations};
pub use validate::told_apart;

/// All settings. Every field has a default; only `privacy.key_file` must be named to `run`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is promised of each record.
    pub delivery: DeliveryMode,
    /// Longest time for an orderly end after SIGINT or SIGTERM; then what is in flight is
    /// abandoned, and the next start takes it up.
    #[serde(with = "load::duration")]
    pub shutdown: Duration,
    /// Where records come from and dead letters go.
    pub kafka: Kafka,
    /// Where rows go.
    pub clickhouse: ClickHouse,
    /// When a batch is closed and how many are in flight.
    pub batch: Batch,
    /// What a record may hold.
    pub limits: Limits,
    /// Which language a text is in.
    pub language: Language,
    /// Model files; empty paths mean the ones built in.
    pub models: Models,
    /// What customers talk about.
    pub topics: Topics,
    /// Personal data.
    pub privacy: Privacy,
    /// O-data: where it comes from, how it is joined.
    pub operations: Operations,
    /// Metrics and health.
    pub health: Health,
    /// Logs.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            delivery: DeliveryMode::ExactlyOnce,
            shutdown: Duration::from_secs(25),
            kafka: Kafka::default(),
            clickhouse: ClickHouse::default(),
            batch: Batch::default(),
            limits: Limits::default(),
            language: Language::default(),
            models: Models::default(),
            topics: Topics::default(),
            privacy: Privacy::default(),
            operations: Operations::default(),
            log: Log::default(),
            health: Health::default(),
        }
    }
}

/// What is promised of each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// One outcome, whatever crashes: ranges are announced, inserts carry tokens, the evidence is
    /// asked before anything is written again.
    ExactlyOnce,
    /// At least one outcome: none of this. To measure what it costs.
    AtLeastOnce,
}

/// `[kafka]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Topics to read.
    pub topics: Vec<String>,
    /// Consumer group.
    pub group: String,
    /// Where to begin on a partition this group has never read: `earliest` or `latest`.
    pub start: Start,
    /// Topic that records go to, whole, when they can't be used.
    pub dead_letter_topic: String,
    /// Topic that says who is erased, compacted; empty for none: then nobody can be.
    pub erasure_topic: String,
    /// Any property of librdkafka, passed as it is (`security.protocol`, `sasl.username`, …).
    /// `sasl.password` may be a file: `sasl.password_file`.
    pub properties: BTreeMap<String, String>,
}

/// Where to begin on a partition that the group has never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At the oldest record kept.
    Earliest,
    /// At records that come from now on.
    Latest,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".into(),
            topics: vec!["sada.feedback".into()],
            group: "sada".into(),
            start: Start::Earliest,
            dead_letter_topic: "sada.dead-letters".into(),
            erasure_topic: String::new(),
            properties: BTreeMap::new(),
        }
    }
}

/// `[clickhouse]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClickHouse {
    /// `http://host:8123` or `https://…`; of a replicated cluster several, separated by commas: on
    /// failure the next one is tried.
    pub url: String,
    /// Database of all tables.
    pub database: String,
    /// User; the server's default user if empty.
    pub user: String,
    /// File that holds the user's password; empty for none.
    pub password_file: PathBuf,
    /// Longest wait for one request.
    #[serde(with = "load::duration")]
    pub timeout: Duration,
    /// Engine family that `migrate` makes tables with.
    pub engine: Engine,
    /// Cluster for `ON CLUSTER` and replicated engines; empty for a single server.
    pub cluster: String,
    /// How long rows are kept, by table: `feedback = "3 YEAR"`. Unlisted tables keep all.
    pub ttl: BTreeMap<String, String>,
}

/// Engine family of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// `ReplacingMergeTree`, `MergeTree`.
    Plain,
    /// `ReplicatedReplacingMergeTree`, `ReplicatedMergeTree`.
    Replicated,
}

impl Default for ClickHouse {
    fn default() -> Self {
        Self {
            url: "http://localhost:8123".into(),
            database: "sada".into(),
            user: String::new(),
            password_file: PathBuf::new(),
            timeout: Duration::from_secs(60),
            engine: Engine::Plain,
            cluster: String::new(),
            ttl: BTreeMap::new(),
        }
    }
}

/// `[batch]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// A batch is closed at this many records …
    pub rows: usize,
    /// … or at this many bytes …
    pub bytes: usize,
    /// … or when its first record has waited this long.
    #[serde(with = "load::duration")]
    pub time: Duration,
    /// At most so many batches are written a second; with many partitions they grow instead.
    pub per_second: u32,
    /// Bytes of records held in all: the bound on the memory of batches.
    pub memory: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            rows: 10_000,
            bytes: 8 << 20,
            time: Duration::from_secs(1),
            per_second: 10,
            memory: 64 << 20,
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Longest record in bytes; longer ones are dead letters.
    pub record_bytes: usize,
    /// Longest text in bytes; longer ones are cut at a character boundary and flagged.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 1 << 20,
            text_bytes: 64 << 10,
        }
    }
}

/// `[language]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Language {
    /// Languages that most texts are in, by tag (`fa`, `zh`): where the letters leave it open, it is
    /// one of them. The evidence of a longer text beats it.
    pub expected: Vec<String>,
    /// A model of your own, from `sada train language`; empty for the one built in.
    pub model: PathBuf,
}

/// `[models]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// A taxonomy of your own (`models/taxonomy.toml` shows the shape).
    pub taxonomy: PathBuf,
    /// Cues of intents, urgency and the like of your own (`models/cues.toml` shows the shape).
    pub cues: PathBuf,
    /// A sentiment model of your own, from `sada train sentiment`.
    pub sentiment: PathBuf,
}

/// `[topics]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    /// What is reviewed at a source, where all its texts are about one kind of things: their topics
    /// are found better.
    pub reviewed: BTreeMap<String, String>,
    /// A trained model of your own, from `sada train topics`.
    pub model: PathBuf,
}

/// `[privacy]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// File with the secret, at least 16 bytes, under which identifiers that look like an e-mail
    /// address or a phone number are hashed. Keep it: another key makes other hashes.
    pub key_file: PathBuf,
    /// What becomes of each kind of personal data in texts: `mask`, `hmac` or `keep`.
    pub kinds: Treatments,
}

/// `[health]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Where `run` answers `/metrics`, `/health/live` and `/health/ready`: a port on loopback, or
    /// `host:port`; empty for nowhere.
    pub listen: String,
    /// A partition with lag that makes no progress for this long makes the instance unready.
    #[serde(with = "load::duration")]
    pub stalled: Duration,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            listen: String::new(),
            stalled: Duration::from_secs(120),
        }
    }
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Filter (`info`, `sada=debug,librdkafka=error`).
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".into(),
            format: LogFormat::Text,
        }
    }
}

impl Config {
    /// Topics that the group reads: of feedback, then of O-data.
    pub fn topics(&self) -> Vec<String> {
        let feeds = self.operations.feeds.iter().map(|feed| &feed.topic);
        self.kafka.topics.iter().chain(feeds).cloned().collect()
    }

    /// Reads file and environment and checks every value.
    ///
    /// # Errors
    /// The file can't be read, a key is unknown, a value is bad. The message names the mend.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config = load::read(file, std::env::vars())?;
        validate::check(&config, file)?;
        Ok(config)
    }
}
