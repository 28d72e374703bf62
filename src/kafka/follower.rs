//! All partitions of some topics, read from given offsets and on without end, beside all groups.
//!
//! A topic that was made again is read from its start under its new id, and partitions that are
//! added are read, too: both are looked for now and then. Nothing is committed: whoever reads keeps
//! the offsets.
//!
//! Kafka says where a partition ends, but the last offsets may have no records: transactions and
//! compaction leave such behind. Whether it is so the client tells when it comes to the end, and not
//! of which topic. So partitions of which nothing comes are asked again, one topic alone at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tracing::{info, warn};

use super::{ToTheEnd, reader, topic_ids};
use crate::batch::{Partition, RawBatch};
use crate::config::Config;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often topics are looked at again.
const LOOK: Duration = Duration::from_secs(10);
/// Of partitions of which nothing came for so long it is asked whether there are more records.
const SILENCE: Duration = Duration::from_secs(1);

/// See the module.
pub struct Follower {
    consumer: BaseConsumer<ToTheEnd>,
    topics: Vec<String>,
    /// Ids of topics on a broker that has none.
    streams: HashMap<String, String>,
    held: BTreeMap<(String, i32), Held>,
    looked: Option<Instant>,
    asked: Option<Asked>,
}

struct Held {
    partition: Partition,
    /// First offset that was not read.
    next: i64,
    /// Offset after the last one, when it was looked at.
    end: i64,
    /// When its last record came, or it was first read.
    heard: Instant,
    /// It went back: this is another life of its topic, or its end was cut off.
    is_lost: bool,
}

/// A topic that is read alone, until it is known of some of its partitions whether they have more
/// records.
struct Asked {
    topic: String,
    /// Partitions that have not answered, and where they ended when this began.
    ends: BTreeMap<i32, i64>,
    since: Instant,
}

impl Follower {
    /// Connects. `streams`: ids of topics on a broker that has none.
    ///
    /// # Errors
    /// A property of Kafka is wrong.
    pub fn connect(
        config: &Config,
        topics: Vec<String>,
        streams: HashMap<String, String>,
    ) -> Result<Self> {
        let consumer = super::bystander(config)?
            // Records of a hundred bytes take five times as much in the queue.
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(ToTheEnd)
            .map_err(super::check::refused_property)?;
        Ok(Self {
            consumer,
            topics,
            streams,
            held: BTreeMap::new(),
            looked: None,
            asked: None,
        })
    }

    /// Looks which partitions there are and where they end, and reads those that are new from where
    /// `position` says, else from their start. Does nothing if that was done a short time ago.
    ///
    /// # Errors
    /// Kafka does not answer, a topic is not there, or `position` fails: what was read before is read
    /// on.
    pub fn look(&mut self, position: impl Fn(&Partition) -> Result<Option<i64>>) -> Result<()> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(());
        }
        // A failure is looked at again as late, but for the first time.
        self.looked = (!self.held.is_empty()).then(Instant::now);
        let mut there = BTreeMap::new();
        for partition in self.partitions()? {
            let (topic, number) = (partition.topic.to_string(), partition.number);
            let (start, end) = reader::bounds(&self.consumer, &topic, number)?;
            let key = (topic, number);
            let known = self.held.get(&key);
            if known.is_some_and(|held| held.is_lost || held.partition != partition) {
                info!(%partition, "the topic was made again: it is read from its start");
            }
            let (next, heard) = match known.filter(|held| held.partition == partition) {
                Some(held) if held.is_lost => (start, Instant::now()),
                Some(held) => (held.next, held.heard),
                None => {
                    // What retention took is gone; beyond the end is what never was.
                    let next = position(&partition)?.unwrap_or(start);
                    let next = if next > end { start } else { next.max(start) };
                    (next, Instant::now())
                }
            };
            there.insert(
                key,
                Held {
                    partition,
                    next,
                    end,
                    heard,
                    is_lost: false,
                },
            );
        }
        let same = |(a, b): (&Held, &Held)| a.partition == b.partition && !b.is_lost;
        let changed =
            there.len() != self.held.len() || !there.values().zip(self.held.values()).all(same);
        self.held = there;
        if changed {
            self.assign(|_, _| true)?;
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    /// Reads these partitions from now on, all others no more.
    fn assign(&mut self, which: impl Fn(&str, i32) -> bool) -> Result<()> {
        let mut list = TopicPartitionList::new();
        for ((topic, number), held) in &self.held {
            if which(topic, *number) {
                list.add_partition_offset(topic, *number, Offset::Offset(held.next))?;
            }
        }
        self.asked = None;
        self.consumer
            .assign(&list)
            .context("can't read the topics of O-data")
    }

    /// Partitions as they are now, in this life of their topics.
    fn partitions(&self) -> Result<Vec<Partition>> {
        let mut ids = self.streams.clone();
        let unknown = |topic: &&String| !ids.contains_key(*topic);
        let unknown: Vec<String> = self.topics.iter().filter(unknown).cloned().collect();
        if !unknown.is_empty() {
            let told = topic_ids::describe(self.consumer.client(), &unknown, TIMEOUT)?;
            let named = told.into_iter().map(|(topic, id)| {
                let id = id.unwrap_or_else(|| topic.clone());
                (topic, id)
            });
            ids.extend(named);
        }
        let mut partitions = Vec::new();
        for topic in &self.topics {
            let Some(id) = ids.get(topic) else {
                bail!("topic {topic} does not exist");
            };
            let metadata = self.consumer.fetch_metadata(Some(topic), TIMEOUT);
            let metadata = metadata.with_context(|| format!("can't ask Kafka for {topic}"))?;
            let (name, stream): (Arc<str>, Arc<str>) = (topic.as_str().into(), id.as_str().into());
            let described = metadata.topics().iter().find(|t| t.name() == topic);
            let described = described.map_or(&[][..], |t| t.partitions());
            // Without its partitions it would look as if it were read to its end.
            if described.is_empty() {
                bail!("Kafka names no partitions of topic {topic}");
            }
            partitions.extend(described.iter().map(|p| Partition {
                topic: name.clone(),
                stream: stream.clone(),
                number: p.id(),
            }));
        }
        Ok(partitions)
    }

    /// Reads records until there are so many, or bytes, or so long; one batch a partition.
    ///
    /// # Errors
    /// Kafka refuses for good.
    pub fn read(&mut self, records: usize, bytes: usize, time: Duration) -> Result<Vec<RawBatch>> {
        let mut batches: Vec<RawBatch> = Vec::new();
        // Of one partition, many come in a row.
        let mut current = 0;
        let (mut count, mut size) = (0, 0);
        let mut ended = Vec::new();
        let begun = Instant::now();
        while count < records && size < bytes && begun.elapsed() < time {
            let message = match self.consumer.poll(time.saturating_sub(begun.elapsed())) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    ended.push(number);
                    continue;
                }
                Some(Err(error)) if super::is_hopeless(&error) => {
                    return Err(anyhow!(error).context("Kafka refuses to be read"));
                }
                Some(Err(error)) => {
                    warn!(%error, "can't read O-data, trying again");
                    continue;
                }
                None => break,
            };
            let (topic, number) = (message.topic(), message.partition());
            let of = |batch: &RawBatch| {
                batch.partition().number == number && *batch.partition().topic == *topic
            };
            if !batches.get(current).is_some_and(of) {
                current = match batches.iter().position(of) {
                    Some(known) => known,
                    None => {
                        let Some(held) = self.held.get_mut(&(topic.to_owned(), number)) else {
                            continue;
                        };
                        if held.is_lost {
                            continue;
                        }
                        if message.offset() < held.next {
                            // Which life of the topic this is tells the next look.
                            held.is_lost = true;
                            self.looked = None;
                            break;
                        }
                        batches.push(RawBatch::new(held.partition.clone(), 0));
                        batches.len() - 1
                    }
                };
            }
            let batch = &mut batches[current];
            super::push(&message, batch);
            count += 1;
            size += message.payload_len();
        }
        for batch in &batches {
            let key = (
                batch.partition().topic.to_string(),
                batch.partition().number,
            );
            if let (Some(held), Some(read)) = (self.held.get_mut(&key), batch.offsets()) {
                held.next = read.range.end() + 1;
                held.heard = Instant::now();
            }
        }
        self.answered(&ended)?;
        if self.asked.is_none() {
            self.ask()?;
        }
        Ok(batches)
    }

    /// Takes note of the partitions that have come to their end, and goes on with all topics when
    /// those that were asked have.
    fn answered(&mut self, ended: &[i32]) -> Result<()> {
        let Some(asked) = &mut self.asked else {
            return Ok(());
        };
        for number in ended {
            let Some(end) = asked.ends.remove(number) else {
                continue;
            };
            // Nothing that can be read lies before the end of then.
            if let Some(held) = self.held.get_mut(&(asked.topic.clone(), *number)) {
                held.next = held.next.max(end);
            }
        }
        let (is_over, topic) = (asked.since.elapsed() > TIMEOUT, asked.topic.clone());
        if asked.ends.is_empty() || is_over {
            // Those that don't answer are asked again, after the others.
            let of_topic = self.held.iter_mut().filter(|((of, _), _)| *of == topic);
            of_topic.for_each(|(_, held)| held.heard = Instant::now());
            self.assign(|_, _| true)?;
        }
        Ok(())
    }

    /// Where of all partitions that are behind nothing comes, asks those of one topic.
    fn ask(&mut self) -> Result<()> {
        let behind = || self.held.iter().filter(|(_, held)| held.is_behind());
        if behind().any(|(_, held)| held.heard.elapsed() <= SILENCE) {
            return Ok(());
        }
        let Some(((topic, _), _)) = behind().min_by_key(|(_, held)| held.heard) else {
            return Ok(());
        };
        let topic = topic.clone();
        let of_topic = behind().filter(|((of, _), _)| *of == topic);
        let ends: BTreeMap<i32, i64> = of_topic.map(|((_, n), held)| (*n, held.end)).collect();
        self.assign(|of, number| of == topic && ends.contains_key(&number))?;
        self.asked = Some(Asked {
            topic,
            ends,
            since: Instant::now(),
        });
        Ok(())
    }

    /// How much there is to read up to the ends that were looked at last. What transactions and
    /// compaction leave behind without a record counts until Kafka has said that there is none.
    pub fn behind(&self) -> u64 {
        self.held.values().map(Held::left).sum()
    }
}

impl Held {
    fn is_behind(&self) -> bool {
        self.next < self.end && !self.is_lost
    }

    /// Offsets that are to be read; of one that went back, at least one.
    fn left(&self) -> u64 {
        let left = self.end.saturating_sub(self.next).max(0).unsigned_abs();
        left.max(self.is_lost.into())
    }
}
