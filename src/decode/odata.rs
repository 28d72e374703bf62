//! Bytes of O-data to a [`Change`]: one file a format.

use crate::batch::{DecodeError, RawRecord};
use crate::odata::Change;

use super::Limits;

/// The topics of O-data, and how each is read.
#[derive(Default)]
pub struct Feeds {}

impl Feeds {
    /// Decodes a record with a payload, identifiers protected; `None` for one of a topic that is no
    /// feed. The pipeline and the index both read by this.
    pub fn decode(
        &self,
        topic: &str,
        record: &RawRecord<'_>,
        limits: &Limits,
    ) -> Option<Result<Change, DecodeError>> {
        let _ = (topic, record, limits);
        None
    }

    /// The topics, each once.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}
