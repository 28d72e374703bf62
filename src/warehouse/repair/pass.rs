//! A look at one window: its items slice by slice, in temporary tables of one session.

use std::time::Duration;

use clickhouse::Client;
use clickhouse::error::Error;
use clickhouse::query::Query;
use tracing::debug;

use super::{Done, Repair, Window, seconds, statement};
use crate::odata::join::MERGES;
use crate::pipeline::SinkError;
use crate::warehouse::client::within;
use crate::warehouse::error::{code, sink_error};
use crate::warehouse::migrations::template::statements;
use crate::warehouse::retagging::Key;

const TOUCHED: &str = include_str!("touched.sql");
const SLICE: &str = include_str!("slice.sql");
const LAST: &str = include_str!("last.sql");
const ITEMS: &str = include_str!("items.sql");
const ENTITIES: &str = include_str!("entities.sql");
const CUSTOMERS: &str = include_str!("customers.sql");
const JOINED: &str = include_str!("joined.sql");
const CHANGES: &str = include_str!("changes.sql");
const WRITE: &str = include_str!("write.sql");

/// Temporary tables of a slice.
const OF_SLICE: [&str; 14] = [
    "slice",
    "items",
    "item_orders",
    "item_tickets",
    "visits",
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

/// Items below which slices are not made smaller.
const FEWEST_ITEMS: u64 = 100;
/// Longest that a statement may take, however large the tables are.
const LONGEST: Duration = Duration::from_secs(3_600);

/// A look at the items of one window, slice by slice in the order of their keys.
pub struct Pass<'a> {
    repair: &'a Repair,
    session: Client,
    window: Window,
    after: Key,
    items: u64,
    /// Time that the server has for a statement.
    limit: Duration,
}

impl<'a> Pass<'a> {
    pub(super) async fn begin(repair: &'a Repair, window: Window) -> Result<Self, SinkError> {
        // Temporary tables belong to a session, which a killed instance leaves behind for a minute.
        let session = format!("sada-repair-{}", uuid::Uuid::new_v4());
        let session = repair
            .client
            .clone()
            .with_setting("session_id", session)
            .with_setting("session_timeout", "60");
        let pass = Self {
            repair,
            session,
            window,
            after: Key {
                tenant: String::new(),
                kind: String::new(),
                day: "1970-01-01".into(),
                source: String::new(),
                feedback_id: String::new(),
            },
            items: repair.slice,
            limit: repair.limit(),
        };
        match pass.run(TOUCHED, false).await {
            Ok(()) => Ok(pass),
            Err(error) => {
                pass.close().await;
                Err(sink_error(&error, "look for O-data that came"))
            }
        }
    }

    /// Joins the next slice again; `None` after the last one. With `dry_run` nothing is written. What
    /// is too much for the server is tried with half of the items, and twice the time: where tables
    /// are large, a slice of few items reads as much as one of many.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn next(&mut self, dry_run: bool) -> Result<Option<Done>, SinkError> {
        loop {
            match self.slice(dry_run).await {
                Err(error) if gave_up(&error) && self.items > FEWEST_ITEMS => {
                    self.items = (self.items / 2).max(FEWEST_ITEMS);
                    self.limit = (self.limit * 2).min(LONGEST.max(self.limit));
                    debug!(%error, items = self.items, "too much at once: smaller slices");
                }
                done => return done.map_err(|e| sink_error(&e, "join rows again")),
            }
        }
    }

    async fn slice(&mut self, dry_run: bool) -> Result<Option<Done>, Error> {
        self.drop_tables().await?;
        self.run(SLICE, false).await?;
        let last = self.query(statement(LAST), false).fetch_optional::<Key>();
        let Some(last) = self.answered(last).await? else {
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
            done.changes = self.answered(changes).await?;
            if !dry_run {
                self.write().await?;
            }
        }
        self.after = last;
        Ok(Some(done))
    }

    /// Writes the rows of which the last slice found that something differs: those that are still as
    /// they were found.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn write(&self) -> Result<(), Error> {
        self.run(WRITE, false).await
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
            self.answered(self.session.query(&sql).execute()).await?;
        }
        Ok(())
    }

    async fn count(&self, sql: &str) -> Result<u64, Error> {
        self.answered(self.query(sql, false).fetch_one()).await
    }

    async fn run(&self, file: &str, last: bool) -> Result<(), Error> {
        for statement in statements(file) {
            self.answered(self.query(statement, last).execute()).await?;
        }
        Ok(())
    }

    /// The server gives up first, so that its session is free again.
    async fn answered<T>(
        &self,
        answer: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T, Error> {
        within(self.limit + self.repair.timeout, answer).await
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
            .with_setting("max_execution_time", seconds(self.limit))
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

/// Whether the server gave up for want of memory or time, and its session goes on.
fn gave_up(error: &Error) -> bool {
    matches!(code(error), Some(159 | 241))
}
