//! Ranges of offsets: ascending, without overlap, both ends inclusive.

use serde::Serialize;

/// First and last offset, both inclusive.
pub type Span = (u64, u64);

/// Offsets that were found, as ranges. The count is exact; of the ranges only the first
/// [`Ranges::MOST`] are kept, so a table gone missing does not fill the memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ranges {
    /// Offsets, all of them.
    pub count: u64,
    /// Ranges, ascending.
    pub ranges: Vec<Span>,
    /// There are more than `ranges` holds.
    pub truncated: bool,
}

impl Ranges {
    /// Ranges that are kept.
    pub const MOST: usize = 10_000;

    /// Adds offsets that lie after all those added before.
    pub fn add(&mut self, (first, last): Span) {
        self.count += last - first + 1;
        let kept = self.ranges.len();
        match self.ranges.last_mut() {
            _ if self.truncated => {}
            Some(range) if range.1 + 1 == first => range.1 = last,
            _ if kept == Self::MOST => self.truncated = true,
            _ => self.ranges.push((first, last)),
        }
    }

    /// Adds ranges that lie after all those added before.
    pub fn extend(&mut self, spans: impl IntoIterator<Item = Span>) {
        for span in spans {
            self.add(span);
        }
    }

    /// Adds all of `later`, which lie after all those added before.
    pub fn append(&mut self, later: Self) {
        let count = self.count + later.count;
        self.extend(later.ranges);
        self.count = count;
        self.truncated |= later.truncated;
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Single offsets, ascending, as ranges.
pub fn spans(offsets: impl IntoIterator<Item = u64>) -> Vec<Span> {
    let mut spans = Vec::new();
    for offset in offsets {
        push(&mut spans, offset);
    }
    spans
}

/// Adds an offset after all others.
pub fn push(spans: &mut Vec<Span>, offset: u64) {
    match spans.last_mut() {
        Some(span) if span.1 + 1 == offset => span.1 = offset,
        _ => spans.push((offset, offset)),
    }
}

/// Offsets that are in both.
pub fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut both, mut i, mut j) = (Vec::new(), 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let (first, last) = (x.0.max(y.0), x.1.min(y.1));
        if first <= last {
            both.push((first, last));
        }
        if x.1 < y.1 { i += 1 } else { j += 1 }
    }
    both
}

/// What of `whole` lies outside of `holes`.
pub fn outside(whole: Span, holes: &[Span]) -> Vec<Span> {
    let (mut rest, mut next) = (Vec::new(), whole.0);
    for &(first, last) in holes.iter().filter(|h| h.0 <= whole.1 && h.1 >= whole.0) {
        if first > next {
            rest.push((next, first - 1));
        }
        next = next.max(last.saturating_add(1));
    }
    if next <= whole.1 {
        rest.push((next, whole.1));
    }
    rest
}

/// Offsets in all spans together.
pub fn total(spans: &[Span]) -> u64 {
    spans.iter().map(|(first, last)| last - first + 1).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_are_one_range_and_too_many_are_counted_only() {
        let mut ranges = Ranges::default();
        ranges.extend([(3, 4), (5, 5), (7, 9)]);
        assert_eq!(
            (ranges.count, &ranges.ranges[..]),
            (6, &[(3, 5), (7, 9)][..])
        );
        ranges.extend((10..).map(|i| (2 * i, 2 * i)).take(Ranges::MOST));
        assert_eq!(ranges.count, 6 + Ranges::MOST as u64);
        assert_eq!(
            (ranges.ranges.len(), ranges.truncated),
            (Ranges::MOST, true)
        );
    }

    #[test]
    fn appended_ranges_keep_counts_beyond_what_is_kept() {
        let mut ranges = Ranges::default();
        ranges.add((0, 1));
        let later = Ranges {
            count: 50,
            ranges: vec![(2, 3)],
            truncated: true,
        };
        ranges.append(later);
        assert_eq!((ranges.count, &ranges.ranges[..]), (52, &[(0, 3)][..]));
        assert!(ranges.truncated);
    }

    fn offsets(spans: &[Span]) -> Vec<u64> {
        spans.iter().flat_map(|(a, b)| *a..=*b).collect()
    }

    proptest! {
        #[test]
        fn common_and_outside_are_those_of_sets(
            a in proptest::collection::btree_set(0_u64..60, 0..40),
            b in proptest::collection::btree_set(0_u64..60, 0..40),
        ) {
            let (x, y) = (spans(a.iter().copied()), spans(b.iter().copied()));
            let both: Vec<u64> = a.intersection(&b).copied().collect();
            prop_assert_eq!(offsets(&common(&x, &y)), both);
            let rest: Vec<u64> = (10..=50).filter(|o| !a.contains(o)).collect();
            prop_assert_eq!(offsets(&outside((10, 50), &x)), rest);
            prop_assert_eq!(total(&x), a.len() as u64);
        }
    }
}
