-- Texts that say the same, punctuation, spaces and digits aside: copied reviews, campaigns, chats that
-- begin alike.

CREATE VIEW IF NOT EXISTS {database}.v_near_duplicates {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    match_hash UInt64 COMMENT 'Hash of the letters of their folded texts',
    n UInt64 COMMENT 'Items that have it, at least 2',
    first_at DateTime64(3, 'UTC') COMMENT 'When the first of them was created',
    last_at DateTime64(3, 'UTC') COMMENT 'When the last of them was created',
    platforms Array(LowCardinality(String)) COMMENT 'Sources that they come from, in alphabetical order',
    customers UInt64 COMMENT 'Customers that they come from; those without a customer_id count as one'
)
AS SELECT
    tenant, match_hash, count() AS n, min(created_at) AS first_at, max(created_at) AS last_at,
    arraySort(groupUniqArray(source)) AS platforms, uniqExact(customer_id) AS customers
FROM {database}.feedback_latest
WHERE match_hash != 0
GROUP BY tenant, match_hash
HAVING n > 1
COMMENT 'Texts that several items share, letter for letter';
