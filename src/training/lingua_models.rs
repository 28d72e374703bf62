//! The n-gram models of lingua's 75 languages, which the language model is made from.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use lingua::Language;
use serde::Deserialize;

use super::lingua::code;

/// The n-grams of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Ngrams {
    /// ISO 639-1.
    pub language: &'static str,
    /// An `fst::Map`: n-gram of 1 to 5 letters → bits of an f64, the natural logarithm of the
    /// probability of the last letter after the ones before it.
    pub file: PathBuf,
}

impl Ngrams {
    /// Bytes of the file, for `fst::Map::new`. Up to 11 MB.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| self.file.display().to_string())
    }
}

/// Where the models of all languages lie, in the order of their codes. Cargo tells, from the
/// `Cargo.lock` that this program was built with, and fetches what lacks.
///
/// # Errors
/// The source that this program was built from is gone, there is no Cargo, or a language lacks its
/// model.
pub fn models() -> anyhow::Result<Vec<Ngrams>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let answer = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--features", "lingua", "--manifest-path", manifest])
        .output()
        .context("lingua's models are found by cargo: install it, or put it into PATH")?;
    if !answer.status.success() {
        bail!(
            "cargo can't tell where lingua's models are; run this in the folder that sada was \
             built in, by a program built there: {}",
            String::from_utf8_lossy(&answer.stderr).trim()
        );
    }
    let metadata =
        serde_json::from_slice(&answer.stdout).context("the answer of cargo metadata")?;
    of(metadata)
}

/// What is read of the answer.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

fn of(metadata: Metadata) -> anyhow::Result<Vec<Ngrams>> {
    let mut found = Vec::new();
    for package in metadata.packages {
        let name = package.name.strip_prefix("lingua-");
        let Some(name) = name.and_then(|n| n.strip_suffix("-language-model")) else {
            continue;
        };
        let language: Language = name
            .parse()
            .ok()
            .with_context(|| format!("{}: lingua has no such language", package.name))?;
        found.push(Ngrams {
            language: code(language),
            file: package.manifest_path.with_file_name("models/ngrams.fst"),
        });
    }
    found.sort_by_key(|ngrams| ngrams.language);
    found.dedup_by_key(|ngrams| ngrams.language);
    let all = Language::all().len();
    ensure!(
        found.len() == all,
        "{} of lingua's {all} models found: Cargo.lock has other crates of models than lingua",
        found.len()
    );
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_model_of_probabilities() {
        let models = models().unwrap();
        assert_eq!(models.len(), 75);
        let one = |code: &str| models.iter().find(|m| m.language == code).unwrap();
        for (language, likely, unlikely) in [("en", "the", "thx"), ("fa", "است", "اسژ")] {
            let map = fst::Map::new(one(language).read().unwrap()).unwrap();
            let log = |ngram: &str| f64::from_bits(map.get(ngram).unwrap_or_default());
            assert!(log(likely) < 0.0 && log(likely) > -3.0, "{}", log(likely));
            assert!(log(unlikely) == 0.0 || log(unlikely) < log(likely));
        }
        assert!(models.iter().all(|m| m.file.is_file()));
    }

    #[test]
    fn a_missing_model_is_told() {
        let metadata = serde_json::json!({"packages": [
            {"name": "lingua", "manifest_path": "/r/lingua/Cargo.toml"},
            {"name": "lingua-bokmal-language-model", "manifest_path": "/r/nb/Cargo.toml"},
        ]});
        let error = of(serde_json::from_value(metadata).unwrap()).unwrap_err();
        assert!(error.to_string().contains("1 of lingua's 75"), "{error}");
    }
}
