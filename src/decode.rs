//! Bytes to feedback: one file a format. A record that can't be used is data, not an error of the
//! pipeline: it becomes a [`DecodeError`] with reason code and field path.
//!
//! ```text
//! bytes ─► size, UTF-8, depth ─► envelopes (structured | ce_* headers) ─► `data` by its type ─► Feedback
//!                                                                  review, conversation, message, survey
//! ```
//! Decoding is optimistic: wire structs borrow from the payload, and no paths are tracked. Only a
//! record that fails is decoded a second time to find the field that is to blame (`fault`).
//! Wire structs say what types fields have; everything a type can't say (required fields, scales,
//! lengths, times) is checked when they are converted, by `checks`.

mod checks;
mod conversation;
mod envelopes;
mod fault;
mod html;
mod message;
mod nesting;
mod review;
mod survey;
mod time;
mod wire;

use crate::batch::{DecodeError, RawRecord, Reason};
use crate::feedback::{Body, Feedback, Millis, References};

use checks::Checks;
use envelopes::Envelope;
use fault::{InField, fault};

/// Limits on what a record may hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest record in bytes; longer ones are dead letters. Default 1 MiB.
    pub max_record_bytes: usize,
    /// Longest text in bytes; longer ones are cut at a character boundary and flagged. Default 64 KiB.
    pub max_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record_bytes: 1 << 20,
            max_text_bytes: 64 << 10,
        }
    }
}

/// What the `data` of an event says, of whatever kind.
struct Item {
    id: String,
    /// Where the data itself names its platform; otherwise the event's source counts.
    source: Option<String>,
    created_at: Millis,
    updated_at: Option<Millis>,
    channel: String,
    lang_hint: String,
    references: References,
    hidden: Vec<(String, String)>,
    body: Body,
}

impl Item {
    fn new(id: String, created_at: Millis, body: Body) -> Self {
        Self {
            id,
            source: None,
            created_at,
            updated_at: None,
            channel: String::new(),
            lang_hint: String::new(),
            references: References::default(),
            hidden: Vec::new(),
            body,
        }
    }
}

/// Decodes one record with a payload.
///
/// Texts over [`Limits::max_text_bytes`] are cut and the item is flagged; fields that no schema knows
/// are counted. A tombstone (no payload) is the caller's: here it is as malformed as an empty payload.
///
/// # Errors
/// The record is a dead letter. Reason and field say why; the message holds nothing of the content.
pub fn decode(record: &RawRecord<'_>, limits: &Limits) -> Result<Feedback, DecodeError> {
    let size = record.size();
    if size > limits.max_record_bytes {
        let limit = limits.max_record_bytes;
        let message = format!("the record has {size} bytes, the limit is {limit}");
        return Err(fault(Reason::TooLong, "", message));
    }
    let payload = std::str::from_utf8(record.payload.unwrap_or_default()).map_err(|e| {
        let message = format!("byte {} of the payload is not UTF-8", e.valid_up_to());
        fault(Reason::InvalidUtf8, "", message)
    })?;
    nesting::check(payload)?;

    let mut unknown = 0;
    let mut checks = Checks::new(
        limits,
        record.time,
        envelopes::may_hold_nul(record, payload),
    );
    let envelope = Envelope::read(record, payload, &mut unknown)?;
    let kind = envelope.kind()?;
    let (data, deleted) = (envelope.data()?, envelope.deleted);
    let item = match kind {
        Type::Review => wire::parse(data, &mut unknown)
            .and_then(|data: review::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Conversation => wire::parse(data, &mut unknown)
            .and_then(|data: conversation::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Message => wire::parse(data, &mut unknown)
            .and_then(|data: message::Data<'_>| data.convert(&mut checks, deleted)),
        Type::Survey => wire::parse(data, &mut unknown)
            .and_then(|data: survey::Data<'_>| data.convert(&mut checks, deleted)),
    }
    .in_field("data")?;
    envelope.complete(item, checks, unknown)
}

/// The event types that carry feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Review,
    Conversation,
    Message,
    Survey,
}

impl Type {
    const NAMES: [(&str, Type); 4] = [
        ("cx.review.v1", Type::Review),
        ("cx.conversation.v1", Type::Conversation),
        ("cx.message.v1", Type::Message),
        ("cx.survey_response.v1", Type::Survey),
    ];

    fn of(name: &str) -> Option<Self> {
        let (_, found) = Self::NAMES.iter().find(|(known, _)| *known == name)?;
        Some(*found)
    }
}
