//! Customers one by one: the queue, merged customers, the timeline.

use super::tables;

const AT: &str = "'2024-03-02 10:00:00'";

#[tokio::test]
async fn detractors_and_what_is_negative_and_urgent_are_queued() {
    let tables = tables().await;
    let columns = "created_at, customer_id, joined_customer_id, survey_kind, sentiment, urgency, urgency_reason, \
                   `answers.type`, `answers.number`";
    let row = |survey: &str, sentiment: &str, urgency: &str, answers: &str| {
        format!("{AT}, 'told', 'joined', '{survey}', '{sentiment}', {urgency}, {answers}")
    };
    let (calm, none) = ("0, ''", "[], []");
    let rows = [
        row("", "unknown", calm, "['nps'], [6]"),
        row(
            "",
            "negative",
            "0.5, 'deadline'",
            "['csat', 'nps', 'nps'], [1, 9, 0]",
        ),
        row("", "negative", "0.7, 'stranded'", none),
        // A passive, urgent praise, a calm complaint, an unanswered question, an employee.
        row("", "positive", "0.7, 'asked'", "['nps'], [7]"),
        row("", "negative", "0.4, 'money'", none),
        row("", "unknown", calm, "['nps'], [NULL]"),
        row("employee", "negative", "0.9, 'anger'", "['nps'], [0]"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    tables
        .said("'queue', 'survey', 'forms'", columns, &rows)
        .await;
    let sql = "SELECT feedback_id, reasons, round(priority, 2), nps, urgency_reason, sentiment, customer_id \
               FROM v_detractor_queue WHERE tenant = 'queue' ORDER BY priority DESC";
    assert_eq!(
        tables.rows(sql).await,
        [
            "1 ['detractor','urgent'] 1.5 0 deadline negative joined",
            "0 ['detractor'] 1 6  unknown joined",
            r"2 ['urgent'] 0.7 \N stranded negative joined",
        ]
    );
}

#[tokio::test]
async fn the_timeline_tells_what_was_said_and_what_happened() {
    let tables = tables().await;
    let customers = [
        "'time', 'old', '2023-01-01 00:00:00', 'middle'",
        "'time', 'middle', '2023-01-01 00:00:00', 'new'",
        "'time', 'new', '2023-01-01 00:00:00', ''",
    ];
    let columns = "tenant, customer_id, valid_from, merged_into";
    tables
        .insert("customers_history", columns, &customers)
        .await;
    let orders = [
        "'time', 'o1', '2024-03-01 08:00:00', 'old', 'created', 49.9, 'EUR', 0",
        "'time', 'o1', '2024-03-01 09:00:00', 'old', 'paid', 49.9, 'EUR', 0",
        // The same status again is no event.
        "'time', 'o1', '2024-03-01 09:30:00', 'old', 'paid', 49.9, 'EUR', 0",
        "'time', 'o2', '2024-03-01 09:30:00', 'somebody', 'paid', 1, 'EUR', 0",
    ];
    let columns = "tenant, order_id, valid_from, customer_id, status, total, currency, is_deleted";
    tables.insert("orders_history", columns, &orders).await;
    let deliveries = [
        "'time', 'd1', '2024-03-03 08:00:00', 'o1', 'in_transit'",
        "'time', 'd1', '2024-03-05 08:00:00', 'o1', 'delivered'",
        "'time', 'd2', '2024-03-05 08:00:00', 'o2', 'delivered'",
    ];
    let columns = "tenant, shipment_id, valid_from, order_id, status";
    tables
        .insert("deliveries_history", columns, &deliveries)
        .await;
    let tickets = [
        "'time', 't1', '2024-03-04 08:00:00', 'new', 'open', 'email', 0",
        "'time', 't1', '2024-03-04 09:00:00', 'new', 'solved', 'email', 0",
        "'time', 't1', '2024-03-04 10:00:00', 'new', 'open', 'email', 1",
    ];
    let columns = "tenant, ticket_id, valid_from, customer_id, status, channel, reopens";
    tables.insert("tickets_history", columns, &tickets).await;

    let columns = "created_at, channel, customer_id, joined_customer_id, sentiment, sentiment_score, rating, text";
    let reviews = [
        "'2024-03-06 08:00:00', 'web', 'old', 'new', 'negative', -0.5, 2, 'late'",
        "'2024-03-06 08:00:00', 'web', '', '', 'negative', -0.5, 2, 'nobody knows who'",
    ];
    tables
        .said("'time', 'review', 'shop'", columns, &reviews)
        .await;
    let columns =
        "created_at, submitted_at, customer_id, sentiment, `answers.type`, `answers.number`";
    let survey =
        "'2024-03-06 09:00:00', '2024-03-07 09:00:00', 'old', 'unknown', ['csat', 'nps'], [5, 8]";
    tables
        .said("'time', 'survey', 'forms'", columns, &[survey])
        .await;
    let columns = "created_at, customer_id, sentiment, text, `turns.id`, `turns.seq`, `turns.role`, \
                   `turns.participant`, `turns.sent_at`, `turns.text`, `turns.private`, `turns.sentiment`, \
                   `turns.sentiment_score`, `turns.sentiment_confidence`";
    let message = |role: &str, private: bool| {
        format!(
            "'2024-03-02 08:00:00', 'new', 'neutral', 'where', ['1'], [1], ['{role}'], ['x'], \
             ['2024-03-02 08:00:00'], ['where'], [{private}], ['neutral'], [0], [0]"
        )
    };
    let messages = [
        message("customer", false),
        message("agent", false),
        message("customer", true),
    ];
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    tables
        .said("'time', 'message', 'desk'", columns, &messages)
        .await;

    let sql = "SELECT toDateTime(at), event, id, source, channel, status, sentiment, sentiment_score, rating, \
               amount, currency, text FROM v_customer_timeline \
               WHERE tenant = 'time' AND customer_id = 'new' ORDER BY at";
    assert_eq!(
        tables.rows(sql).await,
        [
            r"2024-03-01 08:00:00 order o1   created  \N \N 49.9 EUR ",
            r"2024-03-01 09:00:00 order o1   paid  \N \N 49.9 EUR ",
            r"2024-03-02 08:00:00 message 0 desk   neutral 0 \N \N  where",
            r"2024-03-03 08:00:00 delivery d1   in_transit  \N \N \N  ",
            r"2024-03-04 08:00:00 ticket t1  email open  \N \N \N  ",
            r"2024-03-04 09:00:00 ticket t1  email solved  \N \N \N  ",
            r"2024-03-04 10:00:00 ticket t1  email open  \N \N \N  ",
            r"2024-03-05 08:00:00 delivery d1   delivered  \N \N \N  ",
            r"2024-03-06 08:00:00 review 0 shop web  negative -0.5 2 \N  late",
            r"2024-03-07 09:00:00 survey 0 forms   unknown \N 8 \N  ",
        ]
    );
    let sql = "SELECT customer_id, count() FROM v_customer_timeline WHERE tenant = 'time' \
               GROUP BY customer_id ORDER BY customer_id";
    assert_eq!(tables.rows(sql).await, ["new 10", "somebody 2"]);
}
