//! Which lines of outcome `dead_letter` have no row in `dead_letters`.

use anyhow::Result;
use clickhouse::Row;
use serde::Deserialize;

use super::{Audit, HERE, Place};
use crate::ranges::{Span, push};

/// Offsets looked at by one query.
const WIDTH: u64 = 5_000_000;

/// Offsets of dead letters that are not in the table, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LackingLetters {
    /// Those that should be there.
    pub missing: Vec<Span>,
    /// How many the time to live may have removed.
    pub expired: u64,
}

/// Spans that one query looks at, ascending.
pub fn windows(span: Span) -> impl Iterator<Item = Span> {
    let first = move |n| span.0 + n * WIDTH;
    (0..=(span.1 - span.0) / WIDTH).map(move |n| (first(n), span.1.min(first(n) + (WIDTH - 1))))
}

impl Audit {
    /// Dead letters of a window without their row.
    ///
    /// # Errors
    /// The query fails.
    pub async fn without_dead_letter(&self, place: &Place, window: Span) -> Result<LackingLetters> {
        #[derive(Row, Deserialize)]
        struct Lacking {
            offset: u64,
            is_over: bool,
        }
        let sql = format!(
            "SELECT offset, toBool(min({is_over})) AS is_over FROM {ingested} \
             WHERE {HERE} AND outcome = 'dead_letter' AND offset NOT IN ( \
               SELECT offset FROM {letters} \
               WHERE stream = ? AND partition = ? AND offset BETWEEN ? AND ?) \
             GROUP BY offset ORDER BY offset",
            is_over = self.is_over("dead_letters"),
            ingested = self.table("ingested"),
            letters = self.table("dead_letters"),
        );
        let query = self
            .here(&sql, place, window)
            .bind(place.stream.as_str())
            .bind(place.partition)
            .bind(window.0)
            .bind(window.1);
        let offsets: Vec<Lacking> = self.asked(query.fetch_all().await, "dead_letters")?;
        let mut lacking = LackingLetters::default();
        for Lacking { offset, is_over } in offsets {
            match is_over {
                true => lacking.expired += 1,
                false => push(&mut lacking.missing, offset),
            }
        }
        Ok(lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_span() {
        assert_eq!(windows((3, 3)).collect::<Vec<_>>(), [(3, 3)]);
        let two = windows((1, WIDTH + 1)).collect::<Vec<_>>();
        assert_eq!(two, [(1, WIDTH), (WIDTH + 1, WIDTH + 1)]);
    }
}
