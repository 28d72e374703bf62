//! Looks now and then after what the consumer does not tell: the end of partitions that stand
//! still, and topics that were made again.

use std::sync::Weak;
use std::time::Duration;

use anyhow::Result;
use tracing::warn;

use super::lookup::Lookup;
use crate::health::lag;

/// Longest wait for one answer of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Watches until the source ends.
pub(super) async fn watch(lookup: Weak<Lookup>) {
    loop {
        tokio::time::sleep(lag::ASK_EVERY).await;
        // The consumer ends with the source, not with this task.
        let Some(lookup) = lookup.upgrade() else {
            return;
        };
        let looked = tokio::task::spawn_blocking(move || look_after(&lookup));
        if let Ok(Err(error)) = looked.await {
            warn!(error = format!("{error:#}"), "can't look after the topics");
        }
    }
}

fn look_after(lookup: &Lookup) -> Result<()> {
    lag::ask_ends(&*lookup.consumer, &lookup.health, TIMEOUT);
    if lookup.lives.changed()? {
        warn!("a topic was made again, looking up where to go on");
        lookup.again();
    }
    Ok(())
}
