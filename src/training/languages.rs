//! Measures language identification on labelled texts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use comfy_table::{CellAlignment, Table, presets};
use rayon::prelude::*;

use super::evaluation::percent;
use super::progress;
use crate::enrich::language::Detector;

/// Right answers and rows, by language.
type Counts = BTreeMap<String, (usize, usize)>;

/// Measures every `*.tsv.zst` (label, tab, text) of a folder, at most `rows` rows of a language
/// each. Labels that lingua has no model of are left out. Returns a table.
///
/// # Errors
/// The folder or a file can't be read.
pub fn measure(folder: &Path, rows: usize) -> anyhow::Result<String> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{}: no such folder in --data", folder.display()))?;
    let mut files = entries
        .map(|e| Ok(e?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    let detector = Detector::new();
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["file", "accuracy", "mean of languages", "lowest", "rows"]);
    for file in files
        .iter()
        .filter(|f| f.to_string_lossy().ends_with(".tsv.zst"))
    {
        let texts = read(file, rows).with_context(|| file.display().to_string())?;
        if !texts.is_empty() {
            table.add_row(row(file, &answers(&detector, &texts)));
        }
    }
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(format!("{table}\n"))
}

fn read(file: &Path, most: usize) -> anyhow::Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in BufReader::new(zstd::Decoder::new(File::open(file)?)?).lines() {
        let line = line?;
        let Some((label, text)) = line.split_once('\t') else {
            continue;
        };
        let count = seen.entry(label.to_owned()).or_default();
        *count += 1;
        if *count <= most && label.parse::<lingua::IsoCode639_1>().is_ok() {
            texts.push((label.to_owned(), text.to_owned()));
        }
    }
    Ok(texts)
}

fn answers(detector: &Detector, texts: &[(String, String)]) -> Counts {
    let bar = progress("detecting languages", texts.len() as u64);
    let right: Vec<bool> = texts
        .par_iter()
        .map(|(label, text)| {
            bar.inc(1);
            detector.detect(text).0.base == *label
        })
        .collect();
    bar.finish_and_clear();
    let mut counts = Counts::new();
    for ((label, _), right) in texts.iter().zip(right) {
        let count = counts.entry(label.clone()).or_default();
        count.0 += usize::from(right);
        count.1 += 1;
    }
    counts
}

fn row(file: &Path, counts: &Counts) -> [String; 5] {
    let share = |(right, rows): (usize, usize)| right as f64 / rows.max(1) as f64;
    let sum = counts.values().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let shares = counts.iter().map(|(l, c)| (share(*c), l));
    let mean = shares.clone().map(|s| s.0).sum::<f64>() / counts.len().max(1) as f64;
    let lowest = shares.min_by(|a, b| a.0.total_cmp(&b.0));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [
        name.trim_end_matches(".tsv.zst").to_owned(),
        percent(share(sum)),
        percent(mean),
        lowest.map_or(String::new(), |(share, l)| {
            format!("{l} {}", percent(share))
        }),
        sum.1.to_string(),
    ]
}
