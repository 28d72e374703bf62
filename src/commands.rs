//! The command line: one file a sub-command.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::embedded::Address;

pub mod check;
pub mod clickhouse;
pub mod demo;
pub mod enricher;
pub mod erase;
pub mod eval;
mod job;
pub mod load;
pub mod migrate;
pub mod reconcile;
pub mod repair;
pub mod replay;
pub mod retag;
pub mod run;
pub mod tag;
mod terminal;
pub mod train;

/// Customer feedback from Kafka to enriched rows in ClickHouse.
#[derive(Parser)]
#[command(name = "sada", version, max_term_width = 100)]
#[command(after_help = "Example:
  sada demo --path demo-data        # everything on this machine, with sample feedback")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Demo(demo::Arguments),
    Clickhouse(clickhouse::Arguments),
    Migrate(migrate::Arguments),
    Check(check::Arguments),
    Reconcile(reconcile::Arguments),
    Load(Box<load::Arguments>),
    Tag(tag::Arguments),
    Replay(replay::Arguments),
    Retag(retag::Arguments),
    Repair(repair::Arguments),
    Erase(erase::Arguments),
    Train(train::Arguments),
    Eval(eval::Arguments),
}

impl Cli {
    /// Runs the command. Exit code 2: the configuration or the arguments are wrong, nothing was
    /// done; 1: it failed on the way; 0: done. Of `reconcile` 1 says that something is not in order,
    /// and 2 also that it failed on the way.
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Run(a) => run::run(a),
            Command::Demo(a) => demo::run(a),
            Command::Clickhouse(a) => clickhouse::run(a),
            Command::Migrate(a) => migrate::run(a),
            Command::Check(a) => check::run(a),
            Command::Reconcile(a) => reconcile::run(&a),
            Command::Load(a) => load::run(&a),
            Command::Tag(a) => tag::run(a),
            Command::Replay(a) => replay::run(a),
            Command::Retag(a) => retag::run(a),
            Command::Repair(a) => repair::run(a),
            Command::Erase(a) => erase::run(a),
            Command::Train(a) => train::run(a),
            Command::Eval(a) => eval::run(a),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read the output has seen enough, as `head` does.
            Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("sada: {error:#}");
                let is_refused = error
                    .chain()
                    .any(|e| e.is::<ConfigError>() || e.is::<check::Refused>());
                match is_refused || error.is::<reconcile::Untold>() {
                    true => ExitCode::from(2),
                    false => ExitCode::FAILURE,
                }
            }
        }
    }
}

/// `--config`, shared by the commands that read it.
#[derive(Args, Debug, Clone, Default)]
pub struct ConfigFile {
    /// Configuration file; without it, the defaults and SADA_* variables hold
    #[arg(long, short, value_name = "FILE", env = "SADA_CONFIG")]
    pub config: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref())
    }
}

/// `--config` and `--embedded`, shared by the commands that work on what a pipeline has written.
#[derive(Args, Debug, Clone, Default)]
pub struct Deployment {
    #[command(flatten)]
    config: ConfigFile,
    /// Folder of a running `sada demo` or `sada run --embedded`
    #[arg(long, value_name = "DIR")]
    embedded: Option<PathBuf>,
}

impl Deployment {
    /// The configuration, pointed at the running pipeline of the folder, if one is given.
    ///
    /// # Errors
    /// See [`Config::load`]; no pipeline runs in the folder.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut config = self.config.load()?;
        if let Some(dir) = &self.embedded {
            Address::read(dir)?.apply(dir, &mut config);
        }
        Ok(config)
    }

    /// Whether it is the pipeline of a folder.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

/// The runtime of the commands that talk to servers.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can't start the asynchronous runtime")
}

/// Cancelled at the first SIGINT or SIGTERM; the second one ends the process at once.
fn shutdown() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        cancelled.cancel();
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(130);
    });
    Ok(token)
}

/// Prints a line of the command's answer to standard output.
///
/// # Errors
/// Standard output takes no more.
fn say(line: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}

fn is_broken_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}
