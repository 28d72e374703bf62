-- Net Promoter Score: share of promoters (9 and 10) less share of detractors (0 to 6), in points
-- from -100 to 100. With shares p and d of n answers its standard error is
-- 100 * sqrt((p + d - (p - d)^2) / n), and 1.96 of them on both sides make the 95 % interval.
-- A score without n and interval says little: ±15 points at 100 answers are usual.

CREATE VIEW IF NOT EXISTS {database}.v_nps {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the survey',
    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name String COMMENT 'Name of the survey, as of its newest answer',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each answer is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the time of submission',
    n UInt64 COMMENT 'Answers to questions of type nps',
    promoters UInt64 COMMENT 'Answers of 9 and 10',
    passives UInt64 COMMENT 'Answers of 7 and 8',
    detractors UInt64 COMMENT 'Answers of 0 to 6',
    nps Float64 COMMENT 'Net Promoter Score, -100 to 100',
    standard_error Float64 COMMENT 'Standard error of the score, in points',
    low Float64 COMMENT 'Lower end of the 95 % interval',
    high Float64 COMMENT 'Upper end of the 95 % interval'
)
AS SELECT
    tenant, survey_id, argMax(a.survey_name, a.submitted_at) AS survey_name, period,
    if(period = 'day', toDate(a.submitted_at), toStartOfMonth(a.submitted_at)) AS period_start,
    count() AS n,
    countIf(number >= 9) AS promoters,
    countIf(number >= 7 AND number < 9) AS passives,
    countIf(number < 7) AS detractors,
    100 * (promoters - detractors) / n AS nps,
    100 * sqrt(greatest(((promoters + detractors) - pow(promoters - detractors, 2) / n) / n, 0) / n)
        AS standard_error,
    greatest(nps - 1.96 * standard_error, -100) AS low,
    least(nps + 1.96 * standard_error, 100) AS high
FROM {database}.survey_answers AS a
ARRAY JOIN ['day', 'month'] AS period
WHERE type = 'nps' AND number IS NOT NULL
GROUP BY tenant, survey_id, period, period_start
COMMENT 'Net Promoter Score with its 95 % interval, by survey and day or month';
