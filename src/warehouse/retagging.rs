//! Stored rows enriched again: which ones, slice by slice, and their new tags into newer revisions.
//!
//! A slice is a range of the sorting key. Its rows are read with the columns that enrichment needs;
//! their new tags go into a temporary table, and one `INSERT … SELECT` joins it to the rows, so that
//! every other column is copied by the server, whatever later migrations add. A row that changed
//! between the two is left alone: tags are joined by key **and** row version. The new row keeps the
//! source's version and the offset and takes the job's revision, so a newer version always wins.
//!
//! Nothing is remembered between slices: which rows are to be done is told by the rows themselves,
//! so a job that broke off goes on by being run again.

use std::time::Duration;

use clickhouse::error::Error;
use clickhouse::{Client, Row};
use serde::Deserialize;

use crate::config::{Config, ConfigError};
use crate::enrich::{Hints, Versions};
use crate::pipeline::SinkError;

use super::client::within;
use super::error::sink_error;

mod range;
mod tags;

pub use range::{Key, Range};
pub use tags::Retagged;

use range::Filter;

/// Which rows a job is about.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// First day on which items were created, as `2026-03-01`.
    pub from: String,
    /// Last day, itself included.
    pub to: String,
    /// Only rows tagged with this language, base subtag or full tag.
    pub language: Option<String>,
    /// Only items of this owner.
    pub tenant: Option<String>,
    /// Also rows that bear the versions of today's models and taxonomy.
    pub all: bool,
}

/// A job on table `feedback`.
pub struct Retagging {
    client: Client,
    database: String,
    timeout: Duration,
    scope: Scope,
    versions: Versions,
    revision: u64,
}

/// Rows of the scope that bear the same versions.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Standing {
    /// Models that tagged them.
    pub model_version: String,
    /// Taxonomy that tagged them.
    pub taxonomy_version: String,
    /// How many there are.
    pub rows: u64,
    /// How many of them were computed by this job or a later one, and are left alone.
    pub later: u64,
}

/// What enrichment needs of a row, and what it said before.
#[derive(Debug, Clone, Row, Deserialize)]
#[allow(missing_docs)]
pub struct StoredRow {
    pub tenant: String,
    pub kind: String,
    pub day: String,
    pub source: String,
    pub feedback_id: String,
    pub base: u128,
    pub text: String,
    pub turns_role: Vec<String>,
    pub turns_private: Vec<bool>,
    pub turns_text: Vec<String>,
    pub answers_text: Vec<String>,
    pub lang_hint: String,
    pub locale: String,
    pub language_tag: String,
    pub sentiment: String,
    pub topics: Vec<String>,
}

const STORED: &str = "f.tenant AS tenant, f.kind AS kind, toString(toDate(f.created_at)) AS day, \
    f.source AS source, f.feedback_id AS feedback_id, f._row_version AS base, f.text AS text, \
    f.turns.role AS turns_role, f.turns.private AS turns_private, f.turns.text AS turns_text, \
    f.answers.text AS answers_text, f.lang_hint AS lang_hint, f.locale AS locale, \
    f.language_tag AS language_tag, f.sentiment AS sentiment, f.topics.id AS topics";

impl StoredRow {
    /// Its place in the table.
    pub fn key(&self) -> Key {
        Key {
            tenant: self.tenant.clone(),
            kind: self.kind.clone(),
            day: self.day.clone(),
            source: self.source.clone(),
            feedback_id: self.feedback_id.clone(),
        }
    }

    /// Texts of its turns or answers, `None` where they don't count: see
    /// [`parts_of`](crate::enrich::parts_of).
    pub fn parts(&self) -> Vec<Option<&str>> {
        match self.kind.as_str() {
            "conversation" => (self.turns_role.iter().zip(&self.turns_private))
                .zip(&self.turns_text)
                .map(|((role, private), text)| {
                    (role == "customer" && !private).then_some(text.as_str())
                })
                .collect(),
            "survey" => self
                .answers_text
                .iter()
                .map(|text| Some(text.as_str()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What is said beside its texts about their language.
    pub fn hints(&self) -> Hints<'_> {
        Hints {
            stated: &self.lang_hint,
            locale: &self.locale,
        }
    }

    fn bytes(&self) -> usize {
        let of = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        self.text.len() + of(&self.turns_text) + of(&self.answers_text)
    }
}

/// Rows that lie next to each other.
#[derive(Debug)]
pub struct Slice {
    /// Keys that it covers.
    pub range: Range,
    /// Rows in them that are to be done.
    pub rows: Vec<StoredRow>,
    /// Bytes of their texts.
    pub bytes: usize,
}

/// A slice ends early at so many bytes of text.
const SLICE_BYTES: usize = 32 << 20;

impl Retagging {
    /// A job. `versions`: of today's models and taxonomy; `revision`: the job's start in seconds
    /// since 2020-01-01.
    ///
    /// # Errors
    /// The password file can't be read.
    pub fn new(
        config: &Config,
        scope: Scope,
        versions: Versions,
        revision: u64,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            client: super::client(&config.clickhouse)?
                // The live stream goes first.
                .with_setting("max_threads", "1"),
            database: config.clickhouse.database.clone(),
            timeout: config.clickhouse.timeout,
            scope,
            versions,
            revision,
        })
    }

    /// All rows of the scope by the versions that they bear, most rows first.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn standings(&self) -> Result<Vec<Standing>, SinkError> {
        let filter = self.in_scope();
        let sql = format!(
            "SELECT f.model_version AS model_version, f.taxonomy_version AS taxonomy_version, \
             count() AS rows, countIf(f._revision >= {}) AS later \
             FROM {} AS f FINAL WHERE {filter} GROUP BY ALL ORDER BY rows DESC",
            self.revision,
            self.table(),
        );
        let standings = filter.bind(self.client.query(&sql)).fetch_all().await;
        standings.map_err(|e| sink_error(&e, "count rows"))
    }

    /// Every language that stored rows are tagged with, as full tag and as base subtag.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn languages(&self) -> Result<Vec<String>, SinkError> {
        let sql = format!(
            "SELECT DISTINCT arrayJoin([toString(language), toString(language_tag)]) AS tag \
             FROM {} WHERE is_deleted = 0 AND tag != '' ORDER BY tag",
            self.table(),
        );
        let languages = self.client.query(&sql).fetch_all().await;
        languages.map_err(|e| sink_error(&e, "look for languages"))
    }

    /// Whether the job does rows that bear these versions.
    pub fn is_due(&self, standing: &Standing) -> bool {
        let Versions { models, taxonomy } = &self.versions;
        let current = standing.model_version == *models && standing.taxonomy_version == *taxonomy;
        self.scope.all || !current
    }

    /// The next rows to do after a key, of about `rows` stored rows; `None` at the end. Rows whose
    /// revision is this job's or a later one are done.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn next(&self, after: Option<&Key>, rows: usize) -> Result<Option<Slice>, SinkError> {
        let due = self.due();
        let from = due.clone().after(after);
        // Superseded rows count as well, so the slice holds this number of items or fewer.
        let sql = format!(
            "SELECT f.tenant AS tenant, f.kind AS kind, toString(toDate(f.created_at)) AS day, \
             f.source AS source, f.feedback_id AS feedback_id FROM {} AS f WHERE {from} \
             ORDER BY f.tenant, f.kind, toDate(f.created_at), f.source, f.feedback_id \
             LIMIT {rows}",
            self.table(),
        );
        let sql = format!(
            "SELECT tenant, kind, day, source, feedback_id FROM ({sql}) \
             ORDER BY tenant DESC, kind DESC, day DESC, source DESC, feedback_id DESC LIMIT 1"
        );
        let last = from.bind(self.client.query(&sql)).fetch_optional::<Key>();
        let last = within(self.timeout, last).await;
        let last = last.map_err(|e| sink_error(&e, "look for rows"))?;
        let Some(last) = last else { return Ok(None) };
        let read = within(self.timeout, self.read(Range::new(after, last), due)).await;
        read.map(Some).map_err(|e| sink_error(&e, "read rows"))
    }

    async fn read(&self, mut range: Range, due: Filter) -> Result<Slice, Error> {
        let filter = due.within(&range);
        let sql = format!(
            "SELECT {STORED} FROM {} AS f FINAL WHERE {filter} \
             ORDER BY f.tenant, f.kind, toDate(f.created_at), f.source, f.feedback_id",
            self.table(),
        );
        // Streamed, so that neither side holds more than it must.
        let query = filter
            .bind(self.client.query(&sql))
            .with_setting("wait_end_of_query", "0");
        let mut cursor = query.fetch::<StoredRow>()?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = cursor.next().await? {
            bytes += row.bytes();
            let key = (bytes >= SLICE_BYTES).then(|| row.key());
            rows.push(row);
            if let Some(key) = key {
                range = range.up_to(key);
                break;
            }
        }
        Ok(Slice { range, rows, bytes })
    }

    /// Writes the new tags of a slice; returns how many rows took them. The others have changed
    /// since they were read. Writing a slice twice changes nothing more.
    ///
    /// # Errors
    /// ClickHouse fails; nothing or all of the slice is written.
    pub async fn write(&self, range: &Range, tags: &[Retagged<'_>]) -> Result<u64, SinkError> {
        if tags.is_empty() {
            return Ok(0);
        }
        // Temporary tables belong to a session, which a killed job leaves behind for a minute.
        let session = self
            .client
            .clone()
            .with_setting("session_id", format!("sada-retag-{}", uuid::Uuid::new_v4()))
            .with_setting("session_timeout", "60");
        let written = within(self.timeout, self.write_in(&session, range, tags)).await;
        written.map_err(|e| sink_error(&e, "write tags"))
    }

    async fn write_in(
        &self,
        session: &Client,
        range: &Range,
        tags: &[Retagged<'_>],
    ) -> Result<u64, Error> {
        session.query(&tags::create()).execute().await?;
        let mut insert = session
            .insert_unescaped::<Retagged<'static>>(tags::TABLE)
            .await?;
        for row in tags {
            insert.write(row).await?;
        }
        insert.end().await?;

        let filter = self.keys().within(range);
        let Versions { models, taxonomy } = &self.versions;
        let sql = format!(
            "INSERT INTO {table} \
             SELECT f.* REPLACE({tags}, ? AS model_version, ? AS taxonomy_version, \
             now64(3) AS _ingested_at, toUInt64({revision}) AS _revision, 'retag' AS _origin) \
             FROM {table} AS f FINAL INNER JOIN {new} AS t \
             ON {on} AND f._row_version = t.base WHERE {filter}",
            table = self.table(),
            tags = tags::replacements(),
            revision = self.revision,
            new = tags::TABLE,
            on = tags::SAME_KEY,
        );
        let query = session.query(&sql).bind(models).bind(taxonomy);
        // The row versions see to it that a slice written twice is written once.
        let query = filter.bind(query).with_setting("insert_deduplicate", "0");
        query.execute().await?;
        let sql = format!(
            "SELECT count() FROM {} AS f FINAL INNER JOIN {} AS t ON {} \
             WHERE f._revision = {} AND {filter}",
            self.table(),
            tags::TABLE,
            tags::SAME_KEY,
            self.revision
        );
        let written = filter.bind(session.query(&sql)).fetch_one().await?;
        // Frees the tags now; the session's end would, too.
        let _ = session
            .query(&format!("DROP TEMPORARY TABLE {}", tags::TABLE))
            .with_setting("close_session", "1")
            .execute()
            .await;
        Ok(written)
    }

    /// Keys of the scope, whatever their rows hold.
    fn keys(&self) -> Filter {
        let filter = Filter::default()
            .and("toDate(f.created_at) >= ?", [&self.scope.from])
            .and("toDate(f.created_at) <= ?", [&self.scope.to]);
        match &self.scope.tenant {
            Some(tenant) => filter.and("f.tenant = ?", [tenant]),
            None => filter,
        }
    }

    fn in_scope(&self) -> Filter {
        let filter = self.keys().and("f.is_deleted = 0", []);
        match &self.scope.language {
            Some(language) => filter.and(
                "(f.language = ? OR f.language_tag = ?)",
                [language, language],
            ),
            None => filter,
        }
    }

    fn due(&self) -> Filter {
        let filter = self
            .in_scope()
            .and("f._revision < toUInt64(?)", [&self.revision.to_string()]);
        if self.scope.all {
            return filter;
        }
        let Versions { models, taxonomy } = &self.versions;
        filter.and(
            "(f.model_version != ? OR f.taxonomy_version != ?)",
            [models, taxonomy],
        )
    }

    fn table(&self) -> String {
        format!("`{}`.feedback", self.database)
    }
}
