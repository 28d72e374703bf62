//! `sada eval topics`, `sada eval intents` and `sada eval privacy` as processes, on short lists of our own.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::SADA;

const TOPICS_EN: &str = "# topics, for this test alone\n\
    dev\tdelivery_delay:neg\tIt came terribly late and I hate it\n\
    dev\t-\tThank you\n\
    dev\tcart_issue:neg\tMy brother plays the violin\n\
    test\tdelivery_delay:neg\tof the other split\n";

const TOPICS_FA: &str = "dev\tdelivery_packaging:pos\tبسته\u{200C}بندی خیلی عالی بود\n";

const PRIVACY: &str = "dev\tphone\tcall ⟦+98 912 345 6789⟧ or write to ⟦email|jo@example.com⟧\n\
    dev\tphone\torder 12345678 is late\n\
    dev\tphone\tmy other one is ⟦five five five⟧\n";

const INTENTS: &str = "dev\trequest urgent\tPlease call me back, it is urgent\n\
    dev\t-\tSize 42, in black\n\
    dev\tescalation emotion=anger\tI am furious\n\
    test\tquestion\tof the other split\n";

fn eval(what: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(SADA);
    command.args(["eval", what]).args(arguments);
    command.output().unwrap()
}

fn told(what: &str, arguments: &[&str]) -> String {
    let answer = eval(what, arguments);
    let error = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{error}");
    String::from_utf8(answer.stdout).unwrap()
}

fn refused(what: &str, arguments: &[&str]) -> String {
    let answer = eval(what, arguments);
    assert_eq!(answer.status.code(), Some(1));
    String::from_utf8(answer.stderr).unwrap()
}

fn list(folder: &Path, name: &str, lines: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, lines).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Cells of the lines that begin with a word.
fn lines<'a>(text: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let lines = text.lines().map(|l| l.split_whitespace().collect());
    lines
        .filter(|cells: &Vec<&str>| cells.first() == Some(&first))
        .collect()
}

#[test]
fn topics_are_measured_by_list_and_over_all() {
    let folder = tempfile::tempdir().unwrap();
    let en = list(folder.path(), "en.tsv", TOPICS_EN);
    let fa = list(folder.path(), "fa.tsv", TOPICS_FA);
    let answer = told("topics", &[&en, &fa, "--errors", "5"]);
    let en_line = [
        "en", "3", "2", "100.0", "50.0", "66.7", "100.0", "66.7", "66.7",
    ];
    assert_eq!(lines(&answer, "en"), [en_line]);
    assert_eq!(
        lines(&answer, "fa")[0][..5],
        ["fa", "1", "1", "100.0", "100.0"]
    );
    assert_eq!(
        lines(&answer, "all")[0][..5],
        ["all", "4", "3", "100.0", "66.7"]
    );
    assert_eq!(
        lines(&answer, "cart_issue")[0],
        ["cart_issue", "1", "0", "1", "0", "–", "0.0", "0.0"]
    );
    assert_eq!(lines(&answer, "en:4").len(), 1, "{answer}");
    assert!(answer.contains("missed  cart_issue:neg"), "{answer}");
    assert!(!answer.contains('\u{1b}'), "colours are for terminals");
    assert_eq!(told("topics", &[&en]).matches("en:4").count(), 0);
    let test = told("topics", &[&en, "--split", "test"]);
    assert_eq!(lines(&test, "en")[0][1], "1");
}

#[test]
fn privacy_is_measured_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let en = list(folder.path(), "en.tsv", PRIVACY);
    let answer = told("privacy", &[&en, "--errors", "5"]);
    let found = lines(&answer, "en");
    assert_eq!(
        found[0],
        [
            "en", "email", "0", "–", "1", "100.0", "0", "1", "100.0", "0", "0"
        ]
    );
    assert_eq!(
        found[1],
        [
            "en", "phone", "3", "66.7", "2", "50.0", "0", "1", "100.0", "0", "0"
        ]
    );
    assert_eq!(found[2][..3], ["en", "all", "3"]);
    assert_eq!(lines(&answer, "en:3").len(), 1, "{answer}");
    assert!(
        answer.contains("survives  phone  ⟦five five five⟧"),
        "{answer}"
    );
}

#[test]
fn intents_are_measured_by_label() {
    let folder = tempfile::tempdir().unwrap();
    let en = list(folder.path(), "en.tsv", INTENTS);
    let answer = told("intents", &[&en, "--errors", "5"]);
    assert_eq!(lines(&answer, "en")[0][..3], ["en", "3", "4"]);
    assert_eq!(lines(&answer, "request")[0][1..4], ["1", "1", "0"]);
    assert_eq!(lines(&answer, "escalation")[0][1..4], ["1", "0", "1"]);
    assert!(answer.contains("missed    escalation"), "{answer}");
    assert!(answer.contains("+cues-"), "{answer}");
}

#[test]
fn a_wrong_line_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    for (what, lines, part) in [
        ("topics", "dev\t-\tfine\ndev\tx\n", "2 columns"),
        ("topics", "dev\t-\tfine\ndev\tx:neg\tlate\n", "no topic x"),
        (
            "intents",
            "dev\t-\tfine\ndev\tangry\tx\n",
            "angry is no label",
        ),
        ("privacy", "dev\tip\tfine\ndev\tip\t⟦1\n", "without ⟧"),
    ] {
        let error = refused(what, &[&list(folder.path(), "wrong.tsv", lines)]);
        assert!(error.contains("wrong.tsv: line 2: "), "{error}");
        assert!(error.contains(part), "{error}");
    }
    assert!(refused("topics", &[]).contains("at least one FILE"));
}
