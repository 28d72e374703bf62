//! What of a text is evidence of its language: words of letters, each in one script.
//!
//! Addresses, e-mail, mentions, hashtags, numbers and emoji are none. Marks that a text may have or
//! lack (vowel signs of Arabic, tatweel) are passed over, accents are joined with their letters,
//! compatibility forms read as the letters that they stand for, a letter that comes three times or
//! more on end as twice. Digits within a romanised word stay: `m3aya` is Arabic.

use std::ops::Range;

use unicode_normalization::char::{compose, decompose_compatible};

use super::chars::{Kind, kind};
use super::classes::Script;

/// Longer runs of letters are cut: no word is so long, and Chinese has no spaces.
const LONGEST_WORD: usize = 64;
/// Ends of a host name without `www`.
const DOMAINS: [&str; 12] = [
    "com", "net", "org", "ir", "cn", "io", "co", "de", "ru", "fr", "uk", "app",
];

/// A run of letters in one script.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Where its letters are.
    pub letters: Range<usize>,
    /// Script of all of them.
    pub script: Script,
    /// Number of the sentence that it stands in, of those that hold words.
    pub sentence: u32,
    /// It begins with a capital: perhaps a name.
    pub capital: bool,
}

impl Word {
    fn weight(&self) -> usize {
        match (self.script, self.capital) {
            (Script::Han, _) => 8 * self.letters.len(),
            (Script::Latin, true) => self.letters.len(),
            _ => 4 * self.letters.len(),
        }
    }
}

/// The words of a text. Kept and filled again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Letters {
    letters: Vec<char>,
    words: Vec<Word>,
}

/// The word that is open, and where the reading of a text stands.
#[derive(Default)]
struct State {
    script: Option<Script>,
    start: usize,
    digits: usize,
    capitals: usize,
    capital: bool,
    /// Words and letters before the present token: what stands between two spaces.
    token: (usize, usize),
    sentence: u32,
    ended: bool,
    /// The letter before, and how often it came on end.
    last: char,
    run: u8,
}

impl Letters {
    /// Reads a text, and forgets the one before. Time is linear in its length.
    pub fn read(&mut self, text: &str) {
        self.letters.clear();
        self.words.clear();
        let mut state = State::default();
        let (mut at, mut before) = (0, ' ');
        while let Some(c) = text[at..].chars().next() {
            if c.is_ascii_lowercase() && state.script == Some(Script::Latin) {
                self.push(&mut state, Script::Latin, c);
                (at, before) = (at + 1, c);
                continue;
            }
            if !before.is_ascii_graphic() && !state.is_open() {
                state.token = (self.words.len(), self.letters.len());
            }
            let skipped = match c {
                '@' | '#' | ':' | '.' | 'w' | 'W' => passed_over(before, &text[at..]),
                _ => None,
            };
            match skipped {
                Some(skipped) => {
                    self.close(&mut state);
                    if skipped.with_token {
                        self.words.truncate(state.token.0);
                        self.letters.truncate(state.token.1);
                        state.start = self.letters.len();
                    }
                    at += skipped.bytes;
                    before = ' ';
                }
                None => {
                    self.one(&mut state, c, before);
                    at += c.len_utf8();
                    before = c;
                }
            }
        }
        self.close(&mut state);
    }

    /// Words in the order of the text.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The letters of all words.
    pub fn all(&self) -> &[char] {
        &self.letters
    }

    /// Letters of a word, in lower case.
    pub fn of(&self, word: &Word) -> &[char] {
        &self.letters[word.letters.clone()]
    }

    /// Script of most of the text. A Chinese character is about a word of two letters; of Latin
    /// words beside another script, those that may be names count little.
    pub fn script(&self) -> Option<Script> {
        let mut counts = [0; Script::ALL.len()];
        for word in &self.words {
            counts[word.script as usize] += word.weight();
        }
        let most = *counts.iter().max()?;
        let at = counts.iter().position(|count| *count == most)?;
        (most > 0).then_some(Script::ALL[at])
    }

    fn one(&mut self, state: &mut State, c: char, before: char) {
        match c {
            'a'..='z' => self.push(state, Script::Latin, c),
            'A'..='Z' => {
                let begins = state.script != Some(Script::Latin);
                self.push(state, Script::Latin, c.to_ascii_lowercase());
                state.capitals += 1;
                state.capital |= begins;
            }
            // Digits that stand for a letter of Arabic.
            '2' | '3' | '5'..='9'
                if state.script == Some(Script::Latin) || !before.is_alphanumeric() =>
            {
                self.push(state, Script::Latin, c);
                state.digits += 1;
            }
            ' ' => self.close(state),
            '.' | '!' | '?' | '\n' | '؟' | '۔' | '।' | '。' | '！' | '？' | '…' => {
                self.close(state);
                state.ended = true;
            }
            _ if c.is_ascii() => self.close(state),
            _ => self.other(state, c),
        }
    }

    fn other(&mut self, state: &mut State, c: char) {
        match kind(c) {
            Kind::Letter(script) => self.push(state, script, c),
            Kind::Capital(script) => {
                let begins = state.script != Some(script);
                for c in c.to_lowercase() {
                    if let Kind::Letter(script) = kind(c) {
                        self.push(state, script, c);
                    }
                }
                state.capitals += 1;
                state.capital |= begins;
            }
            Kind::Mark => {}
            Kind::Accent => {
                if let Some(last) = self.letters[state.start..].last_mut() {
                    *last = compose(*last, c).unwrap_or(*last);
                }
            }
            // Of forms no form comes: this ends.
            Kind::Form => decompose_compatible(c, |c| match kind(c) {
                Kind::Form => self.close(state),
                _ => self.other(state, c),
            }),
            Kind::Other => self.close(state),
        }
    }

    #[inline]
    fn push(&mut self, state: &mut State, script: Script, letter: char) {
        if state.script != Some(script) || self.letters.len() - state.start >= LONGEST_WORD {
            self.close(state);
            state.script = Some(script);
        }
        if letter == state.last {
            state.run = state.run.saturating_add(1);
            if state.run > 2 {
                return;
            }
        } else {
            (state.last, state.run) = (letter, 1);
        }
        self.letters.push(letter);
    }

    /// Ends the word that is open.
    fn close(&mut self, state: &mut State) {
        let Some(script) = state.script.take() else {
            return;
        };
        let letters = (self.letters.len() - state.start).saturating_sub(state.digits);
        // A number, or a code, with some letters: only these count.
        if state.digits > 0 && (2 * state.digits > letters || state.capitals >= letters) {
            let mut kept = state.start;
            for at in state.start..self.letters.len() {
                if !self.letters[at].is_ascii_digit() {
                    self.letters[kept] = self.letters[at];
                    kept += 1;
                }
            }
            self.letters.truncate(kept);
        }
        if self.letters.len() > state.start {
            if state.ended && !self.words.is_empty() {
                state.sentence += 1;
            }
            state.ended = false;
            self.words.push(Word {
                letters: state.start..self.letters.len(),
                script,
                sentence: state.sentence,
                capital: state.capital,
            });
        }
        state.start = self.letters.len();
        (state.digits, state.capitals, state.capital) = (0, 0, false);
        (state.last, state.run) = (' ', 0);
    }
}

impl State {
    fn is_open(&self) -> bool {
        self.script.is_some()
    }
}

/// Something that is no evidence.
struct Skipped {
    bytes: usize,
    /// What stands before it in the same token belongs to it.
    with_token: bool,
}

fn passed_over(before: char, rest: &str) -> Option<Skipped> {
    let address = |with_token| {
        let end = rest.find(|c: char| c.is_whitespace() || !c.is_ascii());
        Some(Skipped {
            bytes: end.unwrap_or(rest.len()),
            with_token,
        })
    };
    let inside = before.is_ascii_alphanumeric();
    match rest.as_bytes()[0] {
        b'@' if inside => address(true),
        b'@' | b'#' if !inside => {
            let end =
                rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\u{200C}'));
            let end = end.map_or(rest.len(), |end| end + 1);
            // Chinese hashtags have a second # at their end.
            let closing = usize::from(end > 1 && rest[end..].starts_with('#'));
            (end > 1).then_some(Skipped {
                bytes: end + closing,
                with_token: false,
            })
        }
        b':' if rest.starts_with("://") => address(true),
        b'w' | b'W'
            if !inside
                && rest
                    .get(..4)
                    .is_some_and(|s| s.eq_ignore_ascii_case("www.")) =>
        {
            address(false)
        }
        b'.' if inside => {
            let name = &rest[1..];
            let end = name.find(|c: char| !c.is_ascii_alphanumeric());
            let name = &name[..end.unwrap_or(name.len())];
            match DOMAINS
                .iter()
                .any(|domain| name.eq_ignore_ascii_case(domain))
            {
                true => address(true),
                false => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut letters = Letters::default();
        letters.read(text);
        let words = letters.words().iter();
        words
            .map(|word| letters.of(word).iter().collect())
            .collect()
    }

    #[test]
    fn what_is_no_evidence_is_passed_over() {
        for (text, expected) in [
            ("Great shop!", "great shop"),
            ("see https://shop.example/a?b=c now", "see now"),
            ("www.example.org/x is down", "is down"),
            ("mail bob.b@example.com please", "mail please"),
            ("digikala.com خوب است", "خوب است"),
            ("good.Thanks", "good thanks"),
            ("@support why #late_delivery ?", "why"),
            ("看#话题#不错", "看 不错"),
            ("12345 👍👍 ٣٤ !!!", ""),
            ("S23 RTX3060 4711", "s rtx"),
            ("m3aya 7abibi 3ala", "m3aya 7abibi 3ala"),
            ("sooooo goooood", "soo good"),
            ("", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn letters_that_look_alike_are_read_alike() {
        for (text, expected) in [
            ("سـلام", "سلام"),
            ("سَلام", "سلام"),
            ("ﺳﻼم", "سلام"),
            ("Ｇｒｅａｔ", "great"),
            ("cafe\u{301}", "café"),
            ("İyi", "iyi"),
            ("می\u{200C}شود", "می شود"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn words_know_their_script_and_sentence() {
        let mut letters = Letters::default();
        letters.read("Bad. 很差！ Плохо, bad");
        let found: Vec<_> = letters
            .words()
            .iter()
            .map(|w| (w.script, w.sentence))
            .collect();
        assert_eq!(
            found,
            [
                (Script::Latin, 0),
                (Script::Han, 1),
                (Script::Cyrillic, 2),
                (Script::Latin, 2),
            ]
        );
    }

    #[test]
    fn the_script_of_most_counts_and_names_do_not() {
        for (text, expected) in [
            ("گوشی Samsung Galaxy Ultra خوبه", Some(Script::Arabic)),
            ("the phone گوشی works well", Some(Script::Latin)),
            ("😀 123", None),
        ] {
            let mut letters = Letters::default();
            letters.read(text);
            assert_eq!(letters.script(), expected, "{text}");
        }
    }
}
