-- The journey: where each item belongs, and did it work (success), was it easy (effort), did it feel good
-- (emotion). Items count as of v_sentiment_daily, answers of employees are left out.
--
-- Stage, phase and touchpoint: as the source tells them, else by O-data, else as the text tells them.
-- * By O-data an item about an order or its delivery is post_purchase, one of a visit that reached cart or
--   checkout purchase. An item about a delivery is at the touchpoint delivery, one of a ticket at ticket;
--   of conversations the channel tells: support_chat, support_call, email, sms or social.
-- * success, the first that is known: the conversation's resolution; of a visit whether it came to an order;
--   of a ticket whether it was solved; false for a parcel that failed, came back or was lost and for an order
--   that was cancelled or paid back, true for one that was delivered. O-data is as of the time of the item.
-- * ease: answers to questions of type ces, 0 to 100 as in v_ces. effort: as the text tells it.
-- * Emotion is the sentiment: label and score.
CREATE VIEW IF NOT EXISTS {database}.journey {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the item',
    kind LowCardinality(String) COMMENT 'review, conversation, message or survey',
    source LowCardinality(String) COMMENT 'Where the item lives',
    feedback_id String COMMENT 'Identifier of the item at its source',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer as joined, else as told; empty if not known',
    journey_stage LowCardinality(String) COMMENT 'attention, interest, contact, impression or engagement; empty if not known',
    purchase_phase LowCardinality(String) COMMENT 'pre_purchase, purchase or post_purchase; empty if not known',
    touchpoint LowCardinality(String) COMMENT 'Point of contact (checkout, support_chat); empty if not known',
    success Nullable(Bool) COMMENT 'The goal was reached; NULL if not known',
    ease Nullable(Float64) COMMENT 'Mean ease of the answers of the item, 0 (hardest) to 100; NULL without one',
    effort Nullable(Int8) COMMENT 'Effort that the text tells, -5 (hard) to 5 (easy); NULL if it tells none',
    sentiment LowCardinality(String) COMMENT 'negative, neutral, positive, mixed or unknown',
    score Nullable(Float32) COMMENT 'Sentiment score, -1 to 1; NULL without a text to judge by',
    emotion LowCardinality(Nullable(String)) COMMENT 'Emotion that the text shows; NULL if none'
)
AS WITH
    arrayMap(eased -> assumeNotNull(eased), arrayFilter(eased -> eased IS NOT NULL, arrayMap(
        (type, number, min, max, up) -> if(type = 'ces' AND max - min >= 2,
            100 * if(up, number - min, if(up IS NULL, NULL, max - number)) / (max - min), NULL),
        f.answers.type, f.answers.number, f.answers.scale_min, f.answers.scale_max, f.answers.higher_better))) AS eases
SELECT
    f.tenant AS tenant, f.kind AS kind, f.source AS source, f.feedback_id AS feedback_id,
    f.created_at AS created_at, f.channel AS channel,
    if(f.joined_customer_id != '', f.joined_customer_id, f.customer_id) AS customer_id,
    if(f.journey_stage != '', f.journey_stage, f.text_journey_stage) AS journey_stage,
    multiIf(
        f.purchase_phase != '', f.purchase_phase,
        f.order_join = 'hit' OR f.delivery_join = 'hit' OR f.trigger_type IN ('order', 'delivery'), 'post_purchase',
        f.checkout_abandoned IS NOT NULL, 'purchase',
        f.text_purchase_phase) AS purchase_phase,
    multiIf(
        f.touchpoint != '', f.touchpoint,
        f.trigger_type = 'delivery', 'delivery',
        f.kind IN ('conversation', 'message') AND f.channel IN ('chat', 'whatsapp'), 'support_chat',
        f.kind IN ('conversation', 'message') AND f.channel = 'call', 'support_call',
        f.kind IN ('conversation', 'message') AND f.channel IN ('email', 'sms', 'social'), f.channel,
        f.ticket_join = 'hit' OR f.trigger_type = 'ticket', 'ticket',
        f.text_touchpoint) AS touchpoint,
    multiIf(
        f.kind = 'conversation' AND (f.resolved IS NOT NULL OR f.status != ''),
            ifNull(f.resolved, toBool(f.status IN ('resolved', 'closed'))),
        f.checkout_abandoned IS NOT NULL, toBool(NOT f.checkout_abandoned),
        f.ticket_join = 'hit' AND f.ticket_status != '', toBool(f.ticket_status IN ('solved', 'closed')),
        f.delivery_join = 'hit' AND f.delivery_status IN ('failed_attempt', 'returned', 'lost'), false,
        f.order_join = 'hit' AND f.order_status IN ('cancelled', 'refunded', 'partially_refunded'), false,
        f.order_join = 'hit' AND f.order_status = 'delivered', true,
        NULL) AS success,
    if(empty(eases), NULL, arrayAvg(eases)) AS ease,
    f.effort AS effort,
    f.sentiment AS sentiment,
    if(f.sentiment = 'unknown', NULL, f.sentiment_score) AS score,
    f.emotion AS emotion
FROM {database}.feedback_latest AS f
WHERE f.survey_kind != 'employee'
    AND (f.kind != 'message' OR (f.turns.role[1] = 'customer' AND NOT f.turns.private[1]))
COMMENT 'Items with their place in the journey, and success, effort and emotion of each';

-- The triad by place: success_share = reached / known, with Wilson's 95 % interval; ease and effort are
-- means; negative_share = negative / judged, with its interval, and score the mean of sentiment. Each has
-- its own n, for most items tell only one of the three.
CREATE VIEW IF NOT EXISTS {database}.v_journey_triad {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    dimension LowCardinality(String) COMMENT 'journey_stage, purchase_phase or touchpoint: filter by it',
    place LowCardinality(String) COMMENT 'Stage, phase or touchpoint; empty if not known',
    month Date COMMENT 'First day of the month (UTC), by the creation of the items',
    n UInt64 COMMENT 'Items',
    success_n UInt64 COMMENT 'Items of which it is known whether the goal was reached',
    success_share Nullable(Float64) COMMENT 'Share of those that reached it, 0 to 1; NULL if it is known of none',
    success_low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the share',
    success_high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the share',
    ease_n UInt64 COMMENT 'Items with an answer on effort',
    ease Nullable(Float64) COMMENT 'Mean ease of the answers, 0 (hardest) to 100',
    effort_n UInt64 COMMENT 'Items whose text tells of effort',
    effort Nullable(Float64) COMMENT 'Mean effort of the texts, -5 (hard) to 5 (easy)',
    emotion_n UInt64 COMMENT 'Items with a text to judge by',
    score Nullable(Float64) COMMENT 'Mean sentiment score, -1 to 1',
    negative_share Nullable(Float64) COMMENT 'Negative items of those with a text, 0 to 1',
    negative_low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the negative share',
    negative_high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the negative share'
)
AS WITH
    arrayJoin([
        ('journey_stage', toString(j.journey_stage)),
        ('purchase_phase', toString(j.purchase_phase)),
        ('touchpoint', toString(j.touchpoint))
    ]) AS at,
    pow(1.96, 2) AS z2,
    nullIf(success_n, 0) AS s, countIf(j.success) AS reached,
    nullIf(emotion_n, 0) AS e, countIf(j.sentiment = 'negative') AS negative
SELECT
    tenant, at.1 AS dimension, at.2 AS place, toStartOfMonth(j.created_at) AS month,
    count() AS n,
    count(j.success) AS success_n,
    reached / s AS success_share,
    (reached + z2 / 2 - 1.96 * sqrt(reached * (s - reached) / s + z2 / 4)) / (s + z2) AS success_low,
    (reached + z2 / 2 + 1.96 * sqrt(reached * (s - reached) / s + z2 / 4)) / (s + z2) AS success_high,
    count(j.ease) AS ease_n,
    avgOrNull(j.ease) AS ease,
    count(j.effort) AS effort_n,
    avgOrNull(j.effort) AS effort,
    count(j.score) AS emotion_n,
    avgOrNull(j.score) AS score,
    negative / e AS negative_share,
    (negative + z2 / 2 - 1.96 * sqrt(negative * (e - negative) / e + z2 / 4)) / (e + z2) AS negative_low,
    (negative + z2 / 2 + 1.96 * sqrt(negative * (e - negative) / e + z2 / 4)) / (e + z2) AS negative_high
FROM {database}.journey AS j
GROUP BY tenant, dimension, place, month
COMMENT 'Success, effort and emotion by journey stage, purchase phase and touchpoint, each with its n';
