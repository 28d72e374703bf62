//! A text as personal data is looked for in it: one ASCII byte a character.

use std::ops::Range;

use super::{Finding, Kind, marks};
use crate::text;

/// A letter of a script with case (Latin with marks, Greek, Cyrillic).
pub(super) const CASED: u8 = 0x80;
/// Any other letter.
pub(super) const LETTER: u8 = 0x81;
/// Anything else.
pub(super) const OTHER: u8 = 0x82;
/// A mark of an earlier redaction, whole: personal data stood there.
pub(super) const MARK: u8 = 0x83;

/// One byte a character: digits of any script and wide forms as ASCII, `%40` as `@`, invisible
/// characters gone, a mark (`[phone]`) one [`MARK`], other characters as [`CASED`], [`LETTER`] or
/// [`OTHER`].
pub(super) struct Shadow<'a> {
    clean: &'a str,
    bytes: Vec<u8>,
    /// Where each byte's character begins in the text, and the text's end.
    offsets: Vec<u32>,
}

impl<'a> Shadow<'a> {
    /// Makes the shadow of a text.
    pub(super) fn of(clean: &'a str) -> Self {
        let mut bytes = Vec::with_capacity(clean.len());
        let mut offsets = Vec::with_capacity(clean.len() + 1);
        let mut skip_to = 0;
        for (at, c) in clean.char_indices() {
            if at < skip_to {
                continue;
            }
            let byte = if clean[at..].starts_with("%40") {
                skip_to = at + 3;
                b'@'
            } else if let Some(mark) = (c == '[').then(|| marks::len(&clean[at..])).flatten() {
                skip_to = at + mark;
                MARK
            } else {
                match shade(c) {
                    Some(byte) => byte,
                    None => continue,
                }
            };
            bytes.push(byte);
            offsets.push(at as u32);
        }
        offsets.push(clean.len() as u32);
        Self {
            clean,
            bytes,
            offsets,
        }
    }

    /// The shadow's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text behind these positions.
    pub(super) fn source(&self, positions: Range<usize>) -> &'a str {
        self.clean
            .get(self.offset(positions.start)..self.offset(positions.end))
            .unwrap_or_default()
    }

    /// Personal data at these positions.
    pub(super) fn finding(&self, kind: Kind, positions: Range<usize>) -> Finding {
        Finding {
            kind,
            range: self.offset(positions.start)..self.offset(positions.end),
        }
    }

    /// Byte at a position, 0 outside.
    pub(super) fn at(&self, position: usize) -> u8 {
        self.bytes.get(position).copied().unwrap_or(0)
    }

    /// Position of the character at or after a byte of the text.
    pub(super) fn position(&self, byte: usize) -> usize {
        self.offsets.partition_point(|at| (*at as usize) < byte)
    }

    /// Where in the text a character begins.
    pub(super) fn offset(&self, position: usize) -> usize {
        self.offsets.get(position).map_or(0, |at| *at as usize)
    }
}

fn shade(c: char) -> Option<u8> {
    if c.is_ascii() {
        return Some(c as u8);
    }
    if let Some(value) = text::digit(c) {
        return Some(b'0' + value);
    }
    Some(match c {
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => return None,
        // Wide forms of Chinese and Japanese keyboards.
        '\u{FF01}'..='\u{FF5E}' => (u32::from(c) - 0xFEE0) as u8,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => b'-',
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => b' ',
        _ if c.is_lowercase() || c.is_uppercase() => CASED,
        _ if c.is_alphabetic() => LETTER,
        _ => OTHER,
    })
}
