//! N-grams of a language with their probabilities: lingua's own models, counts of texts for what
//! lingua lacks, and copies as other keyboards type the same words.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use fst::{Map, Streamer};

use crate::language::letters::Letters;
use crate::language::score::LONGEST;

/// Natural logarithm of the probability of an n-gram's last letter after the ones before it.
pub type Logs = HashMap<String, f64>;

/// lingua's model of a language: an `fst::Map` from n-gram to the bits of an f64.
///
/// # Errors
/// The bytes are none.
pub fn of_lingua(bytes: Vec<u8>) -> anyhow::Result<Logs> {
    let map = Map::new(bytes).context("no model of lingua's")?;
    let mut stream = map.stream();
    let mut logs = Logs::with_capacity(map.len());
    while let Some((ngram, bits)) = stream.next() {
        let log = f64::from_bits(bits);
        ensure!(log <= 0.0, "no logarithm of a probability: {log}");
        logs.insert(std::str::from_utf8(ngram)?.to_owned(), log);
    }
    Ok(logs)
}

/// Of texts: ln((count − ½) / (count of the prefix + 1)). Longer than three letters they count when
/// seen twice. Only words to `keep` are read, so that foreign ones stay out.
pub fn of_texts<'a>(texts: impl Iterator<Item = &'a str>, keep: impl Fn(&[char]) -> bool) -> Logs {
    let mut counts: HashMap<String, f64> = HashMap::new();
    let (mut all, mut letters) = (0.0, Letters::default());
    for text in texts {
        letters.read(text);
        for word in letters.words() {
            let word = letters.of(word);
            if !keep(word) {
                continue;
            }
            all += word.len() as f64;
            for start in 0..word.len() {
                for end in start + 1..=word.len().min(start + LONGEST) {
                    *counts.entry(word[start..end].iter().collect()).or_default() += 1.0;
                }
            }
        }
    }
    let log = |ngram: &str, count: f64| {
        let before = prefix(ngram);
        let before = match before.is_empty() {
            true => all,
            false => counts.get(before).copied().unwrap_or(count),
        };
        ((count - 0.5) / (before + 1.0)).ln()
    };
    let seen = |ngram: &str, count: f64| ngram.chars().count() <= 3 || count >= 2.0;
    let kept = counts.iter().filter(|(ngram, count)| seen(ngram, **count));
    kept.map(|(ngram, count)| (ngram.clone(), log(ngram, *count)))
        .collect()
}

/// Mean logarithm of a word's letters, each after the longest run of letters before it that the
/// n-grams know; a run cut short costs a nat a letter. About −2 for words of the language.
pub fn mean_log(word: &[char], logs: &Logs) -> f64 {
    const UNKNOWN: f64 = -9.0;
    let of = |end: usize| {
        let longest = LONGEST.min(end);
        let known = (1..=longest).rev().find_map(|length| {
            let ngram: String = word[end - length..end].iter().collect();
            Some(logs.get(&ngram)? - (longest - length) as f64)
        });
        known.unwrap_or(UNKNOWN)
    };
    (1..=word.len()).map(of).sum::<f64>() / word.len().max(1) as f64
}

/// How often words come.
#[derive(Debug, Default)]
pub struct Words {
    counts: HashMap<Vec<char>, usize>,
    all: usize,
}

impl Words {
    /// Counts the words of texts.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let (mut words, mut letters) = (Self::default(), Letters::default());
        for text in texts {
            letters.read(text);
            for word in letters.words() {
                *words.counts.entry(letters.of(word).to_vec()).or_default() += 1;
                words.all += 1;
            }
        }
        words
    }

    /// Words that came twice or more, with the logarithm of their share.
    pub fn logs(&self) -> impl Iterator<Item = (&[char], f64)> {
        let all = self.all.max(1) as f64;
        let often = self.counts.iter().filter(|(_, count)| **count >= 2);
        often.map(move |(word, count)| (&word[..], ((*count as f64 - 0.5) / all).ln()))
    }

    /// Share of all words that are this one.
    pub fn share(&self, word: &[char]) -> f64 {
        *self.counts.get(word).unwrap_or(&0) as f64 / self.all.max(1) as f64
    }
}

/// The same words, typed with other letters. Where two letters become one, their probabilities add up.
pub fn retyped(logs: &Logs, retype: impl Fn(char) -> char) -> Logs {
    let mut joint: HashMap<String, f64> = HashMap::new();
    let of = joints(logs);
    let mut ngrams: Vec<_> = of.iter().collect();
    ngrams.sort_by(|a, b| a.0.cmp(b.0));
    for (ngram, log) in ngrams {
        *joint
            .entry(ngram.chars().map(&retype).collect())
            .or_default() += log.exp();
    }
    let log = |ngram: &str| {
        let before = prefix(ngram);
        let before = if before.is_empty() {
            1.0
        } else {
            *joint.get(before)?
        };
        Some((joint[ngram] / before).ln().min(0.0))
    };
    joint
        .keys()
        .filter_map(|ngram| Some((ngram.clone(), log(ngram)?)))
        .collect()
}

/// Logarithm of the probability of a whole n-gram: the sum along its prefixes.
pub fn joints(logs: &Logs) -> HashMap<&str, f64> {
    let mut joint = HashMap::with_capacity(logs.len());
    for ngram in logs.keys() {
        let ends = ngram.char_indices().map(|(at, c)| at + c.len_utf8());
        let sum: Option<f64> = ends.map(|end| logs.get(&ngram[..end])).sum();
        if let Some(sum) = sum {
            joint.insert(ngram.as_str(), sum);
        }
    }
    joint
}

fn prefix(ngram: &str) -> &str {
    let last = ngram.char_indices().next_back();
    last.map_or("", |(at, _)| &ngram[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_probabilities_of_the_last_letter() {
        let logs = of_texts(["ab ab ac"].into_iter(), |_| true);
        let close = |ngram: &str, expected: f64| (logs[ngram] - expected).abs() < 1e-9;
        assert!(close("a", (2.5f64 / 7.0).ln()));
        assert!(close("ab", (1.5f64 / 4.0).ln()));
        assert!(close("ac", (0.5f64 / 4.0).ln()));
    }

    #[test]
    fn words_of_the_language_are_likelier() {
        let logs = of_texts(
            ["the parcel was late and the box was torn"].into_iter(),
            |_| true,
        );
        let of = |word: &str| mean_log(&word.chars().collect::<Vec<_>>(), &logs);
        assert!(of("the") > of("het") && of("het") > of("xyz"));
        assert_eq!(of("zzz"), -9.0);
    }

    #[test]
    fn letters_typed_alike_add_up() {
        let logs = Logs::from([
            ("پ".into(), 0.2f64.ln()),
            ("ب".into(), 0.3f64.ln()),
            ("پا".into(), 0.5f64.ln()),
            ("با".into(), 0.1f64.ln()),
        ]);
        let typed = retyped(&logs, |c| if c == 'پ' { 'ب' } else { c });
        assert!((typed["ب"] - 0.5f64.ln()).abs() < 1e-9);
        // (0.2 · 0.5 + 0.3 · 0.1) / 0.5
        assert!((typed["با"] - 0.26f64.ln()).abs() < 1e-9);
        assert!(!typed.contains_key("پ"));
    }
}
