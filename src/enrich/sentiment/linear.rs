//! The linear part: three weights a feature that all languages share, and three for its copy in one.

use std::borrow::Cow;

use super::ModelError;
use crate::enrich::features::{self, AHEAD, Part, fetch, normaliser};

/// Weights of features, in 8 bits each.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// log2 of the number of rows.
    pub bits: u8,
    /// Worth of one step, by label.
    pub scales: [f32; 3],
    /// Three weights a row (negative, neutral, positive).
    pub rows: Cow<'static, [u8]>,
}

impl Table {
    /// A table of `2^bits` rows.
    ///
    /// # Errors
    /// `rows` has another length.
    pub fn new(bits: u8, scales: [f32; 3], rows: Vec<i8>) -> Result<Self, ModelError> {
        if rows.len() != 3 << bits {
            return Err(ModelError::Invalid {
                model: "sentiment",
                what: "length of a table",
            });
        }
        let rows = rows.into_iter().map(|v| v as u8).collect();
        Ok(Self {
            bits,
            scales,
            rows: Cow::Owned(rows),
        })
    }

    #[inline(always)]
    fn fetch(&self, feature: u32) {
        fetch(&self.rows, self.at(feature));
    }

    #[inline(always)]
    fn at(&self, feature: u32) -> usize {
        3 * features::row_of(feature, self.bits)
    }

    /// Weights of a feature, in steps.
    #[inline]
    pub fn row(&self, feature: u32) -> [i32; 3] {
        let at = self.at(feature);
        match self.rows.get(at..at + 3) {
            Some(&[a, b, c]) => [a, b, c].map(|v| i32::from(v as i8)),
            _ => [0; 3],
        }
    }
}

/// A linear model ready to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Weights of features in any language.
    pub shared: Table,
    /// Weights of the copies of features that belong to one language.
    pub own: Table,
    /// Where a text without features begins: by language, the last of any other.
    pub biases: Vec<[f32; 3]>,
}

impl Linear {
    /// Logits of negative, neutral and positive. `language` adds that language's own weights.
    pub fn logits(&self, text: Part, language: Option<usize>) -> [f32; 3] {
        let mut shared = [0i32; 3];
        let mut own = [0i32; 3];
        let mut weights = 0i32;
        let mut later = text.all().skip(AHEAD);
        for feature in text.all() {
            if let Some(later) = later.next() {
                self.shared.fetch(later);
                if let Some(language) = language {
                    self.own.fetch(features::in_language(later, language));
                }
            }
            let weight = features::weight(feature);
            add(&mut shared, weight, self.shared.row(feature));
            if let Some(language) = language {
                let copy = features::in_language(feature, language);
                add(&mut own, weight, self.own.row(copy));
            }
            weights += weight * weight;
        }
        let v = normaliser(weights as f32, text.len() as f32);
        let bias = language.map_or(self.biases.last(), |l| self.biases.get(l));
        let mut logits = bias.copied().unwrap_or_default();
        for c in 0..3 {
            let sum = shared[c] as f32 * self.shared.scales[c] + own[c] as f32 * self.own.scales[c];
            logits[c] += v * sum;
        }
        logits
    }
}

fn add(sum: &mut [i32; 3], weight: i32, row: [i32; 3]) {
    for c in 0..3 {
        sum[c] += weight * row[c];
    }
}
