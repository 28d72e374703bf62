//! All partitions of some topics, read from given offsets and on without end, beside all groups.
//!
//! A topic that was made again is read from its start under its new id, and partitions that are
//! added are read, too: both are looked for now and then. Nothing is committed: whoever reads keeps
//! the offsets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tracing::{info, warn};

use super::{ToTheEnd, reader, topic_ids};
use crate::batch::{Partition, RawBatch};
use crate::config::Config;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often topics are looked at again.
const LOOK: Duration = Duration::from_secs(10);
/// Nothing came for so long, after the ends were told: what is missing are no records.
const SILENCE: Duration = Duration::from_secs(1);

/// See the module.
pub struct Follower {
    consumer: BaseConsumer<ToTheEnd>,
    topics: Vec<String>,
    /// Ids of topics on a broker that has none.
    streams: HashMap<String, String>,
    held: BTreeMap<(String, i32), Held>,
    looked: Option<Instant>,
    /// Ends told by partition number, since the partitions were assigned: Kafka's client does not
    /// say of which topic.
    ends: HashMap<i32, usize>,
    /// When the last record came.
    last: Instant,
}

struct Held {
    partition: Partition,
    /// First offset that was not read.
    next: i64,
    /// Offset after the last one, when it was looked at.
    end: i64,
}

impl Follower {
    /// Connects. `streams`: ids of topics on a broker that has none.
    ///
    /// # Errors
    /// A property of Kafka is wrong.
    pub fn connect(
        config: &Config,
        topics: Vec<String>,
        streams: HashMap<String, String>,
    ) -> Result<Self> {
        let consumer = super::bystander(config)?
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(ToTheEnd)
            .map_err(super::check::refused_property)?;
        Ok(Self {
            consumer,
            topics,
            streams,
            held: BTreeMap::new(),
            looked: None,
            ends: HashMap::new(),
            last: Instant::now(),
        })
    }

    /// Looks which partitions there are and where they end, and reads those that are new from where
    /// `position` says, else from their start. Does nothing if that was done a short time ago.
    ///
    /// # Errors
    /// Kafka does not answer, or `position` fails.
    pub fn look(&mut self, position: impl Fn(&Partition) -> Result<Option<i64>>) -> Result<()> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(());
        }
        let mut there = BTreeMap::new();
        for partition in self.partitions()? {
            let (topic, number) = (partition.topic.to_string(), partition.number);
            let (start, end) = reader::bounds(&self.consumer, &topic, number)?;
            let key = (topic, number);
            let known = self.held.get(&key);
            let next = match known.filter(|held| held.partition == partition) {
                Some(held) => held.next,
                None => {
                    if known.is_some() {
                        info!(%partition, "the topic was made again: it is read from its start");
                    }
                    // What retention took is gone; beyond the end is what never was.
                    let next = position(&partition)?.unwrap_or(start);
                    if next > end { start } else { next.max(start) }
                }
            };
            there.insert(
                key,
                Held {
                    partition,
                    next,
                    end,
                },
            );
        }
        let same = |(a, b): (&Held, &Held)| a.partition == b.partition;
        let changed =
            there.len() != self.held.len() || !there.values().zip(self.held.values()).all(same);
        self.held = there;
        if changed {
            self.assign()?;
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    fn assign(&mut self) -> Result<()> {
        let mut list = TopicPartitionList::new();
        for ((topic, number), held) in &self.held {
            list.add_partition_offset(topic, *number, Offset::Offset(held.next))?;
        }
        self.ends.clear();
        self.last = Instant::now();
        self.consumer
            .assign(&list)
            .context("can't read the topics of O-data")
    }

    /// Partitions as they are now, in this life of their topics.
    fn partitions(&self) -> Result<Vec<Partition>> {
        let mut ids = self.streams.clone();
        let unknown = |topic: &&String| !ids.contains_key(*topic);
        let unknown: Vec<String> = self.topics.iter().filter(unknown).cloned().collect();
        if !unknown.is_empty() {
            let told = topic_ids::describe(self.consumer.client(), &unknown, TIMEOUT)?;
            let named = told.into_iter().map(|(topic, id)| {
                let id = id.unwrap_or_else(|| topic.clone());
                (topic, id)
            });
            ids.extend(named);
        }
        let mut partitions = Vec::new();
        for topic in &self.topics {
            let Some(id) = ids.get(topic) else { continue };
            let metadata = self.consumer.fetch_metadata(Some(topic), TIMEOUT);
            let metadata = metadata.with_context(|| format!("can't ask Kafka for {topic}"))?;
            let (name, stream): (Arc<str>, Arc<str>) = (topic.as_str().into(), id.as_str().into());
            let described = metadata.topics().iter().filter(|t| t.name() == topic);
            partitions.extend(described.flat_map(|t| t.partitions()).map(|p| Partition {
                topic: name.clone(),
                stream: stream.clone(),
                number: p.id(),
            }));
        }
        Ok(partitions)
    }

    /// Reads records until there are so many, or bytes, or so long; one batch a partition.
    ///
    /// # Errors
    /// Kafka refuses for good.
    pub fn read(&mut self, records: usize, bytes: usize, time: Duration) -> Result<Vec<RawBatch>> {
        let mut batches: Vec<RawBatch> = Vec::new();
        // Of one partition, many come in a row.
        let mut current = 0;
        let (mut count, mut size) = (0, 0);
        let begun = Instant::now();
        while count < records && size < bytes && begun.elapsed() < time {
            let message = match self.consumer.poll(time.saturating_sub(begun.elapsed())) {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    note(&mut self.ends, &error)?;
                    continue;
                }
                None => break,
            };
            let (topic, number) = (message.topic(), message.partition());
            let of = |batch: &RawBatch| {
                batch.partition().number == number && *batch.partition().topic == *topic
            };
            if !batches.get(current).is_some_and(of) {
                current = match batches.iter().position(of) {
                    Some(known) => known,
                    None => {
                        let Some(held) = self.held.get(&(topic.to_owned(), number)) else {
                            continue;
                        };
                        batches.push(RawBatch::new(held.partition.clone(), 0));
                        batches.len() - 1
                    }
                };
            }
            let batch = &mut batches[current];
            super::push(&message, batch);
            count += 1;
            size += message.payload_len();
        }
        for batch in &batches {
            let key = (
                batch.partition().topic.to_string(),
                batch.partition().number,
            );
            if let (Some(held), Some(read)) = (self.held.get_mut(&key), batch.offsets()) {
                held.next = read.range.end() + 1;
            }
        }
        if count > 0 {
            self.last = Instant::now();
        }
        Ok(batches)
    }

    /// How much there is to read up to the ends that were looked at last. What transactions and
    /// compaction leave behind without a record counts until all ends were told and nothing comes.
    pub fn behind(&self) -> u64 {
        let offsets = self.held.iter().map(|((_, number), held)| {
            let sharing = self.held.keys().filter(|(_, n)| n == number).count();
            let ended = self.ends.get(number).is_some_and(|told| *told >= sharing);
            match ended && self.last.elapsed() > SILENCE {
                true => 0,
                false => held.end.saturating_sub(held.next).max(0).unsigned_abs(),
            }
        });
        offsets.sum()
    }
}

/// Tells ends from errors.
fn note(ends: &mut HashMap<i32, usize>, error: &KafkaError) -> Result<()> {
    match error {
        KafkaError::PartitionEOF(number) => *ends.entry(*number).or_default() += 1,
        error if super::is_hopeless(error) => {
            return Err(anyhow!(error.clone()).context("Kafka refuses to be read"));
        }
        error => warn!(%error, "can't read O-data, trying again"),
    }
    Ok(())
}
