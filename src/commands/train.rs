//! `sada train`

use clap::Args;

/// Train a model
#[derive(Args)]
#[command(after_help = "Example:\n  sada train")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
