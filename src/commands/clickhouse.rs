//! `sada clickhouse`

use clap::Args;

/// Serve the embedded ClickHouse engine over HTTP
#[derive(Args)]
#[command(after_help = "Example:\n  sada clickhouse")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
