//! The two envelopes of an event (CloudEvents 1.0, Kafka binding): *structured*, where the payload is
//! the whole event as one JSON object, and *binary*, where the payload is the data alone and the
//! attributes are `ce_*` headers (objects among them as JSON).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::feedback::{self, Feedback, Millis};

use super::checks::{Checks, ID, LABEL};
use super::fault::{InField, fault, missing};
use super::wire::{Object, Pairs, Str, Time, parse};
use super::{Item, Type};

/// Tenant of events that name none.
pub(super) const DEFAULT_TENANT: &str = "default";

/// Versions take 44 bits of a row's version: milliseconds until the year 2527.
const VERSION_END: u64 = 1 << 44;

/// What the attributes of any event say.
pub(super) struct Frame {
    pub(super) tenant: String,
    /// System that it comes from.
    pub(super) source: String,
    /// When it happened.
    pub(super) time: Option<Millis>,
    pub(super) version: Option<u64>,
}

/// What either envelope says, not yet checked but for its types.
pub(super) struct Envelope<'a> {
    attributes: Attributes<'a>,
    /// What precedes an attribute's name in field paths: nothing, or `ce_`.
    prefix: &'static str,
    data: Option<&'a str>,
    /// The item is gone at its source.
    pub(super) deleted: bool,
}

#[derive(Deserialize, Default)]
struct Attributes<'a> {
    #[serde(borrow)]
    specversion: Option<Str<'a>>,
    id: Option<Str<'a>>,
    source: Option<Str<'a>>,
    r#type: Option<Str<'a>>,
    time: Option<Time<'a>>,
    // CloudEvents allows no underscore in the names of extensions: some producers can't send one.
    #[serde(alias = "tenantid")]
    tenant_id: Option<Str<'a>>,
    version: Option<u64>,
    deleted: Option<bool>,
    customer: Option<Object<Customer<'a>>>,
    context: Option<Object<Context<'a>>>,
    extra: Option<Pairs<'a>>,
    data: Option<&'a RawValue>,
    // Attributes of the standard that say nothing here.
    #[serde(rename = "datacontenttype")]
    _datacontenttype: Option<IgnoredAny>,
    #[serde(rename = "dataschema")]
    _dataschema: Option<IgnoredAny>,
    #[serde(rename = "subject")]
    _subject: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct Customer<'a> {
    #[serde(borrow)]
    customer_id: Option<Str<'a>>,
    ids: Option<Vec<Object<Identity<'a>>>>,
    consent: Option<Object<Consent<'a>>>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow)]
    r#type: Str<'a>,
    value: Str<'a>,
}

#[derive(Deserialize)]
struct Consent<'a> {
    analytics: Option<bool>,
    #[serde(borrow, rename = "at")]
    _at: Option<Time<'a>>,
}

#[derive(Deserialize, Default)]
struct Context<'a> {
    #[serde(borrow)]
    channel: Option<Str<'a>>,
    touchpoint: Option<Str<'a>>,
    journey_stage: Option<Str<'a>>,
    purchase_phase: Option<Str<'a>>,
    country: Option<Str<'a>>,
    locale: Option<Str<'a>>,
    app_version: Option<Str<'a>>,
    url: Option<Str<'a>>,
    experiment: Option<Object<Experiment<'a>>>,
    session_id: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Experiment<'a> {
    #[serde(borrow)]
    id: Option<Str<'a>>,
    variant: Option<Str<'a>>,
}

/// Whether any string of the record could hold a NUL: as an escape, or in a header as it is.
pub(super) fn may_hold_nul(record: &RawRecord<'_>, payload: &str) -> bool {
    let escaped = |bytes| memchr::memmem::find(bytes, b"\\u0000").is_some();
    escaped(payload.as_bytes())
        || record
            .headers
            .iter()
            .any(|(_, value)| escaped(value) || memchr::memchr(0, value).is_some())
}

impl<'a> Envelope<'a> {
    /// Reads the envelope, whichever of the two the record has.
    pub(super) fn read(
        record: &RawRecord<'a>,
        payload: &'a str,
        unknown: &mut u32,
    ) -> Result<Self, DecodeError> {
        if is_binary(record) {
            return Self::binary(record, payload, unknown).map_err(|e| prefixed("ce_", e));
        }
        // Some producers put a byte order mark in front; it belongs to no JSON document.
        let payload = payload.strip_prefix('\u{feff}').unwrap_or(payload);
        let attributes: Attributes<'a> = parse(payload, unknown)?;
        Ok(Self {
            prefix: "",
            data: attributes.data.map(RawValue::get),
            deleted: attributes.deleted.unwrap_or(false),
            attributes,
        })
    }

    fn binary(
        record: &RawRecord<'a>,
        payload: &'a str,
        unknown: &mut u32,
    ) -> Result<Self, DecodeError> {
        let text = |name: &str| Ok(header(record, name)?.map(|value| Str(value.into())));
        let tenant_id = match text("tenantid")? {
            None => text("tenant_id")?,
            some => some,
        };
        let attributes = Attributes {
            specversion: text("specversion")?,
            id: text("id")?,
            source: text("source")?,
            r#type: text("type")?,
            time: text("time")?.map(Time::Text),
            tenant_id,
            version: parsed(record, "version", "expected a whole number")?,
            deleted: parsed(record, "deleted", "expected true or false")?,
            customer: json(record, "customer", unknown)?,
            context: json(record, "context", unknown)?,
            extra: json(record, "extra", unknown)?,
            ..Attributes::default()
        };
        Ok(Self {
            prefix: "ce_",
            data: Some(payload),
            deleted: attributes.deleted.unwrap_or(false),
            attributes,
        })
    }

    /// Which feedback the event carries.
    pub(super) fn kind(&self) -> Result<Type, DecodeError> {
        let name = self.attributes.r#type.as_ref();
        name.and_then(|name| Type::of(&name.0))
            .ok_or_else(|| self.unknown_type(&Type::NAMES.map(|(name, _)| name).join(", ")))
    }

    /// Refuses an event of another type than this one.
    pub(super) fn expect(&self, expected: &str) -> Result<(), DecodeError> {
        let name = self.attributes.r#type.as_ref();
        match name.is_some_and(|name| name.0 == expected) {
            true => Ok(()),
            false => Err(self.unknown_type(expected)),
        }
    }

    fn unknown_type(&self, known: &str) -> DecodeError {
        let what = if self.attributes.r#type.is_some() {
            "an unknown"
        } else {
            "no"
        };
        let message = format!("the event has {what} type; known ones are {known}");
        prefixed(self.prefix, fault(Reason::UnknownKind, "type", message))
    }

    /// Checks the attributes that every event has, of an event that is no feedback.
    pub(super) fn frame(mut self, checks: &Checks<'_>) -> Result<Frame, DecodeError> {
        let frame = take_frame(&mut self.attributes, checks);
        frame.map_err(|e| prefixed(self.prefix, e))
    }

    /// The event's data as JSON.
    pub(super) fn data(&self) -> Result<&'a str, DecodeError> {
        self.data.ok_or_else(|| missing("data"))
    }

    /// Joins envelope and data to the item, checking the envelope's attributes.
    pub(super) fn complete(
        self,
        item: Item,
        mut checks: Checks<'_>,
        unknown_fields: u32,
    ) -> Result<Feedback, DecodeError> {
        let prefix = self.prefix;
        let mut feedback = self
            .joined(item, &mut checks)
            .map_err(|e| prefixed(prefix, e))?;
        feedback.unknown_fields = unknown_fields;
        feedback.truncated = checks.truncated;
        Ok(feedback)
    }

    fn joined(self, item: Item, checks: &mut Checks<'_>) -> Result<Feedback, DecodeError> {
        let mut attributes = self.attributes;
        let Frame {
            tenant,
            source,
            version,
            ..
        } = take_frame(&mut attributes, checks)?;
        let version = match (version, item.updated_at) {
            (Some(version), _) if version >= VERSION_END => {
                let message = "the version takes more than 44 bits; milliseconds are expected";
                return Err(fault(Reason::InvalidValue, "version", message));
            }
            (Some(version), _) => version,
            (None, updated_at) => u64::try_from(updated_at.unwrap_or(checks.kafka_time()))
                .unwrap_or(0)
                .min(VERSION_END - 1),
        };
        let customer =
            convert_customer(checks, attributes.customer.map(|c| c.0).unwrap_or_default())
                .in_field("customer")?;
        let mut references = item.references;
        let (channel, mut context) = convert_context(
            checks,
            attributes.context.map(|c| c.0).unwrap_or_default(),
            &mut references.session_id,
        )
        .in_field("context")?;
        context.lang_hint = item.lang_hint;
        let mut extra = Vec::new();
        if !self.deleted {
            extra = checks.pairs("extra", attributes.extra)?;
            let mut hidden = item.hidden;
            hidden.retain(|(name, _)| extra.iter().all(|(known, _)| known != name));
            extra.append(&mut hidden);
        }
        Ok(Feedback {
            tenant,
            source: item.source.unwrap_or(source),
            id: item.id,
            version,
            deleted: self.deleted,
            created_at: item.created_at,
            channel: if item.channel.is_empty() {
                channel
            } else {
                item.channel
            },
            customer,
            context,
            references,
            extra,
            body: item.body,
            unknown_fields: 0,
            truncated: false,
        })
    }
}

fn take_frame(attributes: &mut Attributes<'_>, checks: &Checks<'_>) -> Result<Frame, DecodeError> {
    let specversion = attributes.specversion.take();
    if specversion.is_some_and(|version| !version.0.starts_with("1.")) {
        let message = "not version 1 of CloudEvents";
        return Err(fault(Reason::InvalidValue, "specversion", message));
    }
    checks.id("id", attributes.id.take())?;
    let source = checks.required("source", attributes.source.take(), LABEL)?;
    let time = checks.time("time", attributes.time.take())?;
    let tenant = match attributes.tenant_id.take() {
        Some(tenant) if !tenant.0.is_empty() => checks.required("tenant_id", Some(tenant), ID)?,
        _ => DEFAULT_TENANT.to_owned(),
    };
    Ok(Frame {
        tenant,
        source,
        time,
        version: attributes.version,
    })
}

fn convert_customer(
    checks: &Checks<'_>,
    customer: Customer<'_>,
) -> Result<feedback::Customer, DecodeError> {
    let ids = customer.ids.unwrap_or_default().into_iter().enumerate();
    let identities = ids
        .map(|(i, Object(id))| {
            let kind = checks.required("type", Some(id.r#type), ID);
            let kind = kind.in_item("ids", i)?;
            let value = checks.required("value", Some(id.value), LABEL);
            Ok((kind, value.in_item("ids", i)?))
        })
        .collect::<Result<_, DecodeError>>()?;
    Ok(feedback::Customer {
        id: checks.label("customer_id", customer.customer_id)?,
        identities,
        consent_analytics: customer.consent.and_then(|consent| consent.0.analytics),
    })
}

/// Channel and circumstances; the session goes to the references.
fn convert_context(
    checks: &mut Checks<'_>,
    context: Context<'_>,
    session_id: &mut String,
) -> Result<(String, feedback::Context), DecodeError> {
    *session_id = checks.label("session_id", context.session_id)?;
    let mut country = checks.label("country", context.country)?;
    country.make_ascii_uppercase();
    let letters = country.bytes().filter(u8::is_ascii_uppercase).count();
    if !country.is_empty() && (letters != 2 || country.len() != 2) {
        let message = "not a country code of two letters by ISO 3166";
        return Err(fault(Reason::InvalidValue, "country", message));
    }
    let experiment = match context.experiment {
        Some(Object(Experiment {
            id: Some(id),
            variant,
        })) => {
            let id = checks.label("id", Some(id)).in_field("experiment")?;
            let variant = checks.label("variant", variant).in_field("experiment")?;
            Some((id, variant))
        }
        _ => None,
    };
    let channel = checks.label("channel", context.channel)?;
    let context = feedback::Context {
        touchpoint: checks.label("touchpoint", context.touchpoint)?,
        journey_stage: checks.label("journey_stage", context.journey_stage)?,
        purchase_phase: checks.label("purchase_phase", context.purchase_phase)?,
        country,
        locale: checks.label("locale", context.locale)?,
        lang_hint: String::new(),
        app_version: checks.label("app_version", context.app_version)?,
        url: checks.text("url", context.url)?,
        experiment,
    };
    Ok((channel, context))
}

/// A record with any `ce_*` header is in binary mode, unless its content type says otherwise.
fn is_binary(record: &RawRecord<'_>) -> bool {
    let named = |wanted: &[u8]| {
        let mut headers = record.headers.iter();
        headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let is_structured = named(b"content-type").is_some_and(|(_, value)| {
        let value = value.to_ascii_lowercase();
        value.starts_with(b"application/cloudevents")
    });
    let attributes = ["ce_type", "ce_id", "ce_specversion"];
    !is_structured
        && attributes
            .iter()
            .any(|name| named(name.as_bytes()).is_some())
}

/// Value of the header `ce_name`.
fn header<'a>(record: &RawRecord<'a>, name: &str) -> Result<Option<&'a str>, DecodeError> {
    let is_wanted = |header: &[u8]| header.strip_prefix(b"ce_") == Some(name.as_bytes());
    let Some((_, value)) = record.headers.iter().find(|(n, _)| is_wanted(n)) else {
        return Ok(None);
    };
    match std::str::from_utf8(value) {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(fault(Reason::InvalidUtf8, name, "the header is not UTF-8")),
    }
}

fn parsed<T: std::str::FromStr>(
    record: &RawRecord<'_>,
    name: &str,
    expected: &str,
) -> Result<Option<T>, DecodeError> {
    let parse = |value: &str| value.parse::<T>();
    let value = header(record, name)?.map(parse).transpose();
    value.map_err(|_| fault(Reason::WrongType, name, expected))
}

fn json<'a, T: Deserialize<'a>>(
    record: &RawRecord<'a>,
    name: &str,
    unknown: &mut u32,
) -> Result<Option<T>, DecodeError> {
    let Some(value) = header(record, name)? else {
        return Ok(None);
    };
    super::nesting::check(value).in_field(name)?;
    match parse(value, unknown) {
        Ok(value) => Ok(Some(value)),
        // The payload may well be JSON: here the path must say that a header is not.
        Err(error) if error.reason == Reason::MalformedJson => Err(DecodeError {
            field: name.to_owned(),
            ..error
        }),
        Err(error) => Err(error).in_field(name),
    }
}

fn prefixed(prefix: &str, mut error: DecodeError) -> DecodeError {
    error.field.insert_str(0, prefix);
    error
}
