//! The network that judges tokens: what it computes, in 8 bits a row.
//!
//! A token is the sum of its features' rows over the root of their number. Filters read three
//! tokens in a row; of each the greatest answer in the text counts. A head, one for each language, weighs these answers and, beside them, the sum of all rows over the root of their number.

use std::borrow::Cow;

use crate::enrich::features::{self, AHEAD, Part, fetch};

/// Numbers of a row.
pub const DIMENSIONS: usize = 16;
/// Filters.
pub const FILTERS: usize = 48;
/// Tokens that a filter reads.
pub const WINDOW: usize = 3;

/// What the filters weigh a token by: at each place of the window and for each number of the token
/// the weights of all filters.
pub type Filters = [[[f32; FILTERS]; DIMENSIONS]; WINDOW];

/// What makes logits of negative, neutral and positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Weights of the filters' greatest answers.
    pub filters: [[f32; FILTERS]; 3],
    /// Weights of the sum of rows.
    pub sum: [[f32; DIMENSIONS]; 3],
    /// Where a text without features begins.
    pub bias: [f32; 3],
}

impl Head {
    /// Weighs nothing.
    pub const ZERO: Self = Self {
        filters: [[0.0; FILTERS]; 3],
        sum: [[0.0; DIMENSIONS]; 3],
        bias: [0.0; 3],
    };

    /// All weights: filters, sum, bias; label by label.
    pub fn weights(&self) -> impl Iterator<Item = &f32> {
        let filters = self.filters.iter().flatten();
        filters.chain(self.sum.iter().flatten()).chain(&self.bias)
    }

    /// All weights, in the same order.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        let filters = self.filters.iter_mut().flatten();
        filters
            .chain(self.sum.iter_mut().flatten())
            .chain(&mut self.bias)
    }

    /// Logits of the filters' greatest answers and the sum of rows.
    pub fn logits(&self, greatest: &[f32; FILTERS], sum: &[f32; DIMENSIONS]) -> [f32; 3] {
        [0, 1, 2].map(|c| self.bias[c] + dot(&self.filters[c], greatest) + dot(&self.sum[c], sum))
    }
}

fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rows of features, in 8 bits a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// log2 of the number of rows.
    pub bits: u8,
    /// Worth of one step, by number.
    pub scales: [f32; DIMENSIONS],
    /// `2^bits` rows, one after the other.
    pub rows: Cow<'static, [u8]>,
}

/// A network ready to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Rows of features.
    pub table: Table,
    /// What reads the tokens.
    pub filters: Box<Filters>,
    /// Added to each filter's answer.
    pub filter_bias: [f32; FILTERS],
    /// By language; the last is for any other.
    pub heads: Vec<Head>,
}

impl Network {
    /// Logits of negative, neutral and positive. `language` is judged by its own head and by its own
    /// copy of each whole token too.
    pub fn logits(&self, text: Part, language: Option<usize>) -> [f32; 3] {
        let (greatest, sum) = self.read(text, language);
        let head = language.map_or(self.heads.last(), |l| self.heads.get(l));
        head.map_or([0.0; 3], |head| head.logits(&greatest, &sum))
    }

    /// Greatest answers of the filters, and the sum of rows over the root of their number.
    fn read(&self, text: Part, language: Option<usize>) -> ([f32; FILTERS], [f32; DIMENSIONS]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.read_avx2(text, language) };
        }
        self.read_any(text, language)
    }

    /// The same operations in the same order, eight at a time: the answers are the same to the bit.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn read_avx2(
        &self,
        text: Part,
        language: Option<usize>,
    ) -> ([f32; FILTERS], [f32; DIMENSIONS]) {
        self.read_any(text, language)
    }

    #[inline(always)]
    fn read_any(&self, text: Part, language: Option<usize>) -> ([f32; FILTERS], [f32; DIMENSIONS]) {
        let (rows, _) = self.table.rows.as_chunks::<DIMENSIONS>();
        let shift = 32 - u32::from(self.table.bits);
        let mut window = Window::new(&self.filters, &self.filter_bias);
        let mut all = [0i32; DIMENSIONS];
        let mut count = 0u32;
        let mut later = text.features().iter().skip(AHEAD);
        for features in text.tokens() {
            let mut sum = [0i32; DIMENSIONS];
            for &feature in features {
                if let Some(later) = later.next() {
                    fetch(&self.table.rows, (later >> shift) as usize * DIMENSIONS);
                }
                add(&mut sum, rows, feature >> shift);
            }
            let mut number = features.len() as u32;
            if let (Some(language), Some(&whole)) = (language, features.first()) {
                add(
                    &mut sum,
                    rows,
                    features::in_language(whole, language) >> shift,
                );
                number += 1;
            }
            count += number;
            let size = 1.0 / (number.max(1) as f32).sqrt();
            let mut token = [0.0; DIMENSIONS];
            for k in 0..DIMENSIONS {
                all[k] += sum[k];
                token[k] = sum[k] as f32 * (self.table.scales[k] * size);
            }
            window.push(&token);
        }
        let size = 1.0 / (count.max(1) as f32).sqrt();
        let mut sum = [0.0; DIMENSIONS];
        for k in 0..DIMENSIONS {
            sum[k] = all[k] as f32 * (self.table.scales[k] * size);
        }
        (window.finish(), sum)
    }
}

#[inline(always)]
fn add(sum: &mut [i32; DIMENSIONS], rows: &[[u8; DIMENSIONS]], row: u32) {
    if let Some(row) = rows.get(row as usize) {
        for k in 0..DIMENSIONS {
            sum[k] += i32::from(row[k] as i8);
        }
    }
}

/// The filters on their way over a text.
struct Window<'a> {
    filters: &'a Filters,
    bias: &'a [f32; FILTERS],
    /// Answers at the last token, but for the token after it.
    last: [f32; FILTERS],
    /// What the last token, as the first of three, says.
    first: [f32; FILTERS],
    greatest: [f32; FILTERS],
    begun: bool,
}

impl<'a> Window<'a> {
    #[inline(always)]
    fn new(filters: &'a Filters, bias: &'a [f32; FILTERS]) -> Self {
        Self {
            filters,
            bias,
            last: [0.0; FILTERS],
            first: [0.0; FILTERS],
            // Answers below 0 count as 0.
            greatest: [0.0; FILTERS],
            begun: false,
        }
    }

    #[inline(always)]
    fn push(&mut self, token: &[f32; DIMENSIONS]) {
        let [first, middle, last] = self.filters.each_ref().map(|f| weigh(f, token));
        for q in 0..FILTERS {
            if self.begun {
                self.greatest[q] = self.greatest[q].max(self.last[q] + last[q]);
            }
            self.last[q] = self.bias[q] + self.first[q] + middle[q];
        }
        self.first = first;
        self.begun = true;
    }

    #[inline(always)]
    fn finish(mut self) -> [f32; FILTERS] {
        if self.begun {
            for q in 0..FILTERS {
                self.greatest[q] = self.greatest[q].max(self.last[q]);
            }
        }
        self.greatest
    }
}

/// Answers of all filters to a token at one place of the window.
#[inline(always)]
pub fn weigh(filters: &[[f32; FILTERS]; DIMENSIONS], token: &[f32; DIMENSIONS]) -> [f32; FILTERS] {
    /// Filters whose answers fit into registers.
    const BLOCK: usize = 16;
    let mut answers = [0.0; FILTERS];
    let (blocks, _) = answers.as_chunks_mut::<BLOCK>();
    for (n, block) in blocks.iter_mut().enumerate() {
        let mut sum = [0.0; BLOCK];
        for k in 0..DIMENSIONS {
            for q in 0..BLOCK {
                sum[q] += token[k] * filters[k][n * BLOCK + q];
            }
        }
        *block = sum;
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::features::Tokens;

    fn network() -> Network {
        let mut random = fastrand::Rng::with_seed(7);
        let mut filters = Box::new([[[0.0; FILTERS]; DIMENSIONS]; WINDOW]);
        for weight in filters.iter_mut().flatten().flatten() {
            *weight = random.f32() - 0.5;
        }
        let mut heads = vec![Head::ZERO; 2];
        for weight in heads.iter_mut().flat_map(Head::weights_mut) {
            *weight = random.f32() - 0.5;
        }
        Network {
            table: Table {
                bits: 10,
                scales: [0.01; DIMENSIONS],
                rows: Cow::Owned((0..DIMENSIONS << 10).map(|_| random.u8(..)).collect()),
            },
            filters,
            filter_bias: [0.1; FILTERS],
            heads,
        }
    }

    #[test]
    fn every_processor_answers_the_same_to_the_bit() {
        let network = network();
        for text in ["good", "not good at all", "质量很好 😍 soooo nice", "ดีมาก"] {
            let tokens = Tokens::of(text);
            for language in [None, Some(0)] {
                assert_eq!(
                    network.read(tokens.whole(), language),
                    network.read_any(tokens.whole(), language)
                );
            }
        }
    }

    #[test]
    fn order_and_language_count_and_nothing_is_the_bias() {
        let network = network();
        let logits = |text: &str, language| network.logits(Tokens::of(text).whole(), language);
        assert_ne!(logits("not good", None), logits("good not", None));
        assert_ne!(logits("good", None), logits("good", Some(0)));
        assert_eq!(logits("", None), network.heads[1].bias);
    }
}
