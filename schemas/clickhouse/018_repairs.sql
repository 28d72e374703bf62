-- What repair has looked at: each line a window of time in which feedback or O-data was written, every
-- item that it touches joined again. Kept in the warehouse, not by the instance: whoever repairs next
-- goes on from the newest looked_until of job 'run', a little before it. Lost lines cost work, not
-- rows: what is looked at twice is the same.

CREATE TABLE IF NOT EXISTS {database}.repairs {on_cluster}
(
    job LowCardinality(String) COMMENT 'run (the pipeline, now and then) or command (sada repair)',
    looked_from DateTime64(3, 'UTC') COMMENT 'Begin of the window, by _ingested_at',
    looked_until DateTime64(3, 'UTC') COMMENT 'End of the window, itself left out',
    items UInt64 COMMENT 'Items that were joined again',
    rows UInt64 COMMENT 'Rows that were written, since something joined differs',
    seconds Float64 COMMENT 'How long it took',
    finished_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was done'
)
ENGINE = {engine MergeTree}
ORDER BY (job, looked_until)
SETTINGS {deduplication_window}
COMMENT 'What repair of the join has looked at, and how many rows it wrote';
