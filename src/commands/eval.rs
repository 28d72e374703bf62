//! `sada eval`

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::{ConfigFile, enricher, say};
use crate::enrich::sentiment::Model;
use crate::training::data::{self, Folder, Role, Set, split};
use crate::training::own::CsvFile;
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
/// Macro-F1 counts the labels that a set has, F1 ± negative and positive. Sets without neutral texts
/// are judged by the sign of the score. Non-commercial and topic-only sets are left out. On dev, sets
/// without rows there give the tenth of their train rows that no fit sees.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval sentiment --data ~/data --rows 300\n  \
    sada eval sentiment --csv tickets.csv --text comment --label mood --model ours.bin --against built-in"
)]
struct Sentiment {
    #[command(flatten)]
    labelled: Labelled,
    /// Sets to measure on. Choose on dev; look at test at the end
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Rows of each set; all if left out
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Model to measure; the configured one if left out
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Another model to set beside it; `built-in` is the one Sada is delivered with
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
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

/// Labelled texts: a folder, or a CSV file.
#[derive(Args)]
pub struct Labelled {
    /// Folder with the labelled data
    #[arg(
        long = "data",
        value_name = "DIR",
        env = "SADA_DATA",
        required_unless_present = "csv"
    )]
    data: Option<PathBuf>,
    /// CSV file with a header line, instead of a folder
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Column of the CSV file with the texts
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    text: String,
    /// Column with the labels: negative, neutral or positive (neg, neu, pos)
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
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

impl Labelled {
    /// Rows to fit on and rows to choose on, of these data and of other sets.
    ///
    /// # Errors
    /// They can't be read, or there are none.
    pub fn to_fit(&self, other: Vec<data::Set>) -> anyhow::Result<data::Split> {
        if let Some(file) = self.csv() {
            let sets = std::iter::once(file.read()?).chain(other);
            return Ok(split(sets.collect(), Vec::new()));
        }
        let folder = self.folder()?;
        folder.to_fit(|role| {
            let mut sets = folder.sets(role, usize::MAX)?;
            if role == Role::Train {
                sets.extend(other.iter().cloned());
            }
            Ok(sets)
        })
    }

    fn csv(&self) -> Option<CsvFile> {
        self.csv.as_ref().map(|path| CsvFile {
            path: path.clone(),
            text: self.text.clone(),
            label: self.label.clone(),
        })
    }

    fn folder(&self) -> anyhow::Result<Folder> {
        match &self.data {
            Some(data) => Ok(Folder(data.clone())),
            None => bail!("name the labelled data: --data DIR or --csv FILE"),
        }
    }

    /// Sets to measure on, at most `rows` rows of each.
    fn to_measure(&self, role: Split, rows: usize) -> anyhow::Result<Vec<Set>> {
        if let Some(file) = self.csv() {
            return Ok(vec![file.read()?.spread(rows)]);
        }
        let sets = match role {
            Split::Test => self.folder()?.sets(Role::Test, rows)?,
            Split::Dev => self.to_fit(Vec::new())?.dev,
        };
        Ok(sets.into_iter().map(|set| set.spread(rows)).collect())
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
    let model = match &arguments.model {
        Some(file) => read(file)?,
        None => enricher::sentiment(&config)?,
    };
    let other = arguments.against.as_ref().map(read).transpose()?;
    let rows = arguments.rows.unwrap_or(usize::MAX);
    let sets = arguments.labelled.to_measure(arguments.split, rows)?;
    let answers = evaluation::answers(&sets, &redactor(), &enricher::detector(&config)?);
    let report = evaluation::report(&model, &answers);
    print!("{}", report.shown());
    if let Some(other) = other {
        let beside = evaluation::report(&other, &answers);
        println!(
            "\n{}",
            report.beside(&beside, [model.version(), other.version()])
        );
    }
    let rows: usize = answers.iter().map(|set| set.rows.len()).sum();
    say(format_args!("model {}, {rows} rows", model.version()))?;
    Ok(())
}

fn read(file: &PathBuf) -> anyhow::Result<Model> {
    if file.as_os_str() == "built-in" {
        return Ok(Model::built_in()?);
    }
    let place = || format!("can't use the model {}", file.display());
    let bytes = std::fs::read(file).with_context(place)?;
    Model::parse(bytes).with_context(place)
}
