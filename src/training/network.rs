//! Fits the network: softmax cross-entropy by AdaGrad, one text after the other.

use std::borrow::Cow;

use indicatif::ProgressBar;

use super::examples::{Example, Examples};
use super::fit::{Settings, Target};
use crate::enrich::features;
use crate::enrich::sentiment::network::{
    DIMENSIONS, FILTERS, Filters, Head, Network, Table, WINDOW, weigh,
};

/// Share of features, and of filters, that a text does without while it is learned.
const DROP: f32 = 0.2;
/// Where the sums of squared gradients of the dense weights begin.
const DENSE_SUM: f32 = 0.01;
/// The same of rows that were fitted before.
const FITTED_SUM: f32 = 1e-4;
/// Heads of languages learn so much more slowly than what they have in common.
const OWN_RATE: f32 = 0.3;

/// Share of a column's numbers that 8 bits can tell; those beyond are cut.
const WITHIN: f64 = 0.9999;
/// Texts between two looks at the clock.
const CHUNK: usize = 1024;

/// Weights in floating point, with what AdaGrad keeps of each.
#[derive(Clone)]
pub struct Weights {
    bits: u8,
    rows: Vec<[f32; DIMENSIONS]>,
    row_sums: Vec<f32>,
    filters: Box<Filters>,
    filter_sums: Box<Filters>,
    filter_bias: [f32; FILTERS],
    common: Learned,
    /// By language; the last is for any other.
    languages: Vec<Learned>,
}

/// A head with its sums of squared gradients.
#[derive(Clone)]
struct Learned {
    head: Head,
    sums: Head,
}

impl Learned {
    fn new(head: Head) -> Self {
        let mut sums = Head::ZERO;
        sums.weights_mut().for_each(|s| *s = DENSE_SUM);
        Self { head, sums }
    }
}

/// Steps at one point of the fit.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Of rows.
    pub rows: f32,
    /// Of filters and heads.
    pub dense: f32,
    /// Of biases.
    pub bias: f32,
}

/// Room for one text.
#[derive(Default)]
pub struct Scratch {
    rows: Vec<u32>,
    ends: Vec<usize>,
    tokens: Vec<[f32; DIMENSIONS]>,
    pulls: Vec<[f32; DIMENSIONS]>,
}

impl Weights {
    /// Weights to begin with.
    pub fn new(settings: &Settings, languages: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(settings.seed);
        let mut normal = |deviation: f32| {
            let (u, v) = (1.0 - random.f32(), random.f32());
            deviation * (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
        };
        let mut filters = Box::new([[[0.0; FILTERS]; DIMENSIONS]; WINDOW]);
        let size = (2.0 / (WINDOW * DIMENSIONS) as f32).sqrt();
        filters
            .iter_mut()
            .flatten()
            .flatten()
            .for_each(|w| *w = normal(size));
        let mut head = Head::ZERO;
        let size = (1.0 / FILTERS as f32).sqrt();
        head.filters
            .iter_mut()
            .flatten()
            .for_each(|w| *w = normal(size));
        head.sum
            .iter_mut()
            .flatten()
            .for_each(|w| *w = normal(0.25));
        let mut rows = vec![[0.0; DIMENSIONS]; 1 << settings.bits];
        rows.iter_mut()
            .flatten()
            .for_each(|w| *w = 0.2 * random.f32() - 0.1);
        Self {
            bits: settings.bits,
            row_sums: vec![1e-7; rows.len()],
            rows,
            filters,
            filter_sums: Box::new([[[DENSE_SUM; FILTERS]; DIMENSIONS]; WINDOW]),
            filter_bias: [0.0; FILTERS],
            common: Learned::new(head),
            languages: vec![Learned::new(Head::ZERO); languages + 1],
        }
    }

    /// Weights of a model, to be fitted on. What AdaGrad remembers is lost: rows begin as if they had
    /// been learned from many texts.
    pub fn of(network: &Network) -> Self {
        let table = &network.table;
        let (rows, _) = table.rows.as_chunks::<DIMENSIONS>();
        let row = |row: &[u8; DIMENSIONS]| -> [f32; DIMENSIONS] {
            std::array::from_fn(|k| f32::from(row[k] as i8) * table.scales[k])
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        // A head is the sum of what all languages and what one of them says: all is the last.
        let common = network.heads.last().copied().unwrap_or(Head::ZERO);
        let own = |head: &Head| {
            let mut own = *head;
            own.weights_mut()
                .zip(common.weights())
                .for_each(|(a, b)| *a -= b);
            Learned::new(own)
        };
        Self {
            bits: table.bits,
            row_sums: vec![FITTED_SUM; rows.len()],
            rows,
            filters: network.filters.clone(),
            filter_sums: Box::new([[[DENSE_SUM; FILTERS]; DIMENSIONS]; WINDOW]),
            filter_bias: network.filter_bias,
            languages: network.heads.iter().map(own).collect(),
            common: Learned::new(common),
        }
    }

    /// The head of a language; that of any other is the last.
    fn head(&self, language: usize) -> Head {
        let mut head = self.common.head;
        let own = self.languages[language].head;
        head.weights_mut()
            .zip(own.weights())
            .for_each(|(w, own)| *w += own);
        head
    }

    /// Eight bits a number of the rows, one scale a column.
    pub fn quantise(&self) -> Network {
        let scales: [f32; DIMENSIONS] = std::array::from_fn(|k| {
            let mut sizes: Vec<f32> = self.rows.iter().map(|row| row[k].abs()).collect();
            let at = ((sizes.len() as f64 * WITHIN) as usize).min(sizes.len().saturating_sub(1));
            let (_, size, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
            size.max(1e-9) / 127.0
        });
        let step = |(w, scale): (&f32, f32)| (w / scale).round().clamp(-127.0, 127.0) as i8 as u8;
        let rows = self.rows.iter();
        let rows = rows
            .flat_map(|row| row.iter().zip(scales).map(step))
            .collect();
        Network {
            table: Table {
                bits: self.bits,
                scales,
                rows: Cow::Owned(rows),
            },
            filters: self.filters.clone(),
            filter_bias: self.filter_bias,
            heads: (0..self.languages.len()).map(|l| self.head(l)).collect(),
        }
    }

    fn language(&self, language: Option<usize>) -> usize {
        language.unwrap_or(self.languages.len() - 1)
    }

    /// Chooses the rows of a text; without `random` all of them.
    fn choose(
        &self,
        text: &Example,
        mut random: Option<&mut fastrand::Rng>,
        scratch: &mut Scratch,
    ) {
        let shift = 32 - u32::from(self.bits);
        scratch.rows.clear();
        scratch.ends.clear();
        let mut start = 0;
        for &end in text.ends {
            let token = &text.features[start..end as usize];
            start = end as usize;
            let copy = text.language.map(|l| features::in_language(token[0], l));
            for feature in token.iter().copied().chain(copy) {
                let kept = random.as_mut().is_none_or(|r| r.f32() >= DROP);
                if kept {
                    scratch.rows.push(feature >> shift);
                }
            }
            scratch.ends.push(scratch.rows.len());
        }
    }

    /// Sums the chosen rows of each token; returns the sum of all.
    fn sum(&self, scratch: &mut Scratch) -> [f32; DIMENSIONS] {
        scratch.tokens.clear();
        let mut all = [0.0; DIMENSIONS];
        let mut start = 0;
        for &end in &scratch.ends {
            let mut sum = [0.0; DIMENSIONS];
            for &row in &scratch.rows[start..end] {
                let row = &self.rows[row as usize];
                for k in 0..DIMENSIONS {
                    sum[k] += row[k];
                }
            }
            let size = 1.0 / ((end - start).max(1) as f32).sqrt();
            start = end;
            for k in 0..DIMENSIONS {
                all[k] += sum[k];
            }
            scratch.tokens.push(sum.map(|v| v * size));
        }
        let size = 1.0 / (scratch.rows.len().max(1) as f32).sqrt();
        all.map(|v| v * size)
    }

    /// Greatest answers of the filters, and at which token.
    #[inline(always)]
    fn filter(&self, tokens: &[[f32; DIMENSIONS]]) -> ([f32; FILTERS], [u32; FILTERS]) {
        let mut greatest = [0.0; FILTERS];
        let mut at = [u32::MAX; FILTERS];
        for n in 0..tokens.len() {
            let mut answers = self.filter_bias;
            for place in 0..WINDOW {
                if let Some(token) = (n + place).checked_sub(1).and_then(|i| tokens.get(i)) {
                    let said = weigh(&self.filters[place], token);
                    for q in 0..FILTERS {
                        answers[q] += said[q];
                    }
                }
            }
            for q in 0..FILTERS {
                if answers[q] > greatest[q] {
                    greatest[q] = answers[q];
                    at[q] = n as u32;
                }
            }
        }
        (greatest, at)
    }

    fn filter_fast(&self, tokens: &[[f32; DIMENSIONS]]) -> ([f32; FILTERS], [u32; FILTERS]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.filter_avx2(tokens) };
        }
        self.filter(tokens)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn filter_avx2(&self, tokens: &[[f32; DIMENSIONS]]) -> ([f32; FILTERS], [u32; FILTERS]) {
        self.filter(tokens)
    }

    /// Logits of a text.
    pub fn logits(&self, text: &Example, scratch: &mut Scratch) -> [f32; 3] {
        self.choose(text, None, scratch);
        let sum = self.sum(scratch);
        let (greatest, _) = self.filter_fast(&scratch.tokens);
        let heads = [
            &self.common.head,
            &self.languages[self.language(text.language)].head,
        ];
        let mut logits = [0.0; 3];
        for head in heads {
            let one = head.logits(&greatest, &sum);
            for c in 0..3 {
                logits[c] += one[c];
            }
        }
        logits
    }

    /// Learns one text.
    pub fn learn(
        &mut self,
        text: &Example,
        target: Target,
        rates: Rates,
        random: &mut fastrand::Rng,
        scratch: &mut Scratch,
    ) {
        if target.weight == 0.0 || text.ends.is_empty() {
            return;
        }
        self.choose(text, Some(random), scratch);
        let sum = self.sum(scratch);
        let (mut greatest, at) = self.filter_fast(&scratch.tokens);
        let mut kept = [0.0; FILTERS];
        for q in 0..FILTERS {
            if random.f32() >= DROP {
                kept[q] = 1.0 / (1.0 - DROP);
            }
            greatest[q] *= kept[q];
        }
        let own = self.language(text.language);
        let head = self.head(own);
        let g = target.gradient(head.logits(&greatest, &sum));

        // What the tokens should change by, before the heads move.
        let mut to_greatest = [0.0; FILTERS];
        let mut to_sum = [0.0; DIMENSIONS];
        for (c, g) in g.into_iter().enumerate() {
            for q in 0..FILTERS {
                to_greatest[q] += g * head.filters[c][q] * kept[q];
            }
            for (to, weight) in to_sum.iter_mut().zip(head.sum[c]) {
                *to += g * weight;
            }
        }
        step(&mut self.common, g, &greatest, &sum, rates, 1.0);
        step(
            &mut self.languages[own],
            g,
            &greatest,
            &sum,
            rates,
            OWN_RATE,
        );

        let count = scratch.tokens.len();
        scratch.pulls.clear();
        scratch.pulls.resize(count, [0.0; DIMENSIONS]);
        for q in 0..FILTERS {
            let pull = to_greatest[q];
            if pull == 0.0 || at[q] == u32::MAX {
                continue;
            }
            for place in 0..WINDOW {
                let Some(n) = (at[q] as usize + place)
                    .checked_sub(1)
                    .filter(|n| *n < count)
                else {
                    continue;
                };
                for k in 0..DIMENSIONS {
                    let weight = &mut self.filters[place][k][q];
                    scratch.pulls[n][k] += pull * *weight;
                    let gradient = pull * scratch.tokens[n][k];
                    let sum = &mut self.filter_sums[place][k][q];
                    *sum += gradient * gradient;
                    *weight -= rates.dense * gradient / sum.sqrt();
                }
            }
            self.filter_bias[q] -= 0.1 * rates.dense * pull;
        }
        let size = 1.0 / (scratch.rows.len().max(1) as f32).sqrt();
        let to_sum = to_sum.map(|v| v * size);
        let mut start = 0;
        for (n, &end) in scratch.ends.iter().enumerate() {
            let size = 1.0 / ((end - start).max(1) as f32).sqrt();
            let mut pull = to_sum;
            let mut square = 0.0;
            for (pull, own) in pull.iter_mut().zip(scratch.pulls[n]) {
                *pull += own * size;
                square += *pull * *pull;
            }
            square /= DIMENSIONS as f32;
            for &row in &scratch.rows[start..end] {
                let sums = &mut self.row_sums[row as usize];
                *sums += square;
                let rate = rates.rows / sums.sqrt();
                let row = &mut self.rows[row as usize];
                for k in 0..DIMENSIONS {
                    row[k] -= rate * pull[k];
                }
            }
            start = end;
        }
    }
}

/// Moves one head.
fn step(
    learned: &mut Learned,
    g: [f32; 3],
    greatest: &[f32; FILTERS],
    sum: &[f32; DIMENSIONS],
    rates: Rates,
    share: f32,
) {
    let rate = rates.dense * share;
    let (head, sums) = (&mut learned.head, &mut learned.sums);
    for (c, g) in g.into_iter().enumerate() {
        let weights = head.filters[c].iter_mut().chain(&mut head.sum[c]);
        let sums = sums.filters[c].iter_mut().chain(&mut sums.sum[c]);
        let inputs = greatest.iter().chain(sum);
        for ((weight, sum), input) in weights.zip(sums).zip(inputs) {
            let gradient = g * input;
            *sum += gradient * gradient;
            *weight -= rate * gradient / sum.sqrt();
        }
        head.bias[c] -= rates.bias * g;
    }
}

/// Fits on all texts, in another order in each pass.
pub fn fit(
    weights: &mut Weights,
    examples: &Examples,
    settings: &Settings,
    target: &(dyn Fn(usize) -> Target + Sync),
    bar: &ProgressBar,
) {
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut scratch = Scratch::default();
    let texts = (order.len() * settings.epochs as usize).max(1) as f32;
    let mut done = 0;
    for _ in 0..settings.epochs {
        random.shuffle(&mut order);
        for rows in order.chunks(CHUNK) {
            let rate = 1.0 - (1.0 - settings.end_rate) * done as f32 / texts;
            let rates = Rates {
                rows: settings.rate * rate,
                dense: settings.dense_rate * rate,
                bias: settings.bias_rate * rate,
            };
            for &row in rows {
                let mut text = examples.get(row as usize);
                if random.f32() < settings.forget {
                    text.language = None;
                }
                weights.learn(
                    &text,
                    target(row as usize),
                    rates,
                    &mut random,
                    &mut scratch,
                );
            }
            done += rows.len();
            bar.inc(rows.len() as u64);
        }
    }
}
