//! `sada eval topics`

use clap::Args;

use super::lists::Lists;
use crate::commands::{ConfigFile, enricher, say};
use crate::training::lists::topics;

/// Measure topics and their sentiment, whole path: detect the language, redact, fold, tag
///
/// FILE has lines of three columns between tabs: dev or test; labels `TOPIC:pos`, `:neg` or `:neu`,
/// separated by spaces, or `-` for a text without topics; text. Lines that begin with # are comments.
/// Prints, in percent, precision, recall and F1 of topics, how often the sentiment of a topic rightly
/// found is right, F1 of both together, texts without a fault, and figures of each topic, the worst
/// first.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval topics tests/lists/topics/*.tsv\n  \
    sada eval topics tests/lists/topics/fa.tsv --errors 20\n  \
    sada eval topics reviews.tsv --config sada.toml --split test"
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
    let measured = lists.measured(|list| topics::measure(list, &enricher))?;
    lists.tell(measured.iter().flat_map(|list| &list.slips))?;
    say(topics::shown(&measured))?;
    let versions = enricher.versions();
    say(format_args!(
        "\nmodels {}, taxonomy {}, {}",
        versions.models,
        versions.taxonomy,
        lists.role().name()
    ))?;
    Ok(())
}
