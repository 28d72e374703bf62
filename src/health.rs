//! Is this instance well? What the pipeline tells, and what follows from it for `/health/live`,
//! `/health/ready` and the metrics of state. No IO: [`server`] answers, [`lag`] reads Kafka's
//! statistics.
//!
//! | who | tells |
//! |---|---|
//! | whoever prepares the start | [`preparing`](Health::preparing) as it goes on |
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
    /// What is done before the loop begins, and when it last went on.
    preparing: Option<(String, Instant)>,
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
            preparing: None,
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

    /// Something is done before the loop begins, and goes on: it may take long, as long as this is
    /// called again and again.
    pub fn preparing(&self, what: String) {
        let (now, mut state) = self.now();
        state.preparing = Some((what, now.instant));
    }

    /// The polling loop goes round. Call it at the head of every round.
    pub fn turned(&self) {
        let (now, mut state) = self.now();
        state.turned = Some(now.instant);
    }

    /// The group gave these partitions, in addition to those held; an empty list counts too: more
    /// instances than partitions. Call it where the rebalance assigns them. Each partition is in
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

    /// The group took these partitions. Call it where the rebalance revokes them, and wherever an
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

    /// Recovery of a partition is done: `next` is the first offset that is not durable. What was
    /// read before and is not durable counts as dropped.
    pub fn recovered(&self, topic: &str, number: i32, next: i64) {
        self.partition(topic, number, |held, now| held.recovered(now, next));
    }

    /// A batch was begun with the record at this offset, which was read just now. Call it where the
    /// batch is made, on the polling thread, before the next poll: once a batch. Without this call
    /// records that are read and not durable would look like offsets without a record.
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
            return vec![match &state.preparing {
                Some((what, _)) => format!("{what}, starting for {so_far}"),
                None => format!("starting for {so_far}"),
            }];
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
        let went_on = self.preparing.as_ref().map_or(self.begun, |(_, at)| *at);
        match self.turned {
            _ if self.ending => None,
            Some(turned) if now - turned > LOOP => Some(format!(
                "the polling loop hangs for {}",
                seconds(now, turned)
            )),
            None if now - went_on > START => {
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

#[cfg(test)]
mod tests {
    use super::*;

    const STALLED: Duration = Duration::from_secs(120);
    /// Wall clock at the start, in ms.
    const BEGUN: Millis = 1_000_000;

    /// A health whose time goes on only by `pass`.
    struct Timed {
        health: Arc<Health>,
        now: Arc<Mutex<Now>>,
    }

    impl std::ops::Deref for Timed {
        type Target = Arc<Health>;

        fn deref(&self) -> &Arc<Health> {
            &self.health
        }
    }

    impl Timed {
        fn starting() -> Self {
            let now = Arc::new(Mutex::new(Now {
                instant: Instant::now(),
                millis: BEGUN,
            }));
            let clock = now.clone();
            let health = Health::with_clock(STALLED, move || *clock.lock().unwrap());
            Self { health, now }
        }

        /// In the group, with partitions `t[0]` and `t[1]` recovered at offset 100, without lag.
        fn running() -> Self {
            let health = Self::starting();
            health.turned();
            health.assigned([("t", 0), ("t", 1)]);
            for number in [0, 1] {
                health.recovered("t", number, 100);
                health.end(number, 100);
            }
            assert_eq!(health.ready(), NONE);
            health
        }

        /// Time passes while the loop hangs.
        fn hang(&self, seconds: u64) {
            let mut now = self.now.lock().unwrap();
            now.instant += Duration::from_secs(seconds);
            now.millis += 1000 * seconds as Millis;
        }

        /// Time passes, the loop turns.
        fn pass(&self, seconds: u64) {
            self.hang(seconds);
            self.turned();
        }

        /// The statistics: everything read was handed over, `t[number]` ends here.
        fn end(&self, number: i32, end: i64) {
            self.partition("t", number, |held, now| held.fetched(now, end, -1));
        }

        fn behind(&self, number: i32) -> metrics::Behind {
            let (now, state) = self.now();
            state.held["t"][&number].behind(now).unwrap()
        }
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn a_start_is_live_and_not_ready_and_may_not_take_for_ever() {
        let health = Timed::starting();
        health.hang(12);
        assert_eq!(health.live(), NONE);
        assert_eq!(health.ready(), ["starting for 12 s"]);
        health.hang(289);
        assert_eq!(health.live(), ["not started after 301 s"]);
        assert_eq!(health.ready(), ["not started after 301 s"]);
    }

    #[test]
    fn a_start_that_prepares_something_may_take_long_as_long_as_it_goes_on() {
        let health = Timed::starting();
        for done in 0..10 {
            health.preparing(format!("O-data: catching up, {done} %"));
            health.hang(200);
        }
        assert_eq!(health.live(), NONE);
        let reasons = ["O-data: catching up, 9 %, starting for 2000 s"];
        assert_eq!(health.ready(), reasons);
        health.hang(101);
        assert_eq!(health.live(), ["not started after 2101 s"]);
        health.turned();
        assert_eq!(health.live(), NONE);
    }

    #[test]
    fn a_loop_that_hangs_is_neither_live_nor_ready_until_it_turns() {
        let health = Timed::running();
        health.hang(30);
        assert_eq!(health.live(), NONE);
        health.hang(1);
        assert_eq!(health.live(), ["the polling loop hangs for 31 s"]);
        assert_eq!(health.ready(), ["the polling loop hangs for 31 s"]);
        health.turned();
        assert_eq!(health.live(), NONE);
        assert_eq!(health.ready(), NONE);
    }

    #[test]
    fn ready_begins_with_the_groups_answer() {
        let health = Timed::starting();
        health.turned();
        health.pass(3);
        assert_eq!(health.ready(), ["kafka: no assignment for 3 s"]);
        health.assigned([("t", 0)]);
        assert_eq!(health.ready(), NONE);
    }

    #[test]
    fn a_member_without_partitions_is_ready() {
        let empty = Timed::starting();
        empty.turned();
        empty.assigned([]);
        empty.pass(3600);
        assert_eq!(empty.ready(), NONE);

        let settled = Timed::starting();
        settled.turned();
        settled.joined();
        settled.pass(3600);
        assert_eq!(settled.ready(), NONE);
    }

    #[test]
    fn a_rebalance_may_take_its_time_but_must_end() {
        let health = Timed::running();
        health.revoked([("t", 0), ("t", 1)]);
        health.pass(29);
        assert_eq!(health.ready(), NONE);
        health.pass(1);
        assert_eq!(health.ready(), ["kafka: no assignment for 30 s"]);
        health.assigned([("t", 1)]);
        assert_eq!(health.ready(), NONE);
    }

    #[test]
    fn without_any_broker_it_is_not_ready_for_long() {
        let health = Timed::running();
        health.brokers(false);
        health.pass(20);
        health.brokers(false);
        assert_eq!(health.ready(), NONE);
        health.pass(20);
        assert_eq!(health.ready(), ["kafka: no broker answers for 40 s"]);
        health.brokers(true);
        assert_eq!(health.ready(), NONE);
    }

    #[test]
    fn a_write_that_fails_for_some_seconds_makes_unready_and_one_success_ready() {
        let health = Timed::running();
        health.writing(Target::ClickHouse).failed(Cause::Network);
        health.pass(4);
        assert_eq!(health.ready(), NONE, "a hiccup");
        health.writing(Target::ClickHouse).failed(Cause::Timeout);
        health.pass(8);
        assert_eq!(health.ready(), ["clickhouse: timeout for 12 s"]);
        health.writing(Target::DeadLetterTopic).done();
        assert_eq!(health.ready().len(), 1, "another target says nothing");
        health.writing(Target::ClickHouse).done();
        assert_eq!(health.ready(), NONE);
        health.writing(Target::ClickHouse).failed(Cause::Memory);
        health.pass(4);
        assert_eq!(health.ready(), NONE, "a new failure, a new time");
        assert_eq!(health.live(), NONE);
    }

    #[test]
    fn a_write_without_an_answer_makes_unready() {
        let health = Timed::running();
        let hanging = health.writing(Target::ClickHouse);
        health.pass(14);
        assert_eq!(health.ready(), NONE);
        health.pass(1);
        assert_eq!(health.ready(), ["clickhouse: no answer for 15 s"]);
        // Others get through: it can insert.
        health.writing(Target::ClickHouse).done();
        assert_eq!(health.ready(), NONE);
        health.pass(20);
        assert_eq!(health.ready(), ["clickhouse: no answer for 20 s"]);
        drop(hanging);
        assert_eq!(health.ready(), NONE, "given up");
    }

    #[test]
    fn failures_of_a_batch_that_was_given_up_are_forgotten() {
        let health = Timed::running();
        health
            .writing(Target::DeadLetterTopic)
            .failed(Cause::DeadLetterTopic);
        health.pass(119);
        let expected = "dead-letter topic: dead_letter_topic for 119 s";
        assert_eq!(health.ready(), [expected]);
        health.pass(1);
        assert_eq!(health.ready(), NONE);
    }

    #[test]
    fn back_pressure_alone_is_no_reason_but_is_told_with_others() {
        let health = Timed::running();
        health.paused(true);
        health.pass(20);
        health.paused(true);
        assert_eq!(health.ready(), NONE);
        health
            .writing(Target::ClickHouse)
            .failed(Cause::TooManyParts);
        health.pass(10);
        let expected = [
            "clickhouse: too_many_parts for 10 s",
            "reading paused for 30 s",
        ];
        assert_eq!(health.ready(), expected);
        health.paused(false);
        assert_eq!(health.ready().len(), 1);
    }

    #[test]
    fn a_partition_that_stands_still_with_lag_makes_unready_until_it_moves() {
        let health = Timed::running();
        health.end(1, 5220);
        health.pass(120);
        health.durable("t", 0, 100, 0);
        assert_eq!(health.ready(), NONE);
        health.pass(10);
        assert_eq!(health.ready(), ["t[1]: no progress for 130 s, lag 5120"]);
        health.durable("t", 1, 101, 0);
        assert_eq!(health.ready(), NONE);
        health.pass(121);
        assert_eq!(health.ready(), ["t[1]: no progress for 121 s, lag 5119"]);
        health.durable("t", 1, 5220, 0);
        health.pass(3600);
        assert_eq!(health.ready(), NONE, "no lag, no progress to make");
    }

    #[test]
    fn the_time_to_stand_still_begins_when_lag_does() {
        let health = Timed::running();
        health.pass(10 * 3600);
        health.end(0, 101);
        assert_eq!(health.ready(), NONE);
        health.pass(119);
        assert_eq!(health.ready(), NONE);
        health.pass(2);
        assert_eq!(health.ready(), ["t[0]: no progress for 121 s, lag 1"]);
    }

    #[test]
    fn progress_that_does_not_reach_the_end_is_progress() {
        let health = Timed::running();
        health.end(0, 1_000_000);
        for next in 1..=10 {
            health.pass(100);
            health.durable("t", 0, 100 + next, 0);
            assert_eq!(health.ready(), NONE);
        }
    }

    #[test]
    fn a_paused_partition_whose_end_only_the_broker_knows_is_seen() {
        let health = Timed::running();
        health.pass(40);
        assert_eq!(health.still_for(lag::ASK_EVERY).len(), 2);
        health.partition("t", 0, |held, now| held.asked(now, 700));
        // Fetches still tell the old end.
        health.end(0, 100);
        health.pass(121);
        health.end(0, 100);
        assert_eq!(health.ready(), ["t[0]: no progress for 121 s, lag 600"]);
    }

    #[test]
    fn offsets_that_hold_no_record_are_no_lag() {
        let health = Timed::running();
        health.durable("t", 0, 200, 0);
        let fetched = |handed_to| {
            health.partition("t", 0, |held, now| held.fetched(now, 201, handed_to));
            health.behind(0).records
        };
        assert_eq!(fetched(200), 1, "nobody knows yet what stands there");
        assert_eq!(fetched(201), 0, "a marker");
        health.reading("t", 0, 200);
        assert_eq!(fetched(201), 1, "a record, read and not durable");
        health.durable("t", 0, 201, 0);
        assert_eq!(fetched(201), 0);
    }

    #[test]
    fn recovery_that_fails_or_does_not_end_makes_unready() {
        let health = Timed::starting();
        health.turned();
        health.assigned([("t", 3), ("t", 4)]);
        health.recovered("t", 4, 0);
        health.pass(10);
        assert_eq!(health.ready(), NONE);
        health.recovery_failed("t", 3, Cause::Network);
        health.pass(4);
        health.recovery_failed("t", 3, Cause::Timeout);
        assert_eq!(health.ready(), NONE);
        health.pass(1);
        assert_eq!(health.ready(), ["t[3]: recovery: timeout for 5 s"]);
        health.recovered("t", 3, 0);
        assert_eq!(health.ready(), NONE);

        health.assigned([("t", 5)]);
        health.pass(121);
        assert_eq!(health.ready(), ["t[5]: recovery not done after 121 s"]);
    }

    #[test]
    fn a_partition_looked_up_again_begins_anew() {
        let health = Timed::running();
        health.reading("t", 0, 100);
        health.partition("t", 0, |held, now| held.asked(now, 9_000));
        health.pass(100);
        // The topic was made again, and is shorter.
        health.recovered("t", 0, 0);
        health.end(0, 5);
        assert_eq!(health.behind(0).records, 5);
        assert_eq!(health.behind(0).still, 0.0);
        assert_eq!(health.now().1.held["t"][&0].oldest_read(), None);
    }

    #[test]
    fn what_comes_late_for_a_partition_taken_away_changes_nothing() {
        let health = Timed::running();
        health.revoked([("t", 1)]);
        health.end(1, 9_000);
        health.durable("t", 1, 150, 0);
        health.recovery_failed("t", 1, Cause::Network);
        health.pass(3600);
        assert_eq!(health.ready(), NONE);
        health.assigned([("t", 1)]);
        health.recovered("t", 1, 9_000);
        assert_eq!(health.ready(), NONE, "nothing of its former life");
    }

    #[test]
    fn an_answer_names_some_partitions_and_counts_the_others() {
        let health = Timed::starting();
        health.turned();
        health.assigned((0..25).map(|number| ("t", number)));
        health.pass(200);
        let reasons = health.ready();
        assert_eq!(reasons.len(), 11);
        assert_eq!(reasons[10], "and 15 more partitions");
    }

    #[test]
    fn shutting_down_is_live_and_not_ready() {
        let health = Timed::running();
        health.shutting_down();
        health.hang(3600);
        assert_eq!(health.live(), NONE);
        assert_eq!(health.ready(), ["shutting down"]);
    }

    #[test]
    fn lag_in_seconds_is_the_age_of_the_newest_durable_record_while_there_is_lag() {
        let health = Timed::starting();
        health.turned();
        health.assigned([("t", 0)]);
        health.recovered("t", 0, 100);
        health.end(0, 500);
        health.pass(7);
        assert_eq!(health.behind(0).seconds, 7.0, "since the assignment");
        health.durable("t", 0, 200, BEGUN - 30_000);
        let expected = metrics::Behind {
            records: 300,
            seconds: 37.0,
            still: 0.0,
        };
        assert_eq!(health.behind(0), expected);
        health.durable("t", 0, 500, BEGUN - 1_000);
        assert_eq!(health.behind(0), metrics::Behind::default());
        // Hours without records are not hours of lag.
        health.pass(7_200);
        health.end(0, 500);
        health.pass(5);
        health.end(0, 501);
        assert_eq!(health.behind(0).seconds, 5.0);
    }

    #[test]
    fn the_oldest_record_is_that_of_the_first_batch_not_committed() {
        let health = Timed::running();
        let oldest = || {
            let (_, state) = health.now();
            state.held["t"][&0].oldest_read()
        };
        let begun = health.now().0.instant;
        assert_eq!(oldest(), None);
        health.reading("t", 0, 100);
        health.pass(5);
        health.reading("t", 0, 150);
        assert_eq!(oldest(), Some(begun));
        health.durable("t", 0, 150, 0);
        assert_eq!(oldest(), Some(begun + Duration::from_secs(5)));
        health.durable("t", 0, 180, 0);
        assert_eq!(oldest(), None);
    }
}
