//! Hashed n-grams of a text in its match form: what the linear model has weights for.
//!
//! The same function feeds training and scoring. It streams: nothing is collected, so a text costs
//! no allocation. Changing anything here makes every model file wrong; raise
//! [`file::FORMAT`](super::file::FORMAT) then.

use std::sync::LazyLock;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// How much more a word counts than a piece of a word.
pub const WORD_WEIGHT: i32 = 2;

/// Longest run of characters taken as one token.
const LONGEST: usize = 64;
/// Lengths of the character n-grams inside a word.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Longest n-gram of ideographs.
const IDEOGRAPHS: usize = 4;
/// Longest n-gram of scripts written without spaces.
const UNSPACED: usize = 5;

/// Classes that stand for what is written in too many ways to count.
const URL: u32 = 0xe000;
const MENTION: u32 = 0xe001;
const LENGTHENED: u32 = 0xe002;

/// Weight of a feature: whole words, pairs of words and ideographs have bit 0 set.
pub fn weight(feature: u32) -> i32 {
    if feature & 1 == 1 { WORD_WEIGHT } else { 1 }
}

/// The copy of a feature that belongs to one language.
pub fn in_language(feature: u32, language: usize) -> u32 {
    finish(feature.wrapping_add((language as u32 + 1).wrapping_mul(0x9e37_79b1)))
}

/// Calls `each` with every feature of the text, repeats included. Returns whether the text holds
/// anything to judge by: a letter, a digit or an emoji.
pub fn extract(matched: &str, each: impl FnMut(u32)) -> bool {
    let classes = &**CLASSES;
    let mut tokens = Tokens {
        each,
        before: [0; 2],
        count: 0,
    };
    let mut judgeable = false;
    let mut rest = matched;
    while let Some(c) = rest.chars().next() {
        let class = class_of(classes, c);
        match class {
            Class::Separator => rest = &rest[c.len_utf8()..],
            Class::Symbol | Class::Emoji => {
                judgeable |= class == Class::Emoji;
                rest = tokens.symbol(rest, c, classes);
            }
            _ => {
                judgeable = true;
                rest = match link(rest) {
                    Some(after) => {
                        tokens.token(class_token(URL));
                        after
                    }
                    None => tokens.run(rest, class, classes),
                };
            }
        }
    }
    judgeable
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Separator,
    Word,
    Digit,
    Ideograph,
    Unspaced,
    Symbol,
    Emoji,
}

struct Tokens<F> {
    each: F,
    /// Hashes of the last two tokens, the newest first.
    before: [u32; 2],
    count: usize,
}

impl<F: FnMut(u32)> Tokens<F> {
    /// A word or symbol: alone, with the one before, and with the one before that.
    fn token(&mut self, hash: u32) {
        (self.each)(finish(hash.wrapping_add(1)) | 1);
        let [last, earlier] = self.before;
        if self.count > 0 {
            (self.each)(finish(mix(last.wrapping_mul(3), hash)) | 1);
        }
        if self.count > 1 {
            (self.each)(finish(mix(earlier.wrapping_mul(5), hash)) | 1);
        }
        self.before = [hash, last];
        self.count += 1;
    }

    /// A run of one symbol, or `@name`. Returns what follows.
    fn symbol<'t>(&mut self, rest: &'t str, c: char, classes: &Classes) -> &'t str {
        let after = &rest[c.len_utf8()..];
        if c == '@' {
            let name =
                |c: char| c == '_' || matches!(class_of(classes, c), Class::Word | Class::Digit);
            let tail = after.trim_start_matches(name);
            if tail.len() < after.len() {
                self.token(class_token(MENTION));
                return tail;
            }
        }
        let tail = after.trim_start_matches(c);
        let run = 1 + (after.len() - tail.len()) / c.len_utf8();
        self.token(mix(mix(WORD, c as u32), run.min(3) as u32));
        tail
    }

    /// A run of letters and digits, of ideographs, or of an unspaced script. Returns what follows.
    fn run<'t>(&mut self, rest: &'t str, class: Class, classes: &Classes) -> &'t str {
        let mut run = [0u32; LONGEST + 2];
        let mut length = 0;
        let mut lengthened = false;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            let found = class_of(classes, c);
            if length == LONGEST || !joins(class, found) {
                end = at;
                break;
            }
            let code = if found == Class::Digit { '0' } else { c } as u32;
            if found != Class::Digit && length > 1 && run[length] == code && run[length - 1] == code
            {
                lengthened = true;
                continue;
            }
            length += 1;
            run[length] = code;
        }
        match class {
            Class::Ideograph => self.grams(&run[1..=length], IDEOGRAPH, 1, IDEOGRAPHS),
            Class::Unspaced => self.grams(&run[1..=length], IDEOGRAPH, 2, UNSPACED),
            _ => self.word(&mut run[..length + 2]),
        }
        if lengthened {
            self.token(class_token(LENGTHENED));
        }
        &rest[end..]
    }

    /// `run` has room for a bracket at each end.
    fn word(&mut self, run: &mut [u32]) {
        let last = run.len() - 1;
        let hash = run[1..last].iter().fold(WORD, |h, c| mix(h, *c));
        if hash == *URL_WORD || hash == *HTTP_WORD {
            return self.token(class_token(URL));
        }
        if hash == *USER_WORD {
            return self.token(class_token(MENTION));
        }
        self.token(hash);
        run[0] = '<' as u32;
        run[last] = '>' as u32;
        for start in 0..run.len() {
            let mut h = PIECE;
            for (length, c) in (1..=*PIECES.end()).zip(&run[start..]) {
                h = mix(h, *c);
                if length >= *PIECES.start() && length < run.len() {
                    (self.each)(finish(h) & !1);
                }
            }
        }
    }

    fn grams(&mut self, run: &[u32], start: u32, shortest: usize, longest: usize) {
        for from in 0..run.len() {
            let mut h = start;
            for (length, c) in (1..=longest).zip(&run[from..]) {
                h = mix(h, *c);
                if length >= shortest {
                    (self.each)(finish(h) | 1);
                }
            }
        }
    }
}

fn joins(run: Class, next: Class) -> bool {
    match run {
        Class::Word | Class::Digit => matches!(next, Class::Word | Class::Digit),
        _ => run == next,
    }
}

/// What follows the link that the text begins with.
fn link(text: &str) -> Option<&str> {
    (text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www."))
        .then(|| text.trim_start_matches(|c: char| !c.is_whitespace()))
}

const WORD: u32 = 0x77;
const PIECE: u32 = 0x55;
const IDEOGRAPH: u32 = 0x33;

static URL_WORD: LazyLock<u32> = LazyLock::new(|| word_hash("url"));
static HTTP_WORD: LazyLock<u32> = LazyLock::new(|| word_hash("http"));
static USER_WORD: LazyLock<u32> = LazyLock::new(|| word_hash("user"));

fn word_hash(word: &str) -> u32 {
    word.chars().fold(WORD, |h, c| mix(h, c as u32))
}

fn class_token(code: u32) -> u32 {
    mix(mix(WORD, code), 1)
}

fn mix(h: u32, c: u32) -> u32 {
    let x = (h ^ c).wrapping_mul(0x0100_0193);
    x ^ (x >> 15)
}

/// Finaliser of MurmurHash3.
fn finish(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

type Classes = [Class; 0x1_0000];

/// Classes of the basic plane.
static CLASSES: LazyLock<Box<Classes>> = LazyLock::new(|| {
    let mut classes = Box::new([Class::Separator; 0x1_0000]);
    for (code, class) in classes.iter_mut().enumerate() {
        *class = char::from_u32(code as u32).map_or(Class::Separator, classify);
    }
    classes
});

fn class_of(classes: &Classes, c: char) -> Class {
    classes
        .get(c as usize)
        .copied()
        .unwrap_or_else(|| classify(c))
}

fn classify(c: char) -> Class {
    match c as u32 {
        0x27 | 0x2019 => return Class::Word,
        0x3040..=0x30ff
        | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x2_0000..=0x3_1fff => return Class::Ideograph,
        0x0e00..=0x0eff | 0x1780..=0x17ff | 0x1000..=0x109f => return Class::Unspaced,
        0x1_f000..=0x1_faff | 0x2600..=0x27bf | 0x2b50 | 0x2b55 => return Class::Emoji,
        _ => {}
    }
    match c.general_category_group() {
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark => Class::Word,
        GeneralCategoryGroup::Number => Class::Digit,
        GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol => Class::Symbol,
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => Class::Separator,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn features(text: &str) -> Vec<u32> {
        let mut all = Vec::new();
        extract(text, |f| all.push(f));
        all
    }

    #[test]
    fn words_pairs_and_skips_are_counted_twice_as_much_as_pieces() {
        // "ab" has "<ab", "ab>"; alone it is one word.
        let one = features("ab");
        assert_eq!(one.len(), 3);
        assert_eq!(one.iter().filter(|f| weight(**f) == WORD_WEIGHT).count(), 1);
        // Three words: 3 words, 2 pairs, 1 skip, 2 pieces each.
        assert_eq!(features("ab cd ef").len(), 12);
    }

    #[test]
    fn ways_to_write_the_same_thing_meet() {
        assert_eq!(
            features("see https://a.example/b?c=1 now"),
            features("see www.b.example now")
        );
        assert_eq!(features("see url now"), features("see http now"));
        assert_eq!(features("@somebody_1 hi"), features("user hi"));
        assert_eq!(features("took 17 days"), features("took 29 days"));
        assert_eq!(features("sooo good"), features("soooooooo good"));
        assert_ne!(features("sooo good"), features("soo good"));
        assert_eq!(features("!!!"), features("!!!!!!"));
        assert_ne!(features("!"), features("!!"));
    }

    #[test]
    fn a_text_without_letter_digit_or_emoji_is_not_judgeable() {
        for text in ["", " \n\t", "...", "—!؟", "٪ $"] {
            assert!(!extract(text, |_| {}), "{text:?}");
        }
        for text in ["a", "5", "۵", "好", "ดี", "👍", "❤", "س", "क्"] {
            assert!(extract(text, |_| {}), "{text:?}");
        }
    }

    #[test]
    fn unspaced_scripts_give_grams_of_characters() {
        // 3 ideographs: 3 + 2 + 1 grams.
        assert_eq!(features("质量好").len(), 6);
        // 4 Thai characters: 3 + 2 + 1 grams of 2 to 4.
        assert_eq!(features("ดีมา").len(), 6);
        let shared = features("很好").into_iter().collect::<BTreeSet<_>>();
        assert!(features("真的很好").iter().collect::<BTreeSet<_>>().len() > shared.len());
        assert!(shared.iter().all(|f| features("真的很好").contains(f)));
    }

    #[test]
    fn very_long_runs_are_cut_and_everything_is_read() {
        let long = "ab".repeat(10_000);
        let found = features(&long);
        assert!(found.len() > 10_000);
        assert!(features(&format!("{long} good")).len() > found.len());
    }

    #[test]
    fn copies_of_a_language_differ_from_each_other() {
        let copies: BTreeSet<_> = (0..40).map(|l| in_language(7, l)).collect();
        assert_eq!(copies.len(), 40);
    }
}
