-- What would the negative share be without a topic? impact = 100 * (negative / judged - (negative - negative
-- that mention it) / (judged - judged that mention it)): points by which the share would fall if the items
-- that mention the topic were left out; below 0 they make it better. It joins how much is said of a topic
-- with how bad that is: impact = w * (share of the topic's items - share of all others), w = part of the
-- items that mention it; so its standard error is about w * sqrt(p1(1 - p1)/n1 + p2(1 - p2)/n2), and 1.96 of
-- them make the 95 % interval. After Thematic, which leaves a theme's comments out of a score likewise.
-- Items count as of v_sentiment_daily, those with a text to judge by; answers of employees are left out.
-- An item with several topics counts for each: impacts do not add up, and are no proof of a cause.

CREATE VIEW IF NOT EXISTS {database}.v_topic_impact {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    topic LowCardinality(String) COMMENT 'Topic (delivery_delay)',
    l1 LowCardinality(String) COMMENT 'Group of the topic (delivery)',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each item is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the creation of the item',
    n UInt64 COMMENT 'Items with a text that mention the topic',
    negative UInt64 COMMENT 'Those of them that are negative',
    negative_share Float64 COMMENT 'negative / n, 0 to 1',
    all_n UInt64 COMMENT 'Items with a text in the period',
    all_negative UInt64 COMMENT 'Those of them that are negative',
    share_without Nullable(Float64) COMMENT 'Negative share of the items that do not mention it; NULL if there are none',
    impact Nullable(Float64) COMMENT 'Points of the negative share that would go with the topic, -100 to 100',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the impact',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the impact'
)
AS WITH
    nullIf(all_n - n, 0) AS others,
    n / all_n AS weight,
    196 * weight * sqrt(negative_share * (1 - negative_share) / n + share_without * (1 - share_without) / others) AS margin
SELECT
    tenant, topic, l1, period, period_start, n, negative,
    negative / n AS negative_share,
    all_n, all_negative,
    (all_negative - negative) / others AS share_without,
    100 * (all_negative / all_n - share_without) AS impact,
    impact - margin AS low,
    impact + margin AS high
FROM (
    -- The topic without a name holds all items, so one pass counts both.
    SELECT *, sumIf(n, topic = '') OVER whole AS all_n, sumIf(negative, topic = '') OVER whole AS all_negative
    FROM (
        SELECT
            tenant, mentioned.1 AS topic, mentioned.2 AS l1, arrayJoin(['day', 'month']) AS period,
            if(period = 'day', toDate(created_at), toStartOfMonth(created_at)) AS period_start,
            count() AS n,
            countIf(sentiment = 'negative') AS negative
        FROM (
            SELECT
                tenant, created_at, sentiment,
                arrayJoin(arrayConcat([('', '')], arrayDistinct(arrayZip(topics.id, topics.l1)))
                    ::Array(Tuple(LowCardinality(String), LowCardinality(String)))) AS mentioned
            FROM {database}.feedback_latest
            WHERE sentiment != 'unknown' AND survey_kind != 'employee'
                AND (kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1]))
        )
        GROUP BY tenant, topic, l1, period, period_start
    )
    WINDOW whole AS (PARTITION BY tenant, period, period_start)
)
WHERE topic != ''
COMMENT 'Points of the negative share that each topic costs, by day and month';
