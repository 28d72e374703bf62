//! The check: what Kafka was given against what lies in the tables, by SQL of its own. It shares
//! nothing with `sada reconcile`.
//!
//! Everything is compared in slices of offsets, so memory is bounded whatever the run's length.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clickhouse::{Client, Row};
use rdkafka::ClientConfig;
use rdkafka::message::{Headers, Message};
use serde::Deserialize;

use super::findings::{FEEDBACK, Findings, INGESTED, Sort, WITNESS};
use super::kafka_log::read_all;
use super::load::{Code, Load, PARTITIONS};
use super::producer::Produced;
use super::scene::dead_letter_topic;
use super::superseded::Superseded;
use super::witness;

/// Offsets compared at a time.
const SLICE: usize = 100_000;

/// What is compared: the tables against what was produced.
pub struct Check<'c> {
    client: &'c Client,
    load: Load,
    produced: &'c Produced,
    /// What is wrong so far.
    pub findings: Findings,
}

#[derive(Row, Deserialize)]
struct Line {
    offset: u64,
    outcome: String,
    reason: String,
    item_hash: u64,
    version: u64,
}

#[derive(Row, Deserialize)]
struct Stored {
    offset: u64,
    item_hash: u64,
    version: u64,
    is_deleted: u8,
}

#[derive(Row, Deserialize)]
struct Letter {
    offset: u64,
    reason: String,
}

#[derive(Row, Deserialize)]
struct Latest {
    id: String,
    item_hash: u64,
    version: u64,
    partition: i32,
    offset: u64,
}

/// A row that lies at an offset.
trait At {
    fn offset(&self) -> u64;
}

impl At for Line {
    fn offset(&self) -> u64 {
        self.offset
    }
}

impl At for Stored {
    fn offset(&self) -> u64 {
        self.offset
    }
}

impl At for Letter {
    fn offset(&self) -> u64 {
        self.offset
    }
}

impl<'c> Check<'c> {
    /// A check that has found nothing yet.
    pub fn new(client: &'c Client, load: Load, produced: &'c Produced) -> Self {
        Self {
            client,
            load,
            produced,
            findings: Findings::default(),
        }
    }

    /// `ingested`: every offset has one line of revision 0, with its outcome, item and version.
    pub async fn ingested(&mut self) -> Result<()> {
        const PLACE: &str = INGESTED;
        self.one_stream(
            PLACE,
            "SELECT uniqExact(stream, topic, consumer_group) FROM ingested",
        )
        .await?;
        self.none_beyond(
            PLACE,
            "SELECT count() FROM ingested WHERE partition = ? AND offset >= ?",
        )
        .await?;
        let revised = self
            .number("SELECT count() FROM ingested WHERE revision != 0")
            .await?;
        if revised > 0 {
            self.findings.add(
                PLACE,
                Sort::Unexpected,
                revised,
                "lines of a revision above 0",
            );
        }
        let sql = "SELECT offset, toString(outcome) AS outcome, toString(reason) AS reason, \
                   item_hash, version FROM ingested \
                   WHERE revision = 0 AND partition = ? AND offset >= ? AND offset < ? \
                   ORDER BY offset";
        let load = self.load;
        self.compare(
            PLACE,
            sql,
            |_| true,
            |_, _, _| false,
            |code, line: &Line| {
                let (item_hash, version) = match code.is_row() {
                    true => {
                        let version = load.version(code);
                        (load.item(version.item).hash(), version.version)
                    }
                    false => (0, 0),
                };
                let (outcome, reason) = code.outcome();
                let expected = (outcome, reason, item_hash, version);
                let found = (
                    line.outcome.as_str(),
                    line.reason.as_str(),
                    line.item_hash,
                    line.version,
                );
                (found != expected).then(|| format!("{found:?}, not {expected:?}"))
            },
        )
        .await
    }

    /// `feedback`, physically, while merges are stopped: every row once. ClickHouse drops a version
    /// that is superseded in the very insert that brings it (`optimize_on_insert`): a row may be
    /// absent if a newer version of its item lies so near that one batch can have held both.
    pub async fn feedback(&mut self) -> Result<()> {
        const PLACE: &str = FEEDBACK;
        self.one_stream(PLACE, "SELECT uniqExact(_stream, _topic) FROM feedback")
            .await?;
        self.none_beyond(
            PLACE,
            "SELECT count() FROM feedback WHERE _partition = ? AND _offset >= ?",
        )
        .await?;
        // Sorted by offset once, so that slices are cheap.
        let sql = format!(
            "CREATE OR REPLACE TABLE chaos_rows ENGINE = MergeTree ORDER BY (partition, offset) AS \
             SELECT {} FROM feedback",
            witness::COLUMNS
        );
        self.client.query(&sql).execute().await?;
        let superseded = Superseded::new(self.load, self.produced);
        let may_lack = |partition, offset, code| superseded.holds(partition, offset, code);
        self.rows(PLACE, "chaos_rows", may_lack).await
    }

    /// Every row that was inserted into `feedback`, once, whatever has merged since.
    pub async fn witness(&mut self) -> Result<()> {
        const PLACE: &str = WITNESS;
        let beyond = format!(
            "SELECT count() FROM {} WHERE partition = ? AND offset >= ?",
            witness::TABLE
        );
        self.none_beyond(PLACE, &beyond).await?;
        self.rows(PLACE, witness::TABLE, |_, _, _| false).await
    }

    /// Holds rows of the item's versions in a table against what was produced.
    async fn rows(
        &mut self,
        place: &'static str,
        table: &str,
        may_lack: impl Fn(usize, usize, Code) -> bool,
    ) -> Result<()> {
        let sql = format!(
            "SELECT offset, item_hash, version, is_deleted FROM {table} \
             WHERE partition = ? AND offset >= ? AND offset < ? ORDER BY offset"
        );
        let load = self.load;
        self.compare(place, &sql, Code::is_row, may_lack, |code, row: &Stored| {
            let version = load.version(code);
            let item_hash = load.item(version.item).hash();
            let expected = (item_hash, version.version, u8::from(version.is_deleted));
            let found = (row.item_hash, row.version, row.is_deleted);
            (found != expected).then(|| format!("{found:?}, not {expected:?}"))
        })
        .await
    }

    /// `dead_letters FINAL`: every poison record once, with its reason.
    pub async fn dead_letters(&mut self) -> Result<()> {
        const PLACE: &str = "dead_letters";
        self.none_beyond(
            PLACE,
            "SELECT count() FROM dead_letters FINAL WHERE partition = ? AND offset >= ?",
        )
        .await?;
        let sql = "SELECT offset, toString(reason) AS reason FROM dead_letters FINAL \
                   WHERE partition = ? AND offset >= ? AND offset < ? ORDER BY offset";
        self.compare(
            PLACE,
            sql,
            Code::is_poison,
            |_, _, _| false,
            |code, letter: &Letter| {
                let (_, expected) = code.outcome();
                (letter.reason != expected).then(|| format!("{}, not {expected}", letter.reason))
            },
        )
        .await
    }

    /// The dead-letter topic: every poison record at least once, and nothing else.
    pub fn dead_letter_topic(&mut self, client: &ClientConfig) -> Result<()> {
        const PLACE: &str = "dead-letter topic";
        let mut seen: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); PARTITIONS];
        let found = read_all(client, &dead_letter_topic(), |message| {
            let header = |name: &str| -> Option<&str> {
                let mut all = message.headers()?.iter();
                std::str::from_utf8(all.find(|h| h.key == name)?.value?).ok()
            };
            let partition: Option<usize> = header("sada-partition").and_then(|p| p.parse().ok());
            let offset: Option<usize> = header("sada-offset").and_then(|o| o.parse().ok());
            let (Some(partition), Some(offset)) = (partition, offset) else {
                let what = format!("offset {} has no position", message.offset());
                self.findings.add(PLACE, Sort::Wrong, 1, what);
                return;
            };
            let reason = header("sada-reason").unwrap_or_default();
            let place = format!("[{partition}] {offset}: {reason}");
            match self.produced.at(partition, offset) {
                Some(code) if code.is_poison() && code.outcome().1 == reason => {
                    seen[partition].insert(offset);
                }
                Some(code) if code.is_poison() => {
                    self.findings.add(PLACE, Sort::Wrong, 1, place);
                }
                _ => self.findings.add(PLACE, Sort::Unexpected, 1, place),
            }
        });
        found.context("reading the dead-letter topic")?;
        for (partition, seen) in seen.iter().enumerate() {
            for offset in 0..self.produced.len(partition) {
                let poison = self
                    .produced
                    .at(partition, offset)
                    .is_some_and(Code::is_poison);
                if poison && !seen.contains(&offset) {
                    let place = format!("[{partition}] {offset}");
                    self.findings.add(PLACE, Sort::Missing, 1, place);
                }
            }
        }
        Ok(())
    }

    /// `feedback_latest`: of each item the newest version, unless that says it is gone.
    pub async fn latest(&mut self) -> Result<()> {
        const PLACE: &str = "feedback_latest";
        let newest = self.newest();
        let mut shown = vec![false; newest.len()];
        let buckets = 1 + newest.len() / (4 * SLICE);
        let sql = "SELECT feedback_id AS id, \
                   xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id)) AS item_hash, \
                   version, _partition AS partition, _offset AS offset \
                   FROM feedback_latest WHERE cityHash64(feedback_id) % ? = ?";
        for bucket in 0..buckets {
            let query = self.client.query(sql).bind(buckets).bind(bucket);
            let mut rows = query.fetch::<Latest>()?;
            while let Some(row) = rows.next().await? {
                let number: Option<usize> = row.id.strip_prefix('i').and_then(|n| n.parse().ok());
                let expected = number.and_then(|n| newest.get(n).copied().flatten());
                let (Some(number), Some(expected)) = (number, expected) else {
                    self.findings.add(PLACE, Sort::Unexpected, 1, row.id);
                    continue;
                };
                let version = self.load.version(expected.code);
                let place = (row.partition as usize, row.offset as usize);
                if self.load.item(number as u32).hash() != row.item_hash {
                    self.findings
                        .add(PLACE, Sort::Wrong, 1, format!("{}: another key", row.id));
                } else if version.is_deleted && !expected.is_tied {
                    let what = format!("{}: it was deleted by {:?}", row.id, expected.place);
                    self.findings.add(PLACE, Sort::Unexpected, 1, what);
                } else if version.version != row.version
                    || (expected.place != place && !expected.is_tied)
                {
                    let what = format!(
                        "{}: version {} of {place:?}, not {} of {:?}",
                        row.id, row.version, version.version, expected.place
                    );
                    self.findings.add(PLACE, Sort::Wrong, 1, what);
                }
                if std::mem::replace(&mut shown[number], true) {
                    self.findings
                        .add(PLACE, Sort::Duplicated, 1, format!("i{number}"));
                }
            }
        }
        for (number, (expected, shown)) in newest.iter().zip(shown).enumerate() {
            if let Some(newest) = expected
                && !shown
                && !newest.is_tied
                && !self.load.version(newest.code).is_deleted
            {
                let what = format!("i{number}, as of {:?}", newest.place);
                self.findings.add(PLACE, Sort::Missing, 1, what);
            }
        }
        Ok(())
    }

    /// The record that decides each item, by the rule: version, then offset.
    fn newest(&self) -> Vec<Option<Newest>> {
        let mut newest: Vec<Option<Newest>> = vec![None; self.produced.total()];
        for partition in 0..PARTITIONS {
            for offset in 0..self.produced.len(partition) {
                let Some(code) = self.produced.at(partition, offset).filter(|c| c.is_row()) else {
                    continue;
                };
                let version = self.load.version(code);
                let is_newest = Newest {
                    code,
                    place: (partition, offset),
                    is_tied: false,
                };
                let slot = &mut newest[version.item as usize];
                match slot {
                    Some(known) => {
                        let rank = (version.version, offset);
                        let other = (self.load.version(known.code).version, known.place.1);
                        match rank.cmp(&other) {
                            std::cmp::Ordering::Greater => *known = is_newest,
                            // The same offset of two partitions: either may win.
                            std::cmp::Ordering::Equal => known.is_tied = true,
                            std::cmp::Ordering::Less => {}
                        }
                    }
                    None => *slot = Some(is_newest),
                }
            }
        }
        newest
    }

    async fn number(&self, sql: &str) -> Result<u64> {
        self.client
            .query(sql)
            .fetch_one()
            .await
            .with_context(|| sql.to_owned())
    }

    async fn one_stream(&mut self, place: &'static str, sql: &str) -> Result<()> {
        let streams = self.number(sql).await?;
        if streams > 1 {
            let what = format!("{streams} streams, topics or groups");
            self.findings
                .add(place, Sort::Unexpected, streams - 1, what);
        }
        Ok(())
    }

    async fn none_beyond(&mut self, place: &'static str, sql: &str) -> Result<()> {
        for partition in 0..PARTITIONS {
            let end = self.produced.len(partition);
            let query = self.client.query(sql).bind(partition).bind(end);
            let beyond: u64 = query.fetch_one().await?;
            if beyond > 0 {
                let what = format!("[{partition}] beyond the end, {end}");
                self.findings.add(place, Sort::Unexpected, beyond, what);
            }
        }
        Ok(())
    }

    /// Holds the rows of every partition against what was produced. `sql` takes partition, first
    /// offset and the offset after the last, and sorts by offset.
    async fn compare<R>(
        &mut self,
        place: &'static str,
        sql: &str,
        belongs: impl Fn(Code) -> bool,
        may_lack: impl Fn(usize, usize, Code) -> bool,
        wrong: impl Fn(Code, &R) -> Option<String>,
    ) -> Result<()>
    where
        R: At + clickhouse::RowOwned + clickhouse::RowRead,
    {
        for partition in 0..PARTITIONS {
            for first in (0..self.produced.len(partition)).step_by(SLICE) {
                let end = (first + SLICE).min(self.produced.len(partition));
                let query = self.client.query(sql).bind(partition).bind(first).bind(end);
                let rows: Vec<R> = query.fetch_all().await.with_context(|| sql.to_owned())?;
                let mut rows = rows.iter().peekable();
                for offset in first..end {
                    let Some(code) = self.produced.at(partition, offset) else {
                        bail!("it is not known what was produced at [{partition}] {offset}");
                    };
                    let mut found = 0;
                    while let Some(row) = rows.next_if(|row| row.offset() == offset as u64) {
                        found += 1;
                        if found == 1
                            && belongs(code)
                            && let Some(what) = wrong(code, row)
                        {
                            let what = format!("[{partition}] {offset}: {what}");
                            self.findings.add(place, Sort::Wrong, 1, what);
                        }
                    }
                    let what = || format!("[{partition}] {offset} ({:?})", code.class());
                    match (belongs(code), found) {
                        (true, 1) | (false, 0) => {}
                        (true, 0) if may_lack(partition, offset, code) => {}
                        (true, 0) => self.findings.add(place, Sort::Missing, 1, what()),
                        (true, n) => self.findings.add(place, Sort::Duplicated, n - 1, what()),
                        (false, n) => self.findings.add(place, Sort::Unexpected, n, what()),
                    }
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Newest {
    code: Code,
    /// Partition and offset.
    place: (usize, usize),
    is_tied: bool,
}

/// Stops merges of `feedback`, so that what is in it twice stays twice, and lets it have the parts
/// that come of it.
pub async fn stop_merges(client: &Client) -> Result<()> {
    for sql in [
        "ALTER TABLE feedback MODIFY SETTING parts_to_delay_insert = 1000000, \
         parts_to_throw_insert = 1000000, max_parts_in_total = 1000000",
        "SYSTEM STOP MERGES feedback",
    ] {
        client.query(sql).execute().await.context(sql)?;
    }
    Ok(())
}

/// Few enough parts for a query that has to merge what it reads.
const MERGED: u64 = 150;

/// Lets `feedback` merge again and waits until it has.
pub async fn merge(client: &Client) -> Result<()> {
    client
        .query("SYSTEM START MERGES feedback")
        .execute()
        .await?;
    let sql = "SELECT count() FROM system.parts WHERE active AND database = currentDatabase() \
               AND table = 'feedback'";
    let (mut last, mut moved) = (u64::MAX, Instant::now());
    loop {
        let parts: u64 = client.query(sql).fetch_one().await?;
        if parts < MERGED {
            return Ok(());
        }
        if parts != last {
            (last, moved) = (parts, Instant::now());
        } else if moved.elapsed() > Duration::from_secs(60) {
            bail!("feedback does not merge: {parts} parts");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
