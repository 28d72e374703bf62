-- How support serves: how fast, whether the first contact is enough, and who has to come again.
-- A contact is a conversation. Times are calendar time in seconds; intervals are Wilson's, 95 %.

-- First response and resolution. Each conversation is in a row of unit conversation, each ticket of O-data
-- in one of unit ticket: filter by it. Of a conversation the first response is that of `conversations` (NULL
-- without an answer of an agent: such ones count in n, not in responded) and the resolution the time from the
-- first turn to the end as told, if it is resolved, else until its ticket was solved. Of a ticket they are the
-- times from created_at to first_reply_at and, if it is solved or closed, to solved_at. Quantiles are
-- interpolated between neighbours (R's type 7); publish n with them.
CREATE VIEW IF NOT EXISTS {database}.v_frt_resolution {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversations and tickets',
    unit LowCardinality(String) COMMENT 'conversation or ticket: filter by it',
    channel LowCardinality(String) COMMENT 'Way they came in',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the beginning',
    n UInt64 COMMENT 'Conversations or tickets',
    responded UInt64 COMMENT 'Those that an agent answered',
    first_response_p50 Nullable(Float64) COMMENT 'Median of the first response, seconds; NULL if nobody answered',
    first_response_p90 Nullable(Float64) COMMENT '90th percentile of the first response, seconds',
    first_response_mean Nullable(Float64) COMMENT 'Mean first response, seconds',
    resolved UInt64 COMMENT 'Those that are resolved, as far as it is known when',
    resolution_p50 Nullable(Float64) COMMENT 'Median time to resolution, seconds; NULL if none is resolved',
    resolution_p90 Nullable(Float64) COMMENT '90th percentile of the time to resolution, seconds',
    resolution_mean Nullable(Float64) COMMENT 'Mean time to resolution, seconds'
)
AS SELECT
    tenant, unit, channel, arrayJoin(['day', 'month']) AS period,
    if(period = 'day', toDate(began_at), toStartOfMonth(began_at)) AS period_start,
    count() AS n,
    count(first_response) AS responded,
    quantileExactInclusiveOrNull(0.5)(first_response) AS first_response_p50,
    quantileExactInclusiveOrNull(0.9)(first_response) AS first_response_p90,
    avgOrNull(first_response) AS first_response_mean,
    count(resolution) AS resolved,
    quantileExactInclusiveOrNull(0.5)(resolution) AS resolution_p50,
    quantileExactInclusiveOrNull(0.9)(resolution) AS resolution_p90,
    avgOrNull(resolution) AS resolution_mean
FROM (
    SELECT
        c.tenant AS tenant, 'conversation' AS unit, c.channel AS channel, c.started_at AS began_at,
        c.first_response AS first_response,
        if(ifNull(c.resolved, false) AND c.ended_at IS NOT NULL, c.ended_at,
            if(t.status IN ('solved', 'closed'), t.solved_at, NULL)) AS done_at,
        if(done_at >= began_at, dateDiff('millisecond', began_at, done_at) / 1000, NULL) AS resolution
    FROM {database}.conversations AS c
    LEFT JOIN (
        SELECT tenant, ticket_id, status, solved_at FROM {database}.tickets_latest
    ) AS t ON c.tenant = t.tenant AND c.ticket_id = t.ticket_id
    UNION ALL
    SELECT
        t.tenant AS tenant, 'ticket' AS unit, t.channel AS channel, assumeNotNull(t.created_at) AS began_at,
        if(t.first_reply_at >= began_at, dateDiff('millisecond', began_at, t.first_reply_at) / 1000, NULL)
            AS first_response,
        if(t.status IN ('solved', 'closed'), t.solved_at, NULL) AS done_at,
        if(done_at >= began_at, dateDiff('millisecond', began_at, done_at) / 1000, NULL) AS resolution
    FROM {database}.tickets_latest AS t
    WHERE t.created_at IS NOT NULL
)
GROUP BY tenant, unit, channel, period, period_start
COMMENT 'First response and resolution of conversations and tickets, by channel and day or month';

-- First contact resolution = resolved at once / n. At once: solved (by its ticket as of now, else as told), at
-- most one agent spoke and nothing was handed over, the ticket was not opened again, and the customer did not
-- come back within 7 days after the last turn with one of the same problems, or about the same ticket.
-- n counts first contacts of known customers whose outcome is known and whose 7 days are over. A contact
-- within 7 days after one about the same is a follow-up: no first contact.
CREATE VIEW IF NOT EXISTS {database}.v_fcr {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversations',
    channel LowCardinality(String) COMMENT 'Way they came in',
    period LowCardinality(String) COMMENT 'day or month: filter by it, each conversation is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC), by the first turn',
    n UInt64 COMMENT 'First contacts that can be judged',
    resolved UInt64 COMMENT 'Those of them that were resolved at once',
    fcr Nullable(Float64) COMMENT 'Percent resolved at once; NULL if there are no contacts to judge',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval, percent',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval, percent',
    follow_ups UInt64 COMMENT 'Conversations that follow one about the same',
    open UInt64 COMMENT 'First contacts whose 7 days are not over',
    n_excluded UInt64 COMMENT 'First contacts of unknown customers or without a known outcome'
)
AS WITH pow(1.96, 2) AS z2, nullIf(n, 0) AS m
SELECT
    tenant, channel, arrayJoin(['day', 'month']) AS period,
    if(period = 'day', toDate(started_at), toStartOfMonth(started_at)) AS period_start,
    countIf(NOT follow_up AND known AND is_over) AS n,
    countIf(NOT follow_up AND known AND is_over AND at_once AND NOT again) AS resolved,
    100 * resolved / m AS fcr,
    100 * (resolved + z2 / 2 - 1.96 * sqrt(resolved * (m - resolved) / m + z2 / 4)) / (m + z2) AS low,
    100 * (resolved + z2 / 2 + 1.96 * sqrt(resolved * (m - resolved) / m + z2 / 4)) / (m + z2) AS high,
    countIf(follow_up) AS follow_ups,
    countIf(NOT follow_up AND known AND NOT is_over) AS open,
    countIf(NOT follow_up AND NOT known) AS n_excluded
FROM (
    SELECT
        tenant, source, conversation_id,
        any(c.channel) AS channel,
        any(c.started_at) AS started_at,
        any(c.customer_id != '' AND c.solved IS NOT NULL) AS known,
        any(c.last_turn_at <= now64(3) - INTERVAL 7 DAY) AS is_over,
        any(ifNull(c.solved, false) AND c.one_touch) AS at_once,
        max(c.subject != '' AND ifNull(c.next_at <= c.last_turn_at + INTERVAL 7 DAY, false)) AS again,
        max(c.subject != '' AND ifNull(c.previous_at >= c.started_at - INTERVAL 7 DAY, false)) AS follow_up
    FROM (
        SELECT
            tenant, source, conversation_id, channel, customer_id, started_at, last_turn_at, solved, one_touch, subject,
            leadInFrame(toNullable(started_at)) OVER same AS next_at,
            lagInFrame(toNullable(last_turn_at)) OVER same AS previous_at
        FROM (
            SELECT
                c.tenant AS tenant, c.source AS source, c.conversation_id AS conversation_id, c.channel AS channel,
                c.customer_id AS customer_id, c.started_at AS started_at, c.last_turn_at AS last_turn_at,
                if(t.ticket_id != '', t.status IN ('solved', 'closed'), c.resolved) AS solved,
                length(c.agents) <= 1 AND ifNull(c.transfers, 0) = 0 AND ifNull(t.handoffs, 0) = 0
                    AND ifNull(t.reopens, 0) = 0 AS one_touch,
                arrayConcat(c.problems, if(c.ticket_id = '', [], [concat('ticket ', c.ticket_id)])) AS subjects
            FROM {database}.conversations AS c
            LEFT JOIN (
                SELECT tenant, ticket_id, status, handoffs, reopens FROM {database}.tickets_latest
            ) AS t ON c.tenant = t.tenant AND c.ticket_id = t.ticket_id
        )
        LEFT ARRAY JOIN subjects AS subject
        WINDOW same AS (
            PARTITION BY tenant, if(customer_id = '', concat(source, ' ', conversation_id), customer_id), subject
            ORDER BY started_at, source, conversation_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ) AS c
    GROUP BY tenant, source, conversation_id
)
GROUP BY tenant, channel, period, period_start
COMMENT 'First contact resolution with a 95 % interval, by channel and day or month';

-- Problems that customers have to tell again: conversations of one customer about one problem, each at most
-- 7 days after the one before, make a row; it is here if there are two of them or more (contacts), two agents
-- or more in them (agents), or a text in it says so (told). Reviews and surveys count only where their text
-- says so. A problem is a topic that is not only praised; it is empty where a text tells of none.
CREATE VIEW IF NOT EXISTS {database}.v_repeat_problem {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    customer_id String COMMENT 'Customer as joined, else as told; empty if not known: then each item by itself',
    topic LowCardinality(String) COMMENT 'Topic of the problem, empty if none was found',
    began_at DateTime64(3, 'UTC') COMMENT 'First item',
    last_at DateTime64(3, 'UTC') COMMENT 'Beginning of the last item',
    contacts UInt64 COMMENT 'Conversations',
    agents UInt64 COMMENT 'Agents who speak in them',
    told UInt64 COMMENT 'Items whose text says that it is not the first time',
    reasons Array(String) COMMENT 'Why it is here: contacts, agents, told'
)
AS SELECT
    tenant, customer_id, topic,
    min(i.at) AS began_at,
    max(i.at) AS last_at,
    countIf(i.kind = 'conversation') AS contacts,
    length(groupUniqArrayArray(i.agents)) AS agents,
    countIf(i.told) AS told,
    arrayFilter(reason -> reason != '', [
        if(contacts >= 2, 'contacts', ''), if(agents >= 2, 'agents', ''), if(told > 0, 'told', '')]) AS reasons
FROM (
    SELECT *, sum(is_new) OVER (
            PARTITION BY tenant, whose, topic ORDER BY at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS chain
    FROM (
        SELECT *, topic, ifNull(lagInFrame(toNullable(at)) OVER (
                PARTITION BY tenant, whose, topic ORDER BY at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) < at - INTERVAL 7 DAY, true) AS is_new
        FROM (
            SELECT
                tenant, 'conversation' AS kind, concat(source, ' ', conversation_id) AS id, customer_id,
                if(customer_id = '', concat('unknown: ', id), customer_id) AS whose,
                started_at AS at, agents, repeated_problem AS told, problems
            FROM {database}.conversations
            UNION ALL
            SELECT
                f.tenant AS tenant, toString(f.kind) AS kind, concat(f.source, ' ', f.feedback_id) AS id,
                if(f.joined_customer_id != '', f.joined_customer_id, f.customer_id) AS customer_id,
                if(customer_id = '', concat('unknown: ', id), customer_id) AS whose,
                f.created_at AS at, []::Array(String) AS agents, f.repeated_problem AS told,
                arrayDistinct(arrayFilter((topic, said) -> said != 'positive', f.topics.id, f.topics.sentiment)) AS problems
            FROM {database}.feedback_latest AS f
            WHERE f.repeated_problem AND f.kind IN ('review', 'survey')
        )
        ARRAY JOIN if(empty(problems) AND told, [''], problems) AS topic
    )
) AS i
GROUP BY tenant, i.whose, customer_id, topic, i.chain
HAVING notEmpty(reasons)
COMMENT 'Problems that a customer had to tell again: by contacts, agents or in words';
