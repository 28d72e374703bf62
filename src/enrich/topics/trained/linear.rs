//! The linear part: which topics feedback of any kind tells of, in languages with texts about all of them.
//!
//! Each feature speaks for or against a few topics. A topic is told of where what its features say, and
//! what its keywords add, passes a threshold: so a keyword in another sense is overruled by the words
//! around it, and what no keyword tells is found.

use crate::enrich::features::{Part, normaliser, weight};

use super::{Logits, MOST};

/// What a feature says of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Index of the topic.
    pub topic: u8,
    /// For it, or against it, in steps.
    pub weight: i8,
}

/// A linear model ready to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Tags of its languages, sorted.
    pub languages: Vec<String>,
    /// Level-2 ids, sorted.
    pub topics: Vec<String>,
    /// Logit from which a topic is told of.
    pub threshold: f32,
    /// What a keyword of the topic adds.
    pub keyword: f32,
    /// Where a text without features begins, by topic.
    pub biases: Vec<f32>,
    /// log2 of the number of rows.
    pub bits: u8,
    /// Worth of one step.
    pub scale: f32,
    /// Where the entries of each row end.
    pub ends: Vec<u32>,
    /// Entries, row by row.
    pub entries: Vec<Entry>,
}

impl Linear {
    /// A model that knows no language and no topic.
    pub fn none() -> Self {
        Self {
            languages: Vec::new(),
            topics: Vec::new(),
            threshold: 0.0,
            keyword: 0.0,
            biases: Vec::new(),
            bits: 0,
            scale: 0.0,
            ends: vec![0],
            entries: Vec::new(),
        }
    }

    /// Logits of a text, or a part of one.
    pub fn logits(&self, text: Part) -> Logits {
        self.logits_of(text.all())
    }

    /// Logits of features.
    pub fn logits_of(&self, features: impl Iterator<Item = u32>) -> Logits {
        let mut sums = [0i32; MOST];
        let (mut weights, mut count) = (0, 0.0);
        for feature in features {
            count += 1.0;
            let times = weight(feature);
            weights += times * times;
            for entry in self.row(feature) {
                if let Some(sum) = sums.get_mut(usize::from(entry.topic)) {
                    *sum += times * i32::from(entry.weight);
                }
            }
        }
        let v = self.scale * normaliser(weights as f32, count);
        let mut logits = [0.0; MOST];
        for ((logit, bias), sum) in logits.iter_mut().zip(&self.biases).zip(sums) {
            *logit = bias + v * sum as f32;
        }
        logits
    }

    /// What a feature says.
    fn row(&self, feature: u32) -> &[Entry] {
        let row = row_of(feature, self.bits);
        let start = row.checked_sub(1).map_or(Some(&0), |r| self.ends.get(r));
        match (start, self.ends.get(row)) {
            (Some(start), Some(end)) => {
                let range = *start as usize..*end as usize;
                self.entries.get(range).unwrap_or_default()
            }
            _ => &[],
        }
    }
}

/// Row of a feature among `2^bits`.
pub fn row_of(feature: u32, bits: u8) -> usize {
    (u64::from(feature) >> (32 - u32::from(bits))) as usize
}
