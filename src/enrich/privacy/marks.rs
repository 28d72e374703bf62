//! Marks that stand in a stored text for personal data: `[phone]`, `[phone:1a2b3c4d5e6f]`.
//!
//! Nothing is looked for inside a mark, so that a text that is redacted again stays as it is.

use std::borrow::Cow;
use std::ops::Range;

use super::Kind;

/// Hexadecimal digits of a hash in a mark.
pub(super) const HASH_DIGITS: usize = 12;

/// The mark of a kind; `hash`: [`HASH_DIGITS`] hexadecimal digits, or nothing.
pub(super) fn push(out: &mut String, kind: Kind, hash: &str) {
    out.push('[');
    out.push_str(kind.name());
    if !hash.is_empty() {
        out.push(':');
        out.push_str(hash);
    }
    out.push(']');
}

/// Length in bytes of the mark that a text begins with.
pub(super) fn len(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let kind = Kind::ALL
        .into_iter()
        .find_map(|kind| inner.strip_prefix(kind.name()))?;
    let rest = match kind.strip_prefix(':') {
        Some(rest) => {
            let hash = rest.get(..HASH_DIGITS)?;
            let is_hash = hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            is_hash.then(|| &rest[HASH_DIGITS..])?
        }
        None => kind,
    };
    let rest = rest.strip_prefix(']')?;
    Some(text.len() - rest.len())
}

/// The marks of a text, in order, as ranges of bytes.
pub(super) fn ranges(text: &str) -> impl Iterator<Item = Range<usize>> {
    memchr::memchr_iter(b'[', text.as_bytes()).filter_map(|at| Some(at..at + len(&text[at..])?))
}

/// A redacted text without the marks that stand for personal data: they are English in any text.
pub fn without_marks(redacted: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for mark in ranges(redacted) {
        out.push_str(&redacted[from..mark.start]);
        out.push(' ');
        from = mark.end;
    }
    if from == 0 {
        return Cow::Borrowed(redacted);
    }
    out.push_str(&redacted[from..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_kind_in_brackets_and_at_most_a_hash() {
        for mark in ["[email]", "[id]", "[phone:0123456789ab]"] {
            assert_eq!(len(mark), Some(mark.len()), "{mark}");
            assert_eq!(len(&format!("{mark}]x")), Some(mark.len()), "{mark}");
        }
        for other in [
            "[sic]",
            "[phones]",
            "[phone",
            "[phone:]",
            "[phone:0123456789a]",
            "[phone:0123456789AB]",
            "[phone:0123456789ab",
            "[phone:۰۱۲۳۴۵]",
            "",
        ] {
            assert_eq!(len(other), None, "{other}");
        }
    }

    #[test]
    fn marks_are_taken_out_again() {
        assert_eq!(
            without_marks("به [email] یا [phone:0123456789ab] بنویسید [sic]"),
            "به   یا   بنویسید [sic]"
        );
        assert!(matches!(without_marks("[sic] kept"), Cow::Borrowed(_)));
    }
}
