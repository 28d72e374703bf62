//! The words beside a cue, in scripts with spaces.

use std::ops::Range;

/// A word, and what stands between it and the one before it, on the cue's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) range: Range<usize>,
    pub(super) gap: &'t str,
}

/// Words from a position on.
pub(super) fn after(text: &str, from: usize) -> impl Iterator<Item = Word<'_>> + Clone {
    let mut at = from;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(|c| is_arabic_letter(c) || c.is_alphanumeric())?;
        let end = start + length(&text[start..]);
        let gap = &text[at..start];
        at = end;
        Some(Word {
            text: &text[start..end],
            range: start..end,
            gap,
        })
    })
}

/// Words that end at or before a position, the last one first.
pub(super) fn before(text: &str, to: usize) -> impl Iterator<Item = Word<'_>> {
    let mut at = to;
    std::iter::from_fn(move || {
        let rest = &text[..at];
        let (last, c) = rest.char_indices().rfind(|(_, c)| c.is_alphanumeric())?;
        let end = last + c.len_utf8();
        let mut start = rest[..end].trim_end_matches(is_inner).len();
        // `Mary's`: an apostrophe between letters.
        if let Some(left) = rest[..start].strip_suffix(['\'', '’'])
            && left.ends_with(char::is_alphabetic)
        {
            start = left.trim_end_matches(is_inner).len();
        }
        // Marks and joiners alone begin no word.
        let start = start + rest[start..end].find(char::is_alphanumeric)?;
        let gap = &text[end..at];
        at = start;
        Some(Word {
            text: &text[start..end],
            range: start..end,
            gap,
        })
    })
}

/// Bytes of the word that a text begins with: letters, digits, marks and joiners, and apostrophes
/// between letters.
fn length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let apostrophe =
            matches!(c, '\'' | '’') && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if !(is_inner(c) || (apostrophe && at > 0)) {
            break;
        }
        if c != '\u{200C}' {
            end = at + c.len_utf8();
        }
    }
    end
}

/// The commonest letters of the Arabic script, told at a glance.
pub(super) fn is_arabic_letter(c: char) -> bool {
    matches!(c, '\u{0620}'..='\u{063F}' | '\u{0641}'..='\u{064A}' | '\u{0671}'..='\u{06D3}')
}

fn is_inner(c: char) -> bool {
    is_arabic_letter(c)
        || c.is_alphanumeric()
        || matches!(c, '\u{0300}'..='\u{036F}' | '\u{0640}' | '\u{064B}'..='\u{0652}' | '\u{0670}' | '\u{200C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_with_what_stands_between() {
        let text = ": O'Brien, محمّد \u{200C}علی‌پور!";
        let told: Vec<(&str, &str)> = after(text, 0).map(|w| (w.gap, w.text)).collect();
        assert_eq!(
            told,
            [(": ", "O'Brien"), (", ", "محمّد"), (" \u{200C}", "علی‌پور")]
        );
        let back: Vec<(&str, &str)> = before(text, text.len()).map(|w| (w.gap, w.text)).collect();
        assert_eq!(back[..2], [("!", "علی‌پور"), (" \u{200C}", "محمّد")]);
        let mary: Vec<&str> = before("7 St. Mary's ", 13).map(|w| w.text).collect();
        assert_eq!(mary, ["Mary's", "St", "7"]);
        assert_eq!(after("", 0).count() + before("…", 3).count(), 0);
    }
}
