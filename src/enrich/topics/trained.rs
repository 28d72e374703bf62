//! The trained part: which topics a text or a clause tells of, by its hashed n-grams.
//!
//! A text is the sum of its features' rows over the root of their number; of each feature there is a row that
//! all languages share and one for its copy in the text's language. A head a topic makes a logit of it.
//! What was never reviewed in a kind of texts (a hotel has no delivery) was neither learned nor unlearned there: another set of
//! heads tells what is reviewed, and topics that this kind of thing can't have are held back.
//!
//! N-grams carry nothing from one language to another: languages without labelled texts are left to keywords.

use std::borrow::Cow;
use std::cell::Cell;

use crate::enrich::model_file::ModelError;
use crate::enrich::sentiment::features::{self, AHEAD, Tokens, fetch};
use crate::enrich::sentiment::index_of;
use crate::language::Language;

mod file;

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

/// One number for each topic of the model; those beyond the last are not used.
pub type Logits = [f32; MOST];

thread_local! {
    static TOKENS: Cell<Tokens> = Cell::default();
}

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

    /// Version of the model file.
    pub fn version(&self) -> &str {
        &self.parts.version
    }

    /// Index of the language as which a text is judged; none of one that was never trained, or is
    /// doubtful.
    pub fn index_of(&self, language: &Language) -> Option<usize> {
        index_of(&self.parts.languages, self.parts.least_confidence, language)
    }

    /// Logits of a text, or a part of one, in its match form, whatever is reviewed.
    pub fn logits(&self, matched: &str, language: usize) -> Said {
        let mut tokens = TOKENS.take();
        tokens.read(matched);
        let text = self.sum(&tokens, language);
        TOKENS.set(tokens);
        Said {
            topics: self.parts.heads.logits(&text, self.parts.topics.len()),
            things: self
                .parts
                .thing_heads
                .logits(&text, self.parts.things.len()),
        }
    }

    /// Number of a kind of things by its name.
    pub fn thing(&self, name: &str) -> Option<usize> {
        self.parts.things.iter().position(|thing| thing == name)
    }

    /// What to add to the logits of topics when nothing but the text tells what is reviewed: 0 where it
    /// surely may have the topic.
    pub fn held_back(&self, said: &Said) -> Logits {
        let things = &said.things[..self.parts.things.len()];
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

    #[inline]
    fn sum(&self, tokens: &Tokens, language: usize) -> [f32; DIMENSIONS] {
        let table = &self.parts.table;
        let (rows, _) = table.rows.as_chunks::<DIMENSIONS>();
        let shift = 32 - u32::from(table.bits);
        let mut sum = [0i32; DIMENSIONS];
        let both = |feature: u32| [feature, features::in_language(feature, language)];
        let mut later = tokens.all().skip(AHEAD);
        for feature in tokens.all() {
            if let Some(later) = later.next() {
                for feature in both(later) {
                    fetch(&table.rows, (feature >> shift) as usize * DIMENSIONS);
                }
            }
            for feature in both(feature) {
                let Some(row) = rows.get((feature >> shift) as usize) else {
                    continue;
                };
                for (sum, step) in sum.iter_mut().zip(row) {
                    *sum += i32::from(*step as i8);
                }
            }
        }
        let count = tokens.features().len() + tokens.across().len();
        let root = (2.0 * count.max(1) as f32).sqrt();
        sum.map(|sum| sum as f32 * table.scale / root)
    }
}

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Logit of each topic.
    pub topics: Logits,
    /// Logit of each kind of things that may be reviewed.
    pub things: Logits,
}
