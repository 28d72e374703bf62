//! `sada train`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::eval::Labelled;
use super::{ConfigFile, enricher};
use crate::training::{card, fit, lists, train_sentiment};

mod language;
mod topics;

/// Fit a model from labelled data
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada train sentiment --data ~/data --out my-sentiment.bin\n  \
    sada train language --data ~/data --out my-language.bin\n  \
    sada train topics --data ~/data --out my-topics.bin"
)]
pub struct Arguments {
    #[command(subcommand)]
    model: Kind,
}

#[derive(Subcommand)]
enum Kind {
    Sentiment(Sentiment),
    Language(language::Arguments),
    Topics(topics::Arguments),
}

/// Fit the sentiment model
///
/// Reads DIR/feedback/{train,dev}/LANGUAGE/SET.jsonl.zst (lines with `text` and `label`: neg, neu,
/// pos) or a CSV file, leaves out non-commercial and topic-only sets and train rows that stand in a dev
/// set, and writes the model and, beside it, its card. A set without dev rows gives a tenth of its rows
/// to choose on. The same data and seed give the same file.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada train sentiment --data ~/data --out my-sentiment.bin\n  \
    sada train sentiment --csv tickets.csv --text comment --label mood --fine-tune --out ours.bin\n  \
    SADA_MODELS_SENTIMENT=ours.bin sada tag < texts.txt"
)]
struct Sentiment {
    #[command(flatten)]
    labelled: Labelled,
    /// Folder of lists of texts about topics, as for `train topics`: those all of whose topics bear one
    /// sentiment are fitted on, too
    #[arg(long, value_name = "FOLDER")]
    texts: Option<PathBuf>,
    /// Model file to write; the card goes beside it, with the ending .md
    #[arg(long, value_name = "FILE", default_value = "models/sentiment.bin")]
    out: PathBuf,
    /// Begin with the weights of the configured model (the one built in if none is), not with nothing
    #[arg(long)]
    fine_tune: bool,
    /// Order of the rows in training
    #[arg(long, value_name = "N", default_value_t = fit::Settings::default().seed)]
    seed: u64,
    /// Threads; all cores if left out
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.model {
        Kind::Sentiment(a) => sentiment(a),
        Kind::Language(a) => language::run(&a),
        Kind::Topics(a) => topics::run(&a),
    }
}

fn sentiment(arguments: Sentiment) -> anyhow::Result<()> {
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().context("can't start the threads")?;
    }
    let start = match arguments.fine_tune {
        true => Some(enricher::sentiment(&arguments.config.load()?)?),
        false => None,
    };
    let settings = fit::Settings {
        seed: arguments.seed,
        ..match arguments.fine_tune {
            true => fit::Settings::fine_tuning(),
            false => fit::Settings::default(),
        }
    };
    // Told before the work, not after it.
    let out = arguments.out;
    make_folder_of(&out)?;
    let texts = arguments.texts.as_deref();
    let texts = texts.map_or(Ok(Vec::new()), lists::topics::judged_alike)?;
    let split = arguments.labelled.to_fit(texts)?;
    let trained = train_sentiment(split, &settings, start.as_ref())?;
    print!("{}", trained.report.shown());
    write(&out, &trained.file, &card::of(&trained, &settings))
}

fn make_folder_of(out: &Path) -> anyhow::Result<()> {
    let Some(folder) = out.parent() else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))
}

/// Writes a model and, beside it, its card.
fn write(out: &Path, model: &[u8], card: &str) -> anyhow::Result<()> {
    let card_file = out.with_extension("md");
    for (file, content) in [(out, model), (&card_file, card.as_bytes())] {
        std::fs::write(file, content).with_context(|| format!("can't write {}", file.display()))?;
    }
    eprintln!("wrote {} and {}", out.display(), card_file.display());
    Ok(())
}
