-- Customers one by one: whom to call, and what one of them has gone through.

-- To be called back: NPS of 6 or less, or a negative text that is urgent (urgency of 0.5 or more: today).
-- There are no cases that would take an item from the queue: filter by time. priority orders it: urgency,
-- and 1 more for a detractor.
CREATE VIEW IF NOT EXISTS {database}.v_detractor_queue {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the item',
    kind LowCardinality(String) COMMENT 'review, conversation, message or survey',
    source LowCardinality(String) COMMENT 'Where the item lives',
    feedback_id String COMMENT 'Identifier of the item at its source',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    reasons Array(String) COMMENT 'Why it is here: detractor, urgent',
    priority Float64 COMMENT 'Urgency, and 1 more for a detractor: the greatest first',
    nps Nullable(Float64) COMMENT 'Likelihood to recommend, 0 to 10; of several answers the lowest',
    urgency Float32 COMMENT 'Urgency of the text, 0 to 1',
    urgency_reason LowCardinality(String) COMMENT 'What makes it urgent',
    sentiment LowCardinality(String) COMMENT 'Sentiment of the text',
    sentiment_score Float32 COMMENT 'Sentiment score of the text, -1 to 1',
    intents Array(LowCardinality(String)) COMMENT 'What the customer wants',
    topics Array(LowCardinality(String)) COMMENT 'Topics that it mentions',
    channel LowCardinality(String) COMMENT 'Way it came in',
    language LowCardinality(String) COMMENT 'Language of the text, base subtag',
    customer_id String COMMENT 'Customer as joined, else as told; empty if not known',
    segment LowCardinality(String) COMMENT 'Segment of the customer then',
    clv Nullable(Decimal(18, 4)) COMMENT 'Lifetime value of the customer then',
    clv_currency LowCardinality(String) COMMENT 'ISO 4217 of the lifetime value',
    order_id String COMMENT 'Order that it is about',
    ticket_id String COMMENT 'Support ticket',
    conversation_id String COMMENT 'Conversation that it is or belongs to',
    text String COMMENT 'What was said, clean and redacted'
)
AS WITH
    arrayMin(arrayMap(number -> assumeNotNull(number), arrayFilter(
        (number, type) -> type = 'nps' AND number IS NOT NULL, f.answers.number, f.answers.type))) AS likelihood,
    arrayExists((number, type) -> type = 'nps' AND number <= 6, f.answers.number, f.answers.type) AS detractor,
    arrayExists((number, type) -> type = 'nps' AND number IS NOT NULL, f.answers.number, f.answers.type) AS asked,
    f.sentiment = 'negative' AND f.urgency >= 0.5 AS urgent
SELECT
    f.tenant AS tenant, f.kind AS kind, f.source AS source, f.feedback_id AS feedback_id, f.created_at AS created_at,
    arrayFilter(reason -> reason != '', [if(detractor, 'detractor', ''), if(urgent, 'urgent', '')]) AS reasons,
    f.urgency + detractor AS priority,
    if(asked, likelihood, NULL) AS nps,
    f.urgency AS urgency, f.urgency_reason AS urgency_reason,
    f.sentiment AS sentiment, f.sentiment_score AS sentiment_score,
    arrayDistinct(f.intents.name) AS intents, arrayDistinct(f.topics.id) AS topics,
    f.channel AS channel, f.language AS language,
    if(f.joined_customer_id != '', f.joined_customer_id, f.customer_id) AS customer_id,
    f.segment AS segment, f.clv AS clv, f.clv_currency AS clv_currency,
    f.order_id AS order_id, f.ticket_id AS ticket_id, f.conversation_id AS conversation_id, f.text AS text
FROM {database}.feedback_latest AS f
WHERE (detractor OR urgent) AND f.survey_kind != 'employee'
    AND (f.kind != 'message' OR (f.turns.role[1] = 'customer' AND NOT f.turns.private[1]))
COMMENT 'Items whose customer should hear from you: detractors, and what is negative and urgent';

-- Customers who were merged into others, and into whom in the end (up to 4 steps, as in
-- v_churn_after_negative).
CREATE VIEW IF NOT EXISTS {database}.customers_merged {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the customers',
    customer_id String COMMENT 'Customer who was merged',
    merged_into String COMMENT 'Customer who holds today'
)
AS SELECT
    m1.tenant AS tenant, m1.customer_id AS customer_id,
    multiIf(m4.merged_into != '', m4.merged_into, m3.merged_into != '', m3.merged_into,
        m2.merged_into != '', m2.merged_into, m1.merged_into) AS merged_into
FROM (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m1
LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m2
    ON m1.tenant = m2.tenant AND m1.merged_into = m2.customer_id
LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m3
    ON m1.tenant = m3.tenant AND m2.merged_into = m3.customer_id
LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m4
    ON m1.tenant = m4.tenant AND m3.merged_into = m4.customer_id
COMMENT 'Customers who were merged, and into whom';

-- All that a customer said and what happened: read it by tenant and customer_id, ordered by at. What was
-- said stands at its created_at (of an answer to a survey at its submission); orders, tickets and deliveries
-- at each status that they came to, by valid_from (a ticket opened again comes to it anew). Deliveries are
-- those of the customer's orders. Customers who were merged are shown as the one they are today.
CREATE VIEW IF NOT EXISTS {database}.v_customer_timeline {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the customer',
    customer_id String COMMENT 'Customer',
    at DateTime64(3, 'UTC') COMMENT 'When it was said or came to be',
    event LowCardinality(String) COMMENT 'review, conversation, message, survey, order, ticket or delivery',
    id String COMMENT 'Identifier of the item, order, ticket or shipment',
    source LowCardinality(String) COMMENT 'Where the item lives; empty for O-data',
    channel LowCardinality(String) COMMENT 'Way it came in',
    status LowCardinality(String) COMMENT 'Status that it came to; of what was said empty but for conversations',
    sentiment LowCardinality(String) COMMENT 'Sentiment of what was said; empty for O-data',
    sentiment_score Nullable(Float32) COMMENT 'Its score, -1 to 1; NULL for O-data and without a text to judge by',
    rating Nullable(Float64) COMMENT 'Rating of a review or conversation; of a survey the likelihood to recommend',
    topics Array(LowCardinality(String)) COMMENT 'Topics of what was said',
    amount Nullable(Decimal(18, 4)) COMMENT 'Total of an order',
    currency LowCardinality(String) COMMENT 'ISO 4217 of the total',
    text String COMMENT 'What was said, clean and redacted'
)
AS SELECT
    e.tenant AS tenant,
    if(m.merged_into != '', m.merged_into, e.customer_id) AS customer_id,
    e.at AS at, e.event AS event, e.id AS id, e.source AS source, e.channel AS channel, e.status AS status,
    e.sentiment AS sentiment, e.sentiment_score AS sentiment_score, e.rating AS rating, e.topics AS topics,
    e.amount AS amount, e.currency AS currency, e.text AS text
FROM (
    SELECT
        f.tenant AS tenant, if(f.joined_customer_id != '', f.joined_customer_id, f.customer_id) AS customer_id,
        ifNull(f.submitted_at, f.created_at) AS at, toString(f.kind) AS event, f.feedback_id AS id,
        toString(f.source) AS source, toString(f.channel) AS channel, toString(f.status) AS status,
        toString(f.sentiment) AS sentiment,
        if(f.sentiment = 'unknown', NULL, f.sentiment_score) AS sentiment_score,
        if(f.kind = 'survey', arrayFirstOrNull((number, type) -> type = 'nps', f.answers.number, f.answers.type),
            f.rating) AS rating,
        arrayDistinct(f.topics.id) AS topics,
        NULL::Nullable(Decimal(18, 4)) AS amount, '' AS currency, f.text AS text
    FROM {database}.feedback_latest AS f
    WHERE customer_id != ''
        AND (f.kind != 'message' OR (f.turns.role[1] = 'customer' AND NOT f.turns.private[1]))
    UNION ALL
    SELECT
        o.tenant AS tenant, o.customer_id AS customer_id, min(o.valid_from) AS at, 'order' AS event, o.order_id AS id,
        '' AS source, '' AS channel, toString(o.status) AS status, '' AS sentiment,
        NULL::Nullable(Float32) AS sentiment_score, NULL::Nullable(Float64) AS rating,
        []::Array(LowCardinality(String)) AS topics,
        argMax(o.total, o.valid_from) AS amount, argMax(toString(o.currency), o.valid_from) AS currency, '' AS text
    FROM {database}.orders_history AS o FINAL
    WHERE o.is_deleted = 0 AND o.customer_id != ''
    GROUP BY tenant, customer_id, id, status
    UNION ALL
    SELECT
        t.tenant AS tenant, t.customer_id AS customer_id, min(t.valid_from) AS at, 'ticket' AS event, t.ticket_id AS id,
        '' AS source, any(toString(t.channel)) AS channel, toString(t.status) AS status, '' AS sentiment,
        NULL::Nullable(Float32) AS sentiment_score, NULL::Nullable(Float64) AS rating,
        []::Array(LowCardinality(String)) AS topics,
        NULL::Nullable(Decimal(18, 4)) AS amount, '' AS currency, '' AS text
    FROM {database}.tickets_history AS t FINAL
    WHERE t.is_deleted = 0 AND t.customer_id != ''
    GROUP BY tenant, customer_id, id, status, t.reopens
    UNION ALL
    SELECT
        d.tenant AS tenant, o.customer_id AS customer_id, min(d.valid_from) AS at, 'delivery' AS event,
        d.shipment_id AS id, '' AS source, '' AS channel, toString(d.status) AS status, '' AS sentiment,
        NULL::Nullable(Float32) AS sentiment_score, NULL::Nullable(Float64) AS rating,
        []::Array(LowCardinality(String)) AS topics,
        NULL::Nullable(Decimal(18, 4)) AS amount, '' AS currency, '' AS text
    FROM {database}.deliveries_history AS d FINAL
    INNER JOIN (
        SELECT tenant, order_id, customer_id FROM {database}.orders_latest WHERE customer_id != ''
    ) AS o ON d.tenant = o.tenant AND d.order_id = o.order_id
    WHERE d.is_deleted = 0
    GROUP BY tenant, customer_id, id, status
) AS e
LEFT JOIN {database}.customers_merged AS m ON e.tenant = m.tenant AND e.customer_id = m.customer_id
COMMENT 'All that a customer said and what happened, in time';
