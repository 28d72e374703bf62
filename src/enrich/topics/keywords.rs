//! Finding keywords in a match form.
//!
//! In scripts that set spaces a keyword is a whole token, give or take what grows on words:
//! * Arabic script: the article and one-letter prepositions before it (`ال و ف ب ل ک`, `وال`,
//!   `بال`, `لل`, …), plural, possessive and ezafe endings after it (`ها های ی م ش شان ات هم …`);
//!   one-letter affixes only with keywords of four letters or more, for short words run into others;
//! * Hangul: any particle after it;
//! * other alphabets: `s`, `es`, `'s` after a keyword of four letters or more. Other forms stand in
//!   the list.
//!
//! In scripts without spaces (Chinese, Japanese, Thai, …) a keyword is any run of its characters.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::text::is_unspaced;

/// A keyword found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Index of the topic.
    pub(super) topic: usize,
    /// Bytes of the match form.
    pub(super) range: Range<usize>,
}

/// All keywords of all topics, and the phrases that are none.
pub(super) struct Keywords {
    automaton: AhoCorasick,
    /// Topic and length in characters of each pattern.
    patterns: Vec<(Option<usize>, usize)>,
}

const ARABIC_PREFIXES: [&str; 10] = [
    "ال", "وال", "بال", "لل", "کال", "فال", "ولل", "وبال", "عال", "هال",
];
const ARABIC_LETTERS_BEFORE: [&str; 6] = ["و", "ف", "ب", "ل", "ک", "ه"];
const ARABIC_SUFFIXES: [&str; 22] = [
    "ها",
    "های",
    "هایی",
    "هایم",
    "هایت",
    "هایش",
    "هایمان",
    "هایتان",
    "هایشان",
    "مان",
    "تان",
    "شان",
    "ات",
    "ین",
    "ون",
    "هم",
    "نا",
    "کم",
    "تر",
    "ترین",
    "ترها",
    "یی",
];
const ARABIC_LETTERS_AFTER: [&str; 8] = ["ی", "م", "ت", "ش", "ه", "ک", "ا", "و"];

/// Keywords of so many characters may take one-letter affixes.
const LONG: usize = 4;

impl Keywords {
    /// Words in match form with the index of their topic; `None` marks a phrase that is no mention.
    pub(super) fn new(words: Vec<(String, Option<usize>)>) -> Result<Self, String> {
        let patterns = words
            .iter()
            .map(|(word, topic)| (*topic, word.chars().count()))
            .collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.into_iter().map(|(word, _)| word))
            .map_err(|error| format!("too many keywords ({error}); remove some"))?;
        Ok(Self {
            automaton,
            patterns,
        })
    }

    /// Mentions in the order of the text, without overlaps: the leftmost, of several there the
    /// longest. A phrase that is no mention hides the keywords inside it.
    pub(super) fn mentions(&self, text: &str) -> Vec<Mention> {
        let mut hits: Vec<(Range<usize>, Option<usize>)> = Vec::new();
        for hit in self.automaton.find_overlapping_iter(text) {
            let Some((topic, chars)) = self.patterns.get(hit.pattern().as_usize()) else {
                continue;
            };
            if is_word(text, hit.range(), *chars) {
                hits.push((hit.range(), *topic));
            }
        }
        hits.sort_unstable_by_key(|(range, topic)| (range.start, usize::MAX - range.end, *topic));
        let mut end = 0;
        hits.into_iter()
            .filter_map(|(range, topic)| {
                if range.start < end {
                    return None;
                }
                end = range.end;
                topic.map(|topic| Mention { topic, range })
            })
            .collect()
    }
}

/// Whether a hit is a word of the text, and not a piece of another word.
fn is_word(text: &str, hit: Range<usize>, chars: usize) -> bool {
    let (before, word, after) = (&text[..hit.start], &text[hit.clone()], &text[hit.end..]);
    let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else {
        return false;
    };
    starts_word(before, first, chars) && ends_word(after, last, chars)
}

fn is_inside(neighbour: char, edge: char) -> bool {
    neighbour.is_alphanumeric() && !is_unspaced(neighbour) && !is_unspaced(edge)
}

fn starts_word(before: &str, first: char, chars: usize) -> bool {
    if !before
        .chars()
        .next_back()
        .is_some_and(|c| is_inside(c, first))
    {
        return true;
    }
    if !is_arabic(first) {
        return false;
    }
    // Longer than the longest prefix is no prefix.
    let start = before
        .char_indices()
        .rev()
        .take(5)
        .take_while(|(_, c)| c.is_alphanumeric())
        .last()
        .map_or(before.len(), |(at, _)| at);
    let prefix = &before[start..];
    ARABIC_PREFIXES.contains(&prefix) || (chars >= LONG && ARABIC_LETTERS_BEFORE.contains(&prefix))
}

fn ends_word(after: &str, last: char, chars: usize) -> bool {
    if !after.chars().next().is_some_and(|c| is_inside(c, last)) {
        return true;
    }
    if is_hangul(last) {
        return true;
    }
    let end = after
        .char_indices()
        .take(8)
        .find(|(_, c)| !c.is_alphanumeric())
        .map_or(after.len(), |(at, _)| at);
    let suffix = after.get(..end).unwrap_or_default();
    if is_arabic(last) {
        return chars >= 3 && ARABIC_SUFFIXES.contains(&suffix)
            || chars >= LONG && ARABIC_LETTERS_AFTER.contains(&suffix);
    }
    chars >= LONG && last.is_ascii_alphabetic() && matches!(suffix, "s" | "es")
}

fn is_arabic(c: char) -> bool {
    ('\u{0620}'..='\u{06FF}').contains(&c)
}

fn is_hangul(c: char) -> bool {
    ('\u{AC00}'..='\u{D7A3}').contains(&c)
}
