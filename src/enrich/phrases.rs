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

//!
//! Texts and phrases are cut into units: runs of letters and digits, and every other character, also
//! each of a script without spaces. A phrase is looked up unit by unit, by the hash of what it begins with:
//! where no phrase begins so, nothing more is read. The hash has 64 bits; that two phrases have the same
//! is not to be expected, and would only find one for the other.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

use crate::text::{self, MatchForm, is_arabic, is_unspaced};

/// Phrases in their match form, looked for all at once.
pub(super) struct Phrases {
    /// By the hash of all units of a phrase, or of the first of them.
    beginnings: HashMap<u64, Beginning, BuildHasherDefault<AsItIs>>,
    /// A bit set for each beginning, by its hash: most of a text begins no phrase, and these bits are few
    /// enough to stay near the processor. Their number is a power of two.
    likely: Vec<u64>,
    /// Length in characters of each.
    chars: Vec<usize>,
}

/// What some units may be.
#[derive(Default, Clone, Copy)]
struct Beginning {
    /// Number of the phrase that they are.
    whole: Option<u32>,
    /// A longer phrase begins with them.
    goes_on: bool,
}

/// A hash is its own hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Bits for each beginning: one in eight that are none is looked up all the same.
const BITS: usize = 8;

const ARABIC_PREFIXES: [&str; 10] = [
    "ال", "وال", "بال", "لل", "کال", "فال", "ولل", "وبال", "عال", "هال",
];
const ARABIC_LETTERS_BEFORE: [&str; 6] = ["و", "ف", "ب", "ل", "ک", "ه"];
/// What grows on behind a word that ends in a letter, and the characters that the phrase must have.
fn arabic_suffixes(last: char) -> &'static [(&'static str, usize)] {
    match last {
        'ا' => &[("ها", 3), ("نا", 3), ("ترها", 3), ("ا", LONG)],
        'ت' => &[("هایت", 3), ("ات", 3), ("است", 3), ("ت", LONG)],
        'ر' => &[("تر", 3)],
        'ش' => &[("هایش", 3), ("اش", 3), ("ش", LONG)],
        'م' => &[("هایم", 3), ("هم", 3), ("کم", 3), ("ام", 3), ("م", LONG)],
        'ن' => &[
            ("هایمان", 3),
            ("هایتان", 3),
            ("هایشان", 3),
            ("مان", 3),
            ("تان", 3),
            ("شان", 3),
            ("ین", 3),
            ("ون", 3),
            ("ترین", 3),
        ],
        'ه' => &[("ه", LONG)],
        'و' => &[("و", LONG)],
        'ک' => &[("ک", LONG)],
        'ی' => &[("های", 3), ("هایی", 3), ("یی", 3), ("ای", 3), ("ی", LONG)],
        _ => &[],
    }
}

const LATIN_SUFFIXES: [&str; 2] = ["s", "es"];

/// Phrases of so many characters may take one-letter affixes.
const LONG: usize = 4;
/// Characters of a Korean word among which a phrase before its particles is looked for.
const LONGEST_STEM: usize = 32;

impl Phrases {
    /// Phrases as [`folded`] gives them, each once; their order numbers them.
    pub(super) fn new<'a>(phrases: impl Iterator<Item = &'a str>) -> Self {
        let mut beginnings: HashMap<u64, Beginning, _> = HashMap::default();
        let mut chars = Vec::new();
        for (number, phrase) in phrases.enumerate() {
            chars.push(phrase.chars().count());
            let mut hash = NOTHING;
            let mut units = units(phrase).peekable();
            while let Some(unit) = units.next() {
                hash = followed(hash, &phrase[unit]);
                let beginning: &mut Beginning = beginnings.entry(hash).or_default();
                match units.peek() {
                    Some(_) => beginning.goes_on = true,
                    None => beginning.whole = Some(number as u32),
                }
            }
        }
        let words = (beginnings.len() * BITS / 64).next_power_of_two();
        let mut all = Self {
            likely: vec![0; words],
            beginnings,
            chars,
        };
        for hash in all.beginnings.keys() {
            let (word, bit) = bit_of(*hash, words);
            all.likely[word] |= bit;
        }
        all
    }

    /// Number and place of each phrase that stands in a match form, in the order of their beginnings;
    /// they may overlap.
    pub(super) fn find(&self, text: &str) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let units: Vec<Range<usize>> = units(text).collect();
        for (number, unit) in units.iter().enumerate() {
            self.find_from(text, &units[number..], unit.start, 0, &mut found);
            for (prefix, least_chars) in prefixes(&text[unit.clone()]) {
                let start = unit.start + prefix;
                self.find_from(text, &units[number..], start, least_chars, &mut found);
            }
        }
        found
    }

    /// Finds the phrases of so many characters that begin at `start`, in the first of some units.
    fn find_from(
        &self,
        text: &str,
        units: &[Range<usize>],
        start: usize,
        least_chars: usize,
        found: &mut Vec<(usize, Range<usize>)>,
    ) {
        let mut add = |beginning: Option<&Beginning>, end: usize, least_chars: usize| {
            let number = beginning.and_then(|b| b.whole).map(|n| n as usize);
            if let Some(number) = number.filter(|n| self.chars[*n] >= least_chars) {
                found.push((number, start..end));
            }
        };
        let mut hash = NOTHING;
        let mut from = start;
        for unit in units {
            let run = &text[from..unit.end];
            for (length, chars) in without_suffix(run) {
                let shorter = self.get(followed(hash, &run[..length]));
                add(shorter, from + length, chars.max(least_chars));
            }
            hash = followed(hash, run);
            let beginning = self.get(hash);
            add(beginning, unit.end, least_chars);
            if !beginning.is_some_and(|beginning| beginning.goes_on) {
                return;
            }
            from = unit.end;
        }
    }

    fn get(&self, hash: u64) -> Option<&Beginning> {
        let (word, bit) = bit_of(hash, self.likely.len());
        (self.likely[word] & bit != 0).then(|| self.beginnings.get(&hash))?
    }
}

/// Hash of no unit.
const NOTHING: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hash of some units and one that follows them (FNV-1a over the bytes of each).
fn followed(units: u64, unit: &str) -> u64 {
    let start = units.rotate_left(29) ^ 0xcbf2_9ce4_8422_2325;
    let hash = unit.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

/// Place of the bit of a hash among so many words of bits.
fn bit_of(hash: u64, words: usize) -> (usize, u64) {
    ((hash >> 6) as usize & (words - 1), 1 << (hash & 63))
}

/// Runs of letters and digits, and every other character.
fn units(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..)?;
        let first = rest.chars().next()?;
        let length = match is_in_run(first) {
            true => rest.find(|c| !is_in_run(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        start += length;
        Some(start - length..start)
    })
}

fn is_in_run(c: char) -> bool {
    let code = c as usize;
    match IN_RUN.get(code >> 6) {
        Some(word) => word >> (code & 63) & 1 == 1,
        None => c.is_alphanumeric() && !is_unspaced(c),
    }
}

/// A bit for each character of the basic plane.
static IN_RUN: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
    let mut bits = Box::new([0; 1024]);
    let basic_plane = (0..0x1_0000u32).filter_map(char::from_u32);
    for c in basic_plane.filter(|c| c.is_alphanumeric() && !is_unspaced(*c)) {
        bits[c as usize >> 6] |= 1u64 << (c as usize & 63);
    }
    bits
});

/// Bytes of what may be grown on before a word, each with the characters that the word must have.
fn prefixes(run: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let is_arabic_run = run.chars().next().is_some_and(is_arabic);
    let letters = ARABIC_LETTERS_BEFORE.iter().map(|prefix| (prefix, LONG));
    let all = ARABIC_PREFIXES
        .iter()
        .map(|prefix| (prefix, 0))
        .chain(letters);
    all.filter(move |(prefix, _)| {
        let rest = is_arabic_run.then(|| run.strip_prefix(**prefix)).flatten();
        rest.is_some_and(|rest| rest.starts_with(is_arabic))
    })
    .map(|(prefix, least_chars)| (prefix.len(), least_chars))
}

/// Lengths in bytes of a word without what may be grown on behind it, each with the characters that the
/// phrase must have.
fn without_suffix(run: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let last = run.chars().next_back();
    let (latin, arabic): (&[_], &[_]) = match last {
        Some('s') => (&LATIN_SUFFIXES, &[]),
        Some(c) => (&[], arabic_suffixes(c)),
        _ => (&[], &[]),
    };
    let hangul = run.char_indices().take(LONGEST_STEM).skip(1);
    let hangul = hangul
        .filter(move |(at, _)| last.is_some_and(is_hangul) && run[..*at].ends_with(is_hangul));
    let cut = move |suffix: &str| run.strip_suffix(suffix).map(str::len);
    let latin = latin.iter().filter_map(move |suffix| {
        let length = cut(suffix)?;
        run[..length]
            .ends_with(|c: char| c.is_ascii_alphabetic())
            .then_some((length, LONG))
    });
    let arabic = arabic.iter().filter_map(move |(suffix, chars)| {
        let length = cut(suffix)?;
        run[..length]
            .ends_with(is_arabic)
            .then_some((length, *chars))
    });
    latin.chain(arabic).chain(hangul.map(|(at, _)| (at, 0)))
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

fn is_hangul(c: char) -> bool {
    ('\u{AC00}'..='\u{D7A3}').contains(&c)
}
