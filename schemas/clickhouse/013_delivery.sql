-- What proving delivery needs of each row: how it was computed, when it was written, and when the
-- item of a line of evidence was created (which tells whether a time to live has removed it).

ALTER TABLE {database}.feedback {on_cluster}
    ADD COLUMN IF NOT EXISTS _origin LowCardinality(String) DEFAULT 'stream'
        COMMENT 'What computed the row: stream (as it came in), replay (from the dead letters or from Kafka again) or retag (from the stored text)'
        AFTER _revision,
    ADD INDEX IF NOT EXISTS written _ingested_at TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.ingested {on_cluster}
    ADD COLUMN IF NOT EXISTS created_at DateTime64(3, 'UTC') DEFAULT kafka_time
        COMMENT 'When the item of the row was created at its source; the Kafka timestamp for other outcomes'
        CODEC(Delta, ZSTD(1))
        AFTER kafka_time;
