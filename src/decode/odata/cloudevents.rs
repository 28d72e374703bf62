//! CloudEvents `cx.odata.<entity>.v1`, in both envelopes: tenant, version, deletion and time are
//! attributes, the entity is the event's data.

use crate::batch::{DecodeError, RawRecord};
use crate::decode::checks::Checks;
use crate::decode::envelopes::Envelope;
use crate::decode::fault::InField;

use super::Told;
use super::mapping::Mapping;
use super::row::Row;

/// Reads the event.
pub(super) fn read<'a>(
    mapping: &Mapping,
    record: &RawRecord<'a>,
    payload: &'a str,
    checks: &Checks<'_>,
) -> Result<Told<'a>, DecodeError> {
    let envelope = Envelope::read(record, payload, &mut 0)?;
    envelope.expect(&format!("cx.odata.{}.v1", mapping.fields.entity))?;
    let (data, deleted) = (envelope.data()?, envelope.deleted);
    let row = mapping.fields.columns.read(data, None).in_field("data")?;
    let frame = envelope.frame(checks)?;
    let kafka_time = u64::try_from(checks.kafka_time()).unwrap_or(0);
    Ok(Told {
        row,
        place: "data",
        key: Row::default(),
        deleted,
        tenant: frame.tenant,
        valid_from: frame.time,
        version: frame.version.unwrap_or(kafka_time),
        of_past: false,
    })
}
