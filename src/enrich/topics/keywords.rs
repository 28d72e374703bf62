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
const ARABIC_SUFFIXES: [&str; 26] = [
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
    "اش",
    "ام",
    "ای",
    "است",
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
            .prefilter(false)
            .build(words.into_iter().map(|(word, _)| word))
            .map_err(|error| format!("too many keywords ({error}); remove some"))?;
        Ok(Self {
            automaton,
            patterns,
        })
    }

    /// Mentions in the order of the text, without overlaps: of keywords that overlap the longest,
    /// of equally long ones the first. A phrase that is no mention hides the keywords inside it.
    pub(super) fn mentions(&self, text: &str) -> Vec<Mention> {
        let mut hits: Vec<Hit> = Vec::new();
        for hit in self.automaton.find_overlapping_iter(text) {
            let Some((topic, chars)) = self.patterns.get(hit.pattern().as_usize()) else {
                continue;
            };
            if is_word(text, hit.range(), *chars) {
                hits.push(Hit {
                    range: hit.range(),
                    topic: *topic,
                });
            }
        }
        hits.sort_unstable_by_key(|hit| hit.range.start);
        let mut mentions = Vec::new();
        let mut rest = hits.as_mut_slice();
        while let Some(first) = rest.first() {
            // Hits that overlap, directly or through others, are decided on together.
            let mut end = first.range.end;
            let mut count = 1;
            while let Some(next) = rest.get(count).filter(|next| next.range.start < end) {
                end = end.max(next.range.end);
                count += 1;
            }
            let (cluster, later) = rest.split_at_mut(count);
            longest(cluster, &mut mentions);
            rest = later;
        }
        mentions
    }
}

/// A keyword or a phrase that is none, where it stands.
struct Hit {
    range: Range<usize>,
    topic: Option<usize>,
}

/// Adds the mentions of hits that overlap: the longest first, then what it leaves room for.
fn longest(hits: &mut [Hit], mentions: &mut Vec<Mention>) {
    hits.sort_unstable_by_key(|hit| (usize::MAX - hit.range.len(), hit.range.start, hit.topic));
    let mut taken: Vec<&Hit> = Vec::new();
    for hit in hits.iter() {
        let free =
            |other: &&Hit| other.range.end <= hit.range.start || hit.range.end <= other.range.start;
        if taken.iter().all(free) {
            taken.push(hit);
        }
    }
    taken.sort_unstable_by_key(|hit| hit.range.start);
    mentions.extend(taken.into_iter().filter_map(|hit| {
        hit.topic.map(|topic| Mention {
            topic,
            range: hit.range.clone(),
        })
    }));
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
