//! `sada load`

use clap::Args;

/// Send feedback files to Kafka
#[derive(Args)]
#[command(after_help = "Example:\n  sada load")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
