//! Which faults come, and when: a function of the seed alone.
//!
//! Kinds are dealt like cards: every hundred faults hold each kind as often as [`DECK`] says, the
//! rare ones early, so that a short run meets all of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fault_proxy::{Extent, Fault, Scope};

/// Something that goes wrong.
#[derive(Debug, Clone)]
pub enum Strike {
    /// `kill -9` of a process, which is started again after a while.
    Kill { down: Duration },
    /// SIGTERM, and started again after a while.
    Terminate { down: Duration },
    /// SIGSTOP beyond the session time-out, then SIGCONT: the group has gone on without it.
    Freeze { time: Duration },
    /// One more process joins the group and leaves after a while.
    Join { stay: Duration },
    /// Kafka is killed, or stopped in good order, and started again after a while.
    Broker { crash: bool, down: Duration },
    /// Other batch settings, in force in one process at once, in others when they start again.
    Batch {
        rows: usize,
        time: Duration,
        crash: bool,
    },
    /// So many poison records at a stretch.
    Poison { records: u32 },
    /// ClickHouse fails.
    Proxy {
        fault: Fault,
        scope: Scope,
        extent: Extent,
    },
}

#[derive(Clone, Copy)]
enum Card {
    Kill,
    Terminate,
    Freeze,
    Join,
    BrokerKill,
    BrokerStop,
    Batch,
    Poison,
    Proxy(Fault),
}

/// How many of a hundred.
const DECK: [(Card, u32); 19] = [
    (Card::Kill, 6),
    (Card::Terminate, 4),
    (Card::Freeze, 2),
    (Card::Join, 3),
    (Card::BrokerKill, 1),
    (Card::BrokerStop, 1),
    (Card::Batch, 3),
    (Card::Poison, 6),
    (Card::Proxy(Fault::CutAfter), 16),
    (Card::Proxy(Fault::Refuse), 8),
    (Card::Proxy(Fault::Error500), 7),
    (Card::Proxy(Fault::Error503), 7),
    (Card::Proxy(Fault::HangAfter), 7),
    (Card::Proxy(Fault::Hang), 6),
    (Card::Proxy(Fault::Torn), 6),
    (Card::Proxy(Fault::Late), 5),
    (Card::Proxy(Fault::TooManyParts), 5),
    (Card::Proxy(Fault::MemoryLimit), 4),
    (Card::Proxy(Fault::Slow), 3),
];

/// Mean time between two faults.
pub const GAP: Duration = Duration::from_millis(1_050);

/// Faults without end, each with the time since the one before it.
pub struct Schedule {
    rng: fastrand::Rng,
    hand: VecDeque<Card>,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            hand: VecDeque::new(),
        }
    }

    fn deal(&mut self) -> VecDeque<Card> {
        let mut places = Vec::new();
        for (card, count) in DECK {
            for n in 0..count {
                // Spread evenly; a single card lies in the first half.
                let place = (f64::from(n) + self.rng.f64()) / f64::from(count.max(2));
                places.push((place, card));
            }
        }
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        places.into_iter().map(|(_, card)| card).collect()
    }

    fn between(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.rng.u64(low..=high))
    }

    fn proxy(&mut self, fault: Fault) -> Strike {
        let scope = match self.rng.u8(..4) {
            0 => Scope::All,
            _ => Scope::Inserts,
        };
        let extent = match self.rng.u8(..5) {
            0 => Extent::Time(self.between(200, 2_500)),
            _ => Extent::Requests(self.rng.u32(1..=3)),
        };
        Strike::Proxy {
            fault,
            scope,
            extent,
        }
    }
}

impl Iterator for Schedule {
    type Item = (Duration, Strike);

    fn next(&mut self) -> Option<Self::Item> {
        let card = match self.hand.pop_front() {
            Some(card) => card,
            None => {
                self.hand = self.deal();
                self.hand.pop_front()?
            }
        };
        // Waiting times of independent events, but never long ones.
        let gap = GAP.mul_f64((-self.rng.f64().max(1e-9).ln()).min(4.0));
        let strike = match card {
            Card::Kill => Strike::Kill {
                down: self.between(0, 8_000),
            },
            Card::Terminate => Strike::Terminate {
                down: self.between(0, 3_000),
            },
            Card::Freeze => Strike::Freeze {
                time: self.between(7_500, 11_000),
            },
            Card::Join => Strike::Join {
                stay: self.between(3_000, 12_000),
            },
            Card::BrokerKill => Strike::Broker {
                crash: true,
                down: self.between(0, 4_000),
            },
            Card::BrokerStop => Strike::Broker {
                crash: false,
                down: self.between(0, 4_000),
            },
            Card::Batch => Strike::Batch {
                rows: [200, 500, 2_000, 10_000][self.rng.usize(..4)],
                time: Duration::from_millis([100, 300, 1_000, 2_000][self.rng.usize(..4)]),
                crash: self.rng.bool(),
            },
            Card::Poison => Strike::Poison {
                records: self.rng.u32(1..=60),
            },
            Card::Proxy(fault) => self.proxy(fault),
        };
        Some((gap, strike))
    }
}

impl Strike {
    /// Its kind, for the table at the end.
    pub fn name(&self) -> &'static str {
        match self {
            Strike::Kill { .. } => "kill -9",
            Strike::Terminate { .. } => "SIGTERM",
            Strike::Freeze { .. } => "SIGSTOP past the session",
            Strike::Join { .. } => "join and leave",
            Strike::Broker { crash: true, .. } => "broker killed",
            Strike::Broker { crash: false, .. } => "broker stopped",
            Strike::Batch { .. } => "batch settings",
            Strike::Poison { .. } => "poison burst",
            Strike::Proxy { fault, .. } => match fault {
                Fault::Refuse => "ClickHouse refuses",
                Fault::Error500 => "ClickHouse 500",
                Fault::Error503 => "ClickHouse 503",
                Fault::TooManyParts => "ClickHouse too many parts",
                Fault::MemoryLimit => "ClickHouse memory limit",
                Fault::TimeLimit => "ClickHouse time limit",
                Fault::Hang => "ClickHouse hangs before",
                Fault::HangAfter => "ClickHouse hangs after",
                Fault::Late => "ClickHouse gets it late",
                Fault::Torn => "cut within the request",
                Fault::CutAfter => "cut after execution",
                Fault::Slow => "ClickHouse slow",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(seed: u64, count: usize) -> Vec<(Duration, &'static str)> {
        let faults = Schedule::new(seed).take(count);
        faults.map(|(gap, strike)| (gap, strike.name())).collect()
    }

    #[test]
    fn a_seed_is_a_schedule_and_sixty_faults_hold_every_kind() {
        assert_eq!(names(7, 300), names(7, 300));
        assert_ne!(names(7, 300), names(8, 300));
        for seed in 0..50 {
            let mut kinds: Vec<_> = names(seed, 60).into_iter().map(|(_, name)| name).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), DECK.len(), "seed {seed}");
        }
        assert_eq!(DECK.map(|(_, count)| count).iter().sum::<u32>(), 100);
    }
}
