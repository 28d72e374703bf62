//! Bytes to feedback: one file a format. A record that can't be used is data, not an error of the
//! pipeline: it becomes a [`DecodeError`] with reason code and field path.

use crate::batch::{DecodeError, RawRecord};
use crate::feedback::Feedback;

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

/// Decodes one record with a payload.
///
/// # Errors
/// The record is a dead letter.
pub fn decode(_record: &RawRecord<'_>, _limits: &Limits) -> Result<Feedback, DecodeError> {
    Err(DecodeError {
        reason: crate::batch::Reason::UnknownKind,
        field: String::new(),
        message: String::new(),
    })
}
