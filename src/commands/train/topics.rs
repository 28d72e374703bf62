//! `sada train topics`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::commands::eval::Data;
use crate::commands::say;
use crate::enrich::topics::Taxonomy;
use crate::enrich::topics::trained::Model;
use crate::training::card;
use crate::training::data::Set;
use crate::training::topics::{
    fit::Settings,
    linear,
    mapping::{Gold, Mapping},
    to_fit, train,
};

/// Fit the trained part of topics
///
/// Reads DIR/feedback/{train,dev}/LANGUAGE/SET.jsonl.zst (lines with `text` and `topics`, the set's own
/// categories, or `label`, an intent) of the sets that the mapping names, and writes the model and,
/// beside it, its card. A set without dev rows gives a tenth of its rows to choose on. The same data
/// and seed give the same file. Topics of your own need no model: keywords in the taxonomy find them
/// at once; with a model they are found in more words.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada train topics --data ~/data --out my-topics.bin\n  \
    sada train topics --data ~/ours --mapping ours.tsv --out ours.bin\n  \
    SADA_TOPICS_MODEL=ours.bin sada tag < texts.txt"
)]
pub struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Lines of set, category, topic or -, note, between tabs; the category * says what a set reviews.
    /// The one of the program if left out
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Folder of lists of texts about topics of the taxonomy, one a language (`en.tsv`): lines of
    /// `train`, topics as `id:pos|neg|neu` or -, text, between tabs. What they teach is the model's linear
    /// part; that of the program is kept if left out
    #[arg(long, value_name = "FOLDER")]
    texts: Option<PathBuf>,
    /// Taxonomy with which these texts were labelled. The one of the program if left out
    #[arg(long, value_name = "FILE", requires = "texts")]
    taxonomy: Option<PathBuf>,
    /// Model file to write; the card goes beside it, with the ending .md
    #[arg(long, value_name = "FILE", default_value = "models/topics.bin")]
    out: PathBuf,
    /// Order of the rows in training
    #[arg(long, value_name = "N", default_value_t = Settings::default().seed)]
    seed: u64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mapping = Mapping::of(arguments.mapping.as_deref())?;
    let settings = Settings {
        seed: arguments.seed,
        ..Settings::default()
    };
    // Told before the work, not after it.
    super::make_folder_of(&arguments.out)?;
    let split = to_fit(&arguments.data.folder(), &mapping)?;
    let linear = linear(arguments, &split.train)?;
    let trained = train(split, &mapping, &settings, linear)?;
    say(trained.report.shown())?;
    let card = card::topics::of(&trained, &mapping, &settings);
    super::write(&arguments.out, &trained.file, &card)
}

fn linear(arguments: &Arguments, reviews: &[Set<Gold>]) -> anyhow::Result<linear::Fitted> {
    let Some(texts) = &arguments.texts else {
        let built_in = Model::built_in()?.into_parts();
        return Ok(linear::Fitted::taken_over(built_in.linear));
    };
    let taxonomy = match &arguments.taxonomy {
        None => Taxonomy::built_in()?,
        Some(file) => {
            let toml = std::fs::read_to_string(file);
            let toml = toml.with_context(|| format!("can't read {}", file.display()))?;
            Taxonomy::parse(&toml).with_context(|| file.display().to_string())?
        }
    };
    let settings = linear::Settings {
        seed: arguments.seed,
        ..linear::Settings::default()
    };
    let texts = linear::read(texts, &taxonomy, reviews)?;
    Ok(linear::fit(texts, &settings))
}
