//! How support serves: response and resolution, first contact, repeated problems.

use super::tables;
use super::talk::{Talk, agent, customer};
use crate::tables::Tables;

/// A conversation of which only a few things matter; all in March 2024, at noon.
#[derive(Clone, Copy)]
struct Contact<'a> {
    id: &'a str,
    day: u32,
    customer: &'a str,
    /// Topics and the sentiment of each, as in SQL.
    topics: (&'a str, &'a str),
    agents: &'a [&'static str],
    /// Whether it is resolved, as in SQL.
    resolved: &'a str,
    transfers: u32,
    ticket: &'a str,
    told: bool,
}

const LATE: (&str, &str) = ("['delivery_delay']", "['negative']");
const REFUND: (&str, &str) = ("['refund_delay']", "['negative']");
const PRAISED: (&str, &str) = ("['delivery_delay']", "['positive']");
const NOTHING: (&str, &str) = ("[]", "[]");

const CONTACT: Contact<'_> = Contact {
    id: "",
    day: 1,
    customer: "",
    topics: LATE,
    agents: &["anna"],
    resolved: "true",
    transfers: 0,
    ticket: "",
    told: false,
};

impl Contact<'_> {
    async fn write(&self, tables: &Tables, tenant: &str) {
        let mut turns = vec![customer(0, "where is it", 0.0)];
        let answers = self.agents.iter().copied().zip(1..);
        turns.extend(answers.map(|(who, n)| agent(60 * n, who, "we look into it")));
        let (topics, sentiments) = self.topics;
        let values = format!(
            "'{}', {topics}, {sentiments}, {}, {}, '{}', {}",
            self.customer, self.resolved, self.transfers, self.ticket, self.told
        );
        let columns = "joined_customer_id, `topics.id`, `topics.sentiment`, resolved, transfers, ticket_id, \
                       repeated_problem";
        let nested = "`topics.l1`, `topics.score`, `topics.confidence`, `topics.part`, `topics.start`, `topics.end`";
        let empty = format!("arrayMap(t -> '', {topics})");
        let zeros = format!("arrayMap(t -> 0, {topics})");
        let talk = Talk {
            tenant,
            id: self.id,
            day: self.day,
            turns: &turns,
            more: (
                &format!("{columns}, {nested}"),
                &format!("{values}, {empty}, {zeros}, {zeros}, {zeros}, {zeros}, {zeros}"),
            ),
        };
        talk.whole(tables).await;
    }
}

/// Tickets: all but the tenant as in SQL.
async fn tickets(tables: &Tables, tenant: &str, rows: &[&str]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| format!("'{tenant}', {row}"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = "tenant, ticket_id, valid_from, status, channel, created_at, first_reply_at, solved_at, \
                   reopens, handoffs";
    tables.insert("tickets_history", columns, &rows).await;
}

#[tokio::test]
async fn response_and_resolution_by_channel() {
    let tables = tables().await;
    let ended = "true, '2024-03-04 12:30:00', ''";
    let open = "NULL, NULL, ''";
    for (id, turns, values) in [
        // Answered after 60 s, resolved after 1800.
        ("1", vec![customer(0, "x", 0.0), agent(60, "a", "y")], ended),
        // Never answered, solved by its ticket after 7200 s.
        ("2", vec![customer(0, "x", 0.0)], "NULL, NULL, 'solved'"),
        ("3", vec![customer(0, "x", 0.0), agent(120, "a", "y")], open),
        ("4", vec![customer(0, "x", 0.0), agent(300, "a", "y")], open),
        // Called resolved, but not when: it counts in n alone.
        ("5", vec![agent(0, "a", "y")], "true, NULL, 'open'"),
    ] {
        let talk = Talk {
            tenant: "frt",
            id,
            day: 4,
            turns: &turns,
            more: ("resolved, ended_at, ticket_id", values),
        };
        talk.whole(&tables).await;
    }
    let noon = "'2024-03-04 12:00:00'";
    tickets(
        &tables,
        "frt",
        &[
            &format!("'solved', {noon}, 'solved', 'chat', {noon}, NULL, '2024-03-04 14:00:00', 0, 0"),
            // Solved once, open again.
            &format!(
                "'open', {noon}, 'open', 'email', {noon}, '2024-03-04 12:10:00', '2024-03-04 13:00:00', 1, 0"
            ),
            // Nobody knows when it was opened.
            &format!("'untold', {noon}, 'solved', 'email', NULL, {noon}, {noon}, 0, 0"),
        ],
    )
    .await;
    let sql = "SELECT unit, channel, period_start, n, responded, first_response_p50, first_response_p90, \
               first_response_mean, resolved, resolution_p50, round(resolution_p90, 4), resolution_mean \
               FROM v_frt_resolution WHERE tenant = 'frt' AND period = 'month' ORDER BY unit, channel";
    assert_eq!(
        tables.rows(sql).await,
        [
            // 60, 120, 300: p90 = 120 + 0.8 · 180. 1800, 7200: p90 = 1800 + 0.9 · 5400.
            "conversation chat 2024-03-01 5 3 120 264 160 2 4500 6660 4500",
            r"ticket chat 2024-03-01 1 0 \N \N \N 1 7200 7200 7200",
            r"ticket email 2024-03-01 1 1 600 600 600 0 \N \N \N",
        ]
    );
}

#[tokio::test]
async fn a_first_contact_is_enough_if_nothing_follows_it() {
    let tables = tables().await;
    let contacts = [
        (
            "resolved",
            Contact {
                customer: "a",
                ..CONTACT
            },
        ),
        (
            "resolved, 8 days later",
            Contact {
                customer: "a",
                day: 9,
                ..CONTACT
            },
        ),
        (
            "came back",
            Contact {
                customer: "b",
                ..CONTACT
            },
        ),
        (
            "follow-up",
            Contact {
                customer: "b",
                day: 5,
                ..CONTACT
            },
        ),
        (
            "resolved, other problem later",
            Contact {
                customer: "c",
                ..CONTACT
            },
        ),
        (
            "resolved, the other problem",
            Contact {
                customer: "c",
                day: 3,
                topics: REFUND,
                ..CONTACT
            },
        ),
        (
            "two agents",
            Contact {
                customer: "d",
                agents: &["anna", "ben"],
                ..CONTACT
            },
        ),
        (
            "not resolved",
            Contact {
                customer: "e",
                resolved: "false",
                ..CONTACT
            },
        ),
        (
            "excluded: outcome unknown",
            Contact {
                customer: "f",
                resolved: "NULL",
                ..CONTACT
            },
        ),
        ("excluded: customer unknown", CONTACT),
        (
            "open again",
            Contact {
                customer: "g",
                ticket: "open",
                ..CONTACT
            },
        ),
        (
            "resolved by ticket",
            Contact {
                customer: "h",
                ticket: "solved",
                resolved: "NULL",
                ..CONTACT
            },
        ),
        (
            "had been reopened",
            Contact {
                customer: "i",
                ticket: "reopened",
                ..CONTACT
            },
        ),
        (
            "came back for the ticket",
            Contact {
                customer: "j",
                ticket: "twice",
                topics: NOTHING,
                ..CONTACT
            },
        ),
        (
            "follow-up for the ticket",
            Contact {
                customer: "j",
                ticket: "twice",
                day: 3,
                topics: NOTHING,
                ..CONTACT
            },
        ),
        (
            "handed over",
            Contact {
                customer: "k",
                transfers: 1,
                ..CONTACT
            },
        ),
        (
            "resolved by a bot",
            Contact {
                customer: "l",
                agents: &[],
                ..CONTACT
            },
        ),
    ];
    for (id, contact) in contacts {
        Contact { id, ..contact }.write(&tables, "fcr").await;
    }
    let at = "'2024-03-01 12:00:00'";
    tickets(
        &tables,
        "fcr",
        &[
            &format!("'open', {at}, 'open', '', NULL, NULL, NULL, 1, 0"),
            &format!("'solved', {at}, 'solved', '', NULL, NULL, NULL, 0, 0"),
            &format!("'reopened', {at}, 'closed', '', NULL, NULL, NULL, 1, 0"),
            &format!("'twice', {at}, 'solved', '', NULL, NULL, NULL, NULL, NULL"),
        ],
    )
    .await;
    let columns = "tenant, kind, source, feedback_id, created_at, conversation_id, joined_customer_id, resolved, \
                   `turns.id`, `turns.seq`, `turns.role`, `turns.participant`, `turns.sent_at`, `turns.text`, \
                   `turns.private`, `turns.sentiment`, `turns.sentiment_score`, `turns.sentiment_confidence`";
    let now = "'fcr', 'conversation', 'desk', 'now', now64(3), 'now', 'm', true, ['1'], [1], ['customer'], ['m'], \
               [now64(3)], ['hello'], [false], ['neutral'], [0], [0.5]";
    tables.insert("feedback", columns, &[now]).await;
    let sql = "SELECT period_start, n, resolved, round(fcr, 2), round(low, 2), round(high, 2), follow_ups, \
               open, n_excluded FROM v_fcr WHERE tenant = 'fcr' AND period = 'month' ORDER BY period_start LIMIT 1";
    // Wilson for 6 of 13.
    assert_eq!(
        tables.rows(sql).await,
        ["2024-03-01 13 6 46.15 23.21 70.86 2 0 2"]
    );
    let sql = "SELECT n, fcr, open FROM v_fcr WHERE tenant = 'fcr' AND period = 'day' \
               ORDER BY period_start DESC LIMIT 1";
    assert_eq!(tables.rows(sql).await, [r"0 \N 1"]);
}

#[tokio::test]
async fn problems_that_are_told_again() {
    let tables = tables().await;
    let contacts = [
        (
            "1",
            Contact {
                customer: "a",
                ..CONTACT
            },
        ),
        (
            "2",
            Contact {
                customer: "a",
                day: 5,
                agents: &["ben"],
                topics: NOTHING,
                ..CONTACT
            },
        ),
        (
            "3",
            Contact {
                customer: "a",
                day: 6,
                ..CONTACT
            },
        ),
        (
            "4",
            Contact {
                customer: "a",
                day: 20,
                ..CONTACT
            },
        ),
        (
            "5",
            Contact {
                customer: "b",
                agents: &["anna", "ben"],
                ..CONTACT
            },
        ),
        (
            "6",
            Contact {
                customer: "c",
                told: true,
                ..CONTACT
            },
        ),
        (
            "7",
            Contact {
                customer: "d",
                ..CONTACT
            },
        ),
        (
            "8",
            Contact {
                customer: "d",
                day: 2,
                topics: REFUND,
                ..CONTACT
            },
        ),
        (
            "9",
            Contact {
                customer: "e",
                topics: PRAISED,
                ..CONTACT
            },
        ),
        (
            "10",
            Contact {
                customer: "e",
                day: 2,
                topics: PRAISED,
                ..CONTACT
            },
        ),
        (
            "11",
            Contact {
                told: true,
                ..CONTACT
            },
        ),
        ("12", Contact { day: 2, ..CONTACT }),
    ];
    for (id, contact) in contacts {
        Contact { id, ..contact }.write(&tables, "repeat").await;
    }
    let columns = "created_at, customer_id, repeated_problem";
    let rows = [
        "'2024-03-01 12:00:00', 'f', true",
        "'2024-03-01 12:00:00', 'g', false",
    ];
    tables
        .said("'repeat', 'review', 'shop'", columns, &rows)
        .await;
    let sql = "SELECT customer_id, topic, toDate(began_at), toDate(last_at), contacts, agents, told, reasons \
               FROM v_repeat_problem WHERE tenant = 'repeat' ORDER BY customer_id, topic";
    assert_eq!(
        tables.rows(sql).await,
        [
            " delivery_delay 2024-03-01 2024-03-01 1 1 1 ['told']",
            "a delivery_delay 2024-03-01 2024-03-06 2 1 0 ['contacts']",
            "b delivery_delay 2024-03-01 2024-03-01 1 2 0 ['agents']",
            "c delivery_delay 2024-03-01 2024-03-01 1 1 1 ['told']",
            "f  2024-03-01 2024-03-01 0 0 1 ['told']",
        ]
    );
}
