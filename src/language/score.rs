//! How much the letters of a text speak for each class: the values of all its n-grams, added up.
//!
//! score = (Σ values + letters · each) / letters^power + once. The values are the weighted parts
//! max(0, floor + ln p) of lingua's n-gram models; a naive Bayes whose witnesses depend on one
//! another, hence the power. Scores of classes are nats: their softmax is the probability.

use super::classes::{Class, Script};
use super::letters::{Letters, Word};
use super::model::{Column, DENSE, Entry, MOST_COLUMNS, Model, START, hash, prefetch};
use super::short::SHORT;

/// Longest n-gram.
pub const LONGEST: usize = 5;
/// Kinds of evidence: n-grams of each length, and whole words.
pub const KINDS: usize = LONGEST + 1;
/// Longest word that is looked up whole.
pub const LONGEST_WORD: usize = 10;
/// Letters after which it is looked whether more are needed. 24 · 5 values of 255 fit 16 bits.
const BLOCK: usize = 24;
/// Lead, in nats, after which no more letters are needed.
const ENOUGH: f32 = 7.0;

/// Sums of one text or part.
#[derive(Debug, Clone)]
pub struct Score {
    sums: [u32; MOST_COLUMNS],
    letters: usize,
}

/// Places at which n-grams begin, looked up side by side: each look-up is a cache line far away.
struct Block {
    /// Places in it.
    letters: usize,
    /// Numbers of rows for places whose first letters are plain.
    rows: [u16; BLOCK],
    plain: usize,
    /// The other places.
    places: Places,
    /// Places whose longer n-grams are to be looked up.
    longer: Places,
    /// Hashes of whole words.
    words: [u64; BLOCK],
    whole: usize,
    /// Sums of the first columns.
    sums: [u16; DENSE],
}

/// N-grams that grow by a letter at each look-up.
struct Places {
    hashes: [u64; BLOCK],
    /// Numbers of the letters behind them, and of those behind their words.
    next: [u32; BLOCK],
    end: [u32; BLOCK],
    count: usize,
}

impl Places {
    const NONE: Self = Self {
        hashes: [0; BLOCK],
        next: [0; BLOCK],
        end: [0; BLOCK],
        count: 0,
    };

    fn push(&mut self, hash: u64, next: usize, end: usize) {
        let at = self.count;
        (self.hashes[at], self.next[at], self.end[at]) = (hash, next as u32, end as u32);
        self.count += 1;
    }
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
            letters: 0,
            rows: [0; BLOCK],
            plain: 0,
            places: Places::NONE,
            longer: Places::NONE,
            words: [0; BLOCK],
            whole: 0,
            sums: [0; DENSE],
        };
        for word in words {
            let of_word = letters.of(word);
            if script == Script::Latin && of_word.len() <= LONGEST_WORD {
                block.words[block.whole] = word_hash(of_word);
                model.prefetch(block.words[block.whole]);
                block.whole += 1;
            }
            for start in word.letters.clone() {
                let rest = &letters.all()[start..word.letters.end];
                block.place(model, script, rest, (start, word.letters.end));
                if block.letters == BLOCK {
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
        self.letters += block.letters;
        let Block {
            places,
            longer,
            sums,
            ..
        } = block;
        for length in 1..=SHORT {
            self.look_up(model, letters, places, sums, length < SHORT);
        }
        for at in 0..places.count {
            let end = places.end[at] as usize;
            longer.push(places.hashes[at], places.next[at] as usize, end);
        }
        model.short().add(&block.rows[..block.plain], sums);
        for _ in SHORT..LONGEST {
            self.look_up(model, letters, longer, sums, false);
        }
        for hash in &block.words[..block.whole] {
            self.said(model.find(*hash), sums);
        }
        for (sum, block) in self.sums.iter_mut().zip(sums) {
            *sum += u32::from(std::mem::take(block));
        }
        (block.letters, block.plain, block.whole) = (0, 0, 0);
        (block.places.count, block.longer.count) = (0, 0);
    }

    /// Looks up the n-grams of some places that are one letter longer, and keeps the places where
    /// still longer ones may be found; `all`: also those of n-grams that no language has.
    fn look_up(
        &mut self,
        model: &Model,
        letters: &[char],
        places: &mut Places,
        sums: &mut [u16; DENSE],
        all: bool,
    ) {
        let mut found = [None; BLOCK];
        for at in 0..places.count {
            let letter = letters[places.next[at] as usize];
            places.hashes[at] = hash(places.hashes[at], letter);
            places.next[at] += 1;
            model.prefetch(places.hashes[at]);
        }
        for (found, hash) in found.iter_mut().zip(&places.hashes[..places.count]) {
            *found = model.find(*hash);
            if let Some(Entry::Many(row)) = found {
                prefetch(*row);
            }
        }
        let mut kept = 0;
        for (at, found) in found[..places.count].iter().enumerate() {
            self.said(*found, sums);
            if places.next[at] < places.end[at] && (found.is_some() || all) {
                places.hashes[kept] = places.hashes[at];
                places.next[kept] = places.next[at];
                places.end[kept] = places.end[at];
                kept += 1;
            }
        }
        places.count = kept;
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
        let sums = &self.sums[range];
        let mut at = 0;
        std::iter::from_fn(move || {
            let (class, first) = columns.get(at)?;
            let score = |at: usize, column: &Column| {
                (sums[at] as f32 * weights.step + letters * column.each) * scale + column.once
            };
            let (mut best, mut most, mut of) = (at, score(at, first), first);
            at += 1;
            // The columns of a class lie side by side: it is typed as it fits best.
            while let Some((other, column)) = columns.get(at)
                && other.is(*class)
            {
                let score = score(at, column);
                if score > most {
                    (best, most, of) = (at, score, column);
                }
                at += 1;
            }
            let sum = sums[best] as f32 * weights.step;
            Some(Candidate {
                class: *class,
                score: most,
                familiar: sum / letters / of.usual.max(f32::MIN_POSITIVE),
            })
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

impl Block {
    /// Takes a place up. `rest`: the letters from there to the end of the word; `at`: their numbers.
    #[inline]
    fn place(&mut self, model: &Model, script: Script, rest: &[char], at: (usize, usize)) {
        self.letters += 1;
        let short = model.short();
        let plain = match script {
            Script::Latin => short.number(rest),
            _ => None,
        };
        let Some(number) = plain else {
            return self.places.push(START, at.0, at.1);
        };
        self.rows[self.plain] = number as u16;
        self.plain += 1;
        if rest.len() > SHORT && short.is_known(number) {
            let before = rest[..SHORT]
                .iter()
                .fold(START, |before, c| hash(before, *c));
            self.longer.push(before, at.0 + SHORT, at.1);
        }
    }
}

/// Hash of a whole word, unlike that of an n-gram of the same letters.
pub fn word_hash(word: &[char]) -> u64 {
    word.iter()
        .fold(!START, |before, letter| hash(before, *letter))
}
