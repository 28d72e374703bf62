//! Bytes of O-data to a [`Change`]: one file a format, one mapping a topic.
//!
//! ```text
//! bytes ─► format (upsert | cloudevents | debezium | rudderstack) ─► columns ─► facts ─► Change
//! ```
//! A format says where the columns of an entity stand in the record, whether it is gone, and since
//! when and in which order things are true where no column says so:
//!
//! | | upsert | cloudevents | debezium |
//! |---|---|---|---|
//! | columns | the object | `data` | `after`; of a deletion `before`, and the key for what it lacks |
//! | gone | `deleted`, or a null with a key that names it | `deleted` | `op` `d` |
//! | valid from | `valid_from`, else Kafka's time, also of a null | `data.valid_from`, else `time`, else Kafka's | `source.ts_ms`, else Kafka's |
//! | version | `version`, else Kafka's time | `version`, else Kafka's time | `source.lsn`, else `ts_ns`, `ts_us`, `ts_ms` |
//!
//! Only columns that are mapped are kept. What is absent or null is not told: a record is the whole
//! state of its entity, not a part of it. Rules of Debezium's times are told in `debezium`.

mod cell;
mod cloudevents;
mod connect;
mod debezium;
mod facts;
mod field;
mod known;
mod mapping;
mod row;
mod rudderstack;
mod upsert;

use std::sync::Arc;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::enrich::privacy::Redactor;
use crate::feedback::Millis;
use crate::odata::{Change, Entity, Facts};

use super::checks::{Checks, ID, LABEL};
use super::envelopes::{self, DEFAULT_TENANT};
use super::fault::{InField, fault, missing};
use super::{Limits, payload};

use row::Row;

pub use mapping::{Format, Mapping, Names, Wrong};

/// The topics of O-data, and how each is read.
#[derive(Default)]
pub struct Feeds {
    topics: Vec<(String, Mapping)>,
    privacy: Option<Arc<Redactor>>,
}

impl Feeds {
    /// These topics; `privacy` protects identifiers as those of feedback, so that they meet.
    pub fn new(topics: Vec<(String, Mapping)>, privacy: Arc<Redactor>) -> Self {
        Self {
            topics,
            privacy: Some(privacy),
        }
    }

    /// Decodes a record, identifiers protected. The pipeline and the index both read by this. `None`:
    /// it tells of no entity, for its topic is no feed, or it is a record of another kind (a page
    /// view among the calls of a site), or a tombstone that deletes nothing.
    pub fn decode(
        &self,
        topic: &str,
        record: &RawRecord<'_>,
        limits: &Limits,
    ) -> Option<Result<Change, DecodeError>> {
        let mut change = self.mapping(topic)?.decode(record, limits).transpose()?;
        if let (Ok(change), Some(privacy)) = (&mut change, &self.privacy) {
            privacy.redact_change(change);
        }
        Some(change)
    }

    fn mapping(&self, topic: &str) -> Option<&Mapping> {
        let (_, mapping) = self.topics.iter().find(|(known, _)| known == topic)?;
        Some(mapping)
    }

    /// The topics, each once.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(|(topic, _)| topic.as_str())
    }

    /// What a topic tells of; `None` if it is no feed.
    pub fn entity(&self, topic: &str) -> Option<Entity> {
        self.mapping(topic).map(|mapping| mapping.fields.entity)
    }

    /// Whether a topic is one of them.
    pub fn has(&self, topic: &str) -> bool {
        self.mapping(topic).is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }
}

/// What a format says of a record.
struct Told<'a> {
    /// Mapped columns.
    row: Row<'a>,
    /// Where the columns stand in the record: the beginning of paths.
    place: &'static str,
    /// Columns of the record's key, for what the row lacks.
    key: Row<'a>,
    /// The entity is gone.
    deleted: bool,
    /// Tenant where no column says it.
    tenant: String,
    /// Since when it is true; a column beats it, but where they are [`of_past`](Self::of_past).
    valid_from: Option<Millis>,
    /// Version where no column says it.
    version: u64,
    /// The columns tell of the state before: they do not say since when the entity is gone.
    of_past: bool,
}

impl Mapping {
    /// Decodes a record; `None` if it tells of no entity.
    fn decode(
        &self,
        record: &RawRecord<'_>,
        limits: &Limits,
    ) -> Result<Option<Change>, DecodeError> {
        if record.payload.is_none() {
            return Ok(self.gone(record, limits));
        }
        let payload = payload(record, limits)?;
        let payload = payload.strip_prefix('\u{feff}').unwrap_or(payload);
        let may_hold_nul = envelopes::may_hold_nul(record, payload)
            || memchr::memmem::find(record.key, b"\\u0000").is_some();
        let checks = Checks::new(limits, record.time, may_hold_nul);
        let told = match self.format {
            Format::Upsert => upsert::read(self, payload, record.time)?,
            Format::CloudEvents => Some(cloudevents::read(self, record, payload, &checks)?),
            Format::Debezium => debezium::read(self, record, payload)?,
            Format::RudderStack => return rudderstack::read(self, payload, &checks),
        };
        told.map(|told| self.change(told, &checks)).transpose()
    }

    /// What a tombstone deletes, if its key says so.
    fn gone(&self, record: &RawRecord<'_>, limits: &Limits) -> Option<Change> {
        let checks = Checks::new(limits, record.time, true);
        let told = match self.format {
            Format::Upsert => upsert::gone(self, record)?,
            Format::CloudEvents | Format::Debezium | Format::RudderStack => return None,
        };
        // A key that can't be read names nobody.
        self.change(told, &checks).ok()
    }

    fn change(&self, mut told: Told<'_>, checks: &Checks<'_>) -> Result<Change, DecodeError> {
        let place = told.place;
        let flag = match self.deleted {
            Some(n) => self.read(&told, n, |cell| cell.flag()).in_field(place)?,
            None => None,
        };
        if flag.unwrap_or(false) {
            told.deleted = true;
            told.of_past |= self.format == Format::Upsert && upsert::is_beside_the_row(self);
        }
        let id = self.id(&told, checks).in_field(place)?;
        let facts = facts::read(&self.fields, [&told.row, &told.key], checks, told.deleted);
        let facts = facts.in_field(place)?;
        refuse_nameless(&facts).in_field(place)?;
        self.dated(told, id, facts, checks)
    }

    /// The change, with whose, since when and which version it is.
    fn dated(
        &self,
        told: Told<'_>,
        id: String,
        facts: Facts,
        checks: &Checks<'_>,
    ) -> Result<Change, DecodeError> {
        let place = told.place;
        let tenant = self.tenant(&told, checks).in_field(place)?;
        let by_column = match (self.valid_from, told.of_past) {
            (Some(n), false) => self.read(&told, n, |cell| cell.time()).in_field(place)?,
            _ => None,
        };
        let kafka_time = Some(checks.kafka_time()).filter(|time| *time > 0);
        let Some(valid_from) = by_column.or(told.valid_from).or(kafka_time) else {
            let message = "neither the record nor Kafka says since when it is true";
            return Err(fault(Reason::MissingField, place, message));
        };
        let version = match self.version {
            Some(n) => self.read(&told, n, |cell| cell.version()).in_field(place)?,
            None => None,
        };
        Ok(Change {
            tenant,
            id,
            valid_from,
            version: version.unwrap_or(told.version),
            deleted: told.deleted,
            facts,
        })
    }

    /// What a column holds, if it is there.
    fn read<T>(
        &self,
        told: &Told<'_>,
        number: usize,
        read: impl Fn(&cell::Cell<'_>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let cell = told.row.get(number);
        let value = cell.map(read).transpose();
        value.in_field(self.fields.columns.name(number))
    }

    /// Whether it is an event of a deletion, which has the row of before, whole or in part.
    fn is_change_event(&self, told: &Told<'_>) -> bool {
        self.format == Format::Debezium && told.of_past
    }

    fn id(&self, told: &Told<'_>, checks: &Checks<'_>) -> Result<String, DecodeError> {
        let number = self.id.unwrap_or(usize::MAX);
        let column = self.fields.columns.name(number);
        let Some(cell) = told.row.get(number).or(told.key.get(number)) else {
            return Err(match self.is_change_event(told) {
                false => missing(column),
                true => {
                    let message = "neither `before` nor the record's key tells what was deleted";
                    fault(Reason::MissingField, column, message)
                }
            });
        };
        let id = cell.id(checks).in_field(column)?;
        checks.required(column, Some(super::wire::Str(id.into())), LABEL)
    }

    fn tenant(&self, told: &Told<'_>, checks: &Checks<'_>) -> Result<String, DecodeError> {
        let Some(number) = self.tenant else {
            return Ok(told.tenant.clone());
        };
        let column = self.fields.columns.name(number);
        let cell = told.row.get(number).or(told.key.get(number));
        let tenant = cell.map(|cell| cell.id(checks)).transpose();
        match tenant.in_field(column)?.filter(|tenant| !tenant.is_empty()) {
            Some(tenant) => checks.required(column, Some(super::wire::Str(tenant.into())), ID),
            None if self.is_change_event(told) => {
                let message = "neither `before` nor the record's key tells whose it was: put the \
                               column into the table's replica identity";
                Err(fault(Reason::MissingField, column, message))
            }
            None => Ok(told.tenant.clone()),
        }
    }
}

/// An identity without a type is found by nobody, and its deletion deletes nothing.
fn refuse_nameless(facts: &Facts) -> Result<(), DecodeError> {
    match facts {
        Facts::Identity(identity) if identity.kind.is_empty() => Err(missing("identity_type")),
        _ => Ok(()),
    }
}

/// A change that no column tells of.
fn told_by_kafka(row: Row<'_>, time: Millis) -> Told<'_> {
    Told {
        row,
        place: "",
        key: Row::default(),
        deleted: false,
        tenant: DEFAULT_TENANT.to_owned(),
        valid_from: None,
        version: u64::try_from(time).unwrap_or(0),
        of_past: false,
    }
}

#[cfg(test)]
mod tests;
