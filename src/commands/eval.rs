//! `sada eval`

use clap::Args;

/// Measure a model
#[derive(Args)]
#[command(after_help = "Example:\n  sada eval")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
