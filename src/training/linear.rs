//! Fits the linear part: softmax cross-entropy by AdaGrad, one text after the other; several fits on
//! other orders of the texts, whose mean is taken.

use std::borrow::Cow;

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::examples::{Example, Examples};
use super::fit::{Settings, Target};
use crate::enrich::features;
use crate::enrich::sentiment::linear::{Linear, Table};

/// Texts between two looks at the clock.
const CHUNK: usize = 1024;
/// Share of a column's weights that 8 bits can tell; those beyond are cut.
const WITHIN: f64 = 0.9999;
/// Where the sums of squared gradients of weights that were fitted before begin.
const FITTED_SUM: f32 = 0.01;

/// Three weights and the sum of squared gradients.
type Weights = [f32; 4];

/// Weights in floating point.
#[derive(Clone)]
pub struct Fitted {
    /// The last is for no language.
    biases: Vec<[f32; 3]>,
    shared: Vec<Weights>,
    own: Vec<Weights>,
    bits: (u8, u8),
}

impl Fitted {
    /// Weights to begin with, for so many languages.
    pub fn new(settings: &Settings, languages: usize) -> Self {
        Self {
            biases: vec![[0.0; 3]; languages + 1],
            shared: vec![[0.0; 4]; 1 << settings.shared_bits],
            own: vec![[0.0; 4]; 1 << settings.own_bits],
            bits: (settings.shared_bits, settings.own_bits),
        }
    }

    /// Weights of a model, to be fitted on.
    pub fn of(linear: &Linear) -> Self {
        let weights = |table: &Table| {
            let (rows, _) = table.rows.as_chunks::<3>();
            let weights = rows.iter().map(|row| {
                let [a, b, c] = std::array::from_fn(|c| f32::from(row[c] as i8) * table.scales[c]);
                [a, b, c, FITTED_SUM]
            });
            weights.collect()
        };
        Self {
            biases: linear.biases.clone(),
            shared: weights(&linear.shared),
            own: weights(&linear.own),
            bits: (linear.shared.bits, linear.own.bits),
        }
    }

    /// Eight bits a weight, one scale a column.
    pub fn quantise(&self) -> Linear {
        Linear {
            shared: table(&self.shared, self.bits.0),
            own: table(&self.own, self.bits.1),
            biases: self.biases.clone(),
        }
    }
}

/// Fits the mean of several models that begin with `start`. The same examples and settings give the
/// same weights, on any number of threads.
pub fn fit(
    start: &Fitted,
    examples: &Examples,
    settings: &Settings,
    target: &(dyn Fn(usize) -> Target + Sync),
    bar: &ProgressBar,
) -> Fitted {
    let fits: Vec<Fitted> = (0..settings.fits.max(1))
        .into_par_iter()
        .map(|n| {
            let seed = settings.seed.wrapping_add(n.into());
            fit_once(start.clone(), examples, settings, target, seed, bar)
        })
        .collect();
    mean(fits)
}

/// Mean of the weights: since features keep their rows, the mean of the logits.
fn mean(mut fits: Vec<Fitted>) -> Fitted {
    let count = fits.len() as f32;
    let mut sum = fits.swap_remove(0);
    let add = |a: &mut [Weights], b: &[Weights]| {
        for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
            *a += b;
        }
    };
    for fit in &fits {
        add(&mut sum.shared, &fit.shared);
        add(&mut sum.own, &fit.own);
        let biases = fit.biases.iter().flatten();
        for (a, b) in sum.biases.iter_mut().flatten().zip(biases) {
            *a += b;
        }
    }
    let tables = sum.shared.iter_mut().chain(&mut sum.own).flatten();
    for value in tables.chain(sum.biases.iter_mut().flatten()) {
        *value /= count;
    }
    sum
}

fn fit_once(
    mut fitted: Fitted,
    examples: &Examples,
    settings: &Settings,
    target: &(dyn Fn(usize) -> Target + Sync),
    seed: u64,
    bar: &ProgressBar,
) -> Fitted {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut scratch = Vec::new();
    for epoch in 0..settings.epochs {
        random.shuffle(&mut order);
        let left = 1.0 - epoch as f32 / settings.epochs as f32;
        let step = Step {
            rate: settings.linear_rate * left,
            bias_rate: settings.bias_rate * left,
            decay: settings.decay,
            shared_shift: 32 - u32::from(fitted.bits.0),
            own_shift: 32 - u32::from(fitted.bits.1),
        };
        for rows in order.chunks(CHUNK) {
            for &row in rows {
                let mut text = examples.get(row as usize);
                if random.f32() < settings.forget {
                    text.language = None;
                }
                fitted.learn(&step, &text, target(row as usize), &mut scratch);
            }
            bar.inc(rows.len() as u64);
        }
    }
    fitted
}

struct Step {
    rate: f32,
    bias_rate: f32,
    decay: f32,
    shared_shift: u32,
    own_shift: u32,
}

impl Fitted {
    fn learn(
        &mut self,
        step: &Step,
        text: &Example,
        target: Target,
        scratch: &mut Vec<(u32, u32, f32)>,
    ) {
        if target.weight == 0.0 || text.features.is_empty() {
            return;
        }
        scratch.clear();
        let language = text.language;
        let mut squares = 0.0;
        for &feature in text.features.iter().chain(text.across) {
            let weight = features::weight(feature) as f32;
            squares += weight * weight;
            let copy = language.map_or(0, |l| features::in_language(feature, l));
            scratch.push((feature >> step.shared_shift, copy >> step.own_shift, weight));
        }
        let mut sums = [0.0f32; 3];
        for &(shared, own, weight) in scratch.iter() {
            let s = &self.shared[shared as usize];
            for c in 0..3 {
                sums[c] += weight * s[c];
            }
            if language.is_some() {
                let o = &self.own[own as usize];
                for c in 0..3 {
                    sums[c] += weight * o[c];
                }
            }
        }
        let v = features::normaliser(squares, scratch.len() as f32);
        let other = self.biases.len() - 1;
        let biases = &mut self.biases[language.unwrap_or(other)];
        let logits = [0, 1, 2].map(|c| v * sums[c] + biases[c]);
        let gradient = target.gradient(logits);
        for c in 0..3 {
            biases[c] -= step.bias_rate * gradient[c];
        }
        let g = gradient.map(|g| g * v);
        let square = (g[0] * g[0] + g[1] * g[1] + g[2] * g[2]) / 3.0;
        for &(shared, own, weight) in scratch.iter() {
            pull(&mut self.shared[shared as usize], g, square, weight, step);
            if language.is_some() {
                pull(&mut self.own[own as usize], g, square, weight, step);
            }
        }
    }
}

fn pull(weights: &mut Weights, g: [f32; 3], square: f32, weight: f32, step: &Step) {
    weights[3] += square * weight * weight;
    let rate = step.rate / (weights[3] + 1e-6).sqrt();
    for c in 0..3 {
        weights[c] -= rate * (g[c] * weight + step.decay * weights[c]);
    }
}

/// Worth of one step when weights of these sizes are told in 8 bits; those that are 0 don't count.
pub fn step_worth(sizes: impl Iterator<Item = f32>) -> f32 {
    let mut sizes: Vec<f32> = sizes.filter(|size| *size > 0.0).collect();
    let at = (sizes.len() as f64 * WITHIN) as usize;
    if at >= sizes.len() {
        return 1.0;
    }
    let (_, size, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    size.max(1e-9) / 127.0
}

fn table(weights: &[Weights], bits: u8) -> Table {
    let scales = [0, 1, 2].map(|c| step_worth(weights.iter().map(|w| w[c].abs())));
    let step = |w: f32, scale: f32| (w / scale).round().clamp(-127.0, 127.0) as i8 as u8;
    let rows = weights
        .iter()
        .flat_map(|w| [0, 1, 2].map(|c| step(w[c], scales[c])))
        .collect();
    Table {
        bits,
        scales,
        rows: Cow::Owned(rows),
    }
}
