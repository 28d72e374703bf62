//! Identifiers of one person in the form in which feedback is stored under them.

use super::Redactor;
use super::item::Pass;

/// Whom somebody names, as it is stored: see [`Redactor::person`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Owner of the data.
    pub tenant: String,
    /// Customer; empty where none is named.
    pub customer_id: String,
    /// Further identifiers: (type, value).
    pub identities: Vec<(String, String)>,
}

impl Redactor {
    /// Protects identifiers exactly as [`redact_feedback`](Self::redact_feedback) does, so that what
    /// is stored under them is found.
    pub fn person(&self, mut person: Person) -> Person {
        let mut pass = Pass::new(self);
        pass.identifier(&mut person.tenant);
        pass.tenant = &person.tenant;
        pass.identifier(&mut person.customer_id);
        for (kind, value) in &mut person.identities {
            pass.identity(kind, value);
            pass.identifier(kind);
        }
        person
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Body, Context, Customer, Feedback, References, Review};

    #[test]
    fn a_person_is_protected_as_the_feedback_is() {
        let redactor = Redactor::new(b"a key known to tests");
        let identities = [
            ("email", "Jo@Example.com"),
            ("phone", "+98 912 345 6789"),
            ("device_id", "d-1"),
            ("user_id", "jo@example.com"),
        ];
        let identities: Vec<(String, String)> = identities
            .iter()
            .map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned()))
            .collect();
        for (tenant, id) in [("acme", "0912 345 6789"), ("jo@example.com", "c-1")] {
            let mut feedback = Feedback {
                tenant: tenant.into(),
                source: "shop".into(),
                id: "r1".into(),
                version: 1,
                deleted: false,
                created_at: 0,
                channel: String::new(),
                customer: Customer {
                    id: id.into(),
                    identities: identities.clone(),
                    consent_analytics: None,
                },
                context: Context::default(),
                references: References::default(),
                extra: Vec::new(),
                body: Body::Review(Review::default()),
                unknown_fields: 0,
                truncated: false,
            };
            redactor.redact_feedback(&mut feedback);
            let person = redactor.person(Person {
                tenant: tenant.into(),
                customer_id: id.into(),
                identities: identities.clone(),
            });
            assert_eq!(person.tenant, feedback.tenant);
            assert_eq!(person.customer_id, feedback.customer.id);
            assert_eq!(person.identities, feedback.customer.identities);
        }
    }
}
