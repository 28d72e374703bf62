//! Impact of topics, and the triad of the journey.

use super::tables;

const AT: &str = "'2024-03-02 10:00:00'";

/// Values of the nested columns of topics, all of group `g`.
fn topics(ids: &[&str]) -> String {
    let all = |value: &str| format!("[{}]", vec![value; ids.len()].join(", "));
    let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let zeros = all("0");
    format!(
        "[{}], {}, {}, {zeros}, {zeros}, {zeros}, {zeros}, {zeros}",
        quoted.join(", "),
        all("'g'"),
        all("'neutral'")
    )
}

const TOPICS: &str = "`topics.id`, `topics.l1`, `topics.sentiment`, `topics.score`, `topics.confidence`, \
    `topics.part`, `topics.start`, `topics.end`";

#[tokio::test]
async fn impact_is_the_share_that_goes_with_the_topic() {
    let tables = tables().await;
    let row = |sentiment: &str, ids: &[&str]| format!("{AT}, '{sentiment}', {}", topics(ids));
    let rows = [
        row("negative", &["late"]),
        row("negative", &["late", "late"]),
        row("negative", &["late"]),
        row("positive", &["late"]),
        row("negative", &[]),
        row("positive", &["courier"]),
        row("mixed", &["courier"]),
        row("neutral", &[]),
        row("neutral", &[]),
        row("positive", &[]),
        // Nothing to judge by.
        row("unknown", &["late"]),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = format!("created_at, sentiment, {TOPICS}");
    tables
        .said("'impact', 'review', 'shop'", &columns, &rows)
        .await;
    let employee = format!("{AT}, 'negative', 'employee', {}", topics(&["late"]));
    let columns = format!("created_at, sentiment, survey_kind, {TOPICS}");
    tables
        .said("'impact', 'survey', 'forms'", &columns, &[&employee])
        .await;
    let agent = format!(
        "{AT}, 'negative', {}, ['1'], [1], ['agent'], ['a'], [{AT}], ['x'], [false], ['unknown'], [0], [0]",
        topics(&["late"])
    );
    let columns = format!(
        "created_at, sentiment, {TOPICS}, `turns.id`, `turns.seq`, `turns.role`, `turns.participant`, \
         `turns.sent_at`, `turns.text`, `turns.private`, `turns.sentiment`, `turns.sentiment_score`, \
         `turns.sentiment_confidence`"
    );
    tables
        .said("'impact', 'message', 'desk'", &columns, &[&agent])
        .await;
    let sql = "SELECT topic, l1, period_start, n, negative, negative_share, all_n, all_negative, \
               round(share_without, 4), round(impact, 2), round(low, 2), round(high, 2) \
               FROM v_topic_impact WHERE tenant = 'impact' AND period = 'month' ORDER BY impact DESC";
    assert_eq!(
        tables.rows(sql).await,
        [
            // 4 of 10 against 1 of 6. Margin 196 · 0.4 · √(0.75 · 0.25 / 4 + 1/6 · 5/6 / 6).
            "late g 2024-03-01 4 3 0.75 10 4 0.1667 23.33 2.59 44.08",
            // 4 of 10 against 4 of 8. Margin 196 · 0.2 · √(0.25 / 8).
            "courier g 2024-03-01 2 0 0 10 4 0.5 -10 -16.93 -3.07",
        ]
    );
}

#[tokio::test]
async fn a_topic_that_all_mention_has_no_rest_to_compare_with() {
    let tables = tables().await;
    let row = format!("{AT}, 'negative', {}", topics(&["late"]));
    let columns = format!("created_at, sentiment, {TOPICS}");
    tables
        .said("'impact of all', 'review', 'shop'", &columns, &[&row])
        .await;
    let sql = "SELECT n, share_without, impact, low FROM v_topic_impact \
               WHERE tenant = 'impact of all' AND period = 'day'";
    assert_eq!(tables.rows(sql).await, [r"1 \N \N \N"]);
}

#[tokio::test]
async fn the_place_is_told_by_the_source_then_by_what_happened_then_by_the_text() {
    let tables = tables().await;
    let columns = "created_at, channel, trigger_type, journey_stage, text_journey_stage, purchase_phase, \
                   text_purchase_phase, touchpoint, text_touchpoint, order_join, ticket_join, checkout_abandoned";
    let row = |told: &str, joined: &str| format!("{AT}, {told}, {joined}");
    let none = "'none', 'none', NULL";
    let place = "SELECT journey_stage, purchase_phase, touchpoint FROM journey WHERE tenant =";
    let surveys = [
        row(
            "'web', '', 'interest', 'contact', 'purchase', 'pre_purchase', 'cart', 'web'",
            "'hit', 'none', NULL",
        ),
        row(
            "'web', '', '', 'contact', '', 'pre_purchase', '', 'web'",
            none,
        ),
        row(
            "'web', '', '', '', '', 'pre_purchase', '', 'web'",
            "'hit', 'hit', NULL",
        ),
        row(
            "'web', '', '', '', '', 'post_purchase', '', ''",
            "'none', 'none', true",
        ),
        row("'web', 'delivery', '', '', '', '', '', 'web'", none),
        row("'web', '', '', '', '', '', '', ''", none),
    ];
    let surveys: Vec<&str> = surveys.iter().map(String::as_str).collect();
    tables
        .said("'places', 'survey', 'forms'", columns, &surveys)
        .await;
    let sql = format!("{place} 'places' ORDER BY feedback_id");
    assert_eq!(
        tables.rows(&sql).await,
        [
            "interest purchase cart",
            "contact pre_purchase web",
            " post_purchase ticket",
            " purchase ",
            " post_purchase delivery",
            "  "
        ]
    );
    let talks = ["chat", "call", "email", "fax"]
        .map(|channel| row(&format!("'{channel}', '', '', '', '', '', '', 'web'"), none));
    let talks: Vec<&str> = talks.iter().map(String::as_str).collect();
    tables
        .said("'talks', 'conversation', 'desk'", columns, &talks)
        .await;
    let sql = format!("{place} 'talks' ORDER BY feedback_id");
    assert_eq!(
        tables.rows(&sql).await,
        ["  support_chat", "  support_call", "  email", "  web"]
    );
}

#[tokio::test]
async fn success_is_the_first_outcome_that_is_known() {
    let tables = tables().await;
    let columns = "created_at, resolved, status, checkout_abandoned, ticket_join, ticket_status, delivery_join, \
                   delivery_status, order_join, order_status";
    let cases = [
        // Resolution as told beats the status, and all that was joined.
        (
            "conversation",
            "true, 'open', true, 'hit', 'open', 'none', '', 'none', ''",
            "true",
        ),
        (
            "conversation",
            "NULL, 'closed', NULL, 'none', '', 'none', '', 'none', ''",
            "true",
        ),
        (
            "conversation",
            "NULL, '', NULL, 'hit', 'pending', 'none', '', 'none', ''",
            "false",
        ),
        (
            "survey",
            "NULL, '', true, 'none', '', 'none', '', 'hit', 'delivered'",
            "false",
        ),
        (
            "survey",
            "NULL, '', false, 'none', '', 'none', '', 'none', ''",
            "true",
        ),
        (
            "survey",
            "NULL, '', NULL, 'hit', 'solved', 'none', '', 'none', ''",
            "true",
        ),
        (
            "survey",
            "NULL, '', NULL, 'none', '', 'hit', 'lost', 'hit', 'shipped'",
            "false",
        ),
        (
            "survey",
            "NULL, '', NULL, 'none', '', 'hit', 'in_transit', 'hit', 'shipped'",
            r"\N",
        ),
        (
            "survey",
            "NULL, '', NULL, 'none', '', 'hit', 'delivered', 'hit', 'delivered'",
            "true",
        ),
        (
            "survey",
            "NULL, '', NULL, 'none', '', 'none', '', 'hit', 'refunded'",
            "false",
        ),
        (
            "survey",
            "NULL, '', NULL, 'none', '', 'none', '', 'none', ''",
            r"\N",
        ),
    ];
    for (n, (kind, row, _)) in cases.iter().enumerate() {
        let of = format!("'success', '{kind}', '{n:02}'");
        tables.said(&of, columns, &[&format!("{AT}, {row}")]).await;
    }
    let found = tables
        .rows("SELECT success FROM journey WHERE tenant = 'success' ORDER BY source")
        .await;
    let expected: Vec<&str> = cases.iter().map(|(_, _, expected)| *expected).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_triad_has_an_n_for_each_of_the_three() {
    let tables = tables().await;
    let columns = "created_at, survey_kind, touchpoint, checkout_abandoned, effort, sentiment, sentiment_score, \
                   emotion, `answers.type`, `answers.number`, `answers.scale_min`, `answers.scale_max`, \
                   `answers.higher_better`";
    let easy = "['ces', 'nps'], [6, 3], [1, 0], [7, 10], [true, true]";
    let hard = "['ces', 'ces'], [5, 4], [1, 1], [5, 5], [false, false]";
    let none = "[], [], [], [], []";
    let rows = [
        format!("{AT}, '', 'checkout', false, 3, 'positive', 0.8, 'joy', {easy}"),
        format!("{AT}, '', 'checkout', true, -4, 'negative', -0.6, 'anger', {hard}"),
        format!("{AT}, '', 'checkout', true, NULL, 'unknown', 0, NULL, {none}"),
        format!("{AT}, '', 'app', NULL, NULL, 'neutral', 0, NULL, {none}"),
        format!("{AT}, 'employee', 'app', true, -5, 'negative', -0.9, 'anger', {none}"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    tables
        .said("'triad', 'survey', 'forms'", columns, &rows)
        .await;
    let sql = "SELECT place, month, n, success_n, round(success_share, 4), round(success_low, 4), \
               round(success_high, 4), ease_n, round(ease, 2), effort_n, effort, emotion_n, round(score, 4), \
               negative_share, round(negative_low, 4), round(negative_high, 4) FROM v_journey_triad \
               WHERE tenant = 'triad' AND dimension = 'touchpoint' ORDER BY place";
    assert_eq!(
        tables.rows(sql).await,
        [
            r"app 2024-03-01 1 0 \N \N \N 0 \N 0 \N 1 0 0 0 0.7935",
            // Ease 83.33 of the first; of the second the mean of 0 and 25.
            "checkout 2024-03-01 3 3 0.3333 0.0615 0.7923 2 47.92 2 -0.5 2 0.1 0.5 0.0945 0.9055",
        ]
    );
    let sql = "SELECT dimension, place, n FROM v_journey_triad WHERE tenant = 'triad' \
               AND dimension != 'touchpoint' ORDER BY dimension, place";
    assert_eq!(
        tables.rows(sql).await,
        [
            "journey_stage  4",
            "purchase_phase  1",
            "purchase_phase purchase 3"
        ]
    );
}
