//! What the source and the customer's account say about a text's language. They decide where the
//! letters leave it open, never against strong evidence.

use super::classes::Class;

/// What is said beside the text. Empty if nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints<'a> {
    /// Language as the source states it, BCP-47.
    pub stated: &'a str,
    /// Locale of the customer's device or account, BCP-47.
    pub locale: &'a str,
}

/// Nats for a language that the source states. Letters that speak for another with 95% hold.
const STATED: f32 = 2.5;
/// Nats for the language of the locale: many write in another than that of their device.
const LOCALE: f32 = 1.2;
/// Letters at which a hint weighs twice as much.
const FEW: f32 = 4.0;
/// Nats for a language that the configuration expects.
pub const EXPECTED: f32 = 2.5;

impl Hints<'_> {
    /// Nats in favour of a class, in a text of so many letters: the fewer they are, the less they
    /// tell. A hint `fa` is one for `fa-Latn` too.
    pub fn favour(&self, class: Class, letters: usize) -> f32 {
        if self.stated.is_empty() && self.locale.is_empty() {
            return 0.0;
        }
        let of = |hint: &str, nats| match !hint.is_empty() && speaks_of(hint, class) {
            true => nats,
            false => 0.0,
        };
        let few = 1.0 + FEW / letters.max(1) as f32;
        few * (of(self.stated, STATED) + of(self.locale, LOCALE))
    }
}

/// Whether a BCP-47 tag (or POSIX locale, `fa_IR`) is of the language of a class.
fn speaks_of(hint: &str, class: Class) -> bool {
    let language = hint.split(['-', '_']).next().unwrap_or_default();
    let same = |code: &str| language.eq_ignore_ascii_case(code);
    same(class.base)
        || match class.base {
            // Codes for Norwegian and others that devices still send.
            "nb" | "nn" => same("no"),
            "id" => same("in"),
            "he" => same("iw"),
            "tl" => same("fil"),
            "kmr" | "ckb" => same("ku"),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::super::classes::class;
    use super::*;

    #[test]
    fn a_hint_is_for_its_language_in_any_script() {
        let favour = |stated: &str, tag| {
            let hints = Hints { stated, locale: "" };
            hints.favour(class(tag).unwrap(), 4)
        };
        for (hint, tag) in [
            ("fa", "fa"),
            ("FA-ir", "fa-Latn"),
            ("fa_IR", "fa"),
            ("no", "nb"),
            ("iw", "he"),
            ("zh-Hant-TW", "zh"),
        ] {
            assert_eq!(favour(hint, tag), 2.0 * STATED, "{hint} {tag}");
        }
        for (hint, tag) in [("", "fa"), ("fa", "ar"), ("f", "fa"), ("en", "es")] {
            assert_eq!(favour(hint, tag), 0.0, "{hint} {tag}");
        }
    }
}
