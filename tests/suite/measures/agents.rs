//! Anger that agents hear.

use super::tables;
use super::talk::{Said, Talk, agent, customer};

#[tokio::test]
async fn agents_are_not_ranked_below_thirty_turns() {
    let tables = tables().await;
    // Turns of customers, the first ones angry, each answered.
    let shift = |who: &'static str, n: u32, angry: u32| -> Vec<Said> {
        let turns = (0..n).map(|i| {
            let score = if i < angry { -0.9 } else { 0.0 };
            [customer(2 * i, "x", score), agent(2 * i + 1, who, "y")]
        });
        turns.flatten().collect()
    };
    let mut shared = shift("ben", 28, 1);
    // Ben's customer says one thing more; then carl takes over.
    shared.push(customer(100, "x", -0.9));
    shared.push(customer(101, "x", -0.9));
    shared.push(agent(102, "ben", "y"));
    shared.extend([
        customer(103, "x", -0.9),
        agent(104, "carl", "y"),
        customer(105, "bye", -0.9),
    ]);
    for (id, turns) in [
        ("1", shift("anna", 20, 10)),
        ("2", shift("anna", 20, 0)),
        ("3", shared),
    ] {
        let talk = Talk {
            tenant: "exposure",
            id,
            day: 6,
            turns: &turns,
            more: ("", ""),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT agent, period_start, conversations, angry_conversations, n, angry, share, \
               round(low, 4), round(high, 4), rank FROM v_agent_exposure \
               WHERE tenant = 'exposure' AND period = 'week' ORDER BY agent";
    assert_eq!(
        tables.rows(sql).await,
        [
            "anna 2024-03-04 2 1 40 10 0.25 0.1419 0.4019 1",
            "ben 2024-03-04 1 1 30 3 0.1 0.0346 0.2562 2",
            r"carl 2024-03-04 1 1 2 2 \N \N \N \N",
        ]
    );
}
