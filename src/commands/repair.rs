//! `sada repair`: rows joined again where O-data came late; and the same, now and then, beside the
//! pipeline.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::Table;
use indicatif::{HumanCount, ProgressBar};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::job::{align, table};
use super::{Deployment, say};
use crate::config::{Config, ConfigError};
use crate::feedback::Millis;
use crate::health::Health;
use crate::pipeline::SinkError;
use crate::telemetry::{self, metrics};
use crate::warehouse::migrations;
use crate::warehouse::repair::{Done, Repair, Window};

/// Join rows again whose customer, order, ticket, visit or delivery came late
///
/// Looks at all feedback and O-data that was written since a moment, joins every item that it touches,
/// however old, again as of the item's time, and writes the rows of which anything joined differs as
/// newer revisions. The pipeline does so by itself every `operations.repair`, from where it last came
/// to; this is for where that is off, to look again, or to see with --dry-run what would change. It may
/// run beside the pipeline, and twice.
#[derive(Args)]
#[command(after_help = "Examples:
  sada repair --since 2026-03-01
  sada repair --since 2026-03-01T12:00:00Z --dry-run     # what would change?
  sada repair --since 2000-01-01 --embedded demo-data    # everything

Broken off, it is simply run again. Exit code 1: it did not come to its end; 2: refused, nothing was
done.")]
pub struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// When it was written, not when it happened: a day (UTC) or a time with its zone
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Timestamp,
    /// Find out what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let parsed = text.parse::<Timestamp>().ok();
    parsed.or_else(|| day().map(|day| day.timestamp())).ok_or(
        "write a day or a time with its zone, as 2026-03-01 or 2026-03-01T12:00:00Z".to_owned(),
    )
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, ClickHouse fails, a signal came.
pub fn run(arguments: Arguments) -> Result<()> {
    let config = arguments.deployment.load()?;
    telemetry::start(&config.log)?;
    if !arguments.deployment.is_embedded() && config.operations.feeds.is_empty() {
        return Err(ConfigError {
            place: String::new(),
            field: "operations.feeds".into(),
            message: "names no topic of O-data: there is nothing to join".into(),
            mend: "name the topics, see the README".into(),
        }
        .into());
    }
    super::runtime()?.block_on(async {
        migrations::verify(&config).await?;
        let shutdown = super::shutdown()?;
        let repair = Repair::new(&config)?;
        tokio::select! {
            done = repaired(&repair, &arguments) => done,
            () = shutdown.cancelled() => bail!("stopped; run again, it goes on where it stopped"),
        }
    })
}

async fn repaired(repair: &Repair, arguments: &Arguments) -> Result<()> {
    let from = arguments.since.as_millisecond().max(0);
    let until = repair.now().await?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut told = |window: Window, done: &Done| {
        let at = Timestamp::from_millisecond(window.until).unwrap_or_default();
        bar.set_message(format!(
            "written until {at:.0}: {} items joined again, {} rows differ",
            HumanCount(done.items),
            HumanCount(done.rows)
        ));
    };
    let done = repair.look("command", from, until, arguments.dry_run, &mut told);
    let done = done
        .await
        .context("stopped; run again, it goes on where it stopped")?;
    bar.finish_and_clear();
    if !done.changes.is_empty() {
        say(changes(&done))?;
    }
    let written = match arguments.dry_run {
        true => "would be written",
        false => "written",
    };
    say(format!(
        "{} items looked at, {} rows {written}",
        done.items, done.rows
    ))?;
    Ok(())
}

/// Columns that differ, and in how many rows.
fn changes(done: &Done) -> Table {
    let mut table = table(&["column", "was", "is", "rows"]);
    let mut changes = done.changes.clone();
    changes.sort_by(|a, b| (&a.column, &a.before, &a.after).cmp(&(&b.column, &b.before, &b.after)));
    for change in changes {
        let rows = change.rows.to_string();
        table.add_row([change.column, change.before, change.after, rows]);
    }
    align(&mut table, 3);
    table
}

/// Repairs every `operations.repair` until `shutdown`, while this instance holds partition 0 of the
/// first topic of feedback. If two believe that they do, they write the same. Failures pass: the next
/// time goes on from where the last one came to.
///
/// # Errors
/// The password file can't be read.
pub async fn now_and_then(
    config: &Config,
    health: Arc<Health>,
    shutdown: CancellationToken,
) -> Result<()> {
    let every = config.operations.repair;
    let Some(topic) = config.kafka.topics.first() else {
        return Ok(());
    };
    if every.is_zero() || config.operations.feeds.is_empty() {
        return Ok(());
    }
    let repair = Repair::new(config)?;
    // Up to when everything has been looked at; 0: not known yet.
    let looked = AtomicI64::new(0);
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        if !health.holds(topic, 0) {
            looked.store(0, Ordering::Relaxed);
            metrics::repair_lag(Duration::ZERO);
            continue;
        }
        let lag = async {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                let since = looked.load(Ordering::Relaxed);
                if since > 0 {
                    let lag = Timestamp::now().as_millisecond() - since;
                    metrics::repair_lag(Duration::from_millis(lag.max(0).unsigned_abs()));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_day_or_a_time() {
        let ms = |text| moment(text).map(|t| t.as_millisecond());
        assert_eq!(ms("1970-01-02"), Ok(86_400_000));
        assert_eq!(ms("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(ms("yesterday").is_err());
    }
}
