//! Breaks right Persian texts the ways in which they come in broken, so that it can be measured
//! what that costs. The same text is always broken the same way.

use encoding_rs::{Encoding, WINDOWS_1252, WINDOWS_1256};

/// One way to break a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Break {
    /// ی and ک typed as Arabic ي and ك.
    ArabicLetters,
    /// Zero-width non-joiners left out: `می‌شود` as `میشود`.
    NoZwnj,
    /// Words stretched: two tatweels behind the first letter that joins the next.
    Tatweel,
    /// Letters as presentation forms, as old programs and some PDF files give them.
    PresentationForms,
    /// پ چ ژ گ typed as ب ج ز ك on an Arabic keyboard.
    ArabicKeyboard,
    /// UTF-8 read as Windows-1252; the bytes that it lacks are C1 control characters.
    Mojibake1252,
    /// The same, those bytes dropped.
    Mojibake1252Dropped,
    /// UTF-8 read as Windows-1256.
    Mojibake1256,
}

impl Break {
    /// All ways.
    pub const ALL: [Self; 8] = [
        Self::ArabicLetters,
        Self::NoZwnj,
        Self::Tatweel,
        Self::PresentationForms,
        Self::ArabicKeyboard,
        Self::Mojibake1252,
        Self::Mojibake1252Dropped,
        Self::Mojibake1256,
    ];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ArabicLetters => "ي/ك for ی/ک",
            Self::NoZwnj => "no ZWNJ",
            Self::Tatweel => "tatweel",
            Self::PresentationForms => "presentation forms",
            Self::ArabicKeyboard => "پچژگ as بجزك",
            Self::Mojibake1252 => "mojibake 1252",
            Self::Mojibake1252Dropped => "mojibake 1252, bytes lost",
            Self::Mojibake1256 => "mojibake 1256",
        }
    }

    /// The text broken this way; `None` if that changes nothing.
    pub fn apply(self, text: &str) -> Option<String> {
        let broken = match self {
            Self::ArabicLetters => replaced(text, |c| match c {
                'ی' => 'ي',
                'ک' => 'ك',
                c => c,
            }),
            Self::NoZwnj => text.replace(ZWNJ, ""),
            Self::Tatweel => stretched(text),
            Self::PresentationForms => shaped(text),
            Self::ArabicKeyboard => replaced(text, |c| match c {
                'پ' => 'ب',
                'چ' => 'ج',
                'ژ' => 'ز',
                'گ' => 'ك',
                c => c,
            }),
            Self::Mojibake1252 => read_as(text, WINDOWS_1252),
            Self::Mojibake1252Dropped => {
                let lacking = |c| matches!(c, '\u{81}' | '\u{8D}' | '\u{8F}' | '\u{90}' | '\u{9D}');
                read_as(text, WINDOWS_1252).replace(lacking, "")
            }
            Self::Mojibake1256 => read_as(text, WINDOWS_1256),
        };
        (broken != text).then_some(broken)
    }
}

const ZWNJ: char = '\u{200C}';
const TATWEEL: char = 'ـ';

fn replaced(text: &str, by: fn(char) -> char) -> String {
    text.chars().map(by).collect()
}

fn read_as(text: &str, encoding: &'static Encoding) -> String {
    let (read, _) = encoding.decode_without_bom_handling(text.as_bytes());
    read.into_owned()
}

/// How a letter joins its neighbours. Its presentation forms follow each other in Unicode:
/// isolated, final, then initial and medial of letters that join on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joining {
    None,
    Before,
    Both,
}

/// Isolated form and joining of a letter of Persian or Arabic.
fn form(c: char) -> Option<(u32, Joining)> {
    use Joining::{Before, Both, None as Alone};
    Some(match c {
        'ء' => (0xFE80, Alone),
        'آ' => (0xFE81, Before),
        'أ' => (0xFE83, Before),
        'ؤ' => (0xFE85, Before),
        'إ' => (0xFE87, Before),
        'ئ' => (0xFE89, Both),
        'ا' => (0xFE8D, Before),
        'ب' => (0xFE8F, Both),
        'ة' => (0xFE93, Before),
        'ت' => (0xFE95, Both),
        'ث' => (0xFE99, Both),
        'ج' => (0xFE9D, Both),
        'ح' => (0xFEA1, Both),
        'خ' => (0xFEA5, Both),
        'د' => (0xFEA9, Before),
        'ذ' => (0xFEAB, Before),
        'ر' => (0xFEAD, Before),
        'ز' => (0xFEAF, Before),
        'س' => (0xFEB1, Both),
        'ش' => (0xFEB5, Both),
        'ص' => (0xFEB9, Both),
        'ض' => (0xFEBD, Both),
        'ط' => (0xFEC1, Both),
        'ظ' => (0xFEC5, Both),
        'ع' => (0xFEC9, Both),
        'غ' => (0xFECD, Both),
        'ف' => (0xFED1, Both),
        'ق' => (0xFED5, Both),
        'ك' => (0xFED9, Both),
        'ل' => (0xFEDD, Both),
        'م' => (0xFEE1, Both),
        'ن' => (0xFEE5, Both),
        'ه' => (0xFEE9, Both),
        'و' => (0xFEED, Before),
        'ى' => (0xFEEF, Before),
        'ي' => (0xFEF1, Both),
        'پ' => (0xFB56, Both),
        'چ' => (0xFB7A, Both),
        'ژ' => (0xFB8A, Before),
        'ک' => (0xFB8E, Both),
        'گ' => (0xFB92, Both),
        'ی' => (0xFBFC, Both),
        _ => return None,
    })
}

/// Isolated form of lam and this alef, which are written as one sign.
fn lam_alef(alef: char) -> Option<u32> {
    match alef {
        'آ' => Some(0xFEF5),
        'أ' => Some(0xFEF7),
        'إ' => Some(0xFEF9),
        'ا' => Some(0xFEFB),
        _ => None,
    }
}

fn joins_next(c: Option<char>) -> bool {
    matches!(c.and_then(form), Some((_, Joining::Both)))
}

fn joins_previous(c: Option<char>) -> bool {
    matches!(c.and_then(form), Some((_, Joining::Before | Joining::Both)))
}

/// Every letter in the form that its neighbours ask for; marks and the rest stay.
fn shaped(text: &str) -> String {
    let mut shaped = String::with_capacity(text.len() * 2);
    let mut letters = text.chars().peekable();
    let mut previous = None;
    while let Some(c) = letters.next() {
        let next = letters.peek().copied();
        let behind = u32::from(joins_next(previous));
        let ligature = next.filter(|_| c == 'ل').and_then(lam_alef);
        let code = match (ligature, form(c)) {
            (Some(isolated), _) => Some(isolated + behind * u32::from(joins_previous(Some(c)))),
            (None, Some((isolated, Joining::None))) => Some(isolated),
            (None, Some((isolated, Joining::Before))) => Some(isolated + behind),
            (None, Some((isolated, Joining::Both))) => {
                Some(isolated + behind + 2 * u32::from(joins_previous(next)))
            }
            (None, None) => None,
        };
        shaped.push(code.and_then(char::from_u32).unwrap_or(c));
        previous = match ligature {
            // The ligature ends like its alef.
            Some(_) => letters.next(),
            None => Some(c),
        };
    }
    shaped
}

/// Two tatweels in every word where its letters join first.
fn stretched(text: &str) -> String {
    let mut stretched = String::with_capacity(text.len() * 2);
    let mut letters = text.chars().peekable();
    let mut done = false;
    while let Some(c) = letters.next() {
        stretched.push(c);
        if c.is_whitespace() {
            done = false;
        }
        let next = letters.peek().copied();
        // Lam and alef are one sign, which nothing parts.
        let one_sign = c == 'ل' && next.and_then(lam_alef).is_some();
        if !done && !one_sign && joins_next(Some(c)) && joins_previous(next) {
            stretched.extend([TATWEEL, TATWEEL]);
            done = true;
        }
    }
    stretched
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;
    use crate::language::mojibake::repair;

    const TEXT: &str = "گوشی خوبی است ولی پشتیبانی‌شان چیزی نمی‌گوید، الان هم ژله‌ای است";

    #[test]
    fn each_way_breaks_what_it_says() {
        let apply = |way: Break, text| way.apply(text).unwrap();
        assert_eq!(apply(Break::ArabicLetters, "یک کیف"), "يك كيف");
        assert_eq!(apply(Break::NoZwnj, "می‌شود"), "میشود");
        assert_eq!(
            apply(Break::Tatweel, "سلام دوست آن لاله"),
            "سـلام دوسـت آن لالـه".replace("ـ", "ــ")
        );
        assert_eq!(apply(Break::ArabicKeyboard, "پچژگ"), "بجزك");
        assert_eq!(apply(Break::Mojibake1252, "سلام"), "Ø³Ù„Ø§Ù…");
        assert_eq!(apply(Break::Mojibake1252Dropped, "فیل"), "ÙÛŒÙ„");
        assert_eq!(apply(Break::Mojibake1256, "سلام"), "ط³ظ„ط§ظ…");
        assert_eq!(
            apply(Break::PresentationForms, "سلام"),
            "\u{FEB3}\u{FEFC}\u{FEE1}"
        );
        assert_eq!(apply(Break::PresentationForms, "گل"), "\u{FB94}\u{FEDE}");
    }

    #[test]
    fn presentation_forms_are_the_letters_in_another_dress() {
        let shaped = Break::PresentationForms.apply(TEXT).unwrap();
        let left = shaped.chars().filter(|c| form(*c).is_some()).count();
        assert_eq!(left, 0, "{shaped}");
        assert_eq!(shaped.nfkc().collect::<String>(), TEXT);
        // Whatever stands beside it, a letter stays that letter.
        let all: Vec<char> = ('ء'..='ی').filter(|c| form(*c).is_some()).collect();
        for a in &all {
            for b in &all {
                let word: String = [*a, *b, 'ب', *a].iter().collect();
                let shaped = Break::PresentationForms.apply(&word).unwrap();
                assert_eq!(shaped.nfkc().collect::<String>(), word);
            }
        }
    }

    #[test]
    fn mojibake_comes_back_and_every_way_has_a_name() {
        for way in [
            Break::Mojibake1252,
            Break::Mojibake1252Dropped,
            Break::Mojibake1256,
        ] {
            let broken = way.apply(TEXT).unwrap();
            assert_eq!(repair(&broken).as_deref(), Some(TEXT), "{}", way.name());
        }
        let names: std::collections::HashSet<_> = Break::ALL.iter().map(|b| b.name()).collect();
        assert_eq!(names.len(), Break::ALL.len());
        for way in Break::ALL {
            assert!(way.apply(TEXT).is_some(), "{}", way.name());
            assert_eq!(way.apply("plain text"), None, "{}", way.name());
        }
    }
}
