//! A text in its match form as tokens, and each token as hashed n-grams: what the model has rows for.
//! What only the linear part reads is kept apart: pairs of words and long n-grams of ideographs.
//!
//! The same function feeds training and scoring. Changing anything here makes every model file
//! wrong; raise [`file::FORMAT`](super::file::FORMAT) then.

use std::sync::LazyLock;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Longest run of characters taken as one token.
const LONGEST: usize = 64;
/// Lengths of the character n-grams inside a word.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Longest n-gram that begins at an ideograph.
const IDEOGRAPHS: usize = 3;
/// Lengths of the n-grams of scripts written without spaces …
const UNSPACED: std::ops::RangeInclusive<usize> = 2..=5;
/// … and how many characters of theirs make a token.
const UNSPACED_TOKEN: usize = 4;
/// Most tokens of a text that are judged: as many from its beginning as from its end.
pub const MOST_TOKENS: usize = 256;

/// Classes that stand for what is written in too many ways to count.
const URL: u32 = 0xe000;
const MENTION: u32 = 0xe001;
const LENGTHENED: u32 = 0xe002;

/// How much more a word counts in the linear part than a piece of a word.
pub const WORD_WEIGHT: i32 = 2;

/// Weight of a feature in the linear part: whole words, pairs of words and n-grams of scripts without
/// spaces have bit 0 set.
pub fn weight(feature: u32) -> i32 {
    if feature & 1 == 1 { WORD_WEIGHT } else { 1 }
}

/// Tells the processor which row is read soon: tables are larger than its caches.
#[inline(always)]
pub(in crate::enrich) fn fetch(rows: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(byte) = rows.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction; it reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (rows, at);
}

/// So many features ahead of the one that is read.
pub(in crate::enrich) const AHEAD: usize = 12;

/// The copy of a feature that belongs to one language.
pub fn in_language(feature: u32, language: usize) -> u32 {
    finish(feature.wrapping_add((language as u32 + 1).wrapping_mul(0x9e37_79b1)))
}

/// Tokens of a text. Keeps its room from text to text.
#[derive(Debug, Default, Clone)]
pub struct Tokens {
    features: Vec<u32>,
    /// Where each token's features end.
    ends: Vec<u32>,
    /// Features that only the linear part reads.
    across: Vec<u32>,
    /// Hashes of the last two words or symbols, the newest first; 0 before the first.
    before: [u32; 2],
}

impl Tokens {
    /// Reads a text in its match form. Returns whether it holds anything to judge by: a letter, a
    /// digit or an emoji. Time is linear in the length of the text.
    pub fn read(&mut self, matched: &str) -> bool {
        self.features.clear();
        self.ends.clear();
        self.across.clear();
        self.before = [0; 2];
        let classes = &**CLASSES;
        let mut judgeable = false;
        let mut rest = matched;
        while let Some(c) = rest.chars().next() {
            let class = class_of(classes, c);
            match class {
                Class::Separator => rest = &rest[c.len_utf8()..],
                Class::Symbol | Class::Emoji => {
                    judgeable |= class == Class::Emoji;
                    rest = self.symbol(rest, c, classes);
                }
                _ => {
                    judgeable = true;
                    rest = match link(rest) {
                        Some(after) => {
                            self.token(class_token(URL));
                            after
                        }
                        None => self.run(rest, class, classes),
                    };
                }
            }
        }
        self.shorten();
        judgeable
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No token.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All features, token by token.
    pub fn features(&self) -> &[u32] {
        &self.features
    }

    /// Where the features of each token end in [`features`](Self::features). The first feature of a
    /// token is the whole token.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// What only the linear part reads: pairs of words, words with one between, long n-grams
    /// of ideographs.
    pub fn across(&self) -> &[u32] {
        &self.across
    }

    /// All features, of tokens and across them.
    pub fn all(&self) -> impl Iterator<Item = u32> + '_ {
        self.features.iter().chain(&self.across).copied()
    }

    /// Leaves out the middle of a long text.
    fn shorten(&mut self) {
        let Some(too_many) = self.ends.len().checked_sub(MOST_TOKENS + 1) else {
            return;
        };
        let (from, to) = (MOST_TOKENS / 2, MOST_TOKENS / 2 + too_many + 1);
        let (start, end) = (self.ends[from - 1], self.ends[to - 1]);
        self.features.drain(start as usize..end as usize);
        // Of what stands beside the tokens as much is left as they may have, by halves too.
        let most = 8 * MOST_TOKENS;
        if let Some(too_many) = self.across.len().checked_sub(most) {
            self.across.drain(most / 2..most / 2 + too_many);
        }
        self.ends.drain(from..to);
        for later in &mut self.ends[from..] {
            *later -= end - start;
        }
    }

    fn end_token(&mut self) {
        self.ends.push(self.features.len() as u32);
    }

    /// A token that has no pieces.
    fn token(&mut self, hash: u32) {
        self.whole(hash);
        self.end_token();
    }

    /// A word or symbol: alone, with the one before, and with the one before that.
    fn whole(&mut self, hash: u32) {
        self.features.push(finish(hash.wrapping_add(1)) | 1);
        let [last, earlier] = self.before;
        if last != 0 {
            self.across
                .push(finish(mix(last.wrapping_mul(3), hash)) | 1);
        }
        if earlier != 0 {
            self.across
                .push(finish(mix(earlier.wrapping_mul(5), hash)) | 1);
        }
        self.before = [hash, last];
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
            Class::Ideograph => {
                self.grams(&run[1..=length], 1, 1..=IDEOGRAPHS);
                self.long_grams(&run[1..=length]);
            }
            Class::Unspaced => self.grams(&run[1..=length], UNSPACED_TOKEN, UNSPACED),
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
        self.whole(hash);
        run[0] = '<' as u32;
        run[last] = '>' as u32;
        for start in 0..run.len() {
            let mut h = PIECE;
            for (length, c) in (1..=*PIECES.end()).zip(&run[start..]) {
                h = mix(h, *c);
                if length >= *PIECES.start() && length < run.len() {
                    self.features.push(finish(h) & !1);
                }
            }
        }
        self.end_token();
    }

    /// A token for every `step` characters: the n-grams that begin there.
    fn grams(&mut self, run: &[u32], step: usize, lengths: std::ops::RangeInclusive<usize>) {
        for token in (0..run.len()).step_by(step) {
            for from in token..run.len().min(token + step) {
                let mut h = IDEOGRAPH;
                for (length, c) in (1..=*lengths.end()).zip(&run[from..]) {
                    h = mix(h, *c);
                    if length >= *lengths.start() || token + 1 == run.len() {
                        self.features.push(finish(h) | 1);
                    }
                }
            }
            self.end_token();
        }
    }

    /// N-grams of ideographs one longer than those of the tokens.
    fn long_grams(&mut self, run: &[u32]) {
        for gram in run.windows(IDEOGRAPHS + 1) {
            let h = gram.iter().fold(IDEOGRAPH, |h, c| mix(h, *c));
            self.across.push(finish(h) | 1);
        }
    }
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

    fn read(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.read(text);
        tokens
    }

    fn features(text: &str) -> Vec<u32> {
        let tokens = read(text);
        [tokens.features(), tokens.across()].concat()
    }

    fn judgeable(text: &str) -> bool {
        Tokens::default().read(text)
    }

    #[test]
    fn words_pairs_and_skips_count_more_than_pieces() {
        // "ab" has "<ab", "ab>"; alone it is one word.
        let one = features("ab");
        assert_eq!(one.len(), 3);
        assert_eq!(one.iter().filter(|f| weight(**f) == WORD_WEIGHT).count(), 1);
        // Three words: each itself and 2 pieces; 2 pairs, 1 skip.
        let three = read("ab cd ef");
        assert_eq!(three.ends(), [3, 6, 9]);
        assert_eq!(three.across().len(), 3);
        assert_eq!(three.features()[0], one[0]);
    }

    #[test]
    fn nothing_is_left_of_the_text_before() {
        let mut tokens = read("one long text before");
        tokens.read("ab cd");
        assert_eq!(
            (tokens.features(), tokens.across(), tokens.ends()),
            (
                read("ab cd").features(),
                read("ab cd").across(),
                &[3, 6][..]
            )
        );
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
            assert!(!judgeable(text), "{text:?}");
        }
        for text in ["a", "5", "۵", "好", "ดี", "👍", "❤", "س", "क्"] {
            assert!(judgeable(text), "{text:?}");
        }
    }

    #[test]
    fn unspaced_scripts_give_grams_of_characters() {
        // A token an ideograph: grams of 1 to 3 that begin there, those of 4 apart.
        let good = read("质量很好");
        assert_eq!(good.ends(), [3, 6, 8, 9]);
        assert_eq!(good.across().len(), 1);
        // A token four Thai characters; the last, alone, is a gram by itself.
        assert_eq!(read("ดีมาก").ends(), [10, 11]);
        let shared = features("很好").into_iter().collect::<BTreeSet<_>>();
        assert!(shared.iter().all(|f| features("真的很好").contains(f)));
    }

    #[test]
    fn of_long_texts_begin_and_end_are_read() {
        let long = read(&format!("first {}last", "word ".repeat(10_000)));
        assert_eq!(long.len(), MOST_TOKENS);
        assert_eq!(long.features()[0], features("first")[0]);
        assert!(long.features().contains(&features("last")[0]));
        assert_eq!(long.ends().last(), Some(&(long.features().len() as u32)));
        assert!(long.ends().is_sorted() && long.across().len() <= 8 * MOST_TOKENS);
        // Runs without a space are cut, and nothing of them is left out.
        assert!(read(&"ab".repeat(200)).len() > 5);
    }

    #[test]
    fn copies_of_a_language_differ_from_each_other() {
        let copies: BTreeSet<_> = (0..40).map(|l| in_language(7, l)).collect();
        assert_eq!(copies.len(), 40);
    }
}
