//! The businesses of the demo, and how their customers meet them.

use serde::Deserialize;
use serde_json::{Value, json};

/// Kinds of business that the texts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Business {
    /// An online shop and its deliveries.
    Shop,
    /// The shop's app.
    App,
    /// An internet provider.
    Telco,
    /// A bank.
    Bank,
    /// A hotel.
    Hotel,
}

impl Business {
    /// Where it is reviewed, and what.
    pub(super) fn reviewed(self) -> (&'static str, Value) {
        match self {
            Business::Shop => (
                "shop.example",
                json!({"type": "service", "id": "online-shop", "name": "Online shop"}),
            ),
            Business::App => (
                "appstore.example",
                json!({"type": "app", "id": "example.shop", "name": "Shop app"}),
            ),
            Business::Telco => (
                "reviews.example",
                json!({"type": "service", "id": "fibre-250", "name": "Fibre 250"}),
            ),
            Business::Bank => (
                "reviews.example",
                json!({"type": "service", "id": "account", "name": "Current account"}),
            ),
            Business::Hotel => (
                "travel.example",
                json!({"type": "place", "id": "harbour", "name": "Harbour Hotel"}),
            ),
        }
    }

    /// Where customers met it.
    pub(super) fn touchpoint(self) -> &'static str {
        match self {
            Business::Shop => "delivery",
            Business::App => "app",
            Business::Telco => "support_call",
            Business::Bank => "web",
            Business::Hotel => "store",
        }
    }
}
