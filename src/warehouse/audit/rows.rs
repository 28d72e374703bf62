//! Which lines of outcome `row` have no row in `feedback`, or only an older one.
//!
//! Lines and rows meet by the hash of the item, in slices of it: each slice reads the keys of all
//! rows, and holds only those of its items.

use anyhow::Result;
use clickhouse::Row;
use serde::Deserialize;

use super::{Audit, Place};

/// Lines of a slice: some 600 MB of the server's memory.
const SLICE: u64 = 2_000_000;
/// Offsets named of a partition and slice, the lowest; of the others only the number is known.
const NAMED: usize = 100_000;

/// Slices that so many lines are looked at in.
pub fn slices(lines: u64) -> u64 {
    lines.div_ceil(SLICE).max(1)
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
    /// Offsets of the former, ascending, the first 100,000.
    pub offsets: Vec<u64>,
}

impl Audit {
    /// Lines of these places, in the slice of this number, that lack their row.
    ///
    /// # Errors
    /// The query fails.
    pub async fn without_row(
        &self,
        bounds: &[Bound],
        number: u64,
        slices: u64,
    ) -> Result<Vec<Lacking>> {
        let mut streams: Vec<&str> = bounds.iter().map(|b| b.place.stream.as_str()).collect();
        let each_stream = streams.clone();
        let partitions: Vec<i32> = bounds.iter().map(|b| b.place.partition).collect();
        let ends: Vec<u64> = bounds.iter().map(|b| b.end).collect();
        streams.sort_unstable();
        streams.dedup();
        let is_row = format!(
            "consumer_group = ? AND stream IN ? AND outcome = 'row' \
             AND item_hash % {slices} = {number}"
        );
        let (ingested, feedback) = (self.table("ingested"), self.table("feedback"));
        // The version that `feedback` computes for the row of this line. One is added to those
        // found, so that none, which the join gives as 0, is less than any.
        let sql = format!(
            "SELECT toString(line.stream) AS stream, line.partition AS partition, \
                    countIf(NOT line.is_over) AS lines, countIf(line.is_over) AS expired, \
                    groupArraySortedIf({NAMED})(line.offset, NOT line.is_over) AS offsets \
             FROM ( \
               SELECT stream, partition, offset, item_hash AS item, {is_over} AS is_over, \
                      bitShiftLeft(toUInt128(least(version, 17592186044415)), 84) \
                      + bitShiftLeft(toUInt128(least(offset, 17592186044415)), 40) \
                      + least(revision, 1099511627775) AS expected \
               FROM {ingested} AS i INNER JOIN ( \
                 SELECT bound.1 AS stream, bound.2 AS partition, bound.3 AS end FROM ( \
                   SELECT arrayJoin(arrayZip(CAST(? AS Array(String)), CAST(? AS Array(Int32)), \
                                             CAST(? AS Array(UInt64)))) AS bound)) AS b \
               USING (stream, partition) \
               WHERE {is_row} AND offset < end) AS line \
             LEFT JOIN ( \
               SELECT xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id)) AS item, \
                      max(_row_version) + 1 AS found \
               FROM {feedback} \
               WHERE item % {slices} = {number} \
                 AND item IN (SELECT item_hash FROM {ingested} WHERE {is_row}) \
               GROUP BY item) AS kept ON line.item = kept.item \
             WHERE kept.found <= line.expected \
             GROUP BY line.stream, line.partition ORDER BY stream, partition",
            is_over = self.is_over("feedback"),
        );
        let group = self.config.kafka.group.as_str();
        let query = self
            .client
            .query(&sql)
            .bind(each_stream)
            .bind(partitions)
            .bind(ends)
            .bind(group)
            .bind(&streams)
            .bind(group)
            .bind(&streams);
        self.asked(query.fetch_all().await, "feedback")
    }
}
