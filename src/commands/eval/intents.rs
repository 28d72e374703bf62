//! `sada eval intents`

use clap::Args;

use super::lists::Lists;
use crate::commands::{ConfigFile, enricher, say};
use crate::training::lists::intents;

/// Measure intents, urgency, emotion, effort and the like, whole path
///
/// FILE has lines of three columns between tabs: dev or test; labels, separated by spaces, or `-` for
/// none; text. Labels: complaint, question, request, suggestion, praise, churn_risk, escalation,
/// urgent (urgency of 0.5 or more), emotion=anger|disappointment|worry|confusion|joy|gratitude,
/// effort=easy, effort=hard, profanity, repeated, stage=…, phase=…, touchpoint=…. Lines that begin
/// with # are comments. Prints precision, recall and F1 of each list, and of each label, the worst
/// first.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval intents tests/lists/intents/*.tsv\n  \
    sada eval intents tests/lists/intents/fa.tsv --errors 20\n  \
    sada eval intents chats.tsv --config sada.toml --split test"
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
    let lists = &arguments.lists;
    let measured = lists.measured(|list| intents::measure(list, &enricher))?;
    lists.tell(measured.iter().flat_map(|list| &list.slips))?;
    say(intents::shown(&measured))?;
    let versions = enricher.versions();
    say(format_args!(
        "\nmodels {}, taxonomy {}, {}",
        versions.models,
        versions.taxonomy,
        lists.role().name()
    ))?;
    Ok(())
}
