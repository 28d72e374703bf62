-- The rows again with what is joined, every other column copied, whatever later migrations add. Only
-- while the row that was read is still the newest: of two revisions of one record the greater holds.

INSERT INTO {database:Identifier}.feedback
SELECT f.* REPLACE(
    j.joined_customer_id AS joined_customer_id, j.merged_customers AS merged_customers,
    j.customer_join AS customer_join, j.order_join AS order_join, j.ticket_join AS ticket_join,
    j.session_join AS session_join, j.delivery_join AS delivery_join,
    j.segment AS segment, j.persona AS persona, j.tier AS tier, j.plan AS plan,
    j.customer_country AS customer_country, j.clv AS clv, j.clv_currency AS clv_currency,
    j.order_status AS order_status, j.order_total AS order_total, j.order_currency AS order_currency,
    j.days_late AS days_late, j.delivery_status AS delivery_status,
    j.ticket_status AS ticket_status, j.ticket_reopens AS ticket_reopens,
    j.checkout_abandoned AS checkout_abandoned,
    now64(3) AS _ingested_at, f._revision + 1 AS _revision)
FROM {database:Identifier}.feedback AS f FINAL
INNER JOIN sada_joined AS j
    ON f.tenant = j.tenant AND f.kind = j.kind AND toDate(f.created_at) = j.day
    AND f.source = j.source AND f.feedback_id = j.feedback_id AND f._row_version = j.base
PREWHERE (f.tenant, f.kind, toDate(f.created_at), f.source, f.feedback_id) IN (
    SELECT tenant, kind, day, source, feedback_id FROM sada_joined);
