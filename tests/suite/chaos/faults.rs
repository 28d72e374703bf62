//! Strikes: what the schedule deals, done to the running parts, and undone when its time has come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::producer::Producer;
use super::scene::{Member, Scene};
use super::schedule::Strike;

/// Most faults that may wait at the proxy for a request.
const WAITING: usize = 4;
/// How long the schedule waits for that, at most.
const STALL: Duration = Duration::from_secs(10);
/// A process that refuses to start is tried again after this.
const START_AGAIN: Duration = Duration::from_secs(1);
/// Longest time from SIGTERM to the end.
const ORDERLY: Duration = Duration::from_secs(60);

/// The processes and what is wrong with them.
pub struct Faults<'s> {
    scene: &'s Scene,
    rng: fastrand::Rng,
    slots: Vec<Slot>,
    /// Slots that always run; the others join and leave.
    steady: usize,
    broker: Option<std::thread::JoinHandle<Result<()>>>,
    counts: BTreeMap<&'static str, u64>,
    stalled: Option<Instant>,
    /// Processes that ended by themselves, or not as they should.
    pub complaints: Vec<String>,
}

enum Slot {
    /// Nothing runs here; `again`: when something will.
    Down { again: Option<Instant> },
    Up {
        member: Member,
        leave: Option<Instant>,
    },
    /// SIGTERM was sent.
    Leaving {
        member: Member,
        since: Instant,
        again: Option<Instant>,
    },
    /// SIGSTOP was sent.
    Frozen { member: Member, until: Instant },
}

impl<'s> Faults<'s> {
    /// Starts the steady processes.
    pub fn start(scene: &'s Scene, steady: usize, seed: u64) -> Result<Self> {
        let mut faults = Self {
            scene,
            rng: fastrand::Rng::with_seed(seed ^ 0xfa17),
            slots: Vec::new(),
            steady,
            broker: None,
            counts: BTreeMap::new(),
            stalled: None,
            complaints: Vec::new(),
        };
        for slot in 0..steady {
            let member = scene.start(slot)?;
            faults.slots.push(Slot::Up {
                member,
                leave: None,
            });
        }
        faults.slots.push(Slot::Down { again: None });
        Ok(faults)
    }

    /// Faults so far, by kind.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Faults that wait at the proxy.
    pub fn waiting(&self) -> usize {
        self.scene.proxy.waiting()
    }

    /// Processes that run now.
    pub fn up(&self) -> usize {
        let up = |slot: &&Slot| matches!(slot, Slot::Up { .. });
        self.slots.iter().filter(up).count()
    }

    /// Does a strike; `false` if it has to wait for an earlier one.
    pub fn strike(&mut self, strike: &Strike, producer: &Producer) -> Result<bool> {
        let done = match strike {
            Strike::Proxy {
                fault,
                scope,
                extent,
            } => {
                let free = self.scene.proxy.waiting() < WAITING;
                if free {
                    self.scene.proxy.arm(*fault, *scope, *extent);
                }
                free
            }
            Strike::Poison { records } => {
                producer.poison(*records);
                true
            }
            Strike::Broker { crash, down } => self.strike_broker(*crash, *down),
            Strike::Join { stay } => {
                let extra = self.steady;
                let free = matches!(self.slots[extra], Slot::Down { .. });
                if free {
                    let member = self.scene.start(extra)?;
                    let leave = Some(Instant::now() + *stay);
                    self.slots[extra] = Slot::Up { member, leave };
                }
                free
            }
            Strike::Kill { down } => self.take_up().is_some_and(|slot| {
                self.slots[slot] = Slot::Down {
                    again: Some(Instant::now() + *down),
                };
                true
            }),
            Strike::Terminate { down } => match self.take_up() {
                Some(slot) => self.terminate(slot, Some(*down))?,
                None => false,
            },
            Strike::Freeze { time } => match self.take_up() {
                Some(slot) => self.freeze(slot, *time)?,
                None => false,
            },
            Strike::Batch { rows, time, crash } => match self.take_up() {
                Some(slot) => {
                    self.scene.configure(*rows, *time)?;
                    if *crash {
                        self.slots[slot] = Slot::Down {
                            again: Some(Instant::now()),
                        };
                        true
                    } else {
                        self.terminate(slot, Some(Duration::ZERO))?
                    }
                }
                None => false,
            },
        };
        if done {
            *self.counts.entry(strike.name()).or_default() += 1;
            self.scene.journal.line(&format!("FAULT {strike:?}"));
            self.stalled = None;
        } else {
            self.stalled.get_or_insert_with(Instant::now);
        }
        Ok(done)
    }

    /// Whether the fault in hand has waited so long that the next one should come instead.
    pub fn gives_up(&mut self) -> bool {
        let stalled = self.stalled.is_some_and(|since| since.elapsed() > STALL);
        if stalled {
            self.stalled = None;
        }
        stalled
    }

    /// Does what is due: restarts, continuations, leavings.
    pub fn turn(&mut self) -> Result<()> {
        let now = Instant::now();
        for slot in 0..self.slots.len() {
            self.look_after(slot, now)
                .with_context(|| format!("process {slot}"))?;
        }
        if self.broker.as_ref().is_some_and(|b| b.is_finished()) {
            self.wait_for_broker()?;
        }
        Ok(())
    }

    fn look_after(&mut self, number: usize, now: Instant) -> Result<()> {
        let down = Slot::Down { again: None };
        let slot = std::mem::replace(&mut self.slots[number], down);
        self.slots[number] = match slot {
            Slot::Down { again: Some(at) } if at <= now => {
                let member = self.scene.start(number)?;
                Slot::Up {
                    member,
                    leave: None,
                }
            }
            Slot::Up { mut member, leave } => {
                if let Some(status) = member.ended()? {
                    self.ended_by_itself(number, status);
                    let again = (number < self.steady).then(|| now + START_AGAIN);
                    Slot::Down { again }
                } else if leave.is_some_and(|at| at <= now) {
                    member.signal("TERM")?;
                    Slot::Leaving {
                        member,
                        since: now,
                        again: None,
                    }
                } else {
                    Slot::Up { member, leave }
                }
            }
            Slot::Leaving {
                mut member,
                since,
                again,
            } => match member.ended()? {
                Some(status) => {
                    let line = format!("process {number} ended after SIGTERM: {status}");
                    self.scene.journal.line(&line);
                    Slot::Down { again }
                }
                None if since.elapsed() > ORDERLY => {
                    let seconds = ORDERLY.as_secs();
                    self.complain(format!(
                        "process {number} did not end within {seconds} s of SIGTERM"
                    ));
                    Slot::Down { again }
                }
                None => Slot::Leaving {
                    member,
                    since,
                    again,
                },
            },
            Slot::Frozen { member, until } if until <= now => {
                member.signal("CONT")?;
                Slot::Up {
                    member,
                    leave: None,
                }
            }
            as_it_was => as_it_was,
        };
        Ok(())
    }

    /// Exit code 2 says that the start was refused: rightly, while broker or ClickHouse are away.
    fn ended_by_itself(&mut self, number: usize, status: std::process::ExitStatus) {
        let line = format!("process {number} ended by itself: {status}");
        if status.code() == Some(2) {
            self.scene.journal.line(&line);
        } else {
            self.complain(line);
        }
    }

    fn complain(&mut self, text: String) {
        self.scene.journal.line(&format!("COMPLAINT {text}"));
        self.complaints.push(text);
    }

    /// One of the processes that run.
    fn take_up(&mut self) -> Option<usize> {
        let up = |slot: &usize| matches!(self.slots[*slot], Slot::Up { leave: None, .. });
        let up: Vec<usize> = (0..self.steady).filter(up).collect();
        (!up.is_empty()).then(|| up[self.rng.usize(..up.len())])
    }

    fn terminate(&mut self, number: usize, down: Option<Duration>) -> Result<bool> {
        let slot = std::mem::replace(&mut self.slots[number], Slot::Down { again: None });
        if let Slot::Up { mut member, .. } = slot {
            let now = Instant::now();
            if member.ended()?.is_none() {
                member.signal("TERM")?;
            }
            let again = down.map(|down| now + down);
            self.slots[number] = Slot::Leaving {
                member,
                since: now,
                again,
            };
        }
        Ok(true)
    }

    fn freeze(&mut self, number: usize, time: Duration) -> Result<bool> {
        let slot = std::mem::replace(&mut self.slots[number], Slot::Down { again: None });
        if let Slot::Up { member, .. } = slot {
            member.signal("STOP")?;
            let until = Instant::now() + time;
            self.slots[number] = Slot::Frozen { member, until };
        }
        Ok(true)
    }

    /// In the background: a broker takes its time, and other faults may come meanwhile.
    fn strike_broker(&mut self, crash: bool, down: Duration) -> bool {
        if self.broker.is_some() {
            return false;
        }
        let (kafka, journal) = (self.scene.kafka.clone(), self.scene.journal.clone());
        self.broker = Some(std::thread::spawn(move || {
            let mut kafka = kafka.lock().unwrap();
            if crash {
                kafka.kill();
            } else {
                kafka.stop()?;
            }
            std::thread::sleep(down);
            kafka
                .start_again()
                .context("the broker did not come back")?;
            journal.line("the broker is back");
            Ok(())
        }));
        true
    }

    fn wait_for_broker(&mut self) -> Result<()> {
        match self.broker.take().map(std::thread::JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => bail!("the thread of the broker panicked"),
        }
    }

    /// Ends all faults: proxy and broker work, steady processes run, others are told to leave.
    pub fn heal(&mut self) -> Result<()> {
        self.scene.journal.line("heal");
        self.scene.proxy.heal();
        self.wait_for_broker()?;
        let now = Instant::now();
        for (number, slot) in self.slots.iter_mut().enumerate() {
            let steady = number < self.steady;
            match slot {
                Slot::Down { again } => *again = steady.then_some(now),
                Slot::Leaving { again, .. } => *again = steady.then_some(now),
                Slot::Up { leave, .. } => *leave = (!steady).then_some(now),
                Slot::Frozen { until, .. } => *until = now,
            }
        }
        self.turn()
    }

    /// SIGTERM to all: each has to end in good order, with exit code 0.
    pub fn stop(mut self) -> Result<Vec<String>> {
        let slots = std::mem::take(&mut self.slots);
        let mut members: Vec<(usize, Member)> = Vec::new();
        for (number, slot) in slots.into_iter().enumerate() {
            match slot {
                Slot::Down { .. } => {}
                Slot::Up { member, .. } => {
                    member.signal("TERM")?;
                    members.push((number, member));
                }
                Slot::Frozen { member, .. } => {
                    member.signal("CONT")?;
                    member.signal("TERM")?;
                    members.push((number, member));
                }
                Slot::Leaving { member, .. } => members.push((number, member)),
            }
        }
        for (number, mut member) in members {
            match member.wait(ORDERLY) {
                Ok(status) if status.success() => {}
                Ok(status) => {
                    self.complain(format!("process {number} ended at last with {status}"))
                }
                Err(error) => self.complain(format!("process {number}: {error}")),
            }
        }
        Ok(self.complaints)
    }
}
