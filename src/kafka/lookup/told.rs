//! What Kafka tells of partitions that were assigned: committed offsets, lives of topics, the log's
//! bounds.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};
use tracing::warn;

use super::Lookup;
use crate::batch::Partition;
use crate::kafka::assignment::Assigned;
use crate::kafka::ledger::Note;
use crate::telemetry::Cause;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What Kafka tells of a partition.
pub(super) struct Told {
    pub partition: Partition,
    pub epoch: u64,
    pub committed: Option<(i64, Note)>,
    /// Offsets that Kafka holds: from the log's start up to its end.
    pub log: Range<i64>,
}

impl Told {
    /// Whether it is of this assignment.
    pub fn is_about(&self, assigned: &Assigned) -> bool {
        *self.partition.topic == *assigned.topic
            && self.partition.number == assigned.number
            && self.epoch == assigned.epoch
    }
}

impl Lookup {
    /// Of each partition that Kafka can tell of. Blocks.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub(super) fn ask_kafka(&self, assigned: &[Assigned]) -> Result<Vec<Told>> {
        let mut topics: Vec<String> = assigned.iter().map(|a| a.topic.clone()).collect();
        topics.sort();
        topics.dedup();
        let streams = self.lives.look_up(&topics)?;
        let mut list = TopicPartitionList::new();
        for a in assigned {
            list.add_partition(&a.topic, a.number);
        }
        let committed = self.consumer.committed_offsets(list, TIMEOUT);
        let committed = committed.context("committed offsets")?;
        let tell = |a: &Assigned| {
            let found = committed.find_partition(&a.topic, a.number);
            let committed = found.and_then(|found| match found.offset() {
                Offset::Offset(offset) => Some((offset, Note::parse(found.metadata()))),
                _ => None,
            });
            let log = self.consumer.fetch_watermarks(&a.topic, a.number, TIMEOUT);
            let (start, end) = log.with_context(|| format!("log of {}[{}]", a.topic, a.number))?;
            let stream = streams.get(&a.topic);
            let stream = stream.with_context(|| format!("topic {} is gone", a.topic))?;
            anyhow::Ok(Told {
                partition: Partition {
                    topic: a.topic.as_str().into(),
                    stream: stream.as_str().into(),
                    number: a.number,
                },
                epoch: a.epoch,
                committed,
                log: start..end,
            })
        };
        // One that can't be told of holds up no other.
        let told = assigned.iter().map(|a| (a, tell(a)));
        let told = told.filter_map(|(a, told)| {
            told.inspect_err(|error| {
                let error = format!("{error:#}");
                warn!(
                    topic = a.topic,
                    partition = a.number,
                    error,
                    "partition can't be looked up"
                );
                self.health
                    .recovery_failed(&a.topic, a.number, Cause::Other);
            })
            .ok()
        });
        Ok(told.collect())
    }
}
