//! Rows joined again, now and then, beside the pipeline: O-data came late or was corrected.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::feedback::Millis;
use crate::pipeline::SinkError;
use crate::telemetry::metrics;
use crate::warehouse::repair::{Done, Repair, SLICE_ITEMS, Window};

/// Repairs every `operations.repair` until `shutdown`, while `is_first` says that this instance is the
/// one to do it for all. If two believe that they do, they write the same. Failures pass: the next
/// time goes on from where the last one came to.
///
/// # Errors
/// The password file can't be read.
pub async fn now_and_then(
    config: &Config,
    is_first: impl Fn() -> bool,
    shutdown: CancellationToken,
) -> Result<()> {
    let every = config.operations.repair;
    if every.is_zero() || config.operations.feeds.is_empty() {
        return Ok(());
    }
    let repair = Repair::new(config, SLICE_ITEMS)?;
    // Up to when everything has been looked at; 0: not known yet.
    let looked = AtomicI64::new(0);
    let mut first_since = None;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        if !is_first() {
            looked.store(0, Ordering::Relaxed);
            first_since = None;
            metrics::repair_lag(Duration::ZERO);
            continue;
        }
        // As long as no look has succeeded, the lag grows from here: it is at least that.
        let began = *first_since.get_or_insert_with(|| Timestamp::now().as_millisecond());
        let lag = async {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                let since = match looked.load(Ordering::Relaxed) {
                    0 => began,
                    known => known,
                };
                let lag = Timestamp::now().as_millisecond() - since;
                metrics::repair_lag(Duration::from_millis(lag.max(0).unsigned_abs()));
            }
        };
        let looking = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            looking = once(&repair, &looked) => looking,
            () = lag => Ok(()),
        };
        if let Err(error) = looking {
            warn!(%error, "repair of joined rows failed, the next one goes on from there");
        }
    }
}

/// One look, from where the last one came to.
async fn once(repair: &Repair, looked: &AtomicI64) -> Result<(), SinkError> {
    let until = repair.now().await?;
    let from: Millis = match looked.load(Ordering::Relaxed) {
        0 => repair.looked_until().await?.unwrap_or(0),
        known => known,
    };
    let mut counted = 0;
    let mut told = |window: Window, done: &Done| {
        looked.fetch_max(window.from, Ordering::Relaxed);
        metrics::repaired(done.rows - counted);
        counted = done.rows;
    };
    let from = repair.overlapping(from);
    let done = repair.look("run", from, until, false, &mut told).await?;
    looked.store(until, Ordering::Relaxed);
    if done.rows > 0 {
        info!(items = done.items, rows = done.rows, "rows joined again");
    }
    Ok(())
}
