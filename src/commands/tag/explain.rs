//! What was found in a text and why, for people.
//!
//! Labels are Latin, texts are of any script: each text stands on a line of its own, isolated, so
//! that its direction moves nothing beside it. Evidence stands between `⟦` and `⟧` in the words around it.

use std::collections::BTreeMap;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::commands::terminal::{Ink, Style, isolated, padded};
use crate::enrich::privacy::Found;
use crate::enrich::topics::Taxonomy;
use crate::enrich::{Label, Sentiment, Tags, Topic};

/// Columns of words before and after evidence.
const AROUND: usize = 24;

/// Columns of the names of what was found.
const NAMES: usize = 11;

/// Columns of the longest label of a sentiment.
const LABELS: usize = 8;

/// All that is told about a text.
pub struct Explanation<'a> {
    /// Number of its line, from 1.
    pub number: u64,
    /// What was found.
    pub tags: &'a Tags,
    /// Whether the text was cut.
    pub truncated: bool,
    /// What was replaced in it.
    pub personal: &'a [Found],
    /// Names of topics.
    pub taxonomy: &'a Taxonomy,
}

impl Explanation<'_> {
    /// The text, and a paragraph for each thing that is told of it.
    pub fn shown(&self, ink: Ink) -> String {
        let mut told = heading(self.number, ink);
        for line in self.tags.text.lines() {
            told += &format!("  {}\n", isolated(line));
        }
        told.push('\n');
        for (name, lines) in [
            ("language", self.language()),
            ("sentiment", vec![sentiment(self.tags.sentiment, ink)]),
            ("topics", self.topics(ink)),
            ("intents", self.intents(ink)),
            ("signals", self.signals()),
            ("redacted", self.redacted()),
            ("flags", self.flags()),
        ] {
            let mut name = ink.paint(Style::Faint, &padded(name, NAMES));
            for line in lines {
                told += &format!("  {name}{line}\n");
                name = padded("", NAMES);
            }
        }
        told
    }

    /// The main language; of a text in several, their shares too.
    fn language(&self) -> Vec<String> {
        let language = self.tags.language;
        let mut lines = vec![format!(
            "{}, confidence {:.2}",
            language.tag, language.confidence
        )];
        if self.tags.languages.len() > 1 {
            let parts = self.tags.languages.iter();
            let parts = parts.map(|p| format!("{} {:.0}%", p.language_tag, 100.0 * p.share));
            lines.push(format!("parts {}", parts.collect::<Vec<_>>().join(", ")));
        }
        lines
    }

    /// Three lines a topic: its id and sentiment, what it is called, the words that speak for it.
    fn topics(&self, ink: Ink) -> Vec<String> {
        let topics = &self.tags.topics;
        if topics.is_empty() {
            return vec!["none".to_owned()];
        }
        let widest = topics.iter().map(|t| t.id.width()).max().unwrap_or(0);
        let lines = topics.iter().flat_map(|topic| {
            let id = ink.paint(Style::Bold, &padded(&topic.id, widest));
            [
                format!("{id}  {}", sentiment(topic.sentiment, ink)),
                format!("  {}, confidence {:.2}", self.name(topic), topic.confidence),
                format!("  {}", excerpt(&self.tags.text, &topic.evidence)),
            ]
        });
        lines.collect()
    }

    /// Name of a topic under that of its group.
    fn name(&self, topic: &Topic) -> String {
        let name = |id: &str| isolated(self.taxonomy.name(id, "en").unwrap_or(id));
        format!("{} › {}", name(&topic.l1), name(&topic.id))
    }

    /// Two lines an intent: its name, the words that say so.
    fn intents(&self, ink: Ink) -> Vec<String> {
        let lines = self.tags.signals.intents.iter().flat_map(|intent| {
            [
                ink.paint(Style::Bold, intent.want.name()),
                format!("  {}", excerpt(&self.tags.text, &intent.evidence)),
            ]
        });
        lines.collect()
    }

    /// A line for what signals something, and one for where the customer stands.
    fn signals(&self) -> Vec<String> {
        let signals = &self.tags.signals;
        let mut told = Vec::new();
        if let Some(reason) = signals.urgency.reason {
            told.push(format!(
                "urgency {:.1}: {}",
                signals.urgency.score,
                reason.name()
            ));
        }
        told.extend(signals.actionable.then(|| "actionable".to_owned()));
        told.extend(signals.emotion.map(|emotion| emotion.name().to_owned()));
        told.extend(
            signals
                .effort
                .map(|e| format!("effort {e:+}").replace('-', "−")),
        );
        told.extend(signals.profanity.then(|| "profanity".to_owned()));
        told.extend(
            signals
                .repeated_problem
                .then(|| "repeated problem".to_owned()),
        );
        let places = [
            signals.journey_stage,
            signals.purchase_phase,
            signals.touchpoint,
        ];
        let places = places.into_iter().flatten().map(str::to_owned);
        let mut lines = listed(told);
        lines.extend(listed(places.collect()));
        lines
    }

    /// Pieces that were replaced, by kind.
    fn redacted(&self) -> Vec<String> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for found in self.personal {
            *kinds.entry(found.kind).or_default() += 1;
        }
        let kinds = kinds
            .iter()
            .map(|(kind, pieces)| format!("{kind} {pieces}"));
        listed(kinds.collect())
    }

    fn flags(&self) -> Vec<String> {
        let truncated = self.truncated.then_some("truncated");
        let flags = truncated.iter().chain(&self.tags.flags);
        listed(flags.map(|flag| (*flag).to_owned()).collect())
    }
}

/// The answer to a line that can't be used.
pub fn unusable(number: u64, error: &str, ink: Ink) -> String {
    format!(
        "{}  {}\n",
        heading(number, ink),
        ink.paint(Style::Red, error)
    )
}

fn heading(number: u64, ink: Ink) -> String {
    ink.paint(Style::Faint, &format!("line {number}")) + "\n"
}

/// One line with commas; none for nothing.
fn listed(told: Vec<String>) -> Vec<String> {
    match told.is_empty() {
        true => told,
        false => vec![told.join(", ")],
    }
}

fn sentiment(sentiment: Sentiment, ink: Ink) -> String {
    let style = match sentiment.label {
        Label::Positive => Style::Green,
        Label::Negative => Style::Red,
        Label::Mixed => Style::Yellow,
        Label::Neutral | Label::Unknown => Style::Faint,
    };
    let label = ink.paint(style, &padded(sentiment.label.name(), LABELS));
    let score = format!("{:+.2}", sentiment.score).replace('-', "−");
    format!("{label} {score}, confidence {:.2}", sentiment.confidence)
}

/// Evidence with some words around it, all in one line.
fn excerpt(text: &str, evidence: &Range<usize>) -> String {
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let before = part(0..evidence.start).rsplit('\n').next().unwrap_or("");
    let after = part(evidence.end..text.len())
        .split('\n')
        .next()
        .unwrap_or("");
    let words = part(evidence.clone()).replace('\n', " ");
    isolated(&format!("{}⟦{words}⟧{}", tail(before), head(after)))
}

/// The beginning of a text, to its last whole word that fits.
fn head(text: &str) -> String {
    let end = reach(text.char_indices().map(|(at, c)| (at + c.len_utf8(), c)));
    match &text[..end] {
        whole if end == text.len() => whole.to_owned(),
        cut => format!("{}…", cut.rsplit_once(' ').map_or(cut, |(words, _)| words)),
    }
}

/// The end of a text, from its first whole word that fits.
fn tail(text: &str) -> String {
    let length = reach(
        text.char_indices()
            .rev()
            .map(|(at, c)| (text.len() - at, c)),
    );
    let start = text.len() - length;
    match &text[start..] {
        whole if start == 0 => whole.to_owned(),
        cut => format!("…{}", cut.split_once(' ').map_or(cut, |(_, words)| words)),
    }
}

/// Bytes of the first characters that fit. `characters`: with the bytes up to their end.
fn reach(characters: impl Iterator<Item = (usize, char)>) -> usize {
    let mut width = 0;
    let fitting = characters.take_while(|(_, c)| {
        width += c.width().unwrap_or(0);
        width <= AROUND
    });
    fitting.last().map_or(0, |(bytes, _)| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::intents::{Emotion, Reason, Urgency, Want};
    use crate::enrich::{Intent, Language, LanguageShare, Signals};

    const TEXT: &str = "بسته سه روز دیر رسید ولی کیفیت گوشی عالی است\nشماره من [phone]";

    fn said(label: Label, score: f32) -> Sentiment {
        Sentiment {
            label,
            score,
            confidence: 0.75,
        }
    }

    fn topic(id: &str, l1: &str, sentiment: Sentiment, words: &str) -> Topic {
        let start = TEXT.find(words).unwrap();
        Topic {
            id: id.into(),
            l1: l1.into(),
            sentiment,
            confidence: 0.6,
            part: 0,
            evidence: start..start + words.len(),
        }
    }

    fn tags() -> Tags {
        let share = |language, share| LanguageShare {
            language,
            language_tag: language,
            share,
        };
        Tags {
            language: Language {
                base: "fa",
                tag: "fa",
                confidence: 0.987,
            },
            languages: vec![share("fa", 0.8), share("en", 0.2)],
            sentiment: said(Label::Neutral, -0.1),
            topics: vec![
                topic(
                    "delivery_delay",
                    "delivery",
                    said(Label::Negative, -0.812),
                    "دیر",
                ),
                topic("own", "own_group", said(Label::Positive, 0.9), "کیفیت"),
            ],
            signals: Signals {
                intents: vec![Intent {
                    want: Want::Complaint,
                    part: 0,
                    evidence: 0.."بسته سه روز دیر".len(),
                }],
                urgency: Urgency {
                    score: 0.6,
                    reason: Some(Reason::Deadline),
                },
                actionable: true,
                emotion: Some(Emotion::Anger),
                effort: Some(-3),
                repeated_problem: true,
                touchpoint: Some("delivery"),
                ..Signals::default()
            },
            flags: vec!["mojibake_repaired"],
            ..Tags::untagged(TEXT.to_owned())
        }
    }

    fn shown(tags: &Tags, personal: &[Found], truncated: bool) -> String {
        let explanation = Explanation {
            number: 3,
            tags,
            truncated,
            personal,
            taxonomy: &Taxonomy::built_in().unwrap(),
        };
        explanation.shown(Ink::NONE)
    }

    #[test]
    fn all_that_was_found_is_told_with_its_evidence() {
        let found = |kind| Found { kind, range: 0..1 };
        let personal = [found("phone"), found("email"), found("phone")];
        let expected = "\
line 3
  \u{2068}بسته سه روز دیر رسید ولی کیفیت گوشی عالی است\u{2069}
  \u{2068}شماره من [phone]\u{2069}

  language   fa, confidence 0.99
             parts fa 80%, en 20%
  sentiment  neutral  −0.10, confidence 0.75
  topics     delivery_delay  negative −0.81, confidence 0.75
               Delivery › Late, confidence 0.60
               \u{2068}بسته سه روز ⟦دیر⟧ رسید ولی کیفیت گوشی…\u{2069}
             own             positive +0.90, confidence 0.75
               own_group › own, confidence 0.60
               \u{2068}…سه روز دیر رسید ولی ⟦کیفیت⟧ گوشی عالی است\u{2069}
  intents    complaint
               \u{2068}⟦بسته سه روز دیر⟧ رسید ولی کیفیت گوشی…\u{2069}
  signals    urgency 0.6: deadline, actionable, anger, effort −3, repeated problem
             delivery
  redacted   email 1, phone 2
  flags      truncated, mojibake_repaired
";
        assert_eq!(shown(&tags(), &personal, true), expected);
    }

    #[test]
    fn nothing_found_is_short() {
        let told = shown(&Tags::untagged("...".to_owned()), &[], false);
        let expected = "\
line 3
  ...

  language   und, confidence 0.00
  sentiment  unknown  +0.00, confidence 0.00
  topics     none
";
        assert_eq!(told, expected);
        assert_eq!(unusable(7, "too long", Ink::NONE), "line 7\n  too long\n");
    }

    #[test]
    fn evidence_stands_in_its_line_among_whole_words() {
        let told = |text: &str, words: &str| {
            let start = text.find(words).unwrap();
            excerpt(text, &(start..start + words.len()))
        };
        assert_eq!(told("late", "late"), "⟦late⟧");
        assert_eq!(told("before\nit was late\nafter", "late"), "it was ⟦late⟧");
        assert_eq!(told("one\ntwo\nthree", "one\ntwo"), "⟦one two⟧");
        assert_eq!(
            told(
                "I waited for the parcel a very long time, it came late and the box was open and wet",
                "late"
            ),
            "…long time, it came ⟦late⟧ and the box was open…"
        );
        let wide = "好".repeat(40);
        let halves = format!("{wide}慢{wide}");
        let around = "好".repeat(AROUND / 2);
        assert_eq!(told(&halves, "慢"), format!("…{around}⟦慢⟧{around}…"));
    }
}
