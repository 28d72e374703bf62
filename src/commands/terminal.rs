//! Texts of any script on a terminal, beside labels in Latin letters.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A text whose direction does not reach its neighbours: right-to-left ones between a first strong
/// isolate and its end, which take no width. What would open or close such an isolate within the
/// text, or do something to the terminal, is left out.
pub fn isolated(text: &str) -> String {
    let text = text.replace(|c| is_direction(c) || (c.is_control() && c != '\n'), "");
    match text.chars().any(is_right_to_left) {
        true => format!("\u{2068}{text}\u{2069}"),
        false => text,
    }
}

/// The text, cut to so many columns.
pub fn fitting(text: &str, widest: usize) -> String {
    if text.width() <= widest {
        return text.to_owned();
    }
    let mut width = 1; // the ellipsis
    let fits = |c: &char| {
        width += c.width().unwrap_or(0);
        width <= widest
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// The text with spaces after it, up to so many columns.
pub fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(text.width());
    format!("{text}{:spaces$}", "")
}

/// Embeddings, overrides and isolates of directions, and their ends.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Hebrew, Arabic and the scripts between them, with their presentation forms.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Colours, where they can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(bool);

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What frames the answer.
    Faint,
    /// What one looks for.
    Bold,
    /// Good news.
    Green,
    /// Bad news.
    Red,
    /// Between them.
    Yellow,
}

impl Ink {
    /// No colours.
    #[cfg(test)]
    pub const NONE: Self = Self(false);

    /// Colours if standard output is a terminal that shows them, unless `NO_COLOR` forbids it.
    pub fn of_output() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self(std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb)
    }

    /// The text in a style (SGR of ECMA-48).
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Faint => 2,
            Style::Bold => 1,
            Style::Green => 32,
            Style::Red => 31,
            Style::Yellow => 33,
        };
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_by_the_width_they_take() {
        for widest in [7, 8] {
            let wide = fitting(&"好".repeat(100), widest);
            assert_eq!(wide.width(), 7);
            assert!(wide.ends_with('…'));
        }
        assert_eq!(fitting("short", 5), "short");
    }

    #[test]
    fn right_to_left_texts_are_isolated_without_width() {
        let text = "خیلی خوب";
        assert_eq!(isolated(text), format!("\u{2068}{text}\u{2069}"));
        assert_eq!(isolated(text).width(), text.width());
        assert_eq!(isolated("good"), "good");
    }

    #[test]
    fn a_text_can_not_leave_its_isolate() {
        let text = "\u{202E}خوب\u{2069} \u{1b}then\u{2068}";
        assert_eq!(isolated(text), "\u{2068}خوب then\u{2069}");
    }

    #[test]
    fn columns_are_those_of_the_terminal() {
        assert_eq!(padded("好", 4), "好  ");
        assert_eq!(padded("long", 2), "long");
    }

    #[test]
    fn colours_are_only_where_they_are_seen() {
        assert_eq!(Ink::NONE.paint(Style::Red, "no"), "no");
        assert_eq!(Ink(true).paint(Style::Bold, "yes"), "\x1b[1myes\x1b[0m");
    }
}
