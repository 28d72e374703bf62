//! Which offsets have no line, and which have two: by counts of buckets first, then closely inside
//! those whose counts are wrong.

use anyhow::Result;
use clickhouse::Row;
use serde::Deserialize;

use super::{Audit, HERE, Place};
use crate::ranges::{Span, spans};

/// Offsets of a bucket.
const BUCKET: u64 = 100_000;
/// Buckets counted by one query: 13 MB of bitmaps.
const COUNTED_AT_ONCE: u64 = 1_000;
/// Buckets looked into by one query.
const LOOKED_INTO_AT_ONCE: u64 = 50;

/// A stretch of offsets that needs a closer look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    /// Offsets.
    pub span: Span,
    /// Why.
    pub kind: Kind,
}

/// What the counts say of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No line at all.
    Absent,
    /// There are lines, and some offsets lack theirs, or have too many.
    Uneven {
        /// Some offsets have no line.
        holes: bool,
        /// Some offsets may have two lines of one revision.
        doubles: bool,
    },
}

#[derive(Debug, Clone, Copy, Row, Deserialize)]
struct Bucket {
    number: u64,
    lines: u64,
    offsets: u64,
    first_lines: u64,
    first_offsets: u64,
    later_offsets: u64,
}

/// Spans that one query counts, ascending.
pub fn windows(span: Span) -> impl Iterator<Item = Span> {
    let width = BUCKET * COUNTED_AT_ONCE;
    let numbers = span.0 / width..=span.1 / width;
    numbers.map(move |n| (span.0.max(n * width), span.1.min(n * width + (width - 1))))
}

impl Audit {
    /// Stretches of a window whose counts are wrong, ascending.
    ///
    /// # Errors
    /// The query fails.
    pub async fn suspects(&self, place: &Place, window: Span) -> Result<Vec<Suspect>> {
        let sql = format!(
            "SELECT intDiv(offset, {BUCKET}) AS number, count() AS lines, \
                    groupBitmap(offset) AS offsets, countIf(revision = 0) AS first_lines, \
                    groupBitmapIf(offset, revision = 0) AS first_offsets, \
                    groupBitmapIf(offset, revision > 0) AS later_offsets \
             FROM {} WHERE {HERE} GROUP BY number ORDER BY number",
            self.table("ingested")
        );
        let query = self.here(&sql, place, window);
        let buckets: Vec<Bucket> = self.asked(query.fetch_all().await, "ingested")?;
        Ok(suspects(window, &buckets))
    }

    /// Offsets of a span without a line, ascending.
    ///
    /// # Errors
    /// The query fails.
    pub async fn holes(&self, place: &Place, span: Span) -> Result<Vec<Span>> {
        // The offset after the last one stands for a line there, so that what lacks at the end shows.
        let sql = format!(
            "SELECT toUInt64(before + 1) AS first, toUInt64(at - 1) AS last FROM ( \
               SELECT at, lagInFrame(at, 1, toInt64({start}) - 1) OVER ( \
                 ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before \
               FROM (SELECT toInt64(offset) AS at FROM {} WHERE {HERE} GROUP BY offset \
                     UNION ALL SELECT toInt64({end}) + 1)) \
             WHERE at > before + 1 ORDER BY at",
            self.table("ingested"),
            start = span.0,
            end = span.1,
        );
        let query = self.here(&sql, place, span);
        self.asked(query.fetch_all().await, "ingested")
    }

    /// Offsets of a span that have several lines of one revision, ascending.
    ///
    /// # Errors
    /// The query fails.
    pub async fn duplicates(&self, place: &Place, span: Span) -> Result<Vec<Span>> {
        let sql = format!(
            "SELECT DISTINCT offset FROM ( \
               SELECT offset FROM {} WHERE {HERE} GROUP BY offset, revision HAVING count() > 1) \
             ORDER BY offset",
            self.table("ingested")
        );
        let query = self.here(&sql, place, span);
        let offsets: Vec<u64> = self.asked(query.fetch_all().await, "ingested")?;
        Ok(spans(offsets))
    }
}

fn suspects(window: Span, buckets: &[Bucket]) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = Vec::new();
    let mut found = buckets.iter().copied().peekable();
    for number in window.0 / BUCKET..=window.1 / BUCKET {
        let span = (
            window.0.max(number * BUCKET),
            window.1.min(number * BUCKET + (BUCKET - 1)),
        );
        let kind = match found.next_if(|bucket| bucket.number == number) {
            None => Kind::Absent,
            Some(bucket) => Kind::Uneven {
                holes: bucket.offsets < span.1 - span.0 + 1,
                doubles: bucket.first_lines > bucket.first_offsets
                    || bucket.lines - bucket.first_lines > bucket.later_offsets,
            },
        };
        let even = Kind::Uneven {
            holes: false,
            doubles: false,
        };
        if kind == even {
            continue;
        }
        let whole = match kind {
            Kind::Absent => u64::MAX,
            Kind::Uneven { .. } => BUCKET * LOOKED_INTO_AT_ONCE,
        };
        match suspects.last_mut() {
            Some(last)
                if last.kind == kind
                    && last.span.1 + 1 == span.0
                    && span.1 - last.span.0 < whole =>
            {
                last.span.1 = span.1;
            }
            _ => suspects.push(Suspect { span, kind }),
        }
    }
    suspects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(number: u64, offsets: u64) -> Bucket {
        Bucket {
            number,
            lines: offsets,
            offsets,
            first_lines: offsets,
            first_offsets: offsets,
            later_offsets: 0,
        }
    }

    const HOLED: Kind = Kind::Uneven {
        holes: true,
        doubles: false,
    };

    #[test]
    fn windows_cut_a_span_at_fixed_offsets() {
        let width = BUCKET * COUNTED_AT_ONCE;
        assert_eq!(windows((5, 9)).collect::<Vec<_>>(), [(5, 9)]);
        assert_eq!(
            windows((5, width)).collect::<Vec<_>>(),
            [(5, width - 1), (width, width)]
        );
    }

    #[test]
    fn full_buckets_need_no_look() {
        let buckets = [bucket(0, BUCKET - 7), bucket(1, BUCKET), bucket(2, 10)];
        assert_eq!(suspects((7, 2 * BUCKET + 9), &buckets), []);
    }

    #[test]
    fn neighbours_with_the_same_trouble_are_one_stretch() {
        let end = 6 * BUCKET - 1;
        let buckets = [bucket(0, 9), bucket(1, BUCKET - 1), bucket(5, BUCKET)];
        let found = suspects((0, end), &buckets);
        let holed = Suspect {
            span: (0, 2 * BUCKET - 1),
            kind: HOLED,
        };
        let absent = Suspect {
            span: (2 * BUCKET, 5 * BUCKET - 1),
            kind: Kind::Absent,
        };
        assert_eq!(found, [holed, absent]);
        let many: Vec<Bucket> = (0..120).map(|n| bucket(n, 1)).collect();
        assert_eq!(suspects((0, 120 * BUCKET - 1), &many).len(), 3);
    }

    #[test]
    fn two_lines_of_one_revision_show_and_replays_do_not() {
        let mut replayed = bucket(0, BUCKET);
        (replayed.lines, replayed.later_offsets) = (BUCKET + 500, 500);
        assert_eq!(suspects((0, BUCKET - 1), &[replayed]), []);
        let mut doubled = bucket(0, BUCKET);
        (doubled.lines, doubled.first_lines) = (BUCKET + 1, BUCKET + 1);
        let doubles = Kind::Uneven {
            holes: false,
            doubles: true,
        };
        assert_eq!(suspects((0, BUCKET - 1), &[doubled])[0].kind, doubles);
        replayed.later_offsets = 499;
        assert_eq!(suspects((0, BUCKET - 1), &[replayed])[0].kind, doubles);
    }
}
