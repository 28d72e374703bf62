//! `sada run`

use clap::Args;

/// Run the pipeline
#[derive(Args)]
#[command(after_help = "Example:\n  sada run")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
