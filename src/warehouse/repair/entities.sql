-- Orders, tickets, visits, shipments and identities of the items, as they were then. Of each entity
-- named, its versions are read by the sorting key; one is left for each valid_from (by FINAL, where
-- that is all of the key), and the newest at or before the item's time holds. A deletion is a version
-- that leaves nothing.

CREATE TEMPORARY TABLE sada_item_orders ENGINE = Memory AS
SELECT i.n AS n, 1 AS hit, h.customer_id AS customer_id, h.status AS status, h.total AS total, h.currency AS currency
FROM (SELECT n, tenant, named_order, at FROM sada_items WHERE named_order != '') AS i
ASOF INNER JOIN (
    SELECT tenant, order_id, valid_from, is_deleted, customer_id, status, total, currency
    FROM {database:Identifier}.orders_history FINAL
    PREWHERE (tenant, order_id) IN (SELECT tenant, named_order FROM sada_items WHERE named_order != '')
) AS h ON i.tenant = h.tenant AND i.named_order = h.order_id AND i.at >= h.valid_from
WHERE NOT h.is_deleted;

CREATE TEMPORARY TABLE sada_item_tickets ENGINE = Memory AS
SELECT i.n AS n, 1 AS hit, h.customer_id AS customer_id, h.status AS status, h.reopens AS reopens
FROM (SELECT n, tenant, named_ticket, at FROM sada_items WHERE named_ticket != '') AS i
ASOF INNER JOIN (
    SELECT tenant, ticket_id, valid_from, is_deleted, customer_id, status, reopens
    FROM {database:Identifier}.tickets_history FINAL
    PREWHERE (tenant, ticket_id) IN (SELECT tenant, named_ticket FROM sada_items WHERE named_ticket != '')
) AS h ON i.tenant = h.tenant AND i.named_ticket = h.ticket_id AND i.at >= h.valid_from
WHERE NOT h.is_deleted;

CREATE TEMPORARY TABLE sada_visits ENGINE = Memory AS
SELECT
    i.n AS n, i.tenant AS tenant, i.at AS at, h.customer_id AS customer_id,
    ifNull(h.checkout_at, h.cart_at) AS began, h.order_id AS order_id
FROM (SELECT n, tenant, named_session, at FROM sada_items WHERE named_session != '') AS i
ASOF INNER JOIN (
    SELECT tenant, session_id, valid_from, is_deleted, customer_id, cart_at, checkout_at, order_id
    FROM {database:Identifier}.sessions_history FINAL
    PREWHERE (tenant, session_id) IN (SELECT tenant, named_session FROM sada_items WHERE named_session != '')
) AS h ON i.tenant = h.tenant AND i.named_session = h.session_id AND i.at >= h.valid_from
WHERE NOT h.is_deleted;

-- Abandoned: no order 60 minutes after the checkout, else after the cart. The order of a visit is as it
-- was then; one that was not there, or does not tell when it was placed, is taken to be in time.
CREATE TEMPORARY TABLE sada_item_sessions ENGINE = Memory AS
SELECT
    v.n AS n, 1 AS hit, v.customer_id AS customer_id,
    toUnixTimestamp64Milli(v.began) AS began_ms,
    toUnixTimestamp64Milli(if(o.is_deleted, NULL, o.created_at)) AS placed_ms,
    multiIf(
        began_ms IS NULL, NULL,
        v.order_id != '', ifNull(placed_ms - began_ms > 3600000, false),
        toUnixTimestamp64Milli(v.at) - began_ms >= 3600000, true,
        NULL) AS abandoned
FROM sada_visits AS v
ASOF LEFT JOIN (
    SELECT tenant, order_id, valid_from, is_deleted, created_at
    FROM {database:Identifier}.orders_history FINAL
    PREWHERE (tenant, order_id) IN (SELECT tenant, order_id FROM sada_visits WHERE order_id != '')
) AS o ON v.tenant = o.tenant AND v.order_id = o.order_id AND v.at >= o.valid_from;

-- Shipments that may be those of an item: the one that its trigger names, else all that were ever
-- told to be of its order.
CREATE TEMPORARY TABLE sada_shipments ENGINE = Memory AS
SELECT n, tenant, at, named_shipment AS shipment_id, '' AS of_order
FROM sada_items WHERE named_shipment != ''
UNION ALL
SELECT i.n, i.tenant, i.at, d.shipment_id, i.named_order AS of_order
FROM (SELECT n, tenant, at, named_order FROM sada_items WHERE named_shipment = '' AND named_order != '') AS i
INNER JOIN (
    SELECT DISTINCT tenant, order_id, shipment_id
    FROM {database:Identifier}.deliveries_history
    PREWHERE order_id IN (SELECT named_order FROM sada_items WHERE named_shipment = '' AND named_order != '')
) AS d ON i.tenant = d.tenant AND i.named_order = d.order_id;

-- Of several shipments of an order the one whose version then is the newest, of equal ones the
-- greatest identifier. Days late are days of the calendar (UTC).
CREATE TEMPORARY TABLE sada_item_deliveries ENGINE = Memory AS
SELECT n, 1 AS hit, newest.1 AS days_late, newest.2 AS status
FROM (
    SELECT n, argMax(tuple(late, status), (valid_from, shipment_id)) AS newest
    FROM (
        SELECT
        i.n AS n, i.shipment_id AS shipment_id, h.valid_from AS valid_from, h.status AS status,
        multiIf(
            h.promised_at IS NULL, NULL,
            h.delivered_at IS NOT NULL, h.delivered_at,
            i.at > h.promised_at, i.at,
            NULL) AS end,
        CAST(floor(toUnixTimestamp64Milli(assumeNotNull(end)) / 86400000)
            - floor(toUnixTimestamp64Milli(assumeNotNull(h.promised_at)) / 86400000) AS Int32) AS days,
        if(end IS NULL, NULL, days) AS late
    FROM sada_shipments AS i
    ASOF INNER JOIN (
        SELECT tenant, shipment_id, valid_from, is_deleted, order_id, status, promised_at, delivered_at
        FROM {database:Identifier}.deliveries_history
        PREWHERE (tenant, shipment_id) IN (SELECT tenant, shipment_id FROM sada_shipments)
        ORDER BY _row_version DESC
        LIMIT 1 BY tenant, shipment_id, valid_from
    ) AS h ON i.tenant = h.tenant AND i.shipment_id = h.shipment_id AND i.at >= h.valid_from
    WHERE NOT h.is_deleted AND (i.of_order = '' OR i.of_order = h.order_id)
    )
    GROUP BY n
);

-- Whose the items' identifiers were then; of one that was linked only later, whose it was first.
CREATE TEMPORARY TABLE sada_versions ENGINE = Memory AS
SELECT tenant, identity_type AS type, identity_value AS value, valid_from, is_deleted, customer_id
FROM {database:Identifier}.identity_map FINAL
PREWHERE (tenant, identity_type, identity_value) IN (
    SELECT tenant, identity.1, identity.2 FROM sada_items
    ARRAY JOIN identities AS identity WHERE named_customer = '');

CREATE TEMPORARY TABLE sada_item_identities ENGINE = Memory AS
SELECT n, argMinIf(owner, position, owner != '') AS customer_id
FROM (
    SELECT
        i.n AS n, i.position AS position,
        multiIf(h.there = 0, first.customer_id, h.is_deleted, '', h.customer_id) AS owner
    FROM (
        SELECT n, tenant, at, position, identity.1 AS type, identity.2 AS value
        FROM sada_items ARRAY JOIN identities AS identity, arrayEnumerate(identities) AS position
        WHERE named_customer = ''
    ) AS i
    ASOF LEFT JOIN (SELECT *, 1 AS there FROM sada_versions) AS h
        ON i.tenant = h.tenant AND i.type = h.type AND i.value = h.value AND i.at >= h.valid_from
    LEFT JOIN (
        SELECT tenant, type, value, argMin(customer_id, valid_from) AS customer_id
        FROM sada_versions WHERE NOT is_deleted GROUP BY tenant, type, value
    ) AS first ON i.tenant = first.tenant AND i.type = first.type AND i.value = first.value
)
GROUP BY n;

-- Who it is: the one named, else by identity, else of order, ticket, visit. Nobody yet has been
-- followed through merges.
CREATE TEMPORARY TABLE sada_open ENGINE = Memory AS
SELECT
    i.n AS n, i.tenant AS tenant, i.at AS at,
    multiIf(
        i.named_customer != '', i.named_customer,
        d.customer_id != '', d.customer_id,
        o.customer_id != '', o.customer_id,
        t.customer_id != '', t.customer_id,
        s.customer_id) AS customer_id,
    CAST([] AS Array(String)) AS merged
FROM sada_items AS i
LEFT JOIN sada_item_identities AS d ON i.n = d.n
LEFT JOIN sada_item_orders AS o ON i.n = o.n
LEFT JOIN sada_item_tickets AS t ON i.n = t.n
LEFT JOIN sada_item_sessions AS s ON i.n = s.n
WHERE customer_id != '';

CREATE TEMPORARY TABLE sada_item_customers
(
    n UInt64, joined_customer_id String, merged Array(String), hit UInt8,
    segment String, persona String, tier String, plan String, country String,
    clv Nullable(Decimal(18, 4)), clv_currency String
) ENGINE = Memory;
