//! Table `erasure_log`: which steps of which request are done. Proof that holds no identifier.

use std::collections::BTreeMap;

use clickhouse::Row;
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
            Step::Done => "done",
        }
    }
}

#[derive(Row, Serialize)]
struct LogRow<'a> {
    request: &'a str,
    requested_at: Millis,
    step: &'a str,
    counts: Vec<(&'a str, u64)>,
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
    let client = crate::warehouse::client(&config.clickhouse);
    let client = client.map_err(|e| SinkError::Permanent(e.to_string()))?;
    let sql = format!(
        "SELECT toUnixTimestamp64Milli(requested_at) AS requested_at, countIf(step = 'done') AS done \
         FROM `{}`.erasure_log WHERE request = ? GROUP BY requested_at \
         ORDER BY requested_at DESC LIMIT 1",
        config.clickhouse.database
    );
    let query = client.query(&sql).bind(request.to_string());
    let newest = within(config.clickhouse.timeout, query.fetch_optional::<Newest>()).await;
    let newest = newest.map_err(|e| sink_error(&e, "read erasure_log"))?;
    Ok(newest.map_or_else(Standing::default, |newest| Standing {
        requested_at: Some(newest.requested_at),
        is_done: newest.done > 0,
    }))
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
            program: env!("CARGO_PKG_VERSION"),
        };
        let written = async {
            let table = self.table("erasure_log");
            let mut insert = self.client.insert_unescaped::<LogRow<'_>>(&table).await?;
            insert.write(&row).await?;
            insert.end().await
        };
        let written = within(self.config.timeout, written).await;
        written.map_err(|error| sink_error(&error, "insert into erasure_log"))
    }
}
