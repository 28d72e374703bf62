//! Rows joined again where O-data came late, or corrected the past.
//!
//! Ingest joins a row with what its index knows then. What comes later is found here: in a window of
//! time, by `_ingested_at`, all items that were written in it, and all that name, or were joined with,
//! an entity that came in it. They are joined by the rules of [`odata::join`](crate::odata::join), a
//! second time, in SQL over the histories. Rows of which anything joined differs (`o_version`) are
//! copied by the server with the new columns and the copied row's revision + 1.
//!
//! It looks at states, not at events: looking twice changes nothing, a row that was written meanwhile
//! lies in the next window, and two that repair at a time write the same. A copy never beats what was
//! computed afresh meanwhile: that has a greater offset or a greater revision, and is looked at next.
//!
//! Everything is bounded: a window by rows of each table, a slice by items, both by the server's
//! memory for a query and by its time for one; one thread, so that the live stream goes first. What is
//! too much for the server is asked again in smaller parts. Histories are read by entity, never whole.
//! A statement a file in `repair/`, in temporary tables of one session; values are bound.

use std::time::{Duration, Instant};

use clickhouse::{Client, Row};
use serde::Deserialize;
use tracing::debug;

use super::client::within;
use super::error::sink_error;
use super::migrations::template::statements;
use crate::config::{Config, ConfigError};
use crate::feedback::Millis;
use crate::pipeline::SinkError;
use crate::telemetry::Cause;

mod pass;

pub use pass::Pass;

const WINDOWS: &str = include_str!("repair/windows.sql");

/// Rows of each table that a window may hold, about. Where they are too much for the server, the
/// window is looked at in parts.
const WINDOW_ROWS: u64 = 200_000;
/// A window of so few rows is not parted: its size is not what is too much.
const FEWEST_ROWS: u64 = 100;
/// Items of a slice that suit most servers. Where they are too much for one, it takes half of them.
pub const SLICE_ITEMS: u64 = 20_000;
/// A statement may take so many times `clickhouse.timeout`, as one that erases may: it reads tables.
const TIMES_LONGER: u32 = 10;

/// Settings of these queries, beside those of the client.
const SETTINGS: [(&str, &str); 6] = [
    ("max_threads", "1"),
    ("max_memory_usage", "1000000000"),
    ("max_bytes_before_external_group_by", "300000000"),
    ("max_bytes_before_external_sort", "300000000"),
    ("join_use_nulls", "0"),
    // What is written twice has the same row version: no token is needed, and none is stable.
    ("insert_deduplicate", "0"),
];

/// Repairs the rows of table `feedback`.
pub struct Repair {
    client: Client,
    database: String,
    timeout: Duration,
    slice: u64,
}

/// A window of time, in ms, the end left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Begin.
    pub from: Millis,
    /// End.
    pub until: Millis,
    /// Rows of all tables in it.
    pub rows: u64,
}

/// How many rows differ in a column.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Change {
    /// Column of `feedback`.
    pub column: String,
    /// Of the status of a join what it was; else empty.
    pub before: String,
    /// … what it is now.
    pub after: String,
    /// Rows.
    pub rows: u64,
}

/// What was done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Items joined again.
    pub items: u64,
    /// Rows of which something differed.
    pub rows: u64,
    /// Slices, an insert each.
    pub slices: u64,
    /// What differed.
    pub changes: Vec<Change>,
}

impl Done {
    fn add(&mut self, slice: Done) {
        self.items += slice.items;
        self.rows += slice.rows;
        self.slices += slice.slices;
        for change in slice.changes {
            let same = |c: &&mut Change| {
                (&c.column, &c.before, &c.after) == (&change.column, &change.before, &change.after)
            };
            match self.changes.iter_mut().find(same) {
                Some(known) => known.rows += change.rows,
                None => self.changes.push(change),
            }
        }
    }
}

impl Repair {
    /// Of the configured warehouse, in slices of so many items: [`SLICE_ITEMS`].
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config, slice: u64) -> Result<Self, ConfigError> {
        let mut client = super::client(&config.clickhouse)?;
        for (name, value) in SETTINGS {
            client = client.with_setting(name, value);
        }
        Ok(Self {
            client,
            database: config.clickhouse.database.clone(),
            timeout: config.clickhouse.timeout,
            slice: slice.max(1),
        })
    }

    /// The server's time, in ms: what was written before it, and is there, lies before it.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn now(&self) -> Result<Millis, SinkError> {
        let sql = "SELECT toUnixTimestamp64Milli(now64(3))";
        self.asked(self.client.query(sql).fetch_one(), "ask for the time")
            .await
    }

    /// Up to when the pipelines have looked at everything; `None`: they never have.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn looked_until(&self) -> Result<Option<Millis>, SinkError> {
        let sql = "SELECT maxOrNull(toUnixTimestamp64Milli(looked_until)) \
                   FROM {database:Identifier}.repairs WHERE job = 'run'";
        let query = self.client.query(sql).param("database", &self.database);
        self.asked(query.fetch_one(), "read repairs").await
    }

    /// From when to look, so that nothing is missed: an insert that was under way at `until` may
    /// have been seen by no look before, and clocks of replicas differ.
    pub fn overlapping(&self, until: Millis) -> Millis {
        let overlap = self.timeout + Duration::from_secs(30);
        (until - i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX)).max(0)
    }

    /// Joins everything again that was written from then until then, or is touched by it, window by
    /// window; with `dry_run` nothing is written. `told`: after each slice, with the window that it
    /// is of and all that was done.
    ///
    /// # Errors
    /// ClickHouse fails. What was written holds; looking again goes on from there.
    pub async fn look(
        &self,
        job: &str,
        from: Millis,
        until: Millis,
        dry_run: bool,
        told: &mut (impl FnMut(Window, &Done) + Send),
    ) -> Result<Done, SinkError> {
        let mut all = Done::default();
        let mut next = self.windows(from, until, WINDOW_ROWS).await?;
        next.reverse();
        while let Some(window) = next.pop() {
            let begun = Instant::now();
            let before = (all.items, all.rows);
            match self.look_at(window, dry_run, &mut all, told).await {
                Ok(()) => {}
                Err(error) if is_too_much(&error) => {
                    let parts = self.parts(window).await?;
                    if parts.len() < 2 {
                        return Err(error);
                    }
                    debug!(%error, parts = parts.len(), "too much at once: smaller windows");
                    next.extend(parts.into_iter().rev());
                    continue;
                }
                Err(error) => return Err(error),
            }
            told(window, &all);
            if !dry_run {
                let done = (all.items - before.0, all.rows - before.1);
                self.note(job, window, done, begun.elapsed()).await?;
            }
        }
        Ok(all)
    }

    async fn look_at(
        &self,
        window: Window,
        dry_run: bool,
        all: &mut Done,
        told: &mut (impl FnMut(Window, &Done) + Send),
    ) -> Result<(), SinkError> {
        let mut pass = self.pass(window).await?;
        let ended = loop {
            match pass.next(dry_run).await {
                Ok(Some(slice)) => {
                    all.add(slice);
                    told(window, all);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        pass.close().await;
        ended
    }

    /// A window in parts of fewer rows; one if it can't be parted.
    async fn parts(&self, window: Window) -> Result<Vec<Window>, SinkError> {
        let mut rows = window.rows / 2;
        loop {
            let parts = self.windows(window.from, window.until, rows.max(1)).await?;
            if parts.len() > 1 || rows < FEWEST_ROWS {
                return Ok(parts);
            }
            rows /= 2;
        }
    }

    /// A stretch of time in windows, each with about so many rows of a table at most; none where
    /// nothing was written in it.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn windows(
        &self,
        from: Millis,
        until: Millis,
        rows: u64,
    ) -> Result<Vec<Window>, SinkError> {
        let limit = self.limit();
        let query = self
            .client
            .query(statement(WINDOWS))
            .with_setting("max_execution_time", seconds(limit))
            .param("database", &self.database)
            .param("from", from)
            .param("until", until)
            .param("rows", rows);
        let ends = within(limit + self.timeout, query.fetch_all::<(Millis, u64)>()).await;
        let ends = ends.map_err(|e| sink_error(&e, "look for windows"))?;
        let mut begin = from;
        let windows = ends.into_iter().map(|(end, rows)| Window {
            from: std::mem::replace(&mut begin, end),
            until: end,
            rows,
        });
        let mut windows: Vec<Window> = windows.collect();
        if let Some(last) = windows.last_mut() {
            last.until = until;
        }
        Ok(windows)
    }

    /// Longest that a statement may take at first.
    fn limit(&self) -> Duration {
        self.timeout * TIMES_LONGER
    }

    /// Begins to look at a window.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn pass(&self, window: Window) -> Result<Pass<'_>, SinkError> {
        Pass::begin(self, window).await
    }

    async fn note(
        &self,
        job: &str,
        window: Window,
        (items, rows): (u64, u64),
        took: Duration,
    ) -> Result<(), SinkError> {
        let sql = "INSERT INTO {database:Identifier}.repairs \
                   (job, looked_from, looked_until, items, rows, seconds) \
                   SELECT {job:String}, fromUnixTimestamp64Milli({from:Int64}), \
                   fromUnixTimestamp64Milli({until:Int64}), {items:UInt64}, {rows:UInt64}, \
                   {seconds:Float64}";
        let query = self
            .client
            .query(sql)
            .param("database", &self.database)
            .param("job", job)
            .param("from", window.from)
            .param("until", window.until)
            .param("items", items)
            .param("rows", rows)
            .param("seconds", took.as_secs_f64());
        self.asked(query.execute(), "write repairs").await
    }

    async fn asked<T>(
        &self,
        answer: impl Future<Output = clickhouse::error::Result<T>>,
        doing: &str,
    ) -> Result<T, SinkError> {
        let answer = within(self.timeout, answer).await;
        answer.map_err(|error| sink_error(&error, doing))
    }
}

/// The one statement of a file.
fn statement(file: &'static str) -> &'static str {
    statements(file).first().copied().unwrap_or_default()
}

/// As a setting of ClickHouse.
fn seconds(limit: Duration) -> String {
    limit.as_secs_f64().ceil().to_string()
}

/// Whether less at once may pass.
fn is_too_much(error: &SinkError) -> bool {
    matches!(
        error,
        SinkError::Transient {
            cause: Cause::Memory | Cause::Timeout,
            ..
        }
    )
}
