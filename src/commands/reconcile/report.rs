//! What was found, for machines: `--json` prints it as it is.

use std::time::Duration;

use serde::Serialize;

use super::subject::{OriginFrom, Subject};
use crate::config::Config;
use crate::ranges::Ranges;
use crate::warehouse::audit::OutcomeCount;

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    /// Nothing is missing, doubled or without its row.
    pub ok: bool,
    pub consumer_group: String,
    pub database: String,
    pub seconds: f64,
    pub totals: Totals,
    pub partitions: Vec<PartitionReport>,
}

/// A partition in one life of its topic.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct PartitionReport {
    pub topic: String,
    pub stream: String,
    /// Kafka has this life of the topic; an earlier one is checked by its evidence alone.
    pub is_present: bool,
    pub partition: i32,
    /// First offset that has to be accounted for, and what tells it.
    pub origin: Option<u64>,
    pub origin_from: Option<OriginFrom>,
    /// Offset before which the group has passed everything.
    pub committed: Option<u64>,
    /// First offset that Kafka holds, and the one after the last.
    pub log: Option<(u64, u64)>,
    /// First and last offset that have to be accounted for.
    pub accounted: Option<(u64, u64)>,
    /// Lines of evidence, of all revisions.
    pub lines: u64,
    pub rows: u64,
    pub dead_letters: u64,
    pub skipped: u64,
    pub gaps: u64,
    /// Lines of replays.
    pub replays: u64,
    /// The same by reason.
    pub outcomes: Vec<OutcomeCount>,
    pub in_flight: Option<InFlight>,
    /// A record lies there, and it has no line.
    pub missing: Ranges,
    /// Several lines of one revision.
    pub duplicated: Ranges,
    /// A line says row, and `feedback` has not the item, or only an older version.
    pub without_row: Ranges,
    /// A line says dead letter, and `dead_letters` does not have it.
    pub without_dead_letter: Ranges,
    /// Lines at or beyond the committed offset, outside of the range in flight.
    pub ahead: Ranges,
    /// No line, and Kafka can't tell whether there was a record.
    pub unprovable: Ranges,
    /// Offsets without a record: markers of transactions, what compaction took.
    pub empty: u64,
    /// Offsets whose line a time to live may have removed.
    pub expired: u64,
    /// Lines whose row a time to live may have removed.
    pub expired_rows: u64,
    /// Lines whose row was erased with its customer.
    pub erased_rows: u64,
    pub expired_dead_letters: u64,
}

/// A range that the pipeline has announced and not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct InFlight {
    pub first: u64,
    pub last: u64,
    /// Offsets of it that have their line.
    pub lines: u64,
}

/// Sums over partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Totals {
    pub offsets: u64,
    pub rows: u64,
    pub dead_letters: u64,
    pub skipped: u64,
    pub gaps: u64,
    pub empty: u64,
    pub replays: u64,
    pub expired: u64,
    pub unprovable: u64,
    pub in_flight: u64,
    pub ahead: u64,
    pub missing: u64,
    pub duplicated: u64,
    pub without_row: u64,
    pub without_dead_letter: u64,
    pub expired_rows: u64,
    pub erased_rows: u64,
}

impl Report {
    pub fn new(config: &Config, partitions: Vec<PartitionReport>, took: Duration) -> Self {
        let mut totals = Totals::default();
        for partition in &partitions {
            totals.add(partition.totals());
        }
        Self {
            ok: totals.is_in_order(),
            consumer_group: config.kafka.group.clone(),
            database: config.clickhouse.database.clone(),
            seconds: (took.as_secs_f64() * 1e3).round() / 1e3,
            totals,
            partitions,
        }
    }
}

impl PartitionReport {
    pub fn new(subject: &Subject) -> Self {
        let origin = subject.origin();
        Self {
            topic: subject.topic.clone(),
            stream: subject.place.stream.clone(),
            is_present: subject.held.is_some(),
            partition: subject.place.partition,
            origin: origin.map(|o| o.0),
            origin_from: origin.map(|o| o.1),
            committed: subject.committed().map(|c| c.offset),
            log: subject.held.as_ref().map(|h| (h.first, h.end)),
            accounted: subject.domain(),
            lines: subject.known.lines,
            ..Self::default()
        }
    }

    /// `topic[3]`.
    pub fn name(&self) -> String {
        format!("{}[{}]", self.topic, self.partition)
    }

    /// Takes over the counts of ends and reasons.
    pub fn count(&mut self, outcomes: Vec<OutcomeCount>) {
        for outcome in &outcomes {
            self.replays += outcome.replays;
            match outcome.outcome.as_str() {
                "row" => self.rows += outcome.records,
                "dead_letter" => self.dead_letters += outcome.records,
                "skipped" => self.skipped += outcome.records,
                "gap" => self.gaps += outcome.records,
                other => tracing::warn!(outcome = other, "outcome not known, not counted"),
            }
        }
        self.outcomes = outcomes;
    }

    pub fn totals(&self) -> Totals {
        Totals {
            offsets: self.accounted.map_or(0, |(first, last)| last - first + 1),
            rows: self.rows,
            dead_letters: self.dead_letters,
            skipped: self.skipped,
            gaps: self.gaps,
            empty: self.empty,
            replays: self.replays,
            expired: self.expired,
            unprovable: self.unprovable.count,
            in_flight: self.in_flight.map_or(0, |f| f.last - f.first + 1),
            ahead: self.ahead.count,
            missing: self.missing.count,
            duplicated: self.duplicated.count,
            without_row: self.without_row.count,
            without_dead_letter: self.without_dead_letter.count,
            expired_rows: self.expired_rows,
            erased_rows: self.erased_rows,
        }
    }
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.offsets += other.offsets;
        self.rows += other.rows;
        self.dead_letters += other.dead_letters;
        self.skipped += other.skipped;
        self.gaps += other.gaps;
        self.empty += other.empty;
        self.replays += other.replays;
        self.expired += other.expired;
        self.unprovable += other.unprovable;
        self.in_flight += other.in_flight;
        self.ahead += other.ahead;
        self.missing += other.missing;
        self.duplicated += other.duplicated;
        self.without_row += other.without_row;
        self.without_dead_letter += other.without_dead_letter;
        self.expired_rows += other.expired_rows;
        self.erased_rows += other.erased_rows;
    }

    fn troubles(&self) -> [(u64, &'static str); 4] {
        [
            (self.missing, "missing"),
            (self.duplicated, "duplicated"),
            (self.without_row, "without their row"),
            (self.without_dead_letter, "without their dead letter"),
        ]
    }

    fn is_in_order(&self) -> bool {
        self.troubles().iter().all(|(count, _)| *count == 0)
    }

    /// `3 missing, 1 duplicated`; empty if all is in order.
    pub fn trouble(&self) -> String {
        let told = self.troubles().into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        told.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(n: u64) -> Ranges {
        let mut ranges = Ranges::default();
        ranges.add((1, n));
        ranges
    }

    fn report(partition: PartitionReport) -> Report {
        Report::new(
            &Config::default(),
            vec![partition],
            Duration::from_millis(1234),
        )
    }

    #[test]
    fn what_is_lost_or_doubled_is_trouble_and_the_rest_is_not() {
        let quiet = PartitionReport {
            ahead: found(3),
            unprovable: found(2),
            empty: 9,
            gaps: 4,
            expired_rows: 5,
            ..PartitionReport::default()
        };
        assert!(report(quiet).ok);
        let lost = PartitionReport {
            missing: found(3),
            without_dead_letter: found(1),
            ..PartitionReport::default()
        };
        let report = report(lost);
        assert!(!report.ok);
        assert_eq!(
            report.totals.trouble(),
            "3 missing, 1 without their dead letter"
        );
    }

    #[test]
    fn machines_get_ranges_as_pairs() {
        let lost = PartitionReport {
            missing: found(3),
            ..PartitionReport::default()
        };
        let json = serde_json::to_value(report(lost)).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["seconds"], 1.234);
        let missing = &json["partitions"][0]["missing"];
        let expected = serde_json::json!({"count": 3, "ranges": [[1, 3]], "truncated": false});
        assert_eq!(*missing, expected);
    }

    #[test]
    fn ends_are_counted_by_kind() {
        let count = |outcome: &str, reason: &str, records, replays| OutcomeCount {
            outcome: outcome.into(),
            reason: reason.into(),
            records,
            replays,
        };
        let mut partition = PartitionReport::default();
        partition.count(vec![
            count("dead_letter", "malformed_json", 2, 0),
            count("dead_letter", "wrong_type", 3, 0),
            count("gap", "", 4, 0),
            count("row", "", 90, 5),
            count("skipped", "tombstone", 1, 0),
        ]);
        let totals = partition.totals();
        assert_eq!((totals.rows, totals.dead_letters), (90, 5));
        assert_eq!((totals.skipped, totals.gaps, totals.replays), (1, 4, 5));
    }
}
