//! Topics by the taxonomy: longest keyword first, on the match form.

use super::{Sentiment, Topic};
use crate::text::MatchForm;

/// The taxonomy with its keywords, ready to match.
pub struct Taxonomy;

impl Taxonomy {
    /// Reads `models/taxonomy.toml` or a user's own.
    ///
    /// # Errors
    /// Says line, topic and mend of what is wrong.
    pub fn parse(_toml: &str) -> Result<Self, String> {
        Ok(Self)
    }

    /// The taxonomy that ships with the program.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn built_in() -> Result<Self, String> {
        Ok(Self)
    }

    /// Version told by the file.
    pub fn version(&self) -> &str {
        "none"
    }

    /// Topics of a text. `score` judges the clause (in match form) around a mention.
    pub fn tag(
        &self,
        _clean: &str,
        _matched: &MatchForm,
        _score: impl Fn(&str) -> Sentiment,
    ) -> Vec<Topic> {
        Vec::new()
    }
}
