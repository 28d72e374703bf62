//! `conversations`: one conversation traced by hand, in all ways that it may come.

use super::tables;
use super::talk::{Said, Talk, agent, customer, spoken};

/// A late parcel: a bot, two agents, an internal note, a turn of the system; seconds from noon.
fn parcel() -> Vec<Said> {
    vec![
        spoken(0, "bot", "bot", "Which order is it about?"),
        customer(30, "My parcel is late, again!", -0.8),
        customer(40, "Anyone?", -0.2),
        Said {
            private: true,
            score: Some(-0.9),
            ..agent(60, "anna", "Difficult one, as I said.")
        },
        agent(
            150,
            "anna",
            "Hello Jo, I am sorry. I understand that you need it.",
        ),
        customer(180, "Where is it?", 0.0),
        agent(190, "anna", "One moment please."),
        agent(310, "ben", "Ben here, it arrives today."),
        customer(370, "Great", 0.6),
        spoken(380, "system", "system", ""),
        agent(400, "ben", "Is there anything else?"),
        customer(640, "No, thank you", 0.4),
    ]
}

fn talk<'a>(tenant: &'a str, turns: &'a [Said]) -> Talk<'a> {
    Talk {
        tenant,
        id: "c1",
        day: 2,
        turns,
        more: (
            "customer_id, joined_customer_id, ticket_id, `topics.id`, `topics.l1`, `topics.sentiment`, \
             `topics.score`, `topics.confidence`, `topics.part`, `topics.start`, `topics.end`, repeated_problem",
            "'named', 'joined', 't1', ['delivery_delay', 'delivery_courier'], ['delivery', 'delivery'], \
             ['negative', 'positive'], [-0.8, 0.6], [1, 1], [1, 1], [0, 0], [1, 1], true",
        ),
    }
}

#[tokio::test]
async fn a_conversation_has_the_measures_computed_by_hand() {
    let tables = tables().await;
    talk("traced", &parcel()).whole(&tables).await;
    let of = |columns: &str| format!("SELECT {columns} FROM conversations WHERE tenant = 'traced'");
    let told = "source, conversation_id, came, channel, customer_id, ticket_id, language, topic_ids, \
                problems, repeated_problem, started_at, last_turn_at";
    assert_eq!(
        tables.rows(&of(told)).await,
        [
            "desk c1 whole chat joined t1 en ['delivery_courier','delivery_delay'] ['delivery_delay'] true \
             2024-03-02 12:00:00.000 2024-03-02 12:10:40.000"
        ]
    );
    let counts =
        "customer_turns, agent_turns, bot_turns, system_turns, agents, handoffs, bot_contained";
    assert_eq!(
        tables.rows(&of(counts)).await,
        ["5 4 1 1 ['anna','ben'] 1 false"]
    );
    // Asked at 30, answered at 150; then 180 → 190 and 370 → 400: 10 and 30, p90 = 10 + 0.9 · 20.
    // The longest gap is the last one, from 400 to 640.
    let times = "first_response, next_responses, next_response_p50, next_response_p90, longest_gap";
    assert_eq!(tables.rows(&of(times)).await, ["120 2 20 28 240"]);
    // Of -0.8, -0.2, 0, 0.6, 0.4 the quarters are the turns 1-2, 2-3, 3-4 and 4-5.
    let sentiment = "round(score, 4), round(q1, 4), round(q2, 4), round(q3, 4), round(q4, 4), \
                     round(change, 4), negative_turns, angry_turns, last_customer_at, \
                     last_customer_sentiment, round(last_customer_score, 4), unanswered";
    assert_eq!(
        tables.rows(&of(sentiment)).await,
        ["0 -0.5 -0.1 0.3 0.5 1 2 1 2024-03-02 12:10:40.000 positive 0.4 true"]
    );
    let tone = "agent_texts, canned_share, agent_greeting, agent_empathetic, agent_apology, agent_closing, \
                agent_curt";
    assert_eq!(
        tables.rows(&of(tone)).await,
        ["4 0 true true true true false"],
        "the curt note is internal"
    );
    assert_eq!(
        tables.rows(&of("heard.agent, heard.angry")).await,
        ["['anna','anna','anna','ben','ben'] [true,false,false,false,false]"]
    );
}

#[tokio::test]
async fn messages_one_by_one_have_the_measures_of_the_whole() {
    let tables = tables().await;
    let turns = parcel();
    talk("as a whole", &turns).whole(&tables).await;
    talk("as messages", &turns).messages(&tables, true).await;
    talk("as messages without numbers", &turns)
        .messages(&tables, false)
        .await;
    talk("as both", &turns[..7]).messages(&tables, false).await;
    talk("as both", &turns).whole(&tables).await;
    let of = |tenant: &str| {
        format!(
            "SELECT * EXCEPT (tenant, came, transfers) FROM conversations WHERE tenant = '{tenant}'"
        )
    };
    let whole = tables.rows(&of("as a whole")).await;
    assert_eq!(whole.len(), 1);
    for tenant in ["as messages", "as messages without numbers", "as both"] {
        assert_eq!(tables.rows(&of(tenant)).await, whole, "{tenant}");
    }
    let sql = "SELECT tenant, came, transfers FROM conversations WHERE tenant LIKE 'as %' ORDER BY tenant";
    assert_eq!(
        tables.rows(sql).await,
        [
            "as a whole whole 0",
            "as both both 0",
            r"as messages messages \N",
            r"as messages without numbers messages \N"
        ]
    );
}

#[tokio::test]
async fn a_message_that_the_whole_lacks_counts() {
    let tables = tables().await;
    let turns = [
        customer(0, "no signal", -0.6),
        agent(60, "ben", "we look into it"),
    ];
    let talk = |turns| Talk {
        tenant: "went on",
        id: "c",
        day: 3,
        turns,
        more: ("", ""),
    };
    talk(&turns[..1]).whole(&tables).await;
    talk(&turns).messages(&tables, true).await;
    let sql = "SELECT came, customer_turns, agent_turns, first_response, angry_turns \
               FROM conversations WHERE tenant = 'went on'";
    assert_eq!(tables.rows(sql).await, ["both 1 1 60 1"]);
}

#[tokio::test]
async fn what_nobody_did_is_not_zero() {
    let tables = tables().await;
    let bot = spoken(10, "bot", "bot", "Restart it.");
    let note = Said {
        private: true,
        ..agent(20, "anna", "let the bot do it")
    };
    let contained = [customer(0, "no signal", -0.3), bot, note];
    let outbound = [
        agent(0, "anna", "Your order is ready now."),
        agent(60, "anna", "Yes."),
    ];
    let picture = [spoken(0, "customer", "jo", "")];
    let opened = [
        agent(0, "anna", "Your order is ready now."),
        customer(60, "Which?", 0.0),
    ];
    for (id, turns) in [
        ("bot alone", &contained[..]),
        ("outbound", &outbound[..]),
        ("picture", &picture[..]),
        ("unheard", &opened[..]),
    ] {
        let talk = Talk {
            tenant: "not zero",
            id,
            day: 4,
            turns,
            more: ("", ""),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT conversation_id, first_response, next_response_p50, longest_gap, bot_contained, score, \
               q1, q4, change, last_customer_sentiment, unanswered, canned_share, agent_curt, heard.agent \
               FROM conversations WHERE tenant = 'not zero' ORDER BY conversation_id";
    assert_eq!(
        tables.rows(sql).await,
        [
            r"bot alone \N \N 10 true -0.30000001192092896 -0.30000001192092896 -0.30000001192092896 \N negative false \N \N ['']",
            // An agent who begins answers nobody; "Yes." is short, the other text is not.
            r"outbound \N \N 60 \N \N \N \N \N unknown \N 0 false []",
            r"picture \N \N \N \N \N \N \N \N unknown true \N \N ['']",
            r"unheard \N \N 60 \N 0 0 0 \N neutral true 0 false ['anna']",
        ]
    );
}

#[tokio::test]
async fn whole_conversations_tell_queue_status_and_rating() {
    let tables = tables().await;
    let turns = [
        spoken(0, "bot", "bot", "Hello"),
        customer(30, "a person please", -0.2),
        agent(100, "ben", "Ben here, what is it?"),
    ];
    for (id, status, queued, resolved) in [
        ("told", "closed", "'2024-03-05 12:00:45'", "false"),
        ("by status", "resolved", "NULL", "NULL"),
        ("open", "open", "'2024-03-05 12:05:00'", "NULL"),
        ("nothing", "", "NULL", "NULL"),
    ] {
        let values = format!("'{status}', {queued}, '2024-03-05 12:30:00', 2, {resolved}, 4, 1, 5");
        let talk = Talk {
            tenant: "told",
            id,
            day: 5,
            turns: &turns,
            more: (
                "status, queued_at, ended_at, transfers, resolved, rating, rating_worst, rating_best",
                &values,
            ),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT conversation_id, status, resolved, queue_wait, transfers, rating, rating_worst, \
               rating_best, ended_at FROM conversations WHERE tenant = 'told' ORDER BY conversation_id";
    assert_eq!(
        tables.rows(sql).await,
        [
            r"by status resolved true \N 2 4 1 5 2024-03-05 12:30:00.000",
            r"nothing  \N \N 2 4 1 5 2024-03-05 12:30:00.000",
            r"open open false \N 2 4 1 5 2024-03-05 12:30:00.000",
            "told closed false 55 2 4 1 5 2024-03-05 12:30:00.000",
        ]
    );
}
