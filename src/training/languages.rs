//! Measures language identification on labelled texts: what `sada eval language` does.
//!
//! Files hold lines of label, tab, text. Every engine answers the same rows.

pub mod breaking;
pub mod calibration;
pub mod counts;
pub mod footprint;
pub mod table;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rayon::prelude::*;
use serde::Serialize;

use super::data::spread;
use super::progress;
use crate::language::classes::base;
use crate::language::{Detector, Hints, mojibake};
use breaking::{Broken, Way};
use counts::{Counts, Outside};

/// Texts that the speed is measured on, at most: lingua takes seconds for them.
const TIMED: usize = 1000;

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Language, as [`tag_of`] writes it.
    pub label: String,
    /// As it was found.
    pub text: String,
}

/// What an engine says of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Full tag; `und` for no answer.
    pub tag: &'static str,
    /// 0 to 1; 0 from an engine that has none.
    pub confidence: f32,
}

impl Answer {
    /// Whether it is what the label says. A label without a script leaves the script open: `zh` is
    /// right said `zh-Hant`, but `fa-Latn` is not right said `fa`.
    pub fn is_right(&self, label: &str) -> bool {
        self.tag == label || base(self.tag) == label
    }
}

/// Our answer, found as at work: mojibake is repaired first. But no hint is given: the text alone is
/// judged.
pub fn ours(detector: &Detector, text: &str) -> Answer {
    let repaired = mojibake::repair(text);
    let text = repaired.as_deref().unwrap_or(text);
    let language = detector.detect(text, Hints::default()).language;
    Answer {
        tag: language.tag,
        confidence: language.confidence,
    }
}

/// Whoever answers.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// For tables: `ours`, `lingua`.
    pub name: &'static str,
    /// Answers a text.
    pub detect: &'a (dyn Fn(&str) -> Answer + Sync),
    /// Whether a tag is one of its classes.
    pub has: &'a (dyn Fn(&str) -> bool + Sync),
}

/// How fast an engine is on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Texts a second.
    pub texts_per_second: f64,
    /// Seconds that all rows would take.
    pub seconds: f64,
}

/// Figures of one engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Its name.
    pub engine: &'static str,
    /// Accuracy, confusions, coverage, calibration.
    pub counts: Counts,
    /// On one thread, nothing else running.
    pub speed: Speed,
}

/// Figures of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Its name without folder and ending.
    pub file: String,
    /// Rows measured.
    pub rows: usize,
    /// Ours first, then the one that it is held against.
    pub engines: Vec<Measured>,
    /// Languages that are no class of any engine, and what ours says of them.
    pub outside: Vec<Outside>,
    /// Persian texts, unbroken and broken; empty if not asked for.
    pub broken: Vec<Broken>,
}

/// Reads a file of label, tab, text, plain or .zst; at most `most` rows of each label, evenly spread.
///
/// # Errors
/// The file can't be read, a line has no tab, or there is no line.
pub fn read(file: &Path, most: usize) -> anyhow::Result<Vec<Row>> {
    let opened = File::open(file)?;
    let zst = file.extension().is_some_and(|e| e == "zst");
    let bytes: Box<dyn Read> = match zst {
        true => Box::new(zstd::Decoder::new(opened)?),
        false => Box::new(opened),
    };
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, line) in BufReader::new(bytes).lines().enumerate() {
        let line = line.with_context(|| format!("line {}", number + 1))?;
        let parts = line.split_once('\t');
        let (label, text) =
            parts.with_context(|| format!("line {}: write label, tab, text", number + 1))?;
        texts
            .entry(tag_of(label))
            .or_default()
            .push(text.to_owned());
    }
    ensure!(!texts.is_empty(), "no line; write label, tab, text");
    let rows = texts.into_iter().flat_map(|(label, texts)| {
        let row = move |text| Row {
            label: label.clone(),
            text,
        };
        spread(texts, most).into_iter().map(row)
    });
    Ok(rows.collect())
}

/// A label as tags are written: `fa_latn` is `fa-Latn`, `pt-BR` is `pt` (no class has a region), and
/// a language of which a class is the macrolanguage (IANA Language Subtag Registry) is that class.
pub fn tag_of(label: &str) -> String {
    let mut parts = label.trim().split(['-', '_']);
    let language = parts.next().unwrap_or("").to_ascii_lowercase();
    let class = match language.as_str() {
        "acm" | "aeb" | "afb" | "ajp" | "apc" | "apd" | "arb" | "arq" | "ars" | "ary" | "arz" => {
            "ar"
        }
        "pes" | "prs" => "fa",
        "cmn" => "zh",
        "zsm" => "ms",
        "azj" => "az",
        "als" => "sq",
        "ekk" => "et",
        "khk" => "mn",
        "lvs" => "lv",
        "swh" => "sw",
        "pbt" | "pbu" | "pst" => "ps",
        other => other,
    };
    match parts.find(|part| part.len() == 4) {
        Some(script) => {
            let (first, rest) = script.split_at_checked(1).unwrap_or((script, ""));
            format!(
                "{class}-{}{}",
                first.to_ascii_uppercase(),
                rest.to_ascii_lowercase()
            )
        }
        None => class.to_owned(),
    }
}

/// Lets every engine answer every row on all cores, then times each on one.
///
/// Languages that no engine has are told apart; an engine is not blamed for those that only another
/// one has, except ours, which comes first. `ways` break the Persian texts; none, if it is empty.
pub fn measure(file: &Path, rows: &[Row], engines: &[Engine], ways: &[Way]) -> Report {
    let inside = |label: &str| engines.iter().any(|e| (e.has)(label));
    let mut measured = Vec::new();
    let mut outside = Vec::new();
    for (at, engine) in engines.iter().enumerate() {
        let answers = answers(rows, engine);
        let pairs = || rows.iter().map(|r| &*r.label).zip(answers.iter().copied());
        if at == 0 {
            outside = counts::outside(pairs().filter(|(label, _)| !inside(label)));
        }
        let blamed = |label: &str| (engine.has)(label) || (at == 0 && inside(label));
        measured.push(Measured {
            engine: engine.name,
            counts: Counts::of(pairs().filter(|(label, _)| blamed(label))),
            speed: speed(rows, engine),
        });
    }
    let broken = match ways {
        [] => Vec::new(),
        ways => breaking::measure(rows, engines, ways),
    };
    Report {
        file: stem(file),
        rows: rows.len(),
        engines: measured,
        outside,
        broken,
    }
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".zst").trim_end_matches(".tsv");
    name.to_owned()
}

/// Answers of an engine, in the order of the rows.
fn answers(rows: &[Row], engine: &Engine) -> Vec<Answer> {
    let bar = progress(engine.name, rows.len() as u64);
    let answer = |row: &Row| {
        let answer = (engine.detect)(&row.text);
        bar.inc(1);
        answer
    };
    let answers = rows.par_iter().map(answer).collect();
    bar.finish_and_clear();
    answers
}

/// Time on one thread, of texts spread over all rows; again and again until it is long enough to be
/// measured.
fn speed(rows: &[Row], engine: &Engine) -> Speed {
    let texts: Vec<&str> = rows.iter().map(|row| &*row.text).collect();
    let texts = spread(texts, TIMED);
    let bar = progress("timing on one thread", texts.len() as u64);
    let start = Instant::now();
    let mut answered = 0;
    while start.elapsed() < Duration::from_millis(300) {
        for block in texts.chunks(100) {
            for text in block {
                std::hint::black_box((engine.detect)(text));
            }
            bar.inc(block.len() as u64);
        }
        answered += texts.len();
    }
    let second = answered as f64 / start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    Speed {
        texts_per_second: second,
        seconds: rows.len() as f64 / second,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn row(label: &str, text: &str) -> Row {
        Row {
            label: label.into(),
            text: text.into(),
        }
    }

    #[test]
    fn labels_become_tags() {
        for (label, tag) in [
            ("fa", "fa"),
            ("fa_latn", "fa-Latn"),
            ("ur-LATN", "ur-Latn"),
            ("zh-hant-TW", "zh-Hant"),
            ("pt-BR", "pt"),
            ("ary", "ar"),
            ("pes_Arab", "fa-Arab"),
            (" EN ", "en"),
            ("", ""),
        ] {
            assert_eq!(tag_of(label), tag);
        }
    }

    #[test]
    fn a_label_without_a_script_leaves_it_open() {
        let says = |tag| Answer {
            tag,
            confidence: 1.0,
        };
        assert!(says("fa").is_right("fa"));
        assert!(says("zh-Hant").is_right("zh"));
        assert!(!says("zh").is_right("zh-Hant"));
        assert!(!says("fa").is_right("fa-Latn"));
        assert!(says("und").is_right("und"));
        assert!(!says("fa").is_right("fas"));
    }

    #[test]
    fn rows_of_a_label_are_spread_whatever_the_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "en\ta\nfa_latn\tb\nen\tc\tand a tab\nen\td\nen\te\n";
        let plain = folder.path().join("a.tsv");
        std::fs::write(&plain, lines).unwrap();
        let zst = folder.path().join("a.tsv.zst");
        let mut encoder = zstd::Encoder::new(File::create(&zst).unwrap(), 1).unwrap();
        encoder.write_all(lines.as_bytes()).unwrap();
        encoder.finish().unwrap();
        for file in [plain, zst] {
            let all = read(&file, usize::MAX).unwrap();
            assert_eq!(all.len(), 5);
            assert_eq!(all[1], row("en", "c\tand a tab"));
            let two = [row("en", "a"), row("en", "d"), row("fa-Latn", "b")];
            assert_eq!(read(&file, 2).unwrap(), two);
            assert_eq!(stem(&file), "a");
        }
    }

    #[test]
    fn a_line_of_another_shape_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tsv");
        std::fs::write(&file, "en\ta\nno tab here\n").unwrap();
        let error = format!("{:#}", read(&file, 9).unwrap_err());
        assert!(error.contains("line 2") && error.contains("tab"), "{error}");
        std::fs::write(&file, "").unwrap();
        assert!(read(&file, 9).is_err());
        std::fs::write(&file, b"en\t\xff\n").unwrap();
        assert!(format!("{:#}", read(&file, 9).unwrap_err()).contains("line 1"));
    }

    #[test]
    fn engines_answer_the_same_rows_and_only_what_they_have_counts() {
        let rows = [
            row("en", "x"),
            row("ckb", "x"),
            row("ckb", "y"),
            row("cv", "x"),
            row("tlh", "x"),
        ];
        let english = |_: &str| Answer {
            tag: "en",
            confidence: 0.5,
        };
        let kurdish = |_: &str| Answer {
            tag: "ckb",
            confidence: 0.95,
        };
        let ours = Engine {
            name: "ours",
            detect: &kurdish,
            has: &|tag| ["en", "ckb"].contains(&tag),
        };
        let other = Engine {
            name: "other",
            detect: &english,
            has: &|tag| ["en", "cv"].contains(&tag),
        };
        let report = measure(Path::new("d/t.tsv.zst"), &rows, &[ours, other], &[]);
        assert_eq!((&*report.file, report.rows), ("t", 5));
        // Ours is blamed for Chuvash, which the other has; the other is not for Sorani.
        let counted = |at: usize| {
            (
                report.engines[at].counts.right,
                report.engines[at].counts.rows,
            )
        };
        assert_eq!((counted(0), counted(1)), ((2, 4), (1, 2)));
        assert_eq!(report.outside.len(), 1);
        assert_eq!(
            (&*report.outside[0].label, report.outside[0].unsure),
            ("tlh", 0)
        );
        assert!(
            report
                .engines
                .iter()
                .all(|e| e.speed.texts_per_second > 0.0)
        );
    }
}
