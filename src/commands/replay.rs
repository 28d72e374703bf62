//! `sada replay`: records processed again with today's code, from the dead letters or from Kafka.

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Deployment, check};
use crate::batch::Reason;
use crate::config::ConfigError;
use crate::feedback::Millis;
use crate::telemetry;

mod counts;
mod letters;
mod offsets;
mod range;
mod writer;

use range::OffsetRange;
use writer::Writer;

/// Process dead letters, or a range of offsets, again with today's code
///
/// Dead letters are read from the dead-letter topic, whole, and decoded again. Those that now pass
/// become rows by the normal path, each once, however often this is run; those that still fail are
/// counted and left where they are. A row keeps the version and the offset of its record, so a
/// newer version that has come meanwhile wins.
#[derive(Args)]
#[command(after_help = "Examples:
  sada replay --dry-run                                   # what would become rows now?
  sada replay --reason too_long --since 2026-03-01        # after limits.record_bytes was raised
  sada replay --topic shop.feedback --since 48h
  sada replay --offsets shop.feedback:3:1200-1850         # Kafka's own records, whatever became of them

With --offsets every record of the range that Kafka still holds is processed: rows are written
again, as newer revisions; a record without any outcome (one that `sada reconcile` calls missing)
gets the one that it has now; of others that are no rows nothing is written. Exit code 1: it failed
on the way, run it again; 2: refused, nothing was done.")]
pub struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// Only dead letters of this topic that was read; may be repeated
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Only dead letters of this reason (malformed_json, too_long)
    #[arg(long, value_name = "CODE", value_parser = reason_codes())]
    reason: Option<String>,
    /// Only dead letters rejected since: a day, a time (2026-03-01T10:00:00Z), or so long ago (48h)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Millis>,
    /// Instead of dead letters, records of a partition: topic:partition:from-to, both included
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["topic", "reason", "since"])]
    offsets: Option<OffsetRange>,
    /// Find out what would become of them, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration was refused, Kafka or ClickHouse failed, a signal came.
pub fn run(arguments: Arguments) -> Result<()> {
    let config = arguments.deployment.load()?;
    telemetry::start(&config.log)?;
    super::runtime()?.block_on(async {
        let models = check::require(&config, arguments.deployment.is_embedded()).await?;
        let writer = Writer::new(&config, models, arguments.dry_run, super::shutdown()?).await?;
        match &arguments.offsets {
            Some(range) => offsets::replay(&config, &writer, range).await,
            None => {
                refuse_unread(&arguments.topic, &config.kafka.group, &writer).await?;
                letters::replay(&config, &writer, arguments.which()).await
            }
        }
    })
}

/// Refuses topics that no dead letter can be of.
async fn refuse_unread(topics: &[String], group: &str, writer: &Writer) -> Result<()> {
    if topics.is_empty() {
        return Ok(());
    }
    let read = writer.ask(async || writer.replaying.topics().await).await?;
    let Some(unread) = topics.iter().find(|topic| !read.contains(topic)) else {
        return Ok(());
    };
    let mend = match read.is_empty() {
        true => "name the group that the pipeline runs under in kafka.group".into(),
        false => format!("name one of {}", read.join(", ")),
    };
    Err(ConfigError {
        place: String::new(),
        field: "--topic".into(),
        message: format!("group {group} has never read {unread}, and no dead letter is of it"),
        mend,
    }
    .into())
}

impl Arguments {
    fn which(&self) -> crate::warehouse::replaying::Which {
        crate::warehouse::replaying::Which {
            topics: self.topic.clone(),
            reason: self.reason.clone(),
            since: self.since,
        }
    }
}

fn reason_codes() -> PossibleValuesParser {
    Reason::ALL.map(Reason::code).into()
}

/// Milliseconds since 1970 of a day, a time or a time ago.
fn since(text: &str) -> Result<Millis, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    if let Ok(day) = text.parse::<Date>() {
        let begun = day.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
        return Ok(begun.timestamp().as_millisecond());
    }
    let ago = text.parse::<SignedDuration>().ok();
    let time = ago.filter(|ago| ago.is_positive());
    let time = time.and_then(|ago| Timestamp::now().checked_sub(ago).ok());
    time.map(|time| time.as_millisecond()).ok_or_else(|| {
        "give a day (2026-03-01), a time (2026-03-01T10:00:00Z) or how long ago (48h, 30m)".into()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Line::try_parse_from(line.split(' ')).map(|l| l.arguments)
    }

    #[test]
    fn times_are_days_times_or_ages() {
        let hour = 3_600_000;
        assert_eq!(since("2026-03-01"), Ok(1_772_323_200_000));
        assert_eq!(since("2026-03-01T01:00:00Z"), Ok(1_772_323_200_000 + hour));
        let two_hours_ago = Timestamp::now().as_millisecond() - 2 * hour;
        assert!((since("2h").unwrap() - two_hours_ago).abs() < 10_000);
        for wrong in ["", "yesterday", "-2h", "2026-13-01"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn dead_letters_are_chosen_and_offsets_are_not() {
        let chosen = parse("replay --topic a --topic b --reason too_long").unwrap();
        assert_eq!(chosen.which().topics, ["a", "b"]);
        assert!(parse("replay --offsets a:0:1-2 --reason too_long").is_err());
        assert!(parse("replay --offsets a:0:1-2 --dry-run").is_ok());
    }
}
