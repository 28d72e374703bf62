//! What speaks for a misreading: how odd a sequence of characters would be in a right text.

use super::pages::{Kind, Look, Page};

/// Groups of lead bytes that begin letters of one script; a text has few of them.
pub const FAMILIES: usize = 14;

/// Group of a lead byte from C2 to F4.
pub fn family(lead: u8) -> usize {
    match lead {
        0xC2..=0xC5 => 0,  // Latin
        0xC6..=0xCB => 1,  // more Latin, phonetic letters
        0xCC..=0xCD => 2,  // marks
        0xCE..=0xCF => 3,  // Greek
        0xD0..=0xD4 => 4,  // Cyrillic
        0xD5..=0xD6 => 5,  // Armenian, Hebrew marks
        0xD7 => 6,         // Hebrew
        0xD8..=0xDF => 7,  // Arabic
        0xE0 => 8,         // South and South-East Asia
        0xE1 => 9,         // Vietnamese, Georgian, Ethiopic
        0xE2 => 10,        // punctuation
        0xE3..=0xE9 => 11, // Chinese, Japanese
        0xEA..=0xEF => 12, // Korean, presentation forms
        _ => 13,           // emoji
    }
}

/// Points that make a stretch of text certain.
pub fn enough(kind: Kind) -> u32 {
    match kind {
        Kind::Latin => 2,
        Kind::Arabic => 3,
    }
}

/// What stands before a sequence.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// Character, unless it is part of a sequence.
    pub char: Option<char>,
    /// Last byte of the sequence that ends there.
    pub byte: Option<u8>,
}

/// Points of one sequence: a lead byte and its continuations, with what is around it.
/// 0: it may well stand in a right text.
pub fn points(page: &Page, before: Before, bytes: &[u8], after: Option<char>) -> u32 {
    let Before { char: before, byte } = before;
    let (Some(&lead), Some(&last)) = (bytes.first(), bytes.last()) else {
        return 0;
    };
    let odd = bytes[1..].iter().any(|b| page.look(*b) == Look::Odd);
    let mut points = match (page.kind, lead) {
        // `3×½`, `Ø±0.5`.
        (Kind::Latin, 0xD7 | 0xD8) if matches!(last, 0xB1 | 0xBC..=0xBE) => 1,
        _ if odd => 2,
        (Kind::Latin, 0xC2 | 0xC3) => capital_a(page, lead, last, before),
        (_, 0xF0..) => 2,
        _ => 0,
    };
    // A capital inside a word; an Arabic letter at a Latin one.
    if before.is_some_and(|c| c.is_ascii_lowercase()) && (0xC2..=0xDE).contains(&lead) {
        points += 1 + u32::from(after.is_some_and(|c| c.is_ascii_lowercase()));
    }
    // Right behind what no letter follows.
    if byte.is_some_and(|b| page.look(b) != Look::Joining) {
        points += 1;
    }
    let letter_after = after.is_some_and(|c| {
        c.is_ascii_alphabetic() || page.byte(c).is_some_and(|b| (0xC2..=0xF4).contains(&b))
    });
    if page.kind == Kind::Arabic && (0xC2..=0xC5).contains(&lead) {
        // One Arabic letter among Latin ones; `\nأ…` is no word, so it isn't enough alone.
        let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
        let glued = if page.look(last) == Look::Joining {
            1
        } else {
            3
        };
        points += glued * u32::from(latin(before)) + u32::from(latin(after));
    }
    if letter_after && page.look(last) == Look::Closing {
        points += 1;
    }
    points
}

/// `Â` and `Ã` begin what Latin letters and signs become; as letters few languages use them, and
/// these not before such characters.
fn capital_a(page: &Page, lead: u8, last: u8, before: Option<char>) -> u32 {
    let in_capitals = before.is_some_and(char::is_uppercase);
    match (lead, last) {
        (0xC3, 0xA9 | 0xAA | 0xAE | 0xB0 | 0xB2..=0xB4 | 0xB7 | 0xB9 | 0xBA) => 2,
        (0xC3, _) if page.look(last) == Look::Letter => 2,
        (0xC3, 0xA0) if !in_capitals => 2,
        (0xC3, 0xAD) => 1,
        (0xC2, 0xA0 | 0xAD) if !in_capitals => 1,
        (0xC2, 0xA0..) if !in_capitals => 2,
        _ => 0,
    }
}

/// Whether a character may stand in a text: the scripts and signs that people write. Arabic-page
/// texts are right too often to allow more.
pub fn plausible(c: char) -> bool {
    matches!(c as u32,
        0x80..=0x52F        // Latin, Greek, Cyrillic; C1 controls of a text misread twice
        | 0x531..=0x58F     // Armenian
        | 0x591..=0x5F4     // Hebrew
        | 0x600..=0x6FF | 0x750..=0x77F
        | 0x900..=0xDFF     // India, Sri Lanka
        | 0xE01..=0xEFF     // Thai, Lao
        | 0x1000..=0x13FF   // Burmese, Georgian, Hangul jamo, Ethiopic
        | 0x1780..=0x17FF   // Khmer
        | 0x1C90..=0x1CBF
        | 0x1E00..=0x1FFF   // Vietnamese, old Greek
        | 0x2000..=0x2BFF   // punctuation, signs
        | 0x2D00..=0x2D2F
        | 0x3000..=0x33FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7A3
        | 0xFB00..=0xFDFF | 0xFE00..=0xFE0F | 0xFE20..=0xFE4F | 0xFE70..=0xFEFF
        | 0xFF01..=0xFFEF | 0xFFFD
        | 0x1D400..=0x1D7FF // letters dressed up
        | 0x1F000..=0x1FAFF // emoji
        | 0xE0020..=0xE007F // flags
    )
}
