//! Tries to write, by where they go: is any taken?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{HICCUP, Health, seconds};
use crate::telemetry::{Cause, metrics};

/// A try without an answer for this long is one that fails.
const ANSWER: Duration = Duration::from_secs(15);
/// After this long without a try, an old failure says nothing: its batch was given up.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// Where is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// All tables.
    ClickHouse,
    /// The dead-letter topic.
    DeadLetterTopic,
}

impl Target {
    /// As answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Target::ClickHouse => "clickhouse",
            Target::DeadLetterTopic => "dead-letter topic",
        }
    }
}

/// A try to write that is under way. Dropped without a word, it was given up: it counts neither as
/// a success nor as a failure.
#[must_use = "say how the try ended"]
pub struct Writing {
    health: Arc<Health>,
    target: Target,
    id: u64,
    end: End,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Failed(Cause),
    GivenUp,
}

impl Writing {
    pub(super) fn new(health: Arc<Health>, target: Target, id: u64) -> Self {
        Self {
            health,
            target,
            id,
            end: End::GivenUp,
        }
    }

    /// Everything was taken.
    pub fn done(mut self) {
        self.end = End::Done;
    }

    /// It was not taken and will be tried again. Counts a retry.
    pub fn failed(mut self, cause: Cause) {
        self.end = End::Failed(cause);
        metrics::retry(cause);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.health.write_ended(self.target, self.id, self.end);
    }
}

/// All tries to write to one target.
#[derive(Default)]
pub(super) struct Writes {
    last_id: u64,
    under_way: BTreeMap<u64, Instant>,
    taken: Option<Instant>,
    failing: Option<Failing>,
}

struct Failing {
    since: Instant,
    last: Instant,
    cause: Cause,
}

impl Writes {
    pub fn begin(&mut self, now: Instant) -> u64 {
        self.last_id += 1;
        self.under_way.insert(self.last_id, now);
        self.last_id
    }

    pub fn end(&mut self, now: Instant, id: u64, end: End) {
        self.under_way.remove(&id);
        match end {
            End::Done => (self.taken, self.failing) = (Some(now), None),
            End::Failed(cause) => {
                let since = self.failing.as_ref().map_or(now, |f| f.since);
                self.failing = Some(Failing {
                    since,
                    last: now,
                    cause,
                });
            }
            End::GivenUp => {}
        }
    }

    /// Why nothing can be written; none if it can, or nothing is known against it.
    pub fn refusal(&self, now: Instant) -> Option<String> {
        let oldest = self.under_way.values().min().copied();
        if let Some(Failing { since, last, cause }) = &self.failing {
            let live = oldest.is_some() || now - *last < FORGOTTEN;
            return (live && now - *since >= HICCUP)
                .then(|| format!("{cause} for {}", seconds(now, *since)));
        }
        let since = oldest?.max(self.taken.unwrap_or(oldest?));
        (now - since >= ANSWER).then(|| format!("no answer for {}", seconds(now, since)))
    }
}
