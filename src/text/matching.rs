//! The match form: what lexicons and models see.

use std::ops::Range;

use caseless::Caseless;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use super::{affixes, fold};

/// The match form of a clean text, with the way back to the clean text's bytes.
///
/// NFKC; full case folding; Arabic and Persian letters and digits folded; vowel marks, tatweel,
/// joiners and direction marks gone; Persian affixes joined; traditional Chinese simplified;
/// a letter repeated three times or more twice; one space where there were several.
/// The match form of a match form is itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatchForm {
    /// The folded text.
    pub text: String,
    /// For each byte of `text` (and one past the end): byte offset in the clean text it came from.
    /// Empty where both texts agree byte for byte.
    origin: Vec<u32>,
}

impl MatchForm {
    /// Makes the match form of a clean text.
    ///
    /// Clean texts are below 4 GiB (the decoder cuts them at 64 KiB).
    pub fn of(clean: &str) -> Self {
        if is_folded_in_place(clean) {
            return Self {
                text: clean.to_ascii_lowercase(),
                origin: Vec::new(),
            };
        }
        let mut writer = Writer::new(clean.len());
        for (at, c) in clean.char_indices() {
            writer.fold(c, at as u32);
        }
        let form = writer.finish(clean.len() as u32);
        let spaces = affixes::spaces(&form.text);
        if spaces.is_empty() {
            form
        } else {
            form.without(&spaces)
        }
    }

    /// Bytes of the clean text that bytes of the match form came from: whole characters, and
    /// at least one unless `range` is empty. An offset past the end counts as the end.
    pub fn clean_range(&self, range: Range<usize>) -> Range<usize> {
        let last = self.text.len();
        let (start, end) = (range.start.min(last), range.end.min(last));
        if self.origin.is_empty() {
            return start..end.max(start);
        }
        let at = |i: usize| self.origin.get(i).map_or(0, |offset| *offset as usize);
        let first = at(start);
        if end <= start {
            return first..first;
        }
        // A range that ends inside what one clean character became takes the whole character.
        let tail = at(end - 1);
        let past = (end..=last).map(at).find(|offset| *offset > tail);
        first..past.unwrap_or_else(|| at(last))
    }

    /// The same form without the spaces at these offsets.
    fn without(self, spaces: &[usize]) -> Self {
        let mut writer = Writer::new(self.text.len());
        let mut spaces = spaces.iter().copied().peekable();
        for (at, c) in self.text.char_indices() {
            if spaces.next_if_eq(&at).is_none() {
                writer.begin(c, self.origin.get(at).copied().unwrap_or_default());
            }
        }
        let end = self.origin.last().copied().unwrap_or_default();
        writer.finish(end)
    }
}

/// Whether the match form is the lower-case text, byte for byte.
fn is_folded_in_place(clean: &str) -> bool {
    let mut before = [b' ', b' '];
    clean.is_ascii()
        && clean.bytes().all(|byte| {
            let byte = byte.to_ascii_lowercase();
            let in_place = match byte {
                b'a'..=b'z' => before != [byte, byte],
                b' ' => before[1] != b' ' && before[1] != b'\n',
                b'\n' => before[1] != b' ',
                b'\t' => false,
                _ => true,
            };
            before = [before[1], byte];
            in_place
        })
        && !clean.ends_with(' ')
}

/// Writes the match form, segment by segment. A segment is a character with the marks that may
/// compose with it; it is normalised when the next one begins.
struct Writer {
    text: String,
    origin: Vec<u32>,
    /// Where the current segment begins in `text`.
    segment: usize,
    /// The current segment holds marks and awaits composition.
    composes: bool,
}

impl Writer {
    fn new(capacity: usize) -> Self {
        Self {
            text: String::with_capacity(capacity),
            origin: Vec::with_capacity(capacity + 1),
            segment: 0,
            composes: false,
        }
    }

    /// Folds one clean character.
    fn fold(&mut self, c: char, at: u32) {
        match c {
            'a'..='z' | '!'..='@' | '['..='`' | '{'..='~' => self.begin(c, at),
            'A'..='Z' => self.begin(c.to_ascii_lowercase(), at),
            '\t' => self.begin(' ', at),
            '\0'..='\x7f' | '،' | '؛' | '؟' | '。' | '、' => self.begin(c, at),
            // Letters of Arabic and Persian, and Han: no composition, no case.
            'ء'..='غ' | 'ف'..='ي' | 'پ' | 'چ' | 'ژ' | 'ک' | 'گ' | 'ی' => {
                self.begin(fold::letter(c), at);
            }
            '\u{3400}'..='\u{9FFF}' => self.begin(fold::simplified(c).unwrap_or(c), at),
            _ if fold::is_dropped(c) => {}
            _ => match fold::lower(c) {
                Some(lower) => self.begin(lower, at),
                None => self.fold_any(c, at),
            },
        }
    }

    fn fold_any(&mut self, c: char, at: u32) {
        let c = fold::letter(c);
        if is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes {
            for folded in std::iter::once(c).default_case_fold() {
                self.place(folded, at);
            }
        } else {
            decompose_compatible(c, |part| {
                for folded in std::iter::once(part).default_case_fold() {
                    decompose_compatible(folded, |part| self.place(part, at));
                }
            });
        }
    }

    /// Places one case-folded character that NFKC leaves as it is or composes.
    fn place(&mut self, c: char, at: u32) {
        if fold::is_dropped(c) {
            return;
        }
        let c = fold::letter(c);
        let c = match fold::digit(c) {
            Some(value) if is_arabic_digit(c) => char::from(b'0' + value),
            _ => fold::simplified(c).unwrap_or(c),
        };
        let starts = canonical_combining_class(c) == 0
            && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
        if starts {
            self.begin(c, at);
        } else {
            // A mark belongs to the character before it, wherever that came from.
            let at = self.origin.get(self.segment).copied().unwrap_or(at);
            self.text.push(c);
            self.origin.resize(self.text.len(), at);
            self.composes = true;
        }
    }

    /// Ends the current segment and begins one with `c`.
    fn begin(&mut self, c: char, at: u32) {
        self.end_segment();
        match c {
            ' ' if self.text.is_empty() || self.text.ends_with([' ', '\n']) => return,
            '\n' => self.drop_last_space(),
            _ => {}
        }
        self.text.push(c);
        self.origin.extend_from_slice(&[at; 4][..c.len_utf8()]);
    }

    /// Normalises the current segment and takes it back if it is a third equal letter.
    fn end_segment(&mut self) {
        if self.composes {
            self.composes = false;
            let at = self.origin.get(self.segment).copied().unwrap_or_default();
            let composed: String = self.text[self.segment..].nfc().collect();
            self.text.truncate(self.segment);
            self.text.push_str(&composed);
            self.origin.truncate(self.segment);
            self.origin.resize(self.text.len(), at);
        }
        if self.is_third_letter() {
            self.text.truncate(self.segment);
            self.origin.truncate(self.segment);
        }
        self.segment = self.text.len();
    }

    /// Whether the current segment is one letter, and the two before it are the same.
    fn is_third_letter(&self) -> bool {
        let (before, last) = self.text.split_at(self.segment);
        let mut chars = last.chars();
        before
            .strip_suffix(last)
            .is_some_and(|before| before.ends_with(last))
            && chars.next().is_some_and(char::is_alphabetic)
            && chars.next().is_none()
    }

    fn drop_last_space(&mut self) {
        if self.text.ends_with(' ') {
            self.text.pop();
            self.origin.truncate(self.text.len());
            self.segment = self.text.len();
        }
    }

    fn finish(mut self, clean_len: u32) -> MatchForm {
        self.end_segment();
        self.drop_last_space();
        self.origin.push(clean_len);
        MatchForm {
            text: self.text,
            origin: self.origin,
        }
    }
}

fn is_arabic_digit(c: char) -> bool {
    matches!(c, '\u{0660}'..='\u{0669}' | '\u{06F0}'..='\u{06F9}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(clean: &str) -> String {
        MatchForm::of(clean).text
    }

    #[test]
    fn spellings_of_one_persian_word_coincide() {
        for spelling in [
            "می\u{200C}شود",
            "می شود",
            "میشود",
            "مي شود",
            "مـی\u{200C}شود",
        ] {
            assert_eq!(of(spelling), "میشود", "{spelling}");
        }
        for spelling in ["کتاب\u{200C}های بزرگ\u{200C}ترین", "كتاب هاي بزرگ ترین"]
        {
            assert_eq!(of(spelling), "کتابهای بزرگترین", "{spelling}");
        }
        assert_eq!(of("نمی دانم، اتاق ها."), "نمیدانم، اتاقها.");
        assert_eq!(of("بزرگ تر ها"), "بزرگترها");
    }

    #[test]
    fn real_words_are_not_joined() {
        for kept in [
            "می و شب",
            "خیلی تر و تمیز",
            "ها",
            "لم تر",
            "5 ها",
            "می\nشود",
            "می میشود",
        ] {
            assert_eq!(of(kept), kept);
        }
    }

    #[test]
    fn arabic_letters_marks_and_digits_fold() {
        assert_eq!(of("أُحِبُّ الخِدمةَ إلى آخر"), "احب الخدمه الی اخر");
        assert_eq!(of("مسؤول سيئ ٱلله هيئة"), "مسوول سیی الله هییه");
        assert_eq!(of("۱۲۳ ٤٥٦ ７"), "123 456 7");
        assert_eq!(of("ﷲ ﻻ"), "الله لا");
        assert_eq!(of("عاااالی جمييييل"), "عاالی جمییل");
    }

    #[test]
    fn case_width_and_composition_fold() {
        assert_eq!(of("GRÖSSE Größe"), "grösse grösse");
        assert_eq!(of("ＡＢＣ！ ﬁne ½"), "abc! fine 1⁄2");
        assert_eq!(of("Cafe\u{301} CAFÉ"), "café café");
        assert_eq!(of("Σίσυφος ΐ"), "σίσυφοσ ΐ");
        assert_eq!(of("ÇOK İYİ"), "çok iyi");
        assert_eq!(of("하\u{11AB} ﾊﾟﾝ"), "한 パン");
        assert_eq!(of("don’t ❤\u{FE0F}"), "don't ❤");
    }

    #[test]
    fn chinese_is_simplified_and_elongation_cut() {
        assert_eq!(of("價格便宜，質量很好"), "价格便宜,质量很好");
        assert_eq!(of("soooo gooood 10000!!!!"), "soo good 10000!!!!");
        assert_eq!(of("哈哈哈哈"), "哈哈");
        assert_eq!(of("eeee\u{301} ééé"), "eeé éé");
    }

    #[test]
    fn evidence_is_told_in_clean_bytes() {
        let clean = "خیلی گران بود، می\u{200C}شود؟";
        let form = MatchForm::of(clean);
        for (word, there) in [("گران", "گران"), ("میشود", "می\u{200C}شود"), ("؟", "؟")]
        {
            let at = form.text.find(word).unwrap();
            assert_eq!(&clean[form.clean_range(at..at + word.len())], there);
        }
        let form = MatchForm::of("Große");
        assert_eq!(form.text, "grosse");
        assert_eq!(form.clean_range(3..4), 3..5, "half of an ß is the ß");
        assert_eq!(MatchForm::of("Plain text").clean_range(0..5), 0..5);
        assert_eq!(MatchForm::of("é").clean_range(7..9), 2..2);
    }

    #[test]
    fn every_character_folds_to_a_fixed_point() {
        for c in ('\u{1}'..=char::MAX).filter(|c| *c != '\n') {
            let once = of(&format!("x{c}y"));
            assert_eq!(of(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    /// Characters and words that meet every rule, in any order.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            prop::sample::select(vec![
                "می", "نمی", "ها", "های", "هایی", "تر", "ترین", "ی", "ه", "شود", "هه", " ", " ",
                "\n", "\u{200C}", "\u{200D}", "\u{301}", "\u{654}", "\u{640}", "e", "E", "ß", "ΐ",
                "ﷺ", "\u{FE71}", "ｶ", "ﾞ", "ㄱ", "ㅏ", "\u{11A8}", "가", "價", "９", "´", "İ",
                "\u{307}", "\u{345}", "ᾳ", "١", "،", "ॱ", "\u{93C}", "क",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in texts()) {
            let once = of(&text);
            prop_assert_eq!(of(&once), once);
        }

        #[test]
        fn ranges_are_whole_characters_in_order(text in texts(), from in 0usize..40, len in 0usize..9) {
            let form = MatchForm::of(&text);
            prop_assert!(form.origin.is_sorted());
            let range = form.clean_range(from..from + len);
            prop_assert!(text.get(range.clone()).is_some(), "{:?}", range);
            prop_assert!(range.is_empty() == (len == 0 || from >= form.text.len()));
        }

        #[test]
        fn the_short_way_for_ascii_is_right(text in "[ a-cA-C.\n\t]{0,12}") {
            let form = MatchForm::of(&text);
            let mut writer = Writer::new(0);
            text.char_indices().for_each(|(at, c)| writer.fold(c, at as u32));
            let long = writer.finish(text.len() as u32);
            prop_assert_eq!(&form.text, &long.text);
            for at in 0..form.text.len() {
                prop_assert_eq!(form.clean_range(at..at + 1).start, long.clean_range(at..at + 1).start);
            }
        }
    }
}
