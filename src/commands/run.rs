//! `sada run`

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{ConfigFile, check, enricher, erase};
use crate::config::Config;
use crate::embedded::EmbeddedStack;
use crate::health::{self, Health};
use crate::kafka::{DeadLetterTopic, KafkaSource};
use crate::pipeline::{self, Parts};
use crate::telemetry;
use crate::warehouse;

mod again;
mod index;
mod repair;

use again::Again;

/// Read feedback from Kafka, enrich it, write rows to ClickHouse
#[derive(Args)]
#[command(after_help = "Examples:
  sada run --config sada.toml
  sada run --embedded ./data        # a broker and a ClickHouse of its own, nothing to install
  sada run --config sada.toml --listen 0.0.0.0:9100     # metrics and health for others

Ends on SIGINT or SIGTERM, after the batches in flight are durable. Started again, it goes on where
it stopped (the embedded broker keeps no records over a restart). SIGHUP: takes up a changed
configuration, taxonomy, cues or model, after they were checked; with --embedded it ends. Exit code 2:
the configuration was refused, nothing was read.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Run with the embedded broker and ClickHouse engine, rows kept in this folder
    #[arg(long, value_name = "DIR")]
    embedded: Option<PathBuf>,
    /// Port of the embedded ClickHouse on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8123, requires = "embedded")]
    port: u16,
    /// Answer /metrics, /health/live and /health/ready here: a port on loopback, or host:port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// Runs the pipeline until a signal comes.
///
/// # Errors
/// The configuration was refused, or source or sink failed for good.
pub fn run(arguments: Arguments) -> Result<()> {
    let mut config = arguments.config.load()?;
    telemetry::start(&config.log)?;
    let again = Again::default();
    super::runtime()?.block_on(async {
        let shutdown = super::shutdown()?;
        // The embedded broker would lose its records.
        let anew = arguments.embedded.is_none();
        again.at_hangup(arguments.config.clone(), anew, shutdown.clone())?;
        let listen = arguments.listen.as_ref().unwrap_or(&config.health.listen);
        // Up before the checks: ready says why it isn't yet.
        let health = watched(listen, &config, &shutdown).await?;
        let Some(dir) = arguments.embedded else {
            return pipeline(&config, HashMap::new(), health, shutdown).await;
        };
        let mut stack = EmbeddedStack::start(&dir, arguments.port, &mut config)?;
        warehouse::migrations::apply(&config).await?;
        info!(
            bootstrap = stack.bootstrap(),
            http = stack.http_url(),
            "embedded parts are up"
        );
        let streams = stack.streams();
        tokio::select! {
            ended = pipeline(&config, streams, health, shutdown) => ended,
            error = stack.engine_ended() => Err(error),
        }
    })?;
    again.begin()
}

/// The state of this instance, told to others where `listen` says; empty for nowhere.
async fn watched(
    listen: &str,
    config: &Config,
    shutdown: &CancellationToken,
) -> Result<Arc<Health>> {
    let health = Health::new(config.health.stalled);
    if !listen.is_empty() {
        let metrics = telemetry::metrics::install(&config.topics())?;
        health::server::start(listen, health.clone(), metrics).await?;
    }
    let (ending, shutdown) = (health.clone(), shutdown.clone());
    tokio::spawn(async move {
        shutdown.cancelled().await;
        ending.shutting_down();
    });
    Ok(health)
}

/// Checks everything that can be checked, then runs until `shutdown`. `streams`: topic ids of a
/// broker that has none of its own.
///
/// # Errors
/// See [`run`].
pub async fn pipeline(
    config: &Config,
    streams: HashMap<String, String>,
    health: Arc<Health>,
    shutdown: CancellationToken,
) -> Result<()> {
    let models = tokio::select! {
        checked = check::require(config, !streams.is_empty()) => checked?,
        () = shutdown.cancelled() => {
            info!("stopped before everything was checked");
            return Ok(());
        }
    };
    let build = enricher::build(config, &models)?;
    let follow = || erase::requests::follow(config, &streams);
    let (erasures, follower) = tokio::task::block_in_place(follow)?;
    // What runs beside the pipeline ends with it, whatever ended that.
    let beside = shutdown.child_token();
    let pipeline_ended = beside.clone().drop_guard();
    let outcomes = enricher::outcomes(config, models)?.erasing(erasures.clone());
    let mut following = None;
    let mut background = Vec::new();
    let outcomes = match outcomes.feeds() {
        feeds if feeds.is_empty() => outcomes,
        feeds => {
            let known = erasures.clone();
            let ready = index::ready(config, feeds, streams.clone(), known, &health, &shutdown);
            let ready = ready.await?;
            let Some((index, follows)) = ready else {
                info!("stopped before the index of O-data was up to date");
                return Ok(());
            };
            following = Some(follows);
            let telling = erase::indexes::start(config, index.clone(), beside.clone());
            background.push(telling);
            outcomes.joining(Box::new(move |feedback| index.join(feedback)))
        }
    };
    let (rows, evidence) = warehouse::sinks(config)?;
    let source = KafkaSource::start(config, streams, evidence.clone(), &build, health.clone())?;
    let parts = Parts {
        outcomes,
        dead_letters: DeadLetterTopic::new(config)?,
        rows,
        evidence,
        in_flight: in_flight(config),
        health,
    };
    info!(
        topics = config.topics().join(","),
        group = config.kafka.group,
        build,
        "pipeline started"
    );
    let source = Arc::new(source);
    let reading = Arc::downgrade(&source);
    let is_first = move || reading.upgrade().is_some_and(|source| source.is_first());
    if let Some(follower) = follower {
        let (config, beside) = (config.clone(), beside.clone());
        let answering =
            erase::requests::start(config, erasures, follower, is_first.clone(), beside);
        background.push(answering);
    }
    let pipeline = pipeline::run(source, Arc::new(parts), shutdown.clone());
    let pipeline = async {
        let _ended = pipeline_ended;
        pipeline.await
    };
    let repair = repair::now_and_then(config, is_first, beside);
    let all = async {
        let ended = tokio::try_join!(pipeline, repair);
        for task in background {
            // A panic there was logged.
            let _ = task.await;
        }
        ended
    };
    let ended = within(config.shutdown, shutdown, all).await;
    // Also after a failure: what the index has applied needs no reading again.
    if let Some(following) = following {
        tokio::task::block_in_place(|| following.end())?;
    }
    let (given_up, ()) = ended?;
    if given_up > 0 {
        bail!(
            "stopped with {given_up} batches that ClickHouse or the dead-letter topic did not take: \
             they are not committed, the next start reads them from Kafka again (the embedded \
             broker does not keep them)"
        );
    }
    info!("pipeline ended, everything in flight is durable");
    Ok(())
}

/// Ends the process when the pipeline does not end within this time after the shutdown began: what
/// is in flight is announced, and the next start takes it up.
async fn within<T>(
    limit: Duration,
    shutdown: CancellationToken,
    pipeline: impl Future<Output = Result<T>>,
) -> Result<T> {
    let too_late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        ended = pipeline => ended,
        () = too_late => {
            error!(?limit, "no orderly end in time: batches in flight are abandoned, not committed");
            std::process::exit(1)
        }
    }
}

/// Half of the memory of batches is for those in flight.
fn in_flight(config: &Config) -> usize {
    (config.batch.memory / 2 / config.batch.bytes).clamp(1, 16)
}
