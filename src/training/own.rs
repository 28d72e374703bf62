//! Rows of one's own: a CSV file whose columns are named.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::data::{Row, Set, gold_of};

/// A CSV file with a header line.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvFile {
    /// The file.
    pub path: PathBuf,
    /// Name of the column with the texts.
    pub text: String,
    /// Name of the column with the labels: negative, neutral, positive, or neg, neu, pos, in any
    /// case. Rows with another label are left out.
    pub label: String,
}

impl CsvFile {
    /// Reads the usable rows as one set, named after the file.
    ///
    /// # Errors
    /// The file can't be read, lacks a column, holds a broken line, or no usable row.
    pub fn read(&self) -> anyhow::Result<Set> {
        let place = || self.path.display().to_string();
        let mut reader = csv::Reader::from_path(&self.path).with_context(place)?;
        let header = reader.headers().with_context(place)?.clone();
        let column = |name: &str| {
            header
                .iter()
                .position(|h| h.trim() == name)
                .with_context(|| {
                    let there: Vec<&str> = header.iter().collect();
                    format!(
                        "{}: no column `{name}`; there are {}",
                        place(),
                        there.join(", ")
                    )
                })
        };
        let (text, label) = (column(&self.text)?, column(&self.label)?);
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.with_context(place)?;
            let gold = record
                .get(label)
                .and_then(|l| gold_of(&l.trim().to_lowercase()));
            if let (Some(text), Some(gold)) = (record.get(text), gold) {
                rows.push(Row {
                    text: text.to_owned(),
                    gold,
                });
            }
        }
        if rows.is_empty() {
            bail!(
                "{}: no row whose `{}` is negative, neutral or positive",
                place(),
                self.label
            );
        }
        Ok(Set {
            language: "all".into(),
            name: name(&self.path),
            rows,
        })
    }
}

fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> (tempfile::TempDir, CsvFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tickets.csv");
        std::fs::write(&path, content).unwrap();
        let file = CsvFile {
            path,
            text: "what".into(),
            label: "mood".into(),
        };
        (folder, file)
    }

    #[test]
    fn columns_are_found_by_name_and_other_labels_left_out() {
        let (_folder, file) = file(
            "id,mood,what\n1,Positive,\"good, really\"\n2,angry,x\n3, neg ,bad\n4,neutral,so\n",
        );
        let set = file.read().unwrap();
        assert_eq!(set.name, "tickets");
        let rows: Vec<_> = set.rows.iter().map(|r| (&*r.text, r.gold)).collect();
        assert_eq!(rows, [("good, really", 2), ("bad", 0), ("so", 1)]);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (content, said) in [
            ("id,text\n1,a\n", "no column `what`; there are id, text"),
            ("what,mood\na,angry\n", "no row whose `mood`"),
            ("what,mood\na\n", "tickets.csv"),
        ] {
            let (_folder, file) = file(content);
            let error = format!("{:#}", file.read().unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
