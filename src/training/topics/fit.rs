//! Fits rows and heads: logistic loss of each topic that the kind of things may have, and softmax over the
//! kinds, by AdaGrad, one text after the other.

use std::borrow::Cow;

use super::examples::{Example, Examples};
use crate::enrich::features::row_of;
use crate::enrich::topics::trained::{Covers, DIMENSIONS, Heads, MOST, Table, both};
use crate::training::progress;

/// Errors of a topic smaller than this teach nothing.
const LEAST_ERROR: f32 = 1e-3;
/// Squared pulls on a text smaller than this leave its rows alone.
const LEAST_PULL: f32 = 1e-10;
/// Keeps the first steps of AdaGrad finite.
const FIRST_SUM: f32 = 1e-6;
/// A row shrinks by at most this share when it is touched.
const MOST_DECAY: f32 = 0.1;

/// What training was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Order of the texts, and where weights begin.
    pub seed: u64,
    /// Passes over the texts.
    pub epochs: u32,
    /// log2 of the rows.
    pub bits: u8,
    /// Step of AdaGrad, falling to 0.
    pub rate: f32,
    /// Pull of touched rows towards 0.
    pub decay: f32,
    /// How much what is reviewed counts beside topics.
    pub things: f32,
    /// Texts that a language needs to be judged.
    pub least_texts: usize,
    /// Confidence of the language below which it does not count.
    pub least_confidence: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            epochs: 3,
            bits: 19,
            rate: 0.07,
            decay: 0.01,
            things: 1.0,
            least_texts: 2000,
            least_confidence: 0.2,
        }
    }
}

/// Weights in floating point, with what AdaGrad keeps of each.
pub struct Weights {
    bits: u8,
    rows: Vec<[f32; DIMENSIONS]>,
    row_sums: Vec<f32>,
    topics: Vec<Head>,
    things: Vec<Head>,
}

#[derive(Clone)]
struct Head {
    weights: [f32; DIMENSIONS],
    bias: f32,
    sum: f32,
}

impl Head {
    fn logit(&self, text: &[f32; DIMENSIONS]) -> f32 {
        let products = self.weights.iter().zip(text).map(|(w, v)| w * v);
        self.bias + products.sum::<f32>()
    }

    /// A step against `error` on a text; adds its pull on the text.
    fn learn(
        &mut self,
        error: f32,
        rate: f32,
        text: &[f32; DIMENSIONS],
        pull: &mut [f32; DIMENSIONS],
    ) {
        let mut squares = 0.0;
        for (pull, weight) in pull.iter_mut().zip(&self.weights) {
            *pull += error * weight;
        }
        for number in text {
            squares += (error * number).powi(2);
        }
        self.sum += squares / DIMENSIONS as f32 + 0.01 * error * error;
        let step = rate / (self.sum + FIRST_SUM).sqrt();
        for (weight, number) in self.weights.iter_mut().zip(text) {
            *weight -= step * error * number;
        }
        self.bias -= step * error;
    }
}

/// Fits on all examples in an order that the seed shuffles. The same examples and settings give the same weights.
pub fn fit(
    examples: &Examples,
    covers: &[Covers],
    topics: usize,
    languages: usize,
    settings: &Settings,
) -> Weights {
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut weights = Weights::new(settings, topics, covers.len(), &mut random);
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    let all = u64::from(settings.epochs) * order.len() as u64;
    let bar = progress("fitting topics", all);
    let mut done = 0u64;
    for _ in 0..settings.epochs {
        random.shuffle(&mut order);
        for chunk in order.chunks(1024) {
            for &row in chunk {
                let rate = settings.rate * (1.0 - done as f32 / all as f32);
                // Texts of no language that is judged teach what languages share under a language that is none.
                weights.learn(
                    &examples.get(row as usize),
                    covers,
                    languages,
                    rate,
                    settings,
                );
                done += 1;
            }
            bar.inc(chunk.len() as u64);
        }
    }
    bar.finish_and_clear();
    weights
}

impl Weights {
    fn new(settings: &Settings, topics: usize, things: usize, random: &mut fastrand::Rng) -> Self {
        let mut normal = |deviation: f32| {
            let (u, v) = (1.0 - random.f32(), random.f32());
            deviation * (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
        };
        let mut rows = vec![[0.0; DIMENSIONS]; 1 << settings.bits];
        rows.iter_mut().flatten().for_each(|w| *w = normal(0.05));
        let mut heads = |count: usize, bias: f32| -> Vec<Head> {
            let head = |_| Head {
                weights: std::array::from_fn(|_| normal(0.3)),
                bias,
                sum: 0.0,
            };
            (0..count).map(head).collect()
        };
        Self {
            bits: settings.bits,
            row_sums: vec![0.0; rows.len()],
            rows,
            topics: heads(topics, -4.0),
            things: heads(things, 0.0),
        }
    }

    fn learn(
        &mut self,
        text: &Example,
        covers: &[Covers],
        languages: usize,
        rate: f32,
        settings: &Settings,
    ) {
        if text.features.is_empty() {
            return;
        }
        let language = text.language.unwrap_or(languages);
        let rows = || {
            let features = text.features.iter();
            let rows = features.flat_map(|feature| both(*feature, language));
            rows.map(|feature| row_of(feature, self.bits))
        };
        let mut sum = [0.0; DIMENSIONS];
        for row in rows() {
            for (sum, number) in sum.iter_mut().zip(&self.rows[row]) {
                *sum += number;
            }
        }
        let root = (rows().count() as f32).sqrt();
        let sum = sum.map(|number| number / root);
        let mut pull = [0.0; DIMENSIONS];
        let may_have = covers.get(text.thing).copied().unwrap_or_default();
        for (topic, head) in self.topics.iter_mut().enumerate() {
            if may_have >> topic & 1 == 0 {
                continue;
            }
            let said = 1.0 / (1.0 + (-head.logit(&sum)).exp());
            let error = said - f32::from((text.topics >> topic & 1) as u8);
            if error.abs() >= LEAST_ERROR {
                head.learn(error, rate, &sum, &mut pull);
            }
        }
        let logits: Vec<f32> = self.things.iter().map(|head| head.logit(&sum)).collect();
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let all: f32 = logits.iter().map(|z| (z - most).exp()).sum();
        for (thing, head) in self.things.iter_mut().enumerate() {
            let said = (logits[thing] - most).exp() / all;
            let error = settings.things * (said - f32::from(u8::from(thing == text.thing)));
            if error.abs() >= LEAST_ERROR {
                head.learn(error, rate, &sum, &mut pull);
            }
        }
        let pull = pull.map(|pull| pull / root);
        let square = pull.iter().map(|pull| pull * pull).sum::<f32>() / DIMENSIONS as f32;
        if square < LEAST_PULL {
            return;
        }
        for row in rows() {
            let sum = &mut self.row_sums[row];
            *sum += square;
            let step = rate / (*sum + FIRST_SUM).sqrt();
            let kept = 1.0 - (settings.decay * step).min(MOST_DECAY);
            for (number, pull) in self.rows[row].iter_mut().zip(&pull) {
                *number = kept * *number - step * pull;
            }
        }
    }

    /// Heads of topics, and of kinds of things.
    pub fn heads(&self) -> (Heads, Heads) {
        let turned = |heads: &[Head]| {
            let mut turned = Heads::zero();
            for (n, head) in heads.iter().enumerate().take(MOST) {
                turned.biases[n] = head.bias;
                for (weights, weight) in turned.weights.iter_mut().zip(&head.weights) {
                    weights[n] = *weight;
                }
            }
            turned
        };
        (turned(&self.topics), turned(&self.things))
    }

    /// Eight bits a number, one scale for all.
    pub fn quantise(&self) -> Table {
        let numbers = || self.rows.iter().flatten();
        let most = numbers().map(|n| n.abs()).fold(1e-9, f32::max);
        let scale = most / 127.0;
        let step = |number: &f32| (number / scale).round() as i8 as u8;
        Table {
            bits: self.bits,
            scale,
            rows: Cow::Owned(numbers().map(step).collect()),
        }
    }
}
