//! What a topic holds as of now, read beside all groups: nothing is subscribed, nothing committed.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};

use super::ToTheEnd;
use crate::config::Config;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long nothing may come before the brokers count as gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Reads a part of a topic to its end.
pub struct TopicReader {
    consumer: BaseConsumer<ToTheEnd>,
    /// Last offset to read, by partition.
    last: HashMap<i32, i64>,
    /// Partitions that are not at their end.
    open: HashSet<i32>,
    offsets: u64,
}

impl TopicReader {
    /// All records that a topic holds now.
    ///
    /// # Errors
    /// No broker answers, the topic does not exist.
    pub fn whole(config: &Config, topic: &str) -> Result<Self> {
        let consumer = consumer(config)?;
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT);
        let metadata =
            metadata.with_context(|| format!("no broker answers at {}", config.kafka.brokers))?;
        let partitions = metadata.topics().iter().find(|t| t.name() == topic);
        let partitions = partitions.map_or(&[][..], |t| t.partitions());
        if partitions.is_empty() {
            bail!("topic {topic} does not exist");
        }
        let mut ranges = Vec::new();
        for partition in partitions {
            let (start, end) = bounds(&consumer, topic, partition.id())?;
            ranges.push((partition.id(), start..=end - 1));
        }
        Self::start(consumer, topic, ranges)
    }

    /// Records of one partition in a range of offsets that Kafka holds.
    ///
    /// # Errors
    /// No broker answers.
    pub fn range(
        config: &Config,
        topic: &str,
        partition: i32,
        range: RangeInclusive<i64>,
    ) -> Result<Self> {
        Self::start(consumer(config)?, topic, vec![(partition, range)])
    }

    fn start(
        consumer: BaseConsumer<ToTheEnd>,
        topic: &str,
        ranges: Vec<(i32, RangeInclusive<i64>)>,
    ) -> Result<Self> {
        let mut list = TopicPartitionList::new();
        let (mut last, mut offsets) = (HashMap::new(), 0);
        for (partition, range) in ranges.into_iter().filter(|(_, range)| !range.is_empty()) {
            list.add_partition_offset(topic, partition, Offset::Offset(*range.start()))?;
            last.insert(partition, *range.end());
            offsets += range.end().abs_diff(*range.start()) + 1;
        }
        consumer.assign(&list).context("can't read the topic")?;
        Ok(Self {
            consumer,
            open: last.keys().copied().collect(),
            last,
            offsets,
        })
    }

    /// Offsets in all: at least as many as records.
    pub fn offsets(&self) -> u64 {
        self.offsets
    }

    /// The next record, of any partition; `None` at the end. Blocks.
    ///
    /// # Errors
    /// The brokers are gone, or refuse.
    pub fn next_record(&mut self) -> Result<Option<OwnedMessage>> {
        let begun = Instant::now();
        while !self.open.is_empty() {
            match self.consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    let last = self.last.get(&partition).copied().unwrap_or(-1);
                    if offset >= last {
                        self.open.remove(&partition);
                    }
                    if offset <= last {
                        return Ok(Some(message.detach()));
                    }
                }
                // Transaction markers and compacted records are no messages: the end may come early.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.open.remove(&partition);
                }
                Some(Err(error)) if super::is_lasting(&error) => {
                    return Err(anyhow!(error).context("Kafka refuses to be read"));
                }
                Some(Err(error)) if begun.elapsed() > SILENCE => {
                    return Err(anyhow!(error).context("Kafka no longer answers"));
                }
                None if begun.elapsed() > SILENCE => bail!("Kafka no longer answers"),
                Some(Err(_)) | None => {}
            }
        }
        Ok(None)
    }
}

/// First offset that Kafka holds of a partition, and the one after the last.
///
/// # Errors
/// No broker answers.
pub(super) fn bounds(
    consumer: &BaseConsumer<ToTheEnd>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64)> {
    let bounds = consumer.fetch_watermarks(topic, partition, TIMEOUT);
    bounds.with_context(|| format!("can't read the bounds of {topic}[{partition}]"))
}

fn consumer(config: &Config) -> Result<BaseConsumer<ToTheEnd>> {
    let consumer = super::bystander(config)?
        .set("queued.max.messages.kbytes", "16384")
        .set("fetch.message.max.bytes", "4194304")
        .set("fetch.wait.max.ms", "10")
        .create_with_context(ToTheEnd)
        .map_err(super::check::refused_property)?;
    Ok(consumer)
}
