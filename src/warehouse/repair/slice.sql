-- Keys of the next items, after one, that may have to be joined again: those that were written in the
-- window, and those that name or were joined with what came in it. Superseded rows count as well, so
-- a slice holds this number of items or fewer. Each half reads only what its index leaves: an OR of
-- both would read everything. Where nothing of an entity came, no created_at is late enough.

CREATE TEMPORARY TABLE sada_slice ENGINE = Memory AS
WITH
    toDateTime64('2299-12-31 00:00:00', 3, 'UTC') AS never,
    (SELECT if(count() = 0, never, min(since)) FROM sada_customers) AS customers_since,
    (SELECT if(count() = 0, never, min(since)) FROM sada_orders) AS orders_since,
    (SELECT if(count() = 0, never, min(since)) FROM sada_tickets) AS tickets_since,
    (SELECT if(count() = 0, never, min(since)) FROM sada_sessions) AS sessions_since,
    (SELECT if(count() = 0, never, min(since)) FROM sada_deliveries) AS deliveries_since,
    (SELECT if(count() = 0, never, toDateTime64('1900-01-01 00:00:00', 3, 'UTC')) FROM sada_identities) AS identities_since
SELECT DISTINCT tenant, kind, day, source, feedback_id
FROM (
    SELECT tenant, kind, toDate(created_at) AS day, source, feedback_id
    FROM {database:Identifier}.feedback
    WHERE (tenant > {tenant:String} OR (tenant = {tenant:String} AND (
            kind > {kind:String} OR (kind = {kind:String} AND (
            toDate(created_at) > {day:Date} OR (toDate(created_at) = {day:Date} AND (
            source > {source:String} OR (source = {source:String} AND feedback_id > {feedback_id:String}))))))))
        AND _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
    ORDER BY tenant, kind, toDate(created_at), source, feedback_id
    LIMIT {rows:UInt64}
    UNION ALL
    SELECT tenant, kind, toDate(created_at) AS day, source, feedback_id
    FROM {database:Identifier}.feedback
    WHERE (tenant > {tenant:String} OR (tenant = {tenant:String} AND (
            kind > {kind:String} OR (kind = {kind:String} AND (
            toDate(created_at) > {day:Date} OR (toDate(created_at) = {day:Date} AND (
            source > {source:String} OR (source = {source:String} AND feedback_id > {feedback_id:String}))))))))
        AND (
            (created_at >= customers_since AND (
                (tenant, joined_customer_id) IN (SELECT tenant, id FROM sada_customers)
                OR arrayExists(id -> (tenant, id) IN (SELECT tenant, id FROM sada_customers), merged_customers)))
            OR (created_at >= orders_since AND (
                (tenant, order_id) IN (SELECT tenant, id FROM sada_orders)
                OR (trigger_type = 'order' AND (tenant, trigger_id) IN (SELECT tenant, id FROM sada_orders))))
            OR (created_at >= tickets_since AND (
                (tenant, ticket_id) IN (SELECT tenant, id FROM sada_tickets)
                OR (trigger_type = 'ticket' AND (tenant, trigger_id) IN (SELECT tenant, id FROM sada_tickets))))
            OR (created_at >= sessions_since AND (tenant, session_id) IN (SELECT tenant, id FROM sada_sessions))
            OR (created_at >= deliveries_since
                AND trigger_type = 'delivery' AND (tenant, trigger_id) IN (SELECT tenant, id FROM sada_deliveries))
            OR (created_at >= identities_since AND customer_id = '' AND arrayExists(
                (type, value) -> (tenant, type, value) IN (SELECT tenant, type, value FROM sada_identities),
                identities.type, identities.value)))
    ORDER BY tenant, kind, toDate(created_at), source, feedback_id
    LIMIT {rows:UInt64}
)
ORDER BY tenant, kind, day, source, feedback_id
LIMIT {rows:UInt64};
