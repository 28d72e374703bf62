//! Measures the whole path: clean, language by the detector, match form, score.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use rayon::prelude::*;

use super::data::{Set, two_classes};
use super::{matched, progress};
use crate::enrich::Language;
use crate::enrich::privacy::Redactor;
use crate::enrich::sentiment::{Label, Model, softmax};
use crate::language::{Detector, Hints};

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
                Answer {
                    matched: matched(redactor, &row.text).text,
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

/// Gold labels (rows) against answers (columns; the last is "unknown").
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
        macro_f1(&self.confusion)
    }
}

/// Mean F1 over the labels that stand in the gold.
pub fn macro_f1(confusion: &Confusion) -> f64 {
    let mut sum = 0.0;
    let mut labels = 0;
    for c in 0..3 {
        let gold: usize = confusion[c].iter().sum();
        if gold == 0 {
            continue;
        }
        let answered: usize = confusion.iter().map(|row| row[c]).sum();
        sum += 2.0 * confusion[c][c] as f64 / (gold + answered) as f64;
        labels += 1;
    }
    sum / f64::from(labels.max(1))
}

/// Figures of all sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Sorted by language and name.
    pub sets: Vec<SetReport>,
}

/// Scores every text on all cores. In a set without neutral texts the sign of the score decides,
/// as in the published figures, and stray neutral rows are left out.
pub fn report(model: &Model, answers: &[Answers]) -> Report {
    let sets = answers
        .iter()
        .map(|set| {
            let mut counts = [0; 3];
            for row in &set.rows {
                counts[usize::from(row.gold)] += 1;
            }
            let two = two_classes(counts);
            let confusion = set
                .rows
                .par_iter()
                .filter(|row| !(two && row.gold == 1))
                .map(|row| {
                    let mut one: Confusion = [[0; 4]; 3];
                    one[usize::from(row.gold)][column(model, row, two)] += 1;
                    one
                })
                .reduce(|| [[0; 4]; 3], add);
            SetReport {
                language: set.language.clone(),
                set: set.set.clone(),
                confusion,
            }
        })
        .collect();
    Report { sets }
}

fn add(mut a: Confusion, b: Confusion) -> Confusion {
    for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
        *a += b;
    }
    a
}

fn column(model: &Model, row: &Answer, two_classes: bool) -> usize {
    let answer = model.score(&row.matched, &row.language);
    match answer.label {
        Label::Unknown => 3,
        _ if two_classes => {
            if answer.score < 0.0 {
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
    /// Mean macro-F1 over the sets of a name.
    pub fn mean_of(&self, name: &str) -> Option<f64> {
        mean(
            self.sets
                .iter()
                .filter(|s| s.set == name)
                .map(SetReport::macro_f1),
        )
    }

    /// Mean macro-F1 over the sets of each language, with their rows.
    pub fn languages(&self) -> BTreeMap<&str, (f64, usize)> {
        let mut languages: BTreeMap<&str, Vec<&SetReport>> = BTreeMap::new();
        for set in &self.sets {
            languages.entry(&set.language).or_default().push(set);
        }
        languages
            .into_iter()
            .map(|(language, sets)| {
                let f1 = mean(sets.iter().map(|s| s.macro_f1())).unwrap_or(0.0);
                (language, (f1, sets.iter().map(|s| s.rows()).sum()))
            })
            .collect()
    }

    /// Two tables, by set and by language, and the means.
    pub fn shown(&self) -> String {
        let mut by_set = Table::new();
        by_set.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        by_set.set_header(["language", "set", "macro-F1", "accuracy", "rows"]);
        for set in &self.sets {
            by_set.add_row([
                set.language.clone(),
                set.set.clone(),
                percent(set.macro_f1()),
                percent(set.accuracy()),
                set.rows().to_string(),
            ]);
        }
        right(&mut by_set, 2..5);
        let mut by_language = Table::new();
        by_language.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        by_language.set_header(["language", "macro-F1", "rows"]);
        for (language, (f1, rows)) in self.languages() {
            by_language.add_row([language.to_owned(), percent(f1), rows.to_string()]);
        }
        right(&mut by_language, 1..3);
        let mut text = format!("{by_set}\n\n{by_language}\n");
        let all = mean(self.sets.iter().map(SetReport::macro_f1));
        for (name, value) in [
            ("UMSAB mean", self.mean_of("umsab")),
            ("mean of all sets", all),
        ] {
            if let Some(value) = value {
                text += &format!("\n{name}: macro-F1 {}", percent(value));
            }
        }
        text + "\n"
    }
}

/// Aligns columns of figures to the right.
pub fn right(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// `0.5634` as `56.3`.
pub fn percent(value: f64) -> String {
    format!("{:.1}", 100.0 * value)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// Temperature under which the probabilities fit the gold labels of the sets with three labels
/// best (least negative log-likelihood).
pub fn temperature(model: &Model, answers: &[Answers]) -> f32 {
    let logits: Vec<([f32; 3], usize)> = answers
        .par_iter()
        .filter(|set| set.rows.iter().any(|row| row.gold == 1))
        .flat_map_iter(|set| {
            set.rows.iter().filter_map(|row| {
                let logits = model.logits(&row.matched, &row.language)?;
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
    let candidates = (10..=60).map(|i| 0.05 * i as f32);
    candidates
        .map(|t| (t, loss(t)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(1.0, |best| best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(confusion: Confusion) -> SetReport {
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
    }

    #[test]
    fn the_report_shows_sets_languages_and_the_umsab_mean() {
        let report = Report {
            sets: vec![set([[5, 0, 0, 0], [0, 3, 0, 0], [0, 0, 9, 0]])],
        };
        let shown = report.shown();
        assert!(shown.contains("UMSAB mean: macro-F1 100.0"), "{shown}");
        assert!(shown.contains("17"), "{shown}");
    }
}
