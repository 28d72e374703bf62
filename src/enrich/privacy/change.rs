//! Changes of O-data, protected by the same rules as feedback, so that keys meet.

use crate::odata::{Change, Facts};

use super::find::may_hold;
use super::item::Pass;
use super::{Redactions, Redactor};

impl Redactor {
    /// Hashes identifiers of a change that are personal data, by the rules that hold for the same
    /// identifier in feedback; takes personal data out of its labels. Returns what was
    /// replaced.
    pub fn redact_change(&self, change: &mut Change) -> Redactions {
        let mut tenant = std::mem::take(&mut change.tenant);
        let mut pass = Pass::new(self);
        pass.identifier(&mut tenant);
        pass.tenant = &tenant;
        let id = &mut change.id;
        match &mut change.facts {
            Facts::Customer(customer) => {
                pass.identifier(id);
                pass.identifier(&mut customer.merged_into);
                for label in [
                    &mut customer.segment,
                    &mut customer.persona,
                    &mut customer.tier,
                    &mut customer.plan,
                    &mut customer.locale,
                ] {
                    pass.label(label);
                }
            }
            Facts::Order(order) => {
                pass.key(id);
                pass.identifier(&mut order.customer_id);
                pass.label(&mut order.payment_method);
                pass.label(&mut order.coupon);
            }
            Facts::Ticket(ticket) => {
                pass.key(id);
                pass.identifier(&mut ticket.customer_id);
                pass.identifier(&mut ticket.group_id);
                pass.identifier(&mut ticket.assignee_id);
                pass.label(&mut ticket.channel);
            }
            Facts::Session(session) => {
                pass.key(id);
                pass.identifier(&mut session.customer_id);
                pass.identifier(&mut session.anonymous_id);
                pass.key(&mut session.order_id);
                pass.label(&mut session.device);
                pass.label(&mut session.checkout_step);
            }
            Facts::Delivery(delivery) => {
                pass.key(id);
                pass.key(&mut delivery.order_id);
                pass.label(&mut delivery.carrier);
            }
            Facts::Identity(identity) => {
                pass.identity(&identity.kind, id);
                pass.identifier(&mut identity.kind);
                pass.identifier(&mut identity.customer_id);
            }
        }
        let found = pass.found;
        change.tenant = tenant;
        found
    }
}

impl Pass<'_> {
    /// A short text that is seldom personal: most are left as they are after a glance.
    fn label(&mut self, value: &mut String) {
        if may_hold(value) && !self.identifier(value) {
            self.text(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{self, Body, Context, Feedback, References, Review};
    use crate::odata::{Customer, Delivery, Identity, Order, Session, Ticket};

    fn feedback(id: &str, identity: (&str, &str), key: &str) -> Feedback {
        Feedback {
            tenant: "a".into(),
            source: "shop".into(),
            id: "r-1".into(),
            version: 1,
            deleted: false,
            created_at: 0,
            channel: String::new(),
            customer: feedback::Customer {
                id: id.into(),
                identities: vec![(identity.0.into(), identity.1.into())],
                consent_analytics: None,
            },
            context: Context::default(),
            references: References {
                order_id: key.into(),
                ticket_id: key.into(),
                session_id: key.into(),
                trigger: Some(("delivery".into(), key.into())),
                ..References::default()
            },
            extra: Vec::new(),
            body: Body::Review(Review::default()),
            unknown_fields: 0,
            truncated: false,
        }
    }

    fn change(id: &str, facts: Facts) -> Change {
        let redactor = Redactor::new(b"sixteen bytes key");
        let mut change = Change {
            tenant: "a".into(),
            id: id.into(),
            valid_from: 0,
            version: 0,
            deleted: false,
            facts,
        };
        redactor.redact_change(&mut change);
        change
    }

    #[test]
    fn keys_meet_those_of_feedback() {
        let redactor = Redactor::new(b"sixteen bytes key");
        for value in [
            "Ali@Example.com",
            "09123456789",
            "c-1042",
            "123456",
            "sara@example.com",
        ] {
            for kind in ["email", "phone", "anonymous_id"] {
                let mut item = feedback(value, (kind, value), value);
                redactor.redact_feedback(&mut item);
                let (references, customer) = (&item.references, &item.customer);
                let (order, ticket, session) =
                    (Order::default(), Ticket::default(), Session::default());
                let kind = kind.to_owned();
                let identity = Identity {
                    kind,
                    customer_id: value.into(),
                };
                let ids = [
                    (&customer.id, Facts::Customer(Customer::default())),
                    (&references.order_id, Facts::Order(order)),
                    (&references.ticket_id, Facts::Ticket(ticket)),
                    (&references.session_id, Facts::Session(session)),
                    (
                        &references.trigger.as_ref().unwrap().1,
                        Facts::Delivery(Delivery::default()),
                    ),
                    (&customer.identities[0].1, Facts::Identity(identity)),
                ];
                for (expected, facts) in ids {
                    assert_eq!(&change(value, facts).id, expected, "{value}");
                }
            }
        }
    }

    #[test]
    fn references_to_customers_and_orders_are_hashed_as_they_are_elsewhere() {
        let mail = "sara@example.com";
        let customer = change(mail, Facts::Customer(Customer::default())).id;
        let order = change(mail, Facts::Order(Order::default())).id;
        assert!(customer.starts_with("h:") && order.starts_with("h:"));
        let all = Facts::Session(Session {
            customer_id: mail.into(),
            order_id: mail.into(),
            ..Session::default()
        });
        let Facts::Session(session) = change("s", all).facts else {
            panic!("still a session")
        };
        assert_eq!(
            (session.customer_id, session.order_id),
            (customer.clone(), order.clone())
        );
        let merged = Facts::Customer(Customer {
            merged_into: mail.into(),
            segment: "family".into(),
            persona: format!("writes from {mail}"),
            ..Customer::default()
        });
        let Facts::Customer(merged) = change("c", merged).facts else {
            panic!("still a customer")
        };
        assert_eq!(merged.merged_into, customer);
        assert_eq!(
            (&*merged.segment, &*merged.persona),
            ("family", "writes from [email]")
        );
        let delivery = Facts::Delivery(Delivery {
            order_id: mail.into(),
            ..Delivery::default()
        });
        let Facts::Delivery(delivery) = change("d", delivery).facts else {
            panic!("still a delivery")
        };
        assert_eq!(delivery.order_id, order);
    }
}
