//! Words that tell of a topic where they stand together: a driver who is rude, a fee that nobody
//! mentioned before.
//!
//! All parts of a rule stand in one clause, in any order, each apart from the next by at most
//! [`NEAR`] characters ([`NEAR_UNSPACED`] in scripts without spaces).

use std::ops::Range;

use crate::text::is_unspaced;

/// Most parts of a rule.
pub(in crate::enrich::topics) const MOST_PARTS: usize = 4;
/// Most characters between one part and the next …
const NEAR: usize = 45;
/// … and in scripts without spaces.
const NEAR_UNSPACED: usize = 14;

/// What its parts tell of together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::enrich::topics) struct Rule {
    /// Index of the topic.
    pub(in crate::enrich::topics) topic: usize,
    /// Number of its parts.
    pub(in crate::enrich::topics) parts: usize,
    /// Hash of the words of all its parts.
    pub(in crate::enrich::topics) key: u64,
    /// The trained model never weighed it.
    pub(in crate::enrich::topics) is_new: bool,
}

/// A word is a part of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::enrich::topics) struct Part {
    /// Index of the rule.
    pub(in crate::enrich::topics) rule: usize,
    /// Which of its parts.
    pub(in crate::enrich::topics) part: usize,
}

/// Parts of rules that stand in a text.
#[derive(Default)]
pub(super) struct Pieces {
    /// Rule, clause, place, which part.
    found: Vec<(usize, usize, Range<usize>, usize)>,
}

/// All parts of a rule.
pub(super) struct Found {
    /// Index of the topic.
    pub(super) topic: usize,
    /// Bytes of the match form, from the first word to the last.
    pub(super) range: Range<usize>,
    /// Its rule's.
    pub(super) is_new: bool,
    parts: Vec<Range<usize>>,
}

impl Found {
    /// Whether a keyword overlaps one of the words that stand together, and is shorter than these.
    pub(super) fn hides(&self, keyword: &Range<usize>) -> bool {
        keyword.len() < self.len() && self.overlaps(keyword)
    }

    /// Whether all of them stand in a keyword, which says more.
    pub(super) fn stands_in(&self, keyword: &Range<usize>) -> bool {
        let inside = |part: &Range<usize>| keyword.start <= part.start && part.end <= keyword.end;
        self.parts.iter().all(inside)
    }

    /// Whether other words that stand together are partly the same, and shorter.
    fn hides_all(&self, other: &Found) -> bool {
        other.len() < self.len() && other.parts.iter().any(|part| self.overlaps(part))
    }

    fn overlaps(&self, range: &Range<usize>) -> bool {
        let overlaps = |part: &Range<usize>| part.start < range.end && range.start < part.end;
        self.parts.iter().any(overlaps)
    }

    /// Bytes of all parts.
    fn len(&self) -> usize {
        self.parts.iter().map(Range::len).sum()
    }
}

impl Pieces {
    /// Adds a word that stands in a clause.
    pub(super) fn add(&mut self, clause: usize, parts: &[Part], range: &Range<usize>) {
        let piece = |part: &Part| (part.rule, clause, range.clone(), part.part);
        self.found.extend(parts.iter().map(piece));
    }

    /// Rules all of whose parts stand together, as often as they do, each word once. Words that are
    /// `none` do not count.
    pub(super) fn together(
        mut self,
        rules: &[Rule],
        text: &str,
        none: impl Fn(&Range<usize>) -> bool,
    ) -> Vec<Found> {
        let key = |piece: &(usize, usize, Range<usize>, usize)| {
            (piece.0, piece.1, piece.2.start, piece.2.end, piece.3)
        };
        self.found.sort_unstable_by_key(key);
        let mut all = Vec::new();
        for pieces in self.found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some(rule) = pieces.first().and_then(|piece| rules.get(piece.0)) else {
                continue;
            };
            if pieces.len() < rule.parts {
                continue;
            }
            let mut last: [Option<Range<usize>>; MOST_PARTS] = [const { None }; MOST_PARTS];
            for (_, _, range, part) in pieces {
                if none(range) {
                    continue;
                }
                if let Some(place) = last.get_mut(*part) {
                    *place = Some(range.clone());
                }
                let mut parts: Vec<_> = last.iter().flatten().cloned().collect();
                parts.sort_unstable_by_key(|part| part.start);
                if parts.len() == rule.parts && stand_together(&parts, text) {
                    let start = parts.first().map_or(0, |part| part.start);
                    let end = parts.last().map_or(0, |part| part.end);
                    all.push(Found {
                        topic: rule.topic,
                        range: start..end,
                        is_new: rule.is_new,
                        parts,
                    });
                    last.fill(None);
                }
            }
        }
        longest(all)
    }
}

/// Without those that longer ones of another topic hide.
fn longest(all: Vec<Found>) -> Vec<Found> {
    let hidden = |one: &Found| {
        let by = |other: &Found| other.topic != one.topic && other.hides_all(one);
        all.iter().any(by)
    };
    let hidden: Vec<bool> = all.iter().map(hidden).collect();
    let kept = all.into_iter().zip(hidden);
    kept.filter(|(_, hidden)| !hidden)
        .map(|(one, _)| one)
        .collect()
}

/// One after the other, and near.
fn stand_together(parts: &[Range<usize>], text: &str) -> bool {
    parts.windows(2).all(|pair| {
        let between = text.get(pair[0].end..pair[1].start);
        between.is_some_and(|between| {
            let (mut chars, mut unspaced) = (0, 0);
            for c in between.chars().take(NEAR + 1) {
                chars += 1;
                unspaced += usize::from(is_unspaced(c));
            }
            chars <= NEAR && unspaced <= NEAR_UNSPACED
        })
    })
}
