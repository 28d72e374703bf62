//! Texts with topics, ready to be fitted.

use rayon::prelude::*;

use super::fit::Settings;
use super::mapping::{Gold, Mapping};
use crate::enrich::Language;
use crate::enrich::features::Tokens;
use crate::enrich::sentiment::index_of;
use crate::enrich::topics::trained::Covers;
use crate::language::{Detector, Hints};
use crate::text::{MatchForm, clean};
use crate::training::data::Set;
use crate::training::progress;

/// Texts of many sets, one after the other.
#[derive(Default)]
pub struct Examples {
    features: Vec<u32>,
    rows: Vec<Row>,
}

struct Row {
    /// Where its features end.
    end: usize,
    language: Option<u16>,
    thing: u16,
    topics: Covers,
}

/// A text.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// Features that all languages share.
    pub features: &'a [u32],
    /// Index of its language.
    pub language: Option<usize>,
    /// What is reviewed.
    pub thing: usize,
    /// Topics it tells of.
    pub topics: Covers,
}

impl Examples {
    /// Number of texts.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No text.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A text.
    ///
    /// # Panics
    /// There are not so many.
    pub fn get(&self, row: usize) -> Example<'_> {
        let from = row.checked_sub(1).map_or(0, |before| self.rows[before].end);
        let row = &self.rows[row];
        Example {
            features: &self.features[from..row.end],
            language: row.language.map(usize::from),
            thing: row.thing.into(),
            topics: row.topics,
        }
    }
}

/// Features of every row, and its language as detected: a fit sees what the model will see at work.
pub fn read(sets: &[Set<Gold>], detector: &Detector) -> Vec<Vec<(Vec<u32>, Language)>> {
    let rows = sets.iter().map(|s| s.rows.len()).sum::<usize>();
    let bar = progress("reading texts", rows as u64);
    let read = |text: &str| {
        let tokens = Tokens::of(&MatchForm::of(&clean(text)).text);
        bar.inc(1);
        let language = detector.detect(text, Hints::default()).language;
        (tokens.whole().all().collect(), language)
    };
    let all = sets
        .iter()
        .map(|set| set.rows.par_iter().map(|row| read(&row.text)).collect())
        .collect();
    bar.finish_and_clear();
    all
}

/// Puts texts and what is right about them together.
pub fn of(
    sets: &[Set<Gold>],
    read: Vec<Vec<(Vec<u32>, Language)>>,
    mapping: &Mapping,
    languages: &[String],
    settings: &Settings,
) -> Examples {
    let mut examples = Examples::default();
    for (set, read) in sets.iter().zip(read) {
        let thing = mapping.thing(&set.name).unwrap_or_default() as u16;
        for (row, (features, language)) in set.rows.iter().zip(read) {
            examples.features.extend(features);
            let language = index_of(languages, settings.least_confidence, &language);
            examples.rows.push(Row {
                end: examples.features.len(),
                language: language.map(|l| l as u16),
                thing,
                topics: row.gold.topics,
            });
        }
    }
    examples
}
