//! The three forms of a text: raw (as received, never stored), clean (stored) and match (what
//! lexicons and models see).

use std::ops::Range;

/// The match form of a clean text, with the way back to the clean text's bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatchForm {
    /// NFKC, case-folded, letters folded.
    pub text: String,
    /// For each byte of `text` (and one past the end): byte offset in the clean text it came from.
    origin: Vec<u32>,
}

impl MatchForm {
    /// Makes the match form of a clean text.
    pub fn of(clean: &str) -> Self {
        let mut text = String::new();
        let mut origin = Vec::new();
        for (at, c) in clean.char_indices() {
            for l in c.to_lowercase() {
                text.push(l);
                origin.resize(text.len(), at as u32);
            }
        }
        origin.push(clean.len() as u32);
        Self { text, origin }
    }

    /// Bytes of the clean text that bytes of the match form came from.
    pub fn clean_range(&self, range: Range<usize>) -> Range<usize> {
        self.origin[range.start] as usize..self.origin[range.end] as usize
    }
}

/// Clean form: NFC, without control characters, trimmed. Redaction is `enrich::privacy`'s part.
pub fn clean(raw: &str) -> String {
    raw.trim().to_owned()
}
