//! Where the partitions end: from librdkafka's statistics, and from the broker itself.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::statistics::{Partition, Statistics};
use tracing::debug;

use super::Health;

/// `statistics.interval.ms` of the consumer whose statistics go to [`update`].
pub const STATISTICS_MS: &str = "5000";
/// How often to call [`ask_ends`].
pub const ASK_EVERY: Duration = Duration::from_secs(30);

/// Takes over what the statistics of the consumer say of partitions, group and brokers. Call it in
/// `ClientContext::stats`, on the thread that polls and tells [`Health::reading`]. The durable
/// positions are those told by [`Health::recovered`] and [`Health::durable`].
pub fn update(statistics: &Statistics, health: &Health) {
    health.brokers(
        statistics
            .brokers
            .values()
            .any(|b| b.state.starts_with("UP")),
    );
    let group = statistics.cgrp.as_ref();
    if group.is_some_and(|g| g.state == "up" && g.join_state == "steady") {
        health.joined();
    }
    for (topic, of_topic) in &statistics.topics {
        for p in of_topic.partitions.values() {
            let Some(end) = end(p) else { continue };
            // Not `next_offset`: what was fetched is thrown away by a pause.
            health.partition(topic, p.partition, |held, now| {
                held.fetched(now, end, p.app_offset);
            });
        }
    }
}

/// Up to where records can be read: open transactions end it (librdkafka reads what is committed).
fn end(partition: &Partition) -> Option<i64> {
    let (stable, high) = (partition.ls_offset, partition.hi_offset);
    let end = if stable >= 0 { stable.min(high) } else { high };
    (partition.partition >= 0 && end >= 0).then_some(end)
}

/// Asks the broker for the end of those partitions that stand still. librdkafka learns the end by
/// fetching: of a partition that stays paused by mistake it never learns that there is more, and
/// its lag looks like none. Blocks, up to `timeout` a partition: call it every [`ASK_EVERY`] on a
/// thread that may wait.
pub fn ask_ends<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    health: &Health,
    timeout: Duration,
) {
    for (topic, number) in health.still_for(ASK_EVERY) {
        match consumer.fetch_watermarks(&topic, number, timeout) {
            Ok((_, end)) => health.partition(&topic, number, |held, now| held.asked(now, end)),
            Err(error) => {
                // No broker, most likely: the others would not answer either.
                debug!(topic, number, %error, "end of a partition not known");
                return;
            }
        }
    }
}
