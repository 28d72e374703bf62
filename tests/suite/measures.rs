//! Measures of conversations, surveys, service and the journey, on rows whose values were computed by
//! hand. All tests use one database, each a tenant of its own.

use tokio::sync::OnceCell;

use crate::tables::Tables;

#[path = "measures/conversations.rs"]
mod conversations;
#[path = "measures/customers.rs"]
mod customers;
#[path = "measures/journey.rs"]
mod journey;
#[path = "measures/service.rs"]
mod service;
#[path = "measures/surveys.rs"]
mod surveys;
#[path = "measures/talk.rs"]
mod talk;
#[path = "measures/tone.rs"]
mod tone;

const DATABASE: &str = "measures";

/// The database, migrated once.
async fn tables() -> Tables {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        Tables::new(DATABASE).await;
    })
    .await;
    Tables::there(DATABASE)
}
