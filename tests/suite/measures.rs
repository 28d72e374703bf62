//! Measures of conversations, surveys, service and the journey, on rows whose values were computed by
//! hand. All tests use one database, each a tenant of its own.

use tokio::sync::OnceCell;

use crate::tables::Tables;

#[path = "measures/agents.rs"]
mod agents;
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

#[tokio::test]
async fn every_view_can_be_asked_for_one_tenant() {
    let tables = tables().await;
    let sql = "SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'tenant' \
               AND table IN (SELECT name FROM system.tables WHERE engine = 'View') ORDER BY table";
    let views = tables.rows(sql).await;
    assert!(views.len() > 20, "{views:?}");
    for view in views {
        let sql = format!("SELECT count() FROM (SELECT * FROM {view} WHERE tenant = 'nobody')");
        assert_eq!(tables.rows(&sql).await, ["0"], "{view}");
    }
}
