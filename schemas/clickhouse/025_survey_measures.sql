-- Measures of surveys beside v_nps. Scale and direction are those of the answer: two sources use effort in
-- opposite directions. What a measure can't use is counted in n_excluded, so that
-- nothing vanishes. Answers of which no number is told (questions left out) count nowhere.
-- Intervals are 95 %: Wilson's of shares, mean ± 1.96 standard errors of means.

-- The Net Promoter Score of 009, word for word but for one: a condition on a column (WHERE tenant = …) met
-- two ARRAY JOINs of one kind, this view's and that of survey_answers, and ClickHouse took one for the other.
CREATE OR REPLACE VIEW {database}.v_nps {on_cluster}
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
    tenant, survey_id, argMax(a.survey_name, a.submitted_at) AS survey_name, arrayJoin(['day', 'month']) AS period,
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
WHERE type = 'nps' AND number IS NOT NULL
GROUP BY tenant, survey_id, period, period_start
COMMENT 'Net Promoter Score with its 95 % interval, by survey and day or month';

-- Customer satisfaction as top-2-box: share of answers among the two best values of their scale (4 and 5
-- of 1 to 5; 1 and 2 where a lower number is better), in percent. Answers without a scale count as 1 to 5,
-- as events define it. The scale must have five points or more (max - min + 1); good-or-bad questions and
-- the like are another measure.
CREATE OR REPLACE VIEW {database}.v_csat_t2b {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the survey',
    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name String COMMENT 'Name of the survey, as of its newest answer',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each answer is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the time of submission',
    n UInt64 COMMENT 'Answers to questions of type csat on a scale of five points or more',
    n_excluded UInt64 COMMENT 'Answers to questions of type csat on a shorter scale',
    satisfied UInt64 COMMENT 'Answers among the two best values of their scale',
    csat Nullable(Float64) COMMENT 'Percent of satisfied answers; NULL if there are none to count',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval, percent',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval, percent'
)
AS WITH
    pow(1.96, 2) AS z2,
    nullIf(n, 0) AS m,
    ifNull(a.scale_max, 5) AS highest, ifNull(a.scale_min, 1) AS lowest,
    highest - lowest >= 4 AS usable
SELECT
    tenant, survey_id, argMax(a.survey_name, a.submitted_at) AS survey_name, arrayJoin(['day', 'month']) AS period,
    if(period = 'day', toDate(a.submitted_at), toStartOfMonth(a.submitted_at)) AS period_start,
    countIf(usable) AS n,
    countIf(NOT usable) AS n_excluded,
    countIf(usable AND if(ifNull(a.higher_better, true), a.number >= highest - 1, a.number <= lowest + 1)) AS satisfied,
    100 * satisfied / m AS csat,
    100 * (satisfied + z2 / 2 - 1.96 * sqrt(satisfied * (m - satisfied) / m + z2 / 4)) / (m + z2) AS low,
    100 * (satisfied + z2 / 2 + 1.96 * sqrt(satisfied * (m - satisfied) / m + z2 / 4)) / (m + z2) AS high
FROM {database}.survey_answers AS a
WHERE type = 'csat' AND number IS NOT NULL
GROUP BY tenant, survey_id, period, period_start
COMMENT 'Satisfied customers (top-2-box) with a 95 % interval, by survey and day or month';

-- Customer effort. ease = 100 * (number - min) / (max - min), turned round where a lower number is better:
-- 0 is hardest, 100 easiest; published as its mean. easy: the three best of seven values (5 to 7), on other
-- scales the same part of them, ease >= 200 / 3; published in percent. The scale must have three points or
-- more. (CES 2.0 asks for agreement with "made it easy" on 1 to 7; of the rival formulas these two are kept.)
CREATE VIEW IF NOT EXISTS {database}.v_ces {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the survey',
    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name String COMMENT 'Name of the survey, as of its newest answer',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each answer is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the time of submission',
    n UInt64 COMMENT 'Answers to questions of type ces on a scale of three points or more',
    n_excluded UInt64 COMMENT 'Answers to questions of type ces without a scale, a direction or a third point',
    ease Nullable(Float64) COMMENT 'Mean ease, 0 (hardest) to 100 (easiest); NULL if there are no answers to count',
    ease_low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the mean; NULL for a single answer',
    ease_high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the mean',
    easy UInt64 COMMENT 'Answers among the three best of seven values, or that part of another scale',
    easy_percent Nullable(Float64) COMMENT 'Percent of these',
    easy_low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the percentage',
    easy_high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the percentage'
)
AS WITH
    pow(1.96, 2) AS z2,
    nullIf(n, 0) AS m,
    ifNull(a.scale_max - a.scale_min >= 2 AND a.higher_better IS NOT NULL, false) AS usable,
    if(usable, if(a.higher_better, a.number - a.scale_min, a.scale_max - a.number), NULL) AS above,
    100 * above / (a.scale_max - a.scale_min) AS eased,
    1.96 * stddevSampOrNull(eased) / sqrt(m) AS margin
SELECT
    tenant, survey_id, argMax(a.survey_name, a.submitted_at) AS survey_name, arrayJoin(['day', 'month']) AS period,
    if(period = 'day', toDate(a.submitted_at), toStartOfMonth(a.submitted_at)) AS period_start,
    countIf(usable) AS n,
    countIf(NOT usable) AS n_excluded,
    avgOrNull(eased) AS ease,
    if(n < 2, NULL, greatest(ease - margin, 0)) AS ease_low,
    if(n < 2, NULL, least(ease + margin, 100)) AS ease_high,
    countIf(3 * above >= 2 * (a.scale_max - a.scale_min)) AS easy,
    100 * easy / m AS easy_percent,
    100 * (easy + z2 / 2 - 1.96 * sqrt(easy * (m - easy) / m + z2 / 4)) / (m + z2) AS easy_low,
    100 * (easy + z2 / 2 + 1.96 * sqrt(easy * (m - easy) / m + z2 / 4)) / (m + z2) AS easy_high
FROM {database}.survey_answers AS a
WHERE type = 'ces' AND number IS NOT NULL
GROUP BY tenant, survey_id, period, period_start
COMMENT 'Customer effort as ease, mean and share of easy answers, with 95 % intervals, by survey and day or month';

-- All other ratings on one measure: percent = 100 * (value - worst) / (best - worst), of reviews, of single
-- aspects of reviews, at the end of conversations, and answers of type rating. A review's worst and best are
-- those of its platform; in surveys they follow the direction of the scale.
CREATE VIEW IF NOT EXISTS {database}.v_ratings {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    rated LowCardinality(String) COMMENT 'review, aspect, conversation or survey',
    source LowCardinality(String) COMMENT 'Where the items live',
    subject String COMMENT 'Aspect, or question of the survey; empty for the others',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each rating is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the creation of the item',
    n UInt64 COMMENT 'Ratings',
    n_excluded UInt64 COMMENT 'Ratings without a scale',
    percent Nullable(Float64) COMMENT 'Mean, 0 (worst) to 100 (best); NULL if there are none to count',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the mean; NULL for a single rating',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the mean'
)
AS WITH
    ifNull(r.best != r.worst, false) AS usable,
    if(usable, 100 * (r.value - r.worst) / (r.best - r.worst), NULL) AS scaled,
    1.96 * stddevSampOrNull(scaled) / sqrt(nullIf(n, 0)) AS margin
SELECT
    tenant, r.rated AS rated, source, r.subject AS subject, arrayJoin(['day', 'month']) AS period,
    if(period = 'day', toDate(created_at), toStartOfMonth(created_at)) AS period_start,
    countIf(usable) AS n,
    countIf(NOT usable) AS n_excluded,
    avgOrNull(scaled) AS percent,
    if(n < 2, NULL, greatest(percent - margin, 0)) AS low,
    if(n < 2, NULL, least(percent + margin, 100)) AS high
FROM (
    SELECT
        f.tenant AS tenant, f.source AS source, f.created_at AS created_at,
        arrayJoin(arrayFilter(one -> one.rated != '' AND one.value IS NOT NULL, arrayConcat(
            [(toString(f.kind), '', f.rating, f.rating_worst, f.rating_best)],
            arrayMap((aspect, value, worst, best) -> ('aspect', toString(aspect), value, worst, best),
                f.aspect_ratings.aspect, f.aspect_ratings.value, f.aspect_ratings.worst, f.aspect_ratings.best),
            arrayMap((question, type, value, min, max, up) -> (if(type = 'rating', 'survey', ''), toString(question),
                    value, if(up, min, if(up IS NULL, NULL, max)), if(up, max, if(up IS NULL, NULL, min))),
                f.answers.question_id, f.answers.type, f.answers.number,
                f.answers.scale_min, f.answers.scale_max, f.answers.higher_better)
        )::Array(Tuple(rated String, subject String, value Nullable(Float64), worst Nullable(Float64),
            best Nullable(Float64))))) AS r
    FROM {database}.feedback_latest AS f
)
GROUP BY tenant, rated, source, subject, period, period_start
COMMENT 'Ratings of reviews, aspects, conversations and surveys on one scale, with a 95 % interval, by day or month';
