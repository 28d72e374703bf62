//! Records to the topic, no faster than they are taken.
//!
//! A full queue of the producer holds the reader up. The embedded broker would not: it keeps 5 MiB
//! a partition and drops the oldest. So there the sender also watches how far the pipeline's
//! consumer group has come, and keeps what is not yet committed below that.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};

use super::event::Message;
use super::target::Target;

/// Bytes that a partition of the embedded broker may hold uncommitted.
const UNCOMMITTED: u64 = 3 << 20;

/// Bytes reckoned for a record that someone else has sent.
const FOREIGN_RECORD: u64 = 1 << 10;

/// How long a broker may take to answer the first time.
const CONNECT: Duration = Duration::from_secs(10);

/// How often the group's progress is asked for while it is waited for.
const ASK: Duration = Duration::from_millis(50);

/// How long the group's progress may be unknown before the broker counts as gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Sends records and counts what became of them.
pub struct Sender {
    producer: BaseProducer<Deliveries>,
    topic: String,
    brokers: String,
    pace: Option<Pace>,
}

/// What became of records so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Acknowledged by the broker.
    pub acknowledged: u64,
    /// Refused for their size, by the client or the broker.
    pub refused: u64,
}

impl Sender {
    /// Connects to the broker.
    ///
    /// # Errors
    /// No broker answers within 10 s, the topic is missing and can't be made, a property is wrong.
    pub fn connect(target: &Target) -> anyhow::Result<Self> {
        let mut client = target.client();
        client
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "20")
            .set("queue.buffering.max.kbytes", "65536")
            .set("message.timeout.ms", "120000")
            // A record past Sada's limit shall become a dead letter, if the broker lets it pass.
            .set("message.max.bytes", (32 << 20).to_string());
        if client.get("compression.type").is_none() {
            client.set("compression.type", "lz4");
        }
        let producer: BaseProducer<Deliveries> = client
            .create_with_context(Deliveries::default())
            .context("the Kafka client refuses its configuration")?;
        let metadata = producer
            .client()
            .fetch_metadata(Some(&target.topic), CONNECT)
            .map_err(|error| {
                let mend = match target.is_embedded {
                    true => "is `sada demo` or `sada run --embedded` still running?",
                    false => "start it, or correct --brokers or kafka.brokers",
                };
                anyhow!("no broker answers at {} ({error}): {mend}", target.brokers)
            })?;
        let topic = metadata.topics().iter().find(|t| t.name() == target.topic);
        let partitions = topic.map_or(0, |t| t.partitions().len());
        let pace = match target.is_embedded {
            true => Some(Pace::new(target, partitions.max(1))?),
            false => None,
        };
        if let (Some(pace), Ok(mut state)) = (&pace, producer.context().state.lock()) {
            state.partitions = Some(pace.backlog()?);
        }
        Ok(Self {
            producer,
            topic: target.topic.clone(),
            brokers: target.brokers.clone(),
            pace,
        })
    }

    /// Sends a record; waits while there is no room for it.
    ///
    /// # Errors
    /// The broker has refused a record for another reason than its size, or can't be reached.
    pub fn send(&mut self, message: &Message<'_>) -> anyhow::Result<()> {
        let size = message.payload.len() as u64;
        self.wait_for_pipeline(size)?;
        let mut record =
            BaseRecord::<str, [u8], usize>::with_opaque_to(&self.topic, message.payload.len())
                .payload(&message.payload);
        if let Some(key) = &message.key {
            record = record.key(key.as_str());
        }
        self.producer.context().state().in_flight += size;
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(100));
                    self.check()?;
                }
                Err((error, _)) => {
                    let mut state = self.producer.context().state();
                    state.in_flight -= size;
                    state.fail(error);
                    break;
                }
            }
        }
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    /// Waits until every record sent is acknowledged or refused.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn finish(&mut self) -> anyhow::Result<()> {
        while self.producer.in_flight_count() > 0 {
            // Without this the last records wait for their batch to fill.
            let _ = self.producer.flush(Duration::from_millis(100));
            self.check()?;
        }
        self.check()
    }

    /// What became of the records so far.
    pub fn outcome(&self) -> Outcome {
        self.producer.context().state().outcome
    }

    /// Works on what comes back for a while, without sending.
    pub fn rest(&self, time: Duration) {
        self.producer.poll(time);
    }

    fn check(&self) -> anyhow::Result<()> {
        let Some(error) = self.producer.context().state().failure.take() else {
            return Ok(());
        };
        let (topic, brokers) = (&self.topic, &self.brokers);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageTimedOut) => {
                bail!(
                    "{brokers} took no record of {topic} for two minutes; start it and load again"
                )
            }
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition,
            ) => bail!("{brokers} has no topic {topic}: create it, or name another with --topic"),
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                bail!("{brokers} does not let this user write to {topic}")
            }
            _ => bail!("{brokers} refused a record of {topic}: {error}"),
        }
    }

    /// On the embedded broker: waits until the pipeline has come so far that no partition holds
    /// too much, wherever this record goes.
    fn wait_for_pipeline(&mut self, size: u64) -> anyhow::Result<()> {
        let Some(pace) = &mut self.pace else {
            return Ok(());
        };
        while self.producer.context().state().is_full(size) {
            self.producer.poll(ASK);
            pace.note_progress(&mut self.producer.context().state())?;
        }
        Ok(())
    }
}

/// Counts deliveries, and keeps what the embedded broker holds.
#[derive(Default)]
struct Deliveries {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outcome: Outcome,
    failure: Option<KafkaError>,
    /// Bytes sent and not yet acknowledged.
    in_flight: u64,
    /// What is acknowledged and not yet committed, by partition; only on the embedded broker.
    partitions: Option<HashMap<i32, Uncommitted>>,
}

/// Records of a partition that the group has not committed.
#[derive(Debug, Default, PartialEq)]
struct Uncommitted {
    /// Offset and bytes, in order.
    records: VecDeque<(i64, u64)>,
    bytes: u64,
}

impl Uncommitted {
    fn push(&mut self, offset: i64, bytes: u64) {
        self.records.push_back((offset, bytes));
        self.bytes += bytes;
    }

    /// Forgets the records before the offset that the group would read next.
    fn commit(&mut self, next: i64) {
        while let Some(&(offset, bytes)) = self.records.front()
            && offset < next
        {
            self.bytes -= bytes;
            self.records.pop_front();
        }
    }
}

impl Deliveries {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self, size: u64) -> bool {
        let Some(partitions) = &self.partitions else {
            return false;
        };
        // What is in flight may be on its way to any of them.
        let held = partitions.values().map(|p| p.bytes).max().unwrap_or(0) + self.in_flight;
        held > 0 && held + size > UNCOMMITTED
    }

    fn fail(&mut self, error: KafkaError) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            self.outcome.refused += 1;
        } else {
            self.failure.get_or_insert(error);
        }
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    /// Bytes of the payload.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, bytes: usize) {
        let bytes = bytes as u64;
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(bytes);
        match result {
            Ok(message) => {
                state.outcome.acknowledged += 1;
                if let Some(partitions) = &mut state.partitions {
                    let partition = partitions.entry(message.partition()).or_default();
                    partition.push(message.offset(), bytes);
                }
            }
            Err((error, _)) => state.fail(error.clone()),
        }
    }
}

/// How far the pipeline's group has come on the embedded broker.
struct Pace {
    group: BaseConsumer,
    topic: String,
    partitions: usize,
    asked: Instant,
    heard: Instant,
}

impl Pace {
    fn new(target: &Target, partitions: usize) -> anyhow::Result<Self> {
        let mut client = target.client();
        // Never subscribes: it only asks what the group has committed.
        client
            .set("group.id", &target.group)
            .set("enable.auto.commit", "false");
        Ok(Self {
            group: client.create()?,
            topic: target.topic.clone(),
            partitions,
            asked: Instant::now(),
            heard: Instant::now(),
        })
    }

    /// What others have sent and the group has not committed yet.
    fn backlog(&self) -> anyhow::Result<HashMap<i32, Uncommitted>> {
        let committed = self.committed()?;
        let mut backlog = HashMap::new();
        for partition in 0..self.partitions as i32 {
            let (low, high) = self
                .group
                .fetch_watermarks(&self.topic, partition, CONNECT)?;
            let next = committed.get(&partition).copied().unwrap_or(low).max(low);
            let mut uncommitted = Uncommitted::default();
            if high > next {
                let bytes = (high - next) as u64 * FOREIGN_RECORD;
                uncommitted.push(high - 1, bytes.min(UNCOMMITTED));
            }
            backlog.insert(partition, uncommitted);
        }
        Ok(backlog)
    }

    /// Offsets that the group would read next, where it has committed any.
    fn committed(&self) -> Result<HashMap<i32, i64>, KafkaError> {
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_range(&self.topic, 0, self.partitions as i32 - 1);
        let committed = self.group.committed_offsets(partitions, CONNECT)?;
        let offsets = committed.elements();
        let offsets = offsets.iter().filter_map(|p| match p.offset() {
            Offset::Offset(next) => Some((p.partition(), next)),
            _ => None,
        });
        Ok(offsets.collect())
    }

    fn note_progress(&mut self, state: &mut State) -> anyhow::Result<()> {
        if self.asked.elapsed() < ASK {
            return Ok(());
        }
        match self.committed() {
            Ok(committed) => {
                self.heard = Instant::now();
                let partitions = state.partitions.get_or_insert_default();
                for (partition, next) in committed {
                    partitions.entry(partition).or_default().commit(next);
                }
            }
            Err(error) if self.heard.elapsed() > SILENCE => {
                return Err(error).context("the embedded broker no longer answers");
            }
            Err(_) => {}
        }
        self.asked = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_makes_room() {
        let mut state = State::default();
        assert!(!state.is_full(u64::MAX / 2), "a real broker is never full");
        let mut partition = Uncommitted::default();
        partition.push(10, 1 << 20);
        partition.push(11, 1 << 20);
        partition.push(14, 1 << 20);
        state.partitions = Some(HashMap::from([(0, partition), (1, Uncommitted::default())]));
        assert!(state.is_full(1));
        let commit = |state: &mut State, next| {
            let partitions = state.partitions.as_mut().unwrap();
            partitions.get_mut(&0).unwrap().commit(next);
        };
        commit(&mut state, 10);
        assert!(state.is_full(1), "offset 10 is the next to be read");
        commit(&mut state, 12);
        assert!(!state.is_full(2 << 20));
        assert!(state.is_full((2 << 20) + 1));
        state.in_flight = 1 << 20;
        assert!(state.is_full((1 << 20) + 1));
        state.in_flight = 0;
        commit(&mut state, 100);
        assert!(!state.is_full(4 << 20), "one record alone always passes");
    }
}
