//! `sada eval language`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::commands::say;
use crate::language::{Detector, Model, classes};
use crate::training::languages::{self, Answer, Engine, Report, breaking, footprint, table};

/// Measure language identification
///
/// FILE has lines of label, tab, text, plain or .zst. A label is a BCP-47 tag (`fa`, `fa-Latn`;
/// `fa_latn` is the same); `zh` is right whatever the script of the answer. Prints accuracy by
/// language, confusions, coverage, calibration and speed. Languages that are no class are told
/// apart: nothing sure should be said of them.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  sada eval language words.tsv.zst sentences.tsv.zst --rows 200\n  \
    sada eval language sentences.tsv.zst --against lingua --broken\n  \
    sada eval language --footprint"
)]
pub struct Arguments {
    /// Labelled texts
    #[arg(value_name = "FILE", required_unless_present = "footprint")]
    files: Vec<PathBuf>,
    /// Rows of each label and file, evenly spread; all if left out
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Let another engine answer the same rows; it needs a build with the feature of its name
    #[arg(long, value_enum, value_name = "ENGINE")]
    against: Option<Other>,
    /// Break the Persian rows as keyboards and wrong encodings do, and compare
    #[arg(long)]
    broken: bool,
    /// Model file to measure instead of the one built in
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Size of the model file, time to load it, memory
    #[arg(long, conflicts_with_all = ["files", "rows", "against", "broken"])]
    footprint: bool,
    /// Print all figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Other {
    /// The library that is known for its accuracy; some 600 short texts a second and core
    Lingua,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answered {
    model: String,
    files: Vec<Report>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = match &arguments.model {
        Some(file) => Some(std::fs::read(file).with_context(|| file.display().to_string())?),
        None => None,
    };
    if arguments.footprint {
        return tell_footprint(file.as_deref(), arguments.json);
    }
    let detector = match &file {
        Some(bytes) => detector(bytes).with_context(|| shown(arguments.model.as_deref()))?,
        None => Detector::new(Model::of_this_build().context("build Sada again")?),
    };
    let other = arguments.against.map(|_| oracle()).transpose()?;
    let detect = |text: &str| languages::ours(&detector, text);
    let mut engines = vec![Engine {
        name: "ours",
        detect: &detect,
        has: &classes::has,
    }];
    engines.extend(other.as_ref().map(Oracle::engine));
    let ways = match arguments.broken {
        true => breaking::all(),
        false => Vec::new(),
    };
    let mut reports = Vec::new();
    for file in &arguments.files {
        let rows = languages::read(file, arguments.rows.unwrap_or(usize::MAX))
            .with_context(|| file.display().to_string())?;
        let report = languages::measure(file, &rows, &engines, &ways);
        if !arguments.json {
            say(report.shown())?;
        }
        reports.push(report);
    }
    let model = detector.version().to_owned();
    if arguments.json {
        let files = reports;
        return Ok(say(serde_json::to_string(&Answered { model, files })?)?);
    }
    if reports.len() > 1 {
        say(table::files(&reports))?;
    }
    say(format_args!("model {model}"))?;
    Ok(())
}

fn shown(file: Option<&Path>) -> String {
    file.unwrap_or(Path::new("")).display().to_string()
}

fn detector(bytes: &[u8]) -> anyhow::Result<Detector> {
    Ok(Detector::new(Model::read(bytes)?))
}

/// `file`: another model than that of the program, which is used where it lies.
fn tell_footprint(file: Option<&[u8]>, json: bool) -> anyhow::Result<()> {
    let load = |bytes: &[u8]| match file {
        Some(_) => detector(bytes),
        None => Ok(Detector::new(Model::of_this_build()?)),
    };
    let footprint = footprint::of(file.unwrap_or(Model::FILE), load, |detector| {
        // Letters of four scripts at random, so that all of the tables is looked at.
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let first = *random.choice(&['a', 'а', 'ا', 'क']).unwrap_or(&'a');
            let letter = |_| char::from_u32(u32::from(first) + random.u32(0..26)).unwrap_or(first);
            let word: String = (0..8).map(letter).collect();
            std::hint::black_box(languages::ours(detector, &word));
        }
    })?;
    match json {
        true => say(serde_json::to_string(&footprint)?)?,
        false => say(footprint.shown())?,
    }
    Ok(())
}

/// lingua as an engine: it answers without a confidence.
struct Oracle {
    detect: Box<dyn Fn(&str) -> Answer + Sync>,
    has: fn(&str) -> bool,
}

impl Oracle {
    fn engine(&self) -> Engine<'_> {
        Engine {
            name: "lingua",
            detect: &self.detect,
            has: &self.has,
        }
    }
}

#[cfg(feature = "lingua")]
fn oracle() -> anyhow::Result<Oracle> {
    use crate::training::lingua;
    let lingua = lingua::Oracle::new(&[])?;
    Ok(Oracle {
        detect: Box::new(move |text| Answer {
            tag: lingua.detect(text).unwrap_or("und"),
            confidence: 0.0,
        }),
        has: |tag| lingua::known(tag).is_some(),
    })
}

#[cfg(not(feature = "lingua"))]
fn oracle() -> anyhow::Result<Oracle> {
    Err(crate::config::ConfigError {
        place: String::new(),
        field: "--against lingua".into(),
        message: "this program was built without lingua".into(),
        mend: "build one that has it: `cargo build --release --features lingua`".into(),
    }
    .into())
}
