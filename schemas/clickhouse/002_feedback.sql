-- The fact table: every version of every item; the newest one counts (`feedback_latest`).
--
-- Sorting and partition keys hold only what is the same in every version of an item, so versions
-- meet when parts merge and an insert that is sent again falls into the same partitions. Nested
-- columns (`turns.*`, `answers.*`, `topics.*`) are arrays of one length; views unfold them.
-- `_row_version` decides between versions: source's version, then offset, then revision.
-- No raw text is stored: texts are clean (NFC) and personal data in them is replaced.

CREATE TABLE IF NOT EXISTS {database}.feedback {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the item; default where the event names none',
    kind LowCardinality(String) COMMENT 'review, conversation, message or survey',
    source LowCardinality(String) COMMENT 'Where the item lives: platform of a review, system of a chat or survey',
    feedback_id String COMMENT 'Identifier of the item at its source; tenant, kind, source and feedback_id together are the key',
    version UInt64 COMMENT 'Version told by the source (updated_at in ms), else the Kafka timestamp; the newest holds' CODEC(Delta, ZSTD(1)),
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source, the same in every version' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: the source says that the item is gone; views hide it',

    text String COMMENT 'What was said, clean and redacted: title and body of a review; public turns of the customer; text answers of a survey' CODEC(ZSTD(1)),
    title String COMMENT 'Headline of a review' CODEC(ZSTD(1)),
    language LowCardinality(String) COMMENT 'Language of the text, base subtag (fa, zh); und if not known',
    language_tag LowCardinality(String) COMMENT 'Full BCP-47 tag (fa-Latn, zh-Hans)',
    language_confidence Float32 COMMENT 'How sure the language is, 0 to 1',
    `languages.language` Array(LowCardinality(String)) COMMENT 'Languages of the parts of the text, the main one first',
    `languages.language_tag` Array(LowCardinality(String)) COMMENT 'Full tag of each of these languages',
    `languages.share` Array(Float32) COMMENT 'Share of the letters in each of these languages, 0 to 1',
    sentiment LowCardinality(String) COMMENT 'negative, neutral, positive, mixed or unknown (no text to judge by)',
    sentiment_score Float32 COMMENT 'p(positive) - p(negative), -1 to 1; 0 for unknown',
    sentiment_confidence Float32 COMMENT 'Probability of the label, 0 to 1; 0 for unknown',
    `topics.id` Array(LowCardinality(String)) COMMENT 'Topics that the text mentions (delivery_delay), in the order of mention',
    `topics.l1` Array(LowCardinality(String)) COMMENT 'Group of each topic (delivery)',
    `topics.sentiment` Array(LowCardinality(String)) COMMENT 'Sentiment of the clause that mentions it',
    `topics.score` Array(Float32) COMMENT 'Sentiment score of the clause, -1 to 1',
    `topics.confidence` Array(Float32) COMMENT 'How sure the topic is, 0 to 1',
    `topics.part` Array(UInt32) COMMENT '0: found in text; n: in the n-th turn or answer',
    `topics.start` Array(UInt32) COMMENT 'First byte of the mention in its part, from 0 (UTF-8)',
    `topics.end` Array(UInt32) COMMENT 'Byte after the mention',

    channel LowCardinality(String) COMMENT 'Way it came in (app, web, email, chat)',
    touchpoint LowCardinality(String) COMMENT 'Point of contact as the source tells it (checkout, support_chat)',
    customer_id String COMMENT 'Customer, empty for prospects; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    `identities.type` Array(LowCardinality(String)) COMMENT 'Kinds of further identifiers of the customer (device_id)',
    `identities.value` Array(String) COMMENT 'Further identifiers of the customer',
    consent_analytics Nullable(Bool) COMMENT 'Consent to analytics; NULL if not told',
    country LowCardinality(String) COMMENT 'ISO 3166 alpha-2',
    locale LowCardinality(String) COMMENT 'BCP-47 locale of the device or account',
    lang_hint LowCardinality(String) COMMENT 'Language that the source claims for the text',
    app_version LowCardinality(String) COMMENT 'Version of the app of the customer',
    url String COMMENT 'Page or screen' CODEC(ZSTD(1)),
    experiment_id LowCardinality(String) COMMENT 'A/B test that the customer was in',
    experiment_variant LowCardinality(String) COMMENT 'Variant of the A/B test',
    order_id String COMMENT 'Order that it is about' CODEC(ZSTD(1)),
    ticket_id String COMMENT 'Support ticket' CODEC(ZSTD(1)),
    session_id String COMMENT 'Visit to site or app' CODEC(ZSTD(1)),
    conversation_id String COMMENT 'Conversation that it is or belongs to' CODEC(ZSTD(1)),
    trigger_type LowCardinality(String) COMMENT 'What caused the survey (order, ticket, conversation, delivery)',
    trigger_id String COMMENT 'Identifier of what caused the survey' CODEC(ZSTD(1)),
    extra Map(LowCardinality(String), String) COMMENT 'Labels of the source, passed through',

    rating Nullable(Float64) COMMENT 'Rating of a review, or at the end of a conversation',
    rating_worst Nullable(Float64) COMMENT 'Lowest value of the scale of the rating',
    rating_best Nullable(Float64) COMMENT 'Highest value of the scale of the rating',
    `aspect_ratings.aspect` Array(LowCardinality(String)) COMMENT 'Aspects that a review rates one by one',
    `aspect_ratings.value` Array(Float64) COMMENT 'Rating of the aspect',
    `aspect_ratings.worst` Array(Float64) COMMENT 'Lowest value of its scale',
    `aspect_ratings.best` Array(Float64) COMMENT 'Highest value of its scale',
    item_type LowCardinality(String) COMMENT 'What is reviewed: product, place, app, service or brand',
    item_id String COMMENT 'Identifier of what is reviewed' CODEC(ZSTD(1)),
    item_name String COMMENT 'Name of what is reviewed' CODEC(ZSTD(1)),
    item_sku String COMMENT 'Stock keeping unit of what is reviewed' CODEC(ZSTD(1)),
    author String COMMENT 'Author of the review as the platform refers to them' CODEC(ZSTD(1)),
    verified_purchase Nullable(Bool) COMMENT 'The platform verified that the author bought it',
    helpful_count UInt32 COMMENT 'How many readers found the review helpful',
    reply_text String COMMENT 'Public answer of the company to the review' CODEC(ZSTD(1)),
    reply_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the company answered',

    status LowCardinality(String) COMMENT 'Of a conversation: open, pending, snoozed, resolved or closed',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer entered the queue',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the conversation ended',
    transfers UInt32 COMMENT 'Hand-overs between agents or teams',
    resolved Nullable(Bool) COMMENT 'Whether the source calls the conversation resolved',
    rating_comment String COMMENT 'Comment given with the rating at the end of a conversation' CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)) COMMENT 'Labels set on the conversation at its source',
    `turns.id` Array(String) COMMENT 'Turns of a conversation, or the one of a message: identifier' CODEC(ZSTD(1)),
    `turns.seq` Array(UInt32) COMMENT 'Position in the conversation',
    `turns.role` Array(LowCardinality(String)) COMMENT 'Who speaks: customer, agent, bot or system',
    `turns.participant` Array(String) COMMENT 'Identifier of the speaker; of agents the agent id where told' CODEC(ZSTD(1)),
    `turns.sent_at` Array(DateTime64(3, 'UTC')) COMMENT 'When it was sent' CODEC(ZSTD(1)),
    `turns.text` Array(String) COMMENT 'Text without markup, clean and redacted' CODEC(ZSTD(1)),
    `turns.private` Array(Bool) COMMENT 'Internal note: no part of what the customer said',
    `turns.sentiment` Array(LowCardinality(String)) COMMENT 'Sentiment of a turn of the customer; unknown for others',
    `turns.sentiment_score` Array(Float32) COMMENT 'Sentiment score of the turn, -1 to 1',
    `turns.sentiment_confidence` Array(Float32) COMMENT 'Probability of the label, 0 to 1',

    survey_id LowCardinality(String) COMMENT 'Survey that was answered',
    survey_name LowCardinality(String) COMMENT 'Name of the survey',
    survey_kind LowCardinality(String) COMMENT 'transactional, relational or employee',
    survey_complete Nullable(Bool) COMMENT 'The respondent finished the survey; NULL for other kinds',
    submitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the answers were sent in',
    `answers.question_id` Array(LowCardinality(String)) COMMENT 'Answers of the respondent: identifier of the question',
    `answers.question` Array(LowCardinality(String)) COMMENT 'The question as it was put',
    `answers.type` Array(LowCardinality(String)) COMMENT 'nps, csat, ces, rating, single_choice, multi_choice, boolean, text, number or date',
    `answers.number` Array(Nullable(Float64)) COMMENT 'Numeric answer; NULL for other types',
    `answers.text` Array(String) COMMENT 'Text answer, clean and redacted, or the date' CODEC(ZSTD(1)),
    `answers.boolean` Array(Nullable(Bool)) COMMENT 'Answer to a yes-or-no question',
    `answers.choices` Array(Array(String)) COMMENT 'Choices taken' CODEC(ZSTD(1)),
    `answers.scale_min` Array(Nullable(Float64)) COMMENT 'Lowest value of the scale of the number',
    `answers.scale_max` Array(Nullable(Float64)) COMMENT 'Highest value of the scale of the number',
    `answers.higher_better` Array(Nullable(Bool)) COMMENT 'Whether a higher number is better: sources differ',
    `answers.sentiment` Array(LowCardinality(String)) COMMENT 'Sentiment of a text answer',
    `answers.sentiment_score` Array(Float32) COMMENT 'Sentiment score of a text answer, -1 to 1',
    `answers.sentiment_confidence` Array(Float32) COMMENT 'Probability of the label, 0 to 1',

    redactions UInt32 COMMENT 'Pieces of personal data that were replaced in the texts',
    truncated Bool COMMENT 'A text was longer than the limit and was cut',
    unknown_fields UInt32 COMMENT 'Fields of the event that no schema knows; they were ignored',
    model_version LowCardinality(String) COMMENT 'Models that language and sentiment come from',
    taxonomy_version LowCardinality(String) COMMENT 'Taxonomy that the topics come from',
    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _revision UInt64 COMMENT '0 as ingested; what computes the row again stamps seconds since 2020, what repairs it adds 1' CODEC(ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(least(version, 17592186044415)), 84)
        + bitShiftLeft(toUInt128(least(_offset, 17592186044415)), 40)
        + least(_revision, 1099511627775)
        COMMENT 'Which row of an item holds, the greatest: version (44 bits), offset (44), revision (40)' CODEC(ZSTD(1))
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
PARTITION BY toYear(created_at)
ORDER BY (tenant, kind, toDate(created_at), source, feedback_id)
SETTINGS {deduplication_window}
COMMENT 'What customers said, tagged: one row a version of an item. Query feedback_latest instead';
