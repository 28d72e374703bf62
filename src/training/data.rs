//! Labelled sets: reading, leaving out, and keeping train and dev apart.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rayon::prelude::*;
use serde::Deserialize;
use xxhash_rust::xxh64::xxh64;

/// Sets whose licence forbids commercial use: weights fitted on them could not be passed on.
pub const NON_COMMERCIAL: [&str; 3] = ["masc-main", "masc-political", "masc-software"];

/// Sets that are labelled by topic only.
pub const TOPICS_ONLY: [&str; 3] = ["banking77", "bitext-support", "clinc150"];

/// What a set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To fit on.
    Train,
    /// To choose on.
    Dev,
    /// To report on.
    Test,
}

impl Role {
    /// Name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Role::Train => "train",
            Role::Dev => "dev",
            Role::Test => "test",
        }
    }
}

/// A labelled text.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<G = u8> {
    /// As it was found.
    pub text: String,
    /// What is right; of sentiment 0 negative, 1 neutral, 2 positive.
    pub gold: G,
}

/// The usable rows of one file.
#[derive(Debug, Clone)]
pub struct Set<G = u8> {
    /// Folder: a BCP-47 tag (`fa`, `hi-Latn`).
    pub language: String,
    /// File without its ending.
    pub name: String,
    /// Rows with a label; of sentiment those that are negative, neutral or positive.
    pub rows: Vec<Row<G>>,
}

impl Set {
    /// Rows by label.
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for row in &self.rows {
            counts[usize::from(row.gold)] += 1;
        }
        counts
    }
}

impl<G> Set<G> {
    /// The same set with at most `most` rows, evenly spread.
    pub fn spread(mut self, most: usize) -> Self {
        self.rows = spread(self.rows, most);
        self
    }
}

/// Fewer than 4 in 1,000 rows are neutral.
pub fn two_classes(counts: [usize; 3]) -> bool {
    counts[1] * 1000 < 4 * counts.iter().sum::<usize>()
}

/// A folder with `feedback/{train,dev,test}`.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Rows to fit on and rows to choose on, of the sets that `sets` reads of a role. A folder of one's own
    /// may lack dev.
    ///
    /// # Errors
    /// They can't be read.
    pub fn to_fit<G: Sync>(
        &self,
        sets: impl Fn(Role) -> anyhow::Result<Vec<Set<G>>>,
    ) -> anyhow::Result<Split<G>> {
        let dev = match self.0.join("feedback").join(Role::Dev.name()).is_dir() {
            true => sets(Role::Dev)?,
            false => Vec::new(),
        };
        Ok(split(sets(Role::Train)?, dev))
    }

    /// Reads all usable sets of a role in the order of their names, at most `rows` usable rows of each,
    /// evenly spread.
    ///
    /// # Errors
    /// The folder or a file can't be read, a line has another shape, or nothing usable was found.
    pub fn sets(&self, role: Role, rows: usize) -> anyhow::Result<Vec<Set>> {
        let usable = |name: &str| !TOPICS_ONLY.contains(&name);
        let gold = |_: &str, line: &Line| line.label.as_deref().and_then(gold_of);
        let sets = self.sets_of(role, usable, gold)?;
        Ok(sets.into_iter().map(|set| set.spread(rows)).collect())
    }

    /// Reads the rows of a role for which `gold` tells what is right, given the name of their set, in
    /// the order of the names of the sets; only of sets that are `usable` and not barred from commercial use.
    ///
    /// # Errors
    /// The folder or a file can't be read, a line has another shape, or nothing usable was found.
    pub fn sets_of<G: Send>(
        &self,
        role: Role,
        usable: impl Fn(&str) -> bool,
        gold: impl Fn(&str, &Line) -> Option<G> + Sync,
    ) -> anyhow::Result<Vec<Set<G>>> {
        let folder = self.0.join("feedback").join(role.name());
        let mut files = Vec::new();
        for language in children(&folder)? {
            for file in children(&language)? {
                let name = stem(&file);
                let usable = usable(name) && !NON_COMMERCIAL.contains(&name);
                if file.to_string_lossy().ends_with(".jsonl.zst") && usable {
                    files.push(file);
                }
            }
        }
        let sets: Vec<Set<G>> = files
            .par_iter()
            .map(|f| read(f, &gold).with_context(|| f.display().to_string()))
            .collect::<anyhow::Result<_>>()?;
        let sets: Vec<_> = sets.into_iter().filter(|s| !s.rows.is_empty()).collect();
        if sets.is_empty() {
            bail!("no set with labelled texts in {}", folder.display());
        }
        Ok(sets)
    }
}

fn children(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| {
        format!(
            "can't read {}; --data (or SADA_DATA) names the folder that holds feedback/",
            folder.display()
        )
    })?;
    let mut paths = entries
        .map(|e| Ok(e?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(file: &Path) -> &str {
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("");
    name.split('.').next().unwrap_or("")
}

/// A line of a set.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Its label, in the set's own words.
    pub label: Option<String>,
    /// Categories that it tells of, in the set's own words.
    #[serde(default)]
    pub topics: Option<Vec<String>>,
}

fn read<G>(file: &Path, gold: impl Fn(&str, &Line) -> Option<G>) -> anyhow::Result<Set<G>> {
    let lines = BufReader::new(zstd::Decoder::new(File::open(file)?)?).lines();
    let name = stem(file).to_owned();
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate() {
        let line: Line =
            serde_json::from_str(&line?).with_context(|| format!("line {}", number + 1))?;
        let Some(gold) = gold(&name, &line) else {
            continue;
        };
        rows.push(Row {
            text: line.text,
            gold,
        });
    }
    let language = file.parent().and_then(Path::file_name);
    Ok(Set {
        language: language.unwrap_or_default().to_string_lossy().into_owned(),
        name,
        rows,
    })
}

/// 0 negative, 1 neutral, 2 positive, if a label is one of them.
pub fn gold_of(label: &str) -> Option<u8> {
    match label {
        "neg" | "negative" => Some(0),
        "neu" | "neutral" => Some(1),
        "pos" | "positive" => Some(2),
        _ => None,
    }
}

/// At most `most` rows, evenly spread: many files are sorted by label.
pub fn spread<T>(rows: Vec<T>, most: usize) -> Vec<T> {
    let all = rows.len();
    if all <= most {
        return rows;
    }
    rows.into_iter()
        .enumerate()
        .filter(|(n, _)| n * most % all < most)
        .map(|(_, row)| row)
        .collect()
}

/// Rows to fit on and rows to choose on.
pub struct Split<G = u8> {
    /// Without rows whose text stands in dev.
    pub train: Vec<Set<G>>,
    /// Dev sets, and a tenth of each train set that has none.
    pub dev: Vec<Set<G>>,
    /// Train rows dropped because their letters and digits stand in dev.
    pub repeated: usize,
}

/// Keeps train and dev apart. A train set without a dev set gives a tenth of its rows, chosen by
/// their text.
pub fn split<G: Sync>(train: Vec<Set<G>>, mut dev: Vec<Set<G>>) -> Split<G> {
    let mut fitted = Vec::new();
    for mut set in train {
        let has_dev = |d: &Set<G>| (&d.language, &d.name) == (&set.language, &set.name);
        if !dev.iter().any(has_dev) {
            let held = |row: &Row<G>| xxh64(row.text.as_bytes(), 0).is_multiple_of(10);
            let (rows, kept): (Vec<_>, Vec<_>) = set.rows.into_iter().partition(held);
            dev.push(Set {
                language: set.language.clone(),
                name: set.name.clone(),
                rows,
            });
            set.rows = kept;
        }
        fitted.push(set);
    }
    let in_dev: HashSet<u64> = dev
        .par_iter()
        .flat_map_iter(|set| set.rows.iter().map(|row| form(&row.text)))
        .collect();
    let mut repeated = 0;
    for set in &mut fitted {
        let before = set.rows.len();
        set.rows.retain(|row| !in_dev.contains(&form(&row.text)));
        repeated += before - set.rows.len();
    }
    fitted.retain(|set| !set.rows.is_empty());
    dev.retain(|set| !set.rows.is_empty());
    Split {
        train: fitted,
        dev,
        repeated,
    }
}

/// Hash of a text's letters and digits, without case.
fn form(text: &str) -> u64 {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    xxh64(plain.as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn write(folder: &Path, file: &str, lines: &str) {
        let path = folder.join("feedback").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = zstd::Encoder::new(File::create(path).unwrap(), 1).unwrap();
        encoder.write_all(lines.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }

    fn set(language: &str, name: &str, texts: &[&str]) -> Set {
        Set {
            language: language.into(),
            name: name.into(),
            rows: texts
                .iter()
                .map(|t| Row {
                    text: (*t).into(),
                    gold: 0,
                })
                .collect(),
        }
    }

    #[test]
    fn usable_rows_are_read_and_barred_sets_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let line =
            |label: &str| format!("{{\"text\":\"some text\",\"label\":{label},\"topics\":[]}}\n");
        let all = [
            "\"neg\"", "\"mix\"", "null", "\"none\"", "\"pos\"", "\"neu\"",
        ]
        .map(line)
        .concat();
        write(folder.path(), "train/fa/shop.jsonl.zst", &all);
        write(folder.path(), "train/ar/masc-main.jsonl.zst", &all);
        write(folder.path(), "train/en/banking77.jsonl.zst", &all);
        let data = Folder(folder.path().into());
        let sets = data.sets(Role::Train, usize::MAX).unwrap();
        assert_eq!(sets.len(), 1);
        assert_eq!(
            (sets[0].language.as_str(), sets[0].name.as_str()),
            ("fa", "shop")
        );
        assert_eq!(
            sets[0].rows.iter().map(|r| r.gold).collect::<Vec<_>>(),
            [0, 2, 1]
        );
        assert_eq!(data.sets(Role::Train, 2).unwrap()[0].rows.len(), 2);
        let error = format!("{:#}", data.sets(Role::Dev, 9).unwrap_err());
        assert!(error.contains("SADA_DATA"), "{error}");
        write(folder.path(), "test/fa/shop.jsonl.zst", "{\"text\": 5}\n");
        let error = format!("{:#}", data.sets(Role::Test, 9).unwrap_err());
        assert!(
            error.contains("line 1") && error.contains("shop.jsonl.zst"),
            "{error}"
        );
    }

    #[test]
    fn fewer_rows_are_spread_over_the_whole_file() {
        let texts: Vec<String> = (0..1000).map(|i| format!("{i}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for most in [1, 7, 333, 999, 1000, usize::MAX] {
            let kept = spread(set("en", "a", &texts).rows, most);
            assert_eq!(kept.len(), most.min(1000));
            let last: usize = kept[kept.len() - 1].text.parse().unwrap();
            assert!(most < 7 || last >= 850, "{most}: {last}");
        }
    }

    #[test]
    fn train_loses_what_stands_in_dev_in_any_spelling() {
        let train = vec![set("en", "a", &["Good phone!", "bad phone"])];
        let dev = vec![set("en", "a", &["x"]), set("fr", "b", &["good... PHONE"])];
        let split = split(train, dev);
        assert_eq!(split.repeated, 1);
        assert_eq!(split.train[0].rows[0].text, "bad phone");
    }

    #[test]
    fn a_set_without_dev_gives_a_tenth() {
        let texts: Vec<String> = (0..2000).map(|i| format!("text {i}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let split = split(vec![set("en", "a", &texts)], Vec::new());
        let (kept, held) = (split.train[0].rows.len(), split.dev[0].rows.len());
        assert_eq!(kept + held, 2000);
        assert!((140..260).contains(&held), "{held}");
    }
}
