//! How much the letters of a text speak for each class: the values of all its n-grams, added up.
//!
//! score = (Σ values + letters · each) / letters^power + once. The values are the weighted parts
//! max(0, floor + ln p) of lingua's n-gram models; a naive Bayes whose witnesses depend on one
//! another, hence the power. Scores of classes are nats: their softmax is the probability.

use super::classes::{Class, Script};
use super::letters::{Letters, Word};
use super::model::{DENSE, Entry, MOST_COLUMNS, Model, START, hash, prefetch};

/// Longest n-gram.
pub const LONGEST: usize = 5;
/// Kinds of evidence: n-grams of each length, and whole words.
pub const KINDS: usize = LONGEST + 1;
/// Longest word that is looked up whole.
pub const LONGEST_WORD: usize = 10;
/// Letters after which it is looked whether more are needed. 48 · 5 values of 255 fit 16 bits.
const BLOCK: usize = 48;
/// Lead, in nats, after which no more letters are needed.
const ENOUGH: f32 = 7.0;

/// Sums of one text or part.
#[derive(Debug, Clone)]
pub struct Score {
    sums: [u32; MOST_COLUMNS],
    letters: usize,
}

/// Letters at which n-grams begin, looked up side by side: each look-up is a cache line far away.
struct Block {
    /// Hashes of the n-grams.
    hashes: [u64; BLOCK],
    /// Numbers of the letters behind them, and of those behind their words.
    next: [u32; BLOCK],
    end: [u32; BLOCK],
    count: usize,
    /// Hashes of whole words.
    words: [u64; BLOCK],
    whole: usize,
    /// Sums of the first columns.
    sums: [u16; DENSE],
}

/// A class and how much speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The class.
    pub class: Class,
    /// Nats, beside those of the other candidates.
    pub score: f32,
    /// Score of a letter, as a share of what is usual in this language.
    pub familiar: f32,
}

impl Default for Score {
    fn default() -> Self {
        Self {
            sums: [0; MOST_COLUMNS],
            letters: 0,
        }
    }
}

impl Score {
    /// Letters that were read.
    pub fn letters(&self) -> usize {
        self.letters
    }

    /// Adds up words of one script, until the answer is beyond doubt.
    pub fn read<'a>(
        &mut self,
        model: &Model,
        letters: &Letters,
        script: Script,
        words: impl Iterator<Item = &'a Word>,
    ) {
        let mut block = Block {
            hashes: [0; BLOCK],
            next: [0; BLOCK],
            end: [0; BLOCK],
            count: 0,
            words: [0; BLOCK],
            whole: 0,
            sums: [0; DENSE],
        };
        for word in words {
            if script == Script::Latin && word.letters.len() <= LONGEST_WORD {
                block.words[block.whole] = word_hash(letters.of(word));
                block.whole += 1;
            }
            for start in word.letters.clone() {
                block.hashes[block.count] = START;
                block.next[block.count] = start as u32;
                block.end[block.count] = word.letters.end as u32;
                block.count += 1;
                if block.count == BLOCK {
                    self.add(model, letters.all(), &mut block);
                    if self.lead(model, script) > ENOUGH {
                        return;
                    }
                }
            }
        }
        self.add(model, letters.all(), &mut block);
    }

    /// Looks a block's n-grams up, the short ones first, and adds up what they say. Longer ones of
    /// an n-gram that is in no language are in none.
    fn add(&mut self, model: &Model, letters: &[char], block: &mut Block) {
        self.letters += block.count;
        let mut found = [None; BLOCK];
        for length in 1..=LONGEST {
            for at in 0..block.count {
                let letter = letters[block.next[at] as usize];
                block.hashes[at] = hash(block.hashes[at], letter);
                block.next[at] += 1;
                model.prefetch(block.hashes[at]);
            }
            for (found, hash) in found.iter_mut().zip(&block.hashes[..block.count]) {
                *found = model.find(*hash);
                if let Some(Entry::Many(row)) = found {
                    prefetch(*row);
                }
            }
            let mut kept = 0;
            for (at, found) in found[..block.count].iter().enumerate() {
                self.said(*found, &mut block.sums);
                if block.next[at] < block.end[at] && (found.is_some() || length < 3) {
                    block.hashes[kept] = block.hashes[at];
                    block.next[kept] = block.next[at];
                    block.end[kept] = block.end[at];
                    kept += 1;
                }
            }
            block.count = kept;
        }
        for hash in &block.words[..block.whole] {
            self.said(model.find(*hash), &mut block.sums);
        }
        for (sum, block) in self.sums.iter_mut().zip(&mut block.sums) {
            *sum += u32::from(std::mem::take(block));
        }
        (block.count, block.whole) = (0, 0);
    }

    #[inline]
    fn said(&mut self, entry: Option<Entry<'_>>, sums: &mut [u16; DENSE]) {
        match entry {
            None => {}
            Some(Entry::One(column, value)) => self.say(column, value),
            Some(Entry::Few(pairs)) => {
                for &[column, value] in pairs {
                    self.say(column, value);
                }
            }
            Some(Entry::Many(row)) => {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += u16::from(value);
                }
            }
        }
    }

    fn say(&mut self, column: u8, value: u8) {
        if let Some(sum) = self.sums.get_mut(usize::from(column)) {
            *sum += u32::from(value);
        }
    }

    /// What speaks for each class of a script, in the order of the columns.
    pub fn candidates<'a>(
        &'a self,
        model: &'a Model,
        script: Script,
    ) -> impl Iterator<Item = Candidate> + 'a {
        let weights = model.weights();
        let letters = self.letters.max(1) as f32;
        let scale = letters.powf(-weights.power);
        let range = model.columns_of(script);
        let columns = &model.columns()[range.clone()];
        let mut of_columns = self.sums[range].iter().zip(columns).peekable();
        std::iter::from_fn(move || {
            let mut best: Option<Candidate> = None;
            while let Some((&sum, (class, column))) =
                of_columns.next_if(|(_, (class, _))| best.is_none_or(|b| b.class.is(*class)))
            {
                let sum = sum as f32 * weights.step;
                let score = (sum + letters * column.each) * scale + column.once;
                if best.is_none_or(|best| score > best.score) {
                    best = Some(Candidate {
                        class: *class,
                        score,
                        familiar: sum / letters / column.usual.max(f32::MIN_POSITIVE),
                    });
                }
            }
            best
        })
    }

    /// How far the best class is before the second, nats.
    fn lead(&self, model: &Model, script: Script) -> f32 {
        let (mut first, mut second) = (f32::MIN, f32::MIN);
        for candidate in self.candidates(model, script) {
            if candidate.score > first {
                (first, second) = (candidate.score, first);
            } else {
                second = second.max(candidate.score);
            }
        }
        first - second
    }
}

/// Hash of a whole word, unlike that of an n-gram of the same letters.
pub fn word_hash(word: &[char]) -> u64 {
    word.iter()
        .fold(!START, |before, letter| hash(before, *letter))
}
