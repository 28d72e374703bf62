//! A text that marks its personal data: `call ⟦0912 345 6789⟧ or write to ⟦email|jo@example.com⟧`.

use std::ops::Range;

use anyhow::{Context, ensure};

use crate::text;

/// A clean text and the personal data in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Marked {
    /// Without the marks.
    pub text: String,
    /// In the order of the text, without overlaps.
    pub pieces: Vec<Piece>,
}

/// A piece of personal data.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Named in the mark, else that of the row.
    pub kind: String,
    /// Its bytes of [`Marked::text`].
    pub range: Range<usize>,
}

impl Marked {
    /// Cleans a text and takes its marks out. `kind`: of pieces that name none.
    ///
    /// # Errors
    /// Marks are nested or have no counterpart, a piece has neither letter nor digit, or the text
    /// without its marks is not clean, so that places in it would mean others at work.
    pub fn parse(raw: &str, kind: &str) -> anyhow::Result<Self> {
        let clean = text::clean(raw);
        let mut text = String::with_capacity(clean.len());
        let mut pieces = Vec::new();
        let mut rest = clean.as_str();
        while let Some(at) = rest.find(['⟦', '⟧']) {
            text.push_str(&rest[..at]);
            let opened = rest[at..].strip_prefix('⟦');
            let opened = opened.context("⟧ stands there without ⟦ before it")?;
            let parts = opened.split_once('⟧');
            let (inside, after) = parts.context("⟦ stands there without ⟧ after it")?;
            ensure!(!inside.contains('⟦'), "⟦ stands within ⟦…⟧");
            let (kind, piece) = named(inside).unwrap_or((kind, inside));
            ensure!(
                piece.chars().any(char::is_alphanumeric),
                "⟦{inside}⟧ has neither letter nor digit"
            );
            let start = text.len();
            text.push_str(piece);
            pieces.push(Piece {
                kind: kind.to_owned(),
                range: start..text.len(),
            });
            rest = after;
        }
        text.push_str(rest);
        ensure!(
            text == text::clean(&text),
            "white space stands on both sides of ⟦ or ⟧"
        );
        Ok(Self { text, pieces })
    }

    /// Places of letters and digits in a range of the text.
    pub fn signs(&self, range: &Range<usize>) -> impl Iterator<Item = usize> {
        let start = range.start;
        let text = self.text.get(range.clone()).unwrap_or_default();
        let signs = text.char_indices().filter(|(_, c)| c.is_alphanumeric());
        signs.map(move |(at, _)| start + at)
    }

    /// Whether a place is in a piece.
    pub fn is_personal(&self, at: usize) -> bool {
        self.pieces.iter().any(|piece| piece.range.contains(&at))
    }
}

/// Kind and piece of `kind|piece`. Kinds are written in small Latin letters; before another `|` there is
/// no kind.
fn named(inside: &str) -> Option<(&str, &str)> {
    let (kind, piece) = inside.split_once('|')?;
    let is_kind = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase());
    is_kind.then_some((kind, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out_and_remembered() {
        let raw = "تماس: ⟦۰۹۱۲۳۴۵۶۷۸۹⟧یا  ⟦email|jo@example.com⟧; ⟦A|b⟧⟦c|⟧";
        let error = Marked::parse(raw, "phone").unwrap_err();
        assert!(error.to_string().contains("⟦c|⟧ has neither"), "{error}");
        let marked = Marked::parse(raw.trim_end_matches("⟦c|⟧"), "phone").unwrap();
        assert_eq!(marked.text, "تماس: ۰۹۱۲۳۴۵۶۷۸۹یا jo@example.com; A|b");
        let told: Vec<_> = marked
            .pieces
            .iter()
            .map(|p| (&*p.kind, &marked.text[p.range.clone()]))
            .collect();
        assert_eq!(
            told,
            [
                ("phone", "۰۹۱۲۳۴۵۶۷۸۹"),
                ("email", "jo@example.com"),
                ("phone", "A|b")
            ]
        );
        let plain = Marked::parse("no marks", "phone").unwrap();
        assert_eq!((&*plain.text, plain.pieces.len()), ("no marks", 0));
    }

    #[test]
    fn only_letters_and_digits_are_signs() {
        let marked = Marked::parse("id ⟦+۱ (2)-é⟧.", "id").unwrap();
        let range = marked.pieces[0].range.clone();
        let signs: String = marked
            .signs(&range)
            .filter_map(|at| marked.text[at..].chars().next())
            .collect();
        assert_eq!(signs, "۱2é");
        assert!(marked.is_personal(range.start) && !marked.is_personal(range.end));
    }

    #[test]
    fn marks_that_do_not_fit_are_refused() {
        for (raw, told) in [
            ("a ⟧b⟦ c", "⟧ stands there without"),
            ("a ⟦b", "⟦ stands there without"),
            ("a ⟦b ⟦c⟧ d⟧", "within"),
            ("a ⟦…⟧", "neither letter nor digit"),
            ("a ⟦ b⟧", "white space"),
        ] {
            let error = Marked::parse(raw, "phone").unwrap_err().to_string();
            assert!(error.contains(told), "{raw}: {error}");
        }
    }
}
