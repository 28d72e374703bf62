//! `sada eval topics`

use std::path::PathBuf;

use clap::Args;

use super::lists::Lists;
use crate::commands::{ConfigFile, enricher, say};
use crate::training::data::{Folder, Role};
use crate::training::lists::topics;
use crate::training::topics::mapping::Mapping;
use crate::training::topics::{self as trained, whole};

/// Measure topics and their sentiment, whole path: detect the language, redact, fold, tag
///
/// FILE has lines of three columns between tabs: dev or test; labels `TOPIC:pos`, `:neg` or `:neu`,
/// separated by spaces, or `-` for a text without topics; text. Lines that begin with # are comments.
/// Prints, in percent, precision, recall and F1 of topics, how often the sentiment of a topic rightly
/// found is right, F1 of both together, texts without a fault, and figures of each topic, the worst
/// first.
///
/// With --data instead of FILE, measures on the sets of DIR whose categories the mapping knows: the
/// trained part when it is known what is reviewed and when not, keywords alone, and the whole path
/// with sentiment, on texts of one sentiment and on two of opposite sentiment joined by a full stop.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval topics tests/lists/topics/*.tsv\n  \
    sada eval topics tests/lists/topics/fa.tsv --errors 20\n  \
    sada eval topics reviews.tsv --config sada.toml --split test\n  \
    sada eval topics --data ~/data --split test"
)]
pub struct Arguments {
    #[command(flatten)]
    lists: Lists,
    /// Folder with the labelled data, instead of lists
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    data: Option<PathBuf>,
    /// With --data: lines of set, category, topic or -, note, between tabs; the one of the program if
    /// left out
    #[arg(long, value_name = "FILE", requires = "data")]
    mapping: Option<PathBuf>,
    /// With --data: rows of each set that are measured; all if left out
    #[arg(long, value_name = "N", requires = "data")]
    rows: Option<usize>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(data) = &arguments.data {
        return sets(arguments, &Folder(data.clone()));
    }
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

fn sets(arguments: &Arguments, folder: &Folder) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let mapping = Mapping::of(arguments.mapping.as_deref())?;
    let role = arguments.lists.role();
    let sets = match role {
        Role::Dev => trained::to_fit(folder, &mapping)?.dev,
        _ => trained::sets(folder, role, &mapping)?,
    };
    let rows = arguments.rows.unwrap_or(usize::MAX);
    let sets: Vec<_> = sets.into_iter().map(|set| set.spread(rows)).collect();
    let model = enricher::topics(&config)?;
    let answers = trained::measure::answers(&sets, &mapping, &model, &enricher::detector(&config)?);
    let thresholds = (model.parts().known, model.parts().unknown);
    say(trained::measure::report(&answers, thresholds).shown())?;
    let enricher = enricher::load(&config)?;
    let measured = whole::measure(&sets, &mapping, &enricher);
    say(format_args!(
        "\nWhole path, and keywords alone, micro-F1 %\n{}",
        whole::shown(&measured)
    ))?;
    let versions = enricher.versions();
    say(format_args!(
        "\nmodels {}, taxonomy {}, {}",
        versions.models,
        versions.taxonomy,
        role.name()
    ))?;
    Ok(())
}
