//! The two code pages that UTF-8 is mostly misread as, backwards: from a character to its byte.

use std::sync::LazyLock;

use encoding_rs::{Encoding, WINDOWS_1252, WINDOWS_1256};

/// Windows-1252. By the Encoding Standard the bytes that it lacks are C1 control characters; those
/// of all other bytes from 80 to 9F are read as well, so that ISO-8859-1 is the same page.
pub static LATIN: LazyLock<Page> = LazyLock::new(|| {
    let mut page = Page::of(WINDOWS_1252, Kind::Latin);
    for byte in 0x80..=0x9F {
        page.low[usize::from(byte)] = byte;
    }
    page
});

/// Windows-1256, which has a character for every byte.
pub static ARABIC: LazyLock<Page> = LazyLock::new(|| Page::of(WINDOWS_1256, Kind::Arabic));

/// Which page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Windows-1252 or ISO-8859-1.
    Latin,
    /// Windows-1256.
    Arabic,
}

/// How a character in the place of a continuation byte looks after a letter, in a right text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Out of place after a letter: `¼`, `±`, `†`, a control character.
    Odd,
    /// At home there, and letters may follow: `’`, `–`, no-break space.
    Joining,
    /// At home there, but a letter doesn't follow at once: `”`, `»`, `®`.
    Closing,
    /// A letter: `š`, `œ`; in 1256 `پ`, `گ`.
    Letter,
}

/// Characters to bytes.
pub struct Page {
    /// Which page it is.
    pub kind: Kind,
    low: [u8; LOW],
    high: [u8; HIGH.1 - HIGH.0],
}

// All characters of both pages lie in these two ranges; 0 stands for "not in the page".
const LOW: usize = 0x700;
const HIGH: (usize, usize) = (0x2000, 0x2180);

impl Page {
    fn of(encoding: &'static Encoding, kind: Kind) -> Self {
        let mut page = Self {
            kind,
            low: [0; LOW],
            high: [0; HIGH.1 - HIGH.0],
        };
        for byte in 0x80..=0xFF_u8 {
            let bytes = [byte];
            let (text, _) = encoding.decode_without_bom_handling(&bytes);
            let code = text.chars().next().map_or(0, |c| c as usize);
            if let Some(place) = page.low.get_mut(code) {
                *place = byte;
            } else if let Some(place) = page.high.get_mut(code.wrapping_sub(HIGH.0)) {
                *place = byte;
            }
        }
        page
    }

    /// The byte from 80 to FF that is read as this character, if there is one.
    pub fn byte(&self, c: char) -> Option<u8> {
        let code = c as usize;
        let place = (self.low.get(code)).or_else(|| self.high.get(code.wrapping_sub(HIGH.0)));
        place.copied().filter(|byte| *byte != 0)
    }

    /// Look of the character of a continuation byte.
    pub fn look(&self, byte: u8) -> Look {
        match (self.kind, byte) {
            (_, 0x85 | 0x91 | 0x92 | 0x95..=0x97 | 0xA0 | 0xAD | 0xB4 | 0xB7) => Look::Joining,
            (Kind::Arabic, 0x9D | 0x9E | 0xA1 | 0xBA | 0xBF) => Look::Joining,
            (_, 0x82 | 0x8B | 0x93 | 0x94 | 0x99 | 0x9B | 0xA9 | 0xAB | 0xAE | 0xB0) => {
                Look::Closing
            }
            (_, 0xB2 | 0xB3 | 0xB9 | 0xBB) => Look::Closing,
            (Kind::Latin, 0x84 | 0xAA | 0xBA) => Look::Closing,
            (_, 0x8A | 0x8C | 0x8E | 0x9A | 0x9C) => Look::Letter,
            (Kind::Latin, 0x9E) => Look::Letter,
            (Kind::Arabic, 0x81 | 0x8D | 0x8F | 0x90 | 0x98 | 0x9F | 0xAA) => Look::Letter,
            _ => Look::Odd,
        }
    }
}

/// Both pages at once, for [`may_be_misread`].
static CLASSES: LazyLock<([u8; LOW], [u8; HIGH.1 - HIGH.0])> = LazyLock::new(|| {
    let mut classes = ([0; LOW], [0; HIGH.1 - HIGH.0]);
    for (page, shift) in [(&*LATIN, 0), (&*ARABIC, 1)] {
        let class = |byte: u8| match byte {
            0xC2..=0xC5 if page.kind == Kind::Arabic => LEAD << shift | GLUED,
            0xC2..=0xF4 => LEAD << shift,
            0x80..=0xBF => match (page.kind, page.look(byte)) {
                (Kind::Arabic, Look::Letter | Look::Joining) => CONTINUES << shift,
                _ => (TELLS | CONTINUES) << shift,
            },
            _ => 0,
        };
        for (class_of, byte) in classes.0.iter_mut().zip(&page.low) {
            *class_of |= class(*byte);
        }
        for (class_of, byte) in classes.1.iter_mut().zip(&page.high) {
            *class_of |= class(*byte);
        }
    }
    classes
});

// Of Windows-1252; those of 1256 are one bit higher.
const LEAD: u8 = 1;
const TELLS: u8 = 4;
const CONTINUES: u8 = 16;
/// `أ` and its like in 1256: what accented letters begin with.
const GLUED: u8 = 64;

/// Quick look at a whole text: whether a sequence is there that can give points. In right Arabic
/// and Persian texts letters follow each other like lead and continuation all the time (`اگر`),
/// so in 1256 it must hold a sign, or stand at a Latin letter.
pub fn may_be_misread(text: &str) -> bool {
    let classes = &*CLASSES;
    let (mut open, mut latin) = (0, false);
    for c in text.chars() {
        let code = c as usize;
        let low = classes.0.get(code);
        let class = low.or_else(|| classes.1.get(code.wrapping_sub(HIGH.0)));
        let class = class.copied().unwrap_or(0);
        if open & (class / TELLS) & 3 != 0 || latin && class & GLUED != 0 {
            return true;
        }
        latin = c.is_ascii_alphabetic();
        open = (class & 3) | (open & (class / CONTINUES));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_goes_back_to_its_byte() {
        for (page, encoding) in [(&*LATIN, WINDOWS_1252), (&*ARABIC, WINDOWS_1256)] {
            for byte in 0x80..=0xFF_u8 {
                let bytes = [byte];
                let text = encoding.decode_without_bom_handling(&bytes).0;
                assert_eq!(page.byte(text.chars().next().unwrap()), Some(byte));
            }
            assert_eq!(page.byte('ی'), None);
            assert_eq!(page.byte('好'), None);
            assert_eq!(page.byte('a'), None);
        }
        assert_eq!(LATIN.byte('\u{85}'), Some(0x85));
        assert_eq!(LATIN.byte('…'), Some(0x85));
        assert_eq!(ARABIC.byte('\u{85}'), None);
    }
}
