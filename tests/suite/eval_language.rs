//! `sada eval language` as a process, on sentences of our own.

use std::path::Path;
use std::process::{Command, Output};

use sada::training::broken::Break;
use serde_json::Value;

use crate::support::SADA;

/// Three reviews in each of 20 languages.
const REVIEWS: &str = include_str!("../../benches/language/reviews.tsv");

fn eval(arguments: &[&str]) -> Output {
    let mut command = Command::new(SADA);
    command.args(["eval", "language"]).args(arguments);
    command.output().unwrap()
}

fn told(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = eval(arguments);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The reviews, one wrong label, and a language that nobody knows.
fn labelled(folder: &Path) -> String {
    let file = folder.join("reviews.tsv");
    let more = "de\tThe label of this English sentence is wrong, so the answer can't be right.\n\
                tlh\tyIjatlhQo' tlhIngan Hol Dajatlh'a' naDev puS\n";
    std::fs::write(&file, format!("{REVIEWS}{more}")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn accuracy_confusions_and_calibration_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path());
    let told_json = told(&[&file, "--broken", "--json"]);
    let answer: Value = serde_json::from_str(&told_json).unwrap();
    let report = &answer["files"][0];
    assert_eq!(
        (&report["file"], &report["rows"]),
        (&"reviews".into(), &62.into())
    );
    let ours = &report["engines"][0];
    let counts = &ours["counts"];
    assert_eq!(counts["rows"], 61, "Klingon is apart");
    assert!(counts["right"].as_u64().unwrap() >= 57, "{counts}");
    assert_eq!(counts["languages"].as_array().unwrap().len(), 20);
    let wrong = counts["confusions"].as_array().unwrap();
    assert!(
        wrong
            .iter()
            .any(|c| c["label"] == "de" && c["answered"] == "en"),
        "{wrong:?}"
    );
    let in_bins = counts["bins"].as_array().unwrap().iter();
    let in_bins: u64 = in_bins.map(|bin| bin["rows"].as_u64().unwrap()).sum();
    assert_eq!(counts["answered"], in_bins);
    assert!(ours["speed"]["texts_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(report["outside"][0]["label"], "tlh");
    let broken = report["broken"].as_array().unwrap();
    let ways: Vec<_> = broken.iter().map(|b| b["way"].as_str().unwrap()).collect();
    assert_eq!(ways, Break::ALL.map(Break::name));
    for way in broken {
        // Two of the three Persian reviews have a ZWNJ.
        let rows = if way["way"] == "no ZWNJ" { 2 } else { 3 };
        assert_eq!(
            (&way["rows"], &way["engines"][0]["unbroken"]),
            (&rows.into(), &rows.into())
        );
    }
    assert!(!answer["model"].as_str().unwrap().is_empty());

    let table = told(&[&file, "--rows", "3"]);
    for part in [
        "mean of 20",
        "Confusions",
        "with confidence ≥ 0.9",
        "tlh",
        "texts/s",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    assert!(table.starts_with("reviews: 61 rows"), "{table}");
}

#[cfg(feature = "lingua")]
#[test]
fn lingua_answers_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path());
    let told_json = told(&[&file, &file, "--against", "lingua", "--json"]);
    let answer: Value = serde_json::from_str(&told_json).unwrap();
    for report in answer["files"].as_array().unwrap() {
        let engines = report["engines"].as_array().unwrap();
        let told: Vec<_> = engines
            .iter()
            .map(|e| (&e["engine"], &e["counts"]["rows"]))
            .collect();
        assert_eq!(
            told,
            [(&"ours".into(), &61.into()), (&"lingua".into(), &61.into())]
        );
        assert!(engines[1]["counts"]["right"].as_u64().unwrap() >= 57);
    }
}

#[cfg(not(feature = "lingua"))]
#[test]
fn a_build_without_lingua_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let answer = eval(&[&labelled(folder.path()), "--against", "lingua"]);
    assert_eq!(answer.status.code(), Some(2));
    let error = String::from_utf8(answer.stderr).unwrap();
    assert!(error.contains("--features lingua"), "{error}");
}

#[test]
fn a_wrong_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.tsv");
    std::fs::write(&file, "en\tgood\nno tab\n").unwrap();
    let answer = eval(&[file.to_str().unwrap()]);
    assert_eq!(answer.status.code(), Some(1));
    let error = String::from_utf8(answer.stderr).unwrap();
    assert!(
        error.contains("wrong.tsv") && error.contains("line 2"),
        "{error}"
    );
    assert_eq!(eval(&[]).status.code(), Some(2), "no file");
}

#[test]
fn the_footprint_is_within_bounds() {
    let answer: Value = serde_json::from_str(&told(&["--footprint", "--json"])).unwrap();
    let file = answer["file_bytes"].as_u64().unwrap();
    assert!(file <= 40_000_000, "{file}");
    let [median, lowest, highest] = [0, 1, 2].map(|n| answer["load_ms"][n].as_f64().unwrap());
    assert!(lowest <= median && median <= highest);
    if cfg!(target_os = "linux") {
        // What is touched is in memory, and little else.
        let resident = answer["resident_bytes"].as_u64().unwrap();
        assert!((file / 2..60_000_000).contains(&resident), "{answer}");
    }
}
