//! The clean form: what is stored.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::UnicodeEmoji;

use super::fold::is_plain;

/// Clean form of a raw text.
///
/// NFC; control characters dropped; every run of white space (tabs, NBSP and ideographic space
/// too) one space; every line break one `\n`; lines trimmed; lines that say nothing (no letter,
/// digit, emoji or emoticon: bullets and rules that lost their text) dropped. HTML entities stay:
/// undoing markup is the decoder's part. `clean(clean(t)) == clean(t)`.
pub fn clean(raw: &str) -> String {
    // Dropped before NFC: a control character between a letter and its accent hides the pair.
    let kept = raw.chars().filter(|c| !is_dropped(*c));
    if kept.clone().all(is_plain) || is_nfc_quick(kept.clone()) == IsNormalized::Yes {
        lay_out(kept, raw.len())
    } else {
        lay_out(kept.nfc(), raw.len())
    }
}

/// Rebuilds a text line by line.
fn lay_out(chars: impl Iterator<Item = char>, capacity: usize) -> String {
    let mut out = String::with_capacity(capacity);
    let mut line_start = 0;
    let mut telling = false;
    let mut previous = '\n';
    for c in chars {
        if is_line_break(c) {
            end_line(&mut out, &mut line_start, telling);
            telling = false;
            previous = '\n';
        } else if c.is_whitespace() {
            if out.len() > line_start && !out.ends_with(' ') {
                out.push(' ');
            }
            previous = ' ';
        } else {
            out.push(c);
            telling = telling || tells(c) || is_emoticon(previous, c);
            previous = c;
        }
    }
    end_line(&mut out, &mut line_start, telling);
    out.pop();
    out
}

/// Ends the line that began at `line_start` with `\n`, or takes it back if it says nothing.
fn end_line(out: &mut String, line_start: &mut usize, telling: bool) {
    if telling {
        if out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
        *line_start = out.len();
    } else {
        out.truncate(*line_start);
    }
}

/// Control characters other than white space, and the byte order mark.
fn is_dropped(c: char) -> bool {
    (c.is_control() && !c.is_whitespace()) || c == '\u{FEFF}'
}

fn is_line_break(c: char) -> bool {
    // A carriage return before a line feed makes an empty line, which is dropped.
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character says something by itself.
fn tells(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    // Stars and other signs of ratings are no emoji by Unicode.
    c.is_alphanumeric() || ('\u{2600}'..='\u{27BF}').contains(&c) || c.is_emoji_char()
}

/// `:)`, `:(`, `:-(`, `;)`, `=(`.
fn is_emoticon(previous: char, c: char) -> bool {
    matches!(previous, ':' | ';' | '=' | '-') && matches!(c, ')' | '(')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_is_one_space_and_lines_are_trimmed() {
        assert_eq!(
            clean("  a\u{A0}\u{A0} b\t\tc \r\n\r\n d\u{3000}"),
            "a b c\nd"
        );
        assert_eq!(clean("a\rb\u{2028}c"), "a\nb\nc");
    }

    #[test]
    fn lines_without_a_word_go_and_ratings_stay() {
        assert_eq!(clean("• , « » — -\nخوب بود\n***\n5/5"), "خوب بود\n5/5");
        for kept in ["5/5", "👍", "★★★☆☆", ":)", ":-(", "۵", "好"] {
            assert_eq!(clean(kept), kept);
        }
        assert_eq!(clean("...\n\u{A0}\n!!"), "");
    }

    #[test]
    fn control_characters_go_before_composition() {
        assert_eq!(clean("cafe\u{0}\u{301}\u{7}"), "café");
        assert_eq!(clean("\u{FEFF}می\u{200C}شود"), "می\u{200C}شود");
        assert_eq!(clean("&amp; <b>"), "&amp; <b>");
    }

    proptest! {
        #[test]
        fn clean_twice_is_clean_once(raw in r"(\PC|[ \t\r\n\x00-\x1f.,:()\u{300}-\u{305}\u{A0}\u{200C}\u{FEFF}]){0,40}") {
            let once = clean(&raw);
            prop_assert_eq!(clean(&once), once);
        }
    }
}
