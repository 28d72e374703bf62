//! `sada eval privacy`

use clap::Args;

use super::lists::Lists;
use crate::commands::{ConfigFile, enricher, say};
use crate::training::lists::privacy;

/// Measure the redaction of personal data
///
/// FILE has lines of three columns between tabs: dev or test; a kind of personal data (phone); text,
/// with such data between ⟦ and ⟧, data of another kind as ⟦email|…⟧, or none that only looks like it.
/// Lines that begin with # are comments. A piece is found if no letter or digit of it survives. A
/// replaced range that meets no piece is a false alarm; one that takes letters or digits beside a
/// piece with it is too long. A line without any of these faults is clean. A piece is renamed if it is
/// found as another kind only.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval privacy tests/lists/privacy/*.tsv\n  \
    sada eval privacy tests/lists/privacy/zh.tsv --errors 20"
)]
pub struct Arguments {
    #[command(flatten)]
    lists: Lists,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let enricher = enricher::load(&arguments.config.load()?)?;
    let redactor = enricher.privacy();
    let lists = &arguments.lists;
    let measured = lists.measured(|list| privacy::measure(list, &redactor))?;
    lists.tell(measured.iter().flat_map(|list| &list.slips))?;
    say(privacy::shown(&measured))?;
    say(format_args!("\n{}", lists.role().name()))?;
    Ok(())
}
