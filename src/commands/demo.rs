//! `sada demo`

use clap::Args;

/// Try it all on this machine
#[derive(Args)]
#[command(after_help = "Example:\n  sada demo")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
