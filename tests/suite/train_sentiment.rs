//! `sada train sentiment` and `sada eval sentiment` as processes, on rows of one's own.

use std::path::Path;
use std::process::Command;

use crate::support::SADA;

/// A shop whose customers call good things `zorbig` and bad ones `fnarkly`.
fn rows(folder: &Path) -> String {
    let things = [
        "desk", "lamp", "chair", "phone", "cable", "case", "order", "app", "box", "price",
    ];
    let says = [
        "the {} is",
        "my {} was",
        "this {} is really",
        "a {} that is",
    ];
    let mut csv = String::from("id,said,mood\n");
    for (n, thing) in things.iter().enumerate() {
        for (m, say) in says.iter().enumerate() {
            let say = say.replace("{}", thing);
            csv += &format!("{n}{m}a,{say} zorbig,positive\n{n}{m}b,{say} fnarkly,Negative\n");
            csv += &format!("{n}{m}c,where do I find the {thing} {m},neutral\n");
        }
    }
    let file = folder.join("shop.csv");
    std::fs::write(&file, csv).unwrap();
    file.to_str().unwrap().to_owned()
}

fn told(arguments: &[&str]) -> String {
    let output = Command::new(SADA).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn own_words_are_learned_beside_what_the_model_knows_and_alike_on_any_threads() {
    let folder = tempfile::tempdir().unwrap();
    let csv = rows(folder.path());
    let source = ["--csv", &csv, "--text", "said", "--label", "mood"];
    let train = |name: &str, threads: &str| {
        let out = folder.path().join(name).to_str().unwrap().to_owned();
        let command = ["train", "sentiment", "--fine-tune", "--threads", threads];
        told(&[&command[..], &source, &["--out", &out]].concat());
        out
    };
    let (one, two) = (train("one.bin", "1"), train("two.bin", "2"));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    let card = std::fs::read_to_string(folder.path().join("one.md")).unwrap();
    assert!(
        card.contains("Began with the weights of sentiment-"),
        "{card}"
    );

    let measure = [
        "eval",
        "sentiment",
        "--model",
        &one,
        "--against",
        "built-in",
    ];
    let table = told(&[&measure[..], &source].concat());
    for part in [
        "macro-F1",
        "Expected calibration error",
        "Surest mistakes",
        "difference",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let line = table
        .lines()
        .rfind(|l| l.contains("mean of all sets"))
        .unwrap();
    let figures: Vec<f64> = line
        .split_whitespace()
        .filter_map(|w| w.parse().ok())
        .collect();
    let [ours, built_in, _] = figures[..] else {
        panic!("not three figures: {line}");
    };
    assert!(ours > 95.0 && built_in < 80.0, "{line}");

    // What was known is not lost.
    let clear = folder.path().join("clear.csv");
    let texts = "text,label\n\
                 Absolutely love it; great quality and fast delivery,positive\n\
                 \"Terrible, it broke after a day and nobody answers\",negative\n\
                 \"عالی بود، خیلی خوشمزه و بسته‌بندی تمیز\",positive\n\
                 \"太差了，质量垃圾，再也不买了\",negative\n";
    std::fs::write(&clear, texts).unwrap();
    let clear = clear.to_str().unwrap();
    let table = told(&["eval", "sentiment", "--csv", clear, "--model", &one]);
    assert!(
        table.contains("mean of all sets: macro-F1 100.0"),
        "{table}"
    );
}

#[test]
fn what_can_not_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let csv = rows(folder.path());
    let said = |arguments: &[&str]| {
        let command = [&["eval", "sentiment"], arguments].concat();
        let output = Command::new(SADA)
            .args(command)
            .env_remove("SADA_DATA")
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let no_model = said(&[
        "--csv", &csv, "--text", "said", "--label", "mood", "--model", &csv,
    ]);
    assert!(
        no_model.contains("this is no model of sentiment"),
        "{no_model}"
    );
    let no_column = said(&["--csv", &csv]);
    assert!(
        no_column.contains("no column `text`; there are id, said, mood"),
        "{no_column}"
    );
    assert!(said(&[]).contains("--data"));
}
