-- What the rows of the slice should say, for those that say something else.

CREATE TEMPORARY TABLE sada_joined ENGINE = Memory AS
SELECT
    i.n AS n, i.tenant AS tenant, i.kind AS kind, i.day AS day, i.source AS source,
    i.feedback_id AS feedback_id, i.base AS base,
    c.joined_customer_id AS joined_customer_id,
    c.merged AS merged_customers,
    multiIf(c.hit, 'hit', c.joined_customer_id != '', 'miss',
        notEmpty(i.identities), 'miss', 'none') AS customer_join,
    multiIf(i.named_order = '', 'none', o.hit, 'hit', 'miss') AS order_join,
    multiIf(i.named_ticket = '', 'none', t.hit, 'hit', 'miss') AS ticket_join,
    multiIf(i.named_session = '', 'none', s.hit, 'hit', 'miss') AS session_join,
    multiIf(i.named_shipment = '' AND i.named_order = '', 'none', d.hit, 'hit', 'miss') AS delivery_join,
    c.segment AS segment, c.persona AS persona, c.tier AS tier, c.plan AS plan,
    c.country AS customer_country, c.clv AS clv, c.clv_currency AS clv_currency,
    toString(o.status) AS order_status, o.total AS order_total, toString(o.currency) AS order_currency,
    d.days_late AS days_late, toString(d.status) AS delivery_status,
    toString(t.status) AS ticket_status, t.reopens AS ticket_reopens,
    CAST(s.abandoned AS Nullable(Bool)) AS checkout_abandoned
FROM sada_items AS i
LEFT JOIN sada_item_customers AS c ON i.n = c.n
LEFT JOIN sada_item_orders AS o ON i.n = o.n
LEFT JOIN sada_item_tickets AS t ON i.n = t.n
LEFT JOIN sada_item_sessions AS s ON i.n = s.n
LEFT JOIN sada_item_deliveries AS d ON i.n = d.n
WHERE i.before != cityHash64(
    joined_customer_id, merged_customers, customer_join, order_join, ticket_join, session_join,
    delivery_join, segment, persona, tier, plan, customer_country, [clv], clv_currency, order_status,
    [order_total], order_currency, [days_late], delivery_status, ticket_status, [ticket_reopens],
    [checkout_abandoned]);
