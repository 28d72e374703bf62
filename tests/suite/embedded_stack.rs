//! `sada run --embedded` when its engine dies, and how the engine starts in odd surroundings.

use std::process::{Command, Stdio};
use std::time::Instant;

use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;

use crate::support::{PATIENCE, SADA};

/// Process id of the engine that listens for this folder: the child of the pipeline.
fn engine_of(pipeline: u32) -> String {
    let children = format!("/proc/{pipeline}/task/{pipeline}/children");
    std::fs::read_to_string(children)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[test]
fn a_dead_engine_ends_the_pipeline_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut pipeline = Command::new(SADA)
        .args(["run", "--port", "0", "--embedded"])
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let begun = Instant::now();
    while !said().contains("pipeline started") {
        assert!(
            begun.elapsed() < PATIENCE && pipeline.try_wait().unwrap().is_none(),
            "{}",
            said()
        );
        std::thread::yield_now();
    }
    let engine = engine_of(pipeline.id());
    assert!(
        Command::new("kill")
            .args(["-9", &engine])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(pipeline.wait().unwrap().code(), Some(1), "{}", said());
    assert!(
        said().contains("the embedded ClickHouse engine ended"),
        "{}",
        said()
    );
}

#[test]
fn a_folder_that_another_process_holds_is_refused_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(SADA, folder.path().join("clickhouse"));
    let _engine = EmbeddedClickHouse::start(&settings).unwrap();
    for command in [
        &["run", "--port", "0", "--embedded"][..],
        &["demo", "--once", "--path"],
    ] {
        let answer = Command::new(SADA)
            .args(command)
            .arg(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert_eq!(answer.status.code(), Some(2), "{said}");
        assert!(
            said.contains("another process (PID: ") && said.contains("mend: end it"),
            "{said}"
        );
        assert!(!said.contains("Exception"), "{said}");
    }
}

/// The engine's library reads past the environment when it is loaded: its size must not matter.
#[test]
fn the_engine_starts_whatever_the_size_of_the_environment() {
    for length in (0..64).step_by(7) {
        let folder = tempfile::tempdir().unwrap();
        let answer = Command::new(SADA)
            .args([
                "clickhouse",
                "--listen",
                "127.0.0.1:0",
                "--until-stdin-closes",
                "--path",
            ])
            .arg(folder.path())
            .env("SADA_TEST_PADDING", "x".repeat(length))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(
            answer.status.success() && said.contains("ClickHouse 2"),
            "{length}: {said}"
        );
    }
}
