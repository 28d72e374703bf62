-- Sentiment by day. The negative share, not a mean of scores, is what alerts watch: it is of those
-- items that have a text to judge by, with Wilson's 95 % interval. Only what customers say counts:
-- messages of agents and bots and internal notes are left out.

CREATE VIEW IF NOT EXISTS {database}.v_sentiment_daily {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    day Date COMMENT 'Day (UTC) on which the items were first seen at their source',
    language LowCardinality(String) COMMENT 'Language of the text, base subtag',
    channel LowCardinality(String) COMMENT 'Way they came in',
    n UInt64 COMMENT 'Items',
    negative UInt64 COMMENT 'Items that are negative',
    neutral UInt64 COMMENT 'Items that are neutral',
    positive UInt64 COMMENT 'Items that are positive',
    mixed UInt64 COMMENT 'Items that are both',
    unknown UInt64 COMMENT 'Items without a text to judge by',
    negative_share Nullable(Float64) COMMENT 'Negative items of those with a text, 0 to 1; NULL if there are none',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the negative share',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the negative share'
)
AS WITH pow(1.96, 2) AS z2, nullIf(n - unknown, 0) AS judged
SELECT
    tenant, toDate(created_at) AS day, language, channel,
    count() AS n,
    countIf(sentiment = 'negative') AS negative,
    countIf(sentiment = 'neutral') AS neutral,
    countIf(sentiment = 'positive') AS positive,
    countIf(sentiment = 'mixed') AS mixed,
    countIf(sentiment = 'unknown') AS unknown,
    negative / judged AS negative_share,
    (negative + z2 / 2 - 1.96 * sqrt(negative * (judged - negative) / judged + z2 / 4)) / (judged + z2) AS low,
    (negative + z2 / 2 + 1.96 * sqrt(negative * (judged - negative) / judged + z2 / 4)) / (judged + z2) AS high
FROM {database}.feedback_latest
WHERE kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1])
GROUP BY tenant, day, language, channel
COMMENT 'Sentiment by day, language and channel, with the interval of the negative share';
