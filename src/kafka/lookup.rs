//! Finds out where to go on with partitions that were assigned, from what Kafka tells of them
//! ([`told`]) and the evidence of what was written.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tracing::{error, info, warn};

use super::assignment::{Assigned, Assignment, Context};
use super::lives::Lives;
use super::recovery::{Found, Plan, needs_newest, plan};
use crate::batch::Partition;
use crate::config::Start;
use crate::health::Health;
use crate::pipeline::SinkError;
use crate::telemetry::Cause;
use crate::warehouse::Evidence;

mod told;

use told::Told;

/// Wait before a partition is looked up again.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST: Duration = Duration::from_secs(15);

/// Looks up partitions.
pub(super) struct Lookup {
    pub consumer: Arc<BaseConsumer<Context>>,
    pub assignment: Arc<Assignment>,
    pub evidence: Evidence,
    pub health: Arc<Health>,
    pub start: Start,
    pub build: String,
    pub lives: Lives,
}

/// Where to go on with one partition.
pub(super) struct Resumption {
    pub partition: Partition,
    pub epoch: u64,
    pub plan: Plan,
}

impl Lookup {
    /// Answers for each partition, as soon as it is known, as long as it is held. Tries again
    /// without end.
    pub async fn resume(self: Arc<Self>, mut assigned: Vec<Assigned>, answer: impl Fn(Resumption)) {
        let mut pause = AGAIN;
        loop {
            assigned.retain(|a| self.assignment.holds(&a.topic, a.number, a.epoch));
            if assigned.is_empty() {
                return;
            }
            let asked = match self.told(&assigned).await {
                Ok(asked) => asked,
                Err(error) => {
                    warn!(
                        error = format!("{error:#}"),
                        partitions = assigned.len(),
                        "can't look up where to go on, trying again"
                    );
                    for a in &assigned {
                        self.health
                            .recovery_failed(&a.topic, a.number, Cause::Other);
                    }
                    Vec::new()
                }
            };
            for told in asked {
                let partition = told.partition.clone();
                match self.decide(&told).await {
                    Ok(plan) => {
                        assigned.retain(|a| !told.is_about(a));
                        answer(Resumption {
                            epoch: told.epoch,
                            partition,
                            plan,
                        });
                    }
                    Err(failed) => {
                        let cause = match failed.downcast_ref() {
                            Some(SinkError::Transient { cause, .. }) => *cause,
                            _ => Cause::Other,
                        };
                        self.health
                            .recovery_failed(&partition.topic, partition.number, cause);
                        error!(%partition, error = format!("{failed:#}"), "can't go on with a partition, trying again");
                    }
                }
            }
            if !assigned.is_empty() {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }

    /// Ends all that was read so far, and looks up every partition again.
    pub fn again(&self) {
        // First the pause: what is looked up may be known, and resumed, at once.
        let held = self.consumer.assignment();
        if let Err(error) = held.and_then(|list| self.consumer.pause(&list)) {
            warn!(%error, "partitions could not be paused");
        }
        self.assignment.renew();
    }

    async fn told(self: &Arc<Self>, assigned: &[Assigned]) -> Result<Vec<Told>> {
        let (this, assigned) = (self.clone(), assigned.to_vec());
        tokio::task::spawn_blocking(move || this.ask_kafka(&assigned)).await?
    }

    async fn decide(&self, told: &Told) -> Result<Plan> {
        let partition = &told.partition;
        let known = self.evidence.known(partition).await?;
        let newest_written = match needs_newest(told.committed.as_ref(), known) {
            true => self.evidence.newest_written(partition).await?,
            false => None,
        };
        let plan = plan(&Found {
            committed: told.committed.clone(),
            stream: &partition.stream,
            log: told.log.clone(),
            known,
            newest_written,
            start: self.start,
            build: &self.build,
        })?;
        if plan.begins {
            self.evidence.begin(partition, plan.from).await?;
        }
        if let Some(gap) = &plan.gap {
            error!(%partition, first = gap.start(), last = gap.end(), "Kafka deleted records before they were read");
        }
        info!(%partition, stream = &*partition.stream, from = plan.from, why = plan.why.name(), "reading");
        Ok(plan)
    }
}
