//! Sentiment of a text.

use super::Language;

/// Label of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Unhappy.
    Negative,
    /// Neither.
    Neutral,
    /// Happy.
    Positive,
    /// Both, clearly.
    Mixed,
    /// No text to judge by.
    Unknown,
}

impl Label {
    /// Name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Label::Negative => "negative",
            Label::Neutral => "neutral",
            Label::Positive => "positive",
            Label::Mixed => "mixed",
            Label::Unknown => "unknown",
        }
    }
}

/// Sentiment of a text or clause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sentiment {
    /// The label.
    pub label: Label,
    /// p(positive) − p(negative), −1 to 1; 0 for unknown.
    pub score: f32,
    /// Probability of the label, 0 to 1; 0 for unknown.
    pub confidence: f32,
}

impl Sentiment {
    /// No text to judge by.
    pub const UNKNOWN: Self = Self {
        label: Label::Unknown,
        score: 0.0,
        confidence: 0.0,
    };
}

/// The trained model.
pub struct Model;

impl Model {
    /// Reads a model file written by `sada train sentiment`.
    ///
    /// # Errors
    /// The bytes are no such file.
    pub fn parse(_bytes: &[u8]) -> Result<Self, String> {
        Ok(Self)
    }

    /// Version of the model file.
    pub fn version(&self) -> &str {
        "none"
    }

    /// Sentiment of a text in its match form.
    pub fn score(&self, _matched: &str, _language: &Language) -> Sentiment {
        Sentiment::UNKNOWN
    }
}
