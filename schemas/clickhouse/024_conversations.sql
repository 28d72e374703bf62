-- One row for each conversation, from `public_turns` alone, so that a chat that comes message by message
-- has the same measures as one that comes whole. Internal notes count nowhere, turns of the system only
-- as such. Where a conversation came whole and as messages, a message counts only if the whole lacks it.
--
-- Order: by seq where each turn has its own, else by sent_at. Times are calendar time, in seconds.
-- * A customer waits from the first turn after an answer (or the first of all) to the next turn of an
--   agent. first_response is the first such wait, NULL without an answer of an agent, as in
--   dbt_zendesk; bots answer nothing here. next_response: the later waits; quantiles by interpolation
--   between neighbours (R's type 7).
-- * longest_gap: the longest time between two turns of customer, agent or bot.
-- * handoffs: how often an agent's turn follows one of another agent; transfers: as the source tells.
-- * bot_contained: a bot spoke to the customer and no agent did; NULL without a bot or customer.
-- * queue_wait: from queued_at to the first turn of an agent since.
-- * Sentiment is of the customer's turns with a text to judge by. Of n of them quarter k holds the turns
--   number floor((k-1)·n/4)+1 to ceil(k·n/4): one on a border is in both, none is empty.
--   change = q4 - q1, NULL for a single turn.
-- * canned_share: replies of agents with a text that, in lower case, stands in at least 3 conversations of
--   the tenant and has at least 24 bytes, of all replies with a text. (Shorter ones are "yes" and "thanks".)
--   It reads the replies a second time, of all tenants: leave it out where it is not asked for.
-- * Tone as in public_turns: a greeting in the agents' first text (by sent_at), a closing in their last, an
--   apology or empathy in any; curt: a curt text, or none of more than 20 bytes. NULL if agents wrote nothing.
-- * A turn of the customer is heard by the agent who answers it, else by the one who spoke before.
CREATE VIEW IF NOT EXISTS {database}.conversations {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversation',
    source LowCardinality(String) COMMENT 'System that holds the conversation',
    conversation_id String COMMENT 'Identifier of the conversation at its source',
    came LowCardinality(String) COMMENT 'whole, messages or both',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer as joined, else as told; empty if not known',
    order_id String COMMENT 'Order that it is about',
    ticket_id String COMMENT 'Support ticket',
    language LowCardinality(String) COMMENT 'Language of most turns of the customer, base subtag; und if not known',
    topic_ids Array(LowCardinality(String)) COMMENT 'Topics that are mentioned, by name',
    problems Array(LowCardinality(String)) COMMENT 'Those of the topics that are not only praised',
    repeated_problem Bool COMMENT 'The customer says that it is not the first time',

    started_at DateTime64(3, 'UTC') COMMENT 'First turn',
    last_turn_at DateTime64(3, 'UTC') COMMENT 'Last turn',
    customer_turns UInt32 COMMENT 'Turns of the customer',
    agent_turns UInt32 COMMENT 'Turns of agents',
    bot_turns UInt32 COMMENT 'Turns of bots',
    system_turns UInt32 COMMENT 'Turns of the system',
    first_response Nullable(Float64) COMMENT 'Seconds to the first answer of an agent; NULL without one',
    next_responses UInt32 COMMENT 'Answers of agents after the first',
    next_response_p50 Nullable(Float64) COMMENT 'Median of the seconds to the next answers; NULL without any',
    next_response_p90 Nullable(Float64) COMMENT '90th percentile of the seconds to the next answers',
    longest_gap Nullable(Float64) COMMENT 'Longest time between two turns, seconds; NULL for a single one',
    agents Array(String) COMMENT 'Agents who speak in it, in order',
    handoffs UInt32 COMMENT 'How often an agent speaks after another one',
    bot_contained Nullable(Bool) COMMENT 'A bot spoke and no agent; NULL without a bot or customer',

    score Nullable(Float64) COMMENT 'Mean sentiment score of the turns of the customer, -1 to 1',
    q1 Nullable(Float64) COMMENT 'Mean score in the first quarter of these turns',
    q2 Nullable(Float64) COMMENT 'Mean score in the second quarter',
    q3 Nullable(Float64) COMMENT 'Mean score in the third quarter',
    q4 Nullable(Float64) COMMENT 'Mean score in the last quarter',
    change Nullable(Float64) COMMENT 'q4 less q1, -2 to 2: above 0 it ended better than it began',
    negative_turns UInt32 COMMENT 'Turns of the customer that are negative',
    angry_turns UInt32 COMMENT 'Turns of the customer that are angry',
    last_customer_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Last turn of the customer',
    last_customer_sentiment LowCardinality(String) COMMENT 'Its sentiment; unknown without one',
    last_customer_score Nullable(Float32) COMMENT 'Its sentiment score',
    unanswered Nullable(Bool) COMMENT 'Neither agent nor bot spoke after it; NULL if the customer said nothing',

    agent_texts UInt32 COMMENT 'Turns of agents with a text',
    canned_share Nullable(Float64) COMMENT 'Share of canned replies among them, 0 to 1; NULL without any',
    agent_greeting Nullable(Bool) COMMENT 'The first text of an agent greets',
    agent_empathetic Nullable(Bool) COMMENT 'A text of an agent shows empathy',
    agent_apology Nullable(Bool) COMMENT 'A text of an agent apologises',
    agent_closing Nullable(Bool) COMMENT 'The last text of an agent takes leave or offers more help',
    agent_curt Nullable(Bool) COMMENT 'A text of an agent is curt, or all are very short',
    `heard.agent` Array(String) COMMENT 'For each turn of the customer the agent who heard it, empty if none did',
    `heard.angry` Array(Bool) COMMENT 'For each turn of the customer whether it is angry',

    status LowCardinality(String) COMMENT 'Status as told: open, pending, snoozed, resolved or closed; empty if not told',
    resolved Nullable(Bool) COMMENT 'Resolved as told, else by a status of resolved or closed; NULL if neither is told',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End as told',
    transfers Nullable(UInt32) COMMENT 'Hand-overs as told; NULL if it came as messages',
    queue_wait Nullable(Float64) COMMENT 'Seconds from the queue to an agent; NULL if no queue is told or no agent came',
    rating Nullable(Float64) COMMENT 'Rating at the end',
    rating_worst Nullable(Float64) COMMENT 'Lowest value of its scale',
    rating_best Nullable(Float64) COMMENT 'Highest value of its scale'
)
AS SELECT
    tenant, source, conversation_id,
    multiIf(whole = 0, 'messages', whole = n, 'whole', 'both') AS came,
    channel, customer_id, order_id, ticket_id,
    ifNull(nullIf(arraySort(l -> (-countEqual(languages, l), l), arrayDistinct(languages))[1], ''), 'und') AS language,
    arraySort(topic_ids) AS topic_ids, arraySort(problems) AS problems, repeated_problem,
    started_at, last_turn_at,
    toUInt32(countEqual(roles, 'customer')) AS customer_turns,
    toUInt32(countEqual(roles, 'agent')) AS agent_turns,
    toUInt32(countEqual(roles, 'bot')) AS bot_turns,
    system_turns,
    if(empty(waits), NULL, waits[1]) AS first_response,
    toUInt32(greatest(length(waits), 1) - 1) AS next_responses,
    if(next_responses = 0, NULL, arrayReduce('quantileExactInclusive(0.5)', arraySlice(waits, 2))) AS next_response_p50,
    if(next_responses = 0, NULL, arrayReduce('quantileExactInclusive(0.9)', arraySlice(waits, 2))) AS next_response_p90,
    if(length(times) < 2, NULL, arrayMax(arrayDifference(times)) / 1000) AS longest_gap,
    arrayDistinct(speakers) AS agents,
    toUInt32(arrayCount((a, b) -> a != b, arrayPopFront(speakers), arrayPopBack(speakers))) AS handoffs,
    if(bot_turns = 0 OR customer_turns = 0, NULL, toBool(agent_turns = 0)) AS bot_contained,
    if(empty(scores), NULL, arrayAvg(scores)) AS score,
    if(empty(scores), NULL, arrayAvg(arraySlice(scores, 1, intDiv(judged + 3, 4)))) AS q1,
    if(empty(scores), NULL, arrayAvg(arraySlice(scores, intDiv(judged, 4) + 1,
        intDiv(2 * judged + 3, 4) - intDiv(judged, 4)))) AS q2,
    if(empty(scores), NULL, arrayAvg(arraySlice(scores, intDiv(2 * judged, 4) + 1,
        intDiv(3 * judged + 3, 4) - intDiv(2 * judged, 4)))) AS q3,
    if(empty(scores), NULL, arrayAvg(arraySlice(scores, intDiv(3 * judged, 4) + 1))) AS q4,
    if(judged < 2, NULL, q4 - q1) AS change,
    toUInt32(arrayCount(t -> t.sentiment = 'negative', customers)) AS negative_turns,
    toUInt32(arrayCount(t -> t.angry, customers)) AS angry_turns,
    if(empty(customers), NULL, fromUnixTimestamp64Milli(customers[-1].at, 'UTC')) AS last_customer_at,
    if(empty(customers), 'unknown', customers[-1].sentiment) AS last_customer_sentiment,
    if(empty(customers), NULL, customers[-1].score) AS last_customer_score,
    if(empty(customers), NULL, toBool(roles[-1] = 'customer')) AS unanswered,
    agent_texts,
    if(agent_texts = 0, NULL, canned / agent_texts) AS canned_share,
    if(agent_texts = 0, NULL, greeting) AS agent_greeting,
    if(agent_texts = 0, NULL, empathy) AS agent_empathetic,
    if(agent_texts = 0, NULL, apology) AS agent_apology,
    if(agent_texts = 0, NULL, closing) AS agent_closing,
    if(agent_texts = 0, NULL, toBool(curt OR longest <= 20)) AS agent_curt,
    hearers AS `heard.agent`,
    arrayMap(t -> t.angry, customers) AS `heard.angry`,
    status,
    if(resolved IS NULL AND status != '', toBool(status IN ('resolved', 'closed')), resolved) AS resolved,
    ended_at,
    if(whole = 0, NULL, transfers) AS transfers,
    queue_wait, rating, rating_worst, rating_best
FROM (
    SELECT
        * EXCEPT (ordered, people, before),
        arrayMap(t -> t.role, spoken) AS roles,
        arrayMap(t -> t.at, spoken) AS times,
        toUInt32(length(ordered) - length(spoken)) AS system_turns,
        arrayFilter(t -> t.role = 'customer', people) AS customers,
        arrayMap(t -> toFloat64(t.score), arrayFilter(t -> t.sentiment != 'unknown', customers)) AS scores,
        length(scores) AS judged,
        arrayMap(t -> t.agent, arrayFilter(t -> t.role = 'agent', people)) AS speakers,
        arrayFilter((t, b) -> t.role = 'customer' AND b != 'customer', people, before) AS asked,
        arrayFilter((t, b) -> t.role = 'agent' AND b = 'customer', people, before) AS answered,
        arrayMap((a, q) -> greatest(a.at - q.at, 0) / 1000, answered, arraySlice(asked, 1, length(answered))) AS waits,
        arrayFilter((agent, t) -> t.role = 'customer',
            arrayMap((next, last) -> if(next != '', next, last),
                arrayReverseFill(agent -> agent != '', arrayMap(t -> t.agent, people)),
                arrayFill(agent -> agent != '', arrayMap(t -> t.agent, people))),
            people) AS hearers
    FROM (
        SELECT
            * EXCEPT (counted, numbered),
            arraySort(t -> (if(numbered, t.seq, 0), t.at, t.seq, t.id), counted) AS ordered,
            arrayFilter(t -> t.role != 'system', ordered) AS spoken,
            arrayFilter(t -> t.role IN ('customer', 'agent'), ordered) AS people,
            arrayPopBack(arrayPushFront(arrayMap(t -> t.role, people), '')) AS before
        FROM (
            SELECT
                * EXCEPT (wholes, messages),
                arrayConcat(wholes, messages) AS all_turns,
                arrayFilter((t, nth) -> NOT t.message OR nth = 1,
                    all_turns, arrayEnumerateUniq(arrayMap(t -> t.id, all_turns))) AS counted,
                length(arrayDistinct(arrayMap(t -> t.seq, counted))) = length(counted) AS numbered
            FROM (
                SELECT
                    t.tenant AS tenant, t.source AS source, t.conversation_id AS conversation_id,
                    count() AS n,
                    countIf(t.kind = 'conversation') AS whole,
                    argMinIf(t.channel, t.sent_at, t.channel != '') AS channel,
                    max(t.customer_id) AS customer_id,
                    max(t.order_id) AS order_id,
                    max(t.ticket_id) AS ticket_id,
                    groupArrayIf(t.language, t.role = 'customer' AND t.language NOT IN ('', 'und')) AS languages,
                    groupUniqArrayArrayIf(t.topic_ids, t.kind = 'conversation' OR t.role = 'customer') AS topic_ids,
                    groupUniqArrayArrayIf(t.problems, t.kind = 'conversation' OR t.role = 'customer') AS problems,
                    max(toBool(t.repeated_problem AND (t.kind = 'conversation' OR t.role = 'customer'))) AS repeated_problem,
                    min(t.sent_at) AS started_at,
                    max(t.sent_at) AS last_turn_at,
                    max(t.status) AS status,
                    any(t.resolved) AS resolved,
                    any(t.ended_at) AS ended_at,
                    max(t.transfers) AS transfers,
                    dateDiff('millisecond', any(t.queued_at),
                        minOrNullIf(t.sent_at, t.role = 'agent' AND t.sent_at >= t.queued_at)) / 1000 AS queue_wait,
                    any(t.rating) AS rating,
                    any(t.rating_worst) AS rating_worst,
                    any(t.rating_best) AS rating_best,
                    uniqExactIf(t.turn_id, t.role = 'agent'
                        AND (t.tenant, cityHash64(lowerUTF8(t.text))) IN (
                            SELECT tenant, cityHash64(lowerUTF8(text))
                            FROM {database}.turns
                            WHERE role = 'agent' AND NOT private AND length(text) >= 24
                            GROUP BY 1, 2
                            HAVING uniqExact(source, conversation_id) >= 3
                        )) AS canned,
                    toUInt32(uniqExactIf(t.turn_id, t.role = 'agent' AND t.text != '')) AS agent_texts,
                    argMinIf(t.greeting, (t.sent_at, t.seq), t.role = 'agent' AND t.text != '') AS greeting,
                    max(t.empathy) AS empathy,
                    max(t.apology) AS apology,
                    argMaxIf(t.closing, (t.sent_at, t.seq), t.role = 'agent' AND t.text != '') AS closing,
                    max(t.curt) AS curt,
                    maxIf(length(t.text), t.role = 'agent') AS longest,
                    groupArrayIf(t.turn, t.kind = 'conversation') AS wholes,
                    groupArrayIf(t.turn, t.kind = 'message') AS messages
                FROM (
                    SELECT
                        *,
                        tuple(kind = 'message', cityHash64(turn_id), seq, toUnixTimestamp64Milli(sent_at),
                            toString(role), if(role = 'agent', participant, ''),
                            toString(sentiment), sentiment_score, angry)
                        ::Tuple(message Bool, id UInt64, seq UInt32, at Int64, role String, agent String,
                            sentiment String, score Float32, angry Bool) AS turn
                    FROM {database}.public_turns
                ) AS t
                GROUP BY tenant, source, conversation_id
            )
        )
    )
)
COMMENT 'Conversations, one row each, however they came, with the measures of response, sentiment and tone';
