-- One row for each answer of a survey.

CREATE VIEW IF NOT EXISTS {database}.survey_answers {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the survey',
    source LowCardinality(String) COMMENT 'System that holds the survey',
    feedback_id String COMMENT 'Identifier of the response',
    created_at DateTime64(3, 'UTC') COMMENT 'When the response was first seen at its source',
    submitted_at DateTime64(3, 'UTC') COMMENT 'When the answers were sent in; created_at if not told',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer, empty for prospects',
    language LowCardinality(String) COMMENT 'Language of the text answers, base subtag',
    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name LowCardinality(String) COMMENT 'Name of the survey',
    survey_kind LowCardinality(String) COMMENT 'transactional, relational or employee',
    survey_complete Bool COMMENT 'The respondent finished the survey',
    trigger_type LowCardinality(String) COMMENT 'What caused the survey',
    trigger_id String COMMENT 'Identifier of what caused the survey',
    question_id LowCardinality(String) COMMENT 'Identifier of the question',
    question LowCardinality(String) COMMENT 'The question as it was put',
    type LowCardinality(String) COMMENT 'nps, csat, ces, rating, single_choice, multi_choice, boolean, text, number or date',
    number Nullable(Float64) COMMENT 'Numeric answer; NULL for other types',
    text String COMMENT 'Text answer, clean and redacted, or the date',
    boolean Nullable(Bool) COMMENT 'Answer to a yes-or-no question',
    choices Array(String) COMMENT 'Choices taken',
    scale_min Nullable(Float64) COMMENT 'Lowest value of the scale of the number',
    scale_max Nullable(Float64) COMMENT 'Highest value of the scale of the number',
    higher_better Nullable(Bool) COMMENT 'Whether a higher number is better',
    sentiment LowCardinality(String) COMMENT 'Sentiment of a text answer',
    sentiment_score Float32 COMMENT 'Sentiment score of a text answer, -1 to 1'
)
AS SELECT
    tenant, source, feedback_id, created_at, ifNull(f.submitted_at, f.created_at) AS submitted_at,
    channel, customer_id, language,
    survey_id, survey_name, survey_kind, ifNull(f.survey_complete, false) AS survey_complete,
    trigger_type, trigger_id,
    question_id, question, type, number, answer_text AS text, boolean, choices,
    scale_min, scale_max, higher_better,
    answer_sentiment AS sentiment, answer_score AS sentiment_score
FROM {database}.feedback_latest AS f
ARRAY JOIN
    answers.question_id AS question_id, answers.question AS question, answers.type AS type,
    answers.number AS number, answers.text AS answer_text, answers.boolean AS boolean,
    answers.choices AS choices, answers.scale_min AS scale_min, answers.scale_max AS scale_max,
    answers.higher_better AS higher_better, answers.sentiment AS answer_sentiment,
    answers.sentiment_score AS answer_score
COMMENT 'Answers of surveys, one row an answer';
