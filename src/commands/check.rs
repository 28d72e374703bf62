//! `sada check`

use clap::Args;

/// Check the configuration
#[derive(Args)]
#[command(after_help = "Example:\n  sada check")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
