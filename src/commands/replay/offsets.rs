//! Records of a range of offsets that Kafka still holds, processed again.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use anyhow::{Result, bail};

use super::counts::Failing;
use super::range::OffsetRange;
use super::writer::Writer;
use crate::batch::{Outcome, OutcomeKind, Partition, RawBatch};
use crate::commands::job::{self, align, table};
use crate::commands::say;
use crate::config::Config;
use crate::kafka::log::HeldPartition;
use crate::kafka::{self, GroupLog, TopicReader};
use crate::warehouse::replaying::Line;

/// Most records in a batch.
const RECORDS: usize = 5_000;

/// What became of records.
#[derive(Debug, Default)]
struct Ends {
    read: u64,
    rows: u64,
    /// Of the rows, those that were none before.
    new_rows: u64,
    missing_dead: u64,
    missing_skipped: u64,
    still_dead: u64,
    were_rows: u64,
    skipped: u64,
    failing: Failing,
}

/// Replays a range.
///
/// # Errors
/// Kafka or ClickHouse fails, the range is not one that the group has read, a signal came.
pub async fn replay(config: &Config, writer: &Writer, range: &OffsetRange) -> Result<()> {
    let OffsetRange {
        topic,
        partition,
        offsets,
    } = range;
    let (log, stream) = tokio::task::block_in_place(|| look(config, topic, *partition))?;
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let ask = async || writer.replaying.newest_stream(topic).await;
            writer.ask(ask).await?.unwrap_or_else(|| topic.clone())
        }
    };
    let committed = log.committed.filter(|c| c.is_of(&stream, log.end));
    let Some(committed) = committed else {
        bail!(
            "group {} has read nothing of {topic}[{partition}]: `sada run` does that",
            config.kafka.group
        );
    };
    let read = log.first as i64..committed.offset.min(log.end) as i64;
    let partition = Partition {
        topic: topic.as_str().into(),
        stream: stream.into(),
        number: *partition,
    };
    let held = (*offsets.start()).max(read.start)..=(*offsets.end()).min(read.end - 1);
    let open = || TopicReader::range(config, topic, partition.number, held);
    let mut reader = tokio::task::block_in_place(open)?;
    let bar = job::bar(reader.offsets());
    let mut ends = Ends::default();
    let replayed = async {
        let mut raw = RawBatch::new(partition.clone(), 0);
        while let Some(message) = tokio::task::block_in_place(|| reader.next_record())? {
            writer.go_on()?;
            bar.inc(1);
            kafka::push(&message, &mut raw);
            if raw.len() >= RECORDS.min(config.batch.rows) || raw.bytes() >= config.batch.bytes {
                let full = std::mem::replace(&mut raw, RawBatch::new(partition.clone(), 0));
                ends.batch(writer, full).await?;
            }
        }
        ends.batch(writer, raw).await
    };
    let replayed = replayed.await;
    bar.finish_and_clear();
    ends.report(writer.dry_run)?;
    left_out(offsets, &read)?;
    replayed
}

/// The partition as Kafka has it, and the id of the topic's present life, if the broker tells.
fn look(config: &Config, topic: &str, number: i32) -> Result<(HeldPartition, Option<String>)> {
    let log = GroupLog::connect(config)?;
    let partitions = log.partitions(topic)?;
    let Some(partition) = partitions.into_iter().find(|p| p.number == number) else {
        bail!("Kafka has no partition {topic}[{number}]");
    };
    Ok((partition, log.stream(topic)?))
}

impl Ends {
    async fn batch(&mut self, writer: &Writer, raw: RawBatch) -> Result<()> {
        let partition = raw.partition().clone();
        let Some(mut batch) = writer.enrich(raw) else {
            return Ok(());
        };
        let offsets: Vec<i64> = batch.outcomes.iter().map(|o| o.offset).collect();
        let ask = async || writer.replaying.lines(&partition, &offsets).await;
        let lines = writer.ask(ask).await?;
        self.read += offsets.len() as u64;
        if !writer.dry_run {
            let mut refused = writer.write_rows(&mut batch).await?;
            // What has its outcome keeps it; what has none becomes a dead letter.
            let is_known = |o: &Outcome| {
                lines.contains_key(&o.offset) && refused.iter().any(|r| r.offset == o.offset)
            };
            let before = batch.outcomes.len();
            batch.outcomes.retain(|o| !is_known(o));
            let kept = before - batch.outcomes.len();
            self.failing.refused(kept);
            self.still_dead += kept as u64;
            refused.retain(|r| !lines.contains_key(&r.offset));
            batch.reject(refused);
        }
        batch.outcomes.retain(|outcome| self.count(outcome, &lines));
        if writer.dry_run {
            return Ok(());
        }
        writer.write_outcomes(&batch).await
    }

    /// Counts an outcome; whether it is to be written down.
    fn count(&mut self, outcome: &Outcome, lines: &BTreeMap<i64, Line>) -> bool {
        self.failing.count(outcome);
        let line = lines.get(&outcome.offset);
        let (counter, is_written) = match (&outcome.kind, line) {
            (OutcomeKind::Row(_) | OutcomeKind::Operational(_), line) => {
                self.new_rows += u64::from(line != Some(&Line::Row));
                (&mut self.rows, true)
            }
            (OutcomeKind::DeadLetter(_), None) => (&mut self.missing_dead, true),
            (OutcomeKind::DeadLetter(_), Some(Line::Row)) => (&mut self.were_rows, false),
            (OutcomeKind::DeadLetter(_), Some(_)) => (&mut self.still_dead, false),
            // Only the pipeline recovers what a crash left.
            (OutcomeKind::Kept(_), _) => return false,
            (OutcomeKind::Skipped(_) | OutcomeKind::Gap, None) => (&mut self.missing_skipped, true),
            (OutcomeKind::Skipped(_) | OutcomeKind::Gap, Some(_)) => (&mut self.skipped, false),
        };
        *counter += 1;
        is_written
    }

    fn report(&self, dry_run: bool) -> Result<()> {
        let mut table = table(&["", "records"]);
        let written = if dry_run {
            "would be rows"
        } else {
            "rows written"
        };
        for (what, count) in [
            ("read", self.read),
            (written, self.rows),
            ("  that were none before", self.new_rows),
            ("had no outcome, dead letters now", self.missing_dead),
            ("had no outcome, skipped now", self.missing_skipped),
            ("still dead letters", self.still_dead),
            (
                "rows that would be dead letters now, left as they are",
                self.were_rows,
            ),
            ("skipped", self.skipped),
        ] {
            table.add_row([what.to_owned(), count.to_string()]);
        }
        align(&mut table, 1);
        say(table)?;
        if let Some(table) = self.failing.table() {
            say(format_args!("\n{table}"))?;
        }
        Ok(())
    }
}

/// Says which offsets of the range were not read. `read`: offsets that Kafka holds and the group
/// has passed.
fn left_out(offsets: &RangeInclusive<i64>, read: &Range<i64>) -> Result<()> {
    let (first, last) = (*offsets.start(), *offsets.end());
    if first < read.start {
        say(format_args!(
            "offsets {first}-{} are no longer in Kafka",
            last.min(read.start - 1)
        ))?;
    }
    if last >= read.end {
        say(format_args!(
            "offsets {}-{last} are the pipeline's: it has not passed them yet",
            first.max(read.end)
        ))?;
    }
    Ok(())
}
