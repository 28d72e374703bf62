//! The temporary table of a slice: keys of rows, the version that was read, and their new tags.

use clickhouse::Row;
use serde::Serialize;

use super::StoredRow;
use crate::enrich::intents::{Emotion, Reason, debris};
use crate::enrich::{Intent, LanguageShare, Sentiment, Tags, Topic};
use crate::warehouse::rows::{Column, Parts};

/// Its name.
pub(super) const TABLE: &str = "sada_retagged";

/// Columns that find the row.
const KEY: [(&str, &str); 6] = [
    ("tenant", "String"),
    ("kind", "String"),
    ("day", "String"),
    ("source", "String"),
    ("feedback_id", "String"),
    ("base", "UInt128"),
];

/// Condition of a join to `feedback AS f`.
pub(super) const SAME_KEY: &str = "f.tenant = t.tenant AND f.kind = t.kind \
    AND toDate(f.created_at) = toDate(t.day) AND f.source = t.source \
    AND f.feedback_id = t.feedback_id";

/// Columns of `feedback` that it replaces. Of `flags` only those that tell of the clean text: see
/// [`replacements`].
const TAGS: [(&str, &str); 39] = [
    ("language", "String"),
    ("language_tag", "String"),
    ("language_confidence", "Float32"),
    ("languages.language", "Array(String)"),
    ("languages.language_tag", "Array(String)"),
    ("languages.share", "Array(Float32)"),
    ("sentiment", "String"),
    ("sentiment_score", "Float32"),
    ("sentiment_confidence", "Float32"),
    ("topics.id", "Array(String)"),
    ("topics.l1", "Array(String)"),
    ("topics.sentiment", "Array(String)"),
    ("topics.score", "Array(Float32)"),
    ("topics.confidence", "Array(Float32)"),
    ("topics.part", "Array(UInt32)"),
    ("topics.start", "Array(UInt32)"),
    ("topics.end", "Array(UInt32)"),
    ("intents.name", "Array(String)"),
    ("intents.part", "Array(UInt32)"),
    ("intents.start", "Array(UInt32)"),
    ("intents.end", "Array(UInt32)"),
    ("urgency", "Float32"),
    ("urgency_reason", "String"),
    ("actionable", "Bool"),
    ("emotion", "Nullable(String)"),
    ("effort", "Nullable(Int8)"),
    ("profanity", "Bool"),
    ("repeated_problem", "Bool"),
    ("text_journey_stage", "String"),
    ("text_purchase_phase", "String"),
    ("text_touchpoint", "String"),
    ("match_hash", "UInt64"),
    (FLAGS, "Array(String)"),
    ("turns.sentiment", "Array(String)"),
    ("turns.sentiment_score", "Array(Float32)"),
    ("turns.sentiment_confidence", "Array(Float32)"),
    ("answers.sentiment", "Array(String)"),
    ("answers.sentiment_score", "Array(Float32)"),
    ("answers.sentiment_confidence", "Array(Float32)"),
];

pub(super) fn create() -> String {
    let columns = KEY.iter().chain(&TAGS);
    let columns: Vec<String> = columns
        .map(|(name, kind)| format!("`{name}` {kind}"))
        .collect();
    let columns = columns.join(", ");
    format!("CREATE TEMPORARY TABLE {TABLE} ({columns}) ENGINE = Memory")
}

/// Flags of the clean text come first, as when a row is ingested.
const FLAGS: &str = "flags";

/// `t.language AS language, …`. Flags of the raw text, which is not stored, are those of the row.
pub(super) fn replacements() -> String {
    let of_clean = [
        debris::LLM_ARTIFACT,
        debris::MT_SUSPECT,
        debris::BOILERPLATE,
    ];
    let of_clean = of_clean.map(|flag| format!("'{flag}'")).join(", ");
    let columns: Vec<String> = TAGS
        .iter()
        .map(|(name, _)| match *name {
            FLAGS => format!(
                "arrayConcat(t.flags, arrayFilter(flag -> flag NOT IN ({of_clean}), f.flags)) AS flags"
            ),
            name => format!("t.`{name}` AS `{name}`"),
        })
        .collect();
    columns.join(", ")
}

/// New tags of a row.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct Retagged<'a> {
    pub tenant: &'a str,
    pub kind: &'a str,
    pub day: &'a str,
    pub source: &'a str,
    pub feedback_id: &'a str,
    pub base: u128,
    pub language: &'a str,
    pub language_tag: &'a str,
    pub language_confidence: f32,
    #[serde(rename = "languages.language")]
    pub languages_language: Column<'a, LanguageShare, &'static str>,
    #[serde(rename = "languages.language_tag")]
    pub languages_language_tag: Column<'a, LanguageShare, &'static str>,
    #[serde(rename = "languages.share")]
    pub languages_share: Column<'a, LanguageShare, f32>,
    pub sentiment: &'static str,
    pub sentiment_score: f32,
    pub sentiment_confidence: f32,
    #[serde(rename = "topics.id")]
    pub topics_id: Column<'a, Topic, &'a str>,
    #[serde(rename = "topics.l1")]
    pub topics_l1: Column<'a, Topic, &'a str>,
    #[serde(rename = "topics.sentiment")]
    pub topics_sentiment: Column<'a, Topic, &'static str>,
    #[serde(rename = "topics.score")]
    pub topics_score: Column<'a, Topic, f32>,
    #[serde(rename = "topics.confidence")]
    pub topics_confidence: Column<'a, Topic, f32>,
    #[serde(rename = "topics.part")]
    pub topics_part: Column<'a, Topic, u32>,
    #[serde(rename = "topics.start")]
    pub topics_start: Column<'a, Topic, u32>,
    #[serde(rename = "topics.end")]
    pub topics_end: Column<'a, Topic, u32>,
    #[serde(rename = "intents.name")]
    pub intents_name: Column<'a, Intent, &'static str>,
    #[serde(rename = "intents.part")]
    pub intents_part: Column<'a, Intent, u32>,
    #[serde(rename = "intents.start")]
    pub intents_start: Column<'a, Intent, u32>,
    #[serde(rename = "intents.end")]
    pub intents_end: Column<'a, Intent, u32>,
    pub urgency: f32,
    pub urgency_reason: &'static str,
    pub actionable: bool,
    pub emotion: Option<&'static str>,
    pub effort: Option<i8>,
    pub profanity: bool,
    pub repeated_problem: bool,
    pub text_journey_stage: &'static str,
    pub text_purchase_phase: &'static str,
    pub text_touchpoint: &'static str,
    pub match_hash: u64,
    pub flags: &'a [&'static str],
    #[serde(rename = "turns.sentiment")]
    pub turns_sentiment: Parts<'a, &'static str>,
    #[serde(rename = "turns.sentiment_score")]
    pub turns_sentiment_score: Parts<'a, f32>,
    #[serde(rename = "turns.sentiment_confidence")]
    pub turns_sentiment_confidence: Parts<'a, f32>,
    #[serde(rename = "answers.sentiment")]
    pub answers_sentiment: Parts<'a, &'static str>,
    #[serde(rename = "answers.sentiment_score")]
    pub answers_sentiment_score: Parts<'a, f32>,
    #[serde(rename = "answers.sentiment_confidence")]
    pub answers_sentiment_confidence: Parts<'a, f32>,
}

impl<'a> Retagged<'a> {
    /// Tags of a stored row as [`tag_stored`](crate::enrich::Enricher::tag_stored) gives them.
    pub fn new(row: &'a StoredRow, tags: &'a Tags, parts: &'a [Sentiment]) -> Self {
        let (turns, answers) = match row.kind.as_str() {
            // A message is its one turn.
            "message" => (std::slice::from_ref(&tags.sentiment), &[][..]),
            "survey" => (&[][..], parts),
            _ => (parts, &[][..]),
        };
        let signals = &tags.signals;
        let (turns_len, answers_len) = (row.turns_text.len(), row.answers_text.len());
        Self {
            tenant: &row.tenant,
            kind: &row.kind,
            day: &row.day,
            source: &row.source,
            feedback_id: &row.feedback_id,
            base: row.base,
            language: tags.language.base,
            language_tag: tags.language.tag,
            language_confidence: tags.language.confidence,
            languages_language: Column::new(&tags.languages, |l| l.language),
            languages_language_tag: Column::new(&tags.languages, |l| l.language_tag),
            languages_share: Column::new(&tags.languages, |l| l.share),
            sentiment: tags.sentiment.label.name(),
            sentiment_score: tags.sentiment.score,
            sentiment_confidence: tags.sentiment.confidence,
            topics_id: Column::new(&tags.topics, |t| &*t.id),
            topics_l1: Column::new(&tags.topics, |t| &*t.l1),
            topics_sentiment: Column::new(&tags.topics, |t| t.sentiment.label.name()),
            topics_score: Column::new(&tags.topics, |t| t.sentiment.score),
            topics_confidence: Column::new(&tags.topics, |t| t.confidence),
            topics_part: Column::new(&tags.topics, |t| t.part),
            topics_start: Column::new(&tags.topics, |t| t.evidence.start as u32),
            topics_end: Column::new(&tags.topics, |t| t.evidence.end as u32),
            intents_name: Column::new(&signals.intents, |i| i.want.name()),
            intents_part: Column::new(&signals.intents, |i| i.part),
            intents_start: Column::new(&signals.intents, |i| i.evidence.start as u32),
            intents_end: Column::new(&signals.intents, |i| i.evidence.end as u32),
            urgency: signals.urgency.score,
            urgency_reason: signals.urgency.reason.map_or("", Reason::name),
            actionable: signals.actionable,
            emotion: signals.emotion.map(Emotion::name),
            effort: signals.effort,
            profanity: signals.profanity,
            repeated_problem: signals.repeated_problem,
            text_journey_stage: signals.journey_stage.unwrap_or_default(),
            text_purchase_phase: signals.purchase_phase.unwrap_or_default(),
            text_touchpoint: signals.touchpoint.unwrap_or_default(),
            match_hash: tags.match_hash,
            flags: &tags.flags,
            turns_sentiment: Parts::new(turns, turns_len, |s| s.label.name()),
            turns_sentiment_score: Parts::new(turns, turns_len, |s| s.score),
            turns_sentiment_confidence: Parts::new(turns, turns_len, |s| s.confidence),
            answers_sentiment: Parts::new(answers, answers_len, |s| s.label.name()),
            answers_sentiment_score: Parts::new(answers, answers_len, |s| s.score),
            answers_sentiment_confidence: Parts::new(answers, answers_len, |s| s.confidence),
        }
    }
}
