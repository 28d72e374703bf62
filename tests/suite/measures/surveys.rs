//! Measures of surveys: scale and direction are those of the answer.

use super::tables;
use crate::tables::Tables;

/// Answers of one survey on 2 and 3 March: (day, type, number, scale as in SQL).
async fn answer(tables: &Tables, tenant: &str, answers: &[(u32, &str, &str, &str)]) {
    let rows: Vec<String> = answers
        .iter()
        .map(|(day, kind, number, scale)| {
            format!(
                "'2024-03-{day:02} 10:00:00', 's', 'After delivery', ['q'], ['{kind}'], [{number}], {scale}"
            )
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = "created_at, survey_id, survey_name, `answers.question_id`, `answers.type`, \
                   `answers.number`, `answers.scale_min`, `answers.scale_max`, `answers.higher_better`";
    tables
        .said(&format!("'{tenant}', 'survey', 'forms'"), columns, &rows)
        .await;
}

#[tokio::test]
async fn ease_is_0_to_100_whatever_scale_and_direction() {
    let tables = tables().await;
    let seven = "[1], [7], [true]";
    answer(
        &tables,
        "ces",
        &[
            (2, "ces", "7", seven),               // 100
            (2, "ces", "5", seven),               // 66.67: just easy
            (2, "ces", "5", "[1], [5], [false]"), // 0: hardest
            (2, "ces", "4", "[1], [5], [true]"),  // 75: easy
            (2, "ces", "4", "[NULL], [NULL], [NULL]"),
            (2, "ces", "4", "[1], [7], [NULL]"),
            (2, "ces", "1", "[0], [1], [true]"),
            (2, "ces", "NULL", seven), // not answered
            (2, "csat", "5", "[1], [5], [true]"),
            (3, "ces", "4", "[NULL], [NULL], [NULL]"),
            (3, "ces", "4", seven), // 50
        ],
    )
    .await;
    let sql = "SELECT period, period_start, n, n_excluded, round(ease, 2), round(ease_low, 2), \
               round(ease_high, 2), easy, round(easy_percent, 2), round(easy_low, 2), round(easy_high, 2) \
               FROM v_ces WHERE tenant = 'ces' ORDER BY period, period_start";
    assert_eq!(
        tables.rows(sql).await,
        [
            // Standard deviation of 100, 66.67, 0, 75: 42.70; 60.42 ± 1.96 · 42.70 / 2, cut at 100.
            "day 2024-03-02 4 3 60.42 18.57 100 3 75 30.06 95.44",
            r"day 2024-03-03 1 1 50 \N \N 0 0 0 79.35",
            "month 2024-03-01 5 4 58.33 25.67 91 3 60 23.07 88.24",
        ]
    );
}

#[tokio::test]
async fn satisfaction_needs_five_points() {
    let tables = tables().await;
    answer(
        &tables,
        "csat",
        &[
            (2, "csat", "4", "[1], [5], [true]"),    // satisfied
            (2, "csat", "3", "[1], [5], [true]"),    // not
            (2, "csat", "2", "[1], [5], [false]"),   // satisfied
            (2, "csat", "9", "[1], [10], [true]"),   // satisfied
            (2, "csat", "4", "[1], [4], [true]"),    // too short a scale
            (2, "csat", "1", "[0], [1], [true]"),    // good or bad
            (2, "csat", "NULL", "[1], [5], [true]"), // not answered
            (3, "csat", "1", "[0], [1], [true]"),
        ],
    )
    .await;
    let sql = "SELECT period_start, n, n_excluded, satisfied, csat, round(low, 2), round(high, 2) \
               FROM v_csat_t2b WHERE tenant = 'csat' AND period = 'day' ORDER BY period_start";
    assert_eq!(
        tables.rows(sql).await,
        [
            "2024-03-02 4 2 3 75 30.06 95.44",
            r"2024-03-03 0 1 0 \N \N \N"
        ]
    );
}

#[tokio::test]
async fn ratings_of_all_kinds_are_percents_of_their_scale() {
    let tables = tables().await;
    let columns = "created_at, rating, rating_worst, rating_best, `aspect_ratings.aspect`, \
                   `aspect_ratings.value`, `aspect_ratings.worst`, `aspect_ratings.best`";
    let at = "'2024-03-02 10:00:00'";
    tables
        .said(
            "'ratings', 'review', 'shop'",
            columns,
            &[
                &format!("{at}, 4, 1, 5, ['battery', 'screen'], [10, 0], [0, 0], [10, 10]"),
                &format!("{at}, 5, 1, 5, ['battery'], [5], [0], [10]"),
                &format!("{at}, 3, NULL, NULL, [], [], [], []"),
                &format!("{at}, NULL, NULL, NULL, [], [], [], []"),
            ],
        )
        .await;
    let columns = "created_at, rating, rating_worst, rating_best";
    let row = format!("{at}, 1, 1, 5");
    tables
        .said("'ratings', 'conversation', 'desk'", columns, &[&row])
        .await;
    answer(
        &tables,
        "ratings",
        &[
            (2, "rating", "2", "[1], [5], [true]"),
            (2, "rating", "2", "[1], [5], [false]"),
            (2, "csat", "2", "[1], [5], [false]"),
        ],
    )
    .await;
    let sql = "SELECT rated, source, subject, n, n_excluded, percent, round(low, 2), round(high, 2) \
               FROM v_ratings WHERE tenant = 'ratings' AND period = 'month' ORDER BY rated, subject";
    assert_eq!(
        tables.rows(sql).await,
        [
            // 75 ± 1.96 · 35.36 / √2
            "aspect shop battery 2 0 75 26 100",
            r"aspect shop screen 1 0 0 \N \N",
            r"conversation desk  1 0 0 \N \N",
            "review shop  2 1 87.5 63 100",
            "survey forms q 2 0 50 1 99",
        ]
    );
}
