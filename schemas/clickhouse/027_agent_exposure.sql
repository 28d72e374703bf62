-- How much anger agents bear (people, not scores, are what wears out in support). Of each agent the turns
-- of customers that the agent heard (answered, else came after the agent's last word), and those of them
-- that are angry (`public_turns`). Below 30 turns neither share nor rank is told: chance would rank them.
-- Intervals are Wilson's, 95 %.

CREATE VIEW IF NOT EXISTS {database}.v_agent_exposure {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversations',
    source LowCardinality(String) COMMENT 'System that holds them; agents are known inside of it',
    agent String COMMENT 'Identifier of the agent',
    period LowCardinality(String) COMMENT 'week or month: filter by it, each conversation is in one row of both',
    period_start Date COMMENT 'First day of the period (UTC, weeks from Monday), by the first turn',
    conversations UInt64 COMMENT 'Conversations in which the agent heard the customer',
    angry_conversations UInt64 COMMENT 'Those of them with an angry turn that the agent heard',
    n UInt64 COMMENT 'Turns of customers that the agent heard',
    angry UInt64 COMMENT 'Those of them that are angry',
    share Nullable(Float64) COMMENT 'Share of angry turns, 0 to 1; NULL below 30 turns',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the share',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the share',
    rank Nullable(UInt64) COMMENT '1: the greatest share of the source in the period; NULL below 30 turns'
)
AS WITH pow(1.96, 2) AS z2, if(n < 30, NULL, n) AS m
SELECT
    tenant, source, agent, period, period_start,
    conversations, angry_conversations, n, angry,
    angry / m AS share,
    (angry + z2 / 2 - 1.96 * sqrt(angry * (m - angry) / m + z2 / 4)) / (m + z2) AS low,
    (angry + z2 / 2 + 1.96 * sqrt(angry * (m - angry) / m + z2 / 4)) / (m + z2) AS high,
    if(n < 30, NULL, rank() OVER (
        PARTITION BY tenant, source, period, period_start ORDER BY share DESC NULLS LAST
    )) AS rank
FROM (
    SELECT
        tenant, source, agent, arrayJoin(['week', 'month']) AS period,
        if(period = 'week', toMonday(started_at), toStartOfMonth(started_at)) AS period_start,
        count() AS conversations,
        countIf(angry_turns > 0) AS angry_conversations,
        sum(turns) AS n,
        sum(angry_turns) AS angry
    FROM (
        SELECT
            tenant, source, conversation_id, agent,
            any(c.started_at) AS started_at,
            count() AS turns,
            countIf(is_angry) AS angry_turns
        FROM {database}.conversations AS c
        ARRAY JOIN heard.agent AS agent, heard.angry AS is_angry
        WHERE agent != ''
        GROUP BY tenant, source, conversation_id, agent
    )
    GROUP BY tenant, source, agent, period, period_start
)
COMMENT 'Anger that agents hear, with a 95 % interval, by week and month; never ranked below 30 turns';
