//! The join: what was true when the customer spoke. These rules stand a second time, in SQL, in
//! `warehouse/repair`; a test holds both against one oracle.
//!
//! 1. *When* is the item's `created_at`, the same in every version of the item.
//! 2. Keys are what the feedback names: order, ticket, session; a survey's trigger names one where
//!    the feedback itself does not. The customer is the one named; else whom the first known
//!    identity belongs to; else the one of the order, the ticket, the session, in this order, as they
//!    were then. Where one of them is late, nothing after it counts: it may name another.
//! 3. An identity belongs to the customer of its newest version then. One that was linked only later
//!    belongs to whom it was linked to first: a prospect's words become the customer's.
//!    One that was taken away again by then belongs to nobody.
//! 4. A customer merged into another by then is that other; at most [`MERGES`] steps.
//! 5. The delivery is the one that a trigger names, else, of the shipments of the order that were
//!    there then, the one whose version is the newest, among equal ones the greatest identifier.
//! 6. What did not exist then, or was deleted by then, is a miss, whatever came later.
//! 7. A visit is abandoned if, an hour after its checkout, else its cart, there was no order of it:
//!    none is named then, or the one named was placed later. One of which it was not known then when
//!    it was placed is taken to be in time.

use crate::feedback::{Feedback, Millis};

use super::{Customer, Decimal4, Delivery, Identity, Order, Session, Ticket};

/// Merges that are followed from one customer to the next.
pub const MERGES: usize = 4;
/// A cart or checkout without an order is abandoned after so long.
pub const ABANDONED_AFTER: Millis = 60 * 60 * 1000;
const DAY: Millis = 24 * 60 * 60 * 1000;

/// What a look into the past finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// The version that held then.
    Hit(T),
    /// There was none, or it was deleted.
    Miss,
    /// Versions of that time are no longer kept here: repair in the warehouse tells.
    Late,
}

/// Versions of entities, asked as of a moment. `tenant` first, then the identifier.
pub trait AsOf {
    /// Customer as of then; merges are not followed.
    fn customer(&self, tenant: &str, id: &str, at: Millis) -> Found<Customer>;
    /// Order as of then.
    fn order(&self, tenant: &str, id: &str, at: Millis) -> Found<Order>;
    /// Ticket as of then.
    fn ticket(&self, tenant: &str, id: &str, at: Millis) -> Found<Ticket>;
    /// Session as of then.
    fn session(&self, tenant: &str, id: &str, at: Millis) -> Found<Session>;
    /// Shipment as of then.
    fn delivery(&self, tenant: &str, id: &str, at: Millis) -> Found<Delivery>;
    /// Rule 5: of the shipments whose version then names the order, the newest.
    fn delivery_of(&self, tenant: &str, order_id: &str, at: Millis) -> Found<Delivery>;
    /// Rule 3: identity as of then; if there was no version of it yet, its first later one that is no
    /// deletion. One that was deleted by then is a miss.
    fn identity(&self, tenant: &str, kind: &str, value: &str, at: Millis) -> Found<Identity>;
}

/// Whether there was something to join, by entity; a column of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// The feedback names no such entity.
    #[default]
    None,
    /// Joined.
    Hit,
    /// Named, and not there then.
    Miss,
    /// Older than what the index keeps, or not looked up: repair tells.
    Late,
}

impl Status {
    /// Name in the columns `customer_join`, `order_join`, …
    pub fn name(self) -> &'static str {
        match self {
            Status::None => "none",
            Status::Hit => "hit",
            Status::Miss => "miss",
            Status::Late => "late",
        }
    }
}

/// What a row stores of O-data: whom it is about, and a small snapshot of then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// Customer after identities and merges; empty if none is known.
    pub customer_id: String,
    /// Customers on the way there, each merged into the next: a change of one of them is a change of
    /// this row.
    pub merged: Vec<String>,
    /// Status by entity.
    pub customer: Status,
    /// See [`Status`].
    pub order: Status,
    /// See [`Status`].
    pub ticket: Status,
    /// See [`Status`].
    pub session: Status,
    /// See [`Status`]; none without an order or a trigger that names a shipment.
    pub delivery: Status,
    /// [`Customer::segment`].
    pub segment: String,
    /// [`Customer::persona`].
    pub persona: String,
    /// [`Customer::tier`].
    pub tier: String,
    /// [`Customer::plan`].
    pub plan: String,
    /// [`Customer::country`].
    pub country: String,
    /// [`Customer::clv`].
    pub clv: Option<Decimal4>,
    /// [`Customer::clv_currency`].
    pub clv_currency: String,
    /// [`Order::status`].
    pub order_status: String,
    /// [`Order::total`].
    pub order_total: Option<Decimal4>,
    /// [`Order::currency`].
    pub order_currency: String,
    /// See [`days_late`].
    pub days_late: Option<i32>,
    /// [`Delivery::status`].
    pub delivery_status: String,
    /// [`Ticket::status`].
    pub ticket_status: String,
    /// [`Ticket::reopens`].
    pub ticket_reopens: Option<u32>,
    /// See [`checkout_abandoned`].
    pub checkout_abandoned: Option<bool>,
}

/// The keys that a feedback names, by rule 2; empty where it names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys<'a> {
    /// Customer named.
    pub customer_id: &'a str,
    /// Further identifiers: (type, value).
    pub identities: &'a [(String, String)],
    /// Order.
    pub order_id: &'a str,
    /// Ticket.
    pub ticket_id: &'a str,
    /// Session.
    pub session_id: &'a str,
    /// Shipment.
    pub shipment_id: &'a str,
}

impl<'a> Keys<'a> {
    /// Keys of an item.
    pub fn of(feedback: &'a Feedback) -> Self {
        let references = &feedback.references;
        let trigger = |kind: &str| match &references.trigger {
            Some((of, id)) if of == kind => id.as_str(),
            _ => "",
        };
        let or = |named: &'a str, kind: &str| match named {
            "" => trigger(kind),
            named => named,
        };
        Self {
            customer_id: &feedback.customer.id,
            identities: &feedback.customer.identities,
            order_id: or(&references.order_id, "order"),
            ticket_id: or(&references.ticket_id, "ticket"),
            session_id: &references.session_id,
            shipment_id: trigger("delivery"),
        }
    }
}

impl Joined {
    /// What is joined where no O-data is at hand: everything named is left to repair.
    pub fn unknown(keys: &Keys<'_>) -> Self {
        let late = |named: bool| if named { Status::Late } else { Status::None };
        let order = !keys.order_id.is_empty();
        let customer = !keys.customer_id.is_empty() || !keys.identities.is_empty();
        let others = order || !keys.ticket_id.is_empty() || !keys.session_id.is_empty();
        Self {
            customer_id: keys.customer_id.to_owned(),
            customer: late(customer || others),
            order: late(order),
            ticket: late(!keys.ticket_id.is_empty()),
            session: late(!keys.session_id.is_empty()),
            delivery: late(order || !keys.shipment_id.is_empty()),
            ..Self::default()
        }
    }
}

/// Joins an item's keys as of then.
pub fn join(tenant: &str, keys: &Keys<'_>, at: Millis, history: &impl AsOf) -> Joined {
    let mut joined = Joined::default();
    let order = look(&mut joined.order, keys.order_id, |id| {
        history.order(tenant, id, at)
    });
    let ticket = look(&mut joined.ticket, keys.ticket_id, |id| {
        history.ticket(tenant, id, at)
    });
    let session = look(&mut joined.session, keys.session_id, |id| {
        history.session(tenant, id, at)
    });
    let delivery = match keys.shipment_id {
        "" => look(&mut joined.delivery, keys.order_id, |id| {
            history.delivery_of(tenant, id, at)
        }),
        named => look(&mut joined.delivery, named, |id| {
            history.delivery(tenant, id, at)
        }),
    };
    let of_entities = [
        (joined.order, order.as_ref().map(|o| &o.customer_id)),
        (joined.ticket, ticket.as_ref().map(|t| &t.customer_id)),
        (joined.session, session.as_ref().map(|s| &s.customer_id)),
    ];
    match who(tenant, keys, at, history, of_entities) {
        Found::Hit(id) => customer(&mut joined, tenant, id, at, history),
        Found::Late => joined.customer = Status::Late,
        Found::Miss if !keys.identities.is_empty() => joined.customer = Status::Miss,
        Found::Miss => {}
    }
    if let Some(order) = order {
        joined.order_status = order.status;
        joined.order_total = order.total;
        joined.order_currency = order.currency;
    }
    if let Some(ticket) = ticket {
        joined.ticket_status = ticket.status;
        joined.ticket_reopens = ticket.reopens;
    }
    if let Some(session) = session {
        let placed = || match history.order(tenant, &session.order_id, at) {
            Found::Hit(order) => Found::Hit(order.created_at),
            Found::Miss => Found::Hit(None),
            Found::Late => Found::Late,
        };
        joined.checkout_abandoned = checkout_abandoned(&session, at, placed);
    }
    if let Some(delivery) = delivery {
        joined.days_late = days_late(&delivery, at);
        joined.delivery_status = delivery.status;
    }
    joined
}

/// Looks up what is named, and says in `status` what was found.
fn look<T>(status: &mut Status, named: &str, find: impl Fn(&str) -> Found<T>) -> Option<T> {
    if named.is_empty() {
        return None;
    }
    let (found, told) = match find(named) {
        Found::Hit(found) => (Some(found), Status::Hit),
        Found::Miss => (None, Status::Miss),
        Found::Late => (None, Status::Late),
    };
    *status = told;
    found
}

/// Rule 2: the customer whom the first of the keys leads to that leads to one; `of_entities` says of
/// order, ticket and session what was found, and whom it names.
fn who(
    tenant: &str,
    keys: &Keys<'_>,
    at: Millis,
    history: &impl AsOf,
    of_entities: [(Status, Option<&String>); 3],
) -> Found<String> {
    if !keys.customer_id.is_empty() {
        return Found::Hit(keys.customer_id.to_owned());
    }
    match identified(tenant, keys.identities, at, history) {
        Found::Miss => {}
        found => return found,
    }
    for (status, named) in of_entities {
        match named {
            _ if status == Status::Late => return Found::Late,
            Some(id) if !id.is_empty() => return Found::Hit(id.clone()),
            _ => {}
        }
    }
    Found::Miss
}

/// Rule 3: the customer of the first identity that belongs to one.
fn identified(
    tenant: &str,
    identities: &[(String, String)],
    at: Millis,
    history: &impl AsOf,
) -> Found<String> {
    for (kind, value) in identities {
        match history.identity(tenant, kind, value, at) {
            Found::Hit(identity) if !identity.customer_id.is_empty() => {
                return Found::Hit(identity.customer_id);
            }
            Found::Hit(_) | Found::Miss => {}
            Found::Late => return Found::Late,
        }
    }
    Found::Miss
}

/// Rule 4: the customer, merges followed. A customer merged into one who was not there then is
/// that other one, and a miss.
fn customer(joined: &mut Joined, tenant: &str, mut id: String, at: Millis, history: &impl AsOf) {
    for step in 0..=MERGES {
        match history.customer(tenant, &id, at) {
            Found::Hit(found) if !found.merged_into.is_empty() && step < MERGES => {
                joined
                    .merged
                    .push(std::mem::replace(&mut id, found.merged_into));
            }
            Found::Hit(found) => {
                joined.customer = Status::Hit;
                joined.segment = found.segment;
                joined.persona = found.persona;
                joined.tier = found.tier;
                joined.plan = found.plan;
                joined.country = found.country;
                joined.clv = found.clv;
                joined.clv_currency = found.clv_currency;
                break;
            }
            Found::Miss => {
                joined.customer = Status::Miss;
                break;
            }
            Found::Late => {
                joined.customer = Status::Late;
                break;
            }
        }
    }
    joined.customer_id = id;
}

/// Days (UTC) from the promised day to the day of arrival, or, of a parcel that has not arrived, to
/// the day of `at` once it is past its promise. Negative when early; `None` without a promise, and
/// while a parcel is neither there nor due.
pub fn days_late(delivery: &Delivery, at: Millis) -> Option<i32> {
    let promised = delivery.promised_at?;
    let end = match delivery.delivered_at {
        Some(delivered) => delivered,
        None if at > promised => at,
        None => return None,
    };
    i32::try_from(end.div_euclid(DAY) - promised.div_euclid(DAY)).ok()
}

/// Rule 7: whether a visit that reached the checkout, or else the cart, had come to no order an hour
/// later. `placed`: when the order that it names was placed, as far as that was known then. `None`
/// for a visit that reached neither, before the hour is over, and where the order is late.
pub fn checkout_abandoned(
    session: &Session,
    at: Millis,
    placed: impl FnOnce() -> Found<Option<Millis>>,
) -> Option<bool> {
    let began = session.checkout_at.or(session.cart_at)?;
    if session.order_id.is_empty() {
        return (at - began >= ABANDONED_AFTER).then_some(true);
    }
    match placed() {
        Found::Hit(placed) => Some(placed.is_some_and(|at| at - began > ABANDONED_AFTER)),
        Found::Miss => Some(false),
        Found::Late => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Millis = 1_770_000_000_000;
    const HOUR: Millis = 3_600_000;

    /// What is told of one moment and later, by hand: the first entry that fits is the answer.
    #[derive(Default)]
    struct Told {
        customers: Vec<(&'static str, Found<Customer>)>,
        orders: Vec<(&'static str, Found<Order>)>,
        tickets: Vec<(&'static str, Found<Ticket>)>,
        sessions: Vec<(&'static str, Found<Session>)>,
        deliveries: Vec<(&'static str, Found<Delivery>)>,
        shipped: Vec<(&'static str, Found<Delivery>)>,
        identities: Vec<(&'static str, Found<Identity>)>,
    }

    fn answer<T: Clone>(told: &[(&'static str, Found<T>)], id: &str) -> Found<T> {
        let found = told.iter().find(|(name, _)| *name == id);
        found.map_or(Found::Miss, |(_, found)| found.clone())
    }

    impl AsOf for Told {
        fn customer(&self, _: &str, id: &str, _: Millis) -> Found<Customer> {
            answer(&self.customers, id)
        }
        fn order(&self, _: &str, id: &str, _: Millis) -> Found<Order> {
            answer(&self.orders, id)
        }
        fn ticket(&self, _: &str, id: &str, _: Millis) -> Found<Ticket> {
            answer(&self.tickets, id)
        }
        fn session(&self, _: &str, id: &str, _: Millis) -> Found<Session> {
            answer(&self.sessions, id)
        }
        fn delivery(&self, _: &str, id: &str, _: Millis) -> Found<Delivery> {
            answer(&self.deliveries, id)
        }
        fn delivery_of(&self, _: &str, order_id: &str, _: Millis) -> Found<Delivery> {
            answer(&self.shipped, order_id)
        }
        fn identity(&self, _: &str, kind: &str, value: &str, _: Millis) -> Found<Identity> {
            answer(&self.identities, &format!("{kind}={value}"))
        }
    }

    const NOTHING: Keys<'static> = Keys {
        customer_id: "",
        identities: &[],
        order_id: "",
        ticket_id: "",
        session_id: "",
        shipment_id: "",
    };

    fn customer_of(segment: &str, merged_into: &str) -> Found<Customer> {
        Found::Hit(Customer {
            segment: segment.into(),
            merged_into: merged_into.into(),
            ..Customer::default()
        })
    }

    fn order_of(customer_id: &str) -> Found<Order> {
        Found::Hit(Order {
            customer_id: customer_id.into(),
            status: "paid".into(),
            total: Some(125_000),
            currency: "EUR".into(),
            ..Order::default()
        })
    }

    fn ticket_of(customer_id: &str) -> Found<Ticket> {
        Found::Hit(Ticket {
            customer_id: customer_id.into(),
            ..Ticket::default()
        })
    }

    fn identity_of(customer_id: &str) -> Found<Identity> {
        Found::Hit(Identity {
            kind: "device_id".into(),
            customer_id: customer_id.into(),
        })
    }

    fn devices(values: &[&str]) -> Vec<(String, String)> {
        let device = |value: &&str| ("device_id".to_owned(), (*value).to_owned());
        values.iter().map(device).collect()
    }

    /// Customer and status that keys lead to.
    fn who(keys: &Keys<'_>, told: &Told) -> (String, Status) {
        let joined = join("t", keys, T0, told);
        (joined.customer_id, joined.customer)
    }

    fn is(id: &str, status: Status) -> (String, Status) {
        (id.to_owned(), status)
    }

    #[test]
    fn what_names_nothing_joins_nothing() {
        assert_eq!(join("t", &NOTHING, T0, &Told::default()), Joined::default());
        assert_eq!(Joined::unknown(&NOTHING), Joined::default());
    }

    #[test]
    fn the_customer_is_the_one_named_then_by_identity_then_of_order_ticket_and_visit() {
        let told = Told {
            customers: vec![
                ("named", customer_of("a", "")),
                ("linked", customer_of("b", "")),
                ("buyer", customer_of("c", "")),
                ("asker", customer_of("d", "")),
                ("visitor", customer_of("e", "")),
            ],
            orders: vec![("o", order_of("buyer")), ("anonymous", order_of(""))],
            tickets: vec![("t", ticket_of("asker"))],
            sessions: vec![(
                "s",
                Found::Hit(Session {
                    customer_id: "visitor".into(),
                    ..Session::default()
                }),
            )],
            identities: vec![("device_id=d", identity_of("linked"))],
            ..Told::default()
        };
        let identities = devices(&["unknown", "d"]);
        let mut keys = Keys {
            customer_id: "named",
            identities: &identities,
            order_id: "o",
            ticket_id: "t",
            session_id: "s",
            shipment_id: "",
        };
        assert_eq!(who(&keys, &told), is("named", Status::Hit));
        keys.customer_id = "";
        assert_eq!(who(&keys, &told), is("linked", Status::Hit));
        keys.identities = &[];
        assert_eq!(who(&keys, &told), is("buyer", Status::Hit));
        keys.order_id = "anonymous";
        assert_eq!(who(&keys, &told), is("asker", Status::Hit));
        keys.ticket_id = "gone";
        let joined = join("t", &keys, T0, &told);
        assert_eq!(
            (joined.customer_id.as_str(), joined.segment.as_str()),
            ("visitor", "e")
        );
        assert_eq!(
            (joined.order, joined.ticket, joined.session, joined.delivery),
            (Status::Hit, Status::Miss, Status::Hit, Status::Miss)
        );
    }

    #[test]
    fn a_customer_who_was_not_there_then_is_a_miss_under_the_name_given() {
        let named = Keys {
            customer_id: "later",
            ..NOTHING
        };
        assert_eq!(who(&named, &Told::default()), is("later", Status::Miss));
        let identities = devices(&["never linked"]);
        let identified = Keys {
            identities: &identities,
            ..NOTHING
        };
        assert_eq!(who(&identified, &Told::default()), is("", Status::Miss));
        // An order that names nobody leads to nobody, and nothing is missed.
        let told = Told {
            orders: vec![("o", order_of(""))],
            ..Told::default()
        };
        let order = Keys {
            order_id: "o",
            ..NOTHING
        };
        assert_eq!(who(&order, &told), is("", Status::None));
    }

    #[test]
    fn merges_are_followed_but_not_for_ever() {
        let told = Told {
            customers: vec![
                ("a", customer_of("was a", "b")),
                ("b", customer_of("was b", "c")),
                ("c", customer_of("is c", "")),
                ("x", customer_of("is x", "y")),
                ("y", customer_of("is y", "x")),
                ("lost", customer_of("was lost", "nobody")),
            ],
            ..Told::default()
        };
        let of = |customer_id| {
            let keys = Keys {
                customer_id,
                ..NOTHING
            };
            join("t", &keys, T0, &told)
        };
        let merged = of("a");
        assert_eq!(
            (merged.customer_id.as_str(), merged.segment.as_str()),
            ("c", "is c")
        );
        assert_eq!(merged.merged, ["a", "b"]);
        let circle = of("x");
        assert_eq!(
            (circle.customer_id.as_str(), circle.customer),
            ("x", Status::Hit)
        );
        assert_eq!(circle.merged, ["x", "y", "x", "y"]);
        let lost = of("lost");
        assert_eq!(
            (
                lost.customer_id.as_str(),
                lost.customer,
                lost.segment.as_str()
            ),
            ("nobody", Status::Miss, "")
        );
    }

    #[test]
    fn what_is_no_longer_kept_is_late_and_decides_nothing_after_it() {
        let identities = devices(&["old", "d"]);
        let told = Told {
            customers: vec![("old", Found::Late), ("linked", customer_of("b", ""))],
            orders: vec![("o", Found::Late)],
            identities: vec![
                ("device_id=old", Found::Late),
                ("device_id=d", identity_of("linked")),
            ],
            ..Told::default()
        };
        let named = Keys {
            customer_id: "old",
            ..NOTHING
        };
        assert_eq!(who(&named, &told), is("old", Status::Late));
        // The first identity may belong to another: the second does not count.
        let identified = Keys {
            identities: &identities,
            ..NOTHING
        };
        assert_eq!(who(&identified, &told), is("", Status::Late));
        let order = Keys {
            order_id: "o",
            ..NOTHING
        };
        let joined = join("t", &order, T0, &told);
        assert_eq!(
            (joined.order, joined.customer),
            (Status::Late, Status::Late)
        );
        // Nor does what names a customer after them.
        let told = Told {
            tickets: vec![("t", ticket_of("asker"))],
            customers: vec![
                ("asker", customer_of("d", "")),
                ("buyer", customer_of("c", "")),
            ],
            orders: vec![("o", Found::Late), ("known", order_of("buyer"))],
            ..told
        };
        let asked = |identities: &[(String, String)], order_id: &str| {
            let keys = Keys {
                identities,
                order_id,
                ticket_id: "t",
                ..NOTHING
            };
            who(&keys, &told)
        };
        assert_eq!(asked(&identities, ""), is("", Status::Late));
        assert_eq!(asked(&identities, "known"), is("", Status::Late));
        assert_eq!(asked(&[], "o"), is("", Status::Late));
        assert_eq!(asked(&[], "known"), is("buyer", Status::Hit));
        assert_eq!(asked(&[], ""), is("asker", Status::Hit));
    }

    #[test]
    fn a_trigger_names_what_the_feedback_itself_does_not() {
        let mut feedback = Feedback {
            tenant: "t".into(),
            source: "s".into(),
            id: "r".into(),
            version: 1,
            deleted: false,
            created_at: T0,
            channel: String::new(),
            customer: crate::feedback::Customer::default(),
            context: crate::feedback::Context::default(),
            references: crate::feedback::References::default(),
            extra: Vec::new(),
            body: crate::feedback::Body::Review(crate::feedback::Review::default()),
            unknown_fields: 0,
            truncated: false,
        };
        let trigger = |kind: &str| Some((kind.to_owned(), "x".to_owned()));
        feedback.references.trigger = trigger("order");
        assert_eq!(Keys::of(&feedback).order_id, "x");
        feedback.references.order_id = "named".into();
        assert_eq!(Keys::of(&feedback).order_id, "named");
        feedback.references.trigger = trigger("ticket");
        assert_eq!(Keys::of(&feedback).ticket_id, "x");
        feedback.references.trigger = trigger("delivery");
        let keys = Keys::of(&feedback);
        assert_eq!((keys.shipment_id, keys.ticket_id), ("x", ""));
        let unknown = Joined::unknown(&keys);
        assert_eq!(
            (
                unknown.customer,
                unknown.order,
                unknown.delivery,
                unknown.ticket
            ),
            (Status::Late, Status::Late, Status::Late, Status::None)
        );

        // A shipment that is named is not looked for by the order.
        let shipment = |status: &str| {
            Found::Hit(Delivery {
                status: status.into(),
                ..Delivery::default()
            })
        };
        let told = Told {
            deliveries: vec![("x", shipment("lost"))],
            shipped: vec![("named", shipment("delivered"))],
            ..Told::default()
        };
        assert_eq!(join("t", &keys, T0, &told).delivery_status, "lost");
        let by_order = Keys {
            shipment_id: "",
            ..keys
        };
        assert_eq!(join("t", &by_order, T0, &told).delivery_status, "delivered");
    }

    #[test]
    fn days_late_are_days_of_the_calendar() {
        // 2026-02-02 02:40 UTC.
        let promised = Some(T0);
        let late = |delivered_at, at| {
            let delivery = Delivery {
                promised_at: promised,
                delivered_at,
                ..Delivery::default()
            };
            days_late(&delivery, at)
        };
        assert_eq!(late(Some(T0 + HOUR), T0), Some(0), "the same day");
        assert_eq!(late(Some(T0 + 22 * HOUR), T0), Some(1), "the next morning");
        assert_eq!(
            late(Some(T0 - 3 * HOUR), T0),
            Some(-1),
            "the evening before"
        );
        assert_eq!(late(None, T0 + 72 * HOUR), Some(3), "overdue");
        assert_eq!(late(None, T0), None, "not due yet");
        assert_eq!(
            days_late(&Delivery::default(), T0),
            None,
            "nothing promised"
        );
    }

    #[test]
    fn a_visit_is_abandoned_an_hour_after_checkout_or_cart() {
        let visit = |cart_at, checkout_at, order_id: &str| Session {
            cart_at,
            checkout_at,
            order_id: order_id.into(),
            ..Session::default()
        };
        let without =
            |session: &Session, at| checkout_abandoned(session, at, || panic!("there is no order"));
        let cart = visit(Some(T0), None, "");
        assert_eq!(without(&cart, T0 + HOUR - 1), None);
        assert_eq!(without(&cart, T0 + HOUR), Some(true));
        let checkout = visit(Some(T0), Some(T0 + HOUR), "");
        assert_eq!(without(&checkout, T0 + HOUR), None);
        let looked = visit(None, None, "");
        assert_eq!(without(&looked, T0 + 9 * HOUR), None);
        let bought = visit(Some(T0), None, "o");
        let placed = |placed| checkout_abandoned(&bought, T0 + 9 * HOUR, || placed);
        assert_eq!(placed(Found::Hit(Some(T0 + HOUR))), Some(false));
        assert_eq!(placed(Found::Hit(Some(T0 + HOUR + 1))), Some(true));
        assert_eq!(placed(Found::Hit(None)), Some(false), "not told when");
        assert_eq!(placed(Found::Late), None);
    }

    #[test]
    fn an_order_is_in_time_by_what_was_known_of_it_then() {
        let visit = Found::Hit(Session {
            checkout_at: Some(T0 - 9 * HOUR),
            order_id: "o".into(),
            ..Session::default()
        });
        let abandoned = |order: Found<Order>| {
            let told = Told {
                sessions: vec![("s", visit.clone())],
                orders: vec![("o", order)],
                ..Told::default()
            };
            let keys = Keys {
                session_id: "s",
                ..NOTHING
            };
            join("t", &keys, T0, &told).checkout_abandoned
        };
        let placed = |created_at| {
            Found::Hit(Order {
                created_at,
                ..Order::default()
            })
        };
        assert_eq!(abandoned(placed(Some(T0 - 2 * HOUR))), Some(true));
        assert_eq!(abandoned(placed(Some(T0 - 8 * HOUR))), Some(false));
        assert_eq!(abandoned(placed(None)), Some(false));
        assert_eq!(abandoned(Found::Miss), Some(false));
        assert_eq!(abandoned(Found::Late), None);
    }
}
