//! `sada reconcile`: is everything that the group has passed in the warehouse, once?

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use super::{Deployment, say};
use crate::config::{Config, ConfigError};
use crate::kafka::GroupLog;
use crate::telemetry;
use crate::warehouse::Audit;

mod ahead;
mod coverage;
mod progress;
mod report;
mod rows;
mod subject;
mod table;

use progress::Progress;
use report::{PartitionReport, Report};

/// Prove from Kafka and ClickHouse that no record is missing or stored twice
#[derive(Args)]
#[command(
    long_about = "Prove from Kafka and ClickHouse that no record is missing or stored twice.\n\n\
        For every partition: each offset that the consumer group has passed and that holds a record \
        stands once in `ingested`; each row told of there is in `feedback`, or for O-data in the \
        history of its entity, in that version or a newer one; each dead letter is in \
        `dead_letters`. Reads only, and may run beside the \
        pipeline. What is found is looked over once more before it is told.",
    after_help = "Examples:
  sada reconcile --config sada.toml
  sada reconcile --topic sada.feedback --partition 3 --json | jq .partitions[0].missing
  sada reconcile --embedded demo-data

Columns: from, to: first and last offset to be accounted for; empty: offsets without a record
(transaction markers, compaction); gap: deleted by Kafka before they were read; in flight:
announced by the pipeline, not finished; ahead: stored, not committed; unprovable: no line, and
Kafka can no longer tell whether there was a record; expired: older than [clickhouse.ttl] keeps;
erased: gone with its customer (`sada erase`).

Exit code 0: in order; 1: something is missing, doubled or without its row; 2: it can't be told: the
configuration was refused, or Kafka or ClickHouse failed on the way."
)]
pub struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// Only this topic
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// Only these partitions, separated by commas
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    partition: Vec<i32>,
    /// Print everything as JSON: counts, and ranges [first, last]
    #[arg(long)]
    json: bool,
}

/// Something is not in order; what it is has been printed.
#[derive(Debug, thiserror::Error)]
#[error("not in order: {0}")]
struct NotInOrder(String);

/// A server failed on the way: nothing is proven.
#[derive(Debug, thiserror::Error)]
#[error("can't tell whether all is in order")]
pub struct Untold;

/// Runs the command.
///
/// # Errors
/// The configuration was refused, a server does not answer, or something is not in order.
pub fn run(arguments: &Arguments) -> Result<()> {
    let config = arguments.deployment.load()?;
    telemetry::start(&config.log)?;
    let topics = narrow(&config, arguments.topic.as_deref())?;
    let report = super::runtime()?.block_on(reconcile(arguments, &config, &topics));
    let report = report.map_err(|error| match error.chain().any(|e| e.is::<ConfigError>()) {
        true => error,
        false => error.context(Untold),
    })?;
    if arguments.json {
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        table::print(&report)?;
    }
    match report.ok {
        true => Ok(()),
        false => Err(NotInOrder(report.totals.trouble()).into()),
    }
}

/// Topics to look at: all that are read, or the one that is named.
fn narrow(config: &Config, topic: Option<&str>) -> Result<Vec<String>, ConfigError> {
    let topics = config.topics();
    let Some(topic) = topic else {
        return Ok(topics);
    };
    if !topics.iter().any(|t| t == topic) {
        return Err(ConfigError {
            place: String::new(),
            field: "--topic".into(),
            message: format!("{topic} is not read under this configuration"),
            mend: format!("name one of {}", topics.join(", ")),
        });
    }
    Ok(vec![topic.to_owned()])
}

fn nothing_there(arguments: &Arguments, topics: &[String]) -> ConfigError {
    let topics = topics.join(", ");
    let (field, mend) = match arguments.partition.is_empty() {
        true => ("kafka.topics", "correct the name, or create the topic"),
        false => ("--partition", "name partitions that the topic has"),
    };
    ConfigError {
        place: String::new(),
        field: field.into(),
        message: format!("neither Kafka nor the warehouse knows such partitions of {topics}"),
        mend: mend.into(),
    }
}

/// Nothing to prove, most likely since the group is another one than that of the pipeline.
fn never_read(config: &Config, topics: &[String]) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: "kafka.group".into(),
        message: format!(
            "group {} has never read {}",
            config.kafka.group,
            topics.join(", ")
        ),
        mend: "name the group that the pipeline runs under".into(),
    }
}

/// The two systems, and what is told meanwhile.
struct Parts {
    log: GroupLog,
    audit: Audit,
    progress: Progress,
}

async fn reconcile(arguments: &Arguments, config: &Config, topics: &[String]) -> Result<Report> {
    let begun = Instant::now();
    let audit = Audit::connect(config).await?;
    let mut parts = Parts {
        log: tokio::task::block_in_place(|| GroupLog::connect(config))?,
        audit,
        progress: Progress::new(),
    };
    let mut subjects = Vec::new();
    for topic in topics {
        parts.progress.doing(&format!("asking for {topic}"));
        let has_ids = !arguments.deployment.is_embedded();
        subjects.extend(subject::of_topic(&parts, topic, has_ids, &arguments.partition).await?);
    }
    if subjects.is_empty() {
        return Err(nothing_there(arguments, topics).into());
    }
    if subjects.iter().all(|s| s.origin().is_none()) {
        return Err(never_read(config, topics).into());
    }
    let lines: u64 = subjects.iter().map(|s| s.known.lines).sum();
    parts.progress.set_total(2 * lines);
    let mut partitions = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        partitions.push(coverage::check(&mut parts, subject).await?);
    }
    rows::check(&parts, &subjects, &mut partitions).await?;
    ahead::check(&parts, &subjects, &mut partitions).await?;
    parts.progress.finish();
    Ok(Report::new(config, partitions, begun.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_of_the_configuration_are_reconciled() {
        let mut config = Config::default();
        config.kafka.topics = vec!["a".into(), "b".into()];
        let error = narrow(&config, Some("c")).unwrap_err();
        assert!(error.to_string().contains("a, b"), "{error}");
        assert_eq!(narrow(&config, Some("b")).unwrap(), ["b"]);
        assert_eq!(narrow(&config, None).unwrap(), ["a", "b"]);
    }
}
