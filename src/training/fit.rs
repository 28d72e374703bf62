//! Fits the linear model: softmax cross-entropy by AdaGrad, one row after the other.

use std::collections::BTreeSet;

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::data::{Set, two_classes};
use super::progress;
use crate::enrich::sentiment::file::{ModelError, Parts, Table};
use crate::enrich::sentiment::{features, normaliser};

/// What training was told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Order of the rows and which of them forget their language.
    pub seed: u64,
    /// log2 of the rows of the shared table.
    pub shared_bits: u8,
    /// log2 of the rows of the table of language copies.
    pub own_bits: u8,
    /// Models fitted on other orders of the rows, side by side, and averaged.
    pub fits: u32,
    /// Passes over the rows.
    pub epochs: u32,
    /// Step of AdaGrad.
    pub rate: f32,
    /// Pull of touched weights towards 0.
    pub decay: f32,
    /// Share of rows that forget their language, so that the shared weights stand on their own.
    pub forget: f32,
    /// Exponent of the balance between the labels of a set: 0 none, 1 full.
    pub balance: f32,
    /// Weight of rows of `umsab`: short posts, few and wide.
    pub umsab: f32,
    /// Weight of rows of `mabsa-*`: many and narrow.
    pub mabsa: f32,
    /// Confidence of the language below which only the shared weights judge.
    pub least_confidence: f32,
    /// Dev rows of each set that are looked at.
    pub dev_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            shared_bits: 21,
            own_bits: 21,
            fits: 4,
            epochs: 2,
            rate: 0.1,
            decay: 0.005,
            forget: 0.15,
            balance: 0.5,
            umsab: 4.0,
            mabsa: 0.25,
            least_confidence: 0.2,
            dev_rows: 350,
        }
    }
}

/// A set in training.
struct Group {
    name: String,
    language: Option<u16>,
    counts: [usize; 3],
}

/// Rows as features.
pub struct Examples {
    languages: Vec<String>,
    groups: Vec<Group>,
    rows: Vec<Example>,
}

struct Example {
    features: Box<[u32]>,
    group: u16,
    gold: u8,
}

impl Examples {
    /// Of sets and the features of their rows, in the same order.
    ///
    /// # Errors
    /// There are more sets than fit a number of 16 bits.
    pub fn new(sets: &[Set], features: Vec<Vec<Box<[u32]>>>) -> anyhow::Result<Self> {
        let tags: BTreeSet<&str> = sets.iter().filter_map(Set::trains).collect();
        let languages: Vec<String> = tags.into_iter().map(str::to_owned).collect();
        let mut groups = Vec::new();
        let mut rows = Vec::new();
        for (set, features) in sets.iter().zip(features) {
            let group = u16::try_from(groups.len())?;
            let language = set
                .trains()
                .and_then(|tag| languages.iter().position(|l| l == tag))
                .map(u16::try_from)
                .transpose()?;
            groups.push(Group {
                name: set.name.clone(),
                language,
                counts: set.counts(),
            });
            rows.extend(
                set.rows
                    .iter()
                    .zip(features)
                    .map(|(row, features)| Example {
                        features,
                        group,
                        gold: row.gold,
                    }),
            );
        }
        Ok(Self {
            languages,
            groups,
            rows,
        })
    }
}

/// Weights in floating point.
pub struct Fitted {
    languages: Vec<String>,
    /// The last is for no language.
    biases: Vec<[f32; 3]>,
    shared: Vec<Weights>,
    own: Vec<Weights>,
}

/// Three weights and the sum of squared gradients.
type Weights = [f32; 4];

/// Fits. The same examples and settings give the same weights, on any number of threads.
pub fn fit(examples: &Examples, settings: &Settings) -> Fitted {
    let rows = examples.rows.len() as u64;
    let bar = progress("fitting", u64::from(settings.fits * settings.epochs) * rows);
    let fits: Vec<Fitted> = (0..settings.fits)
        .into_par_iter()
        .map(|n| {
            fit_once(
                examples,
                settings,
                settings.seed.wrapping_add(n.into()),
                &bar,
            )
        })
        .collect();
    bar.finish_and_clear();
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
        for (a, b) in sum
            .biases
            .iter_mut()
            .flatten()
            .zip(fit.biases.iter().flatten())
        {
            *a += b;
        }
    }
    let tables = sum.shared.iter_mut().chain(&mut sum.own).flatten();
    for value in tables.chain(sum.biases.iter_mut().flatten()) {
        *value /= count;
    }
    sum
}

fn fit_once(examples: &Examples, settings: &Settings, seed: u64, bar: &ProgressBar) -> Fitted {
    let weights: Vec<[f32; 3]> = examples
        .groups
        .iter()
        .map(|g| row_weights(g, settings))
        .collect();
    let total: f64 = examples.rows.iter().map(|r| row_weight(&weights, r)).sum();
    let scale = examples.rows.len() as f64 / total.max(1e-9);
    let mut fitted = Fitted {
        languages: examples.languages.clone(),
        biases: vec![[0.0; 3]; examples.languages.len() + 1],
        shared: vec![[0.0; 4]; 1 << settings.shared_bits],
        own: vec![[0.0; 4]; 1 << settings.own_bits],
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut order: Vec<u32> = (0..examples.rows.len() as u32).collect();
    let mut scratch = Vec::new();
    for epoch in 0..settings.epochs {
        random.shuffle(&mut order);
        let step = Step {
            rate: settings.rate * (1.0 - epoch as f32 / settings.epochs as f32),
            bias_rate: if epoch == 0 { 0.02 } else { 0.006 },
            decay: settings.decay,
            shared_shift: 32 - u32::from(settings.shared_bits),
            own_shift: 32 - u32::from(settings.own_bits),
        };
        for rows in order.chunks(4096) {
            for row in rows {
                let row = &examples.rows[*row as usize];
                let group = &examples.groups[usize::from(row.group)];
                let weight = (row_weight(&weights, row) * scale) as f32;
                let forget = random.f32() < settings.forget;
                let language = group.language.filter(|_| !forget);
                let two = two_classes(group.counts);
                fitted.learn(&step, row, language, two, weight, &mut scratch);
            }
            bar.inc(rows.len() as u64);
        }
    }
    fitted
}

fn row_weight(weights: &[[f32; 3]], row: &Example) -> f64 {
    weights[usize::from(row.group)][usize::from(row.gold)].into()
}

/// Weight of a row by its label: rare labels of a set count more (at most 8 times), the set as a
/// whole by its rows and by what the settings say of it.
fn row_weights(group: &Group, settings: &Settings) -> [f32; 3] {
    let two = two_classes(group.counts);
    let total = group.counts.iter().sum::<usize>() as f32;
    let labels = if two { 2.0 } else { 3.0 };
    let mut weights = [0.0f32; 3];
    for (c, weight) in weights.iter_mut().enumerate() {
        if group.counts[c] > 0 && !(two && c == 1) {
            let even = total / (labels * group.counts[c] as f32);
            *weight = even.powf(settings.balance).min(8.0);
        }
    }
    let sum: f32 = (0..3).map(|c| weights[c] * group.counts[c] as f32).sum();
    let set = match group.name.as_str() {
        "umsab" => settings.umsab,
        name if name.starts_with("mabsa-") => settings.mabsa,
        _ => 1.0,
    };
    weights.map(|w| w * set * total / sum.max(1e-9))
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
        row: &Example,
        language: Option<u16>,
        two_classes: bool,
        importance: f32,
        scratch: &mut Vec<(u32, u32, f32)>,
    ) {
        if importance == 0.0 || row.features.is_empty() {
            return;
        }
        scratch.clear();
        let language = language.map(usize::from);
        let mut squares = 0.0;
        for &feature in &row.features {
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
        let v = normaliser(squares, scratch.len() as f32);
        let biases = &mut self.biases[language.unwrap_or(self.languages.len())];
        let mut gradient = [0.0f32; 3];
        let mut most = f32::NEG_INFINITY;
        for c in 0..3 {
            let masked = two_classes && c == 1;
            gradient[c] = if masked {
                f32::NEG_INFINITY
            } else {
                v * sums[c] + biases[c]
            };
            most = most.max(gradient[c]);
        }
        let e = gradient.map(|z| (z - most).exp());
        let total: f32 = e.iter().sum();
        for c in 0..3 {
            let target = f32::from(u8::from(usize::from(row.gold) == c));
            gradient[c] = (e[c] / total - target) * importance;
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

    /// Eight bits a weight, one scale a column.
    ///
    /// # Errors
    /// None for the settings that the command takes.
    pub fn quantise(&self, settings: &Settings) -> Result<Parts, ModelError> {
        let (other, own) = self
            .biases
            .split_last()
            .ok_or(ModelError::Invalid("biases"))?;
        let languages = self
            .languages
            .iter()
            .cloned()
            .zip(own.iter().copied())
            .collect();
        Ok(Parts {
            version: String::new(),
            least_confidence: settings.least_confidence,
            languages,
            other: *other,
            shared: table(&self.shared, settings.shared_bits)?,
            own: table(&self.own, settings.own_bits)?,
        })
    }
}

fn pull(weights: &mut Weights, g: [f32; 3], square: f32, weight: f32, step: &Step) {
    weights[3] += square * weight * weight;
    let rate = step.rate / (weights[3] + 1e-6).sqrt();
    for c in 0..3 {
        weights[c] -= rate * (g[c] * weight + step.decay * weights[c]);
    }
}

fn table(weights: &[Weights], bits: u8) -> Result<Table, ModelError> {
    let scales = [0, 1, 2].map(|c| {
        let mut sizes: Vec<f32> = weights
            .iter()
            .map(|w| w[c].abs())
            .filter(|w| *w > 0.0)
            .collect();
        let at = (sizes.len() as f64 * 0.9999) as usize;
        if at >= sizes.len() {
            return 1.0;
        }
        let (_, size, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
        size.max(1e-9) / 127.0
    });
    let rows = weights
        .iter()
        .flat_map(|w| [0, 1, 2].map(|c| (w[c] / scales[c]).round().clamp(-127.0, 127.0) as i8))
        .collect();
    Table::new(bits, scales, rows)
}
