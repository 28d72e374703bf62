-- One step through merges: customers as they were then; those merged into another by then are asked
-- for again as that one, but not after the last step.

CREATE TEMPORARY TABLE sada_step ENGINE = Memory AS
SELECT
    o.n AS n, o.tenant AS tenant, o.at AS at, o.customer_id AS customer_id, o.merged AS merged,
    h.there AND NOT h.is_deleted AS hit,
    hit AND h.merged_into != '' AND NOT {last:Bool} AS goes_on,
    h.merged_into AS merged_into, h.segment AS segment, h.persona AS persona, h.tier AS tier,
    h.plan AS plan, h.country AS country, h.clv AS clv, h.clv_currency AS clv_currency
FROM sada_open AS o
ASOF LEFT JOIN (
    SELECT tenant, customer_id, valid_from, is_deleted, 1 AS there, merged_into, segment, persona,
        tier, plan, country, clv, clv_currency
    FROM {database:Identifier}.customers_history FINAL
    PREWHERE (tenant, customer_id) IN (SELECT tenant, customer_id FROM sada_open)
) AS h ON o.tenant = h.tenant AND o.customer_id = h.customer_id AND o.at >= h.valid_from;

INSERT INTO sada_item_customers
SELECT
    n, customer_id, merged, hit,
    if(hit, segment, ''), if(hit, persona, ''), if(hit, tier, ''), if(hit, plan, ''),
    if(hit, country, ''), if(hit, clv, NULL), if(hit, clv_currency, '')
FROM sada_step WHERE NOT goes_on;

DROP TEMPORARY TABLE sada_open;

CREATE TEMPORARY TABLE sada_open ENGINE = Memory AS
SELECT n, tenant, at, merged_into AS customer_id, arrayPushBack(merged, s.customer_id) AS merged
FROM sada_step AS s WHERE goes_on;

DROP TEMPORARY TABLE sada_step;
