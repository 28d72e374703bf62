-- How far the next window goes, so that each table brings about {rows} rows at most, and how many rows
-- lie in it.

SELECT
    ifNull(minOrNullIf(last, n > {rows:UInt64}), {until:Int64}) AS until,
    sum(n) AS rows
FROM (
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.feedback
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.customers_history
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.orders_history
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.tickets_history
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.sessions_history
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.deliveries_history
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
    UNION ALL
    SELECT count() AS n, toUnixTimestamp64Milli(max(_ingested_at)) + 1 AS last FROM (
        SELECT _ingested_at FROM {database:Identifier}.identity_map
        WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
        ORDER BY _ingested_at LIMIT {rows:UInt64} + 1)
);
