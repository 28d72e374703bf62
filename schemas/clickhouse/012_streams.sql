-- Where each group began to read each partition of each life of a topic: `sada reconcile` proves
-- that from there on nothing is missing. Readers take the lowest first_offset.

CREATE TABLE IF NOT EXISTS {database}.streams {on_cluster}
(
    consumer_group LowCardinality(String) COMMENT 'Kafka consumer group that reads',
    topic LowCardinality(String) COMMENT 'Kafka topic',
    stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    partition Int32 COMMENT 'Kafka partition',
    first_offset UInt64 COMMENT 'First offset that the group was to read',
    started_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it began'
)
ENGINE = {engine MergeTree}
ORDER BY (consumer_group, topic, partition, stream)
SETTINGS {deduplication_window}
COMMENT 'Where each consumer group began to read';
