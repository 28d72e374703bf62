//! Texts ready to be fitted: their features, what is known beside them, how much they count.

use super::data::two_classes;
use crate::enrich::features::Tokens;

/// Most that a rare label of a set counts.
const MOST_BALANCE: f32 = 8.0;

/// Texts of many sets, one after the other.
#[derive(Default)]
pub struct Examples {
    features: Vec<u32>,
    ends: Vec<u32>,
    across: Vec<u32>,
    rows: Vec<Row>,
    sets: Vec<Counts>,
}

struct Row {
    /// Where its features, the ends of its tokens and what stands across them end.
    until: [usize; 3],
    language: Option<u16>,
    gold: u8,
    set: u16,
}

/// Labels of a set, and how much it counts as a whole.
struct Counts {
    labels: [usize; 3],
    weight: f32,
}

/// A text.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// Features, token by token.
    pub features: &'a [u32],
    /// Where each token's features end.
    pub ends: &'a [u32],
    /// Features across tokens.
    pub across: &'a [u32],
    /// Index of its language.
    pub language: Option<usize>,
    /// 0 negative, 1 neutral, 2 positive.
    pub gold: u8,
    set: usize,
}

impl Examples {
    /// Begins a set that counts `weight` times.
    pub fn begin_set(&mut self, weight: f32) {
        self.sets.push(Counts {
            labels: [0; 3],
            weight,
        });
    }

    /// Adds a text to the last set begun.
    pub fn push(&mut self, tokens: &Tokens, language: Option<usize>, gold: u8) {
        let Some(set) = self.sets.last_mut() else {
            return;
        };
        set.labels[usize::from(gold)] += 1;
        let text = tokens.whole();
        self.features.extend_from_slice(text.features());
        let mut end = 0;
        self.ends.extend(text.tokens().map(|token| {
            end += token.len() as u32;
            end
        }));
        self.across.extend_from_slice(text.across());
        self.rows.push(Row {
            until: [self.features.len(), self.ends.len(), self.across.len()],
            language: language.map(|l| l as u16),
            gold,
            set: (self.sets.len() - 1) as u16,
        });
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No text.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A text.
    ///
    /// # Panics
    /// There are not so many.
    pub fn get(&self, row: usize) -> Example<'_> {
        let from = match row {
            0 => [0; 3],
            _ => self.rows[row - 1].until,
        };
        let row = &self.rows[row];
        Example {
            features: &self.features[from[0]..row.until[0]],
            ends: &self.ends[from[1]..row.until[1]],
            across: &self.across[from[2]..row.until[2]],
            language: row.language.map(usize::from),
            gold: row.gold,
            set: row.set.into(),
        }
    }

    /// How much a text of each set and label counts, and whether neutral is no label of the set. Rare
    /// labels count more: `balance` 0 not at all, 1 so that all labels count the same. The mean over
    /// all texts is 1.
    pub fn weights(&self, balance: f32) -> Vec<([f32; 3], bool)> {
        let mut weights: Vec<_> = self.sets.iter().map(|s| of_set(s, balance)).collect();
        let mut total = 0.0;
        for (set, (weights, _)) in self.sets.iter().zip(&weights) {
            for (weight, count) in weights.iter().zip(set.labels) {
                total += f64::from(*weight) * count as f64;
            }
        }
        let scale = (self.len() as f64 / total.max(1e-9)) as f32;
        for (weights, _) in &mut weights {
            *weights = weights.map(|w| w * scale);
        }
        weights
    }
}

impl Example<'_> {
    /// Its weight among those of [`Examples::weights`].
    pub fn weight(&self, weights: &[([f32; 3], bool)]) -> (f32, bool) {
        let (weights, no_neutral) = weights[self.set];
        (weights[usize::from(self.gold)], no_neutral)
    }
}

fn of_set(set: &Counts, balance: f32) -> ([f32; 3], bool) {
    let two = two_classes(set.labels);
    let total = set.labels.iter().sum::<usize>() as f32;
    let labels = if two { 2.0 } else { 3.0 };
    let mut weights = [0.0f32; 3];
    for (c, weight) in weights.iter_mut().enumerate() {
        if set.labels[c] > 0 && !(two && c == 1) {
            let even = total / (labels * set.labels[c] as f32);
            *weight = even.powf(balance).min(MOST_BALANCE);
        }
    }
    let sum: f32 = (0..3).map(|c| weights[c] * set.labels[c] as f32).sum();
    (weights.map(|w| w * set.weight * total / sum.max(1e-9)), two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_labels_and_chosen_sets_count_more_and_the_mean_is_1() {
        let mut tokens = Tokens::default();
        tokens.read("some text");
        let mut examples = Examples::default();
        for (weight, labels) in [(1.0, [6, 3, 1]), (4.0, [2, 0, 8])] {
            examples.begin_set(weight);
            for (gold, count) in labels.into_iter().enumerate() {
                (0..count).for_each(|_| examples.push(&tokens, None, gold as u8));
            }
        }
        let weights = examples.weights(0.5);
        let weight = |row| examples.get(row).weight(&weights);
        let mean = (0..examples.len()).map(|row| weight(row).0).sum::<f32>() / 20.0;
        assert!((mean - 1.0).abs() < 1e-5, "{mean}");
        // Rows by set: 6 negative, 3 neutral, 1 positive; 2 negative, 8 positive.
        let (common, rare) = (weight(0).0, weight(9).0);
        assert!((rare / common - 6.0f32.sqrt()).abs() < 1e-4);
        let of = |from: usize| (from..from + 10).map(|row| weight(row).0).sum::<f32>();
        assert!((of(10) / of(0) - 4.0).abs() < 1e-4);
        assert!(!weight(0).1 && weight(10).1, "the second has no neutral");
    }
}
