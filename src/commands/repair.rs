//! `sada repair`: rows joined again where O-data came late.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::Table;
use indicatif::{HumanCount, ProgressBar};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::job::{align, table};
use super::{Deployment, say};
use crate::config::ConfigError;
use crate::telemetry;
use crate::warehouse::migrations;
use crate::warehouse::repair::{Done, Repair, SLICE_ITEMS, Window};

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
        let repair = Repair::new(&config, SLICE_ITEMS)?;
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
