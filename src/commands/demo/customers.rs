//! The demo's customers: each speaks one language, and belongs to a segment.

use fastrand::Rng;
use serde_json::json;

use super::operations::{Told, change};
use super::record::{HOUR, time};
use super::texts::Language;
use crate::feedback::Millis;
use crate::odata::Entity;

/// Customers of all languages together, by the languages' shares of a hundred.
const CUSTOMERS: usize = 250;
const DAY: Millis = 24 * HOUR;

/// Segments with their share of customers in percent, tier, plan and least lifetime value in euros.
const SEGMENTS: [(&str, usize, &str, &str, u32); 3] = [
    ("loyal", 30, "gold", "plus", 1_500),
    ("regular", 35, "silver", "basic", 250),
    ("new", 35, "bronze", "basic", 20),
];
const PERSONAS: [&str; 3] = ["planner", "bargain hunter", "giver"];

/// A customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Customer {
    number: usize,
    /// Index of [`SEGMENTS`].
    segment: usize,
    language: usize,
}

impl Customer {
    /// Somebody who speaks a language: the more content with the occasion (`rating`), the likelier
    /// one who has stayed for long.
    pub(super) fn of(languages: &[Language], language: usize, rating: u8, rng: &mut Rng) -> Self {
        let known = |l: &Language| (CUSTOMERS * l.share / 100).max(3);
        let before: usize = languages[..language].iter().map(known).sum();
        let among = known(&languages[language]);
        let (one, other) = (rng.usize(..among), rng.usize(..among));
        let rank = match rating {
            ..=2 => one.max(other),
            3 => one,
            _ => one.min(other),
        };
        let mut left = 100 * rank / among;
        let segment = SEGMENTS.iter().position(|(_, share, ..)| {
            let is_here = left < *share;
            left = left.saturating_sub(*share);
            is_here
        });
        Self {
            number: before + rank + 1,
            segment: segment.unwrap_or_default(),
            language,
        }
    }

    /// Identifier.
    pub(super) fn id(self) -> String {
        format!("c-{:04}", self.number)
    }

    /// Country, one of the language's.
    pub(super) fn country(self, languages: &[Language]) -> String {
        let countries = &languages[self.language].countries;
        countries[self.number % countries.len()].clone()
    }

    /// The customer's versions: some have come to their segment only days ago.
    pub(super) fn told(self, languages: &[Language], now: Millis) -> Vec<Told> {
        let number = self.number as i64;
        let registered = now - (60 + number % 300) * DAY;
        let rise = (self.segment < 2 && number % 4 == 0).then_some(self.segment + 1);
        let before = rise.map(|segment| (registered, segment));
        let since = rise.map_or(registered, |_| now - 7 * DAY - number * HOUR / 4);
        before
            .into_iter()
            .chain([(since, self.segment)])
            .map(|(since, segment)| {
                let (name, _, tier, plan, least) = SEGMENTS[segment];
                let value = f64::from(least) * (1.0 + (number % 17) as f64 / 8.0);
                let data = json!({
                    "customer_id": self.id(),
                    "created_at": time(registered),
                    "segment": name,
                    "persona": PERSONAS[self.number % PERSONAS.len()],
                    "tier": tier,
                    "plan": plan,
                    "country": self.country(languages),
                    "locale": languages[self.language].locale,
                    "clv": {"amount": format!("{value:.2}"), "currency": "EUR"},
                    "lifecycle": "active",
                });
                change(Entity::Customer, &self.id(), since, data)
            })
            .collect()
    }
}
