//! The thread that polls: routes records by partition into batches, and goes on polling while
//! batches are worked on, so that the group never takes this instance for dead.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tracing::{debug, error, warn};

use super::assignment::{Assignment, Context};
use super::forming::Reading;
use super::lookup::{Lookup, Resumption};
use crate::batch::RawBatch;
use crate::config::Batch;
use crate::health::Health;
use crate::telemetry::metrics;

/// Longest single wait for a record.
const POLL: Duration = Duration::from_millis(50);
/// Records taken before batches are looked at again.
const RECORDS_A_ROUND: usize = 1_000;
/// Longest wait for a seek.
const SEEK: Duration = Duration::from_secs(10);
/// Offsets in one batch of a gap.
const GAP_BATCH: i64 = 100_000;

/// What the polling thread owns.
pub(super) struct Poller {
    pub consumer: Arc<BaseConsumer<Context>>,
    pub assignment: Arc<Assignment>,
    pub lookup: Arc<Lookup>,
    pub runtime: tokio::runtime::Handle,
    pub limits: Batch,
    pub topics: Vec<String>,
    pub health: Arc<Health>,
    pub sender: mpsc::Sender<Result<RawBatch>>,
    pub state: State,
}

/// What changes while it polls.
pub(super) struct State {
    reading: HashMap<(usize, i32), Reading>,
    found: (std_mpsc::Sender<Resumption>, std_mpsc::Receiver<Resumption>),
    /// Partitions with a gap that is still told.
    gaps: VecDeque<Resumption>,
    ready: VecDeque<RawBatch>,
    /// Bytes of all batches here, which wait.
    held_bytes: usize,
    paused: bool,
    pace: Pace,
}

impl State {
    pub fn new(limits: &Batch) -> Self {
        Self {
            reading: HashMap::new(),
            found: std_mpsc::channel(),
            gaps: VecDeque::new(),
            ready: VecDeque::new(),
            held_bytes: 0,
            paused: false,
            pace: Pace::new(limits.per_second),
        }
    }
}

impl Poller {
    pub fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            self.health.turned();
            if let Err(error) = self.poll().and_then(|()| self.take_found()) {
                // The pipeline may have ended already.
                let _ = self.sender.blocking_send(Err(error));
                return;
            }
            self.take_assigned();
            self.close_aged();
            if self.hand_over().is_err() {
                return;
            }
            self.press_back();
            metrics::bytes_held(self.state.held_bytes);
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
                Some(Err(error)) if super::is_hopeless(&error) => {
                    return Err(anyhow!(error).context("Kafka refuses this consumer"));
                }
                Some(Err(error)) if out_of_range(&error) => {
                    error!(%error, "an offset is out of range, looking up where to go on");
                    self.lookup.again();
                }
                Some(Err(error)) => debug!(%error, "poll"),
                None => break,
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let topic = self.topics.iter().position(|t| t == message.topic());
        let Some(key) = topic.map(|topic| (topic, message.partition())) else {
            return;
        };
        // Not resumed yet: a record from before the pause.
        let Some(reading) = self.state.reading.get_mut(&key) else {
            return;
        };
        if let Some(from) = reading.doubts(message.offset()) {
            let seek = self
                .consumer
                .seek(message.topic(), key.1, Offset::Offset(from), SEEK);
            if let Err(error) = seek {
                warn!(%error, "can't seek, looking up where to go on");
                self.lookup.again();
            }
            return;
        }
        let (before, begun) = (reading.bytes(), reading.is_begun());
        let ended = reading.take(message);
        if (!begun && reading.is_begun()) || ended.is_some() {
            self.health
                .reading(message.topic(), key.1, message.offset());
        }
        let more = ended.as_ref().map_or(0, RawBatch::bytes) + reading.bytes() - before;
        self.state.held_bytes += more;
        self.state.ready.extend(ended);
        if reading.is_full(&self.limits) {
            self.state.ready.extend(reading.close());
        }
    }

    /// Has newly assigned partitions looked up, and drops what was read under earlier assignments.
    fn take_assigned(&mut self) {
        let (assignment, state) = (&self.assignment, &mut self.state);
        state.reading.retain(|_, reading| {
            let partition = &reading.partition;
            let holds = assignment.holds(&partition.topic, partition.number, reading.epoch);
            if !holds {
                state.held_bytes -= reading.bytes();
            }
            holds
        });
        let assigned = self.assignment.take_new();
        if assigned.is_empty() {
            return;
        }
        let found = self.state.found.0.clone();
        // This thread may have ended: then nobody wants to know.
        let answer = move |resumption| drop(found.send(resumption));
        self.runtime
            .spawn(self.lookup.clone().resume(assigned, answer));
    }

    /// Goes on with partitions that were looked up.
    fn take_found(&mut self) -> Result<()> {
        while let Ok(found) = self.state.found.1.try_recv() {
            match found.plan.gap {
                Some(_) => self.state.gaps.push_back(found),
                None => self.go_on_or_join_again(&found)?,
            }
        }
        self.tell_gap()
    }

    fn go_on_or_join_again(&mut self, found: &Resumption) -> Result<()> {
        if let Err(error) = self.go_on(found) {
            // Of a topic that was made again librdkafka may keep a partition that it can't seek
            // in: it lets go of it with the assignment.
            warn!(partition = %found.partition, %error, "can't go on with a partition, joining the group again");
            self.consumer.unsubscribe();
            let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
            self.consumer.subscribe(&topics)?;
        }
        Ok(())
    }

    fn go_on(&mut self, found: &Resumption) -> Result<()> {
        let (topic, number) = (&*found.partition.topic, found.partition.number);
        let position = self.topics.iter().position(|t| t == topic);
        let (Some(position), true) = (position, self.assignment.holds(topic, number, found.epoch))
        else {
            return Ok(());
        };
        let from = Offset::Offset(found.plan.from);
        self.consumer.seek(topic, number, from, SEEK)?;
        self.state
            .reading
            .insert((position, number), Reading::new(found));
        self.health.recovered(topic, number, found.plan.from);
        if !self.state.paused {
            let mut list = TopicPartitionList::new();
            list.add_partition(topic, number);
            self.consumer.resume(&list)?;
        }
        Ok(())
    }

    /// The next part of what Kafka deleted before it was read, when nothing else waits: a gap may be
    /// longer than memory. Behind its last part the partition itself is read.
    fn tell_gap(&mut self) -> Result<()> {
        let state = &mut self.state;
        if !state.ready.is_empty() {
            return Ok(());
        }
        let Some(found) = state.gaps.front_mut() else {
            return Ok(());
        };
        let (epoch, partition) = (found.epoch, found.partition.clone());
        let held = self
            .assignment
            .holds(&partition.topic, partition.number, epoch);
        match found.plan.gap.take() {
            Some(gap) if held => {
                let last = (gap.start() + GAP_BATCH - 1).min(*gap.end());
                let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let time = since_1970.as_millis() as i64;
                let batch = RawBatch::gap(partition, epoch, *gap.start()..=last, time);
                state.ready.push_back(batch);
                found.plan.gap = (last < *gap.end()).then(|| last + 1..=*gap.end());
                Ok(())
            }
            _ => match state.gaps.pop_front() {
                Some(found) => self.go_on_or_join_again(&found),
                None => Ok(()),
            },
        }
    }

    /// Closes batches that have waited long enough, the oldest first, as many as may be written.
    fn close_aged(&mut self) {
        let state = &mut self.state;
        let allowed = state.pace.allowed().saturating_sub(state.ready.len());
        let waited = state
            .reading
            .iter()
            .filter_map(|(key, reading)| Some((reading.waited(&self.limits)?, *key)));
        let mut aged: Vec<_> = waited.collect();
        aged.sort_unstable_by(|a, b| b.cmp(a));
        for (_, key) in aged.into_iter().take(allowed) {
            if let Some(reading) = state.reading.get_mut(&key) {
                state.ready.extend(reading.close());
            }
        }
    }

    /// Gives ready batches to the pipeline, as many as it takes and may write; an error when it is
    /// gone.
    fn hand_over(&mut self) -> Result<(), ()> {
        let state = &mut self.state;
        while state.pace.allowed() > 0 {
            let Some(batch) = state.ready.pop_front() else {
                break;
            };
            let bytes = batch.bytes();
            match self.sender.try_send(Ok(batch)) {
                Ok(()) => {
                    state.held_bytes -= bytes;
                    state.pace.spend();
                }
                Err(mpsc::error::TrySendError::Full(Ok(batch))) => {
                    state.ready.push_front(batch);
                    break;
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
        let pause = match self.state.paused {
            false => self.state.held_bytes > bound,
            true => self.state.held_bytes > bound / 2,
        };
        if pause == self.state.paused {
            return;
        }
        // Those that are looked up are paused anyway.
        let mut list = TopicPartitionList::new();
        for reading in self.state.reading.values() {
            list.add_partition(&reading.partition.topic, reading.partition.number);
        }
        let changed = match pause {
            true => self.consumer.pause(&list),
            false => self.consumer.resume(&list),
        };
        match changed {
            Ok(()) => {
                self.state.paused = pause;
                self.health.paused(pause);
            }
            Err(error) => warn!(%error, pause, "partitions could not be paused or resumed"),
        }
    }
}

/// Batches that may be written: so many a second, no more than a second's at once.
struct Pace {
    per_second: f64,
    saved: f64,
    at: Instant,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second),
            saved: f64::from(per_second),
            at: Instant::now(),
        }
    }

    fn allowed(&mut self) -> usize {
        let now = Instant::now();
        let earned = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.at = now;
        self.saved = (self.saved + earned).min(self.per_second);
        self.saved as usize
    }

    fn spend(&mut self) {
        self.saved -= 1.0;
    }
}

/// The next offset is not in the log.
fn out_of_range(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_allows_a_seconds_batches_at_once_and_no_more() {
        let mut pace = Pace::new(3);
        assert_eq!(pace.allowed(), 3);
        for _ in 0..3 {
            pace.spend();
        }
        assert_eq!(pace.allowed(), 0);
        pace.at -= Duration::from_millis(700);
        assert_eq!(pace.allowed(), 2);
        pace.at -= Duration::from_secs(60);
        assert_eq!(pace.allowed(), 3);
    }
}
