//! Bytes to a request to erase: the event `cx.erasure.v1`, from other systems with identifiers as
//! they have them, from Sada itself with marks alone.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::erasure::Mark;
use crate::feedback::Millis;

use super::fault::{InField, fault, missing};
use super::time;
use super::wire::{Object, Str, Time, parse};

/// Type of the event.
pub const TYPE: &str = "cx.erasure.v1";
/// Type of an identifier that is a mark.
pub const MARK: &str = "erasure_mark";

const DEFAULT_TENANT: &str = "default";
/// Longest identifier in bytes.
const LONGEST: usize = 256;
/// Most identifiers of one event.
const MOST: usize = 1_000;

/// Who is to be forgotten, up to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Owner of the data; `default` where the event names none.
    pub tenant: String,
    /// Customer; empty where it names none.
    pub customer_id: String,
    /// Further identifiers: (type, value).
    pub identities: Vec<(String, String)>,
    /// What is known by marks alone: nothing can be resolved from them.
    pub marks: Vec<Mark>,
    /// What happened up to then is erased.
    pub requested_at: Millis,
}

impl Request {
    /// Whether it names anybody as other systems do: then there is something to be resolved.
    pub fn is_clear(&self) -> bool {
        !self.customer_id.is_empty() || !self.identities.is_empty()
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    #[serde(alias = "tenantid")]
    tenant_id: Option<Str<'a>>,
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    customer_id: Option<Str<'a>>,
    ids: Option<Vec<Object<Id<'a>>>>,
    requested_at: Option<Time<'a>>,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow)]
    r#type: Str<'a>,
    value: Str<'a>,
}

/// Decodes a record with a payload. Without a time of the request, and where it lies ahead, Kafka's
/// counts.
///
/// # Errors
/// It is no such event. The message holds nothing of the content.
pub fn decode(record: &RawRecord<'_>) -> Result<Request, DecodeError> {
    let payload = std::str::from_utf8(record.payload.unwrap_or_default()).map_err(|e| {
        let message = format!("byte {} of the payload is not UTF-8", e.valid_up_to());
        fault(Reason::InvalidUtf8, "", message)
    })?;
    let mut unknown = 0;
    let (kind, tenant, data) = match record.header("ce_type") {
        Some(kind) => {
            let tenant = record.header("ce_tenantid");
            let tenant = tenant.or_else(|| record.header("ce_tenant_id"));
            (kind.to_owned(), tenant.map(str::to_owned), payload)
        }
        None => {
            let event: Event<'_> = parse(payload, &mut unknown)?;
            let kind = event.r#type.map(|kind| kind.0.into_owned());
            let tenant = event.tenant_id.map(|tenant| tenant.0.into_owned());
            let data = event.data.ok_or_else(|| missing("data"))?;
            (kind.unwrap_or_default(), tenant, data.get())
        }
    };
    if kind != TYPE {
        let message = format!("the event is not of type {TYPE}");
        return Err(fault(Reason::UnknownKind, "type", message));
    }
    let data: Data<'_> = parse(data, &mut unknown).in_field("data")?;
    let mut request = request(data, record.time).in_field("data")?;
    if let Some(tenant) = tenant.filter(|tenant| !tenant.is_empty()) {
        request.tenant = checked("tenant_id", &tenant)?;
    }
    Ok(request)
}

fn request(data: Data<'_>, kafka_time: Millis) -> Result<Request, DecodeError> {
    let mut request = Request {
        tenant: DEFAULT_TENANT.into(),
        customer_id: String::new(),
        identities: Vec::new(),
        marks: Vec::new(),
        requested_at: match &data.requested_at {
            Some(time) => time::millis("requested_at", time)?,
            None => kafka_time,
        },
    };
    // Nobody asks for what is to come.
    if kafka_time > 0 {
        request.requested_at = request.requested_at.min(kafka_time);
    }
    if let Some(id) = data.customer_id {
        request.customer_id = checked("customer_id", &id.0)?;
    }
    let ids = data.ids.unwrap_or_default();
    if ids.len() > MOST {
        let message = format!("more than {MOST} identifiers: send several events");
        return Err(fault(Reason::TooLong, "ids", message));
    }
    for (i, Object(id)) in ids.into_iter().enumerate() {
        let kind = checked("type", &id.r#type.0).in_item("ids", i)?;
        let value = checked("value", &id.value.0).in_item("ids", i)?;
        if kind == MARK {
            let mark = value.parse().map_err(|()| {
                let message = "a mark has 32 hexadecimal digits";
                fault(Reason::InvalidValue, "value", message)
            });
            request.marks.push(mark.in_item("ids", i)?);
        } else if !kind.is_empty() && !value.is_empty() {
            request.identities.push((kind, value));
        }
    }
    if !request.is_clear() && request.marks.is_empty() {
        let message = "the event names neither a customer nor an identifier";
        return Err(fault(Reason::MissingField, "customer_id", message));
    }
    Ok(request)
}

fn checked(field: &str, value: &str) -> Result<String, DecodeError> {
    if value.len() > LONGEST {
        let message = format!("longer than {LONGEST} bytes");
        return Err(fault(Reason::TooLong, field, message));
    }
    if value.contains('\0') {
        return Err(fault(Reason::NulCharacter, field, "it holds a NUL"));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KAFKA_TIME: Millis = 1_780_000_000_000;

    fn read(payload: &str, headers: &[(&str, &str)]) -> Result<Request, DecodeError> {
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        decode(&RawRecord {
            offset: 1,
            time: KAFKA_TIME,
            key: b"k",
            payload: Some(payload.as_bytes()),
            headers: headers.collect(),
        })
    }

    #[test]
    fn identifiers_come_in_clear_and_marks_as_marks() {
        let mark = "000102030405060708090a0b0c0d0e0f";
        let data = format!(
            r#"{{"customer_id": "c1", "requested_at": "2026-05-01T00:00:00Z", "ids": [
                {{"type": "device_id", "value": "d1"}}, {{"type": "erasure_mark", "value": "{mark}"}}]}}"#
        );
        let event = format!(
            r#"{{"specversion": "1.0", "id": "e1", "source": "/crm", "type": "cx.erasure.v1",
                "tenant_id": "acme", "data": {data}}}"#
        );
        let expected = Request {
            tenant: "acme".into(),
            customer_id: "c1".into(),
            identities: vec![("device_id".into(), "d1".into())],
            marks: vec![mark.parse().unwrap()],
            requested_at: 1_777_593_600_000,
        };
        assert_eq!(read(&event, &[]), Ok(expected.clone()));
        let headers = [("ce_type", TYPE), ("ce_tenantid", "acme")];
        assert_eq!(read(&data, &headers), Ok(expected));
        let short = r#"{"type": "cx.erasure.v1", "data": {"customer_id": "c1"}}"#;
        let short = read(short, &[]).unwrap();
        let told = (short.tenant.as_str(), short.requested_at);
        assert_eq!(told, ("default", KAFKA_TIME));
        let ahead = r#"{"type": "cx.erasure.v1", "data": {"customer_id": "c1", "requested_at": 1790000000}}"#;
        assert_eq!(read(ahead, &[]).unwrap().requested_at, KAFKA_TIME);
    }

    #[test]
    fn what_asks_for_nothing_is_told_by_reason_and_field() {
        let event = |data: &str| format!(r#"{{"type": "cx.erasure.v1", "data": {data}}}"#);
        let long = format!(r#"{{"customer_id": "{}"}}"#, "x".repeat(300));
        for (payload, reason, field) in [
            ("{".to_owned(), Reason::MalformedJson, ""),
            (event("{}"), Reason::MissingField, "data.customer_id"),
            (
                event(r#"{"customer_id": 1}"#),
                Reason::WrongType,
                "data.customer_id",
            ),
            (event(&long), Reason::TooLong, "data.customer_id"),
            (
                event(r#"{"ids": [{"type": "erasure_mark", "value": "c1"}]}"#),
                Reason::InvalidValue,
                "data.ids[0].value",
            ),
            (
                r#"{"type": "cx.review.v1", "data": {}}"#.to_owned(),
                Reason::UnknownKind,
                "type",
            ),
            (
                r#"{"type": "cx.erasure.v1"}"#.to_owned(),
                Reason::MissingField,
                "data",
            ),
        ] {
            let error = read(&payload, &[]).unwrap_err();
            assert_eq!((error.reason, error.field.as_str()), (reason, field));
        }
    }
}
