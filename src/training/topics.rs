//! Fits the trained part of topics on labelled sets, and measures it.
//!
//! Sets name what their texts tell of in their own words; `models/topic_mapping.tsv` says which topics those are.

pub mod examples;
pub mod fit;
pub mod linear;
pub mod mapping;
pub mod measure;
pub mod whole;

use anyhow::Context;
use xxhash_rust::xxh64::xxh64;

use super::data::{Folder, Role, Set, Split};
use crate::enrich::topics::trained::{Covers, Model, Parts};
use crate::language::Detector;
use mapping::{Gold, Mapping};
use measure::Report;

/// A model with what is known about it.
pub struct Trained {
    /// Its version, in the file too.
    pub version: String,
    /// Bytes of the model file.
    pub file: Vec<u8>,
    /// Languages with labelled texts.
    pub languages: Vec<String>,
    /// Rows that were fitted, by set.
    pub rows: Vec<(String, String, usize)>,
    /// Train rows left out because their text stands in a dev set.
    pub repeated: usize,
    /// Figures on dev.
    pub report: Report,
    /// Texts of the linear part by language, none if it was taken over; mean micro-F1 on those set aside.
    pub linear: (Vec<(String, usize)>, f64),
}

/// Reads the sets of a role that a mapping knows.
///
/// # Errors
/// The folder or a file can't be read, or there is no such set.
pub fn sets(folder: &Folder, role: Role, mapping: &Mapping) -> anyhow::Result<Vec<Set<Gold>>> {
    folder.sets_of(
        role,
        |name| mapping.thing(name).is_some(),
        |set, line| Some(mapping.gold(set, line)),
    )
}

/// Sets to fit on and to choose on: sets without dev rows give a tenth.
///
/// # Errors
/// As [`sets`].
pub fn to_fit(folder: &Folder, mapping: &Mapping) -> anyhow::Result<Split<Gold>> {
    folder.to_fit(|role| sets(folder, role, mapping))
}

/// Fits, quantises, chooses the threshold on dev and measures there.
///
/// # Errors
/// The language model can't be read.
pub fn train(
    split: Split<Gold>,
    mapping: &Mapping,
    settings: &fit::Settings,
    linear: linear::Fitted,
) -> anyhow::Result<Trained> {
    let detector = Detector::new(crate::language::Model::of_this_build()?);
    let read = examples::read(&split.train, &detector);
    let found = read.iter().flatten().map(|(_, language)| language);
    let languages = super::languages(found, settings.least_confidence, settings.least_texts);
    let covers: Vec<Covers> = mapping.covers();
    let examples = examples::of(&split.train, read, mapping, &languages, settings);
    let weights = fit::fit(
        &examples,
        &covers,
        mapping.topics().len(),
        languages.len(),
        settings,
    );
    drop(examples);
    let (heads, thing_heads) = weights.heads();
    let mut parts = Parts {
        version: String::new(),
        least_confidence: settings.least_confidence,
        known: 0.0,
        unknown: 0.0,
        languages,
        topics: mapping.topics().to_vec(),
        things: mapping.things().to_vec(),
        covers,
        heads,
        thing_heads,
        linear: linear.linear,
        table: weights.quantise(),
    };
    drop(weights);
    let model = Model::from_parts(parts.clone());
    let answers = measure::answers(&split.dev, mapping, &model, &detector);
    (parts.known, parts.unknown) = measure::thresholds(&answers);
    parts.version = format!("topics-{:08x}", xxh64(&parts.encode(), 0) as u32);
    let file = parts.encode();
    Model::parse(file.clone()).context("the model just written")?;
    Ok(Trained {
        report: measure::report(&answers, (parts.known, parts.unknown)),
        version: parts.version,
        file,
        languages: parts.languages,
        rows: (split.train.iter())
            .map(|s| (s.language.clone(), s.name.clone(), s.rows.len()))
            .collect(),
        repeated: split.repeated,
        linear: (linear.texts, linear.f1),
    })
}
