//! The versions of one entity, as bytes, newest first.
//!
//! ```text
//! history = cut (1 byte) · number of versions · versions
//! version = valid_from · flags (1 byte) · [version] · offset · facts
//! ```
//! Of versions with the same `valid_from` only the one that holds is kept. Those that came before
//! the newest one at the horizon are cut off, and `cut` remembers it: what is asked of before then
//! is late, while an entity whose whole history is here was not there yet.
//!
//! What a history is depends on the set of versions that were added, not on their order, nor on how
//! often each was: a test holds it against a map.

use super::bytes::{Reader, put_bytes, put_number, put_signed};
use crate::feedback::Millis;
use crate::odata::{Found, Rank};

/// Most versions of one entity that are kept: what is changed more often is told by the warehouse.
pub const MOST: usize = 1_024;

const DELETED: u8 = 1;
/// The version is the `valid_from`, as it often is, and not written again.
const SAME: u8 = 2;

/// One version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<'a> {
    /// Since when it is true.
    pub valid_from: Millis,
    /// Which of two with the same `valid_from` holds.
    pub rank: Rank,
    /// The entity is gone from then on.
    pub deleted: bool,
    /// See [`facts`](super::facts).
    pub facts: &'a [u8],
}

impl<'a> Version<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let valid_from = reader.signed()?;
        let flags = reader.byte()?;
        let version = match flags & SAME {
            0 => reader.number()?,
            _ => valid_from as u64,
        };
        Some(Self {
            valid_from,
            rank: Rank {
                version,
                offset: reader.signed()?,
            },
            deleted: flags & DELETED != 0,
            facts: reader.bytes()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.valid_from);
        let same = self.rank.version == self.valid_from as u64;
        out.push(u8::from(self.deleted) * DELETED + u8::from(same) * SAME);
        if !same {
            put_number(out, self.rank.version);
        }
        put_signed(out, self.rank.offset);
        put_bytes(out, self.facts);
    }

    /// Of two versions with the same `valid_from`, the greater holds. Beyond the rank (offsets of
    /// two partitions, or of two lives of a topic, may be the same) anything that is the same
    /// whatever came first.
    fn order(&self) -> (Rank, bool, &[u8]) {
        (self.rank, self.deleted, self.facts)
    }
}

/// All versions of an entity, to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History<'a> {
    cut: bool,
    /// Newest first, each `valid_from` once.
    versions: Vec<Version<'a>>,
}

impl<'a> History<'a> {
    /// Reads one; `None` if these bytes are none.
    pub fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let cut = reader.byte()? != 0;
        let count = reader.number()?;
        let versions = (0..count)
            .map(|_| Version::read(reader))
            .collect::<Option<_>>()?;
        Some(Self { cut, versions })
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.cut));
        put_number(out, self.versions.len() as u64);
        for version in &self.versions {
            version.write(out);
        }
    }

    /// Versions, newest first.
    pub fn versions(&self) -> &[Version<'a>] {
        &self.versions
    }

    /// Forgets versions.
    pub fn retain(&mut self, keep: impl Fn(&Version<'a>) -> bool) {
        self.versions.retain(keep);
    }

    /// Adds a version, unless it is known, overruled, or older than what is kept.
    pub fn add(&mut self, version: Version<'a>) {
        let oldest = self.versions.last().map(|v| v.valid_from);
        if self.cut && oldest.is_some_and(|oldest| version.valid_from < oldest) {
            return;
        }
        let place = self
            .versions
            .partition_point(|v| v.valid_from > version.valid_from);
        match self.versions.get_mut(place) {
            Some(known) if known.valid_from == version.valid_from => {
                if known.order() < version.order() {
                    *known = version;
                }
            }
            _ => self.versions.insert(place, version),
        }
    }

    /// Forgets what came before the newest version at the horizon, and what is too much.
    pub fn cut(&mut self, horizon: Millis) {
        let at_horizon = self.versions.partition_point(|v| v.valid_from > horizon);
        let kept = MOST.min(at_horizon + 1);
        if kept < self.versions.len() {
            self.versions.truncate(kept);
            self.cut = true;
        }
    }
}

/// The version that held at a moment; reads no further than to it. `None`: these bytes are none.
pub fn as_of<'a>(mut reader: Reader<'a>, at: Millis) -> Option<Found<Version<'a>>> {
    let cut = reader.byte()? != 0;
    for _ in 0..reader.number()? {
        let version = Version::read(&mut reader)?;
        if version.valid_from <= at {
            return Some(match version.deleted {
                true => Found::Miss,
                false => Found::Hit(version),
            });
        }
    }
    Some(match cut {
        true => Found::Late,
        false => Found::Miss,
    })
}

/// As [`as_of`], and of an entity that was never there until then, the first later version that is
/// no deletion.
pub fn as_of_or_first<'a>(reader: Reader<'a>, at: Millis) -> Option<Found<Version<'a>>> {
    let History { cut, versions } = History::read(&mut reader.clone())?;
    if cut || versions.last().is_none_or(|first| first.valid_from <= at) {
        return as_of(reader, at);
    }
    let first = versions.iter().rev().find(|v| !v.deleted);
    Some(first.map_or(Found::Miss, |v| Found::Hit(*v)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const HORIZON: Millis = 5;

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Told {
        valid_from: Millis,
        version: u64,
        offset: i64,
        deleted: bool,
        facts: Vec<u8>,
    }

    fn told() -> impl Strategy<Value = Told> {
        (0..12_i64, 0..4_u64, 0..3_i64, any::<bool>(), 0..3_u8).prop_map(
            |(valid_from, version, offset, deleted, fact)| Told {
                valid_from,
                version,
                offset,
                deleted,
                facts: vec![fact; fact.into()],
            },
        )
    }

    fn written(bytes: &[u8], told: &Told, horizon: Millis) -> Vec<u8> {
        let mut history = match bytes {
            [] => History::default(),
            bytes => History::read(&mut Reader(bytes)).unwrap(),
        };
        history.add(Version {
            valid_from: told.valid_from,
            rank: Rank {
                version: told.version,
                offset: told.offset,
            },
            deleted: told.deleted,
            facts: &told.facts,
        });
        history.cut(horizon);
        let mut out = Vec::new();
        history.write(&mut out);
        out
    }

    /// What a plain map of everything says.
    fn model(all: &[Told], at: Millis) -> Found<Vec<u8>> {
        let mut map: BTreeMap<Millis, &Told> = BTreeMap::new();
        for told in all {
            let known = map.entry(told.valid_from).or_insert(told);
            let key = |t: &Told| (t.version, t.offset, t.deleted, t.facts.clone());
            if key(known) < key(told) {
                *known = told;
            }
        }
        let kept_from = map.range(..=HORIZON).next_back().map(|(from, _)| *from);
        let cut = kept_from.is_some_and(|kept| map.range(..kept).next().is_some());
        match map.range(..=at).next_back() {
            _ if cut && Some(at) < kept_from => Found::Late,
            Some((_, told)) if !told.deleted => Found::Hit(told.facts.clone()),
            _ => Found::Miss,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn order_of_arrival_and_repeats_change_nothing(
            (all, again) in prop::collection::vec(told(), 1..20)
                .prop_flat_map(|all| (Just(all.clone()), Just([all.clone(), all].concat()).prop_shuffle())),
        ) {
            let mut first = Vec::new();
            for told in &all {
                first = written(&first, told, HORIZON);
            }
            // A horizon that moves on to the same place cuts the same.
            let mut second = Vec::new();
            for (n, told) in again.iter().enumerate() {
                let last = n + 1 == again.len();
                let horizon = if last { HORIZON } else { (n as Millis).min(HORIZON) };
                second = written(&second, told, horizon);
            }
            prop_assert_eq!(&first, &second);
            for at in -1..14 {
                let found = as_of(Reader(&first), at).unwrap();
                let found = match found {
                    Found::Hit(version) => Found::Hit(version.facts.to_vec()),
                    Found::Miss => Found::Miss,
                    Found::Late => Found::Late,
                };
                prop_assert_eq!(found, model(&all, at), "at {}", at);
            }
        }
    }

    #[test]
    fn an_identity_linked_later_is_found_and_one_that_is_gone_is_not() {
        let told = |valid_from, deleted, fact| Told {
            valid_from,
            version: 0,
            offset: 0,
            deleted,
            facts: vec![fact],
        };
        let all = [told(10, true, 0), told(20, false, 1), told(30, true, 2)];
        let bytes = all.iter().fold(Vec::new(), |b, t| written(&b, t, 0));
        let found = |at| match as_of_or_first(Reader(&bytes), at).unwrap() {
            Found::Hit(version) => Some(version.facts.to_vec()),
            _ => None,
        };
        assert_eq!(found(5), Some(vec![1]));
        assert_eq!(found(15), None);
        assert_eq!(found(25), Some(vec![1]));
        assert_eq!(found(35), None);
    }

    #[test]
    fn what_changes_all_the_time_keeps_its_newest_versions() {
        let mut bytes = Vec::new();
        for n in 0..MOST as Millis + 10 {
            let told = Told {
                valid_from: n,
                version: n as u64,
                offset: n,
                deleted: false,
                facts: vec![],
            };
            bytes = written(&bytes, &told, -1);
        }
        assert_eq!(as_of(Reader(&bytes), 9), Some(Found::Late));
        assert!(matches!(as_of(Reader(&bytes), 10), Some(Found::Hit(_))));
    }
}
