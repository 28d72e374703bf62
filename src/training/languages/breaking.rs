//! Persian texts as they are, and as keyboards, exports and wrong encodings leave them.

use rayon::prelude::*;
use serde::Serialize;

use super::{Engine, Row};
use crate::training::broken::Break;
use crate::training::progress;

/// Breaks a text; none if there is nothing in it to break.
pub type Change = Box<dyn Fn(&str) -> Option<String> + Sync>;

/// A way in which texts get broken.
pub struct Way {
    /// For the table.
    pub name: &'static str,
    /// What it does to a text.
    pub apply: Change,
}

/// All ways that are known.
pub fn all() -> Vec<Way> {
    let way = |broken: Break| Way {
        name: broken.name(),
        apply: Box::new(move |text| broken.apply(text)),
    };
    Break::ALL.map(way).into()
}

/// Answers to the texts that a way can break.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Broken {
    /// Name of the way.
    pub way: &'static str,
    /// Texts.
    pub rows: usize,
    /// Of each engine, in their order.
    pub engines: Vec<Right>,
}

/// Right answers of one engine to the same texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Right {
    /// Before they are broken.
    pub unbroken: usize,
    /// After it.
    pub broken: usize,
}

/// Breaks every Persian text in every way. Ways that no text offers anything to are left out.
pub fn measure(rows: &[Row], engines: &[Engine], ways: &[Way]) -> Vec<Broken> {
    let persian: Vec<&str> = rows
        .iter()
        .filter(|row| row.label == "fa")
        .map(|row| &*row.text)
        .collect();
    let is_right = |engine: &Engine, text: &str| (engine.detect)(text).is_right("fa");
    let texts = persian.len() * engines.len() * (1 + ways.len());
    let bar = progress("broken Persian", texts as u64);
    let unbroken: Vec<Vec<bool>> = engines
        .iter()
        .map(|engine| {
            let answer = |text: &&str| {
                bar.inc(1);
                is_right(engine, text)
            };
            persian.par_iter().map(answer).collect()
        })
        .collect();
    let mut table = Vec::new();
    for way in ways {
        let broken: Vec<(usize, String)> = persian
            .iter()
            .enumerate()
            .filter_map(|(at, text)| Some((at, (way.apply)(text)?)))
            .collect();
        let count = |(engine, unbroken): (&Engine, &Vec<bool>)| Right {
            unbroken: broken.iter().filter(|(at, _)| unbroken[*at]).count(),
            broken: broken
                .par_iter()
                .filter(|(_, text)| {
                    bar.inc(1);
                    is_right(engine, text)
                })
                .count(),
        };
        if !broken.is_empty() {
            table.push(Broken {
                way: way.name,
                rows: broken.len(),
                engines: engines.iter().zip(&unbroken).map(count).collect(),
            });
        }
        let left_out = (persian.len() - broken.len()) * engines.len();
        bar.inc(left_out as u64);
    }
    bar.finish_and_clear();
    table
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;

    #[test]
    fn only_persian_texts_that_can_be_broken_are_compared() {
        let row = |label: &str, text: &str| Row {
            label: label.into(),
            text: text.into(),
        };
        let rows = [
            row("fa", "یک"),
            row("fa", "دو"),
            row("fa", "x ی"),
            row("ar", "ی"),
        ];
        // Persian only with its own letter, and never beside an x.
        let detect = |text: &str| Answer {
            tag: if text.contains('ي') || text.contains('x') {
                "ar"
            } else {
                "fa"
            },
            confidence: 1.0,
        };
        let engine = Engine {
            name: "ours",
            detect: &detect,
            has: &|_| true,
        };
        let arabic = |text: &str| text.contains('ی').then(|| text.replace('ی', "ي"));
        let ways = [
            Way {
                name: "Arabic letters",
                apply: Box::new(arabic),
            },
            Way {
                name: "nothing",
                apply: Box::new(|_| None),
            },
        ];
        let table = measure(&rows, &[engine], &ways);
        assert_eq!(table.len(), 1);
        let right = Right {
            unbroken: 1,
            broken: 0,
        };
        assert_eq!((table[0].rows, table[0].engines[0]), (2, right));
    }
}
