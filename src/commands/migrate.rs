//! `sada migrate`

use super::say;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::commands::ConfigFile;
use crate::warehouse::migrations::{MIGRATIONS, State, Step, migrate};

/// Create or update the tables in ClickHouse
///
/// Applies what the database lacks, in order, and records it there. Running it again changes
/// nothing. A past migration that was changed is refused.
#[derive(Args)]
#[command(after_help = "Examples:
  sada migrate --config sada.toml
  sada migrate --dry-run                             print the statements, change nothing
  SADA_CLICKHOUSE_URL=http://ch:8123 sada migrate")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Print the statements that would run, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, the database refuses, or a statement failed.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    crate::telemetry::start(&config.log)?;
    let client = crate::warehouse::client(&config.clickhouse)?;
    let done = migrate(&client, &config.clickhouse, &MIGRATIONS, arguments.dry_run);
    let steps = super::runtime()?.block_on(done)?;
    if arguments.dry_run {
        for statement in steps.iter().flat_map(|s| &s.statements) {
            say(format_args!("{statement};\n"))?;
        }
    }
    say(table(&steps, arguments.dry_run))?;
    Ok(())
}

fn table(steps: &[Step], dry_run: bool) -> Table {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_header(["migration", "state"]);
    for step in steps {
        let state = match (step.state, dry_run) {
            (State::Present, _) => "was there",
            (State::Applied, false) => "applied",
            (State::Applied, true) => "would be applied",
        };
        table.add_row([step.what.as_str(), state]);
    }
    table
}
