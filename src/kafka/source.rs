//! The source: a member of the group that hands out batches and keeps the ledger.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::assignment::{Assignment, Context};
use super::ledger::{Note, clock};
use super::lives::Lives;
use super::lookup::Lookup;
use super::poller::{Poller, State};
use super::watch::watch;
use crate::batch::{Offsets, Partition, RawBatch};
use crate::config::{Config, DeliveryMode};
use crate::health::{Health, lag};
use crate::pipeline::Source;
use crate::telemetry::{Cause, metrics};
use crate::warehouse::Evidence;

/// Batches that wait for the pipeline besides those it works on.
const QUEUED_BATCHES: usize = 1;
/// Wait before a commit is tried again.
const AGAIN: Duration = Duration::from_millis(200);
/// `session.timeout.ms` where it isn't configured: the default of client and broker.
const SESSION: Duration = Duration::from_secs(45);
/// How long the members of a group wait for each other when its partitions are given out again, where it
/// isn't configured. A broker that crashed knows members that have come back under another name: for
/// those all partitions would stand still for librdkafka's five minutes. We poll all the time.
const MOST_REBALANCE: Duration = Duration::from_secs(60);
const REBALANCE: &str = "max.poll.interval.ms";

/// Reads the configured topics as a member of the group.
pub struct KafkaSource {
    consumer: Arc<BaseConsumer<Context>>,
    lookup: Arc<Lookup>,
    assignment: Arc<Assignment>,
    batches: tokio::sync::Mutex<mpsc::Receiver<Result<RawBatch>>>,
    /// Ranges announced, and when.
    announced: Mutex<HashMap<Partition, (Offsets, Duration)>>,
    health: Arc<Health>,
    session: Duration,
    build: String,
    first_topic: String,
    delivery: DeliveryMode,
    stop: Arc<AtomicBool>,
    watch: tokio::task::JoinHandle<()>,
    poller: Option<JoinHandle<()>>,
}

impl KafkaSource {
    /// Joins the group and begins to read, after what the evidence holds. `build` names what
    /// decides about the outcome of a record. `streams` gives the topic ids where the broker has
    /// none (the embedded one); other topics are asked for theirs.
    ///
    /// # Errors
    /// A property is wrong, or there is no runtime to work on.
    pub fn start(
        config: &Config,
        streams: HashMap<String, String>,
        evidence: Evidence,
        build: &str,
        health: Arc<Health>,
    ) -> Result<Self> {
        let assignment = Arc::new(Assignment::default());
        let context = Context {
            assignment: assignment.clone(),
            health: health.clone(),
        };
        let mut settings = super::consumer(config)?;
        if !config.kafka.properties.contains_key(REBALANCE) {
            let most = MOST_REBALANCE.max(session(config));
            settings.set(REBALANCE, most.as_millis().to_string());
        }
        let consumer: BaseConsumer<Context> = settings
            // Where to go on is looked up: an offset that isn't there is no accident.
            .set("auto.offset.reset", "error")
            .set("statistics.interval.ms", lag::STATISTICS_MS)
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.message.max.bytes", "4194304")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(context)
            .map_err(super::check::refused_property)?;
        let consumer = Arc::new(consumer);
        let lookup = Lookup {
            consumer: consumer.clone(),
            assignment: assignment.clone(),
            evidence,
            health: health.clone(),
            start: config.kafka.start,
            build: build.to_owned(),
            lives: Lives::new(consumer.clone(), streams),
        };
        let lookup = Arc::new(lookup);
        let watch = tokio::spawn(watch(Arc::downgrade(&lookup)));
        let topics = config.topics();
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).context("can't subscribe")?;

        let stop = Arc::new(AtomicBool::new(false));
        let (sender, batches) = mpsc::channel(QUEUED_BATCHES);
        let poller = Poller {
            consumer: consumer.clone(),
            assignment: assignment.clone(),
            lookup: lookup.clone(),
            runtime: tokio::runtime::Handle::try_current()?,
            limits: config.batch.clone(),
            topics,
            health: health.clone(),
            sender,
            state: State::new(&config.batch),
        };
        let stopped = stop.clone();
        let poller = std::thread::Builder::new()
            .name("kafka-poll".into())
            .spawn(move || poller.run(&stopped))?;
        Ok(Self {
            consumer,
            lookup,
            assignment,
            batches: tokio::sync::Mutex::new(batches),
            announced: Mutex::default(),
            health,
            session: session(config),
            build: build.to_owned(),
            first_topic: config.kafka.topics.first().cloned().unwrap_or_default(),
            delivery: config.delivery,
            stop,
            watch,
            poller: Some(poller),
        })
    }

    /// Whether the partition is still held under the assignment of the range.
    fn holds(&self, offsets: &Offsets) -> bool {
        let partition = &offsets.partition;
        self.assignment
            .holds(&partition.topic, partition.number, offsets.epoch)
    }

    /// Whether this instance reads partition 0 of the first topic of feedback: what one instance is to
    /// do for all, that one does.
    pub fn is_first(&self) -> bool {
        self.assignment.has(&self.first_topic, 0)
    }

    fn announced(&self) -> MutexGuard<'_, HashMap<Partition, (Offsets, Duration)>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the range was announced so lately that the group can't have given the partition
    /// away without this instance being told.
    fn is_announced(&self, next: &Offsets) -> bool {
        self.announced()
            .get(&next.partition)
            .is_some_and(|(offsets, at)| {
                offsets == next && clock().saturating_sub(*at) < self.session / 2
            })
    }
}

fn session(config: &Config) -> Duration {
    let configured = config.kafka.properties.get("session.timeout.ms");
    let parsed = configured.and_then(|ms| ms.parse().ok());
    parsed.map_or(SESSION, Duration::from_millis)
}

impl Source for KafkaSource {
    async fn next_batch(&self) -> Result<Option<RawBatch>> {
        self.batches.lock().await.recv().await.transpose()
    }

    async fn advance(&self, done: Option<&Offsets>, next: Option<&Offsets>) -> Result<bool> {
        let next = match self.delivery {
            DeliveryMode::ExactlyOnce => next,
            // Nothing is announced; only a partition taken away matters.
            DeliveryMode::AtLeastOnce if done.is_some() => None,
            DeliveryMode::AtLeastOnce => {
                return Ok(next.is_none_or(|next| self.holds(next)));
            }
        };
        let Some(about) = next.or(done) else {
            return Ok(true);
        };
        if done.is_none() && self.is_announced(about) {
            return Ok(self.holds(about));
        }
        let stream = about.partition.stream.to_string();
        let (offset, note) = match (next, done) {
            (Some(next), _) => {
                let (range, build) = (next.range.clone(), self.build.clone());
                let note = Note::Pending {
                    stream,
                    range,
                    build,
                };
                (*next.range.start(), note)
            }
            (None, Some(done)) => (done.range.end() + 1, Note::Done { stream }),
            (None, None) => return Ok(true),
        };
        let begun = Instant::now();
        let announces = next.is_some();
        let committed = self
            .commit(about, offset, &note.to_string(), announces)
            .await?;
        if committed {
            metrics::commit_took(begun.elapsed());
            let time = done.map_or(0, |done| done.last_time);
            let partition = &about.partition;
            self.health
                .durable(&partition.topic, partition.number, offset, time);
        }
        if committed && let Some(next) = next {
            self.announced()
                .insert(next.partition.clone(), (next.clone(), clock()));
        }
        Ok(committed)
    }
}

impl KafkaSource {
    /// Commits until it is acknowledged; `false` if the partition is no longer ours, or a range that
    /// is announced was read from another life of the topic. A refusal alone (of an old generation,
    /// of an unknown member) proves nothing: with cooperative assignment it comes of a commit that
    /// crossed a rebalance in which the partition stayed. Whoever was evicted is told so by the poll.
    async fn commit(
        &self,
        about: &Offsets,
        offset: i64,
        note: &str,
        announces: bool,
    ) -> Result<bool> {
        let partition = &about.partition;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&partition.topic, partition.number, Offset::Offset(offset))?;
        if let Some(mut element) = list.find_partition(&partition.topic, partition.number) {
            element.set_metadata(note);
        }
        for attempt in 1_u64.. {
            if !self.holds(about) {
                debug!(%partition, "partition was taken away, offset left alone");
                return Ok(false);
            }
            let (consumer, assignment) = (self.consumer.clone(), self.assignment.clone());
            let (lookup, about, list) = (self.lookup.clone(), about.clone(), list.clone());
            let commit = move || {
                if announces && !lookup.lives.is_same(&about.partition)? {
                    warn!(
                        topic = &*about.partition.topic,
                        "topic was made again, looking up where to go on"
                    );
                    lookup.again();
                }
                let commit = || consumer.commit(&list, CommitMode::Sync);
                anyhow::Ok(assignment.while_held(&about, commit))
            };
            let committed = match tokio::task::spawn_blocking(commit).await? {
                Ok(committed) => committed,
                Err(error) => {
                    metrics::retry(Cause::Commit);
                    warn!(%partition, attempt, %error, "topic can't be looked after, trying again");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            match committed {
                Some(Ok(())) => return Ok(true),
                None => {
                    debug!(%partition, "partition was taken away, offset left alone");
                    return Ok(false);
                }
                Some(Err(error)) => {
                    metrics::retry(Cause::Commit);
                    warn!(%partition, attempt, %error, "commit failed, trying again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        Ok(false)
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.watch.abort();
        self.stop.store(true, Ordering::Relaxed);
        self.batches.get_mut().close();
        if let Some(poller) = self.poller.take() {
            // Leaves the group on the way out; a panic there was logged.
            let _ = poller.join();
        }
    }
}
