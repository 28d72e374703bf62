//! What the customer wants: by cues, by question marks, and by how the clauses feel.

use std::ops::Range;

use super::cues::{Cue, Mention};
use super::marks::Emotion;
use crate::enrich::clauses::Clauses;
use crate::enrich::{Label, Sentiment};

/// What a customer wants by saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Something went wrong or displeases.
    Complaint,
    /// Asks for information.
    Question,
    /// Asks the company to do something: a refund, a call, a replacement.
    Request,
    /// How the company could be better.
    Suggestion,
    /// Something pleases.
    Praise,
    /// Leaves, or thinks of it.
    ChurnRisk,
    /// Goes to a manager, a court, an authority, the public.
    Escalation,
    /// Says something, and nothing of these. Always alone.
    Other,
}

impl Want {
    const ALL: [Self; 8] = [
        Self::Complaint,
        Self::Question,
        Self::Request,
        Self::Suggestion,
        Self::Praise,
        Self::ChurnRisk,
        Self::Escalation,
        Self::Other,
    ];

    /// Name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Question => "question",
            Self::Request => "request",
            Self::Suggestion => "suggestion",
            Self::Praise => "praise",
            Self::ChurnRisk => "churn_risk",
            Self::Escalation => "escalation",
            Self::Other => "other",
        }
    }

    /// The want of cues with this name; `other` has none.
    pub(super) fn named(name: &str) -> Option<Self> {
        let of_cues = &Self::ALL[..7];
        of_cues.iter().copied().find(|want| want.name() == name)
    }
}

/// Least confidence of a clause that is a complaint, or praise, without a cue.
const FELT: f32 = 0.65;
/// The same of one that asks, requests or suggests; and of one that takes away a cue of the opposite
/// (irony, quoted words).
const SURE: f32 = 0.9;

/// What a text wants.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each once, with bytes of the match form, in the order of the text.
    pub(super) wants: Vec<(Want, Range<usize>)>,
    /// Says that what was wrong is mended, and not that something is wrong after that.
    pub(super) resolved: bool,
    /// Thanks are meant: in a text that asks or requests, and praises nothing, they are only polite.
    pub(super) thankful: bool,
}

impl Found {
    fn add(&mut self, want: Want, range: Range<usize>) {
        match self.wants.iter_mut().find(|(known, _)| *known == want) {
            Some((_, known)) if known.start <= range.start => {}
            Some((_, known)) => *known = range,
            None => self.wants.push((want, range)),
        }
    }

    fn has(&self, want: Want) -> bool {
        self.wants.iter().any(|(known, _)| *known == want)
    }
}

/// Wants of a text in its match form.
///
/// * A cue tells its want. Anger, disappointment, hard effort, insults and what happened again are
///   complaints, too; joy, easy effort, thanks that are meant and old loyalty are praise. But no
///   complaint lies in a clause that surely praises, nor in a question that does, and no praise in a
///   clause that surely blames.
/// * A question mark ends a question, unless its sentence has no cue of a question and wants something
///   else (`could you send …?`), praises (`isn't it great?`) or insults.
/// * A clause that blames or praises clearly enough needs no cue; but not one that says that all is
///   well (`no complaints`). A question, request or suggestion alone is no complaint.
pub(super) fn wants<F: Fn(&Range<usize>) -> Sentiment>(
    text: &str,
    mentions: &[Mention],
    clauses: &Clauses<F>,
) -> Found {
    let mut found = Found::default();
    let questions: Vec<Range<usize>> = questioned(text).collect();
    for Mention { cue, range } in mentions {
        let Some(want) = told_by(*cue) else {
            continue;
        };
        let sentiment = clauses.sentiment_at(range.start);
        let denied = match want {
            Want::Complaint if touches(&questions, range) => sentiment.label == Label::Positive,
            Want::Complaint => is(sentiment, Label::Positive, SURE),
            Want::Praise => is(sentiment, Label::Negative, SURE),
            _ => false,
        };
        if !denied {
            found.add(want, range.clone());
        }
    }
    let cues_in = |range: &Range<usize>| {
        let first = mentions.partition_point(|m| m.range.start < range.start);
        let end = range.end;
        let cues = mentions.iter().skip(first);
        cues.take_while(move |m| m.range.start < end).map(|m| m.cue)
    };
    let within = |range: &Range<usize>, wants: &[Want]| {
        cues_in(range).any(|cue| matches!(cue, Cue::Want(want) if wants.contains(&want)))
    };
    for sentence in &questions {
        let asks = within(sentence, &[Want::Question]);
        let insults = cues_in(sentence).any(|cue| cue == Cue::Profanity);
        let wants_else = within(
            sentence,
            &[
                Want::Request,
                Want::Suggestion,
                Want::Escalation,
                Want::Praise,
            ],
        );
        let praises = is(clauses.sentiment_at(sentence.start), Label::Positive, SURE);
        if asks || !(wants_else || praises || insults) {
            found.add(Want::Question, sentence.clone());
        }
    }
    let resolved = mentions.iter().filter(|m| m.cue == Cue::Resolved);
    let resolved = resolved.map(|m| m.range.end).next_back();
    let mut felt_after = false;
    for (range, sentiment) in clauses.iter() {
        let wanted =
            touches(&questions, &range) || within(&range, &[Want::Request, Want::Suggestion]);
        let enough = if wanted { SURE } else { FELT };
        let is_well = |cue| {
            matches!(
                cue,
                Cue::NoComplaint | Cue::Effort(1..) | Cue::Stage("engagement")
            )
        };
        if is(sentiment, Label::Negative, enough) && !cues_in(&range).any(is_well) {
            felt_after |= resolved.is_some_and(|end| range.end > end);
            found.add(Want::Complaint, trimmed(text, range));
        } else if is(sentiment, Label::Positive, enough) {
            found.add(Want::Praise, trimmed(text, range));
        }
    }
    found.resolved = resolved.is_some() && !felt_after;
    let mut thanks = mentions.iter();
    let thanks = thanks.find(|m| m.cue == Cue::Emotion(Emotion::Gratitude));
    let wants_else = found.has(Want::Request) || found.has(Want::Question);
    found.thankful = thanks.is_some() && (found.has(Want::Praise) || !wants_else);
    if let Some(Mention { range, .. }) = thanks.filter(|_| found.thankful)
        && !is(clauses.sentiment_at(range.start), Label::Negative, SURE)
    {
        found.add(Want::Praise, range.clone());
    }
    if found.wants.is_empty() && text.contains(char::is_alphanumeric) {
        found.add(Want::Other, trimmed(text, 0..text.len()));
    }
    found.wants.sort_by_key(|(_, range)| range.start);
    found
}

/// Whether somebody must act.
pub(super) fn is_actionable(wants: &[Want], resolved: bool) -> bool {
    wants.iter().any(|want| match want {
        Want::Complaint => !resolved,
        Want::Praise | Want::Other => false,
        Want::Question | Want::Request | Want::Suggestion | Want::ChurnRisk | Want::Escalation => {
            true
        }
    })
}

/// The want that a cue tells.
fn told_by(cue: Cue) -> Option<Want> {
    match cue {
        Cue::Want(want) => Some(want),
        Cue::Emotion(Emotion::Anger | Emotion::Disappointment)
        | Cue::Effort(..=-1)
        | Cue::Profanity
        | Cue::Repeated => Some(Want::Complaint),
        Cue::Emotion(Emotion::Joy) | Cue::Effort(1..) | Cue::Stage("engagement") => {
            Some(Want::Praise)
        }
        _ => None,
    }
}

/// Whether a range has bytes in common with one of others, which are in order and apart.
fn touches(others: &[Range<usize>], range: &Range<usize>) -> bool {
    let next = others.partition_point(|other| other.end <= range.start);
    others
        .get(next)
        .is_some_and(|other| other.start < range.end)
}

fn is(sentiment: Sentiment, label: Label, confidence: f32) -> bool {
    sentiment.label == label && sentiment.confidence >= confidence
}

/// Sentences that end in a question mark, with it.
fn questioned(text: &str) -> impl Iterator<Item = Range<usize>> {
    marks(text).filter_map(|mark| {
        let before = &text[..mark.start];
        let stop = |c: char| matches!(c, '.' | '!' | '?' | '؟' | '…' | '。' | '۔' | '\n');
        let start = before.rfind(stop).map_or(0, |stop| {
            stop + before[stop..].chars().next().map_or(0, char::len_utf8)
        });
        let sentence = trimmed(text, start..mark.end);
        let words = text[sentence.clone()].contains(char::is_alphanumeric);
        words.then_some(sentence)
    })
}

/// Question marks, Latin (`3F`) and Arabic (`D8 9F`).
fn marks(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'?', 0x9F, bytes).filter_map(move |at| {
        if bytes.get(at) == Some(&b'?') {
            return Some(at..at + 1);
        }
        let first = at.checked_sub(1)?;
        (bytes.get(first) == Some(&0xD8)).then_some(first..at + 1)
    })
}

/// A range of a text without the spaces around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..(range.end - (piece.len() - piece.trim_end().len())).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_with_question_marks() {
        let questioned = |text: &'static str| {
            let ranges: Vec<&str> = questioned(text).map(|range| &text[range]).collect();
            ranges
        };
        assert_eq!(
            questioned("it broke. why? what now?? ok"),
            ["why?", "what now?"]
        );
        assert_eq!(questioned("چرا؟ ممنون"), ["چرا؟"]);
        assert_eq!(questioned("好的。多久能到?谢谢"), ["多久能到?"]);
        assert!(questioned("? ?? !?").is_empty());
    }

    fn felt(label: Label, confidence: f32) -> Sentiment {
        Sentiment {
            label,
            score: 0.0,
            confidence,
        }
    }

    fn found(text: &str, mentions: &[(Cue, Range<usize>)], sentiment: Sentiment) -> Found {
        let mention = |(cue, range): &(Cue, Range<usize>)| Mention {
            cue: *cue,
            range: range.clone(),
        };
        let mentions: Vec<Mention> = mentions.iter().map(mention).collect();
        wants(
            text,
            &mentions,
            &Clauses::of(text, sentiment, |_| sentiment),
        )
    }

    fn names(found: &Found) -> Vec<&'static str> {
        found.wants.iter().map(|(want, _)| want.name()).collect()
    }

    #[test]
    fn a_clause_needs_no_cue_and_a_question_alone_is_no_complaint() {
        let negative = felt(Label::Negative, 0.8);
        assert_eq!(names(&found("it leaks", &[], negative)), ["complaint"]);
        assert_eq!(names(&found("does it leak?", &[], negative)), ["question"]);
        let sure = felt(Label::Negative, 0.95);
        let both = found("why does it leak?", &[], sure);
        assert_eq!(names(&both), ["question", "complaint"]);
        let doubt = felt(Label::Negative, 0.6);
        assert_eq!(names(&found("it leaks", &[], doubt)), ["other"]);
        assert!(names(&found("...", &[], Sentiment::UNKNOWN)).is_empty());
    }

    #[test]
    fn a_cue_does_not_stand_against_a_sure_clause() {
        let praise = [(Cue::Want(Want::Praise), 0..5)];
        let ironic = found("great, late again", &praise, felt(Label::Negative, 0.95));
        assert_eq!(names(&ironic), ["complaint"]);
        let meant = found("great, late again", &praise, felt(Label::Neutral, 0.95));
        assert_eq!(names(&meant), ["praise"]);
    }

    #[test]
    fn a_polite_request_is_no_question() {
        let request = [(Cue::Want(Want::Request), 0..14)];
        let asked = found("could you send a new one?", &request, Sentiment::UNKNOWN);
        assert_eq!(names(&asked), ["request"]);
        let text = "could you send a new one? when is it due?";
        assert_eq!(
            names(&found(text, &request, Sentiment::UNKNOWN)),
            ["request", "question"]
        );
    }

    #[test]
    fn thanks_beside_a_request_are_only_polite() {
        let thanks = (Cue::Emotion(Emotion::Gratitude), 15..21);
        let request = (Cue::Want(Want::Request), 0..6);
        let text = "please call me, thanks";
        let polite = found(text, &[request.clone(), thanks.clone()], Sentiment::UNKNOWN);
        assert_eq!((names(&polite), polite.thankful), (vec!["request"], false));
        let meant = found(text, std::slice::from_ref(&thanks), Sentiment::UNKNOWN);
        assert_eq!((names(&meant), meant.thankful), (vec!["praise"], true));
        let pleased = found(text, &[request, thanks], felt(Label::Positive, 0.95));
        assert!(pleased.thankful);
    }

    #[test]
    fn what_is_resolved_needs_no_action() {
        let cues = [(Cue::Want(Want::Complaint), 0..10), (Cue::Resolved, 16..25)];
        let text = "it was late but they fixed it";
        let resolved = found(text, &cues, felt(Label::Neutral, 0.8));
        assert_eq!(names(&resolved), ["complaint"]);
        assert!(resolved.resolved && !is_actionable(&[Want::Complaint], true));
        let displeased = found(text, &cues, felt(Label::Negative, 0.8));
        assert!(!displeased.resolved);
        assert!(is_actionable(&[Want::Complaint], false));
        assert!(!is_actionable(&[Want::Praise], false));
    }
}
