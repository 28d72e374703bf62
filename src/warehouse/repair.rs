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
//! memory for a query; one thread, so that the live stream goes first. Histories are read by entity,
//! never whole. A statement a file in `repair/`, in temporary tables of one session; values are bound.

use std::time::{Duration, Instant};

use clickhouse::error::Error;
use clickhouse::query::Query;
use clickhouse::{Client, Row};
use serde::Deserialize;
use tracing::debug;

use super::client::within;
use super::error::{self, sink_error};
use super::migrations::template::statements;
use super::retagging::Key;
use crate::config::{Config, ConfigError};
use crate::feedback::Millis;
use crate::odata::join::MERGES;
use crate::pipeline::SinkError;

const WINDOW: &str = include_str!("repair/window.sql");
const TOUCHED: &str = include_str!("repair/touched.sql");
const SLICE: &str = include_str!("repair/slice.sql");
const LAST: &str = include_str!("repair/last.sql");
const ITEMS: &str = include_str!("repair/items.sql");
const ENTITIES: &str = include_str!("repair/entities.sql");
const CUSTOMERS: &str = include_str!("repair/customers.sql");
const JOINED: &str = include_str!("repair/joined.sql");
const CHANGES: &str = include_str!("repair/changes.sql");
const WRITE: &str = include_str!("repair/write.sql");

/// Temporary tables of a slice.
const OF_SLICE: [&str; 13] = [
    "slice",
    "items",
    "item_orders",
    "item_tickets",
    "item_sessions",
    "shipments",
    "item_deliveries",
    "versions",
    "item_identities",
    "open",
    "item_customers",
    "step",
    "joined",
];

/// Rows of each table that a window may hold, about.
const WINDOW_ROWS: u64 = 200_000;
/// Items of a slice. Where the server lacks memory for so many, it takes half of them.
pub const SLICE_ITEMS: u64 = 20_000;
const FEWEST_ITEMS: u64 = 100;

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
    /// Of the configured warehouse.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut client = super::client(&config.clickhouse)?;
        for (name, value) in SETTINGS {
            client = client.with_setting(name, value);
        }
        let seconds = config.clickhouse.timeout.as_secs_f64().ceil().to_string();
        Ok(Self {
            client: client.with_setting("max_execution_time", seconds),
            database: config.clickhouse.database.clone(),
            timeout: config.clickhouse.timeout,
            slice: SLICE_ITEMS,
        })
    }

    /// With slices of so many items.
    #[must_use]
    pub fn with_slices_of(self, items: u64) -> Self {
        Self {
            slice: items.max(1),
            ..self
        }
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
        let mut next = from;
        while next < until {
            let window = self.window(next, until).await?;
            next = window.until;
            if window.rows == 0 {
                continue;
            }
            let begun = Instant::now();
            let before = (all.items, all.rows);
            let mut pass = self.pass(window).await?;
            while let Some(slice) = pass.next(dry_run).await? {
                all.add(slice);
                told(window, &all);
            }
            pass.close().await;
            told(window, &all);
            if !dry_run {
                let done = (all.items - before.0, all.rows - before.1);
                self.note(job, window, done, begun.elapsed()).await?;
            }
        }
        Ok(all)
    }

    /// The next window: a part of the time that holds not too many rows.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn window(&self, from: Millis, until: Millis) -> Result<Window, SinkError> {
        let query = self
            .client
            .query(statement(WINDOW))
            .param("database", &self.database)
            .param("from", from)
            .param("until", until)
            .param("rows", WINDOW_ROWS);
        let (until, rows) = self.asked(query.fetch_one(), "look for a window").await?;
        Ok(Window { from, until, rows })
    }

    /// Begins to look at a window.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn pass(&self, window: Window) -> Result<Pass<'_>, SinkError> {
        // Temporary tables belong to a session, which a killed instance leaves behind for a minute.
        let session = format!("sada-repair-{}", uuid::Uuid::new_v4());
        let session = self
            .client
            .clone()
            .with_setting("session_id", session)
            .with_setting("session_timeout", "60");
        let pass = Pass {
            repair: self,
            session,
            window,
            after: Key {
                tenant: String::new(),
                kind: String::new(),
                day: "1970-01-01".into(),
                source: String::new(),
                feedback_id: String::new(),
            },
            items: self.slice,
        };
        let touched = pass.run(TOUCHED, false).await;
        touched.map_err(|e| sink_error(&e, "look for O-data that came"))?;
        Ok(pass)
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

/// A look at the items of one window, slice by slice in the order of their keys.
pub struct Pass<'a> {
    repair: &'a Repair,
    session: Client,
    window: Window,
    after: Key,
    items: u64,
}

impl Pass<'_> {
    /// Joins the next slice again; `None` after the last one. With `dry_run` nothing is written.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn next(&mut self, dry_run: bool) -> Result<Option<Done>, SinkError> {
        loop {
            match self.slice(dry_run).await {
                Err(error) if lacks_memory(&error) && self.items > FEWEST_ITEMS => {
                    self.items = (self.items / 2).max(FEWEST_ITEMS);
                    debug!(
                        items = self.items,
                        "the server lacks memory: smaller slices"
                    );
                }
                done => return done.map_err(|e| sink_error(&e, "join rows again")),
            }
        }
    }

    /// Writes the rows of which the last slice found that something differs, as
    /// [`next`](Self::next) does.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn write(&self) -> Result<(), SinkError> {
        let written = self.run(WRITE, false).await;
        written.map_err(|e| sink_error(&e, "write rows that were joined again"))
    }

    async fn slice(&mut self, dry_run: bool) -> Result<Option<Done>, Error> {
        self.drop_tables().await?;
        self.run(SLICE, false).await?;
        let last = self.query(statement(LAST), false).fetch_optional::<Key>();
        let Some(last) = within(self.repair.timeout, last).await? else {
            return Ok(None);
        };
        self.run(ITEMS, false).await?;
        self.run(ENTITIES, false).await?;
        for step in 0..=MERGES {
            self.run(CUSTOMERS, step == MERGES).await?;
            if self.count("SELECT count() FROM sada_open").await? == 0 {
                break;
            }
        }
        self.run(JOINED, false).await?;
        let mut done = Done {
            items: self.count("SELECT count() FROM sada_items").await?,
            rows: self.count("SELECT count() FROM sada_joined").await?,
            slices: 1,
            changes: Vec::new(),
        };
        if done.rows > 0 {
            let changes = self.query(statement(CHANGES), false).fetch_all();
            done.changes = within(self.repair.timeout, changes).await?;
            if !dry_run {
                self.run(WRITE, false).await?;
            }
        }
        self.after = last;
        Ok(Some(done))
    }

    /// Ends the session, which frees its tables now.
    pub async fn close(self) {
        let query = self.session.query("SELECT 1");
        let _ = within(
            self.repair.timeout,
            query.with_setting("close_session", "1").execute(),
        )
        .await;
    }

    async fn drop_tables(&self) -> Result<(), Error> {
        for table in OF_SLICE {
            let sql = format!("DROP TEMPORARY TABLE IF EXISTS sada_{table}");
            within(self.repair.timeout, self.session.query(&sql).execute()).await?;
        }
        Ok(())
    }

    async fn count(&self, sql: &str) -> Result<u64, Error> {
        within(self.repair.timeout, self.query(sql, false).fetch_one()).await
    }

    async fn run(&self, file: &str, last: bool) -> Result<(), Error> {
        for statement in statements(file) {
            within(self.repair.timeout, self.query(statement, last).execute()).await?;
        }
        Ok(())
    }

    /// A statement with all parameters that any of them has.
    fn query(&self, sql: &str, last: bool) -> Query {
        let Key {
            tenant,
            kind,
            day,
            source,
            feedback_id,
        } = &self.after;
        self.session
            .query(sql)
            .param("database", &self.repair.database)
            .param("from", self.window.from)
            .param("until", self.window.until)
            .param("rows", self.items)
            .param("tenant", tenant)
            .param("kind", kind)
            .param("day", day)
            .param("source", source)
            .param("feedback_id", feedback_id)
            .param("last", last)
    }
}

/// The one statement of a file.
fn statement(file: &'static str) -> &'static str {
    statements(file).first().copied().unwrap_or_default()
}

fn lacks_memory(error: &Error) -> bool {
    error::code(error) == Some(241)
}
