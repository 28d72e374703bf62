//! `sada tag --explain` as a process.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::SADA;

fn explained(lines: &str) -> String {
    let mut command = Command::new(SADA);
    let command = command.args(["tag", "--explain"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_text_is_told_with_what_was_found_in_it() {
    let lines = "بسته خیلی دیر رسید، شماره من ۰۹۱۲۳۴۵۶۷۸۹ است\n\
        {\"id\": 7, \"text\": \"It came late\"}\n";
    let told = explained(lines);
    let (persian, english) = told.split_once("line 2\n").unwrap();
    for part in [
        "line 1\n  \u{2068}بسته خیلی دیر رسید، شماره من [phone] است\u{2069}\n\n",
        "  language   fa, confidence 0.",
        "  sentiment  ",
        "  topics     ",
        "⟦",
        "  redacted   phone 1\n",
    ] {
        assert!(persian.contains(part), "{part} in\n{persian}");
    }
    assert!(english.starts_with("  It came late\n\n"), "{english}");
    assert!(
        english.contains("delivery_delay") && english.contains("⟦late⟧"),
        "{english}"
    );
    assert!(!english.contains("redacted"), "{english}");
    assert!(!told.contains('\u{1b}'), "colours are for terminals");
}
