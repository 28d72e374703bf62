//! Measures the whole path: clean, language by the detector, match form, score.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::data::{Set, two_classes};
use super::progress;
use crate::enrich::Language;
use crate::enrich::features::Tokens;
use crate::enrich::privacy::Redactor;
use crate::enrich::sentiment::{Label, Model, softmax};
use crate::language::{Detector, Hints};
use crate::text::{self, MatchForm};

mod tables;

pub use tables::right;

/// Wrong answers that a report keeps.
const WORST: usize = 10;
/// Bins of the reliability table.
const BINS: usize = 10;

/// A set whose texts are ready to be scored.
pub struct Answers {
    /// Folder of the set.
    pub language: String,
    /// Name of the set; the seven `mabsa-*` sets of a language are one, `mabsa`.
    pub set: String,
    /// Texts with their gold labels.
    pub rows: Vec<Answer>,
}

/// A text on its way to the model.
pub struct Answer {
    /// Clean and redacted.
    pub text: String,
    /// Match form.
    pub matched: String,
    /// As detected.
    pub language: Language,
    /// 0 negative, 1 neutral, 2 positive.
    pub gold: u8,
}

/// Cleans texts and detects their languages on all cores.
pub fn answers(sets: &[Set], redactor: &Redactor, detector: &Detector) -> Vec<Answers> {
    let bar = progress(
        "detecting languages",
        sets.iter().map(|s| s.rows.len() as u64).sum(),
    );
    let mut found: BTreeMap<(String, String), Vec<Answer>> = BTreeMap::new();
    for set in sets {
        let name = if set.name.starts_with("mabsa-") {
            "mabsa"
        } else {
            &set.name
        };
        let rows: Vec<Answer> = set
            .rows
            .par_iter()
            .map(|row| {
                bar.inc(1);
                let text = redactor.redact(&text::clean(&row.text)).0;
                Answer {
                    matched: MatchForm::of(&text).text,
                    text,
                    language: detector.detect(&row.text, Hints::default()).language,
                    gold: row.gold,
                }
            })
            .collect();
        let key = (set.language.clone(), name.to_owned());
        found.entry(key).or_default().extend(rows);
    }
    bar.finish_and_clear();
    found
        .into_iter()
        .map(|((language, set), rows)| Answers {
            language,
            set,
            rows,
        })
        .collect()
}

/// Gold labels (rows) against answers (columns; the last is mixed or unknown).
pub type Confusion = [[usize; 4]; 3];

/// Figures of one set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetReport {
    /// Folder of the set.
    pub language: String,
    /// Name of the set.
    pub set: String,
    /// What was answered.
    pub confusion: Confusion,
}

impl SetReport {
    /// Rows measured.
    pub fn rows(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Right answers among them, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..3).map(|c| self.confusion[c][c]).sum();
        right as f64 / self.rows().max(1) as f64
    }

    /// Mean F1 over the labels that the set has, 0 to 1.
    pub fn macro_f1(&self) -> f64 {
        mean((0..3).filter_map(|c| f1(&self.confusion, c))).unwrap_or(0.0)
    }

    /// Mean F1 of negative and positive, 0 to 1.
    pub fn polar_f1(&self) -> f64 {
        mean([0, 2].into_iter().filter_map(|c| f1(&self.confusion, c))).unwrap_or(0.0)
    }
}

/// F1 of a label that stands in the gold.
fn f1(confusion: &Confusion, label: usize) -> Option<f64> {
    let gold: usize = confusion[label].iter().sum();
    let answered: usize = confusion.iter().map(|row| row[label]).sum();
    (gold > 0).then(|| 2.0 * confusion[label][label] as f64 / (gold + answered) as f64)
}

/// Answers whose confidence lies in one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Number of answers.
    pub rows: usize,
    /// Right ones among them.
    pub right: usize,
    /// Sum of their confidence.
    pub confidence: f64,
}

/// An answer that was far off.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Folder and name of its set.
    pub set: String,
    /// Clean and redacted.
    pub text: String,
    /// 0 negative, 1 neutral, 2 positive.
    pub gold: u8,
    /// What was answered.
    pub answer: Label,
    /// How surely.
    pub confidence: f32,
}

/// Figures of all sets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Sorted by language and name.
    pub sets: Vec<SetReport>,
    /// Confidence against truth, in equal bins from 0 to 1, of sets with neutral texts.
    pub bins: [Bin; BINS],
    /// The surest wrong answers, the surest first.
    pub worst: Vec<Mistake>,
}

/// Scores every text on all cores. In a set without neutral texts the sign of the score decides,
/// as in the published figures, and stray neutral rows are left out.
pub fn report(model: &Model, answers: &[Answers]) -> Report {
    let mut report = Report::default();
    for set in answers {
        let mut counts = [0; 3];
        for row in &set.rows {
            counts[usize::from(row.gold)] += 1;
        }
        let two = two_classes(counts);
        let scored: Vec<_> = set
            .rows
            .par_iter()
            .filter(|row| !(two && row.gold == 1))
            .map(|row| (row, model.score(&row.matched, &row.language)))
            .collect();
        let mut confusion: Confusion = [[0; 4]; 3];
        for (row, answer) in scored {
            let column = column(answer.label, answer.score, two);
            let gold = usize::from(row.gold);
            confusion[gold][column] += 1;
            if !two {
                let bin = ((answer.confidence * BINS as f32) as usize).min(BINS - 1);
                report.bins[bin].rows += 1;
                report.bins[bin].right += usize::from(column == gold);
                report.bins[bin].confidence += f64::from(answer.confidence);
            }
            if column != gold && report.is_worse(answer.confidence) {
                report.keep(Mistake {
                    set: format!("{}/{}", set.language, set.set),
                    text: row.text.clone(),
                    gold: row.gold,
                    answer: answer.label,
                    confidence: answer.confidence,
                });
            }
        }
        report.sets.push(SetReport {
            language: set.language.clone(),
            set: set.set.clone(),
            confusion,
        });
    }
    report
}

fn column(label: Label, score: f32, two_classes: bool) -> usize {
    match label {
        Label::Unknown => 3,
        _ if two_classes => {
            if score < 0.0 {
                0
            } else {
                2
            }
        }
        Label::Negative => 0,
        Label::Neutral => 1,
        Label::Positive => 2,
        Label::Mixed => 3,
    }
}

impl Report {
    fn is_worse(&self, confidence: f32) -> bool {
        self.worst.len() < WORST || self.worst.last().is_some_and(|w| w.confidence < confidence)
    }

    fn keep(&mut self, mistake: Mistake) {
        let at = self
            .worst
            .partition_point(|w| w.confidence >= mistake.confidence);
        self.worst.insert(at, mistake);
        self.worst.truncate(WORST);
    }

    /// Expected calibration error, 0 to 1: how far confidence and truth lie apart, over the bins.
    pub fn calibration_error(&self) -> f64 {
        let rows: usize = self.bins.iter().map(|b| b.rows).sum();
        let apart: f64 = self
            .bins
            .iter()
            .map(|b| (b.confidence - b.right as f64).abs())
            .sum();
        apart / rows.max(1) as f64
    }

    /// Gold labels against answers over all sets.
    pub fn confusion(&self) -> Confusion {
        let mut sum: Confusion = [[0; 4]; 3];
        for set in &self.sets {
            for (sum, n) in sum.iter_mut().flatten().zip(set.confusion.iter().flatten()) {
                *sum += n;
            }
        }
        sum
    }

    /// Mean macro-F1 over the sets of a name.
    pub fn mean_of(&self, name: &str) -> Option<f64> {
        let sets = self.sets.iter().filter(|s| s.set == name);
        mean(sets.map(SetReport::macro_f1))
    }

    /// Mean macro-F1 over all sets.
    pub fn mean(&self) -> Option<f64> {
        mean(self.sets.iter().map(SetReport::macro_f1))
    }

    /// The sets of each language.
    pub fn languages(&self) -> BTreeMap<&str, Vec<&SetReport>> {
        let mut languages: BTreeMap<&str, Vec<&SetReport>> = BTreeMap::new();
        for set in &self.sets {
            languages.entry(&set.language).or_default().push(set);
        }
        languages
    }

    /// Names of sets that more than one language has.
    pub fn shared_names(&self) -> Vec<&str> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for set in &self.sets {
            *count.entry(&set.set).or_default() += 1;
        }
        count.retain(|_, n| *n > 1);
        count.into_keys().collect()
    }
}

/// `0.5634` as `56.3`.
pub fn percent(value: f64) -> String {
    format!("{:.1}", 100.0 * value)
}

/// Mean of the values, if there are any.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// Temperature under which the probabilities fit the gold labels of the sets with three labels
/// best (least negative log-likelihood). The model's own must be 1.
pub fn temperature(model: &Model, answers: &[Answers]) -> f32 {
    let logits: Vec<([f32; 3], usize)> = answers
        .par_iter()
        .filter(|set| set.rows.iter().any(|row| row.gold == 1))
        .flat_map_iter(|set| {
            set.rows.iter().filter_map(|row| {
                let tokens = Tokens::of(&row.matched);
                let language = model.index_of(&row.language);
                let logits = model.logits(tokens.whole(), language)?;
                Some((logits, usize::from(row.gold)))
            })
        })
        .collect();
    let loss = |t: f32| -> f64 {
        logits
            .par_iter()
            .map(|(z, gold)| f64::from(-softmax(z.map(|z| z / t))[*gold].max(1e-9).ln()))
            .sum()
    };
    let candidates = (10..=80).map(|i| 0.05 * i as f32);
    candidates
        .map(|t| (t, loss(t)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(1.0, |best| best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn set(confusion: Confusion) -> SetReport {
        SetReport {
            language: "fa".into(),
            set: "umsab".into(),
            confusion,
        }
    }

    #[test]
    fn macro_f1_counts_only_labels_of_the_set() {
        let perfect = set([[5, 0, 0, 0], [0, 3, 0, 0], [0, 0, 9, 0]]);
        assert_eq!(
            (perfect.macro_f1(), perfect.accuracy(), perfect.rows()),
            (1.0, 1.0, 17)
        );
        // No neutral gold: two labels. F1 negative 2*4/(5+4), positive 2*5/(5+6).
        let two = set([[4, 0, 1, 0], [0; 4], [0, 0, 5, 0]]);
        assert!((two.macro_f1() - (8.0 / 9.0 + 10.0 / 11.0) / 2.0).abs() < 1e-12);
        // An answer "unknown" is a wrong one.
        let unknown = set([[1, 0, 0, 1], [0; 4], [0, 0, 2, 0]]);
        assert!((unknown.accuracy() - 0.75).abs() < 1e-12);
        assert!((unknown.macro_f1() - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
        // Neutral plays no part in the mean of the poles.
        let three = set([[2, 0, 0, 0], [0, 1, 3, 0], [0, 0, 2, 0]]);
        assert!((three.polar_f1() - (1.0 + 4.0 / 7.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn calibration_error_is_the_distance_of_confidence_and_truth() {
        let mut report = Report::default();
        let bin = |rows, right, confidence| Bin {
            rows,
            right,
            confidence,
        };
        report.bins[4] = bin(10, 5, 4.5);
        report.bins[9] = bin(10, 9, 9.5);
        assert!((report.calibration_error() - 0.05).abs() < 1e-12);
        assert_eq!(Report::default().calibration_error(), 0.0);
    }

    #[test]
    fn the_surest_mistakes_are_kept_in_order() {
        let mut report = Report::default();
        for confidence in (0..100u16).map(|n| f32::from(n * 37 % 100) / 100.0) {
            if report.is_worse(confidence) {
                report.keep(Mistake {
                    set: "en/a".into(),
                    text: String::new(),
                    gold: 0,
                    answer: Label::Positive,
                    confidence,
                });
            }
        }
        let kept: Vec<f32> = report.worst.iter().map(|w| w.confidence).collect();
        let best: Vec<f32> = (90..100u8).rev().map(|n| f32::from(n) / 100.0).collect();
        assert_eq!(kept, best);
    }
}
