//! Makes the language model: n-grams of lingua's models and of texts in what lingua lacks, merged
//! into one table, with weights and a confidence fitted on texts set aside.

use std::path::Path;

use anyhow::{Context, ensure};
use rayon::prelude::*;

pub mod confidence;
pub mod ngrams;
pub mod rows;
pub mod table;
pub mod tune;
pub mod weights;

use super::progress;
use crate::language::classes::{Script, class};
use crate::language::confidence::Evidence;
use crate::language::letters::Letters;
use crate::language::model::{self, Column, Model, Weights};
use crate::language::{Detector, Hints};
use ngrams::{Logs, Words};
use rows::{Row, Rows};
use table::Said;
use tune::Tuned;
use weights::{Fitted, Values};

/// What decides on the size of the model, and on how it treats rare n-grams.
#[derive(Debug, Clone)]
pub struct Settings {
    /// N-grams whose ln(gain / 4 nats) is below are left out.
    pub least_gain: f64,
    /// Most bytes of the file.
    pub most_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            least_gain: -16.5,
            most_bytes: 40_000_000,
        }
    }
}

/// A model with what is known about it.
pub struct Trained {
    /// Bytes of the model file.
    pub file: Vec<u8>,
    /// N-grams in the table.
    pub ngrams: usize,
    /// N-grams that found their place taken.
    pub shadowed: usize,
    /// Weights of the scores.
    pub fitted: Fitted,
}

/// A way of typing that a class has a column for beside its own: letters of another keyboard.
struct Typed {
    tag: &'static str,
    letters: &'static [(char, char)],
    /// Nats against it: it is rarer than a text of the language that it looks like.
    rarer: f32,
}

const TYPED: [Typed; 4] = [
    Typed {
        tag: "fa",
        letters: &[('ی', 'ي'), ('ک', 'ك')],
        rarer: 1.0,
    },
    Typed {
        tag: "fa",
        letters: &[
            ('ی', 'ي'),
            ('ک', 'ك'),
            ('پ', 'ب'),
            ('چ', 'ج'),
            ('ژ', 'ز'),
            ('گ', 'ك'),
        ],
        rarer: 1.0,
    },
    Typed {
        tag: "ar",
        letters: &[('ي', 'ی'), ('ك', 'ک')],
        rarer: 1.0,
    },
    Typed {
        tag: "ur",
        letters: &[('ی', 'ي'), ('ک', 'ك'), ('ہ', 'ه'), ('ھ', 'ه')],
        rarer: 1.5,
    },
];

/// What a column of a class is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// lingua's model, or texts where lingua has none.
    Written,
    /// The same, typed with letters of another keyboard: number in [`TYPED`].
    Typed(usize),
    /// What people write to one another: lingua's models are of books and news.
    Spoken,
}

/// What romanised texts are full of, and what is not theirs: English, and French beside Arabic.
struct Foreign {
    english: Words,
    logs: Vec<Logs>,
}

/// Mean logarithm of a letter from which on a word is one of English or French.
const AT_HOME: f64 = -2.2;
/// Nats against romanised languages: most short words that could be one are not.
const ROMANISED: f32 = 0.5;

impl Foreign {
    fn new(lingua: &[(&'static str, &Path)], rows: &Rows) -> anyhow::Result<Self> {
        let logs = ["en", "fr"].map(|tag| {
            let model = lingua.iter().find(|model| model.0 == tag);
            ngrams::of_lingua(std::fs::read(model.context("lingua lacks a language")?.1)?)
        });
        Ok(Self {
            english: Words::of(rows.english.iter().map(String::as_str)),
            logs: logs.into_iter().collect::<anyhow::Result<_>>()?,
        })
    }

    /// Whether a word that comes so often in romanised texts is none of theirs.
    fn has(&self, word: &[char], share: f64) -> bool {
        let at_home = |logs| word.len() > 2 && ngrams::mean_log(word, logs) > AT_HOME;
        self.english.share(word) >= share || self.logs.iter().any(at_home)
    }
}

impl Way {
    fn rarer(self, tag: &str) -> f32 {
        match self {
            Way::Typed(at) => TYPED[at].rarer,
            _ if tag.ends_with("-Latn") => ROMANISED,
            Way::Written | Way::Spoken => 0.0,
        }
    }
}

/// lingua: of each of its languages the tag and the file of n-grams, and its answer to a text.
pub struct Lingua<'a> {
    /// Tag, file.
    pub models: &'a [(&'static str, &'a Path)],
    /// Tag of a text's language, if it has one.
    pub detect: &'a (dyn Fn(&str) -> Option<&'static str> + Sync),
}

/// Makes the model.
///
/// # Errors
/// A file can't be read, or the model becomes too big.
pub fn train(folder: &Path, lingua: &Lingua, settings: &Settings) -> anyhow::Result<Trained> {
    let rows = rows::read(folder)?;
    let columns = columns();
    let mut said = gathered(lingua.models, &rows, &columns, settings.least_gain)?;

    let tags: Vec<&'static str> = columns.iter().map(|column| column.0).collect();
    let rarer: Vec<f32> = columns.iter().map(|(tag, way)| way.rarer(tag)).collect();
    let fitted = weights::fit(&rows.fitted, &Values::new(&said), &tags);
    let of_columns = (&tags[..], &rarer[..]);
    let tuned = tune::tune(&rows.fitted, &mut said, of_columns, &fitted, lingua.detect);
    let trained = finished(said, &tags, &rows, (fitted, tuned))?;
    ensure!(
        trained.file.len() <= settings.most_bytes,
        "the model has {} bytes, {} at most: leave more out",
        trained.file.len(),
        settings.most_bytes
    );
    Ok(trained)
}

/// What the n-grams of all columns say, sorted by n-gram and column.
fn gathered(
    lingua: &[(&'static str, &Path)],
    rows: &Rows,
    columns: &[(&'static str, Way)],
    least_gain: f64,
) -> anyhow::Result<Vec<Said>> {
    let foreign = Foreign::new(lingua, rows)?;
    let bar = progress("reading n-grams", columns.len() as u64);
    let of_column = |&(tag, way): &(&'static str, Way)| -> anyhow::Result<Logs> {
        let logs = match way {
            Way::Spoken => counted(tag, rows, &foreign)?,
            _ => logs(tag, lingua, rows, &foreign)?,
        };
        bar.inc(1);
        Ok(match way {
            Way::Written | Way::Spoken => logs,
            Way::Typed(at) => {
                let letters = TYPED[at].letters;
                let other = |c| letters.iter().find(|pair| pair.0 == c).map(|pair| pair.1);
                ngrams::retyped(&logs, |c| other(c).unwrap_or(c))
            }
        })
    };
    let said = columns.par_iter().enumerate().map(|(at, column)| {
        let mut said = table::worthy(&of_column(column)?, at as u8, least_gain);
        if column.0.ends_with("-Latn") {
            let own = texts(column.0, rows);
            let words = Words::of(own.iter().copied());
            let own = words
                .logs()
                .filter(|(word, _)| !foreign.has(word, words.share(word)));
            said.extend(table::words(own, at as u8));
        }
        Ok(said)
    });
    let said: Vec<Vec<Said>> = said.collect::<anyhow::Result<_>>()?;
    bar.finish_and_clear();
    let mut said = said.concat();
    said.par_sort_unstable_by_key(|s| (s.hash, s.column));
    Ok(said)
}

/// Class and way of typing of each column, script by script.
fn columns() -> Vec<(&'static str, Way)> {
    let several = Script::ALL
        .into_iter()
        .filter(|script| script.tags().len() > 1);
    let ways = |tag: &'static str| {
        let typed = TYPED
            .iter()
            .enumerate()
            .filter(move |(_, way)| way.tag == tag);
        let typed = typed.map(|(at, _)| Way::Typed(at));
        let spoken = rows::SPOKEN.iter().any(|spoken| spoken.0 == tag);
        let spoken = spoken.then_some(Way::Spoken);
        let ways = std::iter::once(Way::Written).chain(typed).chain(spoken);
        ways.map(move |way| (tag, way))
    };
    several
        .flat_map(|script| script.tags().iter().copied().flat_map(ways))
        .collect()
}

fn logs(
    tag: &'static str,
    lingua: &[(&'static str, &Path)],
    rows: &Rows,
    foreign: &Foreign,
) -> anyhow::Result<Logs> {
    if let Some((_, file)) = lingua.iter().find(|model| model.0 == tag) {
        let bytes =
            std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
        return ngrams::of_lingua(bytes).with_context(|| file.display().to_string());
    }
    counted(tag, rows, foreign)
}

fn counted(tag: &'static str, rows: &Rows, foreign: &Foreign) -> anyhow::Result<Logs> {
    let texts = texts(tag, rows);
    ensure!(!texts.is_empty(), "there are no texts in {tag}");
    let written = |script: &&Script| script.tags().contains(&tag);
    let script = Script::ALL
        .iter()
        .find(written)
        .context("a class has a script")?;
    let of_script = |c: &char| Script::of(*c) == Some(*script) || c.is_ascii_digit();
    let own = Words::of(texts.iter().copied());
    let romanised = tag.ends_with("-Latn");
    let is_foreign = |word: &[char]| romanised && foreign.has(word, own.share(word));
    let keep = |word: &[char]| word.iter().all(of_script) && !is_foreign(word);
    Ok(ngrams::of_texts(texts.into_iter(), keep))
}

/// Texts of a class to count in.
fn texts<'a>(tag: &str, rows: &'a Rows) -> Vec<&'a str> {
    let own = |row: &&Row| row.tag.as_deref() == Some(tag);
    rows.counted
        .iter()
        .filter(own)
        .map(|row| row.text.as_str())
        .collect()
}

fn finished(
    said: Vec<Said>,
    tags: &[&'static str],
    rows: &Rows,
    (fitted, tuned): (Fitted, Tuned),
) -> anyhow::Result<Trained> {
    let step = said.iter().map(|s| s.value).fold(0.0, f32::max) / 255.0;
    let table = table::lay_out(said, step)?;
    let mut weights = Weights {
        step,
        power: weights::POWER,
        confidence: [0.0, 1.0, 0.0, 0.0],
    };
    let numbers = tuned.once.iter().zip(&tuned.each);
    let mut columns: Vec<(&str, Column)> = tags
        .iter()
        .zip(numbers)
        .map(|(tag, (&once, &each))| {
            let column = Column {
                once,
                each,
                usual: 1.0,
            };
            (*tag, column)
        })
        .collect();
    let parts = (&table.buckets[..], &table.rows[..], &table.pairs[..]);
    let file = |weights, columns: &[(&str, Column)]| model::file(parts, weights, columns);

    // What is usual in a language is seen with the weights, how sure an answer is with both.
    let detector = Detector::new(Model::read(&file(weights, &columns))?);
    let usual = usual(&detector, &rows.fitted);
    for (tag, column) in &mut columns {
        column.usual = usual
            .iter()
            .find(|(other, _)| other == tag)
            .map_or(1.0, |u| u.1);
    }
    let detector = Detector::new(Model::read(&file(weights, &columns))?);
    weights.confidence = confidence::fit(&answers(&detector, rows));
    Ok(Trained {
        file: file(weights, &columns),
        ngrams: table.ngrams,
        shadowed: table.shadowed,
        fitted,
    })
}

/// Mean score of a letter in texts of each class, of 20 letters and more.
fn usual(detector: &Detector, rows: &[Row]) -> Vec<(&'static str, f32)> {
    let of = |row: &Row| {
        let tag = class(row.tag.as_deref()?)?.tag;
        let (answer, evidence) = found(detector, &row.text)?;
        (evidence.letters >= 20 && answer == tag).then_some((tag, evidence.familiar))
    };
    let all: Vec<(&'static str, f32)> = rows.par_iter().filter_map(of).collect();
    let mut sums: Vec<(&'static str, f32, f32)> = Vec::new();
    for (tag, familiar) in all {
        match sums.iter_mut().find(|sum| sum.0 == tag) {
            Some(sum) => (sum.1, sum.2) = (sum.1 + familiar, sum.2 + 1.0),
            None => sums.push((tag, familiar, 1.0)),
        }
    }
    sums.into_iter()
        .map(|(tag, sum, count)| (tag, sum / count))
        .collect()
}

/// Evidence of answers, whether they are right, and what each weighs: each set as much as others.
fn answers(detector: &Detector, rows: &Rows) -> Vec<(Evidence, bool, f32)> {
    let rows: Vec<&Row> = rows.fitted.iter().chain(&rows.calibrated).collect();
    let count = |set: &str| rows.iter().filter(|row| row.set == set).count() as f32;
    let mut counts: Vec<(&str, f32)> = Vec::new();
    for row in &rows {
        if counts.iter().all(|(set, _)| *set != row.set) {
            counts.push((row.set, count(row.set)));
        }
    }
    let answer = |row: &&Row| {
        let (tag, evidence) = found(detector, &row.text)?;
        let right = row.tag.as_deref() == Some(tag);
        let all = counts.iter().find(|(set, _)| *set == row.set)?.1;
        Some((evidence, right, 1000.0 / all))
    };
    rows.par_iter().filter_map(answer).collect()
}

/// Answer to a text and its evidence; `None` if the script alone tells.
fn found(detector: &Detector, text: &str) -> Option<(&'static str, Evidence)> {
    let mut letters = Letters::default();
    letters.read(text);
    let script = letters.script()?;
    let words = letters.words().iter().filter(|word| word.script == script);
    let found = detector.words(&letters, script, words, Hints::default());
    let tag = match found.language.base {
        "zh" => "zh",
        _ => found.language.tag,
    };
    Some((tag, found.evidence?))
}
