//! What n-grams of up to three plain Latin letters say, added up beforehand: one row for the first
//! letters of each place in a word, instead of three look-ups. Most texts are made of these.

use super::model::{DENSE, Entry, Model, START, hash, prefetch};

/// Longest n-gram in a row.
pub const SHORT: usize = 3;
/// a to z, and no letter behind the end of the word.
const LETTERS: usize = 27;

/// Sums for up to three letters.
#[derive(Debug, Clone, Default)]
pub struct Short {
    rows: Vec<Sums>,
    /// The n-gram of three letters is one that a language has: longer ones may be too.
    known: Vec<bool>,
}

/// Values of the n-grams of one, two and three letters, for each of the first columns.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Sums([u16; DENSE]);

impl Short {
    /// Adds up what a model's n-grams say. Takes a few milliseconds.
    pub fn of(model: &Model) -> Self {
        let places = LETTERS.pow(SHORT as u32);
        let mut short = Self {
            rows: vec![Sums([0; DENSE]); places],
            known: vec![false; places],
        };
        for first in 1..LETTERS {
            let one = hash(START, letter(first));
            let mut sums = [0; DENSE];
            add(model.find(one), &mut sums);
            for second in 0..LETTERS {
                let two = hash(one, letter(second));
                let mut sums = sums;
                if second > 0 {
                    add(model.find(two), &mut sums);
                }
                // Behind the end of a word there is no letter.
                for third in 0..if second > 0 { LETTERS } else { 1 } {
                    let at = (first * LETTERS + second) * LETTERS + third;
                    short.rows[at].0 = sums;
                    if third > 0 {
                        let found = model.find(hash(two, letter(third)));
                        short.known[at] = found.is_some();
                        add(found, &mut short.rows[at].0);
                    }
                }
            }
        }
        short
    }

    /// Number of the row for the first letters of what is left of a word; `None` if one of them is
    /// not plain.
    #[inline]
    pub fn number(&self, rest: &[char]) -> Option<usize> {
        let mut number = 0;
        for at in 0..SHORT {
            let digit = match rest.get(at) {
                Some(&letter) => {
                    let digit = (letter as usize).wrapping_sub('a' as usize);
                    (digit < LETTERS - 1).then_some(digit + 1)?
                }
                None => 0,
            };
            number = number * LETTERS + digit;
        }
        let row = self.rows.get(number)?;
        prefetch(&row.0[0]);
        prefetch(&row.0[DENSE / 2]);
        Some(number)
    }

    /// Whether a language has the n-gram of all three letters.
    #[inline]
    pub fn is_known(&self, number: usize) -> bool {
        self.known.get(number).copied().unwrap_or(false)
    }

    /// What rows say, added up.
    #[inline]
    pub fn add(&self, numbers: &[u16], sums: &mut [u16; DENSE]) {
        let mut all = *sums;
        for number in numbers {
            if let Some(row) = self.rows.get(usize::from(*number)) {
                for (sum, value) in all.iter_mut().zip(&row.0) {
                    *sum += value;
                }
            }
        }
        *sums = all;
    }
}

fn letter(digit: usize) -> char {
    char::from(b'a' + (digit.max(1) - 1) as u8)
}

/// Columns behind the first ones are of other scripts.
fn add(entry: Option<Entry<'_>>, sums: &mut [u16; DENSE]) {
    let mut one = |column: u8, value: u8| {
        if let Some(sum) = sums.get_mut(usize::from(column)) {
            *sum += u16::from(value);
        }
    };
    match entry {
        None => {}
        Some(Entry::One(column, value)) => one(column, value),
        Some(Entry::Few(pairs)) => pairs
            .iter()
            .for_each(|[column, value]| one(*column, *value)),
        Some(Entry::Many(row)) => {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += u16::from(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_its_ngrams_say() {
        let model = Model::of_this_build().unwrap();
        let short = Short::of(&model);
        for word in ["q", "ok", "the", "then", "zzz"] {
            let letters: Vec<char> = word.chars().collect();
            let number = short.number(&letters).unwrap();
            let mut expected = [0; DENSE];
            let mut before = START;
            for letter in letters.iter().take(SHORT) {
                before = hash(before, *letter);
                add(model.find(before), &mut expected);
            }
            let mut sums = [0; DENSE];
            short.add(&[number as u16], &mut sums);
            assert_eq!(sums, expected, "{word}");
            let known = letters.len() >= SHORT && model.find(before).is_some();
            assert_eq!(short.is_known(number), known, "{word}");
        }
        assert_eq!(short.number(&['t', 'ü', 'r']), None);
        assert!(short.number(&['t', 'u', 'r', 'ü']).is_some());
    }
}
