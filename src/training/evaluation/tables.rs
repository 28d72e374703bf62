//! Reports as tables on a terminal.

use comfy_table::{CellAlignment, Table, presets};

use super::{Bin, Confusion, Report, SetReport, mean, percent};

const LABELS: [&str; 3] = ["negative", "neutral", "positive"];
/// Longest piece of a text that is shown.
const SHOWN: usize = 160;

fn table<const N: usize>(header: [&str; N], figures: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(header);
    right(&mut table, figures);
    table
}

/// Aligns columns of figures to the right.
pub fn right(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

impl Report {
    /// All figures: by set, by language, means, confusion, reliability, the worst mistakes.
    pub fn shown(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.by_set(), self.by_language());
        for (name, value) in self.means() {
            text += &format!("\n{name}: macro-F1 {}", percent(value));
        }
        text += &format!(
            "\n\nAll sets, gold (rows) against answers\n{}\n",
            confusion(&self.confusion())
        );
        text += &format!(
            "\nConfidence against truth, sets with neutral texts\n{}\nExpected calibration error: {:.3}\n",
            reliability(&self.bins),
            self.calibration_error()
        );
        text + "\nSurest mistakes\n" + &self.mistakes() + "\n"
    }

    fn by_set(&self) -> Table {
        let header = ["language", "set", "macro-F1", "F1 ±", "accuracy", "rows"];
        let mut table = table(header, 2..6);
        for set in &self.sets {
            table.add_row([
                set.language.clone(),
                set.set.clone(),
                percent(set.macro_f1()),
                percent(set.polar_f1()),
                percent(set.accuracy()),
                set.rows().to_string(),
            ]);
        }
        table
    }

    fn by_language(&self) -> Table {
        let mut table = table(["language", "macro-F1", "accuracy", "rows"], 1..4);
        for (language, sets) in self.languages() {
            let mean = |of: fn(&SetReport) -> f64| mean(sets.iter().map(|s| of(s))).unwrap_or(0.0);
            table.add_row([
                language.to_owned(),
                percent(mean(SetReport::macro_f1)),
                percent(mean(SetReport::accuracy)),
                sets.iter().map(|s| s.rows()).sum::<usize>().to_string(),
            ]);
        }
        table
    }

    /// Means over the sets that share a name, and over all.
    pub fn means(&self) -> Vec<(String, f64)> {
        let shared = self.shared_names().into_iter();
        let mut means: Vec<_> = shared
            .filter_map(|name| Some((format!("mean of {name}"), self.mean_of(name)?)))
            .collect();
        means.extend(self.mean().map(|m| ("mean of all sets".to_owned(), m)));
        means
    }

    fn mistakes(&self) -> String {
        let mut table = table(["set", "gold", "answer", "confidence", "text"], 3..4);
        for worst in &self.worst {
            let mut text: String = worst.text.chars().take(SHOWN).collect();
            if text.len() < worst.text.len() {
                text.push('…');
            }
            table.add_row([
                worst.set.clone(),
                LABELS[usize::from(worst.gold).min(2)].to_owned(),
                worst.answer.name().to_owned(),
                percent(worst.confidence.into()),
                text.replace('\n', " "),
            ]);
        }
        table.to_string()
    }

    /// Figures of this model beside those of another on the same texts.
    pub fn beside(&self, other: &Self, names: [&str; 2]) -> String {
        let header = ["language", "set", names[0], names[1], "difference", "rows"];
        let mut table = table(header, 2..6);
        let line = |a: f64, b: f64| {
            let difference = format!("{:+.1}", 100.0 * (b - a));
            [percent(a), percent(b), difference]
        };
        for (a, b) in self.sets.iter().zip(&other.sets) {
            let [x, y, difference] = line(a.macro_f1(), b.macro_f1());
            let rows = a.rows().to_string();
            let (language, set) = (a.language.clone(), a.set.clone());
            table.add_row([language, set, x, y, difference, rows]);
        }
        for ((name, a), (_, b)) in self.means().into_iter().zip(other.means()) {
            let [x, y, difference] = line(a, b);
            table.add_row([String::new(), name, x, y, difference, String::new()]);
        }
        format!(
            "Macro-F1\n{table}\n\nExpected calibration error: {:.3} and {:.3}\n",
            self.calibration_error(),
            other.calibration_error()
        )
    }
}

fn confusion(confusion: &Confusion) -> Table {
    let header = ["", LABELS[0], LABELS[1], LABELS[2], "mixed or unknown"];
    let mut table = table(header, 1..5);
    for (label, counts) in LABELS.iter().zip(confusion) {
        let counts = counts.iter().map(usize::to_string);
        table.add_row(std::iter::once((*label).to_owned()).chain(counts));
    }
    table
}

fn reliability(bins: &[Bin]) -> Table {
    let mut table = table(["confidence", "mean", "right", "rows"], 1..4);
    for (n, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.rows > 0) {
        let (from, rows) = (n as f64 / bins.len() as f64, bin.rows as f64);
        table.add_row([
            format!("{:.1} to {:.1}", from, from + 1.0 / bins.len() as f64),
            percent(bin.confidence / rows),
            percent(bin.right as f64 / rows),
            bin.rows.to_string(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::tests::set;
    use super::*;
    use crate::enrich::Label;
    use crate::training::evaluation::Mistake;

    fn report(confusion: Confusion) -> Report {
        let mut report = Report {
            sets: vec![set(confusion)],
            ..Report::default()
        };
        report.bins[7] = Bin {
            rows: 17,
            right: 13,
            confidence: 12.75,
        };
        report.worst.push(Mistake {
            set: "fa/umsab".into(),
            text: "a long text ".repeat(40),
            gold: 0,
            answer: Label::Positive,
            confidence: 0.987,
        });
        report
    }

    #[test]
    fn a_report_shows_figures_confusion_reliability_and_mistakes() {
        let shown = report([[5, 0, 0, 0], [0, 3, 0, 0], [0, 0, 9, 0]]).shown();
        for part in [
            "mean of all sets: macro-F1 100.0",
            "0.7 to 0.8",
            "75.0",
            "76.5",
            "98.7",
            "Expected calibration error: 0.015",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(shown.contains('…') && !shown.contains(&"a long text ".repeat(20)));
    }

    #[test]
    fn two_models_stand_side_by_side() {
        let a = report([[5, 0, 0, 0], [0, 3, 0, 0], [0, 0, 9, 0]]);
        let b = report([[0, 0, 5, 0], [0, 3, 0, 0], [9, 0, 0, 0]]);
        let shown = a.beside(&b, ["one", "two"]);
        for part in ["one", "two", "100.0", "33.3", "-66.7"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
