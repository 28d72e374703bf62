-- One row for each topic that an item mentions, with the words that mention it.

CREATE VIEW IF NOT EXISTS {database}.feedback_topics {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the item',
    kind LowCardinality(String) COMMENT 'review, conversation, message or survey',
    source LowCardinality(String) COMMENT 'Where the item lives',
    feedback_id String COMMENT 'Identifier of the item at its source',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer, empty for prospects',
    language LowCardinality(String) COMMENT 'Language of the text, base subtag',
    topic LowCardinality(String) COMMENT 'Topic (delivery_delay)',
    l1 LowCardinality(String) COMMENT 'Group of the topic (delivery)',
    sentiment LowCardinality(String) COMMENT 'Sentiment of the clause that mentions it',
    score Float32 COMMENT 'Sentiment score of the clause, -1 to 1',
    confidence Float32 COMMENT 'How sure the topic is, 0 to 1',
    part UInt32 COMMENT '0: found in text; n: in the n-th turn or answer',
    start UInt32 COMMENT 'First byte of the mention in its part, from 0 (UTF-8)',
    end UInt32 COMMENT 'Byte after the mention',
    mention String COMMENT 'The words that mention the topic',
    taxonomy_version LowCardinality(String) COMMENT 'Taxonomy that the topic comes from'
)
AS SELECT
    tenant, kind, source, feedback_id, created_at, channel, customer_id, language,
    topic, l1, topic_sentiment AS sentiment, score, confidence, part, start, end,
    substring(
        multiIf(part = 0, text, kind = 'survey', answers.text[part], turns.text[part]),
        start + 1, end - start
    ) AS mention,
    taxonomy_version
FROM {database}.feedback_latest
ARRAY JOIN
    topics.id AS topic, topics.l1 AS l1, topics.sentiment AS topic_sentiment, topics.score AS score,
    topics.confidence AS confidence, topics.part AS part, topics.start AS start, topics.end AS end
COMMENT 'Topics that items mention, one row a mention';
