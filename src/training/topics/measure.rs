//! Measures the trained part of topics on labelled sets: micro-F1 when it is known what is reviewed, and when it is not.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::mapping::{Gold, Mapping};
use crate::enrich::features::Tokens;
use crate::enrich::topics::trained::{Covers, Model};
use crate::language::{Detector, Hints};
use crate::text::{MatchForm, clean};
use crate::training::data::Set;
use crate::training::languages::table::aligned;
use crate::training::progress;

/// Sets of one corpus in 21 languages, whose figures are averaged over languages.
pub const MANY_LANGUAGES: &str = "mabsa-";

/// What was right and what the model said, by set.
pub struct Answers {
    language: String,
    set: String,
    rows: Vec<Answer>,
}

struct Answer {
    gold: Covers,
    /// Logits of topics; none of a language that is not judged.
    known: Vec<f32>,
    unknown: Vec<f32>,
    /// It was told rightly what is reviewed.
    thing: bool,
}

/// Topics found, missed and found without need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Found rightly.
    pub right: usize,
    /// Found.
    pub found: usize,
    /// To be found.
    pub gold: usize,
}

impl Hits {
    /// Of some texts' topics.
    pub fn add(&mut self, gold: Covers, found: Covers) {
        self.right += (gold & found).count_ones() as usize;
        self.found += found.count_ones() as usize;
        self.gold += gold.count_ones() as usize;
    }

    /// Sum of both.
    pub fn merge(&mut self, other: Self) {
        self.right += other.right;
        self.found += other.found;
        self.gold += other.gold;
    }

    /// Micro-F1, 0 to 1; 0 where nothing is right.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.gold).max(1) as f64
    }

    /// Micro-F1 as a cell, in percent; a dash where there was nothing to find.
    pub fn cell(&self) -> String {
        match self.gold {
            0 => "–".to_owned(),
            _ => cell(self.f1()),
        }
    }
}

/// Figures by language and set.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// In the order of the sets.
    pub sets: Vec<Figures>,
}

/// Figures of a set.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Its folder.
    pub language: String,
    /// Its name.
    pub set: String,
    /// Texts.
    pub rows: usize,
    /// Of which it was told rightly what is reviewed.
    pub things: usize,
    /// When it is known what is reviewed.
    pub known: Hits,
    /// When only the text tells.
    pub unknown: Hits,
}

/// Asks a model about every row of the sets.
pub fn answers(
    sets: &[Set<Gold>],
    mapping: &Mapping,
    model: &Model,
    detector: &Detector,
) -> Vec<Answers> {
    let rows = sets.iter().map(|s| s.rows.len()).sum::<usize>();
    let bar = progress("measuring topics", rows as u64);
    let topics = model.parts().topics.len();
    let of_set = |set: &Set<Gold>| {
        let thing = mapping.thing(&set.name).unwrap_or_default();
        let ruled_out = model.ruled_out(thing);
        let answer = |text: &str, gold: &Gold| {
            bar.inc(1);
            let language = detector.detect(text, Hints::default()).language;
            let Some(language) = model.index_of(&language) else {
                return Answer {
                    gold: gold.topics,
                    known: Vec::new(),
                    unknown: Vec::new(),
                    thing: false,
                };
            };
            let tokens = Tokens::of(&MatchForm::of(&clean(text)).text);
            let sum = model.sum(tokens.whole(), language);
            let (said, things) = (model.topics(&sum), model.things(&sum));
            let held_back = model.held_back(&things);
            let plus = |more: &[f32]| -> Vec<f32> {
                let all = said.iter().zip(more).take(topics);
                all.map(|(a, b)| a + b).collect()
            };
            let things = &things[..mapping.things().len()];
            let likeliest = (0..things.len()).max_by(|a, b| things[*a].total_cmp(&things[*b]));
            Answer {
                gold: gold.topics,
                known: plus(&ruled_out),
                unknown: plus(&held_back),
                thing: likeliest == Some(thing),
            }
        };
        Answers {
            language: set.language.clone(),
            set: set.name.clone(),
            rows: (set.rows.par_iter().map(|row| answer(&row.text, &row.gold))).collect(),
        }
    };
    let answers = sets.iter().map(of_set).collect();
    bar.finish_and_clear();
    answers
}

fn found(logits: &[f32], threshold: f32) -> Covers {
    let over = logits.iter().enumerate().filter(|(_, z)| **z > threshold);
    over.fold(0, |all, (topic, _)| all | 1 << topic)
}

/// The logits from which a topic is told of so that the figures are best: when it is known what is
/// reviewed, and when not.
pub fn thresholds(answers: &[Answers]) -> (f32, f32) {
    let steps: Vec<f32> = (-60..20).map(|step| step as f32 / 20.0).collect();
    let means: Vec<(f64, f64)> = (steps.iter())
        .map(|step| report(answers, (*step, *step)).mean())
        .collect();
    let best = |of: fn(&(f64, f64)) -> f64| {
        let all = steps.iter().zip(&means);
        let best = all.max_by(|a, b| of(a.1).total_cmp(&of(b.1)));
        best.map_or(0.0, |best| *best.0)
    };
    (best(|mean| mean.0), best(|mean| mean.1))
}

/// Figures at the two thresholds.
pub fn report(answers: &[Answers], (known, unknown): (f32, f32)) -> Report {
    let of_set = |answers: &Answers| {
        let mut figures = Figures {
            language: answers.language.clone(),
            set: answers.set.clone(),
            rows: answers.rows.len(),
            things: answers.rows.iter().filter(|row| row.thing).count(),
            known: Hits::default(),
            unknown: Hits::default(),
        };
        for row in &answers.rows {
            figures.known.add(row.gold, found(&row.known, known));
            figures.unknown.add(row.gold, found(&row.unknown, unknown));
        }
        figures
    };
    Report {
        sets: answers.iter().map(of_set).collect(),
    }
}

impl Report {
    /// Micro-F1 known and unknown over the sets in many languages, mean of the languages; of all sets
    /// where there are none.
    pub fn mean(&self) -> (f64, f64) {
        let mut languages: BTreeMap<&str, (Hits, Hits)> = BTreeMap::new();
        let many = |set: &&Figures| set.set.starts_with(MANY_LANGUAGES);
        let any = self.sets.iter().any(|set| many(&set));
        for set in self.sets.iter().filter(|set| !any || many(set)) {
            let (known, unknown) = languages.entry(&set.language).or_default();
            known.merge(set.known);
            unknown.merge(set.unknown);
        }
        let of = |which: fn(&(Hits, Hits)) -> f64| mean(languages.values().map(which));
        (of(|hits| hits.0.f1()), of(|hits| hits.1.f1()))
    }

    /// A line a set over all its languages, and the mean over languages.
    pub fn shown(&self) -> String {
        let header = ["set", "languages", "rows", "thing told", "known", "unknown"];
        let mut table = aligned(&header, 1..header.len());
        let mut sets: BTreeMap<&str, (usize, usize, usize, Hits, Hits)> = BTreeMap::new();
        for set in &self.sets {
            let sum = sets.entry(&set.set).or_default();
            sum.0 += 1;
            sum.1 += set.rows;
            sum.2 += set.things;
            sum.3.merge(set.known);
            sum.4.merge(set.unknown);
        }
        for (name, (languages, rows, things, known, unknown)) in sets {
            let told = things as f64 / rows.max(1) as f64;
            table.add_row(vec![
                name.to_owned(),
                languages.to_string(),
                rows.to_string(),
                cell(told),
                known.cell(),
                unknown.cell(),
            ]);
        }
        let (known, unknown) = self.mean();
        table.add_row(vec![
            format!("{MANY_LANGUAGES}*, mean of languages"),
            String::new(),
            String::new(),
            String::new(),
            cell(known),
            cell(unknown),
        ]);
        format!("Trained part, micro-F1 %, when it is known what is reviewed and when not\n{table}")
    }
}

/// A share as a cell, in percent.
pub fn cell(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// Mean; 0 of nothing.
pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), v| (sum + v, count + 1));
    sum / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(set: &str, language: &str, rows: &[(Covers, [f32; 2])]) -> Answers {
        let answer = |(gold, logits): &(Covers, [f32; 2])| Answer {
            gold: *gold,
            known: logits.to_vec(),
            unknown: logits.map(|z| z - 1.0).to_vec(),
            thing: true,
        };
        Answers {
            language: language.into(),
            set: set.into(),
            rows: rows.iter().map(answer).collect(),
        }
    }

    #[test]
    fn thresholds_are_where_the_mean_of_languages_is_best() {
        let all = [
            answers("mabsa-x", "en", &[(1, [0.5, -2.0]), (2, [-0.5, 0.5])]),
            answers("mabsa-x", "fr", &[(0, [-0.4, -0.4]), (1, [0.6, -3.0])]),
            answers("other", "en", &[(3, [-2.0, -2.0])]),
        ];
        let (known, unknown) = thresholds(&all);
        assert!((-0.4..0.5).contains(&known) && (-1.4..-0.5).contains(&unknown));
        let report = report(&all, (known, unknown));
        assert_eq!(report.mean(), (1.0, 1.0));
        assert!(report.shown().contains("mean of languages"));
        assert_eq!(Hits::default().f1(), 0.0);
    }
}
