-- The items of a slice as they are now, and the keys that they name (`odata::join::Keys`).

CREATE TEMPORARY TABLE sada_items ENGINE = Memory AS
SELECT
    rowNumberInAllBlocks() AS n,
    tenant, kind, toDate(created_at) AS day, source, feedback_id,
    _row_version AS base,
    created_at AS at,
    customer_id AS named_customer,
    arrayZip(identities.type, identities.value) AS identities,
    if(order_id = '' AND trigger_type = 'order', trigger_id, order_id) AS named_order,
    if(ticket_id = '' AND trigger_type = 'ticket', trigger_id, ticket_id) AS named_ticket,
    session_id AS named_session,
    if(trigger_type = 'delivery', trigger_id, '') AS named_shipment,
    o_version AS before,
    joined_customer_id, merged_customers, customer_join, order_join, ticket_join, session_join,
    delivery_join, segment, persona, tier, plan, customer_country, clv, clv_currency, order_status,
    order_total, order_currency, days_late, delivery_status, ticket_status, ticket_reopens,
    checkout_abandoned
FROM {database:Identifier}.feedback FINAL
PREWHERE (tenant, kind, toDate(created_at), source, feedback_id) IN (
    SELECT tenant, kind, day, source, feedback_id FROM sada_slice);
