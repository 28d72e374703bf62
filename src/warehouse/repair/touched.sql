-- What O-data came in a window of time: entities, and since when they may differ from what rows were
-- joined with. Temporary tables of one session, made once a window.

CREATE TEMPORARY TABLE sada_customers ENGINE = Memory AS
SELECT tenant, customer_id AS id, min(valid_from) AS since
FROM {database:Identifier}.customers_history
WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
GROUP BY tenant, id;

CREATE TEMPORARY TABLE sada_tickets ENGINE = Memory AS
SELECT tenant, ticket_id AS id, min(valid_from) AS since
FROM {database:Identifier}.tickets_history
WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
GROUP BY tenant, id;

CREATE TEMPORARY TABLE sada_orders ENGINE = Memory AS
SELECT tenant, order_id AS id, min(valid_from) AS since
FROM {database:Identifier}.orders_history
WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
GROUP BY tenant, id;

-- Visits, and those that came to an order that changed: when it was placed decides whether a checkout
-- was abandoned.
CREATE TEMPORARY TABLE sada_sessions ENGINE = Memory AS
SELECT tenant, id, min(since) AS since
FROM (
    SELECT tenant, session_id AS id, valid_from AS since
    FROM {database:Identifier}.sessions_history
    WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
    UNION ALL
    SELECT s.tenant, s.session_id AS id, o.since AS since
    FROM (
        SELECT DISTINCT tenant, session_id, order_id FROM {database:Identifier}.sessions_history
        PREWHERE order_id IN (SELECT id FROM sada_orders)
        WHERE order_id != ''
    ) AS s
    INNER JOIN sada_orders AS o ON s.tenant = o.tenant AND s.order_id = o.id
)
GROUP BY tenant, id;

CREATE TEMPORARY TABLE sada_deliveries ENGINE = Memory AS
SELECT tenant, shipment_id AS id, min(valid_from) AS since
FROM {database:Identifier}.deliveries_history
WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
GROUP BY tenant, id;

-- Orders that a shipment that changed was ever told to be of, as well.
INSERT INTO sada_orders
SELECT d.tenant, d.order_id AS id, s.since AS since
FROM (
    SELECT DISTINCT tenant, shipment_id, order_id FROM {database:Identifier}.deliveries_history
    PREWHERE (tenant, shipment_id) IN (SELECT tenant, id FROM sada_deliveries)
    WHERE order_id != ''
) AS d
INNER JOIN sada_deliveries AS s ON d.tenant = s.tenant AND d.shipment_id = s.id;

-- An identity that was linked late is true of what was said before.
CREATE TEMPORARY TABLE sada_identities ENGINE = Memory AS
SELECT DISTINCT tenant, identity_type AS type, identity_value AS value
FROM {database:Identifier}.identity_map
WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64});
