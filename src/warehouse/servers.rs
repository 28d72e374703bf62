//! Inserts and queries against one of several replicas: the next one after a failure.
//!
//! Tables of engine family `replicated` share their rows and the tokens that they remember: to any
//! replica an insert may be sent again. Plain tables on several servers hold different rows and
//! know nothing of each other's tokens, so `config` refuses several URLs for them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clickhouse::error::{Error, Result};
use clickhouse::insert::Insert;
use clickhouse::query::Query;
use clickhouse::{Client, RowOwned, RowRead};
use tracing::info;

use crate::batch::{Computed, Offsets};
use crate::config::{Config, ConfigError, DeliveryMode};
use crate::pipeline::SinkError;
use crate::telemetry::metrics;

use super::client::within;
use super::error::{Meaning, meaning, sink_error};

/// The servers of the configuration, and how to write to them.
pub(super) struct Servers {
    replicas: Vec<Replica>,
    /// Which of them is used now, modulo their number.
    now: AtomicUsize,
    /// Tables that took rows with their columns checked, and no insert has failed since.
    checked: Mutex<BTreeSet<&'static str>>,
    pub database: String,
    pub group: String,
    delivery: DeliveryMode,
    timeout: Duration,
}

struct Replica {
    url: String,
    /// Holds every row against the columns of the table: 1.5 µs a row.
    checking: Client,
    /// Does not.
    trusting: Client,
}

impl Servers {
    /// The configured servers.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config) -> std::result::Result<Self, ConfigError> {
        let clients = super::clients(&config.clickhouse)?;
        let replica = |(url, checking): (String, Client)| Replica {
            trusting: checking.clone().with_validation(false),
            checking,
            url,
        };
        Ok(Self {
            replicas: clients.into_iter().map(replica).collect(),
            now: AtomicUsize::new(0),
            checked: Mutex::default(),
            database: config.clickhouse.database.clone(),
            group: config.kafka.group.clone(),
            delivery: config.delivery,
            timeout: config.clickhouse.timeout,
        })
    }

    fn replica(&self) -> &Replica {
        &self.replicas[self.now.load(Ordering::Relaxed) % self.replicas.len()]
    }

    /// A client of the server used now.
    pub fn client(&self) -> &Client {
        &self.replica().checking
    }

    /// The token of an insert: deployment, group, stream, partition and range, and what computed
    /// its rows. The same token always means the same records. It does not name the build: an
    /// insert of the build before may still be under way when this one sends the range again.
    pub fn token(&self, offsets: &Offsets, computed: Computed) -> String {
        let partition = &offsets.partition;
        let revision = match computed.revision {
            0 => String::new(),
            revision => format!(":{}-{revision}", computed.origin.name()),
        };
        format!(
            "{}:{}:{}:{}:{}:{}-{}{revision}",
            self.database,
            self.group,
            partition.stream,
            partition.topic,
            partition.number,
            offsets.range.start(),
            offsets.range.end(),
        )
    }

    /// Begins an insert under a token.
    ///
    /// # Errors
    /// The server can't be asked for the table's columns.
    pub async fn insert<R: clickhouse::Row>(&self, table: &str, token: &str) -> Result<Insert<R>> {
        let replica = self.replica();
        let client = match self.checked().contains(table) {
            true => &replica.trusting,
            false => &replica.checking,
        };
        let insert = client
            .insert_unescaped(&format!("`{}`.{table}", self.database))
            .await?
            .with_timeouts(Some(self.timeout), Some(self.timeout));
        Ok(match self.delivery {
            DeliveryMode::ExactlyOnce => insert.with_setting("insert_deduplication_token", token),
            // `deduplicate_insert` of ClickHouse 26 is on and beats this setting, and older servers
            // don't know it: a token that never comes again works with all.
            DeliveryMode::AtLeastOnce => {
                insert.with_setting("insert_deduplicate", "0").with_setting(
                    "insert_deduplication_token",
                    uuid::Uuid::new_v4().to_string(),
                )
            }
        })
    }

    /// The offsets that a query finds, its only column.
    ///
    /// # Errors
    /// The server does not answer in time, or refuses.
    pub async fn offsets(
        &self,
        query: Query,
        doing: &str,
    ) -> std::result::Result<Vec<i64>, SinkError> {
        let found = self.in_time::<u64>(1, query, doing).await?;
        Ok(found.into_iter().map(|offset| offset as i64).collect())
    }

    /// What a query finds that may need so many times the time of others. The server gives it up
    /// with us: those asked again would else pile up there, each slowing the next.
    ///
    /// # Errors
    /// The server does not answer in time, or refuses.
    pub async fn in_time<R: RowOwned + RowRead>(
        &self,
        times: u32,
        query: Query,
        doing: &str,
    ) -> std::result::Result<Vec<R>, SinkError> {
        let limit = self.timeout * times;
        let seconds = limit.as_secs_f64().ceil().to_string();
        let query = query.with_setting("max_execution_time", seconds);
        let found = within(limit, query.fetch_all()).await;
        found.map_err(|error| self.failed(&error, doing))
    }

    /// An insert into a table, begun then, was taken: its columns are what they should be.
    pub fn taken(&self, table: &'static str, begun: Instant) {
        metrics::insert_took(table, begun.elapsed());
        self.checked().insert(table);
    }

    fn checked(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a failure: the next try goes to the next server, and columns are checked again.
    pub fn failed(&self, error: &Error, doing: &str) -> SinkError {
        self.checked().clear();
        if self.replicas.len() > 1 && matches!(meaning(error), Meaning::Transient(_)) {
            self.now.fetch_add(1, Ordering::Relaxed);
            info!(url = self.replica().url, "next replica");
        }
        sink_error(error, &format!("{doing} of {}", self.database))
    }

    /// Whether inserts carry tokens.
    pub fn exactly_once(&self) -> bool {
        self.delivery == DeliveryMode::ExactlyOnce
    }
}
