-- One row for each turn, of whole conversations and of chats that come message by message alike:
-- every measure of conversations is SQL over this view.

CREATE VIEW IF NOT EXISTS {database}.turns {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversation',
    kind LowCardinality(String) COMMENT 'conversation: the turn came with the whole; message: by itself',
    source LowCardinality(String) COMMENT 'System that holds the conversation',
    conversation_id String COMMENT 'Conversation that the turn belongs to',
    feedback_id String COMMENT 'Item that holds the turn',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer, empty for prospects',
    language LowCardinality(String) COMMENT 'Language of the text of the item, base subtag',
    turn_id String COMMENT 'Identifier of the turn',
    seq UInt32 COMMENT 'Position in the conversation',
    role LowCardinality(String) COMMENT 'Who speaks: customer, agent, bot or system',
    participant String COMMENT 'Identifier of the speaker',
    sent_at DateTime64(3, 'UTC') COMMENT 'When it was sent',
    text String COMMENT 'Text without markup, clean and redacted',
    private Bool COMMENT 'Internal note: no part of what the customer said',
    sentiment LowCardinality(String) COMMENT 'Sentiment of a turn of the customer; unknown for others',
    sentiment_score Float32 COMMENT 'Sentiment score of the turn, -1 to 1',
    sentiment_confidence Float32 COMMENT 'Probability of the label, 0 to 1'
)
AS SELECT
    tenant, kind, source, conversation_id, feedback_id, created_at, channel, customer_id, language,
    turn_id, seq, role, participant, sent_at, turn_text AS text, private,
    turn_sentiment AS sentiment, turn_score AS sentiment_score, turn_confidence AS sentiment_confidence
FROM {database}.feedback_latest
ARRAY JOIN
    turns.id AS turn_id, turns.seq AS seq, turns.role AS role, turns.participant AS participant,
    turns.sent_at AS sent_at, turns.text AS turn_text, turns.private AS private,
    turns.sentiment AS turn_sentiment, turns.sentiment_score AS turn_score,
    turns.sentiment_confidence AS turn_confidence
COMMENT 'Turns of conversations, one row a turn, however they came';
