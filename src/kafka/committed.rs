//! What a group has committed for a partition: the offset, and what its metadata says.

use super::ledger::Note;
use crate::ranges::Span;

/// A committed offset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Offset of the next record that the group has not passed.
    pub offset: u64,
    /// Life of the topic that the offset belongs to; `None` if another tool committed it.
    pub stream: Option<String>,
    /// Range that was announced: it may be in the middle of being inserted.
    pub announced: Option<Span>,
}

impl Committed {
    /// Reads offset and metadata as they were committed.
    pub fn new(offset: u64, metadata: &str) -> Self {
        let note = Note::parse(metadata);
        let stream = note.stream().map(str::to_owned);
        let announced = match note {
            Note::Pending { range, .. } => Some((*range.start() as u64, *range.end() as u64)),
            Note::Done { .. } | Note::Foreign => None,
        };
        Self {
            offset,
            stream,
            announced,
        }
    }

    /// Whether the offset was committed in this life of the topic, whose log ends at `end`. Without
    /// metadata it is taken to be, unless the log does not reach so far.
    pub fn is_of(&self, stream: &str, end: u64) -> bool {
        match &self.stream {
            Some(told) => told == stream,
            None => self.offset <= end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn metadata_tells_stream_and_announced_range() {
        let committed = Committed::new(5, &format!("v1:{STREAM}:5-104:b"));
        assert_eq!(committed.stream.as_deref(), Some(STREAM));
        assert_eq!(committed.announced, Some((5, 104)));
        let committed = Committed::new(5, &format!("v1:{STREAM}"));
        assert_eq!(committed.stream.as_deref(), Some(STREAM));
        assert_eq!(committed.announced, None);
        assert_eq!(Committed::new(9, "connect").stream, None);
    }

    #[test]
    fn an_offset_of_another_life_is_told_by_stream_or_by_the_end() {
        let told = Committed::new(9, &format!("v1:{STREAM}"));
        assert!(told.is_of(STREAM, 3) && !told.is_of("other", 100));
        let untold = Committed::new(9, "");
        assert!(untold.is_of("any", 9) && !untold.is_of("any", 8));
    }
}
