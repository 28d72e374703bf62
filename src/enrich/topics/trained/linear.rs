//! The linear part: which topics feedback of any kind tells of, in languages with texts about all of them.
//!
//! Each feature speaks for or against a few topics. A topic is told of where what its features say, and
//! what its keywords add, passes a threshold: so a keyword in another sense is overruled by the words
//! around it, and what no keyword tells is found.

use crate::enrich::features::{AHEAD, Part, fetch, normaliser, row_of, weight};

use super::{Logits, MOST};

/// What a feature says of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::NoUninit)]
#[repr(C)]
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
    /// Where a text without features begins, by topic; the last is of reviews, as below.
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
            biases: vec![0.0],
            bits: 0,
            scale: 0.0,
            ends: vec![0],
            entries: Vec::new(),
        }
    }

    /// Whether a text with these logits is a review of a kind that the other part knows: what its topics
    /// are is said there.
    pub fn is_review(&self, logits: &Logits) -> bool {
        logits
            .get(self.topics.len())
            .is_some_and(|logit| *logit > 0.0)
    }

    /// Logits of topics for a text, or a part of one.
    pub fn logits(&self, text: Part) -> Logits {
        self.logits_of(text.all())
    }

    /// Logits of features.
    pub fn logits_of(&self, features: impl Iterator<Item = u32> + Clone) -> Logits {
        let mut sums = [0i32; MOST];
        let (mut weights, mut count) = (0, 0.0);
        let mut soon = features.clone().skip(AHEAD / 2);
        let mut later = features.clone().skip(AHEAD);
        for feature in features {
            if let Some(later) = later.next() {
                fetch(
                    bytemuck::cast_slice(&self.ends),
                    4 * row_of(later, self.bits),
                );
            }
            if let Some(soon) = soon.next() {
                fetch(
                    bytemuck::cast_slice(&self.entries),
                    2 * self.start(row_of(soon, self.bits)),
                );
            }
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
    #[inline(always)]
    fn row(&self, feature: u32) -> &[Entry] {
        let row = row_of(feature, self.bits);
        let end = self.ends.get(row).map_or(0, |end| *end as usize);
        self.entries.get(self.start(row)..end).unwrap_or_default()
    }

    /// Where the entries of a row begin.
    #[inline(always)]
    fn start(&self, row: usize) -> usize {
        let before = row.checked_sub(1).and_then(|row| self.ends.get(row));
        before.map_or(0, |end| *end as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::features::Tokens;

    /// `late` speaks for the first topic, `rude` for the second and against the first.
    fn linear() -> Linear {
        let rows = ["late", "rude"].map(|word| {
            let feature = Tokens::of(word).whole().features()[0];
            row_of(feature, 8)
        });
        let mut linear = Linear {
            biases: vec![-1.0, -1.0, 0.5],
            topics: vec!["delivery_delay".into(), "delivery_courier".into()],
            bits: 8,
            scale: 0.1,
            ends: Vec::new(),
            ..Linear::none()
        };
        let mut says = |topic, weight| linear.entries.push(Entry { topic, weight });
        let mut ends = Vec::new();
        for row in 0..256 {
            if row == rows[0] {
                says(0, 100);
            }
            if row == rows[1] {
                says(0, -50);
                says(1, 100);
            }
            ends.push(0);
        }
        let mut end = 0;
        for (row, place) in ends.iter_mut().enumerate() {
            end += u32::from(row == rows[0]) + 2 * u32::from(row == rows[1]);
            *place = end;
        }
        linear.ends = ends;
        linear
    }

    #[test]
    fn features_speak_for_topics_and_against_them() {
        let linear = linear();
        let logits = |text: &str| linear.logits(Tokens::of(text).whole());
        assert!(logits("late")[0] > 0.0 && logits("late")[1] == -1.0);
        assert!(logits("rude")[1] > 0.0 && logits("rude")[0] < -1.0);
        assert!(logits("late and rude")[0] < logits("late")[0]);
        assert_eq!(logits("")[..3], [-1.0, -1.0, 0.5]);
        assert!(linear.is_review(&logits("")));
        assert!(!Linear::none().is_review(&Linear::none().logits(Tokens::of("late").whole())));
    }
}
