//! Fits models from labelled data and measures them: what `sada train` and `sada eval` do.
//!
//! Data is read from a folder with `feedback/{train,dev,test}/<language>/<set>.jsonl.zst`, one object
//! a line with `text` and `label`. Nothing of it is kept but weights.

pub mod broken;
pub mod card;
pub mod data;
pub mod evaluation;
pub mod fit;
#[cfg(feature = "lingua")]
pub mod language;
pub mod languages;
#[cfg(feature = "lingua")]
pub mod lingua;
#[cfg(feature = "lingua")]
pub mod lingua_models;
pub mod lists;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use xxhash_rust::xxh64::xxh64;

use crate::enrich::privacy::Redactor;
use crate::enrich::sentiment::{Model, features};
use crate::language::Detector;
use crate::text::{self, MatchForm};
use data::{Role, Set};
use evaluation::Report;

/// A model with what is known about it.
pub struct Trained {
    /// Version of the model.
    pub version: String,
    /// Languages with weights of their own.
    pub languages: Vec<String>,
    /// Bytes of the model file.
    pub file: Vec<u8>,
    /// Figures on the dev sets, whole path.
    pub report: Report,
    /// Rows that were fitted, by set.
    pub rows: Vec<(String, String, usize)>,
    /// Train rows left out because their text stands in a dev set.
    pub repeated: usize,
    /// Temperature found on dev.
    pub temperature: f32,
}

/// Text as scoring sees it: clean, redacted, match form.
pub fn matched(redactor: &Redactor, raw: &str) -> MatchForm {
    MatchForm::of(&redactor.redact(&text::clean(raw)).0)
}

/// Redactor for training and measuring: its key never leaves the process.
pub fn redactor() -> Redactor {
    Redactor::new(b"training and measuring only")
}

/// Reads train and dev sets, fits, quantises, calibrates and measures on dev.
///
/// # Errors
/// A set can't be read, or the folder holds none.
pub fn train_sentiment(data: &data::Folder, settings: &fit::Settings) -> anyhow::Result<Trained> {
    let dev = data.sets(Role::Dev, usize::MAX)?;
    let train = data.sets(Role::Train, usize::MAX)?;
    let split = data::split(train, dev);
    let redactor = redactor();
    let examples = featurise(&split.train, &redactor)?;
    let fitted = fit::fit(&examples, settings);
    drop(examples);
    let mut parts = fitted.quantise(settings)?;
    let detector = Detector::new(crate::language::Model::of_this_build()?);
    let dev = capped(split.dev, settings.dev_rows);
    let answers = evaluation::answers(&dev, &redactor, &detector);
    let temperature = evaluation::temperature(&Model::from_parts(parts.clone()), &answers);
    parts.soften(temperature);
    parts.version = format!("linear-{:08x}", xxh64(&parts.encode(), 0) as u32);
    let file = parts.encode();
    let model = Model::parse(&file).context("the model just written")?;
    Ok(Trained {
        report: evaluation::report(&model, &answers),
        version: parts.version,
        languages: parts.languages.into_iter().map(|(tag, _)| tag).collect(),
        file,
        rows: split
            .train
            .iter()
            .map(|s| (s.language.clone(), s.name.clone(), s.rows.len()))
            .collect(),
        repeated: split.repeated,
        temperature,
    })
}

/// The first `rows` rows of each set; the seven `mabsa-*` sets of a language share that number.
fn capped(mut sets: Vec<Set>, rows: usize) -> Vec<Set> {
    for set in &mut sets {
        let mabsa = set.name.starts_with("mabsa-");
        let most = if mabsa { rows / 7 } else { rows };
        set.rows = data::spread(std::mem::take(&mut set.rows), most);
    }
    sets
}

/// Features of every train row.
pub fn featurise(sets: &[Set], redactor: &Redactor) -> anyhow::Result<fit::Examples> {
    let rows = sets.iter().map(|s| s.rows.len()).sum::<usize>();
    let bar = progress("reading texts", rows as u64);
    let parts: Vec<Vec<Box<[u32]>>> = sets
        .iter()
        .map(|set| {
            set.rows
                .par_iter()
                .map(|row| {
                    let mut found = Vec::new();
                    features::extract(&matched(redactor, &row.text).text, |f| found.push(f));
                    bar.inc(1);
                    found.into_boxed_slice()
                })
                .collect()
        })
        .collect();
    bar.finish_and_clear();
    fit::Examples::new(sets, parts)
}

/// A bar with rate and time left, on standard error.
pub fn progress(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg:24} {wide_bar} {human_pos}/{human_len} {per_sec:>14} {eta:>5} left",
    );
    let bar = ProgressBar::new(length).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
