//! One line in, one line out.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::explain::{self, Explanation};
use crate::commands::terminal::Ink;
use crate::enrich::intents::{Emotion, Reason};
use crate::enrich::{Enricher, Hints, Tags};

/// A line of the input.
pub enum Line {
    /// Without its end.
    Bytes(Vec<u8>),
    /// Its length.
    TooLong(usize),
}

impl Line {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Line::Bytes(bytes) => bytes.len(),
            Line::TooLong(_) => 0,
        }
    }
}

/// Answers lines.
pub struct Tagger {
    /// The models.
    pub enricher: Enricher,
    /// Bytes of the longest line.
    pub longest_line: usize,
    /// Bytes of the longest text; longer ones are cut at a character boundary.
    pub longest_text: usize,
    /// Answers are for people, in these colours, and no JSON.
    pub explain: Option<Ink>,
}

impl Tagger {
    /// The answer to the line with this number (from 1), with its line end.
    pub fn answer(&self, number: u64, line: &Line) -> String {
        let answer = match line {
            Line::TooLong(length) => Err(format!(
                "the line has {length} bytes, limits.record_bytes allows {}",
                self.longest_line
            )),
            Line::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(line) => self.tagged(number, line).map_err(|e| e.to_string()),
                Err(error) => Err(format!("invalid UTF-8 at byte {}", error.valid_up_to())),
            },
        };
        let mut answer = answer.unwrap_or_else(|error| {
            if let Some(ink) = self.explain {
                return explain::unusable(number, &error, ink);
            }
            let error = serde_json::Value::from(error);
            format!("{{\"error\":{error},\"line\":{number}}}")
        });
        answer.push('\n');
        answer
    }

    fn tagged(&self, number: u64, line: &str) -> serde_json::Result<String> {
        let object = serde_json::from_str::<Fields>(line).ok();
        let (fields, text) = match object.and_then(Fields::split) {
            Some((fields, text)) => (fields, text),
            None => (Fields(Vec::new()), line.to_owned()),
        };
        let (text, truncated) = cut(&text, self.longest_text);
        let (stated, locale) = (fields.text("lang_hint"), fields.text("locale"));
        let hints = Hints {
            stated: stated.as_deref().unwrap_or_default(),
            locale: locale.as_deref().unwrap_or_default(),
        };
        let tags = self.enricher.tag(text, hints);
        if let Some(ink) = self.explain {
            let explanation = Explanation {
                number,
                tags: &tags,
                truncated,
                personal: &self.enricher.personal_data(text),
                taxonomy: self.enricher.taxonomy(),
            };
            return Ok(explanation.shown(ink));
        }
        serde_json::to_string(&Answer {
            fields,
            tags: &tags,
            truncated,
        })
    }
}

/// The text up to a limit of bytes, and whether that is less than all.
fn cut(text: &str, longest: usize) -> (&str, bool) {
    if text.len() <= longest {
        return (text, false);
    }
    let mut end = longest;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], true)
}

/// Fields of a JSON object as they were written, in their order; of a repeated one the last.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Takes `text` out. None if it is missing or no string.
    fn split(mut self) -> Option<(Self, String)> {
        let text = self.text("text")?;
        self.0.retain(|(name, _)| name != "text");
        Some((self, text))
    }

    /// A field that is a string.
    fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|field| field.0 == name)?;
        serde_json::from_str(value.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    match fields.iter_mut().find(|(n, _)| *n == name) {
                        Some(field) => field.1 = value,
                        None => fields.push((name, value)),
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Names of the fields that Sada writes.
const NAMES: [&str; 23] = [
    "text",
    "truncated",
    "language",
    "language_tag",
    "language_confidence",
    "languages",
    "sentiment",
    "sentiment_score",
    "sentiment_confidence",
    "topics",
    "intents",
    "urgency",
    "urgency_reason",
    "actionable",
    "emotion",
    "effort",
    "profanity",
    "repeated_problem",
    "text_journey_stage",
    "text_purchase_phase",
    "text_touchpoint",
    "match_hash",
    "flags",
];

struct Answer<'a> {
    /// Of the input, without `text`.
    fields: Fields<'a>,
    tags: &'a Tags,
    truncated: bool,
}

#[derive(Serialize)]
struct Share<'a> {
    language: &'a str,
    language_tag: &'a str,
    share: f32,
}

#[derive(Serialize)]
struct Topic<'a> {
    id: &'a str,
    l1: &'a str,
    sentiment: &'a str,
    score: f32,
    confidence: f32,
    part: u32,
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct Intent<'a> {
    name: &'a str,
    part: u32,
    start: usize,
    end: usize,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ours = |name: &str| NAMES.contains(&name) && (name != "truncated" || self.truncated);
        let fields = &self.fields.0;
        // `input` itself is hidden only where Sada writes one.
        let hides = fields.iter().any(|(name, _)| ours(name));
        let (hidden, kept): (Vec<_>, Vec<_>) = fields
            .iter()
            .cloned()
            .partition(|(name, _)| ours(name) || (hides && name == "input"));
        let tags = self.tags;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &kept {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("text", &tags.text)?;
        if self.truncated {
            map.serialize_entry("truncated", &true)?;
        }
        map.serialize_entry("language", &tags.language.base)?;
        map.serialize_entry("language_tag", &tags.language.tag)?;
        map.serialize_entry("language_confidence", &tags.language.confidence)?;
        let languages: Vec<Share> = tags
            .languages
            .iter()
            .map(|l| Share {
                language: l.language,
                language_tag: l.language_tag,
                share: l.share,
            })
            .collect();
        map.serialize_entry("languages", &languages)?;
        map.serialize_entry("sentiment", tags.sentiment.label.name())?;
        map.serialize_entry("sentiment_score", &tags.sentiment.score)?;
        map.serialize_entry("sentiment_confidence", &tags.sentiment.confidence)?;
        let topics: Vec<Topic> = tags
            .topics
            .iter()
            .map(|t| Topic {
                id: &t.id,
                l1: &t.l1,
                sentiment: t.sentiment.label.name(),
                score: t.sentiment.score,
                confidence: t.confidence,
                part: t.part,
                start: t.evidence.start,
                end: t.evidence.end,
            })
            .collect();
        map.serialize_entry("topics", &topics)?;
        let signals = &tags.signals;
        let intents: Vec<Intent> = signals
            .intents
            .iter()
            .map(|i| Intent {
                name: i.want.name(),
                part: i.part,
                start: i.evidence.start,
                end: i.evidence.end,
            })
            .collect();
        map.serialize_entry("intents", &intents)?;
        map.serialize_entry("urgency", &signals.urgency.score)?;
        let reason = signals.urgency.reason.map_or("", Reason::name);
        map.serialize_entry("urgency_reason", reason)?;
        map.serialize_entry("actionable", &signals.actionable)?;
        map.serialize_entry("emotion", &signals.emotion.map(Emotion::name))?;
        map.serialize_entry("effort", &signals.effort)?;
        map.serialize_entry("profanity", &signals.profanity)?;
        map.serialize_entry("repeated_problem", &signals.repeated_problem)?;
        for (name, place) in [
            ("text_journey_stage", signals.journey_stage),
            ("text_purchase_phase", signals.purchase_phase),
            ("text_touchpoint", signals.touchpoint),
        ] {
            map.serialize_entry(name, place.unwrap_or_default())?;
        }
        // As a string: many readers of JSON lose digits of such a number.
        map.serialize_entry("match_hash", &tags.match_hash.to_string())?;
        map.serialize_entry("flags", &tags.flags)?;
        if hides {
            map.serialize_entry("input", &Fields(hidden))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::enricher;
    use crate::config::Config;

    fn answer(line: &str) -> String {
        let tagger = Tagger {
            enricher: enricher::load(&Config::default()).unwrap(),
            longest_line: 1 << 20,
            longest_text: 40,
            explain: None,
        };
        tagger.answer(1, &Line::Bytes(line.into()))
    }

    #[test]
    fn fields_of_the_input_come_first_as_they_were_written() {
        let line = r#"{"z":1.50,"a":{"k":[1, 2]},"text":"Das Paket kam zu spät an","n":12345678901234567890123}"#;
        let answer = answer(line);
        let start = r#"{"z":1.50,"a":{"k":[1, 2]},"n":12345678901234567890123,"text":"Das Paket kam zu spät an","language":"de","language_tag":"de","language_confidence":"#;
        assert!(answer.starts_with(start), "{answer}");
        assert!(!answer.contains("\"input\""));
        for field in [
            r#""languages":[{"language":"de","language_tag":"de","share":1.0}]"#,
            r#""sentiment":""#,
            r#""sentiment_score":"#,
            r#""sentiment_confidence":"#,
            r#""topics":["#,
            r#""intents":[{"name":"complaint","part":0,"start":"#,
            r#""urgency":0.0,"urgency_reason":"","actionable":true,"emotion":null,"effort":null"#,
            r#""profanity":false,"repeated_problem":false,"text_journey_stage":"""#,
            r#""text_purchase_phase":"post_purchase","text_touchpoint":"","match_hash":""#,
            r#""flags":[]"#,
        ] {
            assert!(answer.contains(field), "{field} in {answer}");
        }
        let found = self::answer("schÃ¶n");
        assert!(found.contains(r#""text":"schön""#), "{found}");
        assert!(
            found.contains(r#""flags":["mojibake_repaired"]"#),
            "{found}"
        );
    }

    #[test]
    fn hidden_fields_move_to_input_and_the_raw_text_does_not() {
        let found = answer(r#"{"text":" fine ","language":"xx","input":5,"id":7}"#);
        assert!(found.starts_with(r#"{"id":7,"text":"fine","#), "{found}");
        assert!(
            found.ends_with("\"input\":{\"language\":\"xx\",\"input\":5}}\n"),
            "{found}"
        );
        let found = answer(r#"{"text":"fine","input":5}"#);
        assert!(found.starts_with(r#"{"input":5,"text":"fine","#), "{found}");
        // Repeated fields: the last holds.
        let found = answer(r#"{"id":1,"text":"no","id":2,"text":"yes"}"#);
        assert!(found.starts_with(r#"{"id":2,"text":"yes","#), "{found}");
    }

    #[test]
    fn a_hint_and_a_locale_of_the_line_decide_a_weak_text() {
        let tag = |line: &str| {
            let answer: serde_json::Value = serde_json::from_str(&answer(line)).unwrap();
            answer["language_tag"].as_str().unwrap().to_owned()
        };
        assert_eq!(tag(r#"{"text":"سلام","lang_hint":"fa"}"#), "fa");
        assert_eq!(tag(r#"{"text":"سلام","lang_hint":"ar"}"#), "ar");
        assert_eq!(tag(r#"{"text":"سلام","locale":"ar-EG"}"#), "ar");
        // What is no text is no hint.
        let plain = tag(r#"{"text":"سلام"}"#);
        assert_eq!(
            tag(r#"{"text":"سلام","lang_hint":["ar"],"locale":7}"#),
            plain
        );
    }

    #[test]
    fn what_is_no_object_with_a_text_is_plain_text() {
        for line in [
            "[1,2]",
            r#"{"text":5}"#,
            r#"{"body":"x"}"#,
            r#"{"text":"#,
            "\"hello\"",
        ] {
            let answer: serde_json::Value = serde_json::from_str(&answer(line)).unwrap();
            assert_eq!(answer["text"], line);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_says_so() {
        let line = format!(r#"{{"text":"{}","truncated":"mine"}}"#, "é".repeat(30));
        let found: serde_json::Value = serde_json::from_str(&answer(&line)).unwrap();
        assert_eq!(found["text"], "é".repeat(20));
        assert_eq!(found["truncated"], true);
        assert_eq!(found["input"]["truncated"], "mine");
        let short: serde_json::Value =
            serde_json::from_str(&answer(r#"{"text":"x","truncated":"mine"}"#)).unwrap();
        assert_eq!(short["truncated"], "mine");
    }

    #[test]
    fn a_text_without_letters_has_score_0() {
        let answer = answer("... 👍 ...");
        assert!(
            answer.contains(
                r#""language":"und","language_tag":"und","language_confidence":0.0,"languages":[]"#
            ),
            "{answer}"
        );
        let dots = self::answer("...");
        assert!(
            dots.contains(
                r#""sentiment":"unknown","sentiment_score":0.0,"sentiment_confidence":0.0"#
            ),
            "{dots}"
        );
    }
}
