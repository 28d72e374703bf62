//! The fields of a feedback: which are texts, which are identifiers, which are keys into other systems.

use super::{Kind, Redactions, Redactor, canonical, find};
use crate::feedback::{Body, Feedback, Survey, Turn};
use crate::text;

impl Redactor {
    /// Makes every text of the item clean and redacted and hashes personal identifiers.
    /// Returns what was replaced.
    ///
    /// Order, ticket and session ids and what is reviewed are keys into other systems: of them
    /// only e-mail addresses are hashed, for their numbers often look like phone numbers.
    pub fn redact_feedback(&self, feedback: &mut Feedback) -> Redactions {
        // The tenant itself is hashed as one of no tenant.
        let mut tenant = std::mem::take(&mut feedback.tenant);
        let mut pass = Pass::new(self);
        pass.identifier(&mut tenant);
        pass.tenant = &tenant;
        pass.identifier(&mut feedback.source);
        pass.identifier(&mut feedback.id);
        pass.identifier(&mut feedback.customer.id);
        for (kind, value) in &mut feedback.customer.identities {
            pass.identity(kind, value);
            pass.identifier(kind);
        }
        let references = &mut feedback.references;
        pass.identifier(&mut references.conversation_id);
        pass.key(&mut references.order_id);
        pass.key(&mut references.ticket_id);
        pass.key(&mut references.session_id);
        if let Some((_, id)) = &mut references.trigger {
            pass.key(id);
        }
        let context = &mut feedback.context;
        pass.text(&mut context.url);
        pass.key(&mut context.app_version);
        for field in [
            &mut feedback.channel,
            &mut context.touchpoint,
            &mut context.journey_stage,
            &mut context.purchase_phase,
            &mut context.lang_hint,
        ] {
            pass.identifier(field);
        }
        if let Some((experiment, variant)) = &mut context.experiment {
            pass.key(experiment);
            pass.key(variant);
        }
        for (name, value) in &mut feedback.extra {
            pass.identifier(name);
            pass.text(value);
        }
        pass.body(&mut feedback.body);
        let found = pass.found;
        feedback.tenant = tenant;
        found
    }
}

/// One walk over the fields of an item.
pub(super) struct Pass<'a> {
    redactor: &'a Redactor,
    pub(super) tenant: &'a str,
    pub(super) found: Redactions,
}

impl<'a> Pass<'a> {
    /// Begins with fields that belong to no tenant, as the tenant itself.
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            tenant: "",
            found: Redactions::default(),
        }
    }

    fn body(&mut self, body: &mut Body) {
        match body {
            Body::Review(review) => {
                self.text(&mut review.title);
                self.text(&mut review.body);
                self.text(&mut review.item.name);
                self.key(&mut review.item.id);
                self.key(&mut review.item.sku);
                if !self.identifier(&mut review.author) {
                    self.text(&mut review.author);
                }
                for (aspect, _) in &mut review.aspect_ratings {
                    self.text(aspect);
                }
                if let Some((reply, _)) = &mut review.reply {
                    self.text(reply);
                }
            }
            Body::Conversation(conversation) => {
                self.text(&mut conversation.rating_comment);
                for tag in &mut conversation.tags {
                    self.text(tag);
                }
                for turn in &mut conversation.turns {
                    self.turn(turn);
                }
            }
            Body::Message(turn) => self.turn(turn),
            Body::Survey(survey) => self.survey(survey),
        }
    }

    fn turn(&mut self, turn: &mut Turn) {
        self.text(&mut turn.body);
        self.identifier(&mut turn.participant);
        self.key(&mut turn.id);
    }

    fn survey(&mut self, survey: &mut Survey) {
        self.text(&mut survey.name);
        self.key(&mut survey.survey_id);
        for answer in &mut survey.answers {
            self.key(&mut answer.question_id);
            self.text(&mut answer.question);
            self.text(&mut answer.text);
            for choice in &mut answer.choices {
                self.text(choice);
            }
        }
    }

    /// Makes a text clean and redacted.
    pub(super) fn text(&mut self, value: &mut String) {
        if value.is_empty() {
            return;
        }
        let (redacted, found) = self.redactor.redact_of(self.tenant, text::clean(value));
        *value = redacted;
        self.found.add_all(&found);
    }

    /// Hashes an identifier that is an e-mail address or a phone number; says whether it was.
    pub(super) fn identifier(&mut self, value: &mut String) -> bool {
        self.hash_if(value, |kind| {
            matches!(kind, Kind::Email | Kind::Phone | Kind::Id)
        })
    }

    /// Hashes a key into another system if it is an e-mail address.
    pub(super) fn key(&mut self, value: &mut String) {
        self.hash_if(value, |kind| kind == Kind::Email);
    }

    /// Hashes an identity by its type, whatever it looks like. Hashes of the source stay.
    pub(super) fn identity(&mut self, kind: &str, value: &mut String) {
        if matches!(kind, "email" | "phone") && !value.is_empty() && !value.starts_with("h:") {
            self.hash(
                value,
                if kind == "email" {
                    Kind::Email
                } else {
                    Kind::Phone
                },
            );
        } else {
            self.identifier(value);
        }
    }

    fn hash_if(&mut self, value: &mut String, personal: impl Fn(Kind) -> bool) -> bool {
        let trimmed = value.trim();
        let Some(kind) = find::whole(trimmed).filter(|kind| personal(*kind)) else {
            return false;
        };
        self.hash(value, kind);
        true
    }

    fn hash(&mut self, value: &mut String, kind: Kind) {
        let hash = self
            .redactor
            .hash(self.tenant, &canonical::form(value, kind));
        // A key that HMAC refuses does not exist; should it, the value goes all the same.
        *value = match hash {
            Some(hash) => format!("h:{hash}"),
            None => format!("[{}]", kind.name()),
        };
        self.found.add(kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Context, Customer, References, Review};

    #[test]
    fn identifiers_that_are_personal_data_are_hashed_by_tenant() {
        let redactor = Redactor::new(b"sixteen bytes key");
        let feedback = |tenant: &str, id: &str| Feedback {
            tenant: tenant.into(),
            source: "shop".into(),
            id: "r-1".into(),
            version: 1,
            deleted: false,
            created_at: 0,
            channel: "web".into(),
            customer: Customer {
                id: id.into(),
                identities: vec![("phone".into(), "+98 912 345 6789".into())],
                consent_analytics: None,
            },
            context: Context {
                url: "https://x.example/?mail=a@b.com".into(),
                ..Context::default()
            },
            references: References {
                order_id: "09123456789".into(),
                ..References::default()
            },
            extra: vec![("note".into(), "call +989123456789".into())],
            body: Body::Review(Review {
                title: " Good\u{A0} ".into(),
                body: "mail a@b.com".into(),
                author: "Sara 0912 345 6789".into(),
                ..Review::default()
            }),
            unknown_fields: 0,
            truncated: false,
        };
        let hashed = |tenant: &str, id: &str| {
            let mut item = feedback(tenant, id);
            let found = redactor.redact_feedback(&mut item);
            (item, found)
        };
        let (item, found) = hashed("a", "Ali@Example.com");
        assert_eq!(found.total(), 6);
        assert_eq!(item.id, "r-1");
        assert!(item.customer.id.starts_with("h:") && item.customer.id.len() == 34);
        assert_eq!(item.context.url, "https://x.example/?mail=[email]");
        assert_eq!(item.references.order_id, "09123456789");
        assert_eq!(item.extra[0].1, "call [phone]");
        let Body::Review(review) = &item.body else {
            panic!("still a review")
        };
        assert_eq!(
            (review.title.as_str(), review.body.as_str()),
            ("Good", "mail [email]")
        );
        assert_eq!(review.author, "Sara [phone]");

        assert_eq!(
            hashed("a", "ali@example.com").0.customer.id,
            item.customer.id
        );
        assert_ne!(
            hashed("b", "ali@example.com").0.customer.id,
            item.customer.id
        );
        assert_eq!(
            hashed("a", "00989123456789").0.customer.id,
            item.customer.identities[0].1
        );
        assert_eq!(hashed("a", "c-1042").0.customer.id, "c-1042");
        assert_eq!(hashed("a", "123456").0.customer.id, "123456");
    }
    /// Every text of every kind of item, each with the same e-mail address in it.
    fn planted() -> Vec<Feedback> {
        let mail = || "write to planted@example.com".to_owned();
        let turn = Turn {
            body: mail(),
            ..Turn::default()
        };
        let rating = crate::feedback::Rating {
            value: 1.0,
            worst: 1.0,
            best: 5.0,
        };
        let bodies = [
            Body::Review(Review {
                title: mail(),
                body: mail(),
                author: mail(),
                item: crate::feedback::Item {
                    name: mail(),
                    ..crate::feedback::Item::default()
                },
                aspect_ratings: vec![(mail(), rating)],
                reply: Some((mail(), 0)),
                ..Review::default()
            }),
            Body::Conversation(crate::feedback::Conversation {
                turns: vec![turn.clone(), turn.clone()],
                rating_comment: mail(),
                tags: vec![mail()],
                ..crate::feedback::Conversation::default()
            }),
            Body::Message(turn),
            Body::Survey(Survey {
                name: mail(),
                answers: vec![crate::feedback::Answer {
                    question_id: "q".into(),
                    question: mail(),
                    kind: crate::feedback::AnswerType::Text,
                    number: None,
                    text: mail(),
                    boolean: None,
                    choices: vec![mail()],
                    scale: None,
                }],
                ..Survey::default()
            }),
        ];
        let feedback = |body| Feedback {
            tenant: "acme".into(),
            source: "shop".into(),
            id: "r-1".into(),
            version: 1,
            deleted: false,
            created_at: 0,
            channel: "web".into(),
            customer: Customer::default(),
            context: Context {
                url: mail(),
                ..Context::default()
            },
            references: References::default(),
            extra: vec![("note".into(), mail())],
            body,
            unknown_fields: 0,
            truncated: false,
        };
        bodies.into_iter().map(feedback).collect()
    }

    #[test]
    fn every_text_of_every_kind_is_redacted_and_counted() {
        let redactor = Redactor::new(b"sixteen bytes key");
        for mut item in planted() {
            let texts = format!("{item:?}").matches("planted").count();
            let found = redactor.redact_feedback(&mut item);
            let after = format!("{item:?}");
            assert!(!after.contains("planted"), "{after}");
            assert_eq!(found.of(Kind::Email) as usize, texts);
            assert_eq!(after.matches("[email]").count(), texts);
        }
    }
}
