//! Has the group passed everything that was in its partitions at a moment?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::config::Config;
use crate::kafka::GroupLog;
use crate::ranges::total;

/// A partition that has not moved for so long may have nothing but markers of transactions left.
const STILL: Duration = Duration::from_secs(5);
/// Offsets up to which it is looked whether a record lies there at all.
const NEAR: u64 = 10_000;

/// Partitions, and the ends that they had.
pub(super) struct Passing {
    log: GroupLog,
    open: BTreeMap<(String, i32), Open>,
}

struct Open {
    first: u64,
    end: u64,
    /// Offset that the group was at, and since when.
    at: (u64, Instant),
}

impl Passing {
    /// Takes the ends of now.
    pub fn begin(config: &Config) -> Result<Self> {
        let log = GroupLog::connect(config)?;
        let mut open = BTreeMap::new();
        for topic in config.topics() {
            for held in log.partitions(&topic)? {
                let of = Open {
                    first: held.first,
                    end: held.end,
                    at: (0, Instant::now()),
                };
                open.insert((topic.clone(), held.number), of);
            }
        }
        Ok(Self { log, open })
    }

    /// What is left, for people; `None` when all are passed. If no instance runs nothing is under
    /// way: the next one that starts reads first who is erased.
    pub fn left(&mut self) -> Result<Option<String>> {
        let topics: Vec<String> = self.open.keys().map(|(topic, _)| topic.clone()).collect();
        for topic in topics {
            let numbers: Vec<i32> = self.of(&topic);
            if numbers.is_empty() {
                continue;
            }
            let committed = self.log.committed(&topic, &numbers)?;
            for number in numbers {
                let offset = committed.get(&number).map(|c| c.offset);
                if self.is_passed(&topic, number, offset)? {
                    self.open.remove(&(topic.clone(), number));
                }
            }
        }
        if self.open.is_empty() {
            return Ok(None);
        }
        // A broker that does not tell who is there (the embedded one) is waited for.
        if self.log.members().is_ok_and(|members| members == 0) {
            return Ok(None);
        }
        let left: u64 = self
            .open
            .values()
            .map(|of| of.end.saturating_sub(of.at.0))
            .sum();
        let partitions = self.open.len();
        Ok(Some(format!("{left} offsets in {partitions} partitions")))
    }

    fn of(&self, topic: &str) -> Vec<i32> {
        let of_topic = self.open.keys().filter(|(name, _)| name == topic);
        of_topic.map(|(_, number)| *number).collect()
    }

    fn is_passed(&mut self, topic: &str, number: i32, committed: Option<u64>) -> Result<bool> {
        let Some(of) = self.open.get_mut(&(topic.to_owned(), number)) else {
            return Ok(true);
        };
        let at = committed.unwrap_or(of.first).max(of.first);
        if at >= of.end {
            return Ok(true);
        }
        if of.at.0 != at {
            of.at = (at, Instant::now());
        }
        let left = (at, of.end - 1);
        if of.at.1.elapsed() < STILL || left.1 - left.0 > NEAR {
            return Ok(false);
        }
        of.at.1 = Instant::now();
        let records = self.log.records(topic, number, &[left], || {})?;
        Ok(total(&records) == 0)
    }
}
