//! `sada check`: everything that `run` would refuse, without starting.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tracing::warn;

use super::{ConfigFile, say};
use crate::config::{self, Config, ConfigError};
use crate::enrich::Enricher;
use crate::{embedded, kafka, warehouse};

/// Check configuration, models, Kafka and ClickHouse, without starting
#[derive(Args)]
#[command(after_help = "Examples:
  sada check --config sada.toml
  sada check --embedded             # is the ClickHouse library there?

Exit code 0: `sada run` would start; 2: it would refuse, each reason with its mend.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Check for `run --embedded`: the library instead of Kafka and ClickHouse
    #[arg(long)]
    embedded: bool,
}

/// The configuration was refused; every reason has been printed.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0} to mend, see above")]
pub struct Refused(usize);

/// Prints what was found.
///
/// # Errors
/// Something that `run` needs is missing or wrong.
pub fn run(arguments: Arguments) -> Result<()> {
    let config = arguments.config.load()?;
    say("ok       configuration")?;
    let enricher = super::enricher::load(&config);
    let findings = match arguments.embedded {
        true => vec![models(&enricher), library()],
        false => super::runtime()?.block_on(findings(&config, &enricher, false)),
    };
    for Finding { what, result } in &findings {
        match result {
            Ok(Found { fact, .. }) => say(format_args!("ok       {what}: {fact}"))?,
            Err(error) => say(format_args!("refused  {error}"))?,
        }
    }
    for warning in findings.iter().flat_map(Finding::warnings) {
        say(format_args!("warning  {warning}"))?;
    }
    match findings.iter().filter(|f| f.result.is_err()).count() {
        0 => Ok(()),
        count => Err(Refused(count).into()),
    }
}

/// Refuses what `check` would refuse, with all reasons on standard error; else the models that it
/// loaded to see that they can be. `embedded`: the broker is ours.
///
/// # Errors
/// [`Refused`], if there is any.
pub(super) async fn require(config: &Config, embedded: bool) -> Result<Enricher> {
    let enricher = super::enricher::load(config);
    let mut refused = 0;
    for finding in findings(config, &enricher, embedded).await {
        for warning in finding.warnings() {
            warn!("{warning}");
        }
        if let Err(error) = finding.result {
            refused += 1;
            eprintln!("refused  {error}");
        }
    }
    match enricher {
        Ok(enricher) if refused == 0 => Ok(enricher),
        _ => Err(Refused(refused).into()),
    }
}

/// One thing looked at, and what was found or why it is refused.
struct Finding {
    what: &'static str,
    result: Result<Found, ConfigError>,
}

/// For people.
struct Found {
    fact: String,
    /// What does not hinder the start and should still be known.
    warnings: Vec<String>,
}

impl From<String> for Found {
    fn from(fact: String) -> Self {
        let warnings = Vec::new();
        Self { fact, warnings }
    }
}

impl Finding {
    fn of(what: &'static str, result: Result<impl Into<Found>, ConfigError>) -> Self {
        let result = result.map(Into::into);
        Self { what, result }
    }

    fn warnings(&self) -> &[String] {
        self.result.as_ref().map_or(&[], |found| &found.warnings)
    }
}

async fn findings(config: &Config, enricher: &Loaded, embedded: bool) -> Vec<Finding> {
    let clickhouse = warehouse::migrations::verify(config).await;
    vec![
        models(enricher),
        Finding::of("privacy key", privacy_key(config)),
        Finding::of("kafka", topics(config, embedded).await),
        Finding::of("clickhouse", clickhouse),
    ]
}

/// All models, or why they can't be loaded.
type Loaded = Result<Enricher, ConfigError>;

fn models(enricher: &Loaded) -> Finding {
    let fact = |enricher: &Enricher| {
        let versions = enricher.versions();
        format!("{}, taxonomy {}", versions.models, versions.taxonomy)
    };
    let found = enricher.as_ref().map(fact).map_err(Clone::clone);
    Finding::of("models", found)
}

fn library() -> Finding {
    let found = embedded::clickhouse::library::find(None).map(|path| path.display().to_string());
    Finding::of("clickhouse library", found)
}

fn privacy_key(config: &Config) -> Result<String, ConfigError> {
    let file = &config.privacy.key_file;
    let refuse = |message: &str| ConfigError {
        place: String::new(),
        field: "privacy.key_file".into(),
        message: message.into(),
        mend: "make a file with a secret, as in `openssl rand -hex 32 > privacy.key`, and name it"
            .into(),
    };
    if file.as_os_str().is_empty() {
        return Err(refuse("not set: identifiers can't be hashed without a key"));
    }
    match config::secret(file, "privacy.key_file")?.len() {
        0..16 => Err(refuse("the key is shorter than 16 bytes")),
        _ => Ok(file.display().to_string()),
    }
}

/// Topics with their partitions, and how soon a record is seen as a row.
async fn topics(config: &Config, embedded: bool) -> Result<Found, ConfigError> {
    let topics = kafka::check::topics(config)?;
    let shown = topics
        .iter()
        .map(|t| format!("{} ({} partitions)", t.name, t.partitions));
    let shown: Vec<String> = shown.collect();
    let read = config.topics();
    let read = topics.iter().filter(|t| read.contains(&t.name));
    let partitions: usize = read.map(|t| t.partitions).sum();
    let paced = Duration::from_secs_f64(partitions as f64 / f64::from(config.batch.per_second));
    let fact = format!(
        "{}; a record is a row after {:?}, if one instance holds all partitions",
        shown.join(", "),
        paced.max(config.batch.time)
    );
    // The embedded broker has no policies and does not even refuse to tell them.
    let warnings = match embedded {
        true => Vec::new(),
        false => kafka::cleanup::check(config).await?,
    };
    Ok(Found { fact, warnings })
}
