//! Which lines of outcome `row` have no row in their table, or only an older one.
//!
//! Lines and rows meet by the hash of the item, in slices: days on which items were created, which
//! are few granules of `feedback`, and where one day holds too many, parts of the hash. The item of
//! O-data is one version of one entity, its day that of its `valid_from`.

use anyhow::Result;
use clickhouse::Row;
use serde::Deserialize;

use super::{Audit, Place};
use crate::warehouse::Table;

/// Lines of a slice: some 600 MB of the server's memory.
const SLICE: u64 = 2_000_000;
/// Offsets named of a partition and slice, the lowest; of the others only the number is known.
const NAMED: usize = 100_000;

/// Lines that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// First and last day on which their items were created, counted from 1970-01-01.
    pub days: (u16, u16),
    /// Part of the hashes, and number of parts.
    pub part: (u64, u64),
    /// About so many lines.
    pub lines: u64,
}

#[derive(Debug, Clone, Copy, Row, Deserialize)]
struct Day {
    day: u16,
    lines: u64,
}

fn slices(days: &[Day]) -> Vec<Slice> {
    let mut slices: Vec<Slice> = Vec::new();
    for &Day { day, lines } in days {
        match slices.last_mut() {
            Some(slice) if slice.part.1 == 1 && slice.lines + lines <= SLICE => {
                (slice.days.1, slice.lines) = (day, slice.lines + lines);
            }
            _ => {
                let parts = lines.div_ceil(SLICE).max(1);
                slices.extend((0..parts).map(|part| Slice {
                    days: (day, day),
                    part: (part, parts),
                    lines: lines / parts,
                }));
            }
        }
    }
    slices
}

/// A place, and the offset before which its lines are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Place.
    pub place: Place,
    /// First offset that is left out.
    pub end: u64,
}

/// Lines of a place that lack their row.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Lacking {
    /// Stream of the place.
    pub stream: String,
    /// Partition of the place.
    pub partition: i32,
    /// Lines whose row should be there.
    pub lines: u64,
    /// Lines whose row the time to live may have removed.
    pub expired: u64,
    /// Lines whose row was erased: `erased_items` has the item, in that version or a newer one.
    pub erased: u64,
    /// Offsets of the former, ascending, the first 100,000.
    pub offsets: Vec<u64>,
}

/// The bounds as a table of stream, partition and end, from three arrays.
const BOUNDS: &str = "(SELECT bound.1 AS stream, bound.2 AS partition, bound.3 AS end FROM ( \
    SELECT arrayJoin(arrayZip(CAST(? AS Array(String)), CAST(? AS Array(Int32)), \
                              CAST(? AS Array(UInt64)))) AS bound))";

impl Audit {
    /// Slices that together hold all lines of outcome `row` of these places.
    ///
    /// # Errors
    /// The query fails.
    pub async fn slices(&self, bounds: &[Bound]) -> Result<Vec<Slice>> {
        let sql = format!(
            "SELECT toUInt16(toDate(created_at)) AS day, count() AS lines \
             FROM {} AS i INNER JOIN {BOUNDS} AS b USING (stream, partition) \
             WHERE consumer_group = ? AND stream IN ? AND outcome = 'row' AND offset < end \
             GROUP BY day ORDER BY day",
            self.table("ingested")
        );
        let query = self
            .bound(&sql, bounds)
            .bind(&self.config.kafka.group)
            .bind(streams(bounds));
        let days: Vec<Day> = self.asked(query.fetch_all().await, "ingested")?;
        Ok(slices(&days))
    }

    /// Lines of these places, all of one table, in the slice, that lack their row. Rows are looked for among the
    /// items created on the days of the slice; `everywhere`: among all, since a line older than
    /// the column does not know when its item was created.
    ///
    /// # Errors
    /// The query fails.
    pub async fn without_row(
        &self,
        table: Table,
        bounds: &[Bound],
        slice: &Slice,
        everywhere: bool,
    ) -> Result<Vec<Lacking>> {
        let (number, parts) = slice.part;
        let days = |column: &str| {
            let (first, last) = slice.days;
            format!("toDate({column}) BETWEEN toDate({first}) AND toDate({last})")
        };
        let is_row = format!(
            "consumer_group = ? AND stream IN ? AND outcome = 'row' \
             AND item_hash % {parts} = {number} AND {}",
            days("created_at")
        );
        let there = match everywhere {
            true => "true".to_owned(),
            false => days(table.created()),
        };
        let (ingested, rows) = (self.table("ingested"), self.table(table.name()));
        // The version that the table computes for the row of this line. One is added to those
        // found, so that none, which the join gives as 0, is less than any.
        let sql = format!(
            "SELECT toString(line.stream) AS stream, line.partition AS partition, \
                    countIf(NOT line.is_over AND gone.version <= line.expected) AS lines, \
                    countIf(line.is_over) AS expired, \
                    countIf(NOT line.is_over AND gone.version > line.expected) AS erased, \
                    groupArraySortedIf({NAMED})( \
                      line.offset, NOT line.is_over AND gone.version <= line.expected) AS offsets \
             FROM ( \
               SELECT stream, partition, offset, item_hash AS item, {is_over} AS is_over, \
                      {expected} AS expected \
               FROM {ingested} AS i INNER JOIN {BOUNDS} AS b USING (stream, partition) \
               WHERE {is_row} AND offset < end) AS line \
             LEFT JOIN ( \
               SELECT {item} AS item, max(_row_version) + 1 AS found \
               FROM {rows} \
               WHERE item % {parts} = {number} AND {there} \
                 AND item IN (SELECT item_hash FROM {ingested} WHERE {is_row}) \
               GROUP BY item) AS kept ON line.item = kept.item \
             LEFT JOIN ( \
               SELECT item_hash AS item, max(row_version) + 1 AS version FROM {erased} \
               GROUP BY item) AS gone ON line.item = gone.item \
             WHERE kept.found <= line.expected \
             GROUP BY line.stream, line.partition ORDER BY stream, partition",
            is_over = self.is_over(table.name()),
            expected = table.expected(),
            item = table.item(),
            erased = self.table("erased_items"),
        );
        let group = &self.config.kafka.group;
        let query = self
            .bound(&sql, bounds)
            .bind(group)
            .bind(streams(bounds))
            .bind(group)
            .bind(streams(bounds));
        self.asked(query.fetch_all().await, table.name())
    }

    /// A query that begins with the parameters of [`BOUNDS`].
    fn bound(&self, sql: &str, bounds: &[Bound]) -> clickhouse::query::Query {
        let streams: Vec<&str> = bounds.iter().map(|b| b.place.stream.as_str()).collect();
        let partitions: Vec<i32> = bounds.iter().map(|b| b.place.partition).collect();
        let ends: Vec<u64> = bounds.iter().map(|b| b.end).collect();
        self.client
            .query(sql)
            .bind(streams)
            .bind(partitions)
            .bind(ends)
    }
}

/// Each stream once.
fn streams(bounds: &[Bound]) -> Vec<&str> {
    let mut streams: Vec<&str> = bounds.iter().map(|b| b.place.stream.as_str()).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_gathered_and_large_ones_parted() {
        let day = |day, lines| Day { day, lines };
        let days = [
            day(10, 900_000),
            day(11, 900_000),
            day(20, 900_000),
            day(21, 5_000_000),
            day(22, 1),
        ];
        let slices = slices(&days);
        let shown: Vec<_> = slices.iter().map(|s| (s.days, s.part)).collect();
        let expected = [
            ((10, 11), (0, 1)),
            ((20, 20), (0, 1)),
            ((21, 21), (0, 3)),
            ((21, 21), (1, 3)),
            ((21, 21), (2, 3)),
            ((22, 22), (0, 1)),
        ];
        assert_eq!(shown, expected);
        assert_eq!(slices.iter().map(|s| s.lines).max(), Some(1_800_000));
    }
}
