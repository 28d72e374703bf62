//! `sada tag`

use clap::Args;

/// Tag texts from standard input
#[derive(Args)]
#[command(after_help = "Example:\n  sada tag")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
