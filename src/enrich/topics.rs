//! Topics by the taxonomy: keywords on the match form, the longest one wins.
//!
//! A keyword is a word or phrase in any language; all languages are looked for at once, so that
//! code-switching and an unsure language do no harm. Polarity is no part of a topic: `delicious`
//! and `bland` both mean `food_beverage`, and the clause around the mention tells how it felt.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::clauses::Clauses;
use super::features::Tokens;
use super::phrases::evidence;
use super::{Language, Sentiment, Topic};
use crate::text::MatchForm;

mod found;
mod keywords;
mod parse;
pub mod trained;

pub use parse::TaxonomyError;

use found::{Finding, Found, Trained};
use keywords::{Keywords, Mention};

/// The taxonomy that comes with the program.
const BUILT_IN: &str = include_str!("../../models/taxonomy.toml");

/// The taxonomy with its keywords, ready to match.
pub struct Taxonomy {
    version: String,
    groups: Vec<Definition>,
    topics: Vec<Definition>,
    keywords: Keywords,
    trained: Option<Trained>,
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

    /// Tells which keywords and rules are not those of a taxonomy with which a model was fitted: the model
    /// does not know what they are worth, so they count at once.
    pub fn beside(mut self, fitted: &Self) -> Self {
        let known = fitted.keywords.keys(&fitted.topics);
        self.keywords.mark_new(&self.topics, &known);
        self
    }

    /// Adds what a trained model knows of these topics; those of the model that the taxonomy lacks
    /// are not found.
    pub fn with(mut self, model: trained::Model) -> Self {
        self.trained = Some(Trained::of(model, &self.topics));
        self
    }

    /// Version of the trained model, if there is one.
    pub fn model_version(&self) -> Option<&str> {
        self.trained
            .as_ref()
            .map(|trained| trained.model().version())
    }

    /// Number of a kind of things that may be reviewed, among those that the trained model tells
    /// apart.
    ///
    /// # Errors
    /// There is no such kind; the error holds their names.
    pub fn thing(&self, name: &str) -> Result<usize, Vec<String>> {
        let model = self.trained.as_ref().map(Trained::model);
        let thing = model.and_then(|model| model.thing(name));
        thing.ok_or_else(|| model.map_or_else(Vec::new, |model| model.parts().things.clone()))
    }

    /// Topics of a text, each at its first mention, with the sentiment of the clause around it.
    ///
    /// Confidence of keywords grows with the mentions: 1 − 0.4ⁿ, so 0.6 for one, 0.84 for two. In its
    /// languages the trained model adds topics that no keyword tells of, and takes away those of which the
    /// words around a keyword say that it has another sense.
    pub fn tag<F: Fn(&Range<usize>) -> Sentiment>(
        &self,
        clean: &str,
        matched: &MatchForm,
        clauses: &Clauses<F>,
        about: &About,
    ) -> Vec<Topic> {
        let mut found = Found::default();
        for mention in self.mentions(&matched.text, clauses) {
            found.mention(mention);
        }
        if let Some(trained) = &self.trained {
            let clauses: Vec<Range<usize>> = clauses.ranges().collect();
            trained.weigh(&mut found, &matched.text, &clauses, about);
        }
        let topic = |(topic, finding): (usize, Finding)| {
            let definition = self.topics.get(topic)?;
            Some(Topic {
                id: definition.id.clone(),
                l1: definition.l1.clone(),
                sentiment: clauses.sentiment_at(finding.range.start),
                confidence: finding.confidence,
                part: 0,
                evidence: evidence(clean, matched, finding.range),
            })
        };
        let mut topics: Vec<Topic> = found.into_topics().filter_map(topic).collect();
        topics.sort_by_key(|topic| topic.evidence.start);
        topics
    }

    /// Topics that keywords alone tell of, in the order of the text, each as often as it is mentioned.
    pub fn told_by_keywords(&self, matched: &str) -> impl Iterator<Item = &Definition> {
        let clauses = Clauses::of(matched, Sentiment::UNKNOWN, |_| Sentiment::UNKNOWN);
        let mentions = self.mentions(matched, &clauses).into_iter();
        mentions.filter_map(|mention| self.topics.get(mention.topic))
    }

    fn mentions<F: Fn(&Range<usize>) -> Sentiment>(
        &self,
        matched: &str,
        clauses: &Clauses<F>,
    ) -> Vec<Mention> {
        self.keywords.mentions(matched, |at| clauses.index_at(at))
    }
}

/// What is known about a text beside its forms.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Tokens of its match form.
    pub tokens: &'a Tokens,
    /// Its language, as found.
    pub language: &'a Language,
    /// What is reviewed, as [`Taxonomy::thing`] numbers it, where that is told.
    pub thing: Option<usize>,
}

#[cfg(test)]
mod tests;
