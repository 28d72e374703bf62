//! Nested columns (`turns.text`, `topics.id`, …) written straight from the domain's slices: an
//! array a field, without a vector a field.

use serde::{Serialize, Serializer};

use crate::enrich::Sentiment;

/// One array column: a value of each item of a slice.
pub struct Column<'a, T, V> {
    items: &'a [T],
    value: fn(&'a T) -> V,
}

impl<'a, T, V> Column<'a, T, V> {
    pub(in crate::warehouse) fn new(items: &'a [T], value: fn(&'a T) -> V) -> Self {
        Self { items, value }
    }
}

impl<T, V: Serialize> Serialize for Column<'_, T, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(self.value))
    }
}

/// One array column of a sentiment's field for each of `len` turns or answers. Arrays of one nest
/// must be of one length, so a part without a sentiment counts as unknown.
pub struct Parts<'a, V> {
    sentiments: &'a [Sentiment],
    len: usize,
    value: fn(&Sentiment) -> V,
}

impl<'a, V> Parts<'a, V> {
    pub(in crate::warehouse) fn new(
        sentiments: &'a [Sentiment],
        len: usize,
        value: fn(&Sentiment) -> V,
    ) -> Self {
        Self {
            sentiments,
            len,
            value,
        }
    }
}

impl<V: Serialize> Serialize for Parts<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |i| self.sentiments.get(i).unwrap_or(&Sentiment::UNKNOWN);
        serializer.collect_seq((0..self.len).map(|i| (self.value)(of(i))))
    }
}
