//! Erasure: whose data is to be gone, known by keyed hashes alone.
//!
//! Who asks to be forgotten is told to every instance by [`Mark`]s, keyed hashes of everything that
//! the stored data knows them by: customer, identities, orders, tickets, visits, shipments,
//! conversations and items. A record is theirs by these rules, which stand a second time, in SQL, in
//! `warehouse/erasing`; a test holds both against each other.
//!
//! 1. What happened up to the request is erased, what comes after it is the customer's return: of
//!    feedback its `created_at` counts, of O-data its `valid_from`. A deletion is nobody's return,
//!    it tells once more of what was: it is erased whenever it comes.
//! 2. An item that was erased stays erased, in every version.
//! 3. A record that names a customer is that customer's, whatever else it names; one that was joined
//!    to a customer is that one's.
//! 4. One that names none is erased if an identity, an order, a ticket, a visit, a shipment or a
//!    conversation that it names is.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::feedback::{Feedback, Millis};
use crate::odata::{Change, Facts, Keys};

pub mod mark;

pub use mark::{Mark, Marker, Named};

/// A batch is written only if the erasure topic was read to its end less than so long ago: an
/// erasure that was told longer ago holds for everything that is written.
pub const LEASE: Duration = Duration::from_secs(10);

/// Everything that is to stay erased, as far as this instance has heard.
pub struct Erasures {
    /// `None`: nothing is ever erased here.
    topic: Option<Topic>,
}

struct Topic {
    marker: Marker,
    clock: fn() -> Duration,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// By mark, the time up to which it counts.
    until: HashMap<Mark, Millis>,
    /// Grows with every mark.
    generation: u64,
    /// When the topic was known to be read to its end, by the clock.
    heard: Option<Duration>,
}

impl Erasures {
    /// Where no topic tells of any.
    pub fn none() -> Self {
        Self { topic: None }
    }

    /// Under the key of the marks; `clock` should go on while the machine is suspended.
    pub fn new(marker: Marker, clock: fn() -> Duration) -> Self {
        let known = RwLock::default();
        Self {
            topic: Some(Topic {
                marker,
                clock,
                known,
            }),
        }
    }

    /// What the mark stands for is erased up to a time. Heard again, the later time counts.
    pub fn add(&self, mark: Mark, until: Millis) {
        let Some(topic) = &self.topic else { return };
        let mut known = topic.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.until.get(&mark).copied();
        if before.is_none_or(|before| before < until) {
            known.until.insert(mark, until);
            known.generation += 1;
        }
    }

    /// The topic was read to an end that was asked for at this time, by the clock.
    pub fn heard(&self, at: Duration) {
        let Some(topic) = &self.topic else { return };
        let mut known = topic.known.write().unwrap_or_else(PoisonError::into_inner);
        known.heard = known.heard.max(Some(at));
    }

    /// Whether all that was told longer than [`LEASE`] ago is known here.
    pub fn is_fresh(&self) -> bool {
        let Some(topic) = &self.topic else {
            return true;
        };
        let heard = topic.known().heard;
        heard.is_some_and(|heard| (topic.clock)().saturating_sub(heard) < LEASE)
    }

    /// Whether nothing is erased: then nothing need be held against it.
    pub fn is_empty(&self) -> bool {
        self.generation() == 0
    }

    /// A number that has grown if anything was erased since.
    pub fn generation(&self) -> u64 {
        self.topic.as_ref().map_or(0, |t| t.known().generation)
    }

    /// Names what is erased, in no order: the same after the same.
    pub fn digest(&self) -> String {
        let sum = |t: &Topic| {
            let known = t.known();
            let of = |(mark, until): (&Mark, &Millis)| mark.with(*until);
            known.until.iter().map(of).fold(0, |sum, of| sum ^ of)
        };
        format!("{:032x}", self.topic.as_ref().map_or(0, sum))
    }

    /// How many marks are known.
    pub fn len(&self) -> usize {
        self.topic.as_ref().map_or(0, |t| t.known().until.len())
    }

    /// Whether an item, identifiers protected, is erased. `joined`: customer that it was joined to;
    /// empty if none is known.
    pub fn cover_feedback(&self, feedback: &Feedback, joined: &str) -> bool {
        let Some(look) = self.look(&feedback.tenant, feedback.created_at) else {
            return false;
        };
        let item = [feedback.kind().name(), &feedback.source, &feedback.id];
        if look.marked(Named::Item, &item) {
            return true;
        }
        let customer = &feedback.customer;
        if !customer.id.is_empty() || !joined.is_empty() {
            return look.named(Named::Customer, &customer.id)
                || (*joined != customer.id && look.named(Named::Customer, joined));
        }
        let keys = Keys::of(feedback);
        let identities = &customer.identities;
        identities
            .iter()
            .any(|(kind, value)| !value.is_empty() && look.marked(Named::Identity, &[kind, value]))
            || look.named(Named::Order, keys.order_id)
            || look.named(Named::Ticket, keys.ticket_id)
            || look.named(Named::Session, keys.session_id)
            || look.named(Named::Delivery, keys.shipment_id)
            || look.named(Named::Conversation, &feedback.references.conversation_id)
    }

    /// Whether a version of an entity is erased.
    pub fn cover_change(&self, change: &Change) -> bool {
        let at = match change.deleted {
            true => Millis::MIN,
            false => change.valid_from,
        };
        let Some(look) = self.look(&change.tenant, at) else {
            return false;
        };
        let of = |customer: &str, named: Named| match customer {
            "" => look.named(named, &change.id),
            customer => look.named(Named::Customer, customer),
        };
        match &change.facts {
            Facts::Customer(_) => look.named(Named::Customer, &change.id),
            Facts::Order(order) => of(&order.customer_id, Named::Order),
            Facts::Ticket(ticket) => of(&ticket.customer_id, Named::Ticket),
            Facts::Session(session) => {
                of(&session.customer_id, Named::Session)
                    || session.customer_id.is_empty()
                        && !session.anonymous_id.is_empty()
                        && look.marked(Named::Identity, &["anonymous_id", &session.anonymous_id])
            }
            Facts::Delivery(delivery) => match delivery.order_id.as_str() {
                "" => look.named(Named::Delivery, &change.id),
                order => look.named(Named::Order, order),
            },
            Facts::Identity(identity) => match identity.customer_id.as_str() {
                "" => look.marked(Named::Identity, &[&identity.kind, &change.id]),
                customer => look.named(Named::Customer, customer),
            },
        }
    }

    /// `None` if nothing is erased.
    fn look<'a>(&'a self, tenant: &'a str, at: Millis) -> Option<Look<'a>> {
        let topic = self.topic.as_ref()?;
        let known = topic.known();
        (!known.until.is_empty()).then_some(Look {
            marker: &topic.marker,
            known,
            tenant,
            at,
        })
    }
}

impl Topic {
    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One record held against what is known.
struct Look<'a> {
    marker: &'a Marker,
    known: RwLockReadGuard<'a, Known>,
    tenant: &'a str,
    at: Millis,
}

impl Look<'_> {
    /// By one identifier; none if it is empty.
    fn named(&self, what: Named, id: &str) -> bool {
        !id.is_empty() && self.marked(what, &[id])
    }

    fn marked(&self, what: Named, id: &[&str]) -> bool {
        let until = self
            .marker
            .mark(self.tenant, what, id)
            .and_then(|mark| self.known.until.get(&mark));
        until.is_some_and(|until| self.at <= *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Body, Context, Customer, References, Review};
    use crate::odata;

    const REQUEST: Millis = 1_780_000_000_000;

    fn marker() -> Marker {
        Marker::new(b"a key known to tests")
    }

    fn erased(named: &[(Named, &[&str])]) -> Erasures {
        let erasures = Erasures::new(marker(), || Duration::ZERO);
        for (what, id) in named {
            let mark = marker().mark("acme", *what, id).unwrap();
            erasures.add(mark, REQUEST);
        }
        erasures
    }

    fn feedback(customer: &str) -> Feedback {
        Feedback {
            tenant: "acme".into(),
            source: "shop".into(),
            id: "r1".into(),
            version: 1,
            deleted: false,
            created_at: REQUEST,
            channel: String::new(),
            customer: Customer {
                id: customer.into(),
                identities: vec![("device_id".into(), "d1".into())],
                consent_analytics: None,
            },
            context: Context::default(),
            references: References {
                order_id: "o1".into(),
                trigger: Some(("delivery".into(), "s1".into())),
                ..References::default()
            },
            extra: Vec::new(),
            body: Body::Review(Review::default()),
            unknown_fields: 0,
            truncated: false,
        }
    }

    #[test]
    fn a_record_is_the_customers_whom_it_names() {
        let c1 = erased(&[(Named::Customer, &["c1"])]);
        assert!(c1.cover_feedback(&feedback("c1"), ""));
        assert!(c1.cover_feedback(&feedback("old"), "c1"));
        assert!(c1.cover_feedback(&feedback(""), "c1"));
        assert!(!c1.cover_feedback(&feedback("c2"), "c2"));
        assert!(!c1.cover_feedback(&feedback(""), ""));
        let mut other = feedback("c1");
        other.tenant = "other".into();
        assert!(!c1.cover_feedback(&other, ""));
        let mut returned = feedback("c1");
        returned.created_at = REQUEST + 1;
        assert!(!c1.cover_feedback(&returned, ""));
    }

    #[test]
    fn one_that_names_none_is_told_by_its_other_keys() {
        let keys: [(Named, &[&str]); 3] = [
            (Named::Identity, &["device_id", "d1"]),
            (Named::Order, &["o1"]),
            (Named::Delivery, &["s1"]),
        ];
        for key in keys {
            let erasures = erased(&[key]);
            assert!(erasures.cover_feedback(&feedback(""), ""), "{key:?}");
            assert!(!erasures.cover_feedback(&feedback("c2"), ""), "{key:?}");
            assert!(!erasures.cover_feedback(&feedback(""), "c2"), "{key:?}");
        }
        let item = erased(&[(Named::Item, &["review", "shop", "r1"])]);
        assert!(item.cover_feedback(&feedback("c2"), "c2"));
    }

    #[test]
    fn versions_of_entities_are_the_customers_whom_they_name() {
        let order = |customer: &str| Change {
            tenant: "acme".into(),
            id: "o1".into(),
            valid_from: REQUEST,
            version: 1,
            deleted: false,
            facts: Facts::Order(odata::Order {
                customer_id: customer.into(),
                ..odata::Order::default()
            }),
        };
        let c1 = erased(&[(Named::Customer, &["c1"])]);
        assert!(c1.cover_change(&order("c1")));
        assert!(!c1.cover_change(&order("c2")) && !c1.cover_change(&order("")));
        let o1 = erased(&[(Named::Order, &["o1"])]);
        assert!(o1.cover_change(&order("")) && !o1.cover_change(&order("c2")));
        let shipment = |order_id: &str| Change {
            id: "s1".into(),
            facts: Facts::Delivery(odata::Delivery {
                order_id: order_id.into(),
                ..odata::Delivery::default()
            }),
            ..order("")
        };
        assert!(o1.cover_change(&shipment("o1")) && !o1.cover_change(&shipment("o2")));
        let mut later = order("c1");
        later.valid_from += 1;
        assert!(!c1.cover_change(&later));
    }

    #[test]
    fn a_deletion_after_the_request_brings_nothing_back() {
        let deletion = |facts| Change {
            tenant: "acme".into(),
            id: "o1".into(),
            valid_from: REQUEST + 300_000,
            version: 2,
            deleted: true,
            facts,
        };
        let order = |customer: &str| {
            Facts::Order(odata::Order {
                customer_id: customer.into(),
                total: Some(10),
                ..odata::Order::default()
            })
        };
        let c1 = erased(&[(Named::Customer, &["c1"])]);
        assert!(c1.cover_change(&deletion(order("c1"))));
        assert!(!c1.cover_change(&deletion(order("c2"))));
        let o1 = erased(&[(Named::Order, &["o1"])]);
        // Of a record that tells its key alone.
        assert!(o1.cover_change(&deletion(order(""))));
        assert!(!o1.cover_change(&deletion(order("c2"))));
    }

    #[test]
    fn what_was_told_longer_ago_than_the_lease_is_known_or_nothing_is_written() {
        let none = Erasures::none();
        assert!(none.is_fresh() && none.is_empty());
        none.add(Mark::from(7), 1);
        assert!(none.is_empty());

        let erasures = Erasures::new(marker(), || Duration::from_secs(100));
        assert!(!erasures.is_fresh());
        erasures.heard(Duration::from_secs(90));
        assert!(!erasures.is_fresh());
        erasures.heard(Duration::from_secs(91));
        erasures.heard(Duration::from_secs(80));
        assert!(erasures.is_fresh());
    }

    #[test]
    fn the_later_of_two_requests_counts() {
        let erasures = erased(&[(Named::Customer, &["c1"])]);
        let mark = marker().mark("acme", Named::Customer, &["c1"]).unwrap();
        let generation = erasures.generation();
        erasures.add(mark, REQUEST - 1);
        assert_eq!((erasures.generation(), erasures.len()), (generation, 1));
        erasures.add(mark, REQUEST + 1);
        assert!(erasures.generation() > generation);
        let mut later = feedback("c1");
        later.created_at += 1;
        assert!(erasures.cover_feedback(&later, ""));
    }
}
