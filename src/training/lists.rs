//! Labelled lists of our own or of a user: what `sada eval topics` and its like measure on.
//!
//! A list is a file of lines with three columns between tabs: `train`, `dev` or `test` · labels, separated by
//! spaces, `-` for none · text. A line that begins with `#` is a comment, an empty one is skipped.
//! What a label means is said by whoever measures.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use rayon::prelude::*;

use super::data::Role;
use super::progress;

pub mod counts;
pub mod intents;
mod marked;
pub mod privacy;
pub mod topics;

pub use counts::Counts;

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In the order of the list, each once; empty for `-`.
    pub labels: Vec<String>,
    /// As it stands there.
    pub text: String,
    /// Number of its line, from 1.
    pub line: usize,
}

/// One split of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Name of its file without folder and ending.
    pub name: String,
    /// In the order of the file.
    pub rows: Vec<Row>,
}

impl List {
    /// See [`read`].
    ///
    /// # Errors
    /// See [`read`].
    pub fn read(path: &Path, split: Role) -> anyhow::Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            rows: read(path, split)?,
        })
    }

    /// Judges every row on all cores; answers in the order of the rows.
    ///
    /// # Errors
    /// A row can't be judged: the error says the line of the first one.
    fn judged<J: Send>(
        &self,
        what: &'static str,
        judge: impl Fn(&Row) -> anyhow::Result<J> + Sync,
    ) -> anyhow::Result<Vec<J>> {
        let bar = progress(what, self.rows.len() as u64);
        let judge = |row: &Row| {
            bar.inc(1);
            judge(row).with_context(|| format!("line {}", row.line))
        };
        let judged: Vec<_> = self.rows.par_iter().map(judge).collect();
        bar.finish_and_clear();
        judged.into_iter().collect()
    }
}

/// The texts to fit on that the lists of a folder hold (`en.tsv`), in the order of their names.
///
/// # Errors
/// See [`read`]; the folder can't be read.
pub fn in_folder(folder: &Path) -> anyhow::Result<Vec<List>> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.with_context(|| format!("can't read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "tsv"));
    ensure!(
        !files.is_empty(),
        "{} has no list; write one a language, such as en.tsv",
        folder.display()
    );
    files.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));
    let lists = files.iter().map(|file| List::read(file, Role::Train));
    lists.collect()
}

/// A text that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Name of its list.
    pub list: String,
    /// Number of its line, from 1.
    pub line: usize,
    /// The text as it stands there.
    pub text: String,
    /// How it went wrong; never empty.
    pub faults: Vec<Fault>,
}

/// One thing that went wrong in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The way: `missed`, `too much`.
    pub way: &'static str,
    /// The label that it is about.
    pub label: String,
    /// Words of the text that it rests on; empty for none.
    pub words: String,
}

/// Reads the rows of one split of a list. Rows of the others are checked all the same.
///
/// # Errors
/// The file can't be read, a line has another shape, or the split has no row; with file and line.
pub fn read(path: &Path, split: Role) -> anyhow::Result<Vec<Row>> {
    read_rows(path, split).with_context(|| path.display().to_string())
}

fn read_rows(path: &Path, split: Role) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (at, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let number = at + 1;
        let parsed = line.map_err(anyhow::Error::from).and_then(|l| parse(&l));
        let parsed = parsed.with_context(|| format!("line {number}"))?;
        if let Some((role, labels, text)) = parsed
            && role == split
        {
            rows.push(Row {
                labels,
                text,
                line: number,
            });
        }
    }
    ensure!(!rows.is_empty(), "no line begins with {}", split.name());
    Ok(rows)
}

/// Columns of a line; none for one that is no row.
fn parse(line: &str) -> anyhow::Result<Option<(Role, Vec<String>, String)>> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let columns: Vec<&str> = line.split('\t').collect();
    let [split, labels, text] = columns[..] else {
        bail!(
            "{} columns; write train, dev or test, tab, labels, tab, text",
            columns.len()
        );
    };
    let role = [Role::Train, Role::Dev, Role::Test]
        .into_iter()
        .find(|role| role.name() == split);
    let role = role.with_context(|| format!("{split:?} is neither train, dev nor test"))?;
    ensure!(!text.trim().is_empty(), "no text");
    Ok(Some((role, labels_of(labels)?, text.to_owned())))
}

fn labels_of(column: &str) -> anyhow::Result<Vec<String>> {
    if column == "-" {
        return Ok(Vec::new());
    }
    let mut labels: Vec<String> = Vec::new();
    for label in column.split(' ') {
        ensure!(
            !label.is_empty() && label != "-",
            "{column:?} are no labels; write them with one space between, or - for none"
        );
        ensure!(
            labels.iter().all(|known| known != label),
            "{label} stands there twice"
        );
        labels.push(label.to_owned());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of labels and texts, from line 1 on.
    pub fn labelled(name: &str, rows: &[(&str, &str)]) -> List {
        let rows = rows.iter().enumerate().map(|(at, (labels, text))| Row {
            labels: labels.split_whitespace().map(str::to_owned).collect(),
            text: (*text).to_owned(),
            line: at + 1,
        });
        List {
            name: name.to_owned(),
            rows: rows.collect(),
        }
    }

    fn list(lines: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("en.tsv");
        std::fs::write(&file, lines).unwrap();
        (folder, file)
    }

    #[test]
    fn rows_of_a_split_are_read_with_their_lines() {
        let lines = "# a list\n\ndev\ta b:c\tfirst text\r\ntest\t-\tsecond\ndev\t-\t # third\n";
        let (_folder, file) = list(lines);
        let row = |labels: &[&str], text: &str, line| Row {
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            text: text.to_owned(),
            line,
        };
        let dev = [row(&["a", "b:c"], "first text", 3), row(&[], " # third", 5)];
        assert_eq!(read(&file, Role::Dev).unwrap(), dev);
        assert_eq!(read(&file, Role::Test).unwrap(), [row(&[], "second", 4)]);
    }

    #[test]
    fn a_fault_is_told_with_file_and_line() {
        for (line, told) in [
            ("dev\tonly two", "2 columns"),
            ("dev\ta\ttext\twith a tab", "4 columns"),
            ("learn\ta\ttext", "neither train, dev nor test"),
            ("dev\t\ttext", "no labels"),
            ("dev\ta  b\ttext", "no labels"),
            ("dev\ta -\ttext", "no labels"),
            ("dev\ta b a\ttext", "a stands there twice"),
            ("dev\ta\t ", "no text"),
            // Of the other split, too.
            ("test\ta", "2 columns"),
        ] {
            let (_folder, file) = list(&format!("dev\t-\tfine\n{line}\n"));
            let error = format!("{:#}", read(&file, Role::Dev).unwrap_err());
            assert!(error.contains("en.tsv: line 2: "), "{error}");
            assert!(error.contains(told), "{error}");
        }
        let (folder, file) = list("dev\t-\tfine\n");
        std::fs::write(&file, b"dev\t-\t\xff\n").unwrap();
        let error = format!("{:#}", read(&file, Role::Dev).unwrap_err());
        assert!(error.contains("en.tsv: line 1"), "{error}");
        let error = read(&folder.path().join("none.tsv"), Role::Dev);
        assert!(format!("{:#}", error.unwrap_err()).contains("none.tsv"));
    }

    #[test]
    fn a_list_without_rows_of_the_split_is_a_fault() {
        let (_folder, file) = list("# empty\ndev\t-\tfine\n");
        let error = format!("{:#}", read(&file, Role::Test).unwrap_err());
        assert!(error.contains("no line begins with test"), "{error}");
    }
}
