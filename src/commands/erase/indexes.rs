//! What the index of this instance is without, told in `erasure_log`: at the start, and whenever more
//! is erased from it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::Config;
use crate::operations::Index;
use crate::warehouse::erasing::log::tell_index;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Wait after it could not be told.
const AGAIN: Duration = Duration::from_secs(15);

/// Tells it in the background until the shutdown; nothing where nobody can be erased.
pub fn start(config: &Config, index: Arc<Index>, shutdown: CancellationToken) -> JoinHandle<()> {
    let config = config.clone();
    tokio::spawn(async move {
        if config.kafka.erasure_topic.is_empty() {
            return;
        }
        let mut told = None;
        while !shutdown.is_cancelled() {
            let wait = match look(&config, &index, &mut told).await {
                Ok(()) => LOOK,
                Err(error) => {
                    let error = format!("{error:#}");
                    warn!(error, "can't tell what the index is without, trying again");
                    AGAIN
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    })
}

async fn look(config: &Config, index: &Arc<Index>, told: &mut Option<String>) -> Result<()> {
    let asked = index.clone();
    let without = tokio::task::spawn_blocking(move || asked.without()).await??;
    if without.is_some() && without != *told {
        tell_index(config, index.name(), without.as_deref().unwrap_or_default()).await?;
        *told = without;
    }
    Ok(())
}
