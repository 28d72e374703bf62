//! What a data team asks first, as SQL over the rows that arrived. `?` stands for the stream of
//! this run. Tables are named without their database, which the client gives.

/// One question and the query that answers it.
pub(super) struct Question {
    /// Heading of the answer.
    pub(super) title: &'static str,
    /// How to read the answer; may be empty.
    pub(super) note: &'static str,
    /// The query.
    pub(super) sql: &'static str,
}

/// The questions in the order of the report.
pub(super) const QUESTIONS: [Question; 11] = [
    Question {
        title: "What became of the records?",
        note: "Each record has exactly one outcome. An item may come in several versions: the newest holds.",
        sql: "
SELECT
    outcome,
    countIf(topic NOT LIKE 'sada.odata.%') AS feedback,
    countIf(stream = ?) AS `this run`,
    countIf(topic LIKE 'sada.odata.%') AS `O-data`
FROM (SELECT DISTINCT stream, topic, partition, offset, outcome FROM ingested)
GROUP BY outcome ORDER BY outcome",
    },
    Question {
        title: "How much feedback is there, by language and kind?",
        note: "und: no words of a customer to judge by, as in the messages of agents.",
        sql: "
SELECT if(l = '', 'all', l) AS language, * EXCEPT l
FROM (
    SELECT
        toString(language) AS l,
        countIf(kind = 'review') AS review,
        countIf(kind = 'survey') AS survey,
        countIf(kind = 'conversation') AS conversation,
        countIf(kind = 'message') AS message,
        count() AS total,
        countIf(_stream = ?) AS `this run`
    FROM feedback_latest
    GROUP BY ROLLUP(l)
)
ORDER BY l = '', total DESC, l",
    },
    Question {
        title: "Would they recommend us? (NPS: % of 9 and 10 less % of 0 to 6)",
        note: "",
        sql: "
WITH
    100 * (promoters - detractors) / n AS score,
    1.96 * 100 * sqrt((promoters + detractors - pow(promoters - detractors, 2) / n) / n / n) AS margin
SELECT
    if(s = '', 'all', s) AS survey, n, promoters, passives, detractors, round(score) AS NPS,
    concat(toString(round(greatest(-100, score - margin))), ' to ', toString(round(least(100, score + margin))))
        AS `95 % interval`
FROM (
    SELECT survey_name AS s, sum(v.n) AS n, sum(v.promoters) AS promoters,
        sum(v.passives) AS passives, sum(v.detractors) AS detractors
    FROM v_nps AS v
    WHERE period = 'month'
    GROUP BY ROLLUP(s)
)
ORDER BY s = '', s",
    },
    Question {
        title: "Are they satisfied? (CSAT: % of answers 4 and 5 of 5)",
        note: "",
        sql: "
WITH
    3.8416 AS z2,
    1.96 * sqrt(satisfied * (n - satisfied) / n + z2 / 4) AS margin
SELECT
    if(s = '', 'all', s) AS survey, n, satisfied, round(100 * satisfied / n) AS `CSAT %`,
    concat(toString(round(100 * (satisfied + z2 / 2 - margin) / (n + z2))), ' to ',
        toString(round(100 * (satisfied + z2 / 2 + margin) / (n + z2)))) AS `95 % interval`
FROM (
    SELECT survey_name AS s, sum(v.n) AS n, sum(v.satisfied) AS satisfied
    FROM v_csat_t2b AS v
    WHERE period = 'month' AND v.n > 0
    GROUP BY ROLLUP(s)
)
ORDER BY s = '', s",
    },
    Question {
        title: "What do they complain about most?",
        note: "Topics with at least 5 items, by the share of items that speak ill of them.",
        sql: "
SELECT
    topic,
    uniqExact(kind, source, feedback_id) AS n,
    round(100 * uniqExactIf((kind, source, feedback_id), said = 'negative') / n) AS `negative %`,
    uniqExact(language) AS languages,
    replaceRegexpAll(argMin(text, (score, feedback_id)), '\\\\s+', ' ') AS example
FROM feedback_latest
ARRAY JOIN topics.id AS topic, topics.sentiment AS said, topics.score AS score
GROUP BY topic
HAVING n >= 5
ORDER BY `negative %` DESC, n DESC, topic
LIMIT 10",
    },
    Question {
        title: "How do they feel, by language?",
        note: "Items with a text to judge by.",
        sql: "
SELECT
    language,
    sum(v.n) - sum(v.unknown) AS n,
    round(100 * sum(v.negative) / n) AS `negative %`,
    round(100 * sum(v.neutral) / n) AS `neutral %`,
    round(100 * sum(v.mixed) / n) AS `mixed %`,
    round(100 * sum(v.positive) / n) AS `positive %`
FROM v_sentiment_daily AS v
GROUP BY language
HAVING n > 0
ORDER BY n DESC, language",
    },
    Question {
        title: "What do late parcels do to them? (by days late, as it was when they spoke)",
        note: "Items with a text, about an order that was shipped.",
        sql: "
WITH multiIf(days_late < 0, 'early', days_late = 0, 'on the day', days_late <= 3, '1 to 3 days late',
    days_late <= 7, '4 to 7 days late', 'later') AS parcel
SELECT
    parcel,
    count() AS n,
    round(100 * countIf(sentiment = 'negative') / n) AS `negative %`,
    round(100 * countIf(sentiment = 'positive') / n) AS `positive %`,
    round(avg(sentiment_score), 2) AS score
FROM feedback_latest
WHERE days_late IS NOT NULL AND sentiment != 'unknown'
GROUP BY parcel
ORDER BY min(days_late)",
    },
    Question {
        title: "Whom do we lose? (by the customer's segment when they spoke)",
        note: "",
        sql: "
SELECT
    segment,
    uniqExact(joined_customer_id) AS customers,
    round(avg(clv)) AS `lifetime value`,
    count() AS n,
    round(100 * countIf(sentiment = 'negative') / n) AS `negative %`,
    round(100 * countIf(sentiment = 'positive') / n) AS `positive %`
FROM feedback_latest
WHERE segment != '' AND sentiment != 'unknown'
GROUP BY segment
ORDER BY `lifetime value` DESC",
    },
    Question {
        title: "What do they say who leave the checkout without an order?",
        note: "",
        sql: "
SELECT
    if(checkout_abandoned, 'no order', 'order') AS `checkout came to`,
    uniqExact(kind, source, feedback_id) AS n,
    round(100 * uniqExactIf((kind, source, feedback_id), sentiment = 'negative') / n) AS `negative %`,
    arrayStringConcat(topKIf(3)(topic, topic != ''), ', ') AS `most spoken of`
FROM feedback_latest
LEFT ARRAY JOIN topics.id AS topic
WHERE checkout_abandoned IS NOT NULL AND sentiment != 'unknown'
GROUP BY checkout_abandoned
ORDER BY checkout_abandoned",
    },
    Question {
        title: "Is personal data gone?",
        note: "It is replaced before a row is written: no raw text is stored.",
        sql: "
SELECT
    language,
    count() AS items,
    sum(redactions) AS replaced,
    anyLast(extract(text, '[^\\\\n]{0,26}\\\\[[a-z]+\\\\][^\\\\n]{0,16}')) AS example
FROM feedback_latest
WHERE redactions > 0
GROUP BY language
ORDER BY replaced DESC, language
LIMIT 5",
    },
    Question {
        title: "What was wrong with the records that are no rows?",
        note: "Sent broken on purpose. They wait, whole, in the topic of dead letters; this table holds no payload.",
        sql: "
SELECT reason, field, any(message) AS message, count() AS n, countIf(stream = ?) AS `this run`
FROM dead_letters FINAL
GROUP BY reason, field
ORDER BY reason, field",
    },
];

/// Queries to begin with, for people: complete, on one line each.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "what a row holds",
        "SELECT * FROM sada.feedback_latest WHERE kind = 'review' LIMIT 1 FORMAT Vertical",
    ),
    (
        "negative share by day",
        "SELECT day, sum(n) AS items, round(sum(negative) / items, 2) AS negative FROM sada.v_sentiment_daily \
         GROUP BY day ORDER BY day FORMAT PrettyCompact",
    ),
    (
        "topics with the words that mention them",
        "SELECT topic, language, sentiment, mention FROM sada.feedback_topics LIMIT 20 FORMAT PrettyCompact",
    ),
];
