//! Bytes of O-data to a [`Change`]: one file a format.

use crate::batch::{DecodeError, RawRecord};
use crate::odata::Change;

use super::Limits;

/// The topics of O-data, and how each is read.
#[derive(Default)]
pub struct Feeds {}

impl Feeds {
    /// Decodes a record with a payload, identifiers protected. The pipeline and the index both read
    /// by this. `None`: it tells of no entity, for its topic is no feed, or it is a record of
    /// another kind (a page view among the calls of a site).
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

    /// Whether a topic is one of them.
    pub fn has(&self, topic: &str) -> bool {
        self.topics().any(|known| known == topic)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.topics().next().is_none()
    }
}
