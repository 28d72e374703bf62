//! `sada clickhouse` as a process: its beginning, its end, what it keeps.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use sada::embedded::process::{EmbeddedClickHouse, Settings};

use crate::embedded_curl::{ENDLESS, sql};
use crate::support::{PATIENCE, SADA, engine};

#[test]
fn rows_outlive_a_kill_and_a_path_has_one_engine() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(SADA, folder.path());
    let mut first = EmbeddedClickHouse::start(&settings).unwrap();
    sql(&first, "CREATE DATABASE kept");
    sql(
        &first,
        "CREATE TABLE kept.t (a UInt32) ENGINE = MergeTree ORDER BY a",
    );
    sql(
        &first,
        "INSERT INTO kept.t SELECT number FROM numbers(1000)",
    );
    let error = EmbeddedClickHouse::start(&settings)
        .unwrap_err()
        .to_string();
    assert!(error.contains("another process"), "{error}");
    first.kill().unwrap();
    let second = EmbeddedClickHouse::start(&settings).unwrap();
    assert_eq!(
        sql(&second, "SELECT count(), sum(a) FROM kept.t"),
        "1000\t499500\n"
    );
    let id = second.id().to_string();
    drop(second);
    assert!(
        !Command::new("kill")
            .args(["-0", &id])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let third = EmbeddedClickHouse::start(&settings).unwrap();
    assert_eq!(sql(&third, "SELECT count() FROM kept.t"), "1000\n");
}

/// Its parent holds its standard input, whose end means that the parent is gone, however it died.
#[test]
fn the_engine_ends_in_order_even_under_an_endless_query() {
    let folder = tempfile::tempdir().unwrap();
    for ask_to_end in ["SIGTERM", "end of standard input"] {
        let mut command = Command::new(SADA);
        command.arg("clickhouse").arg("--path").arg(folder.path());
        command.args(["--listen", "127.0.0.1:0", "--until-stdin-closes"]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let url = line
            .split(' ')
            .find(|w| w.starts_with("http://"))
            .unwrap()
            .to_owned();
        let mut asked = Command::new("curl")
            .args(["-sS", &url, "-d", ENDLESS])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let count = ["-sS", &url, "-d", "SELECT count() FROM system.processes"];
        while Command::new("curl").args(count).output().unwrap().stdout != b"2\n" {
            assert!(begun.elapsed() < PATIENCE, "the query does not run");
        }
        if ask_to_end == "SIGTERM" {
            Command::new("kill")
                .arg(child.id().to_string())
                .status()
                .unwrap();
        } else {
            drop(child.stdin.take());
        }
        assert!(child.wait().unwrap().success(), "{ask_to_end}");
        asked.wait().unwrap();
    }
}

#[test]
fn wrong_arguments_are_refused_with_their_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let taken = engine().address().to_string();
    let free = "127.0.0.1:0";
    for (path, listen, library, words) in [
        (
            folder.path(),
            free,
            Some("/nowhere/libchdb.so"),
            ["/nowhere/libchdb.so", "make libchdb"],
        ),
        (
            folder.path(),
            "0.0.0.0:0",
            None,
            ["no users", "--allow-remote"],
        ),
        (folder.path(), &taken, None, ["in use", "--listen"]),
        (&file, free, None, ["--path", "directory"]),
    ] {
        let mut command = Command::new(SADA);
        command
            .arg("clickhouse")
            .arg("--path")
            .arg(path)
            .args(["--listen", listen]);
        if let Some(library) = library {
            command.args(["--library", library]);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }
}
