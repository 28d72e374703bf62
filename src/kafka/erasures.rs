//! The erasure topic: read to its end before anything else is, then followed.
//!
//! What is written elsewhere is held against what was read here, so it matters that nothing is
//! missing: the brokers are asked for the ends of all partitions once a second, and only when
//! everything before those ends was read, all that was there *when they were asked for* counts as
//! heard. Without an answer for [`LEASE`](crate::erasure::LEASE) nothing is written any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tracing::{error, info, warn};

use super::ledger::clock;
use super::{ToTheEnd, check};
use crate::batch::{Partition, RawBatch};
use crate::config::Config;
use crate::decode::erasure::{self, Request};
use crate::erasure::{Erasures, Mark};

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often the ends are asked for.
const LOOK: Duration = Duration::from_secs(1);
/// So long without a record, the consumer is asked to begin again where it is: at the end it says so.
const SILENCE: Duration = Duration::from_millis(500);
/// How long nothing may come at the start before the brokers count as gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a request lies in the topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Partition.
    pub partition: i32,
    /// Key.
    pub key: Vec<u8>,
}

/// Follows the topic on a thread of its own, until it is dropped.
pub struct ErasureFollower {
    requests: Arc<Mutex<BTreeMap<Place, Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Marks of the identifiers that a request names in clear.
pub type Marks = Box<dyn Fn(&Request) -> Vec<Mark> + Send>;

impl ErasureFollower {
    /// Reads the topic to its end, then goes on in the background. Blocks until then.
    ///
    /// # Errors
    /// No broker answers, or the topic does not exist.
    pub fn start(config: &Config, erasures: Arc<Erasures>, marks: Marks) -> Result<Self> {
        let consumer = super::bystander(config)?
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(ToTheEnd)
            .map_err(check::refused_property)?;
        let requests = Arc::default();
        let mut reading = Reading {
            consumer,
            topic: config.kafka.erasure_topic.clone(),
            next: HashMap::new(),
            erasures: erasures.clone(),
            marks,
            requests: Arc::clone(&requests),
        };
        let begun = Instant::now();
        while !reading.look().context("can't read who is erased")? {
            if begun.elapsed() > PATIENCE {
                bail!("Kafka no longer answers: can't read who is erased");
            }
        }
        info!(
            topic = reading.topic,
            marks = erasures.len(),
            took = ?begun.elapsed(),
            "read who is erased"
        );
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("kafka-erasures".into())
            .spawn(move || reading.follow(&stopped))?;
        Ok(Self {
            requests,
            stop,
            thread: Some(thread),
        })
    }

    /// Requests of other systems that the topic holds, identifiers in clear.
    pub fn requests(&self) -> BTreeMap<Place, Request> {
        held(&self.requests).clone()
    }
}

impl Drop for ErasureFollower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was logged.
            let _ = thread.join();
        }
    }
}

fn held(requests: &Mutex<BTreeMap<Place, Request>>) -> MutexGuard<'_, BTreeMap<Place, Request>> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread owns.
struct Reading {
    consumer: BaseConsumer<ToTheEnd>,
    topic: String,
    /// Offset up to which each partition was read.
    next: HashMap<i32, i64>,
    erasures: Arc<Erasures>,
    marks: Marks,
    requests: Arc<Mutex<BTreeMap<Place, Request>>>,
}

impl Reading {
    fn follow(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            if let Err(error) = self.look() {
                warn!(topic = self.topic, %error, "can't read who is erased, trying again");
            }
            while begun.elapsed() < LOOK && !stop.load(Ordering::Relaxed) {
                self.poll(Duration::from_millis(100));
            }
        }
    }

    /// Asks for the ends and reads up to them, as far as that comes soon; whether it did.
    fn look(&mut self) -> Result<bool> {
        let asked = clock();
        let ends = self.ends()?;
        let begun = Instant::now();
        let mut heard = Instant::now();
        let mut sought = HashMap::new();
        while let Some((partition, next)) = self.behind(&ends) {
            if begun.elapsed() > TIMEOUT {
                return Ok(false);
            }
            match self.poll(Duration::from_millis(100)) {
                Polled::Record => heard = Instant::now(),
                Polled::End(partition) => {
                    // Said after the ends were asked for: nothing that can be read lies before.
                    if sought.remove(&partition).is_some()
                        && let Some(end) = ends.get(&partition)
                    {
                        self.next.insert(partition, *end);
                    }
                }
                Polled::Nothing
                    if heard.elapsed() > SILENCE && !sought.contains_key(&partition) =>
                {
                    self.consumer
                        .seek(&self.topic, partition, Offset::Offset(next), TIMEOUT)
                        .context("can't seek")?;
                    sought.insert(partition, next);
                }
                Polled::Nothing => {}
            }
        }
        self.erasures.heard(asked);
        Ok(true)
    }

    /// A partition that was not read up to its end, and how far it was.
    fn behind(&self, ends: &HashMap<i32, i64>) -> Option<(i32, i64)> {
        ends.iter().find_map(|(partition, end)| {
            let next = self.next.get(partition).copied().unwrap_or(0);
            (next < *end).then_some((*partition, next))
        })
    }

    /// Ends of all partitions. Those not met before are taken up.
    fn ends(&mut self) -> Result<HashMap<i32, i64>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let described = metadata.topics().iter().find(|t| t.name() == self.topic);
        let partitions: Vec<i32> = described
            .into_iter()
            .flat_map(|t| t.partitions().iter().map(|p| p.id()))
            .collect();
        if partitions.is_empty() {
            bail!("topic {} does not exist", self.topic);
        }
        let mut ends = HashMap::new();
        let known = self.next.len();
        for partition in partitions {
            let (first, end) = self
                .consumer
                .fetch_watermarks(&self.topic, partition, TIMEOUT)?;
            ends.insert(partition, end);
            self.next.entry(partition).or_insert(first);
        }
        if self.next.len() > known {
            let mut list = TopicPartitionList::new();
            for (partition, next) in &self.next {
                list.add_partition_offset(&self.topic, *partition, Offset::Offset(*next))?;
            }
            self.consumer.assign(&list)?;
        }
        Ok(ends)
    }

    fn poll(&mut self, wait: Duration) -> Polled {
        // Holds nothing of the consumer, so that what is read can be taken note of.
        let record = match self.consumer.poll(wait) {
            Some(Ok(message)) => read(&message),
            Some(Err(KafkaError::PartitionEOF(partition))) => return Polled::End(partition),
            Some(Err(_)) | None => return Polled::Nothing,
        };
        self.take(record);
        Polled::Record
    }

    fn take(&mut self, record: Record) {
        let Record {
            offset,
            place,
            request,
        } = record;
        self.next.insert(place.partition, offset + 1);
        match request {
            // Whoever asked is answered.
            None => {
                held(&self.requests).remove(&place);
            }
            Some(Ok(request)) => {
                let clear = match request.is_clear() {
                    true => (self.marks)(&request),
                    false => Vec::new(),
                };
                for mark in request.marks.iter().chain(&clear) {
                    self.erasures.add(*mark, request.requested_at);
                }
                if request.is_clear() {
                    held(&self.requests).insert(place, request);
                }
            }
            Some(Err(problem)) => error!(
                topic = self.topic,
                partition = place.partition,
                offset,
                problem,
                "a request to erase can't be read: nobody is erased by it"
            ),
        }
    }
}

/// A record of the topic.
struct Record {
    offset: i64,
    place: Place,
    /// `None` for a tombstone; else the request, or why it can't be read.
    request: Option<Result<Request, String>>,
}

fn read(message: &BorrowedMessage<'_>) -> Record {
    let partition = Partition {
        topic: message.topic().into(),
        stream: "".into(),
        number: message.partition(),
    };
    let mut batch = RawBatch::new(partition, 0);
    super::push(message, &mut batch);
    let record = batch.record(0);
    let decoded = || erasure::decode(&record).map_err(|error| error.to_string());
    Record {
        offset: message.offset(),
        place: Place {
            partition: message.partition(),
            key: record.key.to_vec(),
        },
        request: record.payload.map(|_| decoded()),
    }
}

enum Polled {
    Record,
    /// A partition has nothing more.
    End(i32),
    Nothing,
}
