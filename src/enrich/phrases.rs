//! Finding phrases in a match form: keywords of topics, cues of intents.
//!
//! In scripts that set spaces a phrase is whole tokens, give or take what grows on words:
//! * Arabic script: the article and one-letter prepositions before it (`ال و ف ب ل ک`, `وال`,
//!   `بال`, `لل`, …), plural, possessive and ezafe endings after it (`ها های ی م ش شان ات هم …`);
//!   one-letter affixes only with phrases of four letters or more, for short words run into others;
//! * Hangul: any particle after it;
//! * other alphabets: `s`, `es`, `'s` after a phrase of four letters or more. Other forms stand in
//!   the list.
//!
//! In scripts without spaces (Chinese, Japanese, Thai, …) a phrase is any run of its characters.

use std::ops::Range;

use daachorse::CharwiseDoubleArrayAhoCorasick;

use crate::text::{self, MatchForm, is_arabic, is_unspaced};

/// Phrases in their match form, looked for all at once.
pub(super) struct Phrases {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// Length in characters of each.
    chars: Vec<usize>,
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

/// Phrases of so many characters may take one-letter affixes.
const LONG: usize = 4;

impl Phrases {
    /// Phrases as [`folded`] gives them; their order numbers them.
    ///
    /// # Errors
    /// There are more than fit; says the mend.
    pub(super) fn new<'a>(phrases: impl Iterator<Item = &'a str> + Clone) -> Result<Self, String> {
        let automaton = CharwiseDoubleArrayAhoCorasick::new(phrases.clone())
            .map_err(|error| format!("can't look for these phrases ({error})"))?;
        Ok(Self {
            automaton,
            chars: phrases.map(|phrase| phrase.chars().count()).collect(),
        })
    }

    /// Number and place of each phrase that stands in a match form, in the order of their ends;
    /// they may overlap.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        self.automaton
            .find_overlapping_iter(text)
            .filter_map(move |hit| {
                let number = hit.value() as usize;
                let chars = *self.chars.get(number)?;
                let range = hit.start()..hit.end();
                is_word(text, range.clone(), chars).then_some((number, range))
            })
    }
}

/// A phrase as texts are folded; none if it has neither letter nor digit.
pub(super) fn folded(phrase: &str) -> Option<String> {
    let folded = MatchForm::of(&text::clean(phrase)).text;
    folded.chars().any(char::is_alphanumeric).then_some(folded)
}

/// Bytes of the clean text that a phrase of its match form stands for. A half space after the word
/// is no part of it.
pub(super) fn evidence(clean: &str, matched: &MatchForm, phrase: Range<usize>) -> Range<usize> {
    let mut evidence = matched.clean_range(phrase);
    let words = clean.get(evidence.clone()).unwrap_or_default();
    evidence.end -= words.len() - words.trim_end_matches(['\u{200C}', ' ', '\n']).len();
    evidence
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

fn is_hangul(c: char) -> bool {
    ('\u{AC00}'..='\u{D7A3}').contains(&c)
}
