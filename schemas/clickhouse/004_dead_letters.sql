-- Records that could not be used: why and where, never what they held. The payload is in the
-- dead-letter topic, under the same stream, partition and offset.

CREATE TABLE IF NOT EXISTS {database}.dead_letters {on_cluster}
(
    topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    partition Int32 COMMENT 'Kafka partition of the record',
    offset UInt64 COMMENT 'Kafka offset of the record; stream, partition and offset are the key',
    reason LowCardinality(String) COMMENT 'Code of what is wrong (malformed_json, missing_field)',
    field String COMMENT 'Path of the field that is wrong (data.answers[2].number); empty for the whole record',
    message String COMMENT 'What is wrong, for people; names shapes and limits, never the content',
    payload_size UInt64 COMMENT 'Bytes of the payload',
    payload_hash UInt64 COMMENT 'xxh3 of the payload: finds repeats of one broken record',
    kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    rejected_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written'
)
ENGINE = {engine ReplacingMergeTree(rejected_at)}
PARTITION BY toYear(kafka_time)
ORDER BY (stream, partition, offset)
SETTINGS {deduplication_window}
COMMENT 'Kafka records that could not be used, and why';
