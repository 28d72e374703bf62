-- The evidence: one line for every Kafka record that was read, whatever became of it. `feedback`
-- forgets superseded versions when it merges, so nothing can be proved from it alone.

CREATE TABLE IF NOT EXISTS {database}.ingested {on_cluster}
(
    consumer_group LowCardinality(String) COMMENT 'Kafka consumer group that read the record',
    topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    partition Int32 COMMENT 'Kafka partition of the record',
    offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    outcome Enum8('row' = 1, 'dead_letter' = 2, 'skipped' = 3, 'gap' = 4)
        COMMENT 'row: in feedback; dead_letter: in dead_letters; skipped: nothing to store; gap: deleted by Kafka before it was read',
    reason LowCardinality(String) COMMENT 'Why it is no row: code of the dead letter, or tombstone',
    item_hash UInt64 COMMENT 'xxh3(concat(tenant, char 0, kind, char 0, source, char 0, feedback_id)) of the row; 0 if there is none',
    version UInt64 COMMENT 'Version of the row' CODEC(Delta, ZSTD(1)),
    revision UInt64 COMMENT 'Revision of the row' CODEC(ZSTD(1)),
    kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the line was written' CODEC(Delta, ZSTD(1))
)
ENGINE = {engine MergeTree}
PARTITION BY toYear(kafka_time)
ORDER BY (stream, partition, offset)
SETTINGS {deduplication_window}
COMMENT 'What became of each Kafka record';
