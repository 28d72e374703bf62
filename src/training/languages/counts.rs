//! What right and wrong answers add up to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::calibration::{self, Bin, SURE};
use super::{Answer, base};

/// Right answers for one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Language {
    /// Its tag.
    pub label: String,
    /// Texts in it.
    pub rows: usize,
    /// Right answers among them.
    pub right: usize,
}

impl Language {
    /// Share of right answers, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.rows.max(1) as f64
    }
}

/// Texts of one language taken for another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// What they are.
    pub label: String,
    /// What was answered: a language, with its script only where the label has one.
    pub answered: String,
    /// How many.
    pub rows: usize,
    /// Of all texts in the language, 0 to 1.
    pub share: f64,
}

/// What an engine did on all rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counts {
    /// Texts.
    pub rows: usize,
    /// Right answers among them.
    pub right: usize,
    /// Texts with an answer other than `und`.
    pub answered: usize,
    /// By language, sorted by tag.
    pub languages: Vec<Language>,
    /// All, the one with the most texts first.
    pub confusions: Vec<Confusion>,
    /// By confidence.
    pub bins: Vec<Bin>,
}

impl Counts {
    /// Counts answers, each with the label of its text.
    pub fn of<'a>(answers: impl Iterator<Item = (&'a str, Answer)> + Clone) -> Self {
        let mut languages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut confused: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut answered = 0;
        for (label, answer) in answers.clone() {
            let right = answer.is_right(label);
            let language = languages.entry(label).or_default();
            language.0 += 1;
            language.1 += usize::from(right);
            answered += usize::from(answer.tag != "und");
            if !right {
                // `fa` for `fa-Latn` and `fa-Latn` for `ur` are told whole.
                let shown = match label.contains('-') || answer.tag.ends_with("-Latn") {
                    true => answer.tag,
                    false => base(answer.tag),
                };
                *confused.entry((label, shown)).or_default() += 1;
            }
        }
        let share = |label: &str, rows: usize| {
            let all = languages.get(label).map_or(1, |language| language.0);
            rows as f64 / all as f64
        };
        let mut confusions: Vec<Confusion> = confused
            .iter()
            .map(|((label, answered), rows)| Confusion {
                label: (*label).to_owned(),
                answered: (*answered).to_owned(),
                rows: *rows,
                share: share(label, *rows),
            })
            .collect();
        confusions.sort_by(|a, b| (b.rows.cmp(&a.rows)).then(b.share.total_cmp(&a.share)));
        Self {
            rows: languages.values().map(|l| l.0).sum(),
            right: languages.values().map(|l| l.1).sum(),
            answered,
            bins: calibration::bins(answers),
            confusions,
            languages: languages
                .into_iter()
                .map(|(label, (rows, right))| Language {
                    label: label.to_owned(),
                    rows,
                    right,
                })
                .collect(),
        }
    }

    /// Share of right answers over all texts, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.rows.max(1) as f64
    }

    /// Figures of a language, if there are texts in it.
    pub fn language(&self, label: &str) -> Option<&Language> {
        self.languages.iter().find(|l| l.label == label)
    }

    /// Mean accuracy of the languages that a condition holds for, 0 to 1, each counting the same;
    /// and how many they are.
    pub fn mean(&self, of: impl Fn(&str) -> bool) -> Option<(f64, usize)> {
        let chosen = self.languages.iter().filter(|l| of(&l.label));
        let (sum, count) = chosen.fold((0.0, 0), |(s, n), l| (s + l.accuracy(), n + 1));
        (count > 0).then(|| (sum / count as f64, count))
    }
}

/// Texts of a language that is no class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outside {
    /// Its tag.
    pub label: String,
    /// Texts in it.
    pub rows: usize,
    /// Texts among them whose answer is `und` or given a confidence below 0.9.
    pub unsure: usize,
    /// The answer met most often.
    pub answered: String,
}

impl Outside {
    /// Share of the texts that nothing sure was said of, 0 to 1.
    pub fn unsure_share(&self) -> f64 {
        self.unsure as f64 / self.rows.max(1) as f64
    }
}

/// Counts answers to texts in languages that are no classes, sorted by tag.
pub fn outside<'a>(answers: impl Iterator<Item = (&'a str, Answer)>) -> Vec<Outside> {
    let mut languages: BTreeMap<&str, Vec<Answer>> = BTreeMap::new();
    for (label, answer) in answers {
        languages.entry(label).or_default().push(answer);
    }
    let of = |(label, answers): (&str, Vec<Answer>)| {
        let unsure = |a: &&Answer| a.tag == "und" || a.confidence < SURE;
        let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
        for answer in &answers {
            *tags.entry(answer.tag).or_default() += 1;
        }
        let most = tags.into_iter().max_by_key(|(_, rows)| *rows);
        Outside {
            label: label.to_owned(),
            rows: answers.len(),
            unsure: answers.iter().filter(unsure).count(),
            answered: most.map_or(String::new(), |(tag, _)| tag.to_owned()),
        }
    };
    languages.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: [(&str, &str, f32); 9] = [
        ("nb", "nb", 0.9),
        ("nb", "da", 0.6),
        ("nb", "da", 0.7),
        ("nb", "nn", 0.7),
        ("zh", "zh-Hans", 0.99),
        ("fa-Latn", "fa", 0.2),
        ("fa-Latn", "fa-Latn", 0.8),
        ("ur", "fa-Latn", 0.5),
        ("ur", "und", 0.0),
    ];

    fn said() -> impl Iterator<Item = (&'static str, Answer)> + Clone {
        let answer = |(label, tag, confidence)| (label, Answer { tag, confidence });
        SAID.into_iter().map(answer)
    }

    #[test]
    fn each_language_counts_the_same_in_the_mean() {
        let counts = Counts::of(said());
        assert_eq!((counts.rows, counts.right, counts.answered), (9, 3, 8));
        assert!((counts.accuracy() - 3.0 / 9.0).abs() < 1e-9);
        let shares: Vec<_> = counts
            .languages
            .iter()
            .map(|l| (&*l.label, l.rows, l.accuracy()))
            .collect();
        assert_eq!(
            shares,
            [
                ("fa-Latn", 2, 0.5),
                ("nb", 4, 0.25),
                ("ur", 2, 0.0),
                ("zh", 1, 1.0)
            ]
        );
        let (mean, languages) = counts.mean(|_| true).unwrap();
        assert!((mean - 1.75 / 4.0).abs() < 1e-9 && languages == 4);
        assert_eq!(counts.mean(|l| l == "nb"), Some((0.25, 1)));
        assert_eq!(counts.mean(|l| l == "de"), None);
        assert_eq!(counts.language("nb").map(|l| l.right), Some(1));
    }

    #[test]
    fn the_confusion_of_most_texts_comes_first() {
        let confusions = Counts::of(said()).confusions;
        let told: Vec<_> = confusions
            .iter()
            .map(|c| (&*c.label, &*c.answered, c.rows, c.share))
            .collect();
        assert_eq!(
            told,
            [
                ("nb", "da", 2, 0.5),
                ("fa-Latn", "fa", 1, 0.5),
                ("ur", "fa-Latn", 1, 0.5),
                ("ur", "und", 1, 0.5),
                ("nb", "nn", 1, 0.25),
            ]
        );
    }

    #[test]
    fn languages_outside_the_classes_should_not_be_sure_of_anything() {
        let said = [
            ("glk", "fa", 0.95),
            ("glk", "fa", 0.89),
            ("glk", "und", 1.0),
            ("bal", "ur", 0.3),
        ];
        let said = said.map(|(label, tag, confidence)| (label, Answer { tag, confidence }));
        let outside = outside(said.into_iter());
        assert_eq!(outside.len(), 2);
        assert_eq!((&*outside[0].label, outside[0].unsure), ("bal", 1));
        let gilaki = &outside[1];
        assert_eq!(
            (gilaki.rows, gilaki.unsure, &*gilaki.answered),
            (3, 2, "fa")
        );
        assert!((gilaki.unsure_share() - 2.0 / 3.0).abs() < 1e-9);
    }
}
