//! Which n-grams go into the table, and how they are laid out in it.

use std::collections::HashMap;

use anyhow::{Context, ensure};

use super::ngrams::{Logs, joints};
use crate::language::model::{
    Bucket, DENSE, MOST_COLUMNS, Packed, Row, SLOTS, START, bucket, hash, pack, tag,
};
use crate::language::score::{KINDS, LONGEST, LONGEST_WORD, word_hash};

/// Nats over which an n-gram speaks for a language: its value is `FLOOR` + ln p, if above 0.
pub const FLOOR: f64 = 8.0;
/// The same for single letters: one that a language never writes speaks against it.
const LETTER_FLOOR: f64 = 13.0;
/// The same for words.
const WORD_FLOOR: f64 = 11.0;
/// Share of the slots that are taken.
const LOAD: f64 = 0.87;
/// First columns that an n-gram must speak for to get a row of its own.
const DENSE_FROM: usize = 20;

/// What one n-gram says for one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// Hash of the n-gram.
    pub hash: u64,
    /// Letters of the n-gram; one more than the longest for a whole word.
    pub length: u8,
    /// Number of the column.
    pub column: u8,
    /// Nats.
    pub value: f32,
}

/// The n-grams of a column that are worth their place. An n-gram's gain is how often it comes times
/// what it says; of those over two letters, the ones with ln(gain / 4 nats) over `least` stay.
pub fn worthy(logs: &Logs, column: u8, least: f64) -> Vec<Said> {
    let of = joints(logs);
    let said = logs.iter().filter_map(|(ngram, log)| {
        let length = ngram.chars().count();
        let floor = if length == 1 { LETTER_FLOOR } else { FLOOR };
        let value = floor + log;
        let gain = || {
            of.get(ngram.as_str())
                .map(|joint| joint + (value / 4.0).ln())
        };
        let stays = length <= LONGEST && value > 0.0 && (length <= 2 || gain()? > least);
        stays.then(|| Said {
            hash: ngram.chars().fold(START, hash),
            length: length as u8,
            column,
            value: value as f32,
        })
    });
    said.collect()
}

/// Whole words of a romanised language: short ones tell it from others by their ends.
pub fn words<'a>(logs: impl Iterator<Item = (&'a [char], f64)>, column: u8) -> Vec<Said> {
    let said = logs.filter(|(word, _)| word.len() <= LONGEST_WORD);
    let said = said.map(|(word, log)| Said {
        hash: word_hash(word),
        length: KINDS as u8,
        column,
        value: (WORD_FLOOR + log).clamp(0.0, FLOOR) as f32,
    });
    said.filter(|said| said.value > 0.0).collect()
}

/// The table's parts, as a model file holds them.
#[derive(Debug, Default)]
pub struct Table {
    /// The n-grams.
    pub buckets: Vec<Bucket>,
    /// Values of those that speak for many columns.
    pub rows: Vec<Row>,
    /// Columns and values of those that speak for some.
    pub pairs: Vec<[u8; 2]>,
    /// N-grams left out because another has the same place and tag.
    pub shadowed: usize,
    /// N-grams in it.
    pub ngrams: usize,
}

/// Lays n-grams out, their values counted in steps.
///
/// # Errors
/// There are more columns or n-grams than numbers for them.
pub fn lay_out(mut said: Vec<Said>, step: f32) -> anyhow::Result<Table> {
    said.sort_unstable_by_key(|s| (s.length, s.hash, s.column));
    let groups: Vec<&[Said]> = said.chunk_by(|a, b| a.hash == b.hash).collect();
    let count = (groups.len() as f64 / LOAD / SLOTS as f64).ceil() as usize + 1;
    let mut table = Table {
        buckets: vec![bytemuck::Zeroable::zeroed(); count],
        ..Table::default()
    };
    let mut lists = HashMap::new();
    for group in groups {
        let value = |s: &Said| ((s.value / step).round() as i32).clamp(0, 255) as u8;
        let pairs: Vec<[u8; 2]> = group.iter().map(|s| [s.column, value(s)]).collect();
        let pairs: Vec<[u8; 2]> = pairs.into_iter().filter(|pair| pair[1] > 0).collect();
        ensure!(
            pairs.iter().all(|pair| usize::from(pair[0]) < MOST_COLUMNS),
            "too many languages for a model"
        );
        if pairs.is_empty() {
            continue;
        }
        let Some((at, slot)) = table.free(group[0].hash) else {
            table.shadowed += 1;
            continue;
        };
        let packed = table.packed(pairs, &mut lists)?;
        table.buckets[at].tags[slot] = tag(group[0].hash);
        table.buckets[at].entries[slot] = pack(packed);
        table.ngrams += 1;
    }
    Ok(table)
}

impl Table {
    /// Bucket and slot for a hash; `None` if its tag is taken where it would be looked for.
    fn free(&mut self, hash: u64) -> Option<(usize, usize)> {
        let count = self.buckets.len();
        let mut at = bucket(hash, count);
        loop {
            let tags = &self.buckets[at].tags;
            if tags.contains(&tag(hash)) {
                return None;
            }
            if let Some(slot) = tags.iter().position(|tag| *tag == 0) {
                return Some((at, slot));
            }
            self.buckets[at].more = 1;
            at = (at + 1) % count;
        }
    }

    fn packed(
        &mut self,
        pairs: Vec<[u8; 2]>,
        lists: &mut HashMap<Vec<[u8; 2]>, u32>,
    ) -> anyhow::Result<Packed> {
        if let [[column, value]] = pairs[..] {
            return Ok(Packed::One(column, value));
        }
        let dense = pairs.iter().all(|pair| usize::from(pair[0]) < DENSE);
        if dense && pairs.len() >= DENSE_FROM {
            let mut row = [0; DENSE];
            for [column, value] in pairs {
                row[usize::from(column)] = value;
            }
            self.rows.push(Row(row));
            return Ok(Packed::Row(number(self.rows.len() - 1, 22)?));
        }
        let next = number(self.pairs.len(), 23)?;
        Ok(Packed::List(*lists.entry(pairs).or_insert_with_key(
            |pairs| {
                self.pairs.push([pairs.len() as u8, 0]);
                self.pairs.extend(pairs);
                next
            },
        )))
    }
}

fn number(at: usize, bits: u32) -> anyhow::Result<u32> {
    let number = u32::try_from(at).ok().filter(|number| *number < 1 << bits);
    number.context("too many n-grams for a model: leave more out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::model::{Column, Entry, Model, Weights, file};

    fn of(ngram: &str) -> u64 {
        ngram.chars().fold(START, hash)
    }

    /// Many n-grams, so that buckets overflow: of one column, of three, of many.
    fn said() -> Vec<Said> {
        let one = |at: u32, column: u8| Said {
            hash: of(&format!("{at:x}")),
            length: 3,
            column,
            value: 1.0 + f32::from(column) / 64.0,
        };
        let columns = |at: u32| match at % 3 {
            0 => 0..1,
            1 => 1..4,
            _ => 0..40,
        };
        (0..3000)
            .flat_map(|at| columns(at).map(move |column| one(at, column)))
            .collect()
    }

    #[test]
    fn what_is_laid_out_is_found() {
        let table = lay_out(said(), 1.0 / 64.0).unwrap();
        assert!(table.buckets.iter().any(|bucket| bucket.more == 1));
        assert_eq!(table.ngrams + table.shadowed, 3000);
        assert!(table.shadowed < 10);
        let tags = crate::language::classes::Script::Latin.tags();
        let columns: Vec<_> = tags[..40]
            .iter()
            .map(|tag| (*tag, Column::default()))
            .collect();
        let parts = (&table.buckets[..], &table.rows[..], &table.pairs[..]);
        let model = Model::read(&file(parts, Weights::default(), &columns)).unwrap();
        let mut found = 0;
        for at in 0..3000 {
            match (at % 3, model.find(of(&format!("{at:x}")))) {
                (0, Some(Entry::One(0, 64))) => found += 1,
                (1, Some(Entry::Few([[1, 65], [2, 66], [3, 67]]))) => found += 1,
                (2, Some(Entry::Many(row))) if row[39] == 64 + 39 && row[40] == 0 => found += 1,
                (_, entry) => assert!(table.shadowed > 0, "{at}: {entry:?}"),
            }
        }
        assert_eq!(found + table.shadowed, 3000);
        let strangers = (0..3000).filter(|at| model.find(of(&format!("no{at}"))).is_some());
        // Tags have 16 bits: one in some thousands is taken for another.
        assert!(strangers.count() < 10);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let table = lay_out(said(), 1.0).unwrap();
        let parts = (&table.buckets[..], &table.rows[..], &table.pairs[..]);
        let whole = file(parts, Weights::default(), &[("fa", Column::default())]);
        assert!(Model::read(&whole).is_ok());
        for wrong in [&whole[..whole.len() - 1], &whole[..100], b"nothing"] {
            assert!(Model::read(wrong).is_err());
        }
        let mut flipped = whole.clone();
        flipped[1000] ^= 1;
        let error = Model::read(&flipped).unwrap_err().to_string();
        assert!(
            error.contains("damaged") && error.contains("sada train language"),
            "{error}"
        );
    }

    #[test]
    fn rare_ngrams_are_left_out_and_short_ones_stay() {
        let logs = Logs::from([
            ("a".into(), 0.5f64.ln()),
            ("ab".into(), 0.5f64.ln()),
            ("abc".into(), 0.5f64.ln()),
            ("b".into(), 1e-3f64.ln()),
            ("bc".into(), 0.5f64.ln()),
            ("bcd".into(), 1e-2f64.ln()),
            // Says nothing: its value is below 0.
            ("z".into(), 1e-6f64.ln()),
        ]);
        let mut kept: Vec<u64> = worthy(&logs, 0, -5.0)
            .iter()
            .map(|said| said.hash)
            .collect();
        let mut expected = ["a", "ab", "abc", "b", "bc"].map(of).to_vec();
        kept.sort_unstable();
        expected.sort_unstable();
        assert_eq!(kept, expected);
    }
}
