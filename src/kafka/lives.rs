//! Lives of topics: which one each topic is in now. Offsets mean something only inside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use tracing::warn;

use super::assignment::Context;
use super::topic_ids;
use crate::batch::Partition;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks for the lives of topics.
pub(super) struct Lives {
    consumer: Arc<BaseConsumer<Context>>,
    /// Ids of topics on a broker that has none.
    given: HashMap<String, String>,
    /// Ids that partitions were last looked up under.
    found: Mutex<HashMap<String, String>>,
}

impl Lives {
    /// `given`: the ids where the broker has none; other topics are asked for theirs.
    pub fn new(consumer: Arc<BaseConsumer<Context>>, given: HashMap<String, String>) -> Self {
        Self {
            consumer,
            given,
            found: Mutex::default(),
        }
    }

    /// Ids of those topics that exist now: 32 hexadecimal digits, or the name where the broker knows
    /// none. They are remembered for [`changed`](Self::changed).
    ///
    /// # Errors
    /// The cluster does not answer. Blocks.
    pub fn look_up(&self, topics: &[String]) -> Result<HashMap<String, String>> {
        let ids = self.ask(topics)?;
        self.found().extend(ids.clone());
        Ok(ids)
    }

    /// Whether the topic still lives the life that the partition was read in. Asked after its
    /// records were fetched, the answer holds for them: librdkafka reads on in a topic that was made
    /// again, at the old offset. Blocks.
    ///
    /// # Errors
    /// The cluster does not answer, or the topic is gone.
    pub fn is_same(&self, partition: &Partition) -> Result<bool> {
        let topic = partition.topic.to_string();
        match self.ask(std::slice::from_ref(&topic))?.get(&topic) {
            Some(id) => Ok(**id == *partition.stream),
            None => bail!("topic {topic} is gone"),
        }
    }

    /// Whether a topic has begun another life since it was looked up. Blocks.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn changed(&self) -> Result<bool> {
        let before = self.found().clone();
        let topics: Vec<String> = before.keys().cloned().collect();
        let now = self.ask(&topics)?;
        let changed = |(topic, id): (&String, &String)| now.get(topic).is_some_and(|n| n != id);
        Ok(before.iter().any(changed))
    }

    fn ask(&self, topics: &[String]) -> Result<HashMap<String, String>> {
        let mut ids = self.given.clone();
        let unknown: Vec<String> = topics
            .iter()
            .filter(|t| !ids.contains_key(*t))
            .cloned()
            .collect();
        if unknown.is_empty() {
            return Ok(ids);
        }
        for (topic, id) in topic_ids::describe(self.consumer.client(), &unknown, TIMEOUT)? {
            let id = id.unwrap_or_else(|| {
                warn!(
                    topic,
                    "the broker tells no topic id: a topic made again looks like the old"
                );
                topic.clone()
            });
            ids.insert(topic, id);
        }
        Ok(ids)
    }

    fn found(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
