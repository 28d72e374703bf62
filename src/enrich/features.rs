//! A text in its match form as tokens, and each token as hashed n-grams: what the models of sentiment
//! and topics have rows for. What stands across tokens is kept apart: pairs of words and long n-grams of
//! ideographs.
//!
//! A text is read once; a clause is a [`Part`] of its tokens. The same function feeds training and
//! scoring. Changing anything here makes every model file wrong; raise the `FORMAT` of
//! [sentiment](super::sentiment::file::FORMAT) and [topics](super::topics::trained::FORMAT) then.

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Longest run of characters taken as one token.
const LONGEST: usize = 64;
/// Lengths of the character n-grams inside a word.
const PIECES: RangeInclusive<usize> = 3..=5;
/// Longest n-gram that begins at an ideograph.
const IDEOGRAPHS: usize = 3;
/// Lengths of the n-grams of scripts written without spaces …
const UNSPACED: RangeInclusive<usize> = 2..=5;
/// … and how many characters of theirs make a token.
const UNSPACED_TOKEN: usize = 4;
/// Most tokens of a text that are judged: as many from its beginning as from its end.
pub const MOST_TOKENS: usize = 256;

/// Classes that stand for what is written in too many ways to count.
const URL: u32 = 0xe000;
const MENTION: u32 = 0xe001;
const LENGTHENED: u32 = 0xe002;

/// How much more a word counts in linear models than a piece of a word.
pub const WORD_WEIGHT: i32 = 2;
/// Features beyond this number no longer make a linear model surer, only better.
const ENOUGH_FEATURES: f32 = 600.0;

/// Whether it is a whole word, a pair of words or an n-gram of a script without spaces, and no piece of a word.
pub fn is_whole(feature: u32) -> bool {
    feature & 1 == 1
}

/// Weight of a feature in linear models.
pub fn weight(feature: u32) -> i32 {
    if is_whole(feature) { WORD_WEIGHT } else { 1 }
}

/// Row of a feature among `2^bits`.
#[inline(always)]
pub fn row_of(feature: u32, bits: u8) -> usize {
    (u64::from(feature) >> (32 - u32::from(bits))) as usize
}

/// What linear models multiply the sums over a text's features by. `weights`: sum of the features'
/// squared weights, `count`: their number.
pub fn normaliser(weights: f32, count: f32) -> f32 {
    if count <= 0.0 {
        return 0.0;
    }
    (ENOUGH_FEATURES / count).min(1.0).sqrt() / weights.sqrt()
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

/// The copy of a whole word that belongs to a language; a piece of a word has none.
pub fn copy(feature: u32, language: Option<usize>) -> Option<u32> {
    language
        .filter(|_| is_whole(feature))
        .map(|language| in_language(feature, language))
}

/// Tokens of a text. Keeps its room from text to text.
#[derive(Debug, Default, Clone)]
pub struct Tokens {
    features: Vec<u32>,
    /// Where each token's features end.
    ends: Vec<u32>,
    /// One for each token.
    places: Vec<Place>,
    /// Features across tokens.
    across: Vec<u32>,
    /// Hashes of the last two words or symbols, the newest first; 0 before the first.
    before: [u32; 2],
    /// Of the token that is read.
    place: Place,
}

/// Where a token stands.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    /// Its first byte.
    start: u32,
    /// Where the features across it and the tokens before it end.
    across: u32,
    /// It is something to judge by: a letter, a digit or an emoji.
    judgeable: bool,
}

/// The tokens of a text, or of a part of it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    features: &'a [u32],
    ends: &'a [u32],
    /// Features of the tokens before it.
    before: u32,
    across: &'a [u32],
    judgeable: bool,
}

impl<'a> Part<'a> {
    /// Features of each token. The first of a token is the whole token.
    pub fn tokens(self) -> impl Iterator<Item = &'a [u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = (end - self.before) as usize;
            let token = self.features.get(start..end).unwrap_or_default();
            start = end;
            token
        })
    }

    /// All features, token by token.
    pub fn features(self) -> &'a [u32] {
        self.features
    }

    /// Features across tokens: pairs of words, words with one between, long n-grams of ideographs. A pair
    /// belongs to its second word.
    pub fn across(self) -> &'a [u32] {
        self.across
    }

    /// All features, of tokens and across them.
    pub fn all(self) -> impl Iterator<Item = u32> + Clone + 'a {
        self.features.iter().chain(self.across).copied()
    }

    /// Number of all features.
    pub fn len(self) -> usize {
        self.features.len() + self.across.len()
    }

    /// No feature.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it holds anything to judge by: a letter, a digit or an emoji.
    pub fn is_judgeable(self) -> bool {
        self.judgeable
    }
}

impl Tokens {
    /// Tokens of a text in its match form.
    pub fn of(matched: &str) -> Self {
        let mut tokens = Self::default();
        tokens.read(matched);
        tokens
    }

    /// Reads a text in its match form, in the place of the one before. Time is linear in its length.
    pub fn read(&mut self, matched: &str) {
        self.features.clear();
        self.ends.clear();
        self.places.clear();
        self.across.clear();
        self.before = [0; 2];
        // Words of six letters have some 15 features.
        self.features.reserve(2 * matched.len());
        let classes = &**CLASSES;
        let mut rest = matched;
        while let Some(c) = rest.chars().next() {
            let class = class_of(classes, c);
            self.place = Place {
                start: (matched.len() - rest.len()) as u32,
                across: 0,
                judgeable: class != Class::Symbol,
            };
            rest = match class {
                Class::Separator => &rest[c.len_utf8()..],
                Class::Symbol | Class::Emoji => self.symbol(rest, c, classes),
                _ => match link(rest) {
                    Some(after) => {
                        self.token(class_token(URL));
                        after
                    }
                    None => self.run(rest, class, classes),
                },
            }
        }
        self.shorten();
    }

    /// The whole text.
    pub fn whole(&self) -> Part<'_> {
        self.between(0, self.ends.len())
    }

    /// The tokens that begin in some bytes of the text.
    pub fn part(&self, bytes: &Range<usize>) -> Part<'_> {
        let place = |byte: usize| (self.places).partition_point(|p| (p.start as usize) < byte);
        self.between(place(bytes.start), place(bytes.end))
    }

    fn between(&self, from: usize, to: usize) -> Part<'_> {
        let end = |token: usize| (token.checked_sub(1)).map_or(0, |t| self.ends[t] as usize);
        let across = |token: usize| {
            let before = token.checked_sub(1);
            before.map_or(0, |t| self.places[t].across as usize)
        };
        Part {
            features: &self.features[end(from)..end(to)],
            ends: &self.ends[from..to],
            before: end(from) as u32,
            across: &self.across[across(from)..across(to)],
            judgeable: self.places[from..to].iter().any(|place| place.judgeable),
        }
    }

    /// Leaves out the middle of a long text.
    fn shorten(&mut self) {
        let Some(too_many) = self.ends.len().checked_sub(MOST_TOKENS) else {
            return;
        };
        if too_many == 0 {
            return;
        }
        let (from, to) = (MOST_TOKENS / 2, MOST_TOKENS / 2 + too_many);
        let features = self.ends[from - 1]..self.ends[to - 1];
        let across = self.places[from - 1].across..self.places[to - 1].across;
        (self.features).drain(features.start as usize..features.end as usize);
        (self.across).drain(across.start as usize..across.end as usize);
        self.ends.drain(from..to);
        self.places.drain(from..to);
        for later in &mut self.ends[from..] {
            *later -= features.end - features.start;
        }
        for later in &mut self.places[from..] {
            later.across -= across.end - across.start;
        }
    }

    fn end_token(&mut self) {
        self.ends.push(self.features.len() as u32);
        self.places.push(Place {
            across: self.across.len() as u32,
            ..self.place
        });
    }

    /// A token that has no pieces.
    fn token(&mut self, hash: u32) {
        self.word_or_symbol(hash);
        self.end_token();
    }

    /// A word or symbol: alone, with the one before, and with the one before that.
    fn word_or_symbol(&mut self, hash: u32) {
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
        let mut starts = [0u32; LONGEST];
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
            starts[length] = self.place.start + at as u32;
            length += 1;
            run[length] = code;
        }
        let (letters, starts) = (&run[1..=length], &starts[..length]);
        match class {
            Class::Ideograph => self.ideographs(letters, starts),
            Class::Unspaced => self.grams(letters, starts, UNSPACED_TOKEN, UNSPACED),
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
        self.word_or_symbol(hash);
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
    fn grams(&mut self, run: &[u32], starts: &[u32], step: usize, lengths: RangeInclusive<usize>) {
        for token in (0..run.len()).step_by(step) {
            self.place.start = starts[token];
            for from in token..run.len().min(token + step) {
                self.grams_at(&run[from..], token + 1 == run.len(), &lengths);
            }
            self.end_token();
        }
    }

    /// A token for every ideograph; n-grams one longer than those of the tokens stand across them.
    fn ideographs(&mut self, run: &[u32], starts: &[u32]) {
        for (from, start) in starts.iter().enumerate() {
            self.place.start = *start;
            self.grams_at(&run[from..], false, &(1..=IDEOGRAPHS));
            if let Some(gram) = run.get(from..=from + IDEOGRAPHS) {
                let h = gram.iter().fold(IDEOGRAPH, |h, c| mix(h, *c));
                self.across.push(finish(h) | 1);
            }
            self.end_token();
        }
    }

    /// N-grams with which some characters begin; of a character that is `alone` itself.
    fn grams_at(&mut self, run: &[u32], alone: bool, lengths: &RangeInclusive<usize>) {
        let mut h = IDEOGRAPH;
        for (length, c) in (1..=*lengths.end()).zip(run) {
            h = mix(h, *c);
            if length >= *lengths.start() || alone {
                self.features.push(finish(h) | 1);
            }
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
mod tests;
