//! Topics by the taxonomy: keywords on the match form, the longest one wins.
//!
//! A keyword is a word or phrase in any language; all languages are looked for at once, so that
//! code-switching and an unsure language do no harm. Polarity is no part of a topic: `delicious`
//! and `bland` both mean `food_beverage`, and the clause around the mention tells how it felt.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Sentiment, Topic};
use crate::text::{self, MatchForm};

mod keywords;
mod parse;

pub use parse::TaxonomyError;

use keywords::{Keywords, Mention};

/// The taxonomy that comes with the program.
const BUILT_IN: &str = include_str!("../../models/taxonomy.toml");

/// The taxonomy with its keywords, ready to match.
pub struct Taxonomy {
    version: String,
    groups: Vec<Definition>,
    topics: Vec<Definition>,
    keywords: Keywords,
}

/// A topic as the taxonomy defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Level-2 id (`delivery_delay`), or a level-1 id (`delivery`).
    pub id: Arc<str>,
    /// Level-1 id; of a level-1 topic its own.
    pub l1: Arc<str>,
    /// Name for people by language.
    pub names: HashMap<String, String>,
}

impl Taxonomy {
    /// Reads `models/taxonomy.toml` or a user's own.
    ///
    /// # Errors
    /// Says line, topic and mend of what is wrong.
    pub fn parse(toml: &str) -> Result<Self, TaxonomyError> {
        parse::taxonomy(toml)
    }

    /// The taxonomy that comes with the program.
    ///
    /// # Errors
    /// Never, as a test holds; the file is read by the same parser as a user's own.
    pub fn built_in() -> Result<Self, TaxonomyError> {
        Self::parse(BUILT_IN)
    }

    /// Version told by the file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Level-2 topics in the file's order.
    pub fn topics(&self) -> &[Definition] {
        &self.topics
    }

    /// Level-1 topics in the file's order.
    pub fn groups(&self) -> &[Definition] {
        &self.groups
    }

    /// Name of a topic of either level in a language, else in English.
    pub fn name(&self, id: &str, language: &str) -> Option<&str> {
        let mut all = self.topics.iter().chain(&self.groups);
        let names = &all.find(|topic| *topic.id == *id)?.names;
        names
            .get(language)
            .or_else(|| names.get("en"))
            .map(String::as_str)
    }

    /// Topics of a text, each at its first mention. `score` judges the clause (in match form)
    /// around a mention; it is asked once a clause, and with the whole form if there is but one.
    ///
    /// Confidence grows with the mentions: 1 − 0.4ⁿ, so 0.6 for one, 0.84 for two.
    pub fn tag(
        &self,
        clean: &str,
        matched: &MatchForm,
        score: impl Fn(&str) -> Sentiment,
    ) -> Vec<Topic> {
        let mentions = self.keywords.mentions(&matched.text);
        if mentions.is_empty() {
            return Vec::new();
        }
        let clauses = Clauses::of(&matched.text, &score);
        let mut found: Vec<(usize, Topic)> = Vec::new();
        for Mention { topic, range } in mentions {
            if let Some((_, known)) = found.iter_mut().find(|(index, _)| *index == topic) {
                known.confidence = 1.0 - (1.0 - known.confidence) * 0.4;
            } else if let Some(definition) = self.topics.get(topic) {
                let evidence = matched.clean_range(range.clone());
                debug_assert!(clean.get(evidence.clone()).is_some());
                found.push((
                    topic,
                    Topic {
                        id: definition.id.clone(),
                        l1: definition.l1.clone(),
                        sentiment: clauses.sentiment_at(range.start),
                        confidence: 0.6,
                        part: 0,
                        evidence,
                    },
                ));
            }
        }
        found.into_iter().map(|(_, topic)| topic).collect()
    }
}

/// The clauses of a text with their sentiment, judged when first asked for.
struct Clauses<'a, F> {
    text: &'a str,
    score: &'a F,
    clauses: Vec<(Range<usize>, OnceCell<Sentiment>)>,
}

impl<'a, F: Fn(&str) -> Sentiment> Clauses<'a, F> {
    fn of(text: &'a str, score: &'a F) -> Self {
        Self {
            text,
            score,
            clauses: text::clauses(text)
                .map(|range| (range, OnceCell::new()))
                .collect(),
        }
    }

    fn sentiment_at(&self, at: usize) -> Sentiment {
        let index = self.clauses.partition_point(|(range, _)| range.end <= at);
        self.clauses
            .get(index)
            .map_or(Sentiment::UNKNOWN, |(range, sentiment)| {
                *sentiment.get_or_init(|| (self.score)(&self.text[range.clone()]))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Taxonomy {
        Taxonomy::built_in().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn x() {
        built_in();
    }
}
