-- What the customer wants and signals: intents, urgency, emotion, effort, where he stands (as the text
-- tells it; what the source tells is beside it), and a hash that near duplicates share. The cues stand
-- in models/cues.toml. Beside them, how much personal data of each kind was replaced. The view is made
-- again with all of it.

ALTER TABLE {database}.feedback {on_cluster}
    ADD COLUMN IF NOT EXISTS `intents.name` Array(LowCardinality(String))
        COMMENT 'What the customer wants, each once, in the order of the text: complaint, question, request, suggestion, praise, churn_risk, escalation; other alone if the text says something and none of these'
        AFTER `topics.end`,
    ADD COLUMN IF NOT EXISTS `intents.part` Array(UInt32)
        COMMENT '0: found in text; n: in the n-th turn or answer'
        AFTER `intents.name`,
    ADD COLUMN IF NOT EXISTS `intents.start` Array(UInt32)
        COMMENT 'First byte of the words that say so in their part, from 0 (UTF-8)'
        AFTER `intents.part`,
    ADD COLUMN IF NOT EXISTS `intents.end` Array(UInt32)
        COMMENT 'Byte after these words'
        AFTER `intents.start`,
    ADD COLUMN IF NOT EXISTS urgency Float32
        COMMENT 'How soon somebody must act, 0 to 1; from 0.5 on today. Sum of safety 0.8, stranded 0.7, deadline 0.6, money 0.6, asked 0.5, escalation 0.2, anger 0.1, at most 1'
        AFTER `intents.end`,
    ADD COLUMN IF NOT EXISTS urgency_reason LowCardinality(String)
        COMMENT 'The weightiest reason of the urgency: safety, stranded, deadline, money, asked, escalation or anger; empty at 0'
        AFTER urgency,
    ADD COLUMN IF NOT EXISTS actionable Bool
        COMMENT 'Somebody must act: a question, request, suggestion, escalation, churn_risk, or a complaint that is not resolved'
        AFTER urgency_reason,
    ADD COLUMN IF NOT EXISTS emotion LowCardinality(Nullable(String))
        COMMENT 'Emotion that the words show: anger, disappointment, worry, confusion, joy or gratitude; NULL if none'
        AFTER actionable,
    ADD COLUMN IF NOT EXISTS effort Nullable(Int8)
        COMMENT 'How easy (1 to 5) or hard (-1 to -5) it was for the customer; NULL where the text does not tell'
        AFTER emotion,
    ADD COLUMN IF NOT EXISTS profanity Bool
        COMMENT 'Swear words or insults, masked ones too'
        AFTER effort,
    ADD COLUMN IF NOT EXISTS repeated_problem Bool
        COMMENT 'The text says that it is not the first time'
        AFTER profanity,
    ADD COLUMN IF NOT EXISTS text_journey_stage LowCardinality(String)
        COMMENT 'Where the customer stands as the text tells it: attention, interest, contact, impression or engagement; empty if it does not'
        AFTER repeated_problem,
    ADD COLUMN IF NOT EXISTS text_purchase_phase LowCardinality(String)
        COMMENT 'pre_purchase, purchase or post_purchase as the text tells it; empty if it does not'
        AFTER text_journey_stage,
    ADD COLUMN IF NOT EXISTS text_touchpoint LowCardinality(String)
        COMMENT 'Point of contact as the text tells it; empty if it does not'
        AFTER text_purchase_phase,
    ADD COLUMN IF NOT EXISTS match_hash UInt64
        COMMENT 'XXH3 of the letters of the folded text: near duplicates have the same; 0 for a text without letters'
        AFTER text_touchpoint,
    ADD COLUMN IF NOT EXISTS journey_stage LowCardinality(String)
        COMMENT 'Where the customer stands as the source tells it (attention, interest, contact, impression, engagement)'
        AFTER touchpoint,
    ADD COLUMN IF NOT EXISTS purchase_phase LowCardinality(String)
        COMMENT 'pre_purchase, purchase or post_purchase as the source tells it'
        AFTER journey_stage,
    ADD COLUMN IF NOT EXISTS redacted Map(LowCardinality(String), UInt32)
        COMMENT 'Pieces of personal data that were replaced, by kind: email, phone, card, iban, id, passport, ip, secret, address, name'
        AFTER redactions,
    COMMENT COLUMN flags 'What else is to be known of the texts: mojibake_repaired (they came in a wrong encoding and were made right), llm_artifact (debris of a language model), mt_suspect (translated badly by a machine; sentiment_confidence is 0.8 of what it would be), boilerplate (lines that stand on every page, or one line three times)',
    COMMENT COLUMN taxonomy_version 'Taxonomy that the topics come from, + cues that intents, urgency and the like come from';

CREATE OR REPLACE VIEW {database}.feedback_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the item; default where the event names none',
    kind LowCardinality(String) COMMENT 'review, conversation, message or survey',
    source LowCardinality(String) COMMENT 'Where the item lives: platform of a review, system of a chat or survey',
    feedback_id String COMMENT 'Identifier of the item at its source; tenant, kind, source and feedback_id together are the key',
    version UInt64 COMMENT 'Version told by the source (updated_at in ms), else the Kafka timestamp; the newest holds',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source, the same in every version',
    is_deleted UInt8 COMMENT '1: the source says that the item is gone; views hide it',

    text String COMMENT 'What was said, clean and redacted: title and body of a review; public turns of the customer; text answers of a survey',
    title String COMMENT 'Headline of a review',
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
    `intents.name` Array(LowCardinality(String)) COMMENT 'What the customer wants, each once, in the order of the text: complaint, question, request, suggestion, praise, churn_risk, escalation; other alone if the text says something and none of these',
    `intents.part` Array(UInt32) COMMENT '0: found in text; n: in the n-th turn or answer',
    `intents.start` Array(UInt32) COMMENT 'First byte of the words that say so in their part, from 0 (UTF-8)',
    `intents.end` Array(UInt32) COMMENT 'Byte after these words',
    urgency Float32 COMMENT 'How soon somebody must act, 0 to 1; from 0.5 on today. Sum of safety 0.8, stranded 0.7, deadline 0.6, money 0.6, asked 0.5, escalation 0.2, anger 0.1, at most 1',
    urgency_reason LowCardinality(String) COMMENT 'The weightiest reason of the urgency: safety, stranded, deadline, money, asked, escalation or anger; empty at 0',
    actionable Bool COMMENT 'Somebody must act: a question, request, suggestion, escalation, churn_risk, or a complaint that is not resolved',
    emotion LowCardinality(Nullable(String)) COMMENT 'Emotion that the words show: anger, disappointment, worry, confusion, joy or gratitude; NULL if none',
    effort Nullable(Int8) COMMENT 'How easy (1 to 5) or hard (-1 to -5) it was for the customer; NULL where the text does not tell',
    profanity Bool COMMENT 'Swear words or insults, masked ones too',
    repeated_problem Bool COMMENT 'The text says that it is not the first time',
    text_journey_stage LowCardinality(String) COMMENT 'Where the customer stands as the text tells it: attention, interest, contact, impression or engagement; empty if it does not',
    text_purchase_phase LowCardinality(String) COMMENT 'pre_purchase, purchase or post_purchase as the text tells it; empty if it does not',
    text_touchpoint LowCardinality(String) COMMENT 'Point of contact as the text tells it; empty if it does not',
    match_hash UInt64 COMMENT 'XXH3 of the letters of the folded text: near duplicates have the same; 0 for a text without letters',
    flags Array(LowCardinality(String)) COMMENT 'What else is to be known of the texts: mojibake_repaired (they came in a wrong encoding and were made right), llm_artifact (debris of a language model), mt_suspect (translated badly by a machine; sentiment_confidence is 0.8 of what it would be), boilerplate (lines that stand on every page, or one line three times)',

    channel LowCardinality(String) COMMENT 'Way it came in (app, web, email, chat)',
    touchpoint LowCardinality(String) COMMENT 'Point of contact as the source tells it (checkout, support_chat)',
    journey_stage LowCardinality(String) COMMENT 'Where the customer stands as the source tells it (attention, interest, contact, impression, engagement)',
    purchase_phase LowCardinality(String) COMMENT 'pre_purchase, purchase or post_purchase as the source tells it',
    customer_id String COMMENT 'Customer, empty for prospects; a keyed hash if it looked like personal data',
    `identities.type` Array(LowCardinality(String)) COMMENT 'Kinds of further identifiers of the customer (device_id)',
    `identities.value` Array(String) COMMENT 'Further identifiers of the customer',
    consent_analytics Nullable(Bool) COMMENT 'Consent to analytics; NULL if not told',
    country LowCardinality(String) COMMENT 'ISO 3166 alpha-2',
    locale LowCardinality(String) COMMENT 'BCP-47 locale of the device or account',
    lang_hint LowCardinality(String) COMMENT 'Language that the source claims for the text',
    app_version LowCardinality(String) COMMENT 'Version of the app of the customer',
    url String COMMENT 'Page or screen',
    experiment_id LowCardinality(String) COMMENT 'A/B test that the customer was in',
    experiment_variant LowCardinality(String) COMMENT 'Variant of the A/B test',
    order_id String COMMENT 'Order that it is about',
    ticket_id String COMMENT 'Support ticket',
    session_id String COMMENT 'Visit to site or app',
    conversation_id String COMMENT 'Conversation that it is or belongs to',
    trigger_type LowCardinality(String) COMMENT 'What caused the survey (order, ticket, conversation, delivery)',
    trigger_id String COMMENT 'Identifier of what caused the survey',
    extra Map(LowCardinality(String), String) COMMENT 'Labels of the source, passed through',

    joined_customer_id String COMMENT 'Customer after identities and merges, empty if none is known',
    merged_customers Array(String) COMMENT 'Customers on the way to joined_customer_id, each merged into the next',
    customer_join LowCardinality(String) COMMENT 'Whether a customer was joined as of created_at: hit; miss (not there then); late (not looked up yet, repair does); none (the item names none)',
    order_join LowCardinality(String) COMMENT 'Whether an order was joined as of created_at: hit; miss (not there then); late (not looked up yet, repair does); none (the item names none)',
    ticket_join LowCardinality(String) COMMENT 'Whether a ticket was joined as of created_at: hit; miss (not there then); late (not looked up yet, repair does); none (the item names none)',
    session_join LowCardinality(String) COMMENT 'Whether a session was joined as of created_at: hit; miss (not there then); late (not looked up yet, repair does); none (the item names none)',
    delivery_join LowCardinality(String) COMMENT 'Whether a delivery was joined as of created_at: hit; miss (not there then); late (not looked up yet, repair does); none (the item names none)',
    segment LowCardinality(String) COMMENT 'Segment of the customer then',
    persona LowCardinality(String) COMMENT 'Persona of the customer then',
    tier LowCardinality(String) COMMENT 'Tier of the customer then',
    plan LowCardinality(String) COMMENT 'Plan of the customer then',
    customer_country LowCardinality(String) COMMENT 'Country of the customer then, ISO 3166 alpha-2',
    clv Nullable(Decimal(18, 4)) COMMENT 'Lifetime value of the customer then',
    clv_currency LowCardinality(String) COMMENT 'ISO 4217 of the lifetime value',
    order_status LowCardinality(String) COMMENT 'Status of the order then',
    order_total Nullable(Decimal(18, 4)) COMMENT 'Total of the order then',
    order_currency LowCardinality(String) COMMENT 'ISO 4217 of the total of the order',
    days_late Nullable(Int32) COMMENT 'Days (UTC) from the promised day to arrival, or to created_at while it is overdue; negative: early; NULL: no promise, or neither there nor due',
    delivery_status LowCardinality(String) COMMENT 'Status of the shipment then',
    ticket_status LowCardinality(String) COMMENT 'Status of the ticket then',
    ticket_reopens Nullable(UInt32) COMMENT 'How often the ticket had been opened again then',
    checkout_abandoned Nullable(Bool) COMMENT 'Whether the visit came to no order within 60 minutes of its checkout, else its cart; NULL: reached neither, or the hour was not over',
    o_version UInt64 COMMENT 'Hash of all that is joined',

    rating Nullable(Float64) COMMENT 'Rating of a review, or at the end of a conversation',
    rating_worst Nullable(Float64) COMMENT 'Lowest value of the scale of the rating',
    rating_best Nullable(Float64) COMMENT 'Highest value of the scale of the rating',
    `aspect_ratings.aspect` Array(LowCardinality(String)) COMMENT 'Aspects that a review rates one by one',
    `aspect_ratings.value` Array(Float64) COMMENT 'Rating of the aspect',
    `aspect_ratings.worst` Array(Float64) COMMENT 'Lowest value of its scale',
    `aspect_ratings.best` Array(Float64) COMMENT 'Highest value of its scale',
    item_type LowCardinality(String) COMMENT 'What is reviewed: product, place, app, service or brand',
    item_id String COMMENT 'Identifier of what is reviewed',
    item_name String COMMENT 'Name of what is reviewed',
    item_sku String COMMENT 'Stock keeping unit of what is reviewed',
    author String COMMENT 'Author of the review as the platform refers to them',
    verified_purchase Nullable(Bool) COMMENT 'The platform verified that the author bought it',
    helpful_count UInt32 COMMENT 'How many readers found the review helpful',
    reply_text String COMMENT 'Public answer of the company to the review',
    reply_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the company answered',

    status LowCardinality(String) COMMENT 'Of a conversation: open, pending, snoozed, resolved or closed',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer entered the queue',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the conversation ended',
    transfers UInt32 COMMENT 'Hand-overs between agents or teams',
    resolved Nullable(Bool) COMMENT 'Whether the source calls the conversation resolved',
    rating_comment String COMMENT 'Comment given with the rating at the end of a conversation',
    tags Array(LowCardinality(String)) COMMENT 'Labels set on the conversation at its source',
    `turns.id` Array(String) COMMENT 'Turns of a conversation, or the one of a message: identifier',
    `turns.seq` Array(UInt32) COMMENT 'Position in the conversation',
    `turns.role` Array(LowCardinality(String)) COMMENT 'Who speaks: customer, agent, bot or system',
    `turns.participant` Array(String) COMMENT 'Identifier of the speaker; of agents the agent id where told',
    `turns.sent_at` Array(DateTime64(3, 'UTC')) COMMENT 'When it was sent',
    `turns.text` Array(String) COMMENT 'Text without markup, clean and redacted',
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
    `answers.text` Array(String) COMMENT 'Text answer, clean and redacted, or the date',
    `answers.boolean` Array(Nullable(Bool)) COMMENT 'Answer to a yes-or-no question',
    `answers.choices` Array(Array(String)) COMMENT 'Choices taken',
    `answers.scale_min` Array(Nullable(Float64)) COMMENT 'Lowest value of the scale of the number',
    `answers.scale_max` Array(Nullable(Float64)) COMMENT 'Highest value of the scale of the number',
    `answers.higher_better` Array(Nullable(Bool)) COMMENT 'Whether a higher number is better: sources differ',
    `answers.sentiment` Array(LowCardinality(String)) COMMENT 'Sentiment of a text answer',
    `answers.sentiment_score` Array(Float32) COMMENT 'Sentiment score of a text answer, -1 to 1',
    `answers.sentiment_confidence` Array(Float32) COMMENT 'Probability of the label, 0 to 1',

    redactions UInt32 COMMENT 'Pieces of personal data that were replaced in the texts',
    redacted Map(LowCardinality(String), UInt32) COMMENT 'The same by kind: email, phone, card, iban, id, passport, ip, secret, address, name',
    truncated Bool COMMENT 'A text was longer than the limit and was cut',
    unknown_fields UInt32 COMMENT 'Fields of the event that no schema knows; they were ignored',
    model_version LowCardinality(String) COMMENT 'Models that language and sentiment come from',
    taxonomy_version LowCardinality(String) COMMENT 'Taxonomy that the topics come from, + cues that intents, urgency and the like come from',
    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written',
    _revision UInt64 COMMENT '0 as ingested; what computes the row again stamps seconds since 2020, what repairs it adds 1',
    _origin LowCardinality(String) COMMENT 'What computed the row: stream (as it came in), replay (from the dead letters or from Kafka again) or retag (from the stored text)',
    _row_version UInt128 COMMENT 'Which row of an item holds, the greatest: version (44 bits), offset (44), revision (40)'
)
AS SELECT *, o_version, _row_version
FROM {database}.feedback FINAL
WHERE is_deleted = 0
COMMENT 'Newest version of each item that is not deleted';
