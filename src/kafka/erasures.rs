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
use super::{ToTheEnd, check, topic_ids};
use crate::batch::{Partition, RawBatch};
use crate::config::Config;
use crate::decode::erasure::{self, Request};
use crate::erasure::{Erasures, Mark};

mod pending;

use pending::Pending;
pub use pending::{Asked, Place};

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often the ends are asked for.
const LOOK: Duration = Duration::from_secs(1);
/// So long without a record, the consumer is asked to begin again where it is: at the end it says so.
const SILENCE: Duration = Duration::from_millis(500);
/// How long nothing may come at the start before the brokers count as gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Header of a tombstone: offset up to which the requests of its key were answered.
pub(super) const ANSWERED: &str = "sada_answered";

/// Follows the topic on a thread of its own, until it is dropped.
pub struct ErasureFollower {
    requests: Arc<Mutex<Pending>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Marks of the identifiers that a request names in clear.
pub type Marks = Box<dyn Fn(&Request) -> Vec<Mark> + Send>;

impl ErasureFollower {
    /// Reads the topic to its end, then goes on in the background. Blocks until then. `streams`: topic
    /// ids of a broker that has none of its own, and is not asked for them.
    ///
    /// # Errors
    /// No broker answers, or the topic does not exist.
    pub fn start(
        config: &Config,
        streams: &HashMap<String, String>,
        erasures: Arc<Erasures>,
        marks: Marks,
    ) -> Result<Self> {
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
            life: match streams.is_empty() {
                true => Life::Unasked,
                false => Life::Untold,
            },
            erasures: erasures.clone(),
            marks,
            requests: Arc::clone(&requests),
        };
        let begun = Instant::now();
        let (mut read, mut moved) = (HashMap::new(), begun);
        while !reading.look().context("can't read who is erased")? {
            if read != reading.next {
                (read, moved) = (reading.next.clone(), Instant::now());
            }
            if moved.elapsed() > PATIENCE {
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

    /// Requests of other systems that nobody has answered, identifiers in clear; those of a place in
    /// the order in which they came.
    pub fn requests(&self) -> BTreeMap<Place, Vec<Asked>> {
        held(&self.requests).all()
    }

    /// Offset of the newest of the requests at a place; `None` if all are answered.
    pub fn newest(&self, place: &Place) -> Option<i64> {
        held(&self.requests).newest(place)
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

fn held(requests: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread owns.
struct Reading {
    consumer: BaseConsumer<ToTheEnd>,
    topic: String,
    /// Offset up to which each partition was read.
    next: HashMap<i32, i64>,
    /// Of the topic, that was read so far.
    life: Life,
    erasures: Arc<Erasures>,
    marks: Marks,
    requests: Arc<Mutex<Pending>>,
}

/// Which life of a topic it is: made again, it begins at offset 0 under the old name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Unasked,
    /// The broker knows no ids (the embedded one, old ones): offsets alone tell.
    Untold,
    Of(String),
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
        if self.life == Life::Unasked {
            // A broker without ids may refuse to be asked for them.
            self.life = self.ask_life().unwrap_or(Life::Untold);
        }
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
        // Asked after it was read, the answer holds for what was: Kafka's client reads on at the old
        // offset in a topic that was made again.
        if self.life != Life::Untold {
            let life = self.ask_life()?;
            if life != self.life {
                warn!(
                    topic = self.topic,
                    "the topic was made again: it is read from its start"
                );
                self.begin_again()?;
                self.life = life;
                return Ok(false);
            }
        }
        self.erasures.heard(asked);
        Ok(true)
    }

    /// Forgets how far the topic was read; what was read of it before is no longer taken.
    fn begin_again(&mut self) -> Result<()> {
        self.next.clear();
        Ok(self.consumer.unassign()?)
    }

    fn ask_life(&self) -> Result<Life> {
        let topics = [self.topic.clone()];
        let mut ids = topic_ids::describe(self.consumer.client(), &topics, TIMEOUT)?;
        match ids.remove(&self.topic) {
            Some(Some(id)) => Ok(Life::Of(id)),
            Some(None) => Ok(Life::Untold),
            None => bail!("topic {} does not exist", self.topic),
        }
    }

    /// A partition that was not read up to its end, and how far it was.
    fn behind(&self, ends: &HashMap<i32, i64>) -> Option<(i32, i64)> {
        ends.iter().find_map(|(partition, end)| {
            let next = self.next.get(partition).copied().unwrap_or(0);
            (next < *end).then_some((*partition, next))
        })
    }

    /// Ends of all partitions. Those not met before are taken up, and those that are no longer what
    /// was read are begun again.
    fn ends(&mut self) -> Result<HashMap<i32, i64>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let described = metadata.topics().iter().find(|t| t.name() == self.topic);
        let partitions: Vec<i32> = described
            .into_iter()
            .flat_map(|t| t.partitions().iter().map(|p| p.id()))
            .collect();
        if partitions.is_empty() {
            // Whatever comes under its name is another one.
            self.begin_again()?;
            bail!("topic {} does not exist", self.topic);
        }
        let mut ends = HashMap::new();
        let mut changed = false;
        for partition in partitions {
            let (first, end) = self
                .consumer
                .fetch_watermarks(&self.topic, partition, TIMEOUT)?;
            ends.insert(partition, end);
            let known = self.next.get(&partition).copied();
            let next = goes_on(known, first, end);
            changed |= known != Some(next);
            if known.is_some_and(|known| known != next) {
                warn!(
                    topic = self.topic,
                    partition, next, "the topic is not the one that was read: it is read again"
                );
            }
            self.next.insert(partition, next);
        }
        if changed {
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
            answered,
            request,
        } = record;
        self.next.insert(place.partition, offset + 1);
        match request {
            None => held(&self.requests).answered(&place, answered),
            Some(Ok(request)) => {
                let clear = match request.is_clear() {
                    true => (self.marks)(&request),
                    false => Vec::new(),
                };
                for mark in request.marks.iter().chain(&clear) {
                    self.erasures.add(*mark, request.requested_at);
                }
                if request.is_clear() {
                    held(&self.requests).ask(place, Asked { offset, request });
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
    /// Of a tombstone: offset up to which requests of the key were answered.
    answered: i64,
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
        // Whoever else wrote it means all before.
        answered: record
            .header(ANSWERED)
            .and_then(|up_to| up_to.parse().ok())
            .unwrap_or(message.offset()),
        request: record.payload.map(|_| decoded()),
    }
}

/// Offset at which reading goes on in a partition: where it was, unless the partition has nothing
/// there: its topic was made again, or records were deleted.
fn goes_on(known: Option<i64>, first: i64, end: i64) -> i64 {
    known
        .filter(|next| (first..=end).contains(next))
        .unwrap_or(first)
}

enum Polled {
    Record,
    /// A partition has nothing more.
    End(i32),
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_was_made_again_is_read_from_its_start() {
        assert_eq!(goes_on(None, 3, 9), 3);
        for known in [3, 5, 9] {
            assert_eq!(goes_on(Some(known), 3, 9), known);
        }
        // Offset 9 of the life of before lies beyond the end of the new one.
        assert_eq!(goes_on(Some(9), 0, 2), 0);
        assert_eq!(goes_on(Some(2), 3, 9), 3);
    }
}
