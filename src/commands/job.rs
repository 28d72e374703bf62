//! What jobs on stored data share: their number, that they wait for ClickHouse when it is away for
//! a while, and how they show progress and results.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::pipeline::SinkError;

/// How long a job waits.
const LONGEST: Duration = Duration::from_secs(600);

/// Number of a job that starts now, the revision of what it writes: seconds since 2020-01-01. Waits
/// for the second to be over, so that no job started after this one has ended gets the same.
pub(super) async fn number() -> u64 {
    const YEAR_2020: i64 = 1_577_836_800;
    let now = jiff::Timestamp::now();
    let over = 1_000_000_000 - now.subsec_nanosecond().clamp(0, 999_999_999);
    tokio::time::sleep(Duration::from_nanos(over.unsigned_abs().into())).await;
    u64::try_from(now.as_second() - YEAR_2020).unwrap_or(0)
}

/// Asks until there is an answer, until it has been refused for good, or for ten minutes.
///
/// # Errors
/// Refused; no answer for too long, or a signal came before one.
pub(super) async fn patiently<T>(
    shutdown: &CancellationToken,
    ask: impl AsyncFn() -> Result<T, SinkError>,
) -> Result<T> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(200);
    loop {
        match ask().await {
            Err(error) if error.is_transient() && begun.elapsed() < LONGEST => {
                warn!(%error, ?pause, "failed, trying again");
                tokio::select! {
                    () = shutdown.cancelled() => return Err(error.into()),
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(Duration::from_secs(15));
            }
            answer => return answer.context("stopped; run again, it goes on where it stopped"),
        }
    }
}

/// A bar over a number of records or rows.
pub(super) fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(
        "{bar:30} {percent:>3}%  {pos} of {len}, {per_sec}, {eta} left",
    ) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A table without borders.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table
}

/// Numbers, from this column on, to the right.
pub(super) fn align(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn numbers_count_seconds_from_2020_and_come_once() {
        let (first, second) = (number().await, number().await);
        // From 2026 to 2100: 40 bits hold it.
        assert!((189_388_800..2_524_608_000).contains(&first));
        assert!(second > first);
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_for_and_a_refusal_is_not() {
        let busy = || SinkError::Transient {
            message: "busy".into(),
            cause: crate::telemetry::Cause::Other,
        };
        let calls = Cell::new(0);
        let third = async || {
            calls.set(calls.get() + 1);
            if calls.get() < 3 { Err(busy()) } else { Ok(7) }
        };
        let token = CancellationToken::new();
        assert_eq!(patiently(&token, third).await.unwrap(), 7);
        let refused = async || Err::<(), _>(SinkError::Permanent("no".into()));
        let error = patiently(&token, refused).await.unwrap_err();
        assert!(format!("{error:#}").contains("no"));
        token.cancel();
        let error = patiently(&token, async || Err::<(), _>(busy())).await;
        assert_eq!(error.unwrap_err().to_string(), "busy");
    }
}
