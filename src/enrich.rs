//! Enrichment: what a text says, found from the record and the models alone.
//!
//! `Enricher::enrich` runs the steps in one fixed order, each in a file of its own. It keeps no
//! state between records and never fails: "unknown" is a value. Mojibake is repaired first, then
//! language is found on the raw text; all later
//! steps read the clean, redacted text, so that stored rows can be enriched again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::feedback::{Body, Context, Conversation, Feedback, Review, Role, Survey, Turn};
use crate::language::{self, Detected, Detector};
use crate::odata::{Joined, Keys};
use crate::text::{self, MatchForm};

pub mod clauses;
pub mod contradiction;
pub mod features;
pub mod intents;
pub mod model_file;
pub mod mojibake;
mod phrases;
pub mod privacy;
pub mod sentiment;
pub mod topics;

use clauses::Clauses;
use features::Tokens;

pub use crate::language::{Hints, Language, LanguageShare};
pub use intents::{Intent, Signals};
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
    /// Personal data replaced, over all texts and identifiers.
    pub redactions: privacy::Redactions,
    /// Stamp of models and taxonomy.
    pub versions: Arc<Versions>,
    /// What was true when it was said. Enrichment itself knows nothing of it: [`Joined::unknown`].
    pub joined: Joined,
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
    /// What the customer wants and signals.
    pub signals: Signals,
    /// Hash of the text's letters, for near duplicates: see [`text::match_hash`].
    pub match_hash: u64,
    /// What else is to be known about the text: those of [`intents::debris`], [`mojibake::REPAIRED`],
    /// [`contradiction::CONTRADICTS`].
    pub flags: Vec<&'static str>,
}

impl Tags {
    /// Of a text that no model has seen.
    pub fn untagged(text: String) -> Self {
        Self {
            text,
            language: Language::UNKNOWN,
            languages: Vec::new(),
            sentiment: Sentiment::UNKNOWN,
            topics: Vec::new(),
            signals: Signals::default(),
            match_hash: 0,
            flags: Vec::new(),
        }
    }
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
    /// Models of language, sentiment and topics.
    pub models: String,
    /// Taxonomy and cues.
    pub taxonomy: String,
}

/// All models, loaded once and shared by every thread.
pub struct Enricher {
    language: Detector,
    privacy: Arc<privacy::Redactor>,
    sentiment: sentiment::Model,
    taxonomy: topics::Taxonomy,
    cues: intents::Cues,
    /// What is reviewed at a source.
    reviewed: HashMap<String, usize>,
    versions: Arc<Versions>,
}

impl Enricher {
    /// Puts loaded parts together.
    pub fn new(
        language: Detector,
        privacy: privacy::Redactor,
        sentiment: sentiment::Model,
        taxonomy: topics::Taxonomy,
        cues: intents::Cues,
    ) -> Self {
        let mut models = format!("{}+{}", language.version(), sentiment.version());
        if let Some(topics) = taxonomy.model_version() {
            models = format!("{models}+{topics}");
        }
        let versions = Arc::new(Versions {
            models,
            taxonomy: format!("{}+{}", taxonomy.version(), cues.version()),
        });
        Self {
            language,
            privacy: Arc::new(privacy),
            sentiment,
            taxonomy,
            cues,
            reviewed: HashMap::new(),
            versions,
        }
    }

    /// Told what is reviewed at some sources, each as [`topics::Taxonomy::thing`] numbers it: their texts
    /// need no guess.
    pub fn reviewing(mut self, sources: HashMap<String, usize>) -> Self {
        self.reviewed = sources;
        self
    }

    /// Stamp of every row that it makes.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// What protects identifiers: O-data is read under the same, so that keys meet.
    pub fn privacy(&self) -> Arc<privacy::Redactor> {
        self.privacy.clone()
    }

    /// The topics that texts are tagged with.
    pub fn taxonomy(&self) -> &topics::Taxonomy {
        &self.taxonomy
    }

    /// Tags one item. Deleted items keep their keys and lose their texts.
    pub fn enrich(&self, mut feedback: Feedback) -> Enriched {
        if feedback.deleted {
            feedback.body = emptied(&feedback.body);
            feedback.extra.clear();
        }
        let repaired = mojibake::repair_feedback(&mut feedback);
        let raw = text_of(&feedback);
        let detected = self.language.detect(&raw, hints_of(&feedback.context));
        let redactions = self.redact(&mut feedback);
        let parts = self.part_sentiments(&parts_of(&feedback.body), &detected.language);
        let thing = self.reviewed.get(&feedback.source).copied();
        let mut tags = self.tag_clean(text_of(&feedback), detected, thing);
        tags.flags.extend(repaired.then_some(mojibake::REPAIRED));
        if contradiction::contradicts(&feedback.body, &tags.sentiment) {
            tags.flags.push(contradiction::CONTRADICTS);
        }
        Enriched {
            joined: Joined::unknown(&Keys::of(&feedback)),
            feedback,
            tags,
            parts,
            redactions,
            versions: self.versions.clone(),
        }
    }

    /// Tags one bare text.
    pub fn tag(&self, raw: &str, hints: Hints) -> Tags {
        let repaired = language::mojibake::repair(raw);
        let raw = repaired.as_deref().unwrap_or(raw);
        let detected = self.language.detect(raw, hints);
        let (clean, _) = self.privacy.redact(&text::clean(raw));
        let mut tags = self.tag_clean(clean, detected, None);
        tags.flags.extend(repaired.and(Some(mojibake::REPAIRED)));
        tags
    }

    /// What [`tag`](Self::tag) replaces in a bare text, by bytes of its clean form, in order.
    pub fn personal_data(&self, raw: &str) -> Vec<privacy::Found> {
        let repaired = language::mojibake::repair(raw);
        self.privacy
            .found(&text::clean(repaired.as_deref().unwrap_or(raw)))
    }

    /// Tags an item again from its stored texts: `text` as [`Tags::text`], `parts` as
    /// [`parts_of`] gives them, `hints` and `source` as they are stored. Texts are clean and redacted, so language
    /// is found on them without the marks that stand for personal data; where there are none, the
    /// tags are those that [`enrich`](Self::enrich) gave. But flags of the raw text and of the item as it
    /// came in are not found again: those of the row hold, beside those of the clean text, which are.
    pub fn tag_stored(
        &self,
        text: String,
        parts: &[Option<&str>],
        hints: Hints,
        source: &str,
    ) -> (Tags, Vec<Sentiment>) {
        let text_alone = privacy::without_marks(&text);
        let detected = self.language.detect(&text_alone, hints);
        let parts = self.part_sentiments(parts, &detected.language);
        let thing = self.reviewed.get(source).copied();
        (self.tag_clean(text, detected, thing), parts)
    }

    fn tag_clean(&self, text: String, detected: Detected, thing: Option<usize>) -> Tags {
        let Detected { language, parts } = detected;
        let matched = MatchForm::of(&text);
        let tokens = Tokens::of(&matched.text);
        let judged_as = self.sentiment.index_of(&language);
        let mut sentiment = self.sentiment.judge(tokens.whole(), judged_as);
        let clauses = Clauses::of(&matched.text, sentiment, |clause| {
            self.sentiment.judge(tokens.part(clause), judged_as)
        });
        let about = topics::About {
            tokens: &tokens,
            language: &language,
            thing,
        };
        let topics = self.taxonomy.tag(&text, &matched, &clauses, &about);
        let (signals, flags) = self.cues.signals(&text, &matched, &clauses);
        if flags.contains(&intents::debris::MT_SUSPECT) {
            sentiment.confidence *= intents::debris::MT_DOUBT;
        }
        Tags {
            match_hash: text::match_hash(&matched),
            text,
            language,
            languages: parts,
            sentiment,
            topics,
            signals,
            flags,
        }
    }

    fn part_sentiments(&self, parts: &[Option<&str>], language: &Language) -> Vec<Sentiment> {
        let score = |text: &&str| self.sentiment.score(&MatchForm::of(text).text, language);
        let of = |part: &Option<&str>| part.as_ref().map_or(Sentiment::UNKNOWN, score);
        parts.iter().map(of).collect()
    }

    /// Replaces every text of the item by its clean, redacted form; returns what was replaced.
    /// Identifiers that look like personal data become keyed hashes.
    fn redact(&self, feedback: &mut Feedback) -> privacy::Redactions {
        self.privacy.redact_feedback(feedback)
    }
}

/// What is said beside an item's texts about their language.
fn hints_of(context: &Context) -> Hints<'_> {
    Hints {
        stated: &context.lang_hint,
        locale: &context.locale,
    }
}

/// A body of the same kind that says nothing.
fn emptied(body: &Body) -> Body {
    match body {
        Body::Review(_) => Body::Review(Review::default()),
        Body::Conversation(_) => Body::Conversation(Conversation::default()),
        Body::Message(_) => Body::Message(Turn::default()),
        Body::Survey(_) => Body::Survey(Survey::default()),
    }
}

/// Texts that [`Enriched::parts`] describes: of each turn of a conversation, `None` where it doesn't
/// count, or of each answer of a survey.
pub fn parts_of(body: &Body) -> Vec<Option<&str>> {
    match body {
        Body::Conversation(c) => {
            let texts = c.turns.iter().map(|t| counts(t).then_some(&*t.body));
            texts.collect()
        }
        Body::Survey(s) => s.answers.iter().map(|a| Some(a.text.as_str())).collect(),
        Body::Review(_) | Body::Message(_) => Vec::new(),
    }
}

fn counts(turn: &Turn) -> bool {
    turn.role == Role::Customer && !turn.private
}

/// The text that tags are about, of an item raw or clean: what [`Enriched::tags`] describes.
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::feedback::{Customer, References};
    use crate::language::Model;

    fn enricher() -> &'static Enricher {
        static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| {
            Enricher::new(
                Detector::new(Model::of_this_build().unwrap()),
                privacy::Redactor::new(b"a key known to tests"),
                sentiment::Model::built_in().unwrap(),
                topics::Taxonomy::built_in().unwrap(),
                intents::Cues::built_in().unwrap(),
            )
        });
        &ENRICHER
    }

    fn feedback(body: Body) -> Feedback {
        Feedback {
            tenant: "acme".into(),
            source: "shop".into(),
            id: "r1".into(),
            version: 1,
            deleted: false,
            created_at: 1_772_359_200_000,
            channel: "web".into(),
            customer: Customer::default(),
            context: Context::default(),
            references: References::default(),
            extra: vec![("note".into(), "call back".into())],
            body,
            unknown_fields: 0,
            truncated: false,
        }
    }

    fn turn(role: Role, private: bool, body: &str) -> Turn {
        Turn {
            role,
            private,
            body: body.into(),
            ..Turn::default()
        }
    }

    #[test]
    fn a_review_is_tagged_and_stored_without_personal_data() {
        let review = Review {
            title: "Late again".into(),
            body: "Delivery took three weeks, terrible, never again. Write to jo@example.com"
                .into(),
            ..Review::default()
        };
        let enriched = enricher().enrich(feedback(Body::Review(review)));
        let text = "Late again\nDelivery took three weeks, terrible, never again. Write to [email]";
        assert_eq!(enriched.tags.text, text);
        assert_eq!(enriched.redactions.of(privacy::Kind::Email), 1);
        assert_eq!(enriched.redactions.total(), 1);
        assert_eq!(enriched.tags.language.base, "en");
        assert_eq!(enriched.tags.sentiment.label, Label::Negative);
        let topic = &enriched.tags.topics[0];
        assert_eq!((&*topic.id, &*topic.l1), ("delivery_delay", "delivery"));
        assert!(!enriched.versions.models.is_empty() && !enriched.versions.taxonomy.is_empty());
    }

    #[test]
    fn mojibake_is_repaired_before_all_else_and_flagged() {
        let review = Review {
            title: "PÃ¼nktlich".into(),
            body: "Der Lieferservice ist sehr gut, schÃ¶ne GrÃ¼ÃŸe an jÃ¶rg@example.com".into(),
            ..Review::default()
        };
        let enriched = enricher().enrich(feedback(Body::Review(review)));
        assert!(enriched.tags.text.starts_with("Pünktlich\nDer Liefer"));
        assert!(enriched.tags.text.contains("schöne Grüße an "));
        assert_eq!(enriched.tags.language.base, "de");
        assert_eq!(enriched.tags.flags, [mojibake::REPAIRED]);
        let right = enricher().tag("Schöne Grüße", Hints::default());
        assert_eq!((right.text.as_str(), right.flags), ("Schöne Grüße", vec![]));

        let turns = vec![
            turn(Role::Agent, true, "Ã¼ber"),
            turn(Role::Customer, false, "ok"),
        ];
        let conversation = Conversation {
            turns,
            ..Conversation::default()
        };
        let enriched = enricher().enrich(feedback(Body::Conversation(conversation)));
        let Body::Conversation(conversation) = &enriched.feedback.body else {
            panic!("no conversation");
        };
        assert_eq!(conversation.turns[0].body, "über");
        assert_eq!(enriched.tags.flags, [mojibake::REPAIRED]);
    }

    #[test]
    fn five_stars_under_a_furious_text_are_flagged() {
        let review = |stars| Review {
            rating: Some(crate::feedback::Rating {
                value: stars,
                worst: 1.0,
                best: 5.0,
            }),
            body: "Terrible. It broke after a day and nobody answers, what a waste of money".into(),
            ..Review::default()
        };
        let flags = |stars| {
            let enriched = enricher().enrich(feedback(Body::Review(review(stars))));
            enriched.tags.flags
        };
        assert_eq!(flags(5.0), [contradiction::CONTRADICTS]);
        assert!(flags(1.0).is_empty());
    }

    #[test]
    fn only_public_turns_of_the_customer_count() {
        let conversation = Conversation {
            turns: vec![
                turn(Role::Customer, false, "My order is broken, I am angry"),
                turn(Role::Agent, false, "I am so happy to help, wonderful"),
                turn(Role::Customer, true, "Secret praise, excellent"),
                turn(Role::Customer, false, "Awful"),
            ],
            ..Conversation::default()
        };
        let enriched = enricher().enrich(feedback(Body::Conversation(conversation)));
        assert_eq!(enriched.tags.text, "My order is broken, I am angry\nAwful");
        let known: Vec<bool> = enriched
            .parts
            .iter()
            .map(|s| s.label != Label::Unknown)
            .collect();
        assert_eq!(known, [true, false, false, true]);
    }

    #[test]
    fn a_deleted_item_keeps_its_keys_and_loses_its_texts() {
        let review = Review {
            body: "Delivery was late".into(),
            ..Review::default()
        };
        let mut item = feedback(Body::Review(review));
        item.deleted = true;
        let enriched = enricher().enrich(item);
        assert_eq!(enriched.feedback.id, "r1");
        assert_eq!(enriched.feedback.body, Body::Review(Review::default()));
        assert_eq!(enriched.feedback.extra, []);
        assert_eq!(enriched.tags.text, "");
        assert_eq!(enriched.tags.sentiment, Sentiment::UNKNOWN);
        assert_eq!(enriched.tags.topics, []);
    }
}
