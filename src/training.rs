//! Fits models from labelled data and measures them: what `sada train` and `sada eval` do.
//!
//! Data is read from a folder with `feedback/{train,dev,test}/<language>/<set>.jsonl.zst`, one object
//! a line with `text` and `label`. Nothing of it is kept but weights.

pub mod broken;
pub mod card;
pub mod data;
pub mod evaluation;
pub mod examples;
pub mod fit;
#[cfg(feature = "lingua")]
pub mod language;
pub mod languages;
pub mod linear;
#[cfg(feature = "lingua")]
pub mod lingua;
#[cfg(feature = "lingua")]
pub mod lingua_models;
pub mod lists;
pub mod network;
pub mod own;
pub mod topics;

use std::collections::BTreeMap;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use xxhash_rust::xxh64::xxh64;

use crate::enrich::Language;
use crate::enrich::features::Tokens;
use crate::enrich::privacy::Redactor;
use crate::enrich::sentiment::{Model, file::Parts, index_of, name_in_models};
use crate::language::{Detector, Hints};
use crate::text::{self, MatchForm};
use data::{Set, Split};
use evaluation::Report;
use examples::Examples;
use linear::Fitted;
use network::Weights;

/// A model with what is known about it.
pub struct Trained {
    /// Version of the model.
    pub version: String,
    /// Version of the model that the fit began with.
    pub began_with: Option<String>,
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

/// Redactor for training and measuring: its key never leaves the process.
pub fn redactor() -> Redactor {
    Redactor::new(b"training and measuring only")
}

/// Fits, quantises, calibrates and measures on dev. `start`: a model whose weights are fitted on,
/// for all languages that it has; without it the fit begins with nothing.
///
/// # Errors
/// The language model can't be read.
pub fn train_sentiment(
    split: Split,
    settings: &fit::Settings,
    start: Option<&Model>,
) -> anyhow::Result<Trained> {
    let redactor = redactor();
    let detector = Detector::new(crate::language::Model::of_this_build()?);
    let read = read(&split.train, &redactor, &detector);
    let (languages, weights) = match start {
        Some(model) => {
            let parts = model.parts();
            let weights = (Fitted::of(&parts.linear), Weights::of(&parts.network));
            (parts.languages.clone(), weights)
        }
        None => {
            let found = read.iter().flatten().map(|(_, language)| language);
            let languages = languages(found, settings.least_confidence, settings.least_texts);
            let count = languages.len();
            let weights = (Fitted::new(settings, count), Weights::new(settings, count));
            (languages, weights)
        }
    };
    let examples = examples(&split.train, read, &languages, settings);
    let (linear, network) = fit::fit(weights, &examples, settings);
    drop(examples);
    let mut parts = Parts {
        version: String::new(),
        least_confidence: settings.least_confidence,
        temperature: 1.0,
        share: settings.share,
        languages,
        linear: linear.quantise(),
        network: network.quantise(),
    };
    drop((linear, network));
    let dev = capped(split.dev, settings.dev_rows);
    let answers = evaluation::answers(&dev, &redactor, &detector);
    let model = Model::from_parts(parts);
    let temperature = evaluation::temperature(&model, &answers);
    parts = model.into_parts();
    parts.temperature = temperature;
    parts.version = format!("sentiment-{:08x}", xxh64(&parts.encode(), 0) as u32);
    let file = parts.encode();
    let model = Model::parse(file.clone()).context("the model just written")?;
    Ok(Trained {
        report: evaluation::report(&model, &answers),
        version: parts.version,
        began_with: start.map(|model| model.version().to_owned()),
        languages: parts.languages,
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

/// Tokens of every row, and its language as detected: a fit sees what the model will see at work.
fn read(sets: &[Set], redactor: &Redactor, detector: &Detector) -> Vec<Vec<(Tokens, Language)>> {
    let rows = sets.iter().map(|s| s.rows.len()).sum::<usize>();
    let bar = progress("reading texts", rows as u64);
    let read = |row: &data::Row| {
        let clean = redactor.redact(&text::clean(&row.text)).0;
        let tokens = Tokens::of(&MatchForm::of(&clean).text);
        bar.inc(1);
        let detected = detector.detect(&row.text, Hints::default());
        (tokens, detected.language)
    };
    let all = sets
        .iter()
        .map(|set| set.rows.par_iter().map(read).collect())
        .collect();
    bar.finish_and_clear();
    all
}

/// Tags of the languages in which at least `least_texts` texts were found with at least
/// `least_confidence`, sorted.
fn languages<'a>(
    found: impl Iterator<Item = &'a Language>,
    least_confidence: f32,
    least_texts: usize,
) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for language in found {
        if language.confidence >= least_confidence && language.base != "und" {
            *counts.entry(name_in_models(language)).or_default() += 1;
        }
    }
    counts.retain(|_, texts| *texts >= least_texts);
    counts.into_keys().map(str::to_owned).collect()
}

fn examples(
    sets: &[Set],
    read: Vec<Vec<(Tokens, Language)>>,
    languages: &[String],
    settings: &fit::Settings,
) -> Examples {
    let mut examples = Examples::default();
    for (set, read) in sets.iter().zip(read) {
        let weight = |(name, weight): &(&str, f32)| set.name.starts_with(name).then_some(*weight);
        examples.begin_set(settings.sets.iter().find_map(weight).unwrap_or(1.0));
        for (row, (tokens, language)) in set.rows.iter().zip(read) {
            let language = index_of(languages, settings.least_confidence, &language);
            examples.push(&tokens, language, row.gold);
        }
    }
    examples
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
