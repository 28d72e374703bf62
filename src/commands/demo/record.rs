//! A record as the demo's producers send it, and its time.

use jiff::Timestamp;

use crate::feedback::Millis;

/// One Kafka record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// `tenant:customer`, so that versions of one item stay in order.
    pub(super) key: String,
    /// Attributes of the event in binary mode; empty in structured mode.
    pub(super) headers: Vec<(&'static str, String)>,
    /// `None` is a tombstone.
    pub(super) payload: Option<Vec<u8>>,
}

pub(super) const MINUTE: Millis = 60_000;
pub(super) const HOUR: Millis = 60 * MINUTE;

/// RFC 3339.
pub(super) fn time(millis: Millis) -> String {
    Timestamp::from_millisecond(millis)
        .map(|t| t.to_string())
        .unwrap_or_default()
}
