//! Clauses: the pieces of a text that can carry a feeling of their own.

use std::ops::Range;

/// Byte ranges of the clauses of a text.
pub fn clauses(text: &str) -> impl Iterator<Item = Range<usize>> {
    std::iter::once(0..text.len())
}
