//! The embedded ClickHouse engine, used by Python's clickhouse-connect and SQLAlchemy and by Java's
//! JDBC driver.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::embedded_curl::database;
use crate::support::engine;

/// A path below the cache folder, which `make` fills.
fn cached(path: &str, target: &str) -> PathBuf {
    let path = sada::embedded::clickhouse::library::cache_folder().join(path);
    assert!(
        path.exists(),
        "{} is not there: run `make {target}` once",
        path.display()
    );
    path
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}");
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

#[test]
fn python_reads_and_writes() {
    database("python");
    let port = engine().address().port().to_string();
    succeeds(
        Command::new(cached("clients/python/bin/python", "clients"))
            .arg(program("client.py"))
            .args([&port, "python"]),
    );
}

#[test]
fn java_reads_and_writes() {
    database("jdbc");
    let port = engine().address().port().to_string();
    succeeds(
        Command::new("java")
            .arg("-cp")
            .arg(cached("clients/jdbc", "clients").join("*"))
            .arg(program("Client.java"))
            .args([&port, "jdbc"]),
    );
}
