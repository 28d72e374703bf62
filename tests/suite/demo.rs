//! `sada demo`: the real program with its broker, its engine and its pipeline.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Running, SADA};

const EVENTS: u64 = 120;

fn demo(folder: &Path) -> Command {
    let mut command = Command::new(SADA);
    command.arg("demo").arg("--path").arg(folder);
    command
        .args(["--port", "0", "--events", &EVENTS.to_string()])
        .stdin(Stdio::null());
    command
}

/// Numbers of the line of a table that begins with these words.
fn numbers(report: &str, heading: &str, line: &str) -> Vec<u64> {
    let section = report
        .split_once(heading)
        .unwrap_or_else(|| panic!("no {heading:?}:\n{report}"))
        .1;
    let found = section.lines().find_map(|l| l.trim().strip_prefix(line));
    let found = found.unwrap_or_else(|| panic!("no {line:?} under {heading:?}:\n{report}"));
    found
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect()
}

/// What the running demo has read is in order, until a line is taken away.
fn assert_reconciled(folder: &Path) {
    let reconcile = || {
        let output = Command::new(SADA)
            .args(["reconcile", "--json", "--embedded"])
            .arg(folder)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {errors}"));
        (output.status.code(), report)
    };
    let (code, report) = reconcile();
    assert_eq!(code, Some(0), "{report:#}");
    // O-data has topics of its own.
    let lives: Vec<&Value> = report["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["topic"] == "sada.feedback")
        .collect();
    let counted: [u64; 4] = ["rows", "dead_letters", "skipped", "lines"]
        .map(|name| lives.iter().map(|of| of[name].as_u64().unwrap()).sum());
    assert_eq!(
        counted,
        [2 * EVENTS, 14, 2, 2 * EVENTS + 16],
        "two lives of the topic: {report:#}"
    );
    let is_present = |of: &&Value| of["is_present"] == true;
    assert!(lives.iter().any(is_present) && !lives.iter().all(is_present));

    let line = lives.iter().find(|of| is_present(of)).unwrap();
    let [partition, stream] = ["partition", "stream"].map(|name| line[name].to_string());
    let address = std::fs::read(folder.join("embedded.json")).unwrap();
    let address: Value = serde_json::from_slice(&address).unwrap();
    let sql = format!(
        "ALTER TABLE sada.ingested DELETE WHERE partition = {partition} AND offset = 3 \
         AND stream = {} SETTINGS mutations_sync = 2",
        stream.replace('"', "'")
    );
    let deleted = Command::new("curl")
        .args(["-sSf", address["http"].as_str().unwrap(), "-d", &sql])
        .status()
        .unwrap();
    assert!(deleted.success());
    let (code, report) = reconcile();
    assert_eq!(
        (code, &report["totals"]["missing"]),
        (Some(1), &json!(1)),
        "{report:#}"
    );
}

#[test]
fn two_runs_in_one_folder_report_all_rows_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = demo(folder.path()).arg("--once").output().unwrap();
    let (report, log) = (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{report}\n{log}");
    assert_eq!(log, "", "a clean transcript");

    let became = "What became of the records?";
    let rows = numbers(&report, became, "row");
    assert_eq!(rows[..2], [EVENTS, EVENTS]);
    assert!(rows[2] > EVENTS, "O-data: {rows:?}");
    assert_eq!(numbers(&report, became, "dead_letter"), [7, 7, 0]);
    assert_eq!(numbers(&report, became, "skipped"), [1, 1, 0]);
    let all = numbers(&report, "by language and kind?", "all");
    let [review, survey, conversation, message, total, this_run] = all[..] else {
        panic!("{all:?}")
    };
    assert!(
        [review, survey, conversation, message]
            .iter()
            .all(|n| *n > 0),
        "{all:?}"
    );
    assert_eq!(review + survey + conversation + message, total);
    assert_eq!(total, this_run);
    what_happened_explains_what_is_said(&report);
    let nps = numbers(&report, "(NPS", "all");
    assert_eq!(
        nps[0],
        nps[1] + nps[2] + nps[3],
        "promoters, passives and detractors: {nps:?}"
    );
    assert_eq!(nps[0], survey);
    for reason in [
        "malformed_json",
        "invalid_utf8",
        "wrong_type       data.rating.value",
        "out_of_scale     data.answers[0].number",
        "unknown_kind     type",
        "nul_character    data.body",
        "time_out_of_range  data.created_at",
    ] {
        let words: Vec<_> = reason.split_whitespace().collect();
        let found = report.lines().any(|line| {
            let line: Vec<_> = line.split_whitespace().collect();
            line.starts_with(&words)
        });
        assert!(found, "no {reason:?}:\n{report}");
    }
    assert!(
        !report.contains("@example.com"),
        "personal data in the report:\n{report}"
    );

    // Without --once it stays until it is interrupted.
    let child = demo(folder.path()).stdout(Stdio::piped()).spawn();
    let mut child = Running(child.unwrap());
    let mut second = String::new();
    let mut lines = BufReader::new(child.0.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    for line in lines.by_ref() {
        second += &line;
        second += "\n";
        if line.contains("sada load reviews.jsonl") {
            break;
        }
    }
    assert!(child.0.try_wait().unwrap().is_none(), "it ended:\n{second}");
    assert_reconciled(folder.path());
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(child.wait().success());
    assert!(second.contains("curl http://127.0.0.1:"), "{second}");
    assert_eq!(numbers(&second, became, "row")[..2], [2 * EVENTS, EVENTS]);
    let all = numbers(&second, "by language and kind?", "all");
    assert_eq!(all[4..], [2 * total, total]);
}

/// Sentiment follows lateness and segment, and what came late is joined.
fn what_happened_explains_what_is_said(report: &str) {
    let repaired = report
        .lines()
        .find(|l| l.contains("rows of feedback are repaired"));
    let words = repaired.unwrap_or_else(|| panic!("nothing is repaired:\n{report}"));
    let counts: Vec<u64> = words.split(' ').filter_map(|w| w.parse().ok()).collect();
    let [changes, rows] = counts[..] else {
        panic!("{words}")
    };
    assert!(changes > 0 && rows > 0 && rows < EVENTS, "{words}");

    let late = "What do late parcels do to them?";
    let [negative_early, negative_late] =
        ["early", "later"].map(|parcel| numbers(report, late, parcel)[1]);
    assert!(negative_late > negative_early + 20, "{report}");
    let lost = "Whom do we lose?";
    let [loyal, new] = ["loyal", "new"].map(|segment| numbers(report, lost, segment)[3]);
    assert!(new > loyal, "{report}");
}
