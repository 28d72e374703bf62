//! Plain JSON: a record is the whole entity as it is from then on.
//!
//! Also what `io.debezium.transforms.ExtractNewRecordState` leaves of a change event (map `deleted`
//! to its `__deleted`), and what Connect's JDBC source writes, with a schema or without.
//!
//! A null is what a compacted topic keeps of an entity that is gone: it is deleted by the record's key.

use crate::batch::{DecodeError, RawRecord};
use crate::decode::fault::InField;
use crate::feedback::Millis;

use super::cell::Cell;
use super::connect::Document;
use super::mapping::{Mapping, TENANT};
use super::row::Row;
use super::{Told, told_by_kafka};

/// What names of columns begin with that a connector adds beside those of the row.
const ADDED: &str = "__";

/// Reads the object; `None` for null.
pub(super) fn read<'a>(
    mapping: &Mapping,
    payload: &'a str,
    time: Millis,
) -> Result<Option<Told<'a>>, DecodeError> {
    let document = Document::open(payload)?;
    let Some(json) = document.payload else {
        return Ok(None);
    };
    let row = mapping.fields.columns.read(json, document.schema.as_ref());
    Ok(Some(Told {
        place: document.prefix,
        ..told_by_kafka(row.in_field(document.prefix)?, time)
    }))
}

/// What a null tells: that the entity is gone of which the record's key tells the identifier, as a
/// member of an object or alone. `None` for another key, and for one that lacks the tenant's column.
pub(super) fn gone<'a>(mapping: &Mapping, record: &RawRecord<'a>) -> Option<Told<'a>> {
    let key = std::str::from_utf8(record.key).ok()?.trim();
    let json = Document::open(key).ok()?.payload?.trim();
    let row = match json.bytes().next()? {
        b'{' => mapping.fields.columns.read(json, None).ok()?,
        b'[' => return None,
        b'"' => Row::of(mapping.id?, Cell::owned(json.to_owned())),
        _ => {
            let text = serde_json::Value::from(json).to_string();
            Row::of(mapping.id?, Cell::owned(text))
        }
    };
    let lacks = |n: &usize| row.get(*n).is_none() && mapping.fields.columns.name(*n) != TENANT;
    if mapping.tenant.as_ref().is_some_and(lacks) {
        return None;
    }
    Some(Told {
        deleted: true,
        of_past: true,
        ..told_by_kafka(row, record.time)
    })
}

/// Whether a deletion is told by a connector, beside a row as it was before: then nothing of the row
/// says when it ended, unless the connector tells that, too. A flag of the row's own, as of one that
/// is kept and marked, comes with the row's new state.
pub(super) fn is_beside_the_row(mapping: &Mapping) -> bool {
    let is_added = |number: Option<usize>| {
        number.is_some_and(|number| mapping.fields.columns.name(number).starts_with(ADDED))
    };
    is_added(mapping.deleted) && !is_added(mapping.valid_from)
}
