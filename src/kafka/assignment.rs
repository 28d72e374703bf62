//! Which partitions this instance holds, and since when.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use tracing::{info, warn};

use crate::batch::Offsets;

/// Partitions held now, each with the epoch of its assignment. A live member that commits a
/// partition it no longer owns is not refused by Kafka: so every commit asks here first.
#[derive(Default)]
pub(super) struct Assignment {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    last_epoch: u64,
    epochs: HashMap<(String, i32), u64>,
}

impl Assignment {
    /// Epoch of a partition; `None` if it isn't held.
    pub fn epoch(&self, topic: &str, partition: i32) -> Option<u64> {
        self.lock()
            .epochs
            .get(&(topic.to_owned(), partition))
            .copied()
    }

    /// Whether the batch was read under the assignment that still holds.
    pub fn holds(&self, offsets: &Offsets) -> bool {
        let partition = &offsets.partition;
        self.epoch(&partition.topic, partition.number) == Some(offsets.epoch)
    }

    /// Partitions held now.
    pub fn len(&self) -> usize {
        self.lock().epochs.len()
    }

    /// Counts assignments.
    pub fn generation(&self) -> u64 {
        self.lock().last_epoch
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assign(&self, list: &TopicPartitionList) {
        let mut held = self.lock();
        held.last_epoch += 1;
        let epoch = held.last_epoch;
        for e in list.elements() {
            held.epochs
                .insert((e.topic().to_owned(), e.partition()), epoch);
        }
    }

    fn revoke(&self, list: &TopicPartitionList) {
        let mut held = self.lock();
        for e in list.elements() {
            held.epochs.remove(&(e.topic().to_owned(), e.partition()));
        }
    }
}

/// Follows rebalances; called on the thread that polls.
pub(super) struct Context {
    pub assignment: std::sync::Arc<Assignment>,
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Revoke(list) => {
                info!(partitions = list.count(), "partitions revoked");
                self.assignment.revoke(list);
            }
            Rebalance::Error(error) => warn!(%error, "rebalance failed"),
            Rebalance::Assign(_) => {}
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            info!(partitions = list.count(), "partitions assigned");
            self.assignment.assign(list);
            // A partition that was paused when it was taken away comes back paused.
            use rdkafka::consumer::Consumer;
            if let Err(error) = consumer.resume(list) {
                warn!(%error, "partitions could not be resumed");
            }
        }
    }
}
