//! What the customer wants and signals: intents, urgency, emotion, effort, and where he stands.
//!
//! Cues are phrases in `models/cues.toml`, all languages looked for at once. A negator beside a cue
//! takes it away (`no complaints`, `عصبانی نیستم`). Complaint and praise also rest on the sentiment of
//! the clauses: most complaints only tell what happened. All of it is a function of the text, its
//! clauses' sentiment and the cues.
//!
//! The rules, a file each: [`Want`]s in `intents/wants.rs`, [`Urgency`] in `intents/urgency.rs`,
//! emotion, effort and places in `intents/marks.rs`; which cues hold in `intents/cues.rs`; what no
//! customer wrote in [`debris`].

use std::ops::Range;

use super::Sentiment;
use super::clauses::Clauses;
use super::phrases::evidence;
use crate::text::MatchForm;

mod cues;
pub mod debris;
mod marks;
mod parse;
mod urgency;
mod wants;

pub use cues::Cues;
pub use marks::Emotion;
pub use parse::CuesError;
pub use urgency::{Reason, Urgency};
pub use wants::Want;

/// What a text says beside its topics.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signals {
    /// What the customer wants, each once, in the order of the text; empty only for a text that says
    /// nothing.
    pub intents: Vec<Intent>,
    /// How soon somebody must act.
    pub urgency: Urgency,
    /// Whether somebody must act at all: a question, request, suggestion, escalation, threat to
    /// leave, or a complaint that is not resolved.
    pub actionable: bool,
    /// The emotion that the words show.
    pub emotion: Option<Emotion>,
    /// How easy (up to 5) or hard (down to −5) the customer had it, never 0; none where the text
    /// does not tell.
    pub effort: Option<i8>,
    /// Swear words or insults.
    pub profanity: bool,
    /// Says that it is not the first time.
    pub repeated_problem: bool,
    /// Where the customer stands with the company, as the text tells it.
    pub journey_stage: Option<&'static str>,
    /// Before, during or after the purchase, as the text tells it.
    pub purchase_phase: Option<&'static str>,
    /// Point of contact, as the text tells it.
    pub touchpoint: Option<&'static str>,
}

/// One thing that the customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What.
    pub want: Want,
    /// 0 for `text`, n for the n-th turn or answer.
    pub part: u32,
    /// The words that say so: bytes of the part's clean text.
    pub evidence: Range<usize>,
}

impl Cues {
    /// Signals of a text, and [flags](debris) of what in it no customer wrote.
    pub fn signals<F: Fn(&Range<usize>) -> Sentiment>(
        &self,
        clean: &str,
        matched: &MatchForm,
        clauses: &Clauses<F>,
    ) -> (Signals, Vec<&'static str>) {
        let text = matched.text.as_str();
        let mentions = self.mentions(text);
        let found = wants::wants(text, &mentions, clauses);
        let emotion = marks::emotion(&mentions, found.thankful);
        let wants: Vec<Want> = found.wants.iter().map(|(want, _)| *want).collect();
        let places = marks::places(&mentions);
        let intents = found.wants.into_iter().map(|(want, range)| Intent {
            want,
            part: 0,
            evidence: evidence(clean, matched, range),
        });
        let signals = Signals {
            urgency: urgency::urgency(&mentions, &wants, emotion),
            actionable: wants::is_actionable(&wants, found.resolved),
            intents: intents.collect(),
            emotion,
            effort: marks::effort(&mentions),
            profanity: mentions.iter().any(|m| m.cue == cues::Cue::Profanity),
            repeated_problem: mentions.iter().any(|m| m.cue == cues::Cue::Repeated),
            journey_stage: places.stage,
            purchase_phase: places.phase,
            touchpoint: places.touchpoint,
        };
        (signals, debris::flags(text, &mentions))
    }
}

#[cfg(test)]
mod tests;
