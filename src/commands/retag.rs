//! `sada retag`: stored rows enriched again with today's models and taxonomy.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use jiff::civil::Date;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tokio_util::sync::CancellationToken;

use super::job::{bar, number, patiently};
use super::{Deployment, enricher, say};
use crate::config::ConfigError;
use crate::enrich::{Enricher, Sentiment, Tags};
use crate::pipeline::SinkError;
use crate::telemetry;
use crate::warehouse::migrations;
use crate::warehouse::retagging::{Key, Retagged, Retagging, Scope, Slice, StoredRow};

mod tables;

use tables::Counts;

/// Enrich stored rows again with today's models and taxonomy
///
/// Reads the clean texts of stored rows back from ClickHouse, finds language, sentiment and topics
/// again and writes the rows as newer revisions: rows that bear the versions of today's models and
/// taxonomy are left alone, and a newer version from the source always wins. It may run beside the
/// live pipeline. Kafka is not read.
#[derive(Args)]
#[command(after_help = "Examples:
  sada retag --from 2026-01-01 --to 2026-06-30
  sada retag --from 2026-01-01 --to 2026-06-30 --language fa --dry-run   # what would change?
  sada retag --from 2026-03-01 --to 2026-03-31 --all --rate 500

Broken off, it is simply run again: rows done are done (with --all, add --job and the number that
the job printed). Exit code 1: it did not come to its end; 2: refused, nothing was done.")]
pub struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// First day on which items were created at their source (UTC)
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// Last day, itself included
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// Only rows tagged with this language: fa, zh-Hans, und
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Only items of this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Also rows that bear the versions of today's models and taxonomy
    #[arg(long)]
    all: bool,
    /// Go on with a job of --all that broke off: the number that it printed
    #[arg(long, value_name = "NUMBER", requires = "all")]
    job: Option<u64>,
    /// At most so many rows a second; about one insert a second
    #[arg(long, value_name = "ROWS", default_value_t = 2000,
          value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// Find out what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, ClickHouse fails for long or for good, a signal came.
pub fn run(arguments: Arguments) -> Result<()> {
    let config = arguments.deployment.load()?;
    telemetry::start(&config.log)?;
    if arguments.from > arguments.to {
        return Err(refused(
            "--to",
            "it is before --from",
            "give the first day as --from",
        )
        .into());
    }
    let enricher = enricher::load(&config)?;
    super::runtime()?.block_on(async {
        migrations::verify(&config).await?;
        let versions = enricher.versions().clone();
        let revision = match arguments.job {
            Some(job) => job,
            None => number().await,
        };
        let retagging = Retagging::new(&config, arguments.scope(), versions, revision)?;
        let job = Job {
            retagging,
            enricher,
            arguments,
            revision,
            shutdown: super::shutdown()?,
        };
        job.run().await
    })
}

fn refused(field: &str, message: &str, mend: &str) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: field.into(),
        message: message.into(),
        mend: mend.into(),
    }
}

impl Arguments {
    fn scope(&self) -> Scope {
        Scope {
            from: self.from.to_string(),
            to: self.to.to_string(),
            language: self.language.clone(),
            tenant: self.tenant.clone(),
            all: self.all,
        }
    }
}

/// A job on its way.
struct Job {
    retagging: Retagging,
    enricher: Enricher,
    arguments: Arguments,
    revision: u64,
    shutdown: CancellationToken,
}

/// Rows of the first slice, and the most that one may have.
const ROWS: (usize, usize) = (500, 10_000);
/// Bytes of text that a slice should have.
const BYTES: usize = 8 << 20;
/// How often rows are looked for at most, of which something else changed while they were tagged.
const ROUNDS: usize = 10;

impl Job {
    async fn run(self) -> Result<()> {
        let standings = self.patiently(async || self.retagging.standings().await);
        let standings = standings.await?;
        if standings.is_empty() {
            self.refuse_unknown_language().await?;
        }
        say(tables::standings(&standings, &self.retagging))?;
        let due = standings.iter().filter(|s| self.retagging.is_due(s));
        let mut counts = due.fold(Counts::default(), |mut counts, s| {
            counts.due += s.rows - s.later;
            counts.later += s.later;
            counts
        });
        if counts.due == 0 {
            say("Nothing to do.")?;
            return self.verdict(&counts, true);
        }
        if self.arguments.all && !self.arguments.dry_run {
            say(format_args!(
                "Job {0}: if it breaks off, go on with --job {0}",
                self.revision
            ))?;
        }
        let bar = bar(counts.due);
        let ended = self.rounds(&mut counts, &bar).await;
        bar.finish_and_clear();
        say(tables::summary(&counts, self.arguments.dry_run))?;
        self.verdict(&counts, ended?)
    }

    /// Refuses a language that no stored row is tagged with, within the days asked for or without.
    async fn refuse_unknown_language(&self) -> Result<()> {
        let Some(language) = &self.arguments.language else {
            return Ok(());
        };
        let stored = self.patiently(async || self.retagging.languages().await);
        let stored = stored.await?;
        if stored.is_empty() || stored.contains(language) {
            return Ok(());
        }
        let message = format!("no stored row is tagged {language}");
        let mend = format!("name one of {}", stored.join(", "));
        Err(refused("--language", &message, &mend).into())
    }

    /// All slices, and those again that hold rows which changed meanwhile (repair copies rows with
    /// the tags that they have), until there are none; `false` if a signal came first.
    async fn rounds(&self, counts: &mut Counts, bar: &ProgressBar) -> Result<bool> {
        for _ in 0..ROUNDS {
            let overtaken = counts.overtaken();
            if !self.slices(counts, bar).await? {
                return Ok(false);
            }
            if self.arguments.dry_run || counts.overtaken() == overtaken {
                return Ok(true);
            }
        }
        bail!("rows go on changing while they are tagged; run again, it goes on with those")
    }

    /// All slices, one after another; `false` if a signal came first.
    async fn slices(&self, counts: &mut Counts, bar: &ProgressBar) -> Result<bool> {
        let (begun, before) = (Instant::now(), counts.read);
        let rate = self.arguments.rate;
        let most = ROWS.1.min(usize::try_from(rate).unwrap_or(usize::MAX));
        let (mut after, mut rows): (Option<Key>, _) = (None, ROWS.0.min(most));
        loop {
            if self.shutdown.is_cancelled() {
                return Ok(false);
            }
            let next = self.patiently(async || self.retagging.next(after.as_ref(), rows).await);
            let Some(slice) = next.await? else {
                return Ok(true);
            };
            self.slice(&slice, counts).await?;
            bar.set_length(counts.due.max(counts.read));
            bar.set_position(counts.read);

            rows = next_size(&slice, rows).clamp(1, most);
            after = Some(slice.range.last().clone());
            let due = Duration::from_secs_f64((counts.read - before) as f64 / rate as f64);
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = tokio::time::sleep(due.saturating_sub(begun.elapsed())) => {}
            }
        }
    }

    async fn slice(&self, slice: &Slice, counts: &mut Counts) -> Result<()> {
        let tagged = tokio::task::block_in_place(|| tag(&self.enricher, &slice.rows));
        for (row, (tags, _)) in slice.rows.iter().zip(&tagged) {
            counts.compare(row, tags);
        }
        if self.arguments.dry_run {
            return Ok(());
        }
        let rows: Vec<Retagged<'_>> = (slice.rows.iter().zip(&tagged))
            .map(|(row, (tags, parts))| Retagged::new(row, tags, parts))
            .collect();
        let written = self.patiently(async || self.retagging.write(&slice.range, &rows).await);
        counts.written += written.await?;
        Ok(())
    }

    async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, SinkError>) -> Result<T> {
        patiently(&self.shutdown, ask).await
    }

    fn verdict(&self, counts: &Counts, ended: bool) -> Result<()> {
        if counts.later > 0 && self.arguments.job.is_none() {
            say(format_args!(
                "{} rows were left alone: a later job than this one computed them (is the clock of \
                 this machine slow?)",
                counts.later
            ))?;
        }
        match (ended, self.arguments.all) {
            (true, _) => Ok(()),
            (false, false) => bail!("stopped before the end; run again, it goes on"),
            (false, true) => bail!(
                "stopped before the end; run again with --job {}, it goes on",
                self.revision
            ),
        }
    }
}

/// Tags of rows, on all cores.
fn tag(enricher: &Enricher, rows: &[StoredRow]) -> Vec<(Tags, Vec<Sentiment>)> {
    rows.par_iter()
        .map(|row| enricher.tag_stored(row.text.clone(), &row.parts(), row.hints(), &row.source))
        .collect()
}

/// How many stored rows the next slice should cover, from the bytes of this one.
fn next_size(slice: &Slice, rows: usize) -> usize {
    let fitting = slice.rows.len().saturating_mul(BYTES) / slice.bytes.max(1);
    // Score-only surveys tell nothing of what comes next.
    match slice.rows.is_empty() {
        true => rows * 2,
        false => fitting.min(rows * 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_and_a_job_number_needs_all() {
        use clap::Parser;
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let parse = |line: &str| Line::try_parse_from(line.split(' ')).map(|l| l.arguments);
        let days = "retag --from 2026-01-01 --to 2026-01-31";
        let arguments = parse(days).unwrap();
        assert_eq!(arguments.scope().to, "2026-01-31");
        assert_eq!(arguments.rate, 2000);
        for wrong in [
            "retag",
            "retag --from 2026-01-01",
            "retag --from yesterday --to 2026-01-31",
            &format!("{days} --job 7"),
            &format!("{days} --rate 0"),
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("{days} --all --job 7")).is_ok());
    }
}
