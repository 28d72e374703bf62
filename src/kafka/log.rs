//! What a topic's log holds and how far the group has come: the half of the proof that Kafka has.
//! Nothing here joins the group or commits.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::committed::Committed;
use super::probe::Probe;
use super::{check, group, topic_ids};
use crate::config::{Config, ConfigError};
use crate::ranges::Span;

/// How long the cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A partition as Kafka has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPartition {
    /// Partition number.
    pub number: i32,
    /// First offset that Kafka still holds.
    pub first: u64,
    /// Offset after the last one.
    pub end: u64,
    /// What the group has committed, if anything.
    pub committed: Option<Committed>,
}

/// Looks at topics through the eyes of a group.
pub struct GroupLog {
    consumer: BaseConsumer,
    config: Config,
    probe: Option<Probe>,
}

impl GroupLog {
    /// Connects to the cluster.
    ///
    /// # Errors
    /// A property is wrong, or no broker answers.
    pub fn connect(config: &Config) -> Result<Self, ConfigError> {
        let consumer: BaseConsumer = super::bystander(config)?
            .create()
            .map_err(check::refused_property)?;
        let topic = config.kafka.topics.first().map(String::as_str);
        consumer
            .fetch_metadata(topic, TIMEOUT)
            .map_err(|error| check::no_broker(config, &error))?;
        Ok(Self {
            consumer,
            config: config.clone(),
            probe: None,
        })
    }

    /// Id of the topic's present life; `None` if the topic or the broker has none.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn stream(&self, topic: &str) -> Result<Option<String>> {
        let topics = [topic.to_owned()];
        let mut ids = topic_ids::describe(self.consumer.client(), &topics, TIMEOUT)?;
        Ok(ids.remove(topic).flatten())
    }

    /// Partitions of the topic, none if it does not exist. What is committed is read first: what
    /// is asked later of others is at least as far.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn partitions(&self, topic: &str) -> Result<Vec<HeldPartition>> {
        let metadata = self
            .consumer
            .fetch_metadata(Some(topic), TIMEOUT)
            .with_context(|| format!("can't ask Kafka for the partitions of {topic}"))?;
        let described = metadata.topics().iter().find(|t| t.name() == topic);
        let mut numbers: Vec<i32> = described
            .iter()
            .flat_map(|t| t.partitions().iter().map(|p| p.id()))
            .collect();
        numbers.sort_unstable();
        let mut committed = self.committed(topic, &numbers)?;
        let partition = |number| {
            let (first, end) = self.bounds(topic, number)?;
            Ok(HeldPartition {
                number,
                first,
                end,
                committed: committed.remove(&number),
            })
        };
        numbers.into_iter().map(partition).collect()
    }

    /// What the group has committed, by partition.
    ///
    /// # Errors
    /// The group's coordinator does not answer.
    pub fn committed(&self, topic: &str, numbers: &[i32]) -> Result<HashMap<i32, Committed>> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let mut list = TopicPartitionList::new();
        for number in numbers {
            list.add_partition(topic, *number);
        }
        let found = self
            .consumer
            .committed_offsets(list, TIMEOUT)
            .with_context(|| {
                let group = &self.config.kafka.group;
                format!("can't ask Kafka what group {group} has committed of {topic}")
            })?;
        let committed = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let Offset::Offset(offset) = element.offset() else {
                return None;
            };
            let committed = Committed::new(u64::try_from(offset).ok()?, element.metadata());
            Some((element.partition(), committed))
        };
        Ok(found.elements().into_iter().filter_map(committed).collect())
    }

    /// How many instances are in the group now.
    ///
    /// # Errors
    /// The cluster does not tell.
    pub fn members(&self) -> Result<usize> {
        let group = &self.config.kafka.group;
        let members = group::members(self.consumer.client(), group, TIMEOUT);
        members.with_context(|| format!("can't ask Kafka who is in group {group}"))
    }

    /// First offset that Kafka holds of a partition, and the one after the last.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn bounds(&self, topic: &str, number: i32) -> Result<(u64, u64)> {
        let (first, end) = self
            .consumer
            .fetch_watermarks(topic, number, TIMEOUT)
            .with_context(|| format!("can't ask Kafka for the offsets of {topic}[{number}]"))?;
        Ok((first.max(0) as u64, end.max(0) as u64))
    }

    /// Offsets in these holes, ascending and between the log's bounds, at which a record lies that
    /// the pipeline would read. Markers of transactions, aborted records and what compaction took
    /// leave offsets without one. `looked` is told of every record passed.
    ///
    /// # Errors
    /// The partition can't be read.
    pub fn records(
        &mut self,
        topic: &str,
        number: i32,
        holes: &[Span],
        looked: impl FnMut(),
    ) -> Result<Vec<Span>> {
        if holes.is_empty() {
            return Ok(Vec::new());
        }
        let probe = match &mut self.probe {
            Some(probe) => probe,
            none => none.insert(Probe::connect(&self.config)?),
        };
        probe
            .records(topic, number, holes, looked)
            .with_context(|| format!("can't look into {topic}[{number}]"))
    }
}
