//! `sada migrate`

use clap::Args;

/// Create or update the tables
#[derive(Args)]
#[command(after_help = "Example:\n  sada migrate")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
