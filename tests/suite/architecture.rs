//! Rules of the architecture that the compiler does not hold.

use std::path::{Path, PathBuf};

/// Files of a module: `src/NAME.rs` and all below `src/NAME/`.
fn files_of(module: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![src.join(module).with_extension("rs")];
    let mut folders = vec![src.join(module)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The part of a file that is compiled into the program.
fn before_tests(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned()
}

#[test]
fn the_core_does_no_io() {
    let banned = [
        "tokio",
        "rdkafka",
        "clickhouse::",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::env",
        "std::process",
        "println!",
        "crate::kafka",
        "crate::warehouse",
        "crate::commands",
        "crate::config",
        "crate::pipeline",
        "crate::embedded",
    ];
    for module in [
        "feedback", "odata", "erasure", "decode", "text", "language", "enrich", "batch",
    ] {
        for file in files_of(module) {
            let code = before_tests(&file);
            for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
                let found = banned.iter().find(|word| line.contains(**word));
                assert_eq!(found, None, "{}: {line}", file.display());
            }
        }
    }
}

/// Modules in the order of their dependencies: each may use itself and those before it.
#[test]
fn dependencies_point_one_way() {
    let layers: [&[&str]; 12] = [
        &["feedback", "ranges"],
        &["odata"],
        &["erasure"],
        &["text"],
        &["language"],
        &["enrich"],
        &["batch"],
        &["decode"],
        &["config", "telemetry", "training"],
        &["health"],
        &["pipeline"],
        &["kafka", "warehouse", "operations", "memory"],
    ];
    for (depth, layer) in layers.iter().enumerate() {
        let above: Vec<&str> = layers[depth + 1..]
            .iter()
            .flat_map(|l| l.iter().copied())
            .chain(["embedded", "commands"])
            .collect();
        for file in layer.iter().flat_map(|module| files_of(module)) {
            if !file.exists() {
                continue;
            }
            let code = before_tests(&file);
            for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
                let found = above.iter().find(|m| line.contains(&format!("crate::{m}")));
                assert_eq!(found, None, "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn files_stay_short() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        modules.push(path.file_stem().unwrap().to_string_lossy().into_owned());
    }
    for file in modules
        .iter()
        .flat_map(|m| files_of(m))
        .filter(|f| f.exists() && !f.ends_with("tests.rs"))
    {
        let lines = before_tests(&file).lines().count();
        assert!(
            lines <= 500,
            "{} has {lines} lines before its tests",
            file.display()
        );
    }
}
