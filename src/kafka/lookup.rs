//! Finds out where to go on with partitions that were assigned: asks Kafka for committed offsets,
//! topic ids and the log's bounds, and the evidence for what was written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use tracing::{error, info, warn};

use super::assignment::{Assigned, Assignment, Context};
use super::ledger::Note;
use super::recovery::{Found, Plan, needs_rows, plan};
use super::topic_ids;
use crate::batch::Partition;
use crate::config::Start;
use crate::health::{Health, lag};
use crate::pipeline::SinkError;
use crate::telemetry::Cause;
use crate::warehouse::Evidence;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Wait before a partition is looked up again.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST: Duration = Duration::from_secs(15);

/// Looks up partitions.
pub(super) struct Lookup {
    pub consumer: Arc<BaseConsumer<Context>>,
    pub assignment: Arc<Assignment>,
    pub evidence: Evidence,
    pub health: Arc<Health>,
    pub start: Start,
    pub build: String,
    /// Ids of topics on a broker that has none.
    pub streams: HashMap<String, String>,
    /// Ids that were found last.
    pub found: Mutex<HashMap<String, String>>,
}

/// Where to go on with one partition.
pub(super) struct Resumption {
    pub partition: Partition,
    pub epoch: u64,
    pub plan: Plan,
}

impl Lookup {
    /// Answers for each partition, as soon as it is known, as long as it is held. Tries again
    /// without end.
    pub async fn resume(self: Arc<Self>, mut assigned: Vec<Assigned>, answer: impl Fn(Resumption)) {
        let mut pause = AGAIN;
        loop {
            assigned.retain(|a| self.assignment.holds(&a.topic, a.number, a.epoch));
            if assigned.is_empty() {
                return;
            }
            let asked = match self.ask_kafka(&assigned).await {
                Ok(asked) => asked,
                Err(error) => {
                    warn!(
                        error = format!("{error:#}"),
                        partitions = assigned.len(),
                        "can't look up where to go on, trying again"
                    );
                    for a in &assigned {
                        self.health
                            .recovery_failed(&a.topic, a.number, Cause::Other);
                    }
                    Vec::new()
                }
            };
            for told in asked {
                let partition = told.partition.clone();
                match self.decide(&told).await {
                    Ok(plan) => {
                        assigned.retain(|a| !told.is_about(a));
                        answer(Resumption {
                            epoch: told.epoch,
                            partition,
                            plan,
                        });
                    }
                    Err(failed) => {
                        let cause = match failed.downcast_ref() {
                            Some(SinkError::Transient { cause, .. }) => *cause,
                            _ => Cause::Other,
                        };
                        self.health
                            .recovery_failed(&partition.topic, partition.number, cause);
                        error!(%partition, error = format!("{failed:#}"), "can't go on with a partition, trying again");
                    }
                }
            }
            if !assigned.is_empty() {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }

    /// Ids of those topics that exist now: 32 hexadecimal digits, or the name where the broker knows
    /// none.
    ///
    /// # Errors
    /// The cluster does not answer. Blocks.
    fn stream_ids(&self, topics: &[String]) -> Result<HashMap<String, String>> {
        let mut ids = self.streams.clone();
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

    /// Whether the topic still lives the life that the partition was read in. Asked after its
    /// records were fetched, the answer holds for them: librdkafka reads on in a topic that was made
    /// again, at the old offset. Blocks.
    ///
    /// # Errors
    /// The cluster does not answer, or the topic is gone.
    pub fn is_same_stream(&self, partition: &Partition) -> Result<bool> {
        let topic = partition.topic.to_string();
        match self.stream_ids(std::slice::from_ref(&topic))?.get(&topic) {
            Some(id) => Ok(**id == *partition.stream),
            None => bail!("topic {topic} is gone"),
        }
    }

    /// Ends all that was read so far, and looks up every partition again.
    pub fn again(&self) {
        // First the pause: what is looked up may be known, and resumed, at once.
        let held = self.consumer.assignment();
        if let Err(error) = held.and_then(|list| self.consumer.pause(&list)) {
            warn!(%error, "partitions could not be paused");
        }
        self.assignment.renew();
    }

    /// Looks now and then after what the consumer does not tell: the end of partitions that stand
    /// still, and topics that were made again.
    pub async fn watch(this: Weak<Self>) {
        loop {
            tokio::time::sleep(lag::ASK_EVERY).await;
            // The consumer ends with the source, not with this task.
            let Some(this) = this.upgrade() else { return };
            let looked = tokio::task::spawn_blocking(move || this.look_after());
            if let Ok(Err(error)) = looked.await {
                warn!(error = format!("{error:#}"), "can't look after the topics");
            }
        }
    }

    fn look_after(&self) -> Result<()> {
        lag::ask_ends(&*self.consumer, &self.health, TIMEOUT);
        let before = self.found().clone();
        let topics: Vec<String> = before.keys().cloned().collect();
        let now = self.stream_ids(&topics)?;
        let changed = |(topic, id): (&String, &String)| now.get(topic).is_some_and(|n| n != id);
        if before.iter().any(changed) {
            warn!("a topic was made again, looking up where to go on");
            self.again();
        }
        Ok(())
    }

    fn found(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_kafka(self: &Arc<Self>, assigned: &[Assigned]) -> Result<Vec<Told>> {
        let (this, assigned) = (self.clone(), assigned.to_vec());
        tokio::task::spawn_blocking(move || this.ask_kafka_blocking(&assigned)).await?
    }

    fn ask_kafka_blocking(&self, assigned: &[Assigned]) -> Result<Vec<Told>> {
        let mut topics: Vec<String> = assigned.iter().map(|a| a.topic.clone()).collect();
        topics.sort();
        topics.dedup();
        let streams = self.stream_ids(&topics)?;
        self.found().extend(streams.clone());
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

    async fn decide(&self, told: &Told) -> Result<Plan> {
        let partition = &told.partition;
        let known = self.evidence.known(partition).await?;
        let newest_row = match needs_rows(told.committed.as_ref(), known) {
            true => self.evidence.newest_row(partition).await?,
            false => None,
        };
        let plan = plan(&Found {
            committed: told.committed.clone(),
            stream: &partition.stream,
            log: told.log.clone(),
            known,
            newest_row,
            start: self.start,
            build: &self.build,
        })?;
        if plan.begins {
            self.evidence.begin(partition, plan.from).await?;
        }
        if let Some(gap) = &plan.gap {
            error!(%partition, first = gap.start(), last = gap.end(), "Kafka deleted records before they were read");
        }
        info!(%partition, stream = &*partition.stream, from = plan.from, why = plan.why.name(), "reading");
        Ok(plan)
    }
}

/// What Kafka tells of a partition.
struct Told {
    partition: Partition,
    epoch: u64,
    committed: Option<(i64, Note)>,
    log: std::ops::Range<i64>,
}

impl Told {
    fn is_about(&self, assigned: &Assigned) -> bool {
        *self.partition.topic == *assigned.topic
            && self.partition.number == assigned.number
            && self.epoch == assigned.epoch
    }
}
