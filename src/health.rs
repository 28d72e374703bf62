//! Is this instance well? What the pipeline tells, and what follows from it for `/health/live`,
//! `/health/ready` and the metrics of state. No IO: [`server`] answers, [`lag`] reads Kafka's
//! statistics.
//!
//! | who | tells |
//! |---|---|
//! | the polling loop | [`turned`](Health::turned) every round, [`paused`](Health::paused), [`reading`](Health::reading) at a batch's first record |
//! | the rebalance callbacks | [`assigned`](Health::assigned), [`revoked`](Health::revoked) |
//! | the recovery of a partition | [`recovery_failed`](Health::recovery_failed), [`recovered`](Health::recovered) |
//! | whoever tries to write | [`writing`](Health::writing) before each try |
//! | whoever commits | [`durable`](Health::durable) after a batch's commit |
//! | the statistics callback | [`lag::update`] |
//! | a thread of its own, now and then | [`lag::ask_ends`] |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::feedback::Millis;
use crate::telemetry::{Cause, metrics};

pub mod lag;
mod partition;
pub mod server;
mod writes;

use partition::Held;
use writes::Writes;
pub use writes::{Target, Writing};

/// A polling loop that has not turned for this long hangs.
const LOOP: Duration = Duration::from_secs(30);
/// The loop begins within this long: checks, models, tables.
const START: Duration = Duration::from_secs(300);
/// A group that rebalances gives partitions back within this long.
const REBALANCE: Duration = Duration::from_secs(30);
/// Without a connection to any broker for this long, nothing can be committed.
const BROKERS: Duration = Duration::from_secs(30);
/// What fails for so short a time is not worth a word.
const HICCUP: Duration = Duration::from_secs(5);
/// Most partitions that one answer names.
const NAMED: usize = 10;

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For spans of time.
    pub instant: Instant,
    /// ms since 1970, to compare with the times of records.
    pub millis: Millis,
}

impl Now {
    fn real() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            instant: Instant::now(),
            millis: since.map_or(0, |s| s.as_millis() as Millis),
        }
    }
}

/// The state of this instance, shared by all that tell or ask. Every call is short and blocks on
/// nothing but the others.
pub struct Health {
    clock: Box<dyn Fn() -> Now + Send + Sync>,
    stalled: Duration,
    state: Mutex<State>,
}

struct State {
    begun: Instant,
    turned: Option<Instant>,
    /// Since when the group owes an answer, and how long it may take; none while this instance is a
    /// settled member.
    waiting: Option<(Instant, Duration)>,
    /// Since when no broker is connected.
    cut_off: Option<Instant>,
    held: BTreeMap<String, BTreeMap<i32, Held>>,
    writes: BTreeMap<Target, Writes>,
    paused: Option<Instant>,
    ending: bool,
}

impl Health {
    /// The state of an instance that starts now. `stalled`: how long a partition with lag may stand
    /// still (`health.stalled`).
    pub fn new(stalled: Duration) -> Arc<Self> {
        Self::with_clock(stalled, Now::real)
    }

    /// As [`new`](Self::new), with a clock of one's own.
    pub fn with_clock(
        stalled: Duration,
        clock: impl Fn() -> Now + Send + Sync + 'static,
    ) -> Arc<Self> {
        let begun = clock().instant;
        let state = State {
            begun,
            turned: None,
            waiting: Some((begun, Duration::ZERO)),
            cut_off: None,
            held: BTreeMap::new(),
            writes: BTreeMap::new(),
            paused: None,
            ending: false,
        };
        Arc::new(Self {
            clock: Box::new(clock),
            stalled,
            state: Mutex::new(state),
        })
    }

    /// The polling loop goes round. Call it at the head of every round.
    pub fn turned(&self) {
        let (now, mut state) = self.now();
        state.turned = Some(now.instant);
    }

    /// The group gave these partitions, in addition to those held; an empty list counts too: more
    /// instances than partitions. Call it in `post_rebalance` for `Assign`. Each partition is in
    /// recovery until [`recovered`](Self::recovered).
    pub fn assigned<'a>(&self, partitions: impl IntoIterator<Item = (&'a str, i32)>) {
        let (now, mut state) = self.now();
        state.waiting = None;
        for (topic, number) in partitions {
            let of_topic = state.held.entry(topic.to_owned()).or_default();
            of_topic.insert(number, Held::new(now));
        }
        drop(state);
        metrics::assignment_changed();
    }

    /// The group took these partitions. Call it in `pre_rebalance` for `Revoke`, and wherever an
    /// assignment is found to be lost.
    pub fn revoked<'a>(&self, partitions: impl IntoIterator<Item = (&'a str, i32)>) {
        let (now, mut state) = self.now();
        for (topic, number) in partitions {
            let of_topic = state.held.get_mut(topic);
            if of_topic.is_some_and(|t| t.remove(&number).is_some()) {
                // Another instance tells its lag from now on.
                metrics::partition(topic, number, metrics::Behind::default());
            }
        }
        state.held.retain(|_, of_topic| !of_topic.is_empty());
        if state.held.is_empty() && state.waiting.is_none() {
            state.waiting = Some((now.instant, REBALANCE));
        }
    }

    /// The group is settled and this instance is in it, maybe without partitions.
    /// [`lag::update`] calls it.
    pub fn joined(&self) {
        self.now().1.waiting = None;
    }

    /// Whether any broker is connected. [`lag::update`] calls it.
    pub fn brokers(&self, connected: bool) {
        let (now, mut state) = self.now();
        state.cut_off = match connected {
            true => None,
            false => state.cut_off.or(Some(now.instant)),
        };
    }

    /// Recovery of a partition failed and will be tried again. Call it after each failed try.
    pub fn recovery_failed(&self, topic: &str, number: i32, cause: Cause) {
        self.partition(topic, number, |held, now| held.recovery_failed(now, cause));
        metrics::retry(cause);
    }

    /// Recovery of a partition is done: `next` is the first offset that is not durable.
    pub fn recovered(&self, topic: &str, number: i32, next: i64) {
        self.partition(topic, number, |held, now| held.recovered(now, next));
    }

    /// A batch was begun with the record at this offset, which was read just now. Call it where the
    /// batch is made, on the polling thread: once a batch.
    pub fn reading(&self, topic: &str, number: i32, first: i64) {
        self.partition(topic, number, |held, now| held.reading(now, first));
    }

    /// Everything before `next` has its outcome, and Kafka acknowledged the commit that says so.
    /// `time`: Kafka time of the last record before it, in ms; 0 if unknown. Call it after the
    /// commit of each batch (for the end of batch k: the announcement of batch k+1).
    pub fn durable(&self, topic: &str, number: i32, next: i64, time: Millis) {
        self.partition(topic, number, |held, now| held.durable(now, next, time));
    }

    /// A try to write begins. Call it before each try, after any waiting for the pace; tell the
    /// returned value how the try ended. Dropping it says that the try was given up.
    pub fn writing(self: &Arc<Self>, target: Target) -> Writing {
        let (now, mut state) = self.now();
        let id = state.writes.entry(target).or_default().begin(now.instant);
        Writing::new(self.clone(), target, id)
    }

    /// Reading was paused because batches are not taken fast enough, or goes on.
    pub fn paused(&self, paused: bool) {
        let (now, mut state) = self.now();
        state.paused = paused.then(|| state.paused.unwrap_or(now.instant));
    }

    /// The process was told to end.
    pub fn shutting_down(&self) {
        self.now().1.ending = true;
    }

    /// Why this instance is not live, and must be started again: empty if it is. Only a loop that
    /// hangs is a reason; what others do not answer is none, a start would not mend it.
    pub fn live(&self) -> Vec<String> {
        let (now, state) = self.now();
        state.hanging(now.instant).into_iter().collect()
    }

    /// Why this instance does not do its work: empty if it is ready.
    pub fn ready(&self) -> Vec<String> {
        let (now, state) = self.now();
        let now = now.instant;
        if state.ending {
            return vec!["shutting down".into()];
        }
        if let Some(reason) = state.hanging(now) {
            return vec![reason];
        }
        if state.turned.is_none() {
            let so_far = seconds(now, state.begun);
            return vec![format!("starting for {so_far}")];
        }
        let mut reasons: Vec<String> = state.kafka(now).into_iter().collect();
        for (target, writes) in &state.writes {
            reasons.extend(
                writes
                    .refusal(now)
                    .map(|r| format!("{}: {r}", target.name())),
            );
        }
        if let (false, Some(since)) = (reasons.is_empty(), state.paused) {
            reasons.push(format!("reading paused for {}", seconds(now, since)));
        }
        reasons.extend(state.standing_still(now, self.stalled));
        reasons
    }

    /// Sets the metrics of state: lag of each partition held, partitions, pause, age of the oldest
    /// record that is not committed. [`server`] calls it before it renders.
    pub fn publish(&self) {
        let (now, state) = self.now();
        let mut oldest = Duration::ZERO;
        for (topic, number, held) in state.partitions() {
            if let Some(behind) = held.behind(now) {
                metrics::partition(topic, number, behind);
            }
            let waited = held.oldest_read().map(|read| now.instant - read);
            oldest = oldest.max(waited.unwrap_or_default());
        }
        metrics::state(state.partitions().count(), state.paused.is_some(), oldest);
    }

    /// Partitions that have stood still for some time: their end, as fetches told it, may be old.
    fn still_for(&self, time: Duration) -> Vec<(String, i32)> {
        let (now, state) = self.now();
        let still = |held: &Held| held.untouched(now.instant) >= time;
        let partitions = state.partitions().filter(|(_, _, held)| still(held));
        partitions
            .map(|(topic, number, _)| (topic.to_owned(), number))
            .collect()
    }

    /// Applies news of a partition; those of one that isn't held come late and are dropped.
    fn partition(&self, topic: &str, number: i32, news: impl FnOnce(&mut Held, Now)) {
        let (now, mut state) = self.now();
        let of_topic = state.held.get_mut(topic);
        if let Some(held) = of_topic.and_then(|t| t.get_mut(&number)) {
            news(held, now);
        }
    }

    fn write_ended(&self, target: Target, id: u64, end: writes::End) {
        let (now, mut state) = self.now();
        state
            .writes
            .entry(target)
            .or_default()
            .end(now.instant, id, end);
    }

    fn now(&self) -> (Now, MutexGuard<'_, State>) {
        // The time is taken under the lock, so that it never runs backwards between two calls.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        ((self.clock)(), state)
    }
}

impl State {
    fn partitions(&self) -> impl Iterator<Item = (&str, i32, &Held)> {
        self.held.iter().flat_map(|(topic, of_topic)| {
            of_topic
                .iter()
                .map(move |(number, held)| (topic.as_str(), *number, held))
        })
    }

    fn hanging(&self, now: Instant) -> Option<String> {
        match self.turned {
            _ if self.ending => None,
            Some(turned) if now - turned > LOOP => Some(format!(
                "the polling loop hangs for {}",
                seconds(now, turned)
            )),
            None if now - self.begun > START => {
                Some(format!("not started after {}", seconds(now, self.begun)))
            }
            _ => None,
        }
    }

    fn kafka(&self, now: Instant) -> Option<String> {
        if let Some(since) = self.cut_off.filter(|since| now - *since > BROKERS) {
            return Some(format!(
                "kafka: no broker answers for {}",
                seconds(now, since)
            ));
        }
        let (since, grace) = self.waiting?;
        (now - since >= grace).then(|| format!("kafka: no assignment for {}", seconds(now, since)))
    }

    fn standing_still(&self, now: Instant, stalled: Duration) -> Vec<String> {
        let mut reasons: Vec<String> = self
            .partitions()
            .filter_map(|(topic, number, held)| {
                let reason = held.standing_still(now, stalled)?;
                Some(format!("{topic}[{number}]: {reason}"))
            })
            .collect();
        let more = reasons.len().saturating_sub(NAMED);
        if more > 0 {
            reasons.truncate(NAMED);
            reasons.push(format!("and {more} more partitions"));
        }
        reasons
    }
}

/// "12 s".
fn seconds(now: Instant, since: Instant) -> String {
    format!("{} s", (now - since).as_secs())
}
