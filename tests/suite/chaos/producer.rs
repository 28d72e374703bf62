//! Sends the load to Kafka on a thread of its own and remembers what came to lie where.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::load::{Code, Load, MOST, PARTITIONS};

/// A code that stands for "not known".
const UNKNOWN: u32 = u32::MAX;

/// Which record lies at which offset: four bytes a record.
#[derive(Debug, Default)]
pub struct Produced {
    partitions: [Vec<u32>; PARTITIONS],
    /// Records that Kafka did not take, by its word.
    refused: Vec<String>,
}

impl Produced {
    /// Offsets of a partition, from 0.
    pub fn len(&self, partition: usize) -> usize {
        self.partitions[partition].len()
    }

    /// All records.
    pub fn total(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    /// The record at an offset; `None` if no delivery report told.
    pub fn at(&self, partition: usize, offset: usize) -> Option<Code> {
        let code = *self.partitions[partition].get(offset)?;
        (code != UNKNOWN).then_some(Code(code))
    }

    /// Notes a record.
    pub fn put(&mut self, partition: usize, offset: usize, code: Code) {
        let codes = &mut self.partitions[partition];
        if codes.len() <= offset {
            codes.resize(offset + 1, UNKNOWN);
        }
        codes[offset] = code.0;
    }
}

/// A producer at work.
pub struct Producer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    produced: Mutex<Produced>,
    target: AtomicU64,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    burst: AtomicU32,
    stop: AtomicBool,
}

impl Producer {
    /// Begins to follow its target, which is 0.
    pub fn start(mut client: ClientConfig, topic: String, load: Load) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let producer: BaseProducer<Reports> = client
            .set("enable.idempotence", "true")
            // Until the broker is back.
            .set("message.timeout.ms", "0")
            .set("linger.ms", "20")
            .set("reconnect.backoff.max.ms", "500")
            .create_with_context(Reports(shared.clone()))?;
        let follow = shared.clone();
        let thread = std::thread::Builder::new()
            .name("load".into())
            .spawn(move || follow.run(&producer, &topic, load))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Raises the number of records to have sent.
    pub fn aim(&self, target: u64) {
        let target = target.min(MOST - 1);
        self.shared.target.fetch_max(target, Ordering::Relaxed);
    }

    /// Makes most of the next records poison.
    pub fn poison(&self, records: u32) {
        self.shared.burst.fetch_add(records, Ordering::Relaxed);
    }

    /// Records sent and acknowledged.
    pub fn progress(&self) -> (u64, u64) {
        let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
        (get(&self.shared.sent), get(&self.shared.acknowledged))
    }

    /// Whether Kafka has refused a record: it never should.
    pub fn refused(&self) -> Result<()> {
        match self.shared.produced().refused.first() {
            Some(first) => bail!("Kafka refused a record: {first}"),
            None => Ok(()),
        }
    }

    /// Waits until all of the target is acknowledged, ends, and tells what lies where.
    pub fn finish(mut self, patience: Duration) -> Result<Produced> {
        let begun = Instant::now();
        let target = self.shared.target.load(Ordering::Relaxed);
        while self.progress().1 < target {
            self.refused()?;
            if begun.elapsed() > patience {
                bail!("Kafka took {} of {target} records", self.progress().1);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.end();
        self.refused()?;
        let produced = std::mem::take(&mut *self.shared.produced());
        Ok(produced)
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn produced(&self) -> MutexGuard<'_, Produced> {
        self.produced.lock().unwrap()
    }

    fn run(&self, producer: &BaseProducer<Reports>, topic: &str, load: Load) {
        let mut payload = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            // Waits where nothing is to be done.
            producer.poll(Duration::from_millis(10));
            let target = self.target.load(Ordering::Relaxed);
            for _ in 0..1_000 {
                let number = self.sent.load(Ordering::Relaxed);
                if number >= target {
                    break;
                }
                let burst = self.burst.load(Ordering::Relaxed);
                let code = load.code(number as u32, burst > 0);
                let has_payload = load.payload(code, &mut payload);
                let key = code.0.to_string();
                let mut record = BaseRecord::with_opaque_to(topic, code.0 as usize)
                    .partition(load.partition(code))
                    .key(&key);
                if has_payload {
                    record = record.payload(&payload);
                }
                match producer.send(record) {
                    Ok(()) => {
                        self.sent.fetch_add(1, Ordering::Relaxed);
                        let _ =
                            self.burst
                                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                                    left.checked_sub(1)
                                });
                    }
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => break,
                    Err((error, _)) => {
                        self.produced().refused.push(error.to_string());
                        return;
                    }
                }
            }
        }
        // Nothing is left, unless the run is given up.
        let _ = producer.flush(Duration::from_secs(1));
    }
}

/// Where each record came to lie.
struct Reports(Arc<Shared>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// The record's code.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, code: usize) {
        let mut produced = self.0.produced();
        match result {
            Ok(message) => {
                // A repeated record may come back without its offset: it is looked up at the end.
                if let Ok(offset) = usize::try_from(message.offset()) {
                    produced.put(message.partition() as usize, offset, Code(code as u32));
                }
                self.0.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => produced.refused.push(error.to_string()),
        }
    }
}

/// Fills what no delivery report told from Kafka itself, where the key of a record is its code.
/// `ends`: the log ends of the partitions.
pub fn fill(
    produced: &mut Produced,
    ends: &[usize],
    read: impl Fn(usize, usize) -> Result<Vec<u8>>,
) -> Result<usize> {
    let mut filled = 0;
    for (partition, &end) in ends.iter().enumerate() {
        if produced.len(partition) > end {
            let known = produced.len(partition);
            bail!("partition {partition} ends at {end}, but {known} records were acknowledged");
        }
        for offset in 0..end {
            if produced.at(partition, offset).is_none() {
                let key = read(partition, offset)?;
                let code = std::str::from_utf8(&key)
                    .ok()
                    .and_then(|key| key.parse().ok());
                let code = code.context("a record of somebody else is in the topic")?;
                produced.put(partition, offset, Code(code));
                filled += 1;
            }
        }
    }
    Ok(filled)
}
