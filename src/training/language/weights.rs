//! Weights of the scores, fitted on texts that the n-grams have not seen: one for each length of
//! n-gram, two numbers for each class. A multinomial logistic regression, every language of every
//! set weighing the same; the same rows give the same weights, whatever the number of threads.

use std::collections::HashMap;

use rayon::prelude::*;

use super::super::progress;
use super::rows::Row;
use super::table::Said;
use crate::language::chars::is_kana;
use crate::language::classes::{Script, class};
use crate::language::letters::Letters;
use crate::language::model::{START, hash};
use crate::language::score::{KINDS, LONGEST, word_hash};

/// Scores are divided by letters to this power.
pub const POWER: f32 = 0.5;
const ROUNDS: i32 = 300;
/// Pull of the classes' numbers to 0.
const PULL: f32 = 0.002;
const CHUNK: usize = 512;

/// What was fitted.
#[derive(Debug, Clone, Default)]
pub struct Fitted {
    /// Weight of the values of n-grams of each length, and of words.
    pub lengths: [f32; KINDS],
    /// Added to a class's score once, by tag.
    pub once: HashMap<&'static str, f32>,
    /// Added for each letter.
    pub each: HashMap<&'static str, f32>,
}

/// Sums of values of one text by length of n-gram, for each class of its script.
struct Example {
    gold: usize,
    letters: f32,
    /// Share of the whole that this text is.
    weight: f32,
    classes: Vec<(usize, [f32; KINDS])>,
}

/// N-grams by hash.
pub struct Values<'a> {
    places: HashMap<u64, std::ops::Range<u32>>,
    said: &'a [Said],
}

impl<'a> Values<'a> {
    /// The n-grams of all columns, sorted by hash.
    pub fn new(said: &'a [Said]) -> Self {
        let mut places = HashMap::new();
        let mut at = 0u32;
        for group in said.chunk_by(|a, b| a.hash == b.hash) {
            let end = at + group.len() as u32;
            places.insert(group[0].hash, at..end);
            at = end;
        }
        Self { places, said }
    }

    /// Where the values of an n-gram are, if it has any.
    pub fn place(&self, hash: u64) -> Option<std::ops::Range<u32>> {
        self.places.get(&hash).cloned()
    }

    fn of(&self, hash: u64) -> &[Said] {
        match self.places.get(&hash) {
            Some(place) => &self.said[place.start as usize..place.end as usize],
            None => &[],
        }
    }
}

/// Fits. `columns`: tag of each.
pub fn fit(rows: &[Row], values: &Values, columns: &[&'static str]) -> Fitted {
    let mut classes: Vec<&'static str> = columns.to_vec();
    classes.dedup();
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for row in rows {
        *counts
            .entry((row.tag.as_deref().unwrap_or(""), row.set))
            .or_default() += 1;
    }
    let read = |row: &Row| example(row, values, columns, &classes, &counts);
    let examples: Vec<Example> = rows.par_iter().filter_map(read).collect();

    let count = KINDS + 2 * classes.len();
    let mut numbers = vec![0.0f32; count];
    numbers[..KINDS].fill(0.3);
    let (mut mean, mut square) = (vec![0.0f32; count], vec![0.0f32; count]);
    let bar = progress("fitting weights", ROUNDS.unsigned_abs().into());
    for round in 1..=ROUNDS {
        bar.inc(1);
        let parts: Vec<Vec<f32>> = examples
            .par_chunks(CHUNK)
            .map(|chunk| slope(chunk, &numbers, classes.len()))
            .collect();
        for at in 0..count {
            // Adam.
            let slope: f32 = parts.iter().map(|part| part[at]).sum();
            let pull = if at < KINDS { 0.0 } else { PULL * numbers[at] };
            let slope = slope / 100.0 + pull;
            mean[at] = 0.9 * mean[at] + 0.1 * slope;
            square[at] = 0.999 * square[at] + 0.001 * slope * slope;
            let rate = if at < KINDS + classes.len() {
                0.03
            } else {
                0.005
            };
            let mean = mean[at] / (1.0 - 0.9f32.powi(round));
            let square = square[at] / (1.0 - 0.999f32.powi(round));
            numbers[at] -= rate * mean / (square.sqrt() + 1e-8);
        }
    }
    bar.finish_and_clear();
    let of = |from: usize| {
        classes
            .iter()
            .copied()
            .zip(numbers[from..].iter().copied())
            .collect()
    };
    let mut lengths = [0.0; KINDS];
    lengths.copy_from_slice(&numbers[..KINDS]);
    Fitted {
        lengths: lengths.map(|weight| weight.max(0.0)),
        once: of(KINDS),
        each: of(KINDS + classes.len()),
    }
}

fn example(
    row: &Row,
    values: &Values,
    columns: &[&'static str],
    classes: &[&'static str],
    counts: &HashMap<(&str, &str), usize>,
) -> Option<Example> {
    let tag = row.tag.as_deref()?;
    let mut letters = Letters::default();
    letters.read(&row.text);
    let script = letters.script()?;
    // The answer is Japanese then, without a score.
    if letters.all().iter().any(|c| is_kana(*c)) && script == Script::Han {
        return None;
    }
    let mut sums = vec![[0.0f32; KINDS]; columns.len()];
    let mut count = 0;
    for word in letters.words().iter().filter(|word| word.script == script) {
        let word = letters.of(word);
        count += word.len();
        if script == Script::Latin {
            for said in values.of(word_hash(word)) {
                sums[usize::from(said.column)][usize::from(said.length) - 1] += said.value;
            }
        }
        for start in 0..word.len() {
            let mut before = START;
            for &letter in word[start..].iter().take(LONGEST) {
                before = hash(before, letter);
                for said in values.of(before) {
                    sums[usize::from(said.column)][usize::from(said.length) - 1] += said.value;
                }
            }
        }
    }
    let class_of = |tag: &str| classes.iter().position(|other| *other == tag);
    // A class typed in several ways: as it fits best.
    let total = |sums: &[f32; KINDS]| sums.iter().sum::<f32>();
    let mut best: HashMap<usize, [f32; KINDS]> = HashMap::new();
    for (column, sums) in columns.iter().zip(sums) {
        if script.tags().contains(column) {
            let kept = best.entry(class_of(column)?).or_insert(sums);
            if total(&sums) > total(kept) {
                *kept = sums;
            }
        }
    }
    let gold = class_of(class(tag)?.tag)?;
    let mut of_classes: Vec<_> = best.into_iter().collect();
    of_classes.sort_by_key(|(class, _)| *class);
    (of_classes.len() > 1 && of_classes.iter().any(|(class, _)| *class == gold)).then(|| Example {
        gold,
        letters: count as f32,
        weight: 1.0 / counts[&(tag, row.set)] as f32,
        classes: of_classes,
    })
}

fn slope(examples: &[Example], numbers: &[f32], classes: usize) -> Vec<f32> {
    let mut slope = vec![0.0; numbers.len()];
    let (lengths, rest) = numbers.split_at(KINDS);
    let (once, each) = rest.split_at(classes);
    for example in examples {
        let scale = example.letters.max(1.0).powf(-POWER);
        let score = |(class, sums): &(usize, [f32; KINDS])| {
            let sum: f32 = sums
                .iter()
                .zip(lengths)
                .map(|(sum, weight)| sum * weight)
                .sum();
            (sum + each[*class] * example.letters) * scale + once[*class]
        };
        let scores: Vec<f32> = example.classes.iter().map(score).collect();
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let all: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        for ((class, sums), score) in example.classes.iter().zip(scores) {
            let hit = if *class == example.gold { 1.0 } else { 0.0 };
            let off = ((score - most).exp() / all - hit) * example.weight;
            for (slope, sum) in slope.iter_mut().zip(sums) {
                *slope += off * sum * scale;
            }
            slope[KINDS + class] += off;
            slope[KINDS + classes + class] += off * example.letters * scale;
        }
    }
    slope
}
