//! Does every line of outcome `row` have its item in its table, as new or newer?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;

use super::subject::Subject;
use super::{PartitionReport, Parts};
use crate::ranges::{Ranges, spans};
use crate::warehouse::Table;
use crate::warehouse::audit::Place;
use crate::warehouse::audit::rows::{Bound, Lacking};

/// Offsets remembered of a partition, the lowest.
const REMEMBERED: usize = 100_000;

/// Checks the rows of all partitions of a table together. Lines in flight and ahead are left out.
pub(super) async fn check(
    parts: &Parts,
    subjects: &[Subject],
    reports: &mut [PartitionReport],
) -> Result<()> {
    let mut tables: BTreeMap<Table, Vec<Bound>> = BTreeMap::new();
    for subject in subjects {
        let table = parts.audit.table_of(&subject.topic);
        tables.entry(table).or_default().extend(bound(subject));
    }
    let mut lacking: HashMap<Place, Offsets> = HashMap::new();
    for (table, bounds) in tables.iter().filter(|(_, bounds)| !bounds.is_empty()) {
        check_table(parts, *table, bounds, &mut lacking).await?;
    }
    for (subject, report) in subjects.iter().zip(reports) {
        if let Some(offsets) = lacking.remove(&subject.place) {
            report.expired_rows = offsets.expired;
            report.erased_rows = offsets.erased;
            report.without_row = offsets.ranges();
        }
    }
    Ok(())
}

async fn check_table(
    parts: &Parts,
    table: Table,
    bounds: &[Bound],
    lacking: &mut HashMap<Place, Offsets>,
) -> Result<()> {
    let doing = format!("rows of the lines in {}", table.name());
    parts.progress.doing(&doing);
    let slices = parts.audit.slices(bounds).await?;
    for (number, slice) in slices.iter().enumerate() {
        let part = format!("{doing}, part {} of {}", number + 1, slices.len());
        parts.progress.doing(&part);
        let mut found = parts.audit.without_row(table, bounds, slice, false).await?;
        if found.iter().any(|f| f.lines > 0) {
            let again = parts.audit.without_row(table, bounds, slice, true).await?;
            found = in_both(found, again);
        }
        for found in found {
            let place = Place {
                stream: found.stream,
                partition: found.partition,
            };
            let offsets = lacking.entry(place).or_default();
            offsets.erased += found.erased;
            offsets.add(found.lines, found.expired, found.offsets);
        }
        parts.progress.add(slice.lines);
    }
    Ok(())
}

fn bound(subject: &Subject) -> Option<Bound> {
    subject.known.span?;
    Some(Bound {
        place: subject.place.clone(),
        end: subject.end()?,
    })
}

/// What was found twice.
fn in_both(first: Vec<Lacking>, mut again: Vec<Lacking>) -> Vec<Lacking> {
    let mut first: HashMap<(String, i32), Lacking> = first
        .into_iter()
        .map(|l| ((l.stream.clone(), l.partition), l))
        .collect();
    again.retain_mut(|found| {
        let Some(before) = first.remove(&(found.stream.clone(), found.partition)) else {
            return found.expired + found.erased > 0 && found.lines == 0;
        };
        let seen: BTreeSet<u64> = before.offsets.into_iter().collect();
        let all_named = found.offsets.len() as u64 == found.lines;
        found.offsets.retain(|offset| seen.contains(offset));
        found.lines = match all_named {
            true => found.offsets.len() as u64,
            false => found.lines.min(before.lines),
        };
        true
    });
    again
}

/// Offsets without a row, gathered slice by slice: all counted, the lowest remembered.
#[derive(Default)]
struct Offsets {
    lines: u64,
    expired: u64,
    erased: u64,
    lowest: BTreeSet<u64>,
    /// Lines whose offset is not remembered, or which share it with another line.
    forgotten: bool,
}

impl Offsets {
    fn add(&mut self, lines: u64, expired: u64, offsets: Vec<u64>) {
        self.lines += lines;
        self.expired += expired;
        self.forgotten |= lines > offsets.len() as u64;
        self.lowest.extend(offsets);
        while self.lowest.len() > REMEMBERED {
            self.lowest.pop_last();
            self.forgotten = true;
        }
    }

    fn ranges(self) -> Ranges {
        let mut ranges = Ranges::default();
        ranges.extend(spans(self.lowest));
        if self.forgotten {
            (ranges.count, ranges.truncated) = (self.lines, true);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(partition: i32, offsets: &[u64]) -> Lacking {
        Lacking {
            stream: "s".into(),
            partition,
            lines: offsets.len() as u64,
            expired: 0,
            erased: 0,
            offsets: offsets.to_vec(),
        }
    }

    #[test]
    fn what_is_found_only_once_is_no_finding() {
        let first = vec![lacking(0, &[1, 2, 3]), lacking(1, &[9])];
        let again = vec![lacking(0, &[2, 3, 4]), lacking(2, &[5])];
        assert_eq!(in_both(first, again), [lacking(0, &[2, 3])]);
    }

    #[test]
    fn slices_add_up_to_ranges() {
        let mut offsets = Offsets::default();
        offsets.add(2, 1, vec![4, 8]);
        offsets.add(2, 0, vec![5, 9]);
        assert_eq!(offsets.expired, 1);
        let ranges = offsets.ranges();
        assert_eq!((ranges.count, ranges.truncated), (4, false));
        assert_eq!(ranges.ranges, [(4, 5), (8, 9)]);
    }

    #[test]
    fn more_than_can_be_remembered_are_counted() {
        let mut offsets = Offsets::default();
        for slice in 0..3_u64 {
            let slice_of = (0..REMEMBERED as u64).map(|o| 3 * o + slice);
            offsets.add(1_000_000, 0, slice_of.collect());
        }
        let ranges = offsets.ranges();
        assert_eq!((ranges.count, ranges.truncated), (3_000_000, true));
        assert_eq!(ranges.ranges, [(0, REMEMBERED as u64 - 1)]);
    }
}
