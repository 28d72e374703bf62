//! Plain JSON: a record is the whole entity as it is from then on.
//!
//! Also what `io.debezium.transforms.ExtractNewRecordState` leaves of a change event (map `deleted`
//! to its `__deleted`), and what Connect's JDBC source writes, with a schema or without.

use crate::batch::DecodeError;
use crate::decode::fault::InField;
use crate::feedback::Millis;

use super::connect::Document;
use super::mapping::Mapping;
use super::{Told, told_by_kafka};

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
    let row = mapping.columns.read(json, document.schema.as_ref());
    Ok(Some(Told {
        place: document.prefix,
        ..told_by_kafka(row.in_field(document.prefix)?, time)
    }))
}
