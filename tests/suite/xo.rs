//! Views of how it felt beside what happened, on rows whose measures were computed by hand.

use crate::tables::Tables;

#[tokio::test]
async fn sentiment_by_days_of_lateness() {
    let tables = Tables::new("xo_late").await;
    let at = "'2026-03-01 10:00:00'";
    tables
        .feedback(
            "created_at, sentiment, sentiment_score, delivery_join, days_late",
            &[
                &format!("{at}, 'negative', -0.5, 'hit', 0"),
                &format!("{at}, 'positive', 0.5, 'hit', 0"),
                &format!("{at}, 'positive', 0.9, 'hit', 0"),
                &format!("{at}, 'unknown', 0, 'hit', 0"),
                &format!("{at}, 'negative', -0.5, 'hit', 3"),
                &format!("{at}, 'negative', -0.7, 'hit', 3"),
                &format!("{at}, 'unknown', 0, 'hit', -1"),
                // Nothing promised, and not there then.
                &format!("{at}, 'negative', -0.9, 'hit', NULL"),
                &format!("{at}, 'negative', -0.9, 'miss', NULL"),
            ],
        )
        .await;
    let sql = "SELECT days_late, lateness, n, judged, negative, round(score, 4), \
               round(negative_share, 4), round(low, 4), round(high, 4) \
               FROM v_xo_late_delivery WHERE tenant = 't' ORDER BY days_late";
    assert_eq!(
        tables.rows(sql).await,
        [
            r"-1 early 1 0 0 \N \N \N \N",
            // (1 + 1.9208 ∓ 1.96 √(1 · 2 / 3 + 0.9604)) / (3 + 3.8416)
            "0 on_time 4 3 1 0.3 0.3333 0.0615 0.7923",
            "3 late_3_7 2 2 2 -0.6 1 0.3424 1",
        ]
    );
}

#[tokio::test]
async fn carts_and_checkouts_without_an_order_within_an_hour() {
    let tables = Tables::new("xo_checkout").await;
    let (at, none) = ("'2026-03-01 10:00:00'", "NULL");
    let visit = |id: &str, cart: &str, checkout: &str, step: &str, order: &str| {
        format!("'t', '{id}', {at}, {cart}, {checkout}, '{step}', '{order}'")
    };
    let rows = [
        visit("gave up", none, at, "payment", ""),
        visit("bought", at, at, "payment", "in time"),
        visit("bought late", at, none, "", "late"),
        visit("bought, untold when", at, none, "", "unknown"),
        visit("looked", none, none, "", ""),
        visit("still there", at, "now64(3)", "payment", ""),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = "tenant, session_id, valid_from, cart_at, checkout_at, checkout_step, order_id";
    tables.insert("sessions_history", columns, &rows).await;
    let orders = [
        "'t', 'in time', '2026-03-01 10:30:00', '2026-03-01 10:30:00'",
        "'t', 'late', '2026-03-01 11:30:00', '2026-03-01 11:30:00'",
    ];
    let columns = "tenant, order_id, valid_from, created_at";
    tables.insert("orders_history", columns, &orders).await;
    tables
        .feedback(
            "created_at, session_id, sentiment, `topics.l1`",
            &[
                &format!("{at}, 'gave up', 'negative', ['checkout_payment']"),
                &format!("{at}, 'gave up', 'positive', ['product']"),
                &format!("{at}, 'bought', 'negative', ['checkout_payment']"),
            ],
        )
        .await;
    let sql = "SELECT day, checkout_step, visits, abandoned, abandoned_share, round(low, 4), \
               round(high, 4), items, negative, about_checkout \
               FROM v_checkout_friction WHERE tenant = 't' ORDER BY checkout_step";
    assert_eq!(
        tables.rows(sql).await,
        [
            "2026-03-01  2 1 0.5 0.0945 0.9055 0 0 0",
            "2026-03-01 payment 2 1 0.5 0.0945 0.9055 2 1 1",
        ]
    );
}

#[tokio::test]
async fn sentiment_by_segment_beside_lifetime_value() {
    let tables = Tables::new("xo_segment").await;
    let columns = "created_at, customer_join, joined_customer_id, segment, clv, clv_currency, \
                   sentiment, sentiment_score";
    tables
        .feedback(
            columns,
            &[
                "'2026-03-01 10:00:00', 'hit', 'c1', 'gold', 100, 'EUR', 'positive', 0.6",
                "'2026-03-02 10:00:00', 'hit', 'c1', 'gold', 120, 'EUR', 'negative', -0.8",
                "'2026-03-01 10:00:00', 'hit', 'c2', 'gold', 50, 'EUR', 'negative', -0.4",
                "'2026-03-02 10:00:00', 'hit', 'c2', 'gold', 50, 'EUR', 'positive', 0.8",
                "'2026-03-03 10:00:00', 'hit', 'c2', 'gold', 50, 'EUR', 'unknown', 0",
                "'2026-03-03 10:00:00', 'hit', 'c3', 'new', NULL, '', 'unknown', 0",
                "'2026-03-03 10:00:00', 'miss', 'c4', '', NULL, '', 'negative', -1",
            ],
        )
        .await;
    let sql = "SELECT segment, clv_currency, customers, n, judged, negative, round(score, 4), \
               negative_share, round(low, 4), round(high, 4), clv, clv_at_risk \
               FROM v_segment_clv_sentiment WHERE tenant = 't' ORDER BY segment";
    assert_eq!(
        tables.rows(sql).await,
        [
            // (2 + 1.9208 ∓ 1.96 √(2 · 2 / 4 + 0.9604)) / (4 + 3.8416)
            "gold EUR 2 5 4 2 0.05 0.5 0.15 0.85 85 120",
            r"new  1 1 0 0 \N \N \N \N \N 0",
        ]
    );
}

#[tokio::test]
async fn customers_who_left_after_they_were_unhappy() {
    let tables = Tables::new("xo_churn").await;
    let columns = "created_at, joined_customer_id, sentiment";
    tables
        .feedback(
            columns,
            &[
                "'2024-01-01 10:00:00', 'left', 'negative'",
                "'2024-03-01 10:00:00', 'left', 'positive'",
                "'2024-01-01 10:00:00', 'stayed', 'negative'",
                "'2024-01-01 10:00:00', 'happy', 'positive'",
                "'2024-02-01 10:00:00', 'back', 'negative'",
                "'2024-01-01 10:00:00', 'old name', 'negative'",
                "now64(3), 'just here', 'positive'",
            ],
        )
        .await;
    let customer = |id: &str, churned: &str, merged: &str| {
        format!("'t', '{id}', '2023-01-01 00:00:00', {churned}, '{merged}'")
    };
    let rows = [
        customer("left", "'2024-02-01 00:00:00'", ""),
        customer("stayed", "NULL", ""),
        customer("happy", "'2024-06-01 00:00:00'", ""),
        customer("back", "'2024-01-15 00:00:00'", ""),
        customer("old name", "NULL", "middle name"),
        customer("middle name", "NULL", "new name"),
        customer("new name", "'2024-01-11 00:00:00'", ""),
        customer("just here", "NULL", ""),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = "tenant, customer_id, valid_from, churned_at, merged_into";
    tables.insert("customers_history", columns, &rows).await;
    let sql = "SELECT experience, customers, churned, round(churn_share, 4), round(low, 4), \
               round(high, 4), open FROM v_churn_after_negative WHERE tenant = 't' ORDER BY experience";
    assert_eq!(
        tables.rows(sql).await,
        [
            // left, stayed, new name
            "negative 3 2 0.6667 0.2077 0.9385 0",
            // happy left after 90 days; just here is open
            "other 1 0 0 0 0.7935 1",
        ]
    );
}

#[tokio::test]
async fn of_how_many_it_is_known_who_speaks() {
    let tables = Tables::new("xo_identity").await;
    let columns = "created_at, channel, customer_id, joined_customer_id, customer_join";
    tables
        .feedback(
            columns,
            &[
                "'2026-03-01 10:00:00', 'app', 'c1', 'c1', 'hit'",
                "'2026-03-01 11:00:00', 'app', '', 'c1', 'hit'",
                "'2026-03-01 12:00:00', 'app', 'c9', 'c9', 'miss'",
                "'2026-03-01 13:00:00', 'app', '', '', 'late'",
                "'2026-03-01 14:00:00', 'app', '', '', 'none'",
                "'2026-03-02 10:00:00', 'web', '', '', 'none'",
            ],
        )
        .await;
    let sql = "SELECT day, channel, n, named, linked, unknown, anonymous, coverage \
               FROM v_identity_coverage WHERE tenant = 't' ORDER BY day";
    assert_eq!(
        tables.rows(sql).await,
        ["2026-03-01 app 5 1 1 2 1 0.4", "2026-03-02 web 1 0 0 0 1 0"]
    );
}

#[tokio::test]
async fn the_newest_version_of_an_entity_holds_until_it_is_deleted() {
    let tables = Tables::new("xo_latest").await;
    let columns = "tenant, order_id, valid_from, version, is_deleted, status";
    let rows = [
        "'t', 'a', '2026-03-01 00:00:00', 9, 0, 'created'",
        "'t', 'a', '2026-03-02 00:00:00', 1, 0, 'paid'",
        "'t', 'a', '2026-03-02 00:00:00', 2, 0, 'shipped'",
        "'t', 'gone', '2026-03-01 00:00:00', 1, 0, 'created'",
        "'t', 'gone', '2026-03-02 00:00:00', 1, 1, ''",
        "'u', 'a', '2026-03-01 00:00:00', 1, 0, 'refunded'",
    ];
    for row in rows {
        tables.insert("orders_history", columns, &[row]).await;
    }
    let sql = "SELECT tenant, order_id, status FROM orders_latest ORDER BY tenant";
    assert_eq!(tables.rows(sql).await, ["t a shipped", "u a refunded"]);
}
