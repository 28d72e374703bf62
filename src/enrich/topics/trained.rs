//! The trained part: which topics a text or a clause tells of, by its hashed n-grams.
//!
//! Of reviews: a text is the sum of its features' rows over the root of their number; of each feature
//! there is a row that all languages share, and of whole words one for their copy in the text's language.
//! A head a topic makes a logit of it. What was never reviewed in a kind of texts (a hotel has no delivery) was neither learned nor unlearned there: another set of
//! heads tells what is reviewed, and topics that this kind of thing can't have are held back.
//!
//! Of feedback of any kind: [`linear`].
//!
//! N-grams carry nothing from one language to another: languages without labelled texts are left to keywords.

use std::borrow::Cow;

use crate::enrich::features::{self, AHEAD, Part, fetch, row_of};
use crate::enrich::model_file::ModelError;
use crate::enrich::sentiment::index_of;
use crate::language::Language;

mod file;
pub mod linear;

pub use file::{FORMAT, Parts};

/// Numbers of a row.
pub const DIMENSIONS: usize = 48;
/// Most topics, and most kinds of things.
pub const MOST: usize = 128;
/// How much it counts that what is reviewed can't have a topic.
pub const HOLD_BACK: f32 = 1.5;
/// Keeps the logarithm of no chance at all finite.
pub const LEAST_CHANCE: f32 = 1e-4;

/// Topics as bits.
pub type Covers = u128;

/// Rows whose sum surely fits into 16 bits.
const ROWS_AT_ONCE: usize = 255;

/// One number for each topic of the model; those beyond the last are not used.
pub type Logits = [f32; MOST];

/// A model of topics, ready to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    parts: Parts,
}

/// Rows of features, in 8 bits a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// log2 of the number of rows.
    pub bits: u8,
    /// Worth of one step.
    pub scale: f32,
    /// `2^bits` rows, one after the other.
    pub rows: Cow<'static, [u8]>,
}

/// What makes logits of a text's numbers: one a topic, or one a kind of things.
#[derive(Debug, Clone, PartialEq)]
pub struct Heads {
    /// For each number of the text the weights of all heads.
    pub weights: Vec<[f32; MOST]>,
    /// Where a text without features begins.
    pub biases: [f32; MOST],
}

impl Heads {
    /// Weighs nothing.
    pub fn zero() -> Self {
        Self {
            weights: vec![[0.0; MOST]; DIMENSIONS],
            biases: [0.0; MOST],
        }
    }

    fn logits(&self, text: &[f32; DIMENSIONS], count: usize) -> Logits {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.logits_avx2(text, count) };
        }
        self.logits_any(text, count)
    }

    /// The same operations in the same order, eight at a time: the answers are the same to the bit.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn logits_avx2(&self, text: &[f32; DIMENSIONS], count: usize) -> Logits {
        self.logits_any(text, count)
    }

    #[inline(always)]
    fn logits_any(&self, text: &[f32; DIMENSIONS], count: usize) -> Logits {
        let mut logits = self.biases;
        for (number, weights) in text.iter().zip(&self.weights) {
            for (logit, weight) in logits[..count].iter_mut().zip(&weights[..count]) {
                *logit += number * weight;
            }
        }
        logits
    }
}

impl Model {
    /// Reads a model file written by `sada train topics`.
    ///
    /// # Errors
    /// The bytes are no such file, or a damaged one.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ModelError> {
        Ok(Self {
            parts: Parts::decode(Cow::Owned(bytes))?,
        })
    }

    /// The model that Sada is delivered with.
    ///
    /// # Errors
    /// None in a sound build; the file is checked all the same.
    pub fn built_in() -> Result<Self, ModelError> {
        let bytes: &'static [u8] = include_bytes!("../../../models/topics.bin");
        Ok(Self {
            parts: Parts::decode(Cow::Borrowed(bytes))?,
        })
    }

    /// A model fresh from training.
    pub fn from_parts(parts: Parts) -> Self {
        Self { parts }
    }

    /// What the file holds.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What a file of it would hold.
    pub fn into_parts(self) -> Parts {
        self.parts
    }

    /// Version of the model file.
    pub fn version(&self) -> &str {
        &self.parts.version
    }

    /// Index of the language as which a text is judged; none of one that was never trained, or is
    /// doubtful.
    pub fn index_of(&self, language: &Language) -> Option<usize> {
        index_of(&self.parts.languages, self.parts.least_confidence, language)
    }

    /// Sum of the rows of a text, or a part of one.
    pub fn sum(&self, text: Part, language: usize) -> Sum {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.sum_avx2(text, language) };
        }
        self.sum_any(text, language)
    }

    /// The same, sixteen numbers at a time.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn sum_avx2(&self, text: Part, language: usize) -> Sum {
        self.sum_any(text, language)
    }

    #[inline(always)]
    fn sum_any(&self, text: Part, language: usize) -> Sum {
        let mut sum = Sum::default();
        let mut steps = [0i16; DIMENSIONS];
        let (rows, _) = self.parts.table.rows.as_chunks::<DIMENSIONS>();
        let bits = self.parts.table.bits;
        let mut later = with_copies(text, language).skip(AHEAD);
        for feature in with_copies(text, language) {
            if let Some(later) = later.next() {
                let at = row_of(later, bits) * DIMENSIONS;
                fetch(&self.parts.table.rows, at);
                fetch(&self.parts.table.rows, at + DIMENSIONS - 1);
            }
            if let Some(row) = rows.get(row_of(feature, bits)) {
                for (step, number) in steps.iter_mut().zip(row) {
                    *step += i16::from(*number as i8);
                }
            }
            sum.rows += 1;
            if sum.rows % ROWS_AT_ONCE == 0 {
                sum.add_steps(&mut steps);
            }
        }
        sum.add_steps(&mut steps);
        sum
    }

    /// Logits of topics for the sum of a text, whatever is reviewed.
    pub fn topics(&self, sum: &Sum) -> Logits {
        let topics = self.parts.topics.len();
        self.parts.heads.logits(&self.numbers(sum), topics)
    }

    /// Logits of the kinds of things that may be reviewed.
    pub fn things(&self, sum: &Sum) -> Logits {
        let things = self.parts.things.len();
        self.parts.thing_heads.logits(&self.numbers(sum), things)
    }

    fn numbers(&self, sum: &Sum) -> [f32; DIMENSIONS] {
        let size = self.parts.table.scale / (sum.rows.max(1) as f32).sqrt();
        sum.steps.map(|steps| steps as f32 * size)
    }

    /// Number of a kind of things by its name.
    pub fn thing(&self, name: &str) -> Option<usize> {
        self.parts.things.iter().position(|thing| thing == name)
    }

    /// What to add to the logits of topics when nothing but the text tells what is reviewed: 0 where it
    /// surely may have the topic.
    pub fn held_back(&self, things: &Logits) -> Logits {
        let things = &things[..self.parts.things.len()];
        let most = things.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let topics = self.parts.topics.len();
        let mut chances = [0.0; MOST];
        let mut all = 0.0;
        for (logit, covers) in things.iter().zip(&self.parts.covers) {
            let chance = (logit - most).exp();
            all += chance;
            for (topic, sum) in chances[..topics].iter_mut().enumerate() {
                *sum += if covers >> topic & 1 == 1 {
                    chance
                } else {
                    0.0
                };
            }
        }
        for chance in &mut chances[..topics] {
            *chance = HOLD_BACK * (*chance / all.max(f32::MIN_POSITIVE) + LEAST_CHANCE).ln();
        }
        chances
    }

    /// The same when it is known: minus infinity where it has no such topic.
    pub fn ruled_out(&self, thing: usize) -> Logits {
        let covers = self.parts.covers.get(thing).copied().unwrap_or(Covers::MAX);
        std::array::from_fn(|topic| match covers >> topic & 1 {
            1 => 0.0,
            _ => f32::NEG_INFINITY,
        })
    }
}

/// Features of a text for each of which a row is added: all, and of whole words the copy of the language.
#[inline(always)]
fn with_copies(text: Part, language: usize) -> impl Iterator<Item = u32> {
    text.all().flat_map(move |feature| both(feature, language))
}

/// A feature, and of a whole word its copy in a language.
#[inline(always)]
pub fn both(feature: u32, language: usize) -> impl Iterator<Item = u32> {
    std::iter::once(feature).chain(features::copy(feature, Some(language)))
}

/// Sum of rows. Those of the parts of a text are together that of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    steps: [i32; DIMENSIONS],
    rows: usize,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            steps: [0; DIMENSIONS],
            rows: 0,
        }
    }
}

impl Sum {
    /// Adds the sum of another part.
    pub fn add(&mut self, other: &Self) {
        for (sum, steps) in self.steps.iter_mut().zip(&other.steps) {
            *sum += steps;
        }
        self.rows += other.rows;
    }

    fn add_steps(&mut self, steps: &mut [i16; DIMENSIONS]) {
        for (sum, steps) in self.steps.iter_mut().zip(steps) {
            *sum += i32::from(*steps);
            *steps = 0;
        }
    }
}
