-- Customer satisfaction as top-2-box: share of answers among the two best values of their scale
-- (4 and 5 of 1 to 5; 1 and 2 where a lower number is better), in percent. Answers without a scale
-- count as 1 to 5. Scales of less than four or more than eleven values have no two best boxes: a
-- good-or-bad question is another measure and stays out. The interval is Wilson's, 95 %.

CREATE VIEW IF NOT EXISTS {database}.v_csat_t2b {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the survey',
    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name String COMMENT 'Name of the survey, as of its newest answer',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each answer is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the time of submission',
    n UInt64 COMMENT 'Answers to questions of type csat',
    satisfied UInt64 COMMENT 'Answers among the two best values of their scale',
    csat Float64 COMMENT 'Percent of satisfied answers',
    low Float64 COMMENT 'Lower end of the 95 % interval, percent',
    high Float64 COMMENT 'Upper end of the 95 % interval, percent'
)
AS WITH pow(1.96, 2) AS z2
SELECT
    tenant, survey_id, argMax(a.survey_name, a.submitted_at) AS survey_name, period,
    if(period = 'day', toDate(a.submitted_at), toStartOfMonth(a.submitted_at)) AS period_start,
    count() AS n,
    countIf(if(ifNull(higher_better, true),
        number >= ifNull(scale_max, 5) - 1,
        number <= ifNull(scale_min, 1) + 1)) AS satisfied,
    100 * satisfied / n AS csat,
    100 * (satisfied + z2 / 2 - 1.96 * sqrt(satisfied * (n - satisfied) / n + z2 / 4)) / (n + z2) AS low,
    100 * (satisfied + z2 / 2 + 1.96 * sqrt(satisfied * (n - satisfied) / n + z2 / 4)) / (n + z2) AS high
FROM {database}.survey_answers AS a
ARRAY JOIN ['day', 'month'] AS period
WHERE type = 'csat' AND number IS NOT NULL
    AND ifNull(scale_max, 5) - ifNull(scale_min, 1) BETWEEN 3 AND 10
GROUP BY tenant, survey_id, period, period_start
COMMENT 'Satisfied customers (top-2-box) with a 95 % interval, by survey and day or month';
