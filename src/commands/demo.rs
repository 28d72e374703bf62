//! `sada demo`: everything on this machine in one command, from broken records and orders that come
//! late to the answers that a data team asks for first.
//!
//! Nothing in it is special: the events go through a Kafka client, the pipeline is that of
//! `sada run --embedded`, and the answers are SQL over HTTP.

use super::say;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use indicatif::ProgressBar;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::embedded::EmbeddedStack;
use crate::health::Health;
use crate::{telemetry, warehouse};

mod broken;
mod business;
mod customers;
mod deck;
mod delivery;
mod events;
mod load;
mod operations;
mod questions;
mod record;
mod report;
mod texts;

use delivery::Sender;
use load::Load;

/// Port of ClickHouse's HTTP interface everywhere.
const CLICKHOUSE: u16 = 8123;
/// How often rows are repaired: in production once a minute is enough.
const REPAIR: Duration = Duration::from_millis(500);

/// Try it all on this machine: broker, ClickHouse engine, pipeline, feedback in 14 languages
#[derive(Args)]
#[command(after_help = "Examples:
  sada demo                       # sends feedback, prints a report, stays for your own queries
  sada demo --once --path /tmp/d  # ends after the report
  sada load reviews.jsonl --embedded demo-data --kind review --text-field text   # while it runs

Run again over the same folder, it adds to the rows that are there.")]
pub struct Arguments {
    /// Folder for the rows; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    path: PathBuf,
    /// End after the report
    #[arg(long)]
    once: bool,
    /// Port of ClickHouse's HTTP interface on 127.0.0.1 [default: 8123, or a free one if that is taken]
    #[arg(long)]
    port: Option<u16>,
    /// How many events to send
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = RangedU64ValueParser::<usize>::new().range(20..=10_000))]
    events: usize,
    /// Other seeds make other events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs the demo.
///
/// # Errors
/// The embedded parts don't start, the pipeline fails, or a record did not come to the end that
/// it should.
pub fn run(arguments: Arguments) -> Result<()> {
    let mut config = Config::load(None)?;
    if std::env::var_os("SADA_LOG_FILTER").is_none() {
        // Producers complain of the consumer's properties, which all clients share.
        config.log.filter = "warn,librdkafka=error".into();
    }
    telemetry::start(&config.log)?;
    super::runtime()?.block_on(demo(&arguments, config))
}

async fn demo(arguments: &Arguments, mut config: Config) -> Result<()> {
    let shutdown = super::shutdown()?;
    let starting = "starting the broker and the ClickHouse engine";
    announce(starting)?;
    let step = spinner(starting);
    config.operations.repair = REPAIR;
    let stack = EmbeddedStack::start(&arguments.path, port(arguments.port), &mut config)?;
    warehouse::migrations::apply(&config).await?;
    step.finish_and_clear();

    let mut pipeline = pipeline(config.clone(), stack.streams(), shutdown.clone());
    let told = tokio::select! {
        told = tell(arguments, &config, &stack) => told,
        () = shutdown.cancelled() => Ok(()),
        ended = &mut pipeline => return stopped(ended?),
    };
    if arguments.once || told.is_err() {
        shutdown.cancel();
    }
    // It ends before broker and engine do.
    let ended = pipeline.await?;
    told.and(if shutdown.is_cancelled() {
        ended
    } else {
        stopped(ended)
    })
}

/// Sends what happened and what is said, waits until it is through and prints what the rows say.
async fn tell(arguments: &Arguments, config: &Config, stack: &EmbeddedStack) -> Result<()> {
    let client = warehouse::client(&config.clickhouse)?.with_database(&config.clickhouse.database);
    let version: String = client.query("SELECT version()").fetch_one().await?;
    say(format_args!(
        "ClickHouse {version} on {}, Kafka on {}",
        stack.http_url(),
        stack.bootstrap()
    ))?;

    let sender = Sender::new(config, &client, &stack.streams())?;
    let load = Load::new(arguments)?;
    announce("sending what happened: customers, orders, deliveries, tickets, visits")?;
    sender.changes(&load.early).await?;
    announce("sending what is said of it")?;
    let began = Instant::now();
    sender.feedback(&load.records).await?;
    say(format_args!(
        "{load}: all have their outcome after {:.1} s",
        began.elapsed().as_secs_f64()
    ))?;
    announce("sending what comes late")?;
    sender.changes(&load.late).await?;
    let began = Instant::now();
    let repaired = sender.repaired().await?;
    say(format_args!(
        "{late} changes of orders came after what was said of them: {repaired} rows of feedback are \
         repaired, {:.1} s after the last",
        began.elapsed().as_secs_f64(),
        late = load.late.len(),
    ))?;
    let stream = &sender.feedback.stream;
    report::print(&client, stream).await?;
    load.check(delivery::outcomes(&client, stream).await?)?;
    if arguments.once {
        let dir = arguments.path.display();
        say(format_args!(
            "\nThe rows stay in {dir}. Without --once it goes on running, for queries of your own."
        ))?;
    } else {
        invite(stack, &arguments.path)?;
    }
    Ok(())
}

/// The pipeline of `sada run`, until `shutdown`.
fn pipeline(
    config: Config,
    streams: HashMap<String, String>,
    shutdown: CancellationToken,
) -> JoinHandle<Result<()>> {
    tokio::spawn(async move {
        let health = Health::new(config.health.stalled);
        super::run::pipeline(&config, streams, health, shutdown).await
    })
}

/// The pipeline ended though nobody asked it to.
fn stopped(ended: Result<()>) -> Result<()> {
    ended.and_then(|()| bail!("the pipeline ended before its time"))
}

/// Port of the HTTP interface: the one asked for, else ClickHouse's own if it is free; 0 for any.
fn port(asked: Option<u16>) -> u16 {
    let is_free = || TcpListener::bind((Ipv4Addr::LOCALHOST, CLICKHOUSE)).is_ok();
    asked.unwrap_or_else(|| if is_free() { CLICKHOUSE } else { 0 })
}

/// Says what begins, where no terminal shows it as it goes on.
fn announce(what: &str) -> Result<()> {
    if !std::io::stderr().is_terminal() {
        say(format_args!("{what} …"))?;
    }
    Ok(())
}

fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// Says how to query what is there and how to send more.
fn invite(stack: &EmbeddedStack, dir: &Path) -> Result<()> {
    let (url, dir) = (stack.http_url(), dir.display());
    let port = url.rsplit(':').next().unwrap_or_default();
    say("\nIt goes on running until Ctrl-C. Query it:")?;
    for (what, sql) in questions::EXAMPLES {
        say(format_args!(
            "\n  # {what}\n  curl {url} --data-binary \"{sql}\""
        ))?;
    }
    say(format_args!(
        "\nOther clients, over HTTP, without user and password:
  Python   clickhouse_connect.get_client(host='127.0.0.1', port={port}, database='sada')
  JDBC     jdbc:clickhouse:{url}/sada
  BI       type ClickHouse, host 127.0.0.1, port {port}, database sada

Send more, from another terminal:
  echo 'The parcel came late and nobody answered' | sada load - --embedded {dir} --kind review
  sada load reviews.jsonl --embedded {dir} --kind review --text-field text"
    ))?;
    Ok(())
}
