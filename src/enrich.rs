//! Enrichment: what a text says, found from the record and the models alone.
//!
//! `Enricher::enrich` runs the steps in one fixed order, each in a file of its own. It keeps no
//! state between records and never fails: "unknown" is a value. Language and privacy read the raw
//! text; all later steps read the clean text, so that stored rows can be enriched again.

use std::ops::Range;
use std::sync::Arc;

use crate::feedback::{Body, Feedback, Role};
use crate::text::{self, MatchForm};

pub mod language;
pub mod privacy;
pub mod sentiment;
pub mod topics;

pub use language::{Language, LanguageShare};
pub use sentiment::{Label, Sentiment};

/// A feedback with its tags; every text in it is clean and redacted.
#[derive(Debug, Clone)]
pub struct Enriched {
    /// The item, its texts replaced by their clean form.
    pub feedback: Feedback,
    /// Tags of the whole text. `tags.text` is title, newline, body of a review; the customer's
    /// public turns, or the text answers of a survey, joined by newlines.
    pub tags: Tags,
    /// Sentiment of each turn of a conversation (`Unknown` for other roles than the customer)
    /// or each answer of a survey; empty for other kinds.
    pub parts: Vec<Sentiment>,
    /// Personal data replaced, over all texts.
    pub redactions: u32,
    /// Stamp of models and taxonomy.
    pub versions: Arc<Versions>,
}

/// What `sada tag` prints and a row stores about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Tags {
    /// Clean form.
    pub text: String,
    /// Main language.
    pub language: Language,
    /// Languages of the parts, the main one first; empty for texts without letters.
    pub languages: Vec<LanguageShare>,
    /// Sentiment of the whole.
    pub sentiment: Sentiment,
    /// Topics in the order of their first mention.
    pub topics: Vec<Topic>,
}

/// One topic that the text mentions.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Level-2 id (`delivery_delay`).
    pub id: Arc<str>,
    /// Level-1 id (`delivery`).
    pub l1: Arc<str>,
    /// Sentiment of the clause that mentions it.
    pub sentiment: Sentiment,
    /// How sure the topic is, 0 to 1.
    pub confidence: f32,
    /// 0 for `text`, n for the n-th turn or answer.
    pub part: u32,
    /// Evidence: bytes of the part's clean text.
    pub evidence: Range<usize>,
}

/// Versions stamped on every row, so that a better model can find what it should do again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Language and sentiment models.
    pub models: String,
    /// Taxonomy.
    pub taxonomy: String,
}

/// All models, loaded once and shared by every thread.
pub struct Enricher {
    language: language::Detector,
    privacy: privacy::Redactor,
    sentiment: sentiment::Model,
    taxonomy: topics::Taxonomy,
    versions: Arc<Versions>,
}

impl Enricher {
    /// Puts loaded parts together.
    pub fn new(
        language: language::Detector,
        privacy: privacy::Redactor,
        sentiment: sentiment::Model,
        taxonomy: topics::Taxonomy,
    ) -> Self {
        let versions = Arc::new(Versions {
            models: format!("{}+{}", language.version(), sentiment.version()),
            taxonomy: taxonomy.version().to_owned(),
        });
        Self {
            language,
            privacy,
            sentiment,
            taxonomy,
            versions,
        }
    }

    /// Stamp of every row that it makes.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Tags one item. Deleted items keep their keys and lose their texts.
    pub fn enrich(&self, mut feedback: Feedback) -> Enriched {
        let raw = text_of(&feedback);
        let (language, languages) = self.language.detect(&raw);
        let redactions = self.redact(&mut feedback);
        let clean = text_of(&feedback);
        let parts = self.part_sentiments(&feedback, &language);
        let tags = self.tag_clean(clean, language, languages);
        Enriched {
            feedback,
            tags,
            parts,
            redactions,
            versions: self.versions.clone(),
        }
    }

    /// Tags one bare text.
    pub fn tag(&self, raw: &str) -> Tags {
        let (language, languages) = self.language.detect(raw);
        let (clean, _) = self.privacy.redact(&text::clean(raw));
        self.tag_clean(clean, language, languages)
    }

    fn tag_clean(&self, text: String, language: Language, languages: Vec<LanguageShare>) -> Tags {
        let matched = MatchForm::of(&text);
        let sentiment = self.sentiment.score(&matched.text, &language);
        let topics = self.taxonomy.tag(&text, &matched, |clause| {
            self.sentiment.score(clause, &language)
        });
        Tags {
            text,
            language,
            languages,
            sentiment,
            topics,
        }
    }

    fn part_sentiments(&self, feedback: &Feedback, language: &Language) -> Vec<Sentiment> {
        let score = |text: &str| self.sentiment.score(&MatchForm::of(text).text, language);
        match &feedback.body {
            Body::Conversation(c) => c
                .turns
                .iter()
                .map(|t| {
                    if counts(t) {
                        score(&t.body)
                    } else {
                        Sentiment::UNKNOWN
                    }
                })
                .collect(),
            Body::Survey(s) => s.answers.iter().map(|a| score(&a.text)).collect(),
            Body::Review(_) | Body::Message(_) => Vec::new(),
        }
    }

    /// Replaces every text of the item by its clean, redacted form; returns how often personal
    /// data was found. Identifiers that look like personal data become keyed hashes.
    fn redact(&self, feedback: &mut Feedback) -> u32 {
        self.privacy.redact_feedback(feedback)
    }
}

fn counts(turn: &crate::feedback::Turn) -> bool {
    turn.role == Role::Customer && !turn.private
}

/// The text that tags are about (DESIGN: contract of tags), of an item raw or clean.
pub fn text_of(feedback: &Feedback) -> String {
    let join = |parts: &mut dyn Iterator<Item = &str>| {
        parts
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    match &feedback.body {
        Body::Review(r) => join(&mut [r.title.as_str(), r.body.as_str()].into_iter()),
        Body::Conversation(c) => join(
            &mut c
                .turns
                .iter()
                .filter(|t| counts(t))
                .map(|t| t.body.as_str()),
        ),
        Body::Message(t) => {
            if counts(t) {
                t.body.clone()
            } else {
                String::new()
            }
        }
        Body::Survey(s) => join(
            &mut s
                .answers
                .iter()
                .filter(|a| a.kind == crate::feedback::AnswerType::Text)
                .map(|a| a.text.as_str()),
        ),
    }
}
