//! Dead letters that now pass become rows, each once.
//!
//! A letter is left out if its record is a row already, by this or an earlier job. A job that was
//! killed may have written rows without their lines of evidence: those are found in `feedback`, and
//! get their line alone. So however often a job is killed and run again, there is one row.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use indicatif::ProgressBar;
use xxhash_rust::xxh3::xxh3_128;

use super::counts::Failing;
use super::writer::Writer;
use crate::batch::{EnrichedBatch, Outcome, OutcomeKind, Partition, RawBatch};
use crate::commands::job::{self, align, table};
use crate::commands::say;
use crate::config::Config;
use crate::kafka::{DeadLetter, TopicReader};
use crate::warehouse::replaying::{Line, Which};

/// Most letters in a batch.
const LETTERS: usize = 5_000;

/// What became of the letters of one reason.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    letters: u64,
    rows: u64,
    were_rows: u64,
    failing: u64,
    open: u64,
}

/// Letters of one partition that wait for their batch.
#[derive(Default)]
struct Forming {
    letters: Vec<DeadLetter>,
    bytes: usize,
}

struct Job<'a> {
    writer: &'a Writer,
    which: Which,
    forming: HashMap<Partition, Forming>,
    /// Identities seen: the topic may hold one twice. Sixteen bytes a letter.
    seen: HashSet<u128>,
    ends: BTreeMap<String, Ends>,
    failing: Failing,
    foreign: u64,
    group: &'a str,
}

/// Replays the dead letters that the topic holds now.
///
/// # Errors
/// Kafka or ClickHouse fails, a signal came.
pub async fn replay(config: &Config, writer: &Writer, which: Which) -> Result<()> {
    let topic = &config.kafka.dead_letter_topic;
    let open = || TopicReader::whole(config, topic);
    let mut reader = tokio::task::block_in_place(open)?;
    let bar = job::bar(reader.offsets());
    let mut job = Job {
        writer,
        which,
        forming: HashMap::new(),
        seen: HashSet::new(),
        ends: BTreeMap::new(),
        failing: Failing::default(),
        foreign: 0,
        group: &config.kafka.group,
    };
    let read = job.read(config, &mut reader, &bar).await;
    bar.finish_and_clear();
    job.report().await?;
    read
}

impl Job<'_> {
    async fn read(
        &mut self,
        config: &Config,
        reader: &mut TopicReader,
        bar: &ProgressBar,
    ) -> Result<()> {
        let (most, memory) = (LETTERS.min(config.batch.rows), config.batch.memory / 2);
        let mut bytes = 0;
        while let Some(message) = tokio::task::block_in_place(|| reader.next_record())? {
            self.writer.go_on()?;
            bar.inc(1);
            let Some(letter) = DeadLetter::parse(&message) else {
                self.foreign += 1;
                continue;
            };
            if !self.asked_for(&letter) || !self.seen.insert(identity(&letter)) {
                continue;
            }
            self.ends.entry(letter.reason.clone()).or_default().letters += 1;
            let partition = letter.partition.clone();
            let forming = self.forming.entry(partition.clone()).or_default();
            forming.bytes += letter.size();
            bytes += letter.size();
            forming.letters.push(letter);
            let full = forming.letters.len() >= most || forming.bytes >= config.batch.bytes;
            if full && let Some(forming) = self.forming.remove(&partition) {
                bytes -= forming.bytes;
                self.batch(partition, forming).await?;
            } else if bytes >= memory {
                bytes = 0;
                self.all_batches().await?;
            }
        }
        self.all_batches().await
    }

    async fn all_batches(&mut self) -> Result<()> {
        for (partition, forming) in std::mem::take(&mut self.forming) {
            self.writer.go_on()?;
            self.batch(partition, forming).await?;
        }
        Ok(())
    }

    fn asked_for(&self, letter: &DeadLetter) -> bool {
        let Which {
            topics,
            reason,
            since,
        } = &self.which;
        (topics.is_empty() || topics.iter().any(|t| **t == *letter.partition.topic))
            && reason.as_ref().is_none_or(|r| *r == letter.reason)
            && since.is_none_or(|since| letter.rejected_at >= since)
    }

    /// Letters of one partition, in the order of their offsets.
    async fn batch(&mut self, partition: Partition, forming: Forming) -> Result<()> {
        let mut letters = forming.letters;
        letters.sort_by_key(|letter| letter.offset);
        let writer = self.writer;
        let offsets: Vec<i64> = letters.iter().map(|l| l.offset).collect();
        let ask = async || writer.replaying.lines(&partition, &offsets).await;
        let lines = writer.ask(ask).await?;

        let mut raw = RawBatch::new(partition.clone(), 0);
        let mut reasons = HashMap::new();
        for letter in letters {
            let ends = self.ends.entry(letter.reason.clone()).or_default();
            match lines.get(&letter.offset) {
                Some(Line::Row) => ends.were_rows += 1,
                // The pipeline has not finished with it, or decided otherwise.
                None | Some(Line::Other) => ends.open += 1,
                Some(Line::DeadLetter) => {
                    letter.push_into(&mut raw);
                    reasons.insert(letter.offset, letter.reason);
                }
            }
        }
        let Some(mut batch) = writer.enrich(raw) else {
            return Ok(());
        };
        for outcome in &batch.outcomes {
            self.failing.count(outcome);
        }
        batch.outcomes.retain(|outcome| {
            matches!(
                outcome.kind,
                OutcomeKind::Row(_) | OutcomeKind::Operational(_)
            )
        });
        let written = match writer.dry_run {
            true => batch.outcomes.iter().map(|o| o.offset).collect(),
            false => self.write(batch).await?,
        };
        for (offset, reason) in reasons {
            let ends = self.ends.entry(reason).or_default();
            match written.contains(&offset) {
                true => ends.rows += 1,
                false => ends.failing += 1,
            }
        }
        Ok(())
    }

    /// Writes rows and their lines; returns the offsets that are rows now.
    async fn write(&mut self, mut batch: EnrichedBatch) -> Result<HashSet<i64>> {
        let writer = self.writer;
        let partition = batch.offsets.partition.clone();
        let offsets: Vec<i64> = batch.outcomes.iter().map(|o| o.offset).collect();
        if offsets.is_empty() {
            return Ok(HashSet::new());
        }
        let ask = async || writer.replaying.replayed_rows(&partition, &offsets).await;
        let there = writer.ask(ask).await?;
        let mut by_revision: BTreeMap<u64, Vec<Outcome>> = BTreeMap::new();
        let mut new = Vec::new();
        for outcome in std::mem::take(&mut batch.outcomes) {
            match there.get(&outcome.offset) {
                Some(revision) => by_revision.entry(*revision).or_default().push(outcome),
                None => new.push(outcome),
            }
        }
        for (revision, outcomes) in by_revision {
            writer.write_lines(&batch, outcomes, revision).await?;
        }
        batch.outcomes = new;
        let refused = writer.write_rows(&mut batch).await?;
        self.failing.refused(refused.len());
        let refused: HashSet<i64> = refused.into_iter().map(|r| r.offset).collect();
        batch.outcomes.retain(|o| !refused.contains(&o.offset));
        writer.write_outcomes(&batch).await?;
        Ok(offsets
            .into_iter()
            .filter(|o| !refused.contains(o))
            .collect())
    }

    async fn report(&self) -> Result<()> {
        let rows = if self.writer.dry_run {
            "would be rows"
        } else {
            "rows now"
        };
        let header = [
            "reason",
            "dead letters",
            rows,
            "were rows already",
            "still failing",
            "no outcome here",
        ];
        let mut table = table(&header);
        for (reason, ends) in &self.ends {
            let numbers = [
                ends.letters,
                ends.rows,
                ends.were_rows,
                ends.failing,
                ends.open,
            ];
            let mut row = vec![reason.clone()];
            row.extend(numbers.map(|n| n.to_string()));
            table.add_row(row);
        }
        align(&mut table, 1);
        match self.ends.is_empty() {
            true => say("No dead letter to replay.")?,
            false => say(table)?,
        }
        if let Some(table) = self.failing.table() {
            say(format_args!("\n{table}"))?;
        }
        let open: u64 = self.ends.values().map(|ends| ends.open).sum();
        if open > 0 {
            say(format_args!(
                "{open} dead letters have no outcome yet from group {}: the pipeline has not \
                 finished with them, or another group wrote them",
                self.group
            ))?;
        }
        if self.foreign > 0 {
            say(format_args!(
                "{} records of the topic are no dead letters of Sada",
                self.foreign
            ))?;
        }
        let count = async || self.writer.replaying.dead_letters(&self.which).await;
        let all = self.writer.ask(count).await?;
        let gone = all.saturating_sub(self.seen.len() as u64);
        if gone > 0 && !self.writer.shutdown.is_cancelled() {
            say(format_args!(
                "{gone} dead letters are no longer in the topic (its retention.ms): what they were \
                 is in table dead_letters, and `sada replay --offsets` reads what the source topic \
                 still holds"
            ))?;
        }
        Ok(())
    }
}

fn identity(letter: &DeadLetter) -> u128 {
    let Partition {
        topic,
        stream,
        number,
    } = &letter.partition;
    xxh3_128(format!("{stream}/{topic}/{number}/{}", letter.offset).as_bytes())
}
