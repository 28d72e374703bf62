//! Precision, recall and F1 of labels, of which a text may have several.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;

use crate::training::evaluation::percent;
use crate::training::languages::table::aligned;

/// Texts of one label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// That have it, and it was found.
    pub right: usize,
    /// That have it, and it was not found.
    pub missed: usize,
    /// That do not have it, and it was found.
    pub wrong: usize,
}

impl Tally {
    /// Share of what was found that is right, 0 to 1; none if nothing was found.
    pub fn precision(self) -> Option<f64> {
        share(self.right, self.right + self.wrong)
    }

    /// Share of what is there that was found, 0 to 1; none if nothing is there.
    pub fn recall(self) -> Option<f64> {
        share(self.right, self.right + self.missed)
    }

    /// Harmonic mean of precision and recall, 0 to 1; none if nothing is there and nothing was found.
    pub fn f1(self) -> Option<f64> {
        share(2 * self.right, 2 * self.right + self.missed + self.wrong)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.right += other.right;
        self.missed += other.missed;
        self.wrong += other.wrong;
    }
}

/// Part of a whole, 0 to 1; none of nothing.
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A share in percent, `–` for none.
pub fn shown(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

/// Figures of every label. As text it is a table, the worst label first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    labels: BTreeMap<String, Tally>,
}

impl Counts {
    /// Counts a text: the labels that it has and those that were found, each once.
    pub fn add<G: AsRef<str>, F: AsRef<str>>(&mut self, gold: &[G], found: &[F]) {
        let gold: BTreeSet<&str> = gold.iter().map(AsRef::as_ref).collect();
        let found: BTreeSet<&str> = found.iter().map(AsRef::as_ref).collect();
        for label in gold.union(&found) {
            *self.labels.entry((*label).to_owned()).or_default() += Tally {
                right: usize::from(gold.contains(label) && found.contains(label)),
                missed: usize::from(!found.contains(label)),
                wrong: usize::from(!gold.contains(label)),
            };
        }
    }

    /// Takes over what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (label, tally) in &other.labels {
            *self.labels.entry(label.clone()).or_default() += *tally;
        }
    }

    /// Figures of one label.
    pub fn label(&self, label: &str) -> Tally {
        self.labels.get(label).copied().unwrap_or_default()
    }

    /// Every label of every text counts the same.
    pub fn micro(&self) -> Tally {
        let mut all = Tally::default();
        for tally in self.labels.values() {
            all += *tally;
        }
        all
    }

    /// Mean F1 of the labels that some text has, each counting the same, 0 to 1; and how many they
    /// are.
    pub fn macro_f1(&self) -> Option<(f64, usize)> {
        let there = self.labels.values().filter(|t| t.right + t.missed > 0);
        let f1: Vec<f64> = there.filter_map(|t| t.f1()).collect();
        let mean = f1.iter().sum::<f64>() / f1.len().max(1) as f64;
        (!f1.is_empty()).then_some((mean, f1.len()))
    }

    /// Lowest F1 first; of the same, most faults.
    fn worst_first(&self) -> Vec<(&str, Tally)> {
        let mut labels: Vec<(&str, Tally)> =
            self.labels.iter().map(|(l, t)| (l.as_str(), *t)).collect();
        labels.sort_by(|(_, a), (_, b)| {
            let f1 = |t: &Tally| t.f1().unwrap_or(0.0);
            let faults = |t: &Tally| t.missed + t.wrong;
            f1(a).total_cmp(&f1(b)).then(faults(b).cmp(&faults(a)))
        });
        labels
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let header = [
            "label",
            "texts",
            "right",
            "missed",
            "wrong",
            "precision",
            "recall",
            "F1",
        ];
        let mut table = aligned(&header, 1..header.len());
        for (label, tally) in self.worst_first() {
            table.add_row(cells(label, tally));
        }
        table.add_row(cells("micro", self.micro()));
        if let Some((mean, labels)) = self.macro_f1() {
            let mut cells = vec![format!("macro of {labels}")];
            cells.resize(header.len() - 1, String::new());
            cells.push(percent(mean));
            table.add_row(cells);
        }
        write!(f, "{table}")
    }
}

fn cells(label: &str, tally: Tally) -> Vec<String> {
    vec![
        label.to_owned(),
        (tally.right + tally.missed).to_string(),
        tally.right.to_string(),
        tally.missed.to_string(),
        tally.wrong.to_string(),
        shown(tally.precision()),
        shown(tally.recall()),
        shown(tally.f1()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    /// `late`: 2 right, 1 missed, 1 wrong. `price`: 1 wrong. `food`: 1 right.
    fn counts() -> Counts {
        let mut counts = Counts::default();
        counts.add(&["late", "food"], &["food", "late", "late"]);
        counts.add(&["late"], &["late", "price"]);
        counts.add(&["late"], &NONE);
        counts.add(&NONE, &["late"]);
        counts.add(&NONE, &NONE);
        counts
    }

    #[test]
    fn labels_are_counted_once_a_text() {
        let counts = counts();
        let late = Tally {
            right: 2,
            missed: 1,
            wrong: 1,
        };
        assert_eq!(counts.label("late"), late);
        assert_eq!(late.precision(), Some(2.0 / 3.0));
        assert_eq!(late.recall(), Some(2.0 / 3.0));
        assert_eq!(late.f1(), Some(4.0 / 6.0));
        let price = counts.label("price");
        assert_eq!(
            (price.precision(), price.recall(), price.f1()),
            (Some(0.0), None, Some(0.0))
        );
        assert_eq!(counts.label("nothing"), Tally::default());
        assert_eq!(Tally::default().f1(), None);
    }

    #[test]
    fn micro_is_over_all_and_macro_over_labels_that_are_there() {
        let mut counts = counts();
        let micro = Tally {
            right: 3,
            missed: 1,
            wrong: 2,
        };
        assert_eq!(counts.micro(), micro);
        let (mean, labels) = counts.macro_f1().unwrap();
        assert!((mean - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12 && labels == 2);
        assert_eq!(Counts::default().macro_f1(), None);

        let once = counts.clone();
        counts.merge(&once);
        assert_eq!((counts.micro().right, counts.label("late").missed), (6, 2));
        assert_eq!(counts.macro_f1(), once.macro_f1());
    }

    #[test]
    fn the_table_begins_with_the_worst() {
        let table = counts().to_string();
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(lines[2], ["price", "0", "0", "0", "1", "0.0", "–", "0.0"]);
        assert_eq!(lines[3][0], "late");
        assert_eq!(lines[4][0], "food");
        assert_eq!(
            lines[5],
            ["micro", "4", "3", "1", "2", "60.0", "75.0", "66.7"]
        );
        assert_eq!(lines[6], ["macro", "of", "2", "83.3"]);
    }
}
