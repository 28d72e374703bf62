//! The source: one thread polls, routes records by partition into batches, and goes on polling
//! while batches are worked on, so that the group never takes it for dead.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::assignment::{Assignment, Context};
use super::topic_ids;
use crate::batch::{Offsets, Partition, RawBatch};
use crate::config::{Batch, Config, Start};
use crate::pipeline::Source;

/// Longest single wait for a record.
const POLL: Duration = Duration::from_millis(50);
/// Records taken before batches are looked at again.
const RECORDS_A_ROUND: usize = 1_000;
/// Batches that wait for the pipeline besides those it works on.
const QUEUED_BATCHES: usize = 1;

/// Reads the configured topics as a member of the group.
pub struct KafkaSource {
    consumer: Arc<BaseConsumer<Context>>,
    assignment: Arc<Assignment>,
    batches: mpsc::Receiver<Result<RawBatch>>,
    stop: Arc<AtomicBool>,
    poller: Option<JoinHandle<()>>,
}

impl KafkaSource {
    /// Joins the group and begins to read. `streams` gives the topic ids where the broker has none
    /// (the embedded one); other topics are asked for theirs.
    ///
    /// # Errors
    /// A property is wrong, or the cluster does not answer.
    pub fn start(config: &Config, streams: HashMap<String, String>) -> Result<Self> {
        let assignment = Arc::new(Assignment::default());
        let context = Context {
            assignment: assignment.clone(),
        };
        let consumer: BaseConsumer<Context> = super::client(config)?
            .set("group.id", &config.kafka.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set(
                "auto.offset.reset",
                match config.kafka.start {
                    Start::Earliest => "earliest",
                    Start::Latest => "latest",
                },
            )
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.message.max.bytes", "4194304")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(context)
            .map_err(super::check::refused_property)?;
        let streams = stream_ids(&consumer, &config.kafka.topics, streams)?;
        let topics: Vec<&str> = config.kafka.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).context("can't subscribe")?;

        let consumer = Arc::new(consumer);
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, batches) = mpsc::channel(QUEUED_BATCHES);
        let poller = Poller {
            consumer: consumer.clone(),
            assignment: assignment.clone(),
            limits: config.batch.clone(),
            streams,
            forming: HashMap::new(),
            ready: VecDeque::new(),
            held_bytes: 0,
            paused: false,
            generation: 0,
            sender,
        };
        let stopped = stop.clone();
        let poller = std::thread::Builder::new()
            .name("kafka-poll".into())
            .spawn(move || poller.run(&stopped))?;
        Ok(Self {
            consumer,
            assignment,
            batches,
            stop,
            poller: Some(poller),
        })
    }

    /// Partitions that this instance holds now.
    pub fn partitions(&self) -> usize {
        self.assignment.len()
    }
}

fn stream_ids(
    consumer: &BaseConsumer<Context>,
    topics: &[String],
    mut known: HashMap<String, String>,
) -> Result<HashMap<String, Arc<str>>> {
    let unknown: Vec<String> = topics
        .iter()
        .filter(|t| !known.contains_key(*t))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        known.extend(topic_ids::describe(
            consumer.client(),
            &unknown,
            Duration::from_secs(10),
        )?);
    }
    Ok(topics
        .iter()
        .map(|topic| {
            let id = known.remove(topic).unwrap_or_else(|| {
                warn!(
                    topic,
                    "the broker tells no topic id: a topic made again looks like the old"
                );
                topic.clone()
            });
            info!(topic, stream = id, "reading");
            (topic.clone(), Arc::from(id))
        })
        .collect())
}

impl Source for KafkaSource {
    async fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        self.batches.recv().await.transpose()
    }

    async fn advance(&mut self, done: Offsets) -> Result<()> {
        if !self.assignment.holds(&done) {
            debug!(partition = %done.partition, "partition was taken away, offset left alone");
            return Ok(());
        }
        let consumer = self.consumer.clone();
        tokio::task::spawn_blocking(move || commit(&consumer, &done)).await?
    }
}

/// Commits the offset after the batch. A group that is rebalancing or has moved on refuses it: the
/// next owner reads the batch again.
fn commit(consumer: &BaseConsumer<Context>, done: &Offsets) -> Result<()> {
    let partition = &done.partition;
    let mut list = TopicPartitionList::new();
    let next = Offset::Offset(done.range.end() + 1);
    list.add_partition_offset(&partition.topic, partition.number, next)?;
    for attempt in 1..=5 {
        match consumer.commit(&list, CommitMode::Sync) {
            Ok(()) => return Ok(()),
            Err(error) if taken_away(&error) => {
                warn!(%partition, %error, "offset not committed, the next owner reads again");
                return Ok(());
            }
            Err(error) => {
                warn!(%partition, attempt, %error, "commit failed");
                std::thread::sleep(Duration::from_millis(200 * attempt));
            }
        }
    }
    // The rows are durable; the next commit of this partition covers them.
    Ok(())
}

fn taken_away(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::AssignmentLost
                | RDKafkaErrorCode::NoOffset
        )
    )
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.batches.close();
        if let Some(poller) = self.poller.take() {
            // Leaves the group on the way out; a panic there was logged.
            let _ = poller.join();
        }
    }
}

/// What the polling thread owns.
struct Poller {
    consumer: Arc<BaseConsumer<Context>>,
    assignment: Arc<Assignment>,
    limits: Batch,
    streams: HashMap<String, Arc<str>>,
    forming: HashMap<(String, i32), Forming>,
    ready: VecDeque<RawBatch>,
    /// Bytes in `forming` and `ready`.
    held_bytes: usize,
    paused: bool,
    /// Assignment that `paused` is about.
    generation: u64,
    sender: mpsc::Sender<Result<RawBatch>>,
}

struct Forming {
    batch: RawBatch,
    epoch: u64,
    since: Instant,
}

impl Poller {
    fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.poll() {
                // The pipeline may have ended already.
                let _ = self.sender.blocking_send(Err(error));
                return;
            }
            self.close_aged();
            if self.hand_over().is_err() {
                return;
            }
            self.press_back();
        }
        self.consumer.unsubscribe();
    }

    /// Waits for a record, then takes those that are there already, a bounded number.
    fn poll(&mut self) -> Result<()> {
        let consumer = self.consumer.clone();
        let mut wait = POLL.min(self.limits.time);
        for _ in 0..RECORDS_A_ROUND {
            match consumer.poll(wait) {
                Some(Ok(message)) => self.take(&message),
                Some(Err(error)) if fatal(&error) => {
                    return Err(anyhow!(error).context("Kafka refuses this consumer"));
                }
                Some(Err(error)) => debug!(%error, "poll"),
                None => break,
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let (topic, partition) = (message.topic(), message.partition());
        let Some(epoch) = self.assignment.epoch(topic, partition) else {
            return;
        };
        let key = (topic.to_owned(), partition);
        if self.forming.get(&key).is_some_and(|f| f.epoch != epoch)
            && let Some(stale) = self.forming.remove(&key)
        {
            self.held_bytes -= stale.batch.bytes();
        }
        let forming = self
            .forming
            .entry(key)
            .or_insert_with_key(|(topic, number)| {
                let stream = self
                    .streams
                    .get(topic)
                    .cloned()
                    .unwrap_or_else(|| topic.as_str().into());
                let partition = Partition {
                    topic: topic.as_str().into(),
                    stream,
                    number: *number,
                };
                Forming {
                    batch: RawBatch::new(partition, epoch),
                    epoch,
                    since: Instant::now(),
                }
            });
        let before = forming.batch.bytes();
        let headers = message.headers().into_iter().flat_map(|h| h.iter());
        forming.batch.push(
            message.offset(),
            message.timestamp().to_millis().unwrap_or(0),
            message.key(),
            message.payload(),
            headers.map(|h| (h.key, h.value.unwrap_or_default())),
        );
        self.held_bytes += forming.batch.bytes() - before;
        if forming.batch.len() >= self.limits.rows || forming.batch.bytes() >= self.limits.bytes {
            let key = (topic.to_owned(), partition);
            self.close(&key);
        }
    }

    fn close_aged(&mut self) {
        let aged: Vec<_> = self
            .forming
            .iter()
            .filter(|(_, f)| f.since.elapsed() >= self.limits.time)
            .map(|(key, _)| key.clone())
            .collect();
        for key in aged {
            self.close(&key);
        }
    }

    /// Moves a batch to the ready ones, or drops it if its partition was taken away.
    fn close(&mut self, key: &(String, i32)) {
        let Some(forming) = self.forming.remove(key) else {
            return;
        };
        if self.assignment.epoch(&key.0, key.1) == Some(forming.epoch) {
            self.ready.push_back(forming.batch);
        } else {
            self.held_bytes -= forming.batch.bytes();
        }
    }

    /// Gives ready batches to the pipeline, as many as it takes; an error when it is gone.
    fn hand_over(&mut self) -> Result<(), ()> {
        while let Some(batch) = self.ready.pop_front() {
            let bytes = batch.bytes();
            match self.sender.try_send(Ok(batch)) {
                Ok(()) => self.held_bytes -= bytes,
                Err(mpsc::error::TrySendError::Full(Ok(batch))) => {
                    self.ready.push_front(batch);
                    return Ok(());
                }
                Err(_) => return Err(()),
            }
        }
        Ok(())
    }

    /// Pauses all partitions when half the memory of batches waits here; the other half is for
    /// those in flight. Resumes at a quarter.
    fn press_back(&mut self) {
        let bound = self.limits.memory / 2;
        let generation = self.assignment.generation();
        if generation != self.generation {
            // Partitions come resumed.
            (self.generation, self.paused) = (generation, false);
        }
        let pause = match self.paused {
            false => self.held_bytes > bound,
            true => self.held_bytes > bound / 2,
        };
        if pause == self.paused {
            return;
        }
        let changed = self.consumer.assignment().and_then(|list| {
            if pause {
                self.consumer.pause(&list)
            } else {
                self.consumer.resume(&list)
            }
        });
        match changed {
            Ok(()) => self.paused = pause,
            Err(error) => warn!(%error, pause, "partitions could not be paused or resumed"),
        }
    }
}

/// Errors that no waiting mends.
fn fatal(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::Authentication
        )
    )
}
