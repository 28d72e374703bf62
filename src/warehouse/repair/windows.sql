-- Where a stretch of time is cut into windows, so that each table brings about {rows} rows to one at
-- most: the end of each window, and how many rows of all tables lie in it. One look at the tables for
-- all windows; rows of one insert have one time, so there are few times to sort.

SELECT max(at) + 1 AS until, sum(written) AS rows
FROM (
    SELECT
        at, written,
        sum(is_full) OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - is_full AS number
    FROM (
        SELECT
            at, sum(n) AS written,
            max(intDiv(total, {rows:UInt64}) > intDiv(total - n, {rows:UInt64})) AS is_full
        FROM (
            SELECT
                at, n,
                sum(n) OVER (PARTITION BY of ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total
            FROM (
                SELECT 0 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.feedback
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 1 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.customers_history
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 2 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.orders_history
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 3 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.tickets_history
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 4 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.sessions_history
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 5 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.deliveries_history
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
                UNION ALL
                SELECT 6 AS of, toUnixTimestamp64Milli(_ingested_at) AS at, count() AS n
                FROM {database:Identifier}.identity_map
                WHERE _ingested_at >= fromUnixTimestamp64Milli({from:Int64}) AND _ingested_at < fromUnixTimestamp64Milli({until:Int64})
                GROUP BY at
            )
        )
        GROUP BY at
    )
)
GROUP BY number
ORDER BY number;
