//! Requests of other systems that nobody has answered yet.

use std::collections::BTreeMap;

use crate::decode::erasure::Request;

/// Where a request lies in the topic. Several may: systems give them the same key, and compaction
/// leaves the newest some time later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Partition.
    pub partition: i32,
    /// Key.
    pub key: Vec<u8>,
}

/// A request, and the offset of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Offset in the partition of its place.
    pub offset: i64,
    /// Whom it names.
    pub request: Request,
}

/// By place, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pending(BTreeMap<Place, Vec<Asked>>);

impl Pending {
    /// Takes a request up; those of the same key stay, they are answered each.
    pub fn ask(&mut self, place: Place, asked: Asked) {
        let there = self.0.entry(place).or_default();
        // What is read again is no second request.
        if !there.contains(&asked) {
            there.push(asked);
        }
    }

    /// Forgets those that were answered: up to an offset of the place. A request that came while
    /// they were lies beyond it, whether before the tombstone or after.
    pub fn answered(&mut self, place: &Place, up_to: i64) {
        if let Some(there) = self.0.get_mut(place) {
            there.retain(|asked| asked.offset > up_to);
            if there.is_empty() {
                self.0.remove(place);
            }
        }
    }

    /// Offset of the newest request of a place.
    pub fn newest(&self, place: &Place) -> Option<i64> {
        self.0.get(place)?.iter().map(|asked| asked.offset).max()
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<Place, Vec<Asked>> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(offset: i64, customer: &str) -> Asked {
        Asked {
            offset,
            request: Request {
                tenant: "acme".into(),
                customer_id: customer.into(),
                identities: Vec::new(),
                marks: Vec::new(),
                requested_at: 1_000,
            },
        }
    }

    fn place(key: &str) -> Place {
        Place {
            partition: 0,
            key: key.into(),
        }
    }

    #[test]
    fn a_request_of_the_same_key_is_lost_neither_before_nor_after_the_tombstone() {
        let mut pending = Pending::default();
        pending.ask(place(""), asked(10, "c1"));
        pending.ask(place("other"), asked(11, "c9"));
        // It comes while the first is answered.
        pending.ask(place(""), asked(12, "c2"));
        pending.ask(place(""), asked(12, "c2"));
        assert_eq!(pending.newest(&place("")), Some(12));
        let both = vec![asked(10, "c1"), asked(12, "c2")];
        assert_eq!(pending.all().remove(&place("")), Some(both));

        // The tombstone of the first lies at 13.
        pending.answered(&place(""), 10);
        let second = vec![asked(12, "c2")];
        assert_eq!(pending.all().remove(&place("")), Some(second));
        pending.answered(&place(""), 12);
        assert_eq!(pending.newest(&place("")), None);
        assert_eq!(pending.all().len(), 1);
    }
}
