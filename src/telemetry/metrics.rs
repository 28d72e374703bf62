//! Every metric: its name, its meaning, and the function that counts it.
//!
//! Until [`install`] was called, counting is a no-op. Labels hold names of the configuration (topic,
//! table), partition numbers and words of this program, never text from records. Functions are
//! called once a batch or a try, not once a record.

use std::time::Duration;

use anyhow::{Result, anyhow};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::Cause;
use crate::batch::{EnrichedBatch, Kept, OutcomeKind, RawBatch, Reason, SkipReason};
use crate::enrich::privacy;

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name as Prometheus sees it.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// Unit of its values.
    pub unit: Unit,
    /// What it counts, for people.
    pub meaning: &'static str,
}

/// What a metric's values do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// A state.
    Gauge,
    /// How often values fell below each of these bounds.
    Histogram(&'static [f64]),
}

const SECONDS: Kind = Kind::Histogram(&[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
]);
const RECORDS: Kind = Kind::Histogram(&[
    1.0, 10.0, 100.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 2.5e4, 1e5, 1e6,
]);
const BYTES: Kind = Kind::Histogram(&[
    1024.0,
    16384.0,
    131_072.0,
    1_048_576.0,
    4_194_304.0,
    8_388_608.0,
    33_554_432.0,
    268_435_456.0,
]);

const fn metric(name: &'static str, kind: Kind, unit: Unit, meaning: &'static str) -> Metric {
    Metric {
        name,
        kind,
        unit,
        meaning,
    }
}

/// By `topic`: [`batch_read`].
pub const READ: Metric = metric(
    "sada_records_read_total",
    Kind::Counter,
    Unit::Count,
    "records taken from Kafka",
);
/// By `topic`: [`batch_written`].
pub const ROWS: Metric = metric(
    "sada_rows_written_total",
    Kind::Counter,
    Unit::Count,
    "records that became rows",
);
/// By `topic` and `reason` ([`Reason::code`]): [`batch_written`].
pub const REJECTED: Metric = metric(
    "sada_records_rejected_total",
    Kind::Counter,
    Unit::Count,
    "records that became dead letters",
);
/// By `topic` and `reason` ([`SkipReason::name`]): [`batch_written`].
pub const SKIPPED: Metric = metric(
    "sada_records_skipped_total",
    Kind::Counter,
    Unit::Count,
    "records that leave nothing to store",
);
/// By `kind` ([`Kind::name`](privacy::Kind::name)): [`batch_written`].
pub const REDACTIONS: Metric = metric(
    "sada_redactions_total",
    Kind::Counter,
    Unit::Count,
    "pieces of personal data replaced in the rows written",
);
/// By `topic`: [`gap`].
pub const GAPS: Metric = metric(
    "sada_records_gap_total",
    Kind::Counter,
    Unit::Count,
    "records that Kafka deleted before they were read: lost",
);
/// By `cause` ([`Cause::name`]): [`retry`].
pub const RETRIES: Metric = metric(
    "sada_retries_total",
    Kind::Counter,
    Unit::Count,
    "writes and commits that failed and are tried again",
);
/// Without labels: [`replayed`].
pub const REPLAYED: Metric = metric(
    "sada_records_replayed_total",
    Kind::Counter,
    Unit::Count,
    "records read again, since they may have been written before",
);
/// Without labels: [`assignment_changed`].
pub const ASSIGNMENTS: Metric = metric(
    "sada_assignments_total",
    Kind::Counter,
    Unit::Count,
    "times the group gave this instance partitions (epochs)",
);
/// By `topic` and `partition`: [`partition`].
pub const LAG_RECORDS: Metric = metric(
    "sada_lag_records",
    Kind::Gauge,
    Unit::Count,
    "offsets between what is durable and the partition's end",
);
/// By `topic` and `partition`: [`partition`].
pub const LAG_SECONDS: Metric = metric(
    "sada_lag_seconds",
    Kind::Gauge,
    Unit::Seconds,
    "age of the newest durable record while there is lag, else 0",
);
/// By `topic` and `partition`: [`partition`].
pub const STILL_SECONDS: Metric = metric(
    "sada_still_seconds",
    Kind::Gauge,
    Unit::Seconds,
    "how long a partition with lag has made no progress, else 0",
);
/// Without labels: [`state`].
pub const OLDEST_UNCOMMITTED: Metric = metric(
    "sada_oldest_uncommitted_seconds",
    Kind::Gauge,
    Unit::Seconds,
    "how long ago the oldest record that is not yet committed was read; 0 if there is none",
);
/// Without labels: [`state`].
pub const PARTITIONS: Metric = metric(
    "sada_partitions_held",
    Kind::Gauge,
    Unit::Count,
    "partitions that this instance reads",
);
/// Without labels: [`state`].
pub const PAUSED: Metric = metric(
    "sada_paused",
    Kind::Gauge,
    Unit::Count,
    "1 while reading is paused because batches are not taken fast enough, else 0",
);
/// Without labels: [`bytes_held`].
pub const BYTES_HELD: Metric = metric(
    "sada_held_bytes",
    Kind::Gauge,
    Unit::Bytes,
    "bytes of keys, payloads and headers in batches that are being formed or wait for the pipeline; \
     not those it works on, nor what the Kafka client has fetched; reading pauses at half of \
     batch.memory",
);
/// Without labels: [`repaired`].
pub const REPAIRED: Metric = metric(
    "sada_rows_repaired_total",
    Kind::Counter,
    Unit::Count,
    "rows written again, since O-data of them came late or was corrected",
);
/// Without labels: [`repair_lag`].
pub const REPAIR_LAG: Metric = metric(
    "sada_repair_lag_seconds",
    Kind::Gauge,
    Unit::Seconds,
    "age of the oldest write that repair may not have looked at; 0 where another instance repairs",
);
/// Without labels: [`batch_read`].
pub const BATCH_RECORDS: Metric = metric(
    "sada_batch_records",
    RECORDS,
    Unit::Count,
    "records in a batch",
);
/// Without labels: [`batch_read`].
pub const BATCH_BYTES: Metric = metric("sada_batch_bytes", BYTES, Unit::Bytes, "bytes in a batch");
/// By `table`: [`insert_took`].
pub const INSERT_SECONDS: Metric = metric(
    "sada_insert_seconds",
    SECONDS,
    Unit::Seconds,
    "time of an insert that succeeded",
);
/// Without labels: [`commit_took`].
pub const COMMIT_SECONDS: Metric = metric(
    "sada_commit_seconds",
    SECONDS,
    Unit::Seconds,
    "time of a commit that succeeded",
);
/// Without labels: [`index`].
pub const INDEX_RECORDS: Metric = metric(
    "sada_index_records_total",
    Kind::Counter,
    Unit::Count,
    "changes of O-data applied to this instance's index",
);
/// Without labels: [`index`].
pub const INDEX_LAG: Metric = metric(
    "sada_index_lag_records",
    Kind::Gauge,
    Unit::Count,
    "offsets between what this instance's index holds and the ends of the feeds",
);
/// Without labels: [`index`].
pub const INDEX_BYTES: Metric = metric(
    "sada_index_bytes",
    Kind::Gauge,
    Unit::Bytes,
    "size of this instance's index on disk",
);

/// All of them.
pub const ALL: [Metric; 25] = [
    READ,
    ROWS,
    REJECTED,
    SKIPPED,
    REDACTIONS,
    GAPS,
    RETRIES,
    REPLAYED,
    ASSIGNMENTS,
    LAG_RECORDS,
    LAG_SECONDS,
    STILL_SECONDS,
    OLDEST_UNCOMMITTED,
    PARTITIONS,
    PAUSED,
    BYTES_HELD,
    REPAIRED,
    REPAIR_LAG,
    BATCH_RECORDS,
    BATCH_BYTES,
    INSERT_SECONDS,
    COMMIT_SECONDS,
    INDEX_RECORDS,
    INDEX_LAG,
    INDEX_BYTES,
];

/// Begins to count, for the whole process. Counters of the topics that are read start at 0, so that
/// the first event is seen as an increase.
///
/// # Errors
/// It has begun already.
pub fn install(topics: &[String]) -> Result<PrometheusHandle> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| anyhow!("metrics are counted already"))?;
    begin(topics);
    Ok(handle)
}

fn recorder() -> Result<PrometheusRecorder> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let name = Matcher::Full(metric.name.to_owned());
            builder = builder.set_buckets_for_metric(name, bounds)?;
        }
    }
    Ok(builder.build_recorder())
}

fn begin(topics: &[String]) {
    for Metric {
        name,
        kind,
        unit,
        meaning,
    } in ALL
    {
        match kind {
            Kind::Counter => describe_counter!(name, unit, meaning),
            Kind::Gauge => describe_gauge!(name, unit, meaning),
            Kind::Histogram(_) => describe_histogram!(name, unit, meaning),
        }
    }
    for topic in topics {
        for name in [READ.name, ROWS.name, GAPS.name] {
            counter!(name, "topic" => topic.clone()).increment(0);
        }
        for reason in Reason::ALL {
            rejected(topic, reason.code(), 0);
        }
        for reason in SkipReason::ALL {
            skipped(topic, reason, 0);
        }
    }
    for cause in Cause::ALL {
        counter!(RETRIES.name, "cause" => cause.name()).increment(0);
    }
    for kind in privacy::Kind::ALL {
        redacted(kind, 0);
    }
    counter!(REPLAYED.name).increment(0);
    counter!(ASSIGNMENTS.name).increment(0);
    counter!(REPAIRED.name).increment(0);
    bytes_held(0);
}

/// A batch goes from the source to the pipeline. Call it once a batch, not again on a retry.
pub fn batch_read(batch: &RawBatch) {
    let topic = batch.partition().topic.to_string();
    counter!(READ.name, "topic" => topic).increment(batch.len() as u64);
    histogram!(BATCH_RECORDS.name).record(batch.len() as f64);
    histogram!(BATCH_BYTES.name).record(batch.bytes() as f64);
}

/// A batch is durable in every sink. Call it once a batch, after the last insert.
pub fn batch_written(batch: &EnrichedBatch) {
    let topic = &batch.offsets.partition.topic;
    let (mut rows, mut gaps) = (0, 0);
    let mut redactions = privacy::Redactions::default();
    for outcome in &batch.outcomes {
        match &outcome.kind {
            OutcomeKind::Row(enriched) => {
                rows += 1;
                redactions.add_all(&enriched.redactions);
            }
            OutcomeKind::Operational(_) => rows += 1,
            // Rare, so counted one by one.
            OutcomeKind::DeadLetter(letter) => rejected(topic, letter.error.reason.code(), 1),
            OutcomeKind::Skipped(reason) => skipped(topic, *reason, 1),
            OutcomeKind::Gap => gaps += 1,
            OutcomeKind::Kept(Kept::Row { .. }) => rows += 1,
            OutcomeKind::Kept(Kept::DeadLetter { reason }) => rejected(topic, reason, 1),
        }
    }
    if gaps > 0 {
        gap(topic, gaps);
    }
    for (kind, count) in redactions.by_kind() {
        redacted(kind, count);
    }
    counter!(ROWS.name, "topic" => topic.to_string()).increment(rows);
}

fn redacted(kind: privacy::Kind, count: u32) {
    counter!(REDACTIONS.name, "kind" => kind.name()).increment(count.into());
}

fn rejected(topic: &str, reason: &str, count: u64) {
    counter!(REJECTED.name, "topic" => topic.to_owned(), "reason" => reason.to_owned())
        .increment(count);
}

fn skipped(topic: &str, reason: SkipReason, count: u64) {
    counter!(SKIPPED.name, "topic" => topic.to_owned(), "reason" => reason.name()).increment(count);
}

/// Retention took this many records before they were read.
pub fn gap(topic: &str, records: u64) {
    counter!(GAPS.name, "topic" => topic.to_owned()).increment(records);
}

/// Something failed and will be tried again. [`Writing::failed`](crate::health::Writing::failed)
/// and [`Health::recovery_failed`](crate::health::Health::recovery_failed) call it; call it
/// yourself for commits alone.
pub fn retry(cause: Cause) {
    counter!(RETRIES.name, "cause" => cause.name()).increment(1);
}

/// This many records are read a second time: after a crash, or an offset that was set back. Call it
/// for each batch in doubt.
pub fn replayed(records: u64) {
    counter!(REPLAYED.name).increment(records);
}

/// The group gave partitions. [`Health::assigned`](crate::health::Health::assigned) calls it.
pub fn assignment_changed() {
    counter!(ASSIGNMENTS.name).increment(1);
}

/// Repair wrote rows.
pub fn repaired(rows: u64) {
    counter!(REPAIRED.name).increment(rows);
}

/// How long ago the oldest write was that repair may not have looked at.
pub fn repair_lag(lag: Duration) {
    gauge!(REPAIR_LAG.name).set(lag.as_secs_f64());
}

/// Bytes of records that wait to be worked on now, without those that are: once a round of polling.
pub fn bytes_held(bytes: usize) {
    gauge!(BYTES_HELD.name).set(bytes as f64);
}

/// An insert into a table succeeded.
pub fn insert_took(table: &'static str, time: Duration) {
    histogram!(INSERT_SECONDS.name, "table" => table).record(time);
}

/// A commit succeeded.
pub fn commit_took(time: Duration) {
    histogram!(COMMIT_SECONDS.name).record(time);
}

/// The index of O-data took so many changes in, is so many offsets behind, and so large.
pub fn index(applied: u64, lag: u64, bytes: u64) {
    counter!(INDEX_RECORDS.name).increment(applied);
    gauge!(INDEX_LAG.name).set(lag as f64);
    gauge!(INDEX_BYTES.name).set(bytes as f64);
}

/// How far a partition is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Behind {
    /// Offsets that are not durable yet.
    pub records: i64,
    /// See [`LAG_SECONDS`].
    pub seconds: f64,
    /// See [`STILL_SECONDS`].
    pub still: f64,
}

/// State of a partition. [`Health::publish`](crate::health::Health::publish) calls it.
pub fn partition(topic: &str, number: i32, behind: Behind) {
    let labels = [
        ("topic", topic.to_owned()),
        ("partition", number.to_string()),
    ];
    gauge!(LAG_RECORDS.name, &labels).set(behind.records as f64);
    gauge!(LAG_SECONDS.name, &labels).set(behind.seconds);
    gauge!(STILL_SECONDS.name, &labels).set(behind.still);
}

/// State of the instance. [`Health::publish`](crate::health::Health::publish) calls it.
pub fn state(partitions: usize, paused: bool, oldest_uncommitted: Duration) {
    gauge!(PARTITIONS.name).set(partitions as f64);
    gauge!(PAUSED.name).set(f64::from(u8::from(paused)));
    gauge!(OLDEST_UNCOMMITTED.name).set(oldest_uncommitted.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Computed, DecodeError, Outcome, Partition, Rejected};

    /// What is rendered after `counting`, with the counters of topic `t` begun.
    fn rendered(counting: impl FnOnce()) -> String {
        let recorder = recorder().unwrap();
        metrics::with_local_recorder(&recorder, || {
            begin(&["t".to_owned()]);
            counting();
        });
        recorder.handle().render()
    }

    fn assert_line(text: &str, line: &str) {
        assert!(
            text.lines().any(|l| l == line),
            "{line:?} is not in\n{text}"
        );
    }

    fn raw() -> RawBatch {
        let partition = Partition {
            topic: "t".into(),
            stream: "s".into(),
            number: 3,
        };
        let mut batch = RawBatch::new(partition, 1);
        batch.push(5, 0, Some(b"key"), Some(b"{"), []);
        batch.push(6, 0, None, None, []);
        batch
    }

    fn enriched() -> EnrichedBatch {
        let raw = raw();
        let error = DecodeError {
            reason: Reason::MalformedJson,
            field: String::new(),
            message: "cut off".into(),
        };
        let letter = Rejected::new(&raw.record(0), error);
        let outcome = |offset, kind| Outcome {
            offset,
            time: 0,
            kind,
        };
        EnrichedBatch {
            offsets: raw.offsets().unwrap(),
            outcomes: vec![
                outcome(5, OutcomeKind::DeadLetter(Box::new(letter))),
                outcome(6, OutcomeKind::Skipped(SkipReason::Tombstone)),
            ],
            computed: Computed::STREAM,
            raw,
        }
    }

    #[test]
    fn a_batch_counts_its_records_and_their_outcomes() {
        let text = rendered(|| {
            batch_read(&raw());
            batch_written(&enriched());
        });
        for line in [
            r#"sada_records_read_total{topic="t"} 2"#,
            r#"sada_rows_written_total{topic="t"} 0"#,
            r#"sada_records_rejected_total{topic="t",reason="malformed_json"} 1"#,
            r#"sada_records_skipped_total{topic="t",reason="tombstone"} 1"#,
            r#"sada_batch_records_bucket{le="1"} 0"#,
            r#"sada_batch_records_bucket{le="10"} 1"#,
            "sada_batch_bytes_sum 4",
        ] {
            assert_line(&text, line);
        }
    }

    #[test]
    fn what_never_happened_is_told_as_zero() {
        let text = rendered(|| {});
        for line in [
            r#"sada_records_rejected_total{topic="t",reason="unknown_kind"} 0"#,
            r#"sada_retries_total{cause="too_many_parts"} 0"#,
            r#"sada_records_gap_total{topic="t"} 0"#,
            r#"sada_redactions_total{kind="passport"} 0"#,
            "sada_records_replayed_total 0",
        ] {
            assert_line(&text, line);
        }
    }

    #[test]
    fn each_metric_is_rendered_with_its_meaning() {
        let text = rendered(|| {
            batch_read(&raw());
            retry(Cause::Timeout);
            gap("t", 7);
            replayed(2);
            repaired(5);
            repair_lag(Duration::from_secs(8));
            index(6, 1, 4096);
            assignment_changed();
            bytes_held(12);
            insert_took("feedback", Duration::from_millis(30));
            commit_took(Duration::from_millis(3));
            let behind = Behind {
                records: 9,
                seconds: 1.5,
                still: 0.5,
            };
            partition("t", 3, behind);
            state(4, true, Duration::from_secs(2));
        });
        for Metric { name, meaning, .. } in ALL {
            assert_line(&text, &format!("# HELP {name} {meaning}"));
        }
        for line in [
            r#"sada_retries_total{cause="timeout"} 1"#,
            r#"sada_records_gap_total{topic="t"} 7"#,
            r#"sada_insert_seconds_bucket{table="feedback",le="0.025"} 0"#,
            r#"sada_insert_seconds_bucket{table="feedback",le="0.05"} 1"#,
            r#"sada_lag_records{topic="t",partition="3"} 9"#,
            r#"sada_still_seconds{topic="t",partition="3"} 0.5"#,
            "sada_partitions_held 4",
            "sada_paused 1",
            "sada_oldest_uncommitted_seconds 2",
            "sada_held_bytes 12",
        ] {
            assert_line(&text, line);
        }
    }
}
