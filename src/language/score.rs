//! How much the letters of a text speak for each class: the values of all its n-grams, added up.
//!
//! score = (Σ values + letters · each) / letters^power + once. The values are the weighted parts
//! max(0, floor + ln p) of lingua's n-gram models; a naive Bayes whose witnesses depend on one
//! another, hence the power. Scores of classes are nats: their softmax is the probability.

use super::classes::{Class, Script};
use super::letters::{Letters, Word};
use super::model::{DENSE, Entry, MOST_COLUMNS, Model, START, hash};

/// Longest n-gram.
pub const LONGEST: usize = 5;
/// Letters after which it is looked whether more are needed. 5 · 48 values of 255 fit 16 bits.
const BLOCK: usize = 48;
/// Lead, in nats, after which no more letters are needed.
const ENOUGH: f32 = 12.0;

/// Sums of one text or part.
#[derive(Debug, Clone)]
pub struct Score {
    block: [u16; DENSE],
    sums: [u32; MOST_COLUMNS],
    letters: usize,
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
            block: [0; DENSE],
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
        let mut looked = 0;
        for word in words {
            self.word(model, letters.of(word));
            if self.letters - looked >= BLOCK {
                looked = self.letters;
                self.flush();
                if self.lead(model, script) > ENOUGH {
                    return;
                }
            }
        }
        self.flush();
    }

    fn word(&mut self, model: &Model, word: &[char]) {
        for start in 0..word.len() {
            let mut before = START;
            for &letter in word[start..].iter().take(LONGEST) {
                before = hash(before, letter);
                match model.find(before) {
                    None => {}
                    Some(Entry::One(column, value)) => self.add(column, value),
                    Some(Entry::Few(pairs)) => {
                        for &[column, value] in pairs {
                            self.add(column, value);
                        }
                    }
                    Some(Entry::Many(row)) => {
                        for (sum, &value) in self.block.iter_mut().zip(row) {
                            *sum += u16::from(value);
                        }
                    }
                }
            }
            self.letters += 1;
            if self.letters.is_multiple_of(BLOCK) {
                self.flush();
            }
        }
    }

    fn add(&mut self, column: u8, value: u8) {
        if let Some(sum) = self.sums.get_mut(usize::from(column)) {
            *sum += u32::from(value);
        }
    }

    fn flush(&mut self) {
        for (sum, block) in self.sums.iter_mut().zip(&mut self.block) {
            *sum += u32::from(std::mem::take(block));
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
                of_columns.next_if(|(_, (class, _))| best.is_none_or(|b| b.class == *class))
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
