//! Kafka Connect's JSON with a schema: `{"schema": {…}, "payload": {…}}`, as its `JsonConverter`
//! writes it with `schemas.enable=true`. Only what decides how a value is read is taken from it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::DecodeError;
use crate::decode::wire::{Str, parse};

/// What the schema says of a value that its JSON does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logical {
    /// Nothing: the JSON speaks for itself.
    None,
    /// Bytes of an integer in base64, and the places after its point.
    Decimal(i32),
    /// Days since 1970.
    Days,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
    /// Nanoseconds since 1970.
    Nanos,
}

/// A document and its schema, if it has one.
pub(super) struct Document<'a> {
    /// The value, as JSON; `None` for null.
    pub payload: Option<&'a str>,
    /// What precedes a field of the payload in the path of a fault.
    pub prefix: &'static str,
    /// Its schema.
    pub schema: Option<Schema<'a>>,
}

/// Schema of a struct, or of one of its fields.
#[derive(Deserialize)]
pub(super) struct Schema<'a> {
    #[serde(borrow)]
    field: Option<Str<'a>>,
    name: Option<Str<'a>>,
    parameters: Option<Parameters<'a>>,
    fields: Option<Vec<Schema<'a>>>,
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    scale: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    payload: Option<&'a RawValue>,
}

impl<'a> Document<'a> {
    /// Takes the wrapper off, if there is one: an object of a schema and a payload.
    pub fn open(json: &'a str) -> Result<Self, DecodeError> {
        if !is_wrapped(json) {
            return Ok(Self {
                payload: (json.trim() != "null").then_some(json),
                prefix: "",
                schema: None,
            });
        }
        let mut unknown = 0;
        let wrapper: Wrapper<'a> = parse(json, &mut unknown)?;
        // A schema that is none leaves values to speak for themselves.
        let schema = wrapper.schema.map(RawValue::get);
        Ok(Self {
            payload: wrapper.payload.map(RawValue::get),
            prefix: "payload",
            schema: schema.and_then(|schema| serde_json::from_str(schema).ok()),
        })
    }
}

/// Whether the first member is a schema that is an object or null, as in no row of a table; or a
/// payload, beside a schema that is an object: who sorts members puts it there.
fn is_wrapped(json: &str) -> bool {
    fn after<'t>(text: &'t str, token: &str) -> Option<&'t str> {
        text.trim_start().strip_prefix(token)
    }
    let first = |name| after(after(after(json, "{")?, name)?, ":");
    let is_object = |schema: &RawValue| schema.get().starts_with('{');
    match (first("\"schema\""), first("\"payload\"")) {
        (Some(schema), _) => schema.trim_start().starts_with(['{', 'n']),
        (None, Some(_)) => serde_json::from_str(json)
            .is_ok_and(|wrapper: Wrapper<'_>| wrapper.schema.is_some_and(is_object)),
        (None, None) => false,
    }
}

impl<'a> Schema<'a> {
    /// Schema of a field of this struct.
    pub fn field(&self, name: &str) -> Option<&Schema<'a>> {
        let named = |s: &&Schema<'_>| s.field.as_ref().is_some_and(|field| field.0 == name);
        self.fields.as_ref()?.iter().find(named)
    }

    /// How its values are read.
    pub fn logical(&self) -> Logical {
        let scale = || self.parameters.as_ref()?.scale.as_ref()?.0.parse().ok();
        match self.name.as_ref().map_or("", |name| &name.0) {
            "org.apache.kafka.connect.data.Decimal" => Logical::Decimal(scale().unwrap_or(0)),
            "io.debezium.time.Date" | "org.apache.kafka.connect.data.Date" => Logical::Days,
            "io.debezium.time.Timestamp" | "org.apache.kafka.connect.data.Timestamp" => {
                Logical::Millis
            }
            "io.debezium.time.MicroTimestamp" => Logical::Micros,
            "io.debezium.time.NanoTimestamp" => Logical::Nanos,
            _ => Logical::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_begins_with_its_schema() {
        for (json, payload, prefix) in [
            (
                r#"{"schema": {"type": "struct"}, "payload": {"a": 1}}"#,
                Some(r#"{"a": 1}"#),
                "payload",
            ),
            ("{\"schema\":null,\n\"payload\":{}}", Some("{}"), "payload"),
            (r#"{"schema": {}, "payload": null}"#, None, "payload"),
            (
                r#"{"payload": {"a": 1}, "schema": {"type": "struct"}}"#,
                Some(r#"{"a": 1}"#),
                "payload",
            ),
            (
                r#"{"payload": 1, "schema": "public"}"#,
                Some(r#"{"payload": 1, "schema": "public"}"#),
                "",
            ),
            (
                r#"{"schema": "public", "a": 1}"#,
                Some(r#"{"schema": "public", "a": 1}"#),
                "",
            ),
            (
                r#"{"a": {"schema": {}}}"#,
                Some(r#"{"a": {"schema": {}}}"#),
                "",
            ),
            (" null ", None, ""),
        ] {
            let document = Document::open(json).unwrap();
            assert_eq!(
                (document.payload, document.prefix),
                (payload, prefix),
                "{json}"
            );
        }
    }

    #[test]
    fn logical_types_by_their_names() {
        let logical = |name: &str| {
            let json = format!(
                r#"{{"type": "bytes", "name": "{name}", "version": 1, "field": "x",
                "parameters": {{"scale": "2", "connect.decimal.precision": "10"}}}}"#
            );
            serde_json::from_str::<Schema<'_>>(&json).unwrap().logical()
        };
        assert_eq!(
            logical("org.apache.kafka.connect.data.Decimal"),
            Logical::Decimal(2)
        );
        assert_eq!(logical("io.debezium.time.Date"), Logical::Days);
        assert_eq!(logical("org.apache.kafka.connect.data.Date"), Logical::Days);
        assert_eq!(logical("io.debezium.time.Timestamp"), Logical::Millis);
        assert_eq!(
            logical("org.apache.kafka.connect.data.Timestamp"),
            Logical::Millis
        );
        assert_eq!(logical("io.debezium.time.MicroTimestamp"), Logical::Micros);
        assert_eq!(logical("io.debezium.time.NanoTimestamp"), Logical::Nanos);
        assert_eq!(logical("io.debezium.time.ZonedTimestamp"), Logical::None);
        assert_eq!(logical("io.debezium.data.Json"), Logical::None);
    }
}
