//! One partition held: how far it is, how far it could be, and since when nothing moves.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{HICCUP, Now, seconds};
use crate::feedback::Millis;
use crate::telemetry::{Cause, metrics::Behind};

/// State of a partition under one assignment.
pub(super) struct Held {
    assigned: Now,
    recovery: Option<Recovery>,
    /// First offset that is not durable; none before the recovery is done.
    next: Option<i64>,
    /// Up to here every record is durable; beyond `next` if no records follow it.
    read_to: Option<i64>,
    /// End of the partition, by fetches and by asking.
    fetched_end: Option<i64>,
    asked_end: Option<i64>,
    /// Kafka time of the newest durable record.
    newest: Option<Millis>,
    /// When there was no lag, last.
    level: Option<Now>,
    /// Last progress, or the moment before which there was none to make.
    moved: Instant,
    /// First offsets of the batches that are not committed, each with the time when it was read.
    uncommitted: VecDeque<(i64, Instant)>,
}

#[derive(Default)]
struct Recovery {
    failing: Option<(Instant, Cause)>,
}

impl Held {
    pub fn new(now: Now) -> Self {
        Self {
            assigned: now,
            recovery: Some(Recovery::default()),
            next: None,
            read_to: None,
            fetched_end: None,
            asked_end: None,
            newest: None,
            level: None,
            moved: now.instant,
            uncommitted: VecDeque::new(),
        }
    }

    pub fn recovery_failed(&mut self, now: Now, cause: Cause) {
        let recovery = self.recovery.get_or_insert_default();
        let since = recovery.failing.map_or(now.instant, |(since, _)| since);
        recovery.failing = Some((since, cause));
    }

    pub fn recovered(&mut self, now: Now, next: i64) {
        self.recovery = None;
        self.next = Some(next);
        // What was read or asked before is void: the topic may be another one.
        (self.read_to, self.asked_end) = (None, None);
        self.uncommitted.clear();
        self.moved = now.instant;
        self.look(now, false);
    }

    pub fn reading(&mut self, now: Now, first: i64) {
        self.uncommitted.push_back((first, now.instant));
    }

    pub fn durable(&mut self, now: Now, next: i64, time: Millis) {
        let was_level = self.lag() == Some(0);
        if self.next != Some(next) {
            self.moved = now.instant;
        }
        self.next = Some(next);
        if time > 0 {
            self.newest = Some(time);
        }
        self.uncommitted.retain(|(first, _)| *first >= next);
        self.look(now, was_level);
    }

    /// News from fetches. `handed_to`: whatever stands before it was handed over, records and what
    /// is none (markers of transactions).
    pub fn fetched(&mut self, now: Now, end: i64, handed_to: i64) {
        let was_level = self.lag() == Some(0);
        self.fetched_end = Some(end);
        // All records of these are durable: what remains needs nothing.
        self.read_to = self.uncommitted.is_empty().then_some(handed_to);
        self.look(now, was_level);
    }

    /// The broker was asked for the end.
    pub fn asked(&mut self, now: Now, end: i64) {
        let was_level = self.lag() == Some(0);
        self.asked_end = Some(end);
        self.look(now, was_level);
    }

    /// Offsets that are not durable; none while they can't be known.
    pub fn lag(&self) -> Option<i64> {
        let end = self.fetched_end.max(self.asked_end)?;
        let next = self.next?.max(self.read_to.unwrap_or(i64::MIN));
        Some((end - next).max(0))
    }

    /// What the metrics tell; none while the lag can't be known.
    pub fn behind(&self, now: Now) -> Option<Behind> {
        let records = self.lag()?;
        if records == 0 {
            return Some(Behind::default());
        }
        // What is not durable came after the newest durable record and after the last time when
        // there was nothing. Before either is known, the assignment is the best that is.
        let since = self.newest.max(self.level.map(|l| l.millis));
        let since = since.unwrap_or(self.assigned.millis);
        Some(Behind {
            records,
            seconds: (now.millis - since).max(0) as f64 / 1000.0,
            still: (now.instant - self.moved).as_secs_f64(),
        })
    }

    /// When the oldest record was read that is not committed.
    pub fn oldest_read(&self) -> Option<Instant> {
        self.uncommitted.front().map(|(_, read)| *read)
    }

    /// How long nothing was durable, whether there is lag or not.
    pub fn untouched(&self, now: Instant) -> Duration {
        now - self.moved
    }

    /// Why this partition does not do its work; none if it does.
    pub fn standing_still(&self, now: Instant, stalled: Duration) -> Option<String> {
        let still = now - self.moved;
        match &self.recovery {
            Some(Recovery {
                failing: Some((since, cause)),
            }) if now - *since >= HICCUP => {
                Some(format!("recovery: {cause} for {}", seconds(now, *since)))
            }
            Some(_) => (still > stalled)
                .then(|| format!("recovery not done after {}", seconds(now, self.moved))),
            None => {
                let lag = self.lag().filter(|lag| *lag > 0)?;
                (still > stalled)
                    .then(|| format!("no progress for {}, lag {lag}", seconds(now, self.moved)))
            }
        }
    }

    /// Without lag there is no progress to make; the time begins when lag does.
    fn look(&mut self, now: Now, was_level: bool) {
        let is_level = self.lag() == Some(0);
        if is_level {
            self.level = Some(now);
        }
        if is_level || was_level {
            self.moved = now.instant;
        }
    }
}
