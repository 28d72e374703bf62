//! Which partitions this instance holds, and since when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, Statistics, TopicPartitionList};
use tracing::{info, warn};

use crate::batch::Offsets;
use crate::health::{Health, lag};

/// A partition that was assigned, and the epoch that began with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assigned {
    pub topic: String,
    pub number: i32,
    pub epoch: u64,
}

/// Partitions held now, each with the epoch of its assignment. A live member that commits a
/// partition it no longer owns is not refused by Kafka: so every commit happens while the
/// assignment is held fast here.
#[derive(Default)]
pub(super) struct Assignment {
    held: RwLock<Held>,
    /// Assigned, and not taken up by the poller yet.
    new: Mutex<Vec<Assigned>>,
}

#[derive(Default)]
struct Held {
    last_epoch: u64,
    epochs: HashMap<(String, i32), u64>,
}

impl Held {
    fn holds(&self, topic: &str, number: i32, epoch: u64) -> bool {
        self.epochs.get(&(topic.to_owned(), number)) == Some(&epoch)
    }
}

impl Assignment {
    /// Whether the partition is held under this epoch.
    pub fn holds(&self, topic: &str, number: i32, epoch: u64) -> bool {
        self.read().holds(topic, number, epoch)
    }

    /// Whether the partition is held, under any epoch.
    pub fn has(&self, topic: &str, number: i32) -> bool {
        let key = (topic.to_owned(), number);
        self.read().epochs.contains_key(&key)
    }

    /// Does something that only the holder may do, `None` if the batch was read under an assignment
    /// that is over. No partition is taken away meanwhile. Blocks.
    pub fn while_held<T>(&self, offsets: &Offsets, act: impl FnOnce() -> T) -> Option<T> {
        let held = self.read();
        let partition = &offsets.partition;
        held.holds(&partition.topic, partition.number, offsets.epoch)
            .then(act)
    }

    /// Partitions assigned since the last call.
    pub fn take_new(&self) -> Vec<Assigned> {
        std::mem::take(&mut *self.new.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a new epoch for everything held: all of it is looked after again.
    pub fn renew(&self) {
        let mut held = self.write();
        let partitions: Vec<_> = held.epochs.keys().cloned().collect();
        self.begin(&mut held, partitions);
    }

    fn assign(&self, list: &TopicPartitionList) {
        let elements = list.elements();
        let partitions = elements
            .iter()
            .map(|e| (e.topic().to_owned(), e.partition()));
        self.begin(&mut self.write(), partitions);
    }

    fn begin(&self, held: &mut Held, partitions: impl IntoIterator<Item = (String, i32)>) {
        held.last_epoch += 1;
        let epoch = held.last_epoch;
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        for (topic, number) in partitions {
            held.epochs.insert((topic.clone(), number), epoch);
            new.push(Assigned {
                topic,
                number,
                epoch,
            });
        }
    }

    fn revoke(&self, list: &TopicPartitionList) {
        let mut held = self.write();
        for e in list.elements() {
            held.epochs.remove(&(e.topic().to_owned(), e.partition()));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows rebalances; called on the thread that polls.
pub(super) struct Context {
    pub assignment: Arc<Assignment>,
    pub health: Arc<Health>,
}

impl ClientContext for Context {
    fn stats(&self, statistics: Statistics) {
        lag::update(&statistics, &self.health);
    }
}

impl ConsumerContext for Context {
    /// Partitions come paused: nothing is read before it is known where to go on.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let cooperative = matches!(
            consumer.rebalance_protocol(),
            RebalanceProtocol::Cooperative
        );
        let done = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                info!(
                    partitions = list.count(),
                    cooperative, "partitions assigned"
                );
                // A number: a logical offset would be asked for, and the answer may overtake the seek
                // that follows.
                let assigned =
                    list.set_all_offsets(Offset::Offset(0))
                        .and_then(|()| match cooperative {
                            true => consumer.incremental_assign(list),
                            false => consumer.assign(list),
                        });
                let paused = assigned.and_then(|()| consumer.pause(list));
                self.assignment.assign(list);
                let elements = list.elements();
                let partitions = elements.iter().map(|e| (e.topic(), e.partition()));
                self.health.assigned(partitions);
                paused
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                info!(partitions = list.count(), cooperative, "partitions revoked");
                self.revoke(list);
                match cooperative {
                    true => consumer.incremental_unassign(list),
                    false => consumer.unassign(),
                }
            }
            other => {
                let error = RDKafkaErrorCode::from(other);
                warn!(%error, "rebalance failed");
                self.revoke(list);
                consumer.unassign()
            }
        };
        if let Err(error) = done {
            warn!(%error, "assignment not followed");
        }
    }
}

impl Context {
    /// Waits for commits under way.
    fn revoke(&self, list: &TopicPartitionList) {
        self.assignment.revoke(list);
        let elements = list.elements();
        let partitions = elements.iter().map(|e| (e.topic(), e.partition()));
        self.health.revoked(partitions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Partition;

    fn offsets(number: i32, epoch: u64) -> Offsets {
        Offsets {
            partition: Partition {
                topic: "t".into(),
                stream: "s".into(),
                number,
            },
            epoch,
            range: 0..=1,
            last_time: 0,
        }
    }

    fn list(numbers: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for number in numbers {
            list.add_partition("t", *number);
        }
        list
    }

    #[test]
    fn a_partition_that_comes_back_has_another_epoch() {
        let assignment = Assignment::default();
        assignment.assign(&list(&[0, 1]));
        let first = assignment.take_new();
        assert_eq!(first.len(), 2);
        let epoch = first[0].epoch;
        assert_eq!(assignment.while_held(&offsets(0, epoch), || 7), Some(7));
        assignment.revoke(&list(&[0]));
        assert_eq!(assignment.while_held(&offsets(0, epoch), || 7), None);
        assert!(assignment.holds("t", 1, epoch));
        assignment.assign(&list(&[0]));
        assert!(!assignment.holds("t", 0, epoch));
        let again = assignment.take_new();
        assert!(assignment.holds("t", 0, again[0].epoch));
        assert_eq!(again.len(), 1);
        assert!(assignment.holds("t", 1, epoch));
    }

    #[test]
    fn a_renewal_ends_every_epoch() {
        let assignment = Assignment::default();
        assignment.assign(&list(&[0, 1]));
        let before = assignment.take_new();
        assignment.renew();
        assert!(
            before
                .iter()
                .all(|a| !assignment.holds("t", a.number, a.epoch))
        );
        let after = assignment.take_new();
        assert!(
            after
                .iter()
                .all(|a| assignment.holds("t", a.number, a.epoch))
        );
        assert_eq!(after.len(), 2);
    }
}
