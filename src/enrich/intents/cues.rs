//! Which cues of a text hold: not those inside a phrase that means something else, nor those beside
//! a negator of their language.

use std::ops::Range;

use super::marks::Emotion;
use super::parse::{self, CuesError};
use super::urgency::Reason;
use super::wants::Want;
use crate::enrich::phrases::Phrases;
use crate::text::is_unspaced;

/// The cues that come with the program.
const BUILT_IN: &str = include_str!("../../../models/cues.toml");

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    Want(Want),
    /// A complaint that a negator takes away: says that all is well.
    NoComplaint,
    /// What was wrong is mended.
    Resolved,
    Urgency(Reason),
    Emotion(Emotion),
    /// Negative: hard.
    Effort(i8),
    Profanity,
    Repeated,
    Stage(&'static str),
    Phase(&'static str),
    Touchpoint(&'static str),
    LlmArtifact,
    MachineTranslation,
    Boilerplate,
}

/// A cue that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) cue: Cue,
    /// Bytes of the match form.
    pub(super) range: Range<usize>,
}

/// The cues, ready to be looked for.
pub struct Cues {
    pub(super) version: String,
    pub(super) phrases: Phrases,
    /// What each phrase means; several cues may share one.
    pub(super) meanings: Vec<Vec<Meaning>>,
    pub(super) entries: Vec<Entry>,
    pub(super) negators: Vec<Negator>,
}

/// What a phrase is in one of its languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A cue of this entry, in these languages.
    Cue(usize, Languages),
    /// Holds a phrase of this entry and means something else.
    NoCue(usize),
    /// A negator of this group.
    Negator(usize),
    /// Holds a negator of this group and negates nothing.
    NoNegator(usize),
}

/// A set of languages, a bit each.
pub(super) type Languages = u64;

/// Cues that say the same.
pub(super) struct Entry {
    pub(super) cue: Cue,
    /// A negator takes it away.
    pub(super) negatable: bool,
}

/// Words of a language that take away what stands beside them.
pub(super) struct Negator {
    /// Its language alone.
    pub(super) language: Languages,
    /// It stands before what it negates; else after.
    pub(super) before: bool,
    /// So many words, or characters in scripts without spaces, may stand between.
    pub(super) reach: usize,
}

/// Bytes around a phrase in which another may have a say about it.
const NEAR: usize = 160;

impl Cues {
    /// Reads `models/cues.toml` or a user's own.
    ///
    /// # Errors
    /// Says line, cue and mend of what is wrong.
    pub fn parse(toml: &str) -> Result<Self, CuesError> {
        parse::cues(toml)
    }

    /// The cues that come with the program.
    ///
    /// # Errors
    /// Never, as a test holds; the file is read by the same parser as a user's own.
    pub fn built_in() -> Result<Self, CuesError> {
        Self::parse(BUILT_IN)
    }

    /// Version told by the file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Cues that hold in a match form, in the order of the text. Of one cue's phrases that overlap
    /// the first and longest.
    pub(super) fn mentions(&self, text: &str) -> Vec<Mention> {
        let mut hits = Vec::new();
        for (phrase, range) in self.phrases.find(text) {
            for meaning in self.meanings.get(phrase).into_iter().flatten() {
                hits.push(Hit {
                    meaning: *meaning,
                    range: range.clone(),
                });
            }
        }
        hits.sort_unstable_by_key(|hit| (hit.range.start, usize::MAX - hit.range.end));
        let mut mentions: Vec<Mention> = Vec::new();
        for (at, hit) in hits.iter().enumerate() {
            let Meaning::Cue(entry, languages) = hit.meaning else {
                continue;
            };
            let Some(Entry { cue, negatable }) = self.entries.get(entry) else {
                continue;
            };
            let mut before = mentions
                .iter()
                .rev()
                .take_while(|m| m.range.start + NEAR > hit.range.start);
            let told = before.any(|m| m.cue == *cue && m.range.end > hit.range.start);
            if told || means_other(&hits, at, Meaning::NoCue(entry)) {
                continue;
            }
            let negated = *negatable && self.is_negated(text, &hits, at, languages);
            let cue = match (negated, *cue) {
                (false, cue) => cue,
                (true, Cue::Want(Want::Complaint)) => Cue::NoComplaint,
                (true, _) => continue,
            };
            mentions.push(Mention {
                cue,
                range: hit.range.clone(),
            });
        }
        mentions
    }

    fn is_negated(&self, text: &str, hits: &[Hit], at: usize, languages: Languages) -> bool {
        let Some(cue) = hits.get(at) else {
            return false;
        };
        near(hits, at).any(|(n, hit)| {
            let Meaning::Negator(group) = hit.meaning else {
                return false;
            };
            let Some(negator) = self.negators.get(group) else {
                return false;
            };
            let gap = match negator.before {
                true => hit.range.end..cue.range.start,
                false => cue.range.end..hit.range.start,
            };
            negator.language & languages != 0
                && text
                    .get(gap)
                    .is_some_and(|gap| is_within(gap, negator.reach))
                && !means_other(hits, n, Meaning::NoNegator(group))
        })
    }
}

/// A phrase where it stands, in one of its meanings.
struct Hit {
    meaning: Meaning,
    range: Range<usize>,
}

/// Hits around one of them, with their index.
fn near(hits: &[Hit], at: usize) -> impl Iterator<Item = (usize, &Hit)> {
    let start = hits.get(at).map_or(0, |hit| hit.range.start);
    let end = hits.get(at).map_or(0, |hit| hit.range.end);
    let before = (0..at)
        .rev()
        .map_while(move |n| Some((n, hits.get(n)?)))
        .take_while(move |(_, hit)| hit.range.start + NEAR > start);
    let after = (at + 1..hits.len())
        .map_while(move |n| Some((n, hits.get(n)?)))
        .take_while(move |(_, hit)| hit.range.start < end + NEAR);
    before.chain(after)
}

/// Whether a phrase with this meaning, at least as long, lies over a hit.
fn means_other(hits: &[Hit], at: usize, meaning: Meaning) -> bool {
    let Some(Hit { range, .. }) = hits.get(at) else {
        return false;
    };
    near(hits, at).any(|(_, other)| {
        other.meaning == meaning
            && other.range.len() >= range.len()
            && other.range.start < range.end
            && range.start < other.range.end
    })
}

/// Whether no more than so many words, or characters of a script without spaces, and no
/// punctuation stand in a gap. What has grown on the phrases beside it is no word.
fn is_within(gap: &str, reach: usize) -> bool {
    let grown = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    let gap = gap.trim_start_matches(grown).trim_end_matches(grown);
    let mut words = 0;
    let mut in_word = false;
    for c in gap.chars() {
        if is_unspaced(c) {
            words += 1;
            in_word = false;
        } else if c.is_alphanumeric() || matches!(c, '\'' | '-') {
            words += usize::from(!in_word);
            in_word = true;
        } else if c == ' ' {
            in_word = false;
        } else {
            return false;
        }
    }
    words <= reach
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
version = "cues-test"

[[negator]]
language = "en"
side = "before"
reach = 2
words = ["not", "no"]
not = ["not only"]

[[negator]]
language = "fa"
side = "after"
reach = 1
words = ["نیستم", "ندارم"]

[[negator]]
language = "zh"
side = "before"
reach = 2
words = ["没"]

[[cue]]
says = "complaint"
not = ["complaint form"]
[cue.phrases]
en = ["complaint", "formal complaint"]
fa = ["شکایت"]
zh = ["不满"]

[[cue]]
says = "emotion=anger"
[cue.phrases]
en = ["angry"]
fa = ["عصبانی"]

[[cue]]
says = "profanity"
negation = false
[cue.phrases]
en = ["idiot", "f**"]
"#;

    fn held(text: &str) -> String {
        let cues = Cues::parse(FILE).unwrap_or_else(|error| panic!("{error}"));
        let held = cues.mentions(text).into_iter();
        let held = held.filter(|m| m.cue != Cue::NoComplaint);
        let words = held.map(|m| {
            let word = &text[m.range];
            match m.cue {
                Cue::Want(want) => format!("{}:{word}", want.name()),
                Cue::Emotion(emotion) => format!("{}:{word}", emotion.name()),
                _ => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)]) {
        for (text, wanted) in pairs {
            assert_eq!(held(text), *wanted, "{text}");
        }
    }

    #[test]
    fn negators_take_away_what_is_near_in_their_language() {
        check(&[
            ("i am angry", "anger:angry"),
            ("i am not angry", ""),
            ("i am not at all angry", ""),
            ("not that we were very angry", "anger:angry"),
            ("not now, angry", "anger:angry"),
            ("not only angry", "anger:angry"),
            ("angry, not sad", "anger:angry"),
            ("عصبانی هستم", "anger:عصبانی"),
            ("عصبانی نیستم", ""),
            ("شکایت خاصی ندارم", ""),
            ("شکایتی خاصی ندارم", ""),
            ("شکایت دارم چون ندارم", "complaint:شکایت"),
            ("没有不满", ""),
            ("没有什么别的不满", "complaint:不满"),
            ("not شکایت", "complaint:شکایت"),
        ]);
    }

    #[test]
    fn a_negated_complaint_says_that_all_is_well() {
        let cues = Cues::parse(FILE).unwrap();
        let cues = cues.mentions("no complaint, شکایتی ندارم");
        assert_eq!(cues.len(), 2);
        assert!(cues.iter().all(|m| m.cue == Cue::NoComplaint));
    }

    #[test]
    fn what_negation_does_not_touch_stays() {
        check(&[("not an idiot", "idiot"), ("f*** this", "f**")]);
    }

    #[test]
    fn a_phrase_that_means_something_else_hides_its_cue() {
        check(&[
            ("where is the complaint form", ""),
            ("complaints", "complaint:complaint"),
            ("a formal complaint", "complaint:formal complaint"),
            ("the complaint form and a complaint", "complaint:complaint"),
        ]);
    }

    #[test]
    fn many_cues_cost_no_more_than_their_number() {
        let text = "not angry complaint ".repeat(5_000);
        let cues = Cues::parse(FILE).unwrap();
        let begun = std::time::Instant::now();
        assert!(cues.mentions(&text).len() <= 10_000);
        assert!(begun.elapsed().as_secs() < 5);
    }
}
