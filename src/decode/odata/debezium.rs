//! Debezium's change events, `{before, after, source, op, ts_ms}`, with and without the wrapper that
//! carries their schema.
//!
//! **Since when is it true?** The column that the mapping names; else `source.ts_ms`, when the
//! database made the change. Two kinds of events tell less:
//!
//! - A snapshot read (`op` `r`) tells what was there, not since when. Without a column that says
//!   so it holds from the moment of reading: that much is certain, and nothing is claimed of the time
//!   before, where the entity is a miss. (Kafka's time is no better: it is that of the same reading.)
//! - A deletion's columns, if there are any, are those of the last version: they do not say when it
//!   ended. It holds from `source.ts_ms`, whatever column is named.
//!
//! **Which of two?** The column that the mapping names; else `source.lsn` (PostgreSQL), else
//! `source.ts_ns`, `ts_us` or `ts_ms`, in nanoseconds.
//!
//! A row whose key was changed arrives as a deletion and a creation, and so do two entities here. A
//! large value that a change did not touch (`__debezium_unavailable_value`) is not told.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::decode::fault::{InField, fault, missing};
use crate::decode::wire::{Object, Str, parse};
use crate::feedback::Millis;

use super::connect::{Document, Schema};
use super::mapping::Mapping;
use super::row::Row;
use super::{Told, told_by_kafka};

/// What stands for a large value that a change did not touch.
const UNTOUCHED: &str = "\"__debezium_unavailable_value\"";

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    op: Option<Str<'a>>,
    before: Option<&'a RawValue>,
    after: Option<&'a RawValue>,
    source: Option<Object<Source<'a>>>,
}

/// Where and when the database made the change. Other connectors than PostgreSQL's tell other things
/// under the same names, so that what is no number is passed over.
#[derive(Deserialize, Default)]
struct Source<'a> {
    #[serde(borrow)]
    lsn: Option<&'a RawValue>,
    ts_ns: Option<&'a RawValue>,
    ts_us: Option<&'a RawValue>,
    ts_ms: Option<&'a RawValue>,
}

fn number(value: Option<&RawValue>) -> Option<u64> {
    value?.get().parse().ok().filter(|number| *number > 0)
}

impl Source<'_> {
    fn version(&self, kafka_time: Millis) -> u64 {
        let nanos = |unit: u64| move |number: u64| number.saturating_mul(unit);
        number(self.lsn)
            .or(number(self.ts_ns))
            .or(number(self.ts_us).map(nanos(1_000)))
            .or(number(self.ts_ms).map(nanos(1_000_000)))
            .or(u64::try_from(kafka_time).ok().map(nanos(1_000_000)))
            .unwrap_or(0)
    }

    fn time(&self) -> Option<Millis> {
        let millis = number(self.ts_ms)
            .or(number(self.ts_us).map(|us| us / 1_000))
            .or(number(self.ts_ns).map(|ns| ns / 1_000_000))?;
        i64::try_from(millis).ok()
    }
}

/// Reads the event; `None` for a null in a wrapper, the marker after a deletion.
pub(super) fn read<'a>(
    mapping: &Mapping,
    record: &RawRecord<'a>,
    payload: &'a str,
) -> Result<Option<Told<'a>>, DecodeError> {
    let Document {
        payload,
        prefix,
        schema,
    } = Document::open(payload)?;
    let Some(json) = payload else {
        return Ok(None);
    };
    let event: Event<'a> = parse(json, &mut 0).in_field(prefix)?;
    let op = event.op.as_ref().ok_or_else(|| missing("op"));
    let deleted = match &*op.in_field(prefix)?.0 {
        "c" | "u" | "r" => false,
        "d" => true,
        _ => {
            let message = "none of c, u, d, r: it tells of no single row";
            return Err(fault(Reason::InvalidValue, "op", message)).in_field(prefix);
        }
    };
    let side = if deleted { "before" } else { "after" };
    let image = if deleted { event.before } else { event.after };
    let row = match image {
        Some(image) => {
            let mut row = columns(mapping, image.get(), schema.as_ref(), side).in_field(prefix)?;
            row.without(|cell| cell.json == UNTOUCHED);
            row
        }
        None if deleted => Row::default(),
        None => return Err(missing(side)).in_field(prefix),
    };
    let source = event.source.map(|source| source.0).unwrap_or_default();
    let time = source
        .time()
        .map(|at| crate::decode::time::within_warehouse("source.ts_ms", at));
    Ok(Some(Told {
        place: match (prefix.is_empty(), deleted) {
            (true, false) => "after",
            (true, true) => "before",
            (false, false) => "payload.after",
            (false, true) => "payload.before",
        },
        key: if deleted {
            key(mapping, record.key)
        } else {
            Row::default()
        },
        deleted,
        valid_from: time.transpose().in_field(prefix)?,
        version: source.version(record.time),
        of_past: deleted,
        ..told_by_kafka(row, record.time)
    }))
}

fn columns<'a>(
    mapping: &Mapping,
    json: &'a str,
    schema: Option<&Schema<'a>>,
    side: &str,
) -> Result<Row<'a>, DecodeError> {
    let schema = schema.and_then(|schema| schema.field(side));
    mapping.fields.columns.read(json, schema).in_field(side)
}

/// Columns of the record's key, none if it is no object.
fn key<'a>(mapping: &Mapping, key: &'a [u8]) -> Row<'a> {
    let document = std::str::from_utf8(key).ok().map(Document::open);
    let json = document
        .and_then(Result::ok)
        .and_then(|document| document.payload);
    let row = json.map(|json| mapping.fields.columns.read(json, None));
    row.and_then(Result::ok).unwrap_or_default()
}
