//! Table `erasure_log`: which steps of which request are done, and what the index of each instance is
//! without. Proof that holds no identifier.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use clickhouse::{Client, Row};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Erasing;
use crate::config::Config;
use crate::erasure::Mark;
use crate::feedback::Millis;
use crate::pipeline::SinkError;
use crate::warehouse::client::within;
use crate::warehouse::error::sink_error;

/// A step that is done, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Somebody asked.
    Requested,
    /// All marks are in the topic.
    Suppressed,
    /// Every partition has passed what was in it then.
    Passed,
    /// Rows are deleted, and nothing brought one back.
    Deleted,
    /// Parts were written anew without them.
    Applied,
    /// The parts that had them are off the disk.
    Removed,
    /// It was waited for the indexes of all instances; counts tell how many are without them, and how
    /// many are left.
    Indexed,
    /// The end.
    Done,
}

impl Step {
    /// Name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Step::Requested => "requested",
            Step::Suppressed => "suppressed",
            Step::Passed => "passed",
            Step::Deleted => "deleted",
            Step::Applied => "applied",
            Step::Removed => "removed",
            Step::Indexed => "indexed",
            Step::Done => "done",
        }
    }
}

/// Step of the lines that instances write of their indexes.
const INDEX: &str = "index";

#[derive(Row, Serialize)]
struct LogRow<'a> {
    request: &'a str,
    requested_at: Millis,
    step: &'a str,
    counts: Vec<(&'a str, u64)>,
    instance: &'a str,
    program: &'a str,
}

/// What the log tells of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Time of the newest request by that name.
    pub requested_at: Option<Millis>,
    /// It has come to its end.
    pub is_done: bool,
}

/// What the log tells of a request, if anything.
///
/// # Errors
/// ClickHouse fails.
pub async fn standing(config: &Config, request: Mark) -> Result<Standing, SinkError> {
    #[derive(Row, Deserialize)]
    struct Newest {
        requested_at: Millis,
        done: u64,
    }
    let sql = format!(
        "SELECT toUnixTimestamp64Milli(requested_at) AS requested_at, countIf(step = 'done') AS done \
         FROM `{}`.erasure_log WHERE request = ? GROUP BY requested_at \
         ORDER BY requested_at DESC LIMIT 1",
        config.clickhouse.database
    );
    let query = client(config)?.query(&sql).bind(request.to_string());
    let newest = within(config.clickhouse.timeout, query.fetch_optional::<Newest>()).await;
    let newest = newest.map_err(|e| sink_error(&e, "read erasure_log"))?;
    Ok(newest.map_or_else(Standing::default, |newest| Standing {
        requested_at: Some(newest.requested_at),
        is_done: newest.done > 0,
    }))
}

/// Whether a request has come to its end, or a later one of whom it names.
///
/// # Errors
/// ClickHouse fails.
pub async fn is_done(
    config: &Config,
    request: Mark,
    requested_at: Millis,
) -> Result<bool, SinkError> {
    let sql = format!(
        "SELECT count() FROM `{}`.erasure_log WHERE request = ? AND step = ? \
         AND requested_at >= fromUnixTimestamp64Milli(?, 'UTC')",
        config.clickhouse.database
    );
    let query = client(config)?.query(&sql).bind(request.to_string());
    let query = query.bind(Step::Done.name()).bind(requested_at);
    let done = within(config.clickhouse.timeout, query.fetch_one::<u64>()).await;
    let done = done.map_err(|e| sink_error(&e, "read erasure_log"))?;
    Ok(done > 0)
}

/// The index of an instance, and what it told last.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct IndexOf {
    /// Names instance and folder.
    pub instance: String,
    /// [`Erasures::digest`](crate::erasure::Erasures::digest) of all that it is without; empty if it
    /// was never held against any.
    pub without: String,
    /// When it told so.
    pub told_at: Millis,
}

impl fmt::Display for IndexOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Timestamp::from_millisecond(self.told_at).unwrap_or_default();
        write!(f, "{} (told last at {at:.0})", self.instance)
    }
}

/// What the indexes of all instances told last, also of those that run no more.
///
/// # Errors
/// ClickHouse fails.
pub async fn indexes(config: &Config) -> Result<Vec<IndexOf>, SinkError> {
    let sql = format!(
        "SELECT instance, argMax(request, at) AS without, toUnixTimestamp64Milli(max(at)) AS told_at \
         FROM `{}`.erasure_log WHERE step = ? GROUP BY instance ORDER BY instance",
        config.clickhouse.database
    );
    let query = client(config)?.query(&sql).bind(INDEX).fetch_all();
    let told = within(config.clickhouse.timeout, query).await;
    told.map_err(|e| sink_error(&e, "read erasure_log"))
}

/// Writes down what the index of this instance is without, nothing of it left on the disk.
///
/// # Errors
/// ClickHouse fails.
pub async fn tell_index(config: &Config, instance: &str, without: &str) -> Result<(), SinkError> {
    let row = LogRow {
        request: without,
        requested_at: Timestamp::now().as_millisecond(),
        step: INDEX,
        counts: Vec::new(),
        instance,
        program: env!("CARGO_PKG_VERSION"),
    };
    let table = format!("`{}`.erasure_log", config.clickhouse.database);
    insert(&client(config)?, config.clickhouse.timeout, &table, &row).await
}

fn client(config: &Config) -> Result<Client, SinkError> {
    let client = crate::warehouse::client(&config.clickhouse);
    client.map_err(|e| SinkError::Permanent(e.to_string()))
}

async fn insert(
    client: &Client,
    limit: Duration,
    table: &str,
    row: &LogRow<'_>,
) -> Result<(), SinkError> {
    let written = async {
        let mut insert = client.insert_unescaped::<LogRow<'_>>(table).await?;
        insert.write(row).await?;
        insert.end().await
    };
    let written = within(limit, written).await;
    written.map_err(|error| sink_error(&error, "insert into erasure_log"))
}

impl Erasing {
    /// Writes down that a step is done.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn log(&self, step: Step, counts: &BTreeMap<&str, u64>) -> Result<(), SinkError> {
        let request = self.scope.request.to_string();
        let row = LogRow {
            request: &request,
            requested_at: self.scope.requested_at,
            step: step.name(),
            counts: counts.iter().map(|(name, n)| (*name, *n)).collect(),
            instance: "",
            program: env!("CARGO_PKG_VERSION"),
        };
        let table = self.table("erasure_log");
        insert(&self.client, self.config.timeout, &table, &row).await
    }
}
