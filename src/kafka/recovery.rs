//! Recovery: where to go on when a partition is assigned, decided from the committed offset, the
//! log's start and end, and the evidence. Nothing is read before this is known.

use std::ops::{Range, RangeInclusive};

use super::ledger::Note;
use crate::config::Start;
use crate::warehouse::Known;

/// What is found out about a partition before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// Committed offset of the group and its metadata.
    pub committed: Option<(i64, Note)>,
    /// Life of the topic now.
    pub stream: &'a str,
    /// Offsets that Kafka holds: from the log's start up to its end.
    pub log: Range<i64>,
    /// What the evidence tells of this stream and partition.
    pub known: Known,
    /// Newest offset that has a row or a dead letter; asked only if [`needs_newest`].
    pub newest_written: Option<i64>,
    /// Where to begin if nothing was ever read.
    pub start: Start,
    /// What decides about the outcome of a record now.
    pub build: &'a str,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// First offset to read.
    pub from: i64,
    /// Offsets that Kafka deleted before they were read.
    pub gap: Option<RangeInclusive<i64>>,
    /// The first batch ends here, as it was announced, so that its tokens are the same.
    pub exact: Option<i64>,
    /// Records below may have been written before.
    pub doubtful_below: i64,
    /// The group begins here: to be written down first.
    pub begins: bool,
    /// What happened, for the log.
    pub why: Why,
}

/// Why reading goes on where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Never read before.
    Begin,
    /// At the committed offset, nothing was announced.
    Committed,
    /// At a range that was announced, by the same build.
    Pending,
    /// At a range that another build announced.
    PendingOfOtherBuild,
    /// At an offset that another program committed.
    Foreign,
    /// The group's offsets are gone: after the newest offset of the evidence.
    OffsetsExpired,
    /// The committed offset belongs to an earlier life of the topic.
    NewStream,
}

impl Why {
    /// For the log.
    pub fn name(self) -> &'static str {
        match self {
            Why::Begin => "never read before",
            Why::Committed => "committed",
            Why::Pending => "announced, perhaps written",
            Why::PendingOfOtherBuild => "announced by another build, perhaps written",
            Why::Foreign => "committed by another program",
            Why::OffsetsExpired => "offsets of the group are gone, going on after the evidence",
            Why::NewStream => "topic was made again: a new stream",
        }
    }
}

/// The log ends before the offset that the group has passed: Kafka lost records, or the topic was
/// restored. Going on would take new records for old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the group has passed offset {passed}, and the log ends at {end}: Kafka lost records. \
     Reset the group's offset by kafka-consumer-groups.sh once you know what was lost"
)]
pub struct LogLost {
    /// Offset that the group has passed.
    pub passed: i64,
    /// End of the log.
    pub end: i64,
}

/// Whether the newest of what was written must be looked for: rows and dead letters without evidence
/// are then not told by an announcement.
pub fn needs_newest(committed: Option<&(i64, Note)>, known: Known) -> bool {
    match committed {
        Some((_, Note::Foreign)) => true,
        Some(_) => false,
        None => known.recorded.is_some() || known.origin.is_some(),
    }
}

/// Decides how to go on.
///
/// # Errors
/// The log ends before what was read.
pub fn plan(found: &Found<'_>) -> Result<Plan, LogLost> {
    let (start, end) = (found.log.start, found.log.end);
    let of_this_stream = |note: &Note| note.stream().is_none_or(|s| s == found.stream);
    let committed = found
        .committed
        .as_ref()
        .filter(|(_, note)| of_this_stream(note));
    let other_life = found.known.earlier_stream || found.committed.is_some() && committed.is_none();

    let recorded = found.known.recorded;
    let mut begins = false;
    let (from, why) = match (committed, recorded) {
        (Some((offset, Note::Foreign)), _) => (*offset, Why::Foreign),
        (Some((offset, Note::Done { .. })), _) => (*offset, Why::Committed),
        (Some((offset, Note::Pending { build, .. })), _) if build == found.build => {
            (*offset, Why::Pending)
        }
        (Some((offset, Note::Pending { .. })), _) => (*offset, Why::PendingOfOtherBuild),
        (None, Some(newest)) => (newest + 1, Why::OffsetsExpired),
        (None, None) => {
            begins = found.known.origin.is_none();
            let first = match found.start {
                // An earlier life was read: all of this one is new.
                _ if other_life => start,
                Start::Earliest => start,
                Start::Latest => end,
            };
            let why = if other_life {
                Why::NewStream
            } else {
                Why::Begin
            };
            (found.known.origin.unwrap_or(first), why)
        }
    };
    if from > end {
        return Err(LogLost { passed: from, end });
    }
    let announced = match committed {
        Some((_, Note::Pending { range, .. })) => Some(range),
        _ => None,
    };
    let exact = announced
        .filter(|range| start <= *range.start())
        .map(|range| *range.end());
    let below = [
        recorded,
        found.newest_written,
        announced.map(|range| *range.end()),
    ];
    Ok(Plan {
        from: from.max(start),
        gap: (from < start).then(|| from..=start - 1),
        exact,
        doubtful_below: below
            .into_iter()
            .flatten()
            .max()
            .map_or(0, |newest| newest + 1),
        begins,
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found<'static> {
        Found {
            committed: None,
            stream: "s",
            log: 0..1_000,
            known: Known::default(),
            newest_written: None,
            start: Start::Earliest,
            build: "b",
        }
    }

    fn pending(range: RangeInclusive<i64>, build: &str) -> Option<(i64, Note)> {
        let note = Note::Pending {
            stream: "s".into(),
            range: range.clone(),
            build: build.into(),
        };
        Some((*range.start(), note))
    }

    fn done(offset: i64) -> Option<(i64, Note)> {
        let note = Note::Done { stream: "s".into() };
        Some((offset, note))
    }

    #[test]
    fn a_partition_never_read_begins_where_the_setting_says_and_writes_it_down() {
        let mut f = found();
        f.log = 10..1_000;
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.begins, p.why), (10, true, Why::Begin));
        assert_eq!((p.gap, p.exact, p.doubtful_below), (None, None, 0));
        f.start = Start::Latest;
        assert_eq!(plan(&f).unwrap().from, 1_000);
        // The second start before the first commit begins at the same offset.
        f.log = 10..2_000;
        f.known.origin = Some(1_000);
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.begins), (1_000, false));
        // Retention was faster: what it took is told.
        f.log = 1_500..2_000;
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.gap), (1_500, Some(1_000..=1_499)));
    }

    #[test]
    fn a_range_of_the_same_build_is_formed_again_exactly() {
        let mut f = found();
        f.committed = pending(100..=199, "b");
        f.known.recorded = Some(99);
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.exact, p.doubtful_below), (100, Some(199), 200));
        assert_eq!(p.why, Why::Pending);
    }

    #[test]
    fn a_range_of_another_build_is_formed_again_exactly_too() {
        let mut f = found();
        f.committed = pending(100..=199, "other");
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.exact, p.doubtful_below), (100, Some(199), 200));
        assert_eq!(p.why, Why::PendingOfOtherBuild);
    }

    #[test]
    fn retention_that_ate_a_part_leaves_a_gap_and_no_exact_range() {
        let mut f = found();
        f.committed = pending(100..=199, "b");
        f.log = 150..1_000;
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.gap, p.exact), (150, Some(100..=149), None));
        assert_eq!(p.doubtful_below, 200);
        f.committed = done(100);
        assert_eq!(plan(&f).unwrap().gap, Some(100..=149));
    }

    #[test]
    fn expired_offsets_go_on_after_the_evidence() {
        let mut f = found();
        f.known.recorded = Some(499);
        assert!(needs_newest(None, f.known));
        f.newest_written = Some(510);
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.doubtful_below), (500, 511));
        assert_eq!(p.why, Why::OffsetsExpired);
    }

    #[test]
    fn an_offset_reset_backwards_is_read_again_in_doubt() {
        let mut f = found();
        f.committed = Some((0, Note::Foreign));
        f.known.recorded = Some(499);
        assert!(needs_newest(f.committed.as_ref(), f.known));
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.doubtful_below, p.why), (0, 500, Why::Foreign));
    }

    #[test]
    fn a_topic_made_again_is_read_from_its_start() {
        let mut f = found();
        let note = Note::Done {
            stream: "earlier".into(),
        };
        f.committed = Some((800, note));
        f.start = Start::Latest;
        let p = plan(&f).unwrap();
        assert_eq!((p.from, p.begins, p.why), (0, true, Why::NewStream));
        assert_eq!(p.doubtful_below, 0);
        // Kafka forgets a deleted topic's offsets; the evidence does not.
        f.committed = None;
        f.known.earlier_stream = true;
        assert_eq!(plan(&f), Ok(p));
    }

    #[test]
    fn a_log_that_ends_before_what_was_read_is_refused() {
        let mut f = found();
        f.committed = done(1_001);
        let lost = LogLost {
            passed: 1_001,
            end: 1_000,
        };
        assert_eq!(plan(&f), Err(lost));
        f.committed = done(1_000);
        assert_eq!(plan(&f).unwrap().from, 1_000);
    }
}
