//! `sada eval`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ConfigFile, enricher, say};
use crate::training::data::{Folder, Role};
use crate::training::{evaluation, redactor};

mod intents;
mod language;
mod lists;
mod privacy;
mod topics;

/// Measure models on labelled data
#[derive(Args)]
#[command(after_help = "Example:\n  sada eval sentiment --data ~/data --rows 300")]
pub struct Arguments {
    #[command(subcommand)]
    model: Kind,
}

#[derive(Subcommand)]
enum Kind {
    Sentiment(Sentiment),
    Language(language::Arguments),
    Topics(topics::Arguments),
    Intents(intents::Arguments),
    Privacy(privacy::Arguments),
}

/// Measure sentiment, whole path: clean, detect the language, fold, score
///
/// Macro-F1 counts the labels that a set has. Sets without neutral texts are judged by the sign of
/// the score. Non-commercial and topic-only sets are left out.
#[derive(Args)]
#[command(after_help = "Example:\n  sada eval sentiment --data ~/data --rows 300")]
struct Sentiment {
    #[command(flatten)]
    data: Data,
    /// Sets to measure on. Choose on dev; look at test at the end
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Rows of each set; all if left out
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    #[command(flatten)]
    config: ConfigFile,
}

/// `--data`, shared by training and measuring.
#[derive(Args)]
pub struct Data {
    /// Folder with the labelled data
    #[arg(long = "data", value_name = "DIR", env = "SADA_DATA")]
    data: PathBuf,
}

impl Data {
    /// The folder.
    pub fn folder(&self) -> Folder {
        Folder(self.data.clone())
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    Test,
    Dev,
}

impl Split {
    fn role(self) -> Role {
        match self {
            Split::Test => Role::Test,
            Split::Dev => Role::Dev,
        }
    }
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.model {
        Kind::Sentiment(a) => sentiment(a),
        Kind::Language(a) => language::run(&a),
        Kind::Topics(a) => topics::run(&a),
        Kind::Intents(a) => intents::run(&a),
        Kind::Privacy(a) => privacy::run(&a),
    }
}

fn sentiment(arguments: Sentiment) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let model = enricher::sentiment(&config)?;
    let role = arguments.split.role();
    let rows = arguments.rows.unwrap_or(usize::MAX);
    let sets = arguments.data.folder().sets(role, rows)?;
    let answers = evaluation::answers(&sets, &redactor(), &enricher::detector(&config)?);
    let report = evaluation::report(&model, &answers);
    print!("{}", report.shown());
    say(format_args!(
        "model {}, {} sets",
        model.version(),
        role.name()
    ))?;
    Ok(())
}
