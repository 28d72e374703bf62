//! The witness: a plain table that a view feeds with every row inserted into `feedback`, and that
//! keeps each of them.
//!
//! `feedback` itself folds versions of an item when it merges, also a row with its double. It tells
//! only as long as merges are stopped, and with those stopped for a long run its parts, thousands
//! of them, slow down every look at it. So a long run merges as production does, and the witness
//! tells.
//!
//! A view is given a block even when `feedback` drops it by its token
//! (`deduplicate_blocks_in_dependent_materialized_views`, on by default: an insert that failed
//! between table and view can so be sent again). The witness drops it then, by the same token; its
//! partitions are those of `feedback` and it remembers as many blocks, so what `feedback` takes
//! twice it takes twice.

use anyhow::{Context as _, Result, ensure};
use clickhouse::Client;

/// Name of the table.
pub const TABLE: &str = "witness";

/// Inserts that `feedback` remembers, as `sada migrate` sets it.
const WINDOW: &str = "non_replicated_deduplication_window = 10000";

/// Columns of `feedback` that tell a row, under the names that the check reads.
pub const COLUMNS: &str = "_partition AS partition, _offset AS offset, version, is_deleted, \
     xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id)) AS item_hash";

/// Calls the witness: from now on it keeps what comes.
pub async fn call(client: &Client) -> Result<()> {
    let engine = "SELECT engine_full FROM system.tables \
                  WHERE database = currentDatabase() AND name = 'feedback'";
    let engine: String = client.query(engine).fetch_one().await?;
    ensure!(engine.contains(WINDOW), "feedback: {engine}");
    for sql in [
        format!(
            "CREATE TABLE {TABLE} (partition Int32, offset UInt64, version UInt64, \
             is_deleted UInt8, item_hash UInt64, year UInt16) \
             ENGINE = MergeTree PARTITION BY year ORDER BY (partition, offset) SETTINGS {WINDOW}"
        ),
        format!(
            "CREATE MATERIALIZED VIEW {TABLE}_view TO {TABLE} AS \
             SELECT {COLUMNS}, toYear(created_at) AS year FROM feedback"
        ),
    ] {
        client.query(&sql).execute().await.context(sql)?;
    }
    Ok(())
}
