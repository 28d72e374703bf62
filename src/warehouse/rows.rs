//! Rows of the tables, as the ClickHouse client writes them: names and order are the columns'.
//!
//! A row borrows from the batch and costs no allocation. Times are milliseconds since 1970
//! (`DateTime64(3)`), `None` is NULL. What the table computes itself (`_row_version`,
//! `_ingested_at`) is no field here, so a row is a function of the record and the models alone.

use clickhouse::Row;
use serde::Serialize;

use crate::batch::{self, Computed, EnrichedBatch, Partition};
use crate::enrich::intents::{Emotion, Reason};
use crate::enrich::privacy::Redactions;
use crate::enrich::{Enriched, Intent, LanguageShare, Topic};
use crate::feedback::{Answer, Customer, Item, Kind, Millis, Rating, Turn};
use crate::odata::Decimal4;

mod evidence;
mod history;
mod nested;
mod said;

pub use evidence::{DeadLetterRow, IngestedRow, Outcome, change_hash, item_hash};
pub use history::{CustomerRow, DeliveryRow, IdentityRow, OrderRow, SessionRow, TicketRow};
pub use nested::{Column, Parts};

use said::Said;

/// Where a record lay in Kafka.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    /// Topic, stream and partition.
    pub partition: &'a Partition,
    /// Offset in the partition.
    pub offset: i64,
    /// Kafka timestamp in ms.
    pub time: Millis,
    /// What computes the row.
    pub computed: Computed,
}

impl<'a> Position<'a> {
    /// Where the record of an outcome lay, and what computes its row.
    pub fn of(batch: &'a EnrichedBatch, outcome: &batch::Outcome) -> Self {
        Self {
            partition: &batch.offsets.partition,
            offset: outcome.offset,
            time: outcome.time,
            computed: batch.computed,
        }
    }
}

/// A row of table `feedback`: one version of one item. `schemas/clickhouse` describes each column.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct FeedbackRow<'a> {
    // The item.
    pub tenant: &'a str,
    pub kind: &'static str,
    pub source: &'a str,
    pub feedback_id: &'a str,
    pub version: u64,
    pub created_at: Millis,
    pub is_deleted: u8,

    // What was said, and what the models say of it.
    pub text: &'a str,
    pub title: &'a str,
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

    // Who, where, about what.
    pub channel: &'a str,
    pub touchpoint: &'a str,
    pub journey_stage: &'a str,
    pub purchase_phase: &'a str,
    pub customer_id: &'a str,
    #[serde(rename = "identities.type")]
    pub identities_type: Column<'a, (String, String), &'a str>,
    #[serde(rename = "identities.value")]
    pub identities_value: Column<'a, (String, String), &'a str>,
    pub consent_analytics: Option<bool>,
    pub country: &'a str,
    pub locale: &'a str,
    pub lang_hint: &'a str,
    pub app_version: &'a str,
    pub url: &'a str,
    pub experiment_id: &'a str,
    pub experiment_variant: &'a str,
    pub order_id: &'a str,
    pub ticket_id: &'a str,
    pub session_id: &'a str,
    pub conversation_id: &'a str,
    pub trigger_type: &'a str,
    pub trigger_id: &'a str,
    pub extra: &'a [(String, String)],

    // What was true of it then.
    pub joined_customer_id: &'a str,
    pub merged_customers: &'a [String],
    pub customer_join: &'static str,
    pub order_join: &'static str,
    pub ticket_join: &'static str,
    pub session_join: &'static str,
    pub delivery_join: &'static str,
    pub segment: &'a str,
    pub persona: &'a str,
    pub tier: &'a str,
    pub plan: &'a str,
    pub customer_country: &'a str,
    pub clv: Option<Decimal4>,
    pub clv_currency: &'a str,
    pub order_status: &'a str,
    pub order_total: Option<Decimal4>,
    pub order_currency: &'a str,
    pub days_late: Option<i32>,
    pub delivery_status: &'a str,
    pub ticket_status: &'a str,
    pub ticket_reopens: Option<u32>,
    pub checkout_abandoned: Option<bool>,

    // Reviews; the rating is a conversation's too.
    pub rating: Option<f64>,
    pub rating_worst: Option<f64>,
    pub rating_best: Option<f64>,
    #[serde(rename = "aspect_ratings.aspect")]
    pub aspect_ratings_aspect: Column<'a, (String, Rating), &'a str>,
    #[serde(rename = "aspect_ratings.value")]
    pub aspect_ratings_value: Column<'a, (String, Rating), f64>,
    #[serde(rename = "aspect_ratings.worst")]
    pub aspect_ratings_worst: Column<'a, (String, Rating), f64>,
    #[serde(rename = "aspect_ratings.best")]
    pub aspect_ratings_best: Column<'a, (String, Rating), f64>,
    pub item_type: &'a str,
    pub item_id: &'a str,
    pub item_name: &'a str,
    pub item_sku: &'a str,
    pub author: &'a str,
    pub verified_purchase: Option<bool>,
    pub helpful_count: u32,
    pub reply_text: &'a str,
    pub reply_at: Option<Millis>,

    // Conversations and messages.
    pub status: &'a str,
    pub queued_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub transfers: u32,
    pub resolved: Option<bool>,
    pub rating_comment: &'a str,
    pub tags: &'a [String],
    #[serde(rename = "turns.id")]
    pub turns_id: Column<'a, Turn, &'a str>,
    #[serde(rename = "turns.seq")]
    pub turns_seq: Column<'a, Turn, u32>,
    #[serde(rename = "turns.role")]
    pub turns_role: Column<'a, Turn, &'static str>,
    #[serde(rename = "turns.participant")]
    pub turns_participant: Column<'a, Turn, &'a str>,
    #[serde(rename = "turns.sent_at")]
    pub turns_sent_at: Column<'a, Turn, Millis>,
    #[serde(rename = "turns.text")]
    pub turns_text: Column<'a, Turn, &'a str>,
    #[serde(rename = "turns.private")]
    pub turns_private: Column<'a, Turn, bool>,
    #[serde(rename = "turns.sentiment")]
    pub turns_sentiment: Parts<'a, &'static str>,
    #[serde(rename = "turns.sentiment_score")]
    pub turns_sentiment_score: Parts<'a, f32>,
    #[serde(rename = "turns.sentiment_confidence")]
    pub turns_sentiment_confidence: Parts<'a, f32>,

    // Surveys.
    pub survey_id: &'a str,
    pub survey_name: &'a str,
    pub survey_kind: &'a str,
    pub survey_complete: Option<bool>,
    pub submitted_at: Option<Millis>,
    #[serde(rename = "answers.question_id")]
    pub answers_question_id: Column<'a, Answer, &'a str>,
    #[serde(rename = "answers.question")]
    pub answers_question: Column<'a, Answer, &'a str>,
    #[serde(rename = "answers.type")]
    pub answers_type: Column<'a, Answer, &'static str>,
    #[serde(rename = "answers.number")]
    pub answers_number: Column<'a, Answer, Option<f64>>,
    #[serde(rename = "answers.text")]
    pub answers_text: Column<'a, Answer, &'a str>,
    #[serde(rename = "answers.boolean")]
    pub answers_boolean: Column<'a, Answer, Option<bool>>,
    #[serde(rename = "answers.choices")]
    pub answers_choices: Column<'a, Answer, &'a [String]>,
    #[serde(rename = "answers.scale_min")]
    pub answers_scale_min: Column<'a, Answer, Option<f64>>,
    #[serde(rename = "answers.scale_max")]
    pub answers_scale_max: Column<'a, Answer, Option<f64>>,
    #[serde(rename = "answers.higher_better")]
    pub answers_higher_better: Column<'a, Answer, Option<bool>>,
    #[serde(rename = "answers.sentiment")]
    pub answers_sentiment: Parts<'a, &'static str>,
    #[serde(rename = "answers.sentiment_score")]
    pub answers_sentiment_score: Parts<'a, f32>,
    #[serde(rename = "answers.sentiment_confidence")]
    pub answers_sentiment_confidence: Parts<'a, f32>,

    // How the row was made.
    pub redactions: u32,
    pub redacted: Vec<(&'static str, u32)>,
    pub truncated: bool,
    pub unknown_fields: u32,
    pub model_version: &'a str,
    pub taxonomy_version: &'a str,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
    pub _revision: u64,
    pub _origin: &'static str,
}

impl<'a> FeedbackRow<'a> {
    /// Row of an item.
    pub fn new(enriched: &'a Enriched, position: Position<'a>) -> Self {
        let f = &enriched.feedback;
        let tags = &enriched.tags;
        let signals = &tags.signals;
        let joined = &enriched.joined;
        let said = Said::by(enriched);
        let (review, conversation, survey) = (said.review, said.conversation, said.survey);
        let Customer {
            id: customer_id,
            identities,
            consent_analytics,
        } = &f.customer;
        let (experiment_id, experiment_variant) = pair(f.context.experiment.as_ref());
        let (trigger_type, trigger_id) = pair(f.references.trigger.as_ref());
        let item = review.map_or(&NO_ITEM, |r| &r.item);
        let aspects = review.map_or(&[][..], |r| &r.aspect_ratings);
        let reply = review.and_then(|r| r.reply.as_ref());
        let turns = said.turns;
        let answers = said.answers;
        Self {
            tenant: &f.tenant,
            kind: f.kind().name(),
            source: &f.source,
            feedback_id: &f.id,
            version: f.version,
            created_at: f.created_at,
            is_deleted: u8::from(f.deleted),

            text: &tags.text,
            title: review.map_or("", |r| &r.title),
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

            channel: &f.channel,
            touchpoint: &f.context.touchpoint,
            journey_stage: &f.context.journey_stage,
            purchase_phase: &f.context.purchase_phase,
            customer_id,
            identities_type: Column::new(identities, |i| &i.0),
            identities_value: Column::new(identities, |i| &i.1),
            consent_analytics: *consent_analytics,
            country: &f.context.country,
            locale: &f.context.locale,
            lang_hint: &f.context.lang_hint,
            app_version: &f.context.app_version,
            url: &f.context.url,
            experiment_id,
            experiment_variant,
            order_id: &f.references.order_id,
            ticket_id: &f.references.ticket_id,
            session_id: &f.references.session_id,
            conversation_id: match f.kind() {
                Kind::Conversation => &f.id,
                _ => &f.references.conversation_id,
            },
            trigger_type,
            trigger_id,
            extra: &f.extra,

            joined_customer_id: &joined.customer_id,
            merged_customers: &joined.merged,
            customer_join: joined.customer.name(),
            order_join: joined.order.name(),
            ticket_join: joined.ticket.name(),
            session_join: joined.session.name(),
            delivery_join: joined.delivery.name(),
            segment: &joined.segment,
            persona: &joined.persona,
            tier: &joined.tier,
            plan: &joined.plan,
            customer_country: &joined.country,
            clv: joined.clv,
            clv_currency: &joined.clv_currency,
            order_status: &joined.order_status,
            order_total: joined.order_total,
            order_currency: &joined.order_currency,
            days_late: joined.days_late,
            delivery_status: &joined.delivery_status,
            ticket_status: &joined.ticket_status,
            ticket_reopens: joined.ticket_reopens,
            checkout_abandoned: joined.checkout_abandoned,

            rating: said.rating.map(|r| r.value),
            rating_worst: said.rating.map(|r| r.worst),
            rating_best: said.rating.map(|r| r.best),
            aspect_ratings_aspect: Column::new(aspects, |a| &a.0),
            aspect_ratings_value: Column::new(aspects, |a| a.1.value),
            aspect_ratings_worst: Column::new(aspects, |a| a.1.worst),
            aspect_ratings_best: Column::new(aspects, |a| a.1.best),
            item_type: &item.kind,
            item_id: &item.id,
            item_name: &item.name,
            item_sku: &item.sku,
            author: review.map_or("", |r| &r.author),
            verified_purchase: review.and_then(|r| r.verified_purchase),
            helpful_count: review.map_or(0, |r| r.helpful_count),
            reply_text: reply.map_or("", |r| &r.0),
            reply_at: reply.map(|r| r.1),

            status: conversation.map_or("", |c| &c.status),
            queued_at: conversation.and_then(|c| c.queued_at),
            ended_at: conversation.and_then(|c| c.ended_at),
            transfers: conversation.map_or(0, |c| c.transfers),
            resolved: conversation.and_then(|c| c.resolved),
            rating_comment: conversation.map_or("", |c| &c.rating_comment),
            tags: conversation.map_or(&[], |c| &c.tags),
            turns_id: Column::new(turns, |t| &t.id),
            turns_seq: Column::new(turns, |t| t.seq),
            turns_role: Column::new(turns, |t| t.role.name()),
            turns_participant: Column::new(turns, |t| &t.participant),
            turns_sent_at: Column::new(turns, |t| t.sent_at),
            turns_text: Column::new(turns, |t| &t.body),
            turns_private: Column::new(turns, |t| t.private),
            turns_sentiment: Parts::new(said.turn_sentiments, turns.len(), |s| s.label.name()),
            turns_sentiment_score: Parts::new(said.turn_sentiments, turns.len(), |s| s.score),
            turns_sentiment_confidence: Parts::new(said.turn_sentiments, turns.len(), |s| {
                s.confidence
            }),

            survey_id: survey.map_or("", |s| &s.survey_id),
            survey_name: survey.map_or("", |s| &s.name),
            survey_kind: survey.map_or("", |s| &s.kind),
            survey_complete: survey.map(|s| s.complete),
            submitted_at: survey.map(|s| s.submitted_at),
            answers_question_id: Column::new(answers, |a| &a.question_id),
            answers_question: Column::new(answers, |a| &a.question),
            answers_type: Column::new(answers, |a| a.kind.name()),
            answers_number: Column::new(answers, |a| a.number),
            answers_text: Column::new(answers, |a| &a.text),
            answers_boolean: Column::new(answers, |a| a.boolean),
            answers_choices: Column::new(answers, |a| &a.choices),
            answers_scale_min: Column::new(answers, |a| a.scale.map(|s| s.min)),
            answers_scale_max: Column::new(answers, |a| a.scale.map(|s| s.max)),
            answers_higher_better: Column::new(answers, |a| a.scale.map(|s| s.higher_better)),
            answers_sentiment: Parts::new(said.answer_sentiments, answers.len(), |s| {
                s.label.name()
            }),
            answers_sentiment_score: Parts::new(said.answer_sentiments, answers.len(), |s| s.score),
            answers_sentiment_confidence: Parts::new(said.answer_sentiments, answers.len(), |s| {
                s.confidence
            }),

            redactions: enriched.redactions.total(),
            redacted: by_kind(&enriched.redactions),
            truncated: f.truncated,
            unknown_fields: f.unknown_fields,
            model_version: &enriched.versions.models,
            taxonomy_version: &enriched.versions.taxonomy,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
            _revision: position.computed.revision,
            _origin: position.computed.origin.name(),
        }
    }
}

static NO_ITEM: Item = Item {
    kind: String::new(),
    id: String::new(),
    name: String::new(),
    sku: String::new(),
};

fn by_kind(redactions: &Redactions) -> Vec<(&'static str, u32)> {
    let by_kind = redactions.by_kind();
    by_kind.map(|(kind, count)| (kind.name(), count)).collect()
}

fn pair(of: Option<&(String, String)>) -> (&str, &str) {
    of.map_or(("", ""), |(a, b)| (a, b))
}
