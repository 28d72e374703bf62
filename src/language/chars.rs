//! What a character is to the reader of letters, looked up in one table: Unicode's own are slow for
//! scripts other than Latin.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use super::classes::Script;

/// What a character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A letter that has no lower case, or is in it.
    Letter(Script),
    /// A letter that changes in lower case.
    Capital(Script),
    /// A mark that a text has or lacks by chance: tatweel, vowel signs, joiners.
    Mark,
    /// An accent that joins with the letter before it.
    Accent,
    /// A form that stands for other characters.
    Form,
    /// Anything else: it ends a word.
    Other,
}

const PLANE: u32 = 0x10000;

/// Kinds of the basic plane.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    (0..PLANE)
        .map(|at| char::from_u32(at).map_or(Kind::Other, found))
        .collect()
});

/// Kind of a character.
#[inline]
pub fn kind(c: char) -> Kind {
    match KINDS.get(c as usize) {
        Some(kind) => *kind,
        None => found(c),
    }
}

/// Whether a letter is kana: only Japanese has them.
pub fn is_kana(c: char) -> bool {
    matches!(c as u32, 0x3041..=0x3096 | 0x30A1..=0x30FA | 0x31F0..=0x31FF)
}

fn found(c: char) -> Kind {
    match (c as u32, Script::of(c)) {
        (
            0x640
            | 0x610..=0x61A
            | 0x64B..=0x65F
            | 0x670
            | 0x6D6..=0x6ED
            | 0xAD
            | 0x200D..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x2069
            | 0xFE00..=0xFE0F
            | 0xFEFF,
            _,
        ) => Kind::Mark,
        (0x300..=0x36F, _) => Kind::Accent,
        (_, Some(script)) if is_letter(c) => match c.to_lowercase().eq([c]) {
            true => Kind::Letter(script),
            false => Kind::Capital(script),
        },
        (
            0x2100..=0x214F
            | 0x2460..=0x24FF
            | 0xF900..=0xFDFF
            | 0xFE70..=0xFEFC
            | 0xFF21..=0xFF9F
            | 0x1D400..=0x1D7FF,
            None,
        ) => Kind::Form,
        _ => Kind::Other,
    }
}

fn is_letter(c: char) -> bool {
    // Signs of Indic scripts that join consonants are no letters to Unicode.
    c.is_alphabetic() || (is_combining_mark(c) && ('\u{900}'..='\u{E7F}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_their_kind() {
        for (c, expected) in [
            ('a', Kind::Letter(Script::Latin)),
            ('Ż', Kind::Capital(Script::Latin)),
            ('ی', Kind::Letter(Script::Arabic)),
            ('٣', Kind::Other),
            ('،', Kind::Other),
            ('ـ', Kind::Mark),
            ('\u{64E}', Kind::Mark),
            ('\u{301}', Kind::Accent),
            ('ﻻ', Kind::Form),
            ('Ａ', Kind::Form),
            ('्', Kind::Letter(Script::Devanagari)),
            ('𝐠', Kind::Form),
            ('汉', Kind::Letter(Script::Han)),
            ('\u{20000}', Kind::Letter(Script::Han)),
            ('👍', Kind::Other),
            ('\u{200C}', Kind::Other),
        ] {
            assert_eq!(kind(c), expected, "{c:?}");
        }
    }
}
