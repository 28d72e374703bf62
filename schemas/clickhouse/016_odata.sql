-- O-data: what happened, as versions of entities over time. A row holds from its valid_from on,
-- until the next one of the same entity; of two with one valid_from the newer version holds, of equal
-- versions the one that came later. A row with is_deleted = 1 says that the entity is gone from then
-- on. Histories are read by entity, so they are sorted by it and not parted by time: the newest
-- version of an entity may be years old and still hold.

CREATE TABLE IF NOT EXISTS {database}.customers_history {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    customer_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer came into being',
    segment LowCardinality(String) COMMENT 'Segment (enterprise, family)',
    persona LowCardinality(String) COMMENT 'Persona',
    tier LowCardinality(String) COMMENT 'Tier of the loyalty programme',
    plan LowCardinality(String) COMMENT 'Plan that is paid for',
    country LowCardinality(String) COMMENT 'ISO 3166 alpha-2',
    locale LowCardinality(String) COMMENT 'BCP-47',
    clv Nullable(Decimal(18, 4)) COMMENT 'Lifetime value',
    clv_currency LowCardinality(String) COMMENT 'ISO 4217 of the lifetime value',
    lifecycle LowCardinality(String) COMMENT 'prospect, active or churned',
    churned_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer left',
    merged_into String COMMENT 'Customer that this one was merged into, empty if none' CODEC(ZSTD(1)),

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, customer_id, valid_from)
SETTINGS {deduplication_window}
COMMENT 'O-data: versions of customers';

CREATE TABLE IF NOT EXISTS {database}.orders_history {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    order_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who ordered' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT 'created, paid, shipped, delivered, cancelled, refunded or partially_refunded',
    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was placed',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    total Nullable(Decimal(18, 4)) COMMENT 'Total',
    items UInt32 COMMENT 'Number of items',
    payment_method LowCardinality(String) COMMENT 'How it was paid',
    coupon LowCardinality(String) COMMENT 'Coupon used',
    refund_amount Nullable(Decimal(18, 4)) COMMENT 'What was paid back',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, order_id, valid_from)
SETTINGS {deduplication_window}
COMMENT 'O-data: versions of orders';

CREATE TABLE IF NOT EXISTS {database}.tickets_history {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    ticket_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who asked' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT 'new, open, pending, hold, solved or closed',
    priority LowCardinality(String) COMMENT 'low, normal, high or urgent',
    kind LowCardinality(String) COMMENT 'question, incident, problem or task',
    channel LowCardinality(String) COMMENT 'Way it came in',
    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was opened',
    first_reply_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First public answer of an agent; NULL without one',
    solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was solved',
    reopens Nullable(UInt32) COMMENT 'How often it was opened again',
    agent_replies Nullable(UInt32) COMMENT 'Public answers of agents',
    handoffs Nullable(UInt32) COMMENT 'Hand-overs',
    group_id LowCardinality(String) COMMENT 'Group that has it',
    assignee_id LowCardinality(String) COMMENT 'Agent who has it',
    sla_status LowCardinality(String) COMMENT 'hit, missed, active or cancelled',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, ticket_id, valid_from)
SETTINGS {deduplication_window}
COMMENT 'O-data: versions of support tickets';

CREATE TABLE IF NOT EXISTS {database}.sessions_history {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    session_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who visited, empty if not known' CODEC(ZSTD(1)),
    anonymous_id String COMMENT 'Anonymous identifier of the visitor' CODEC(ZSTD(1)),
    started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Begin',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End',
    device LowCardinality(String) COMMENT 'Kind of device',
    cart_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When something was first put into the cart',
    checkout_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When checkout began',
    checkout_step LowCardinality(String) COMMENT 'Step of checkout that was reached',
    order_id String COMMENT 'Order that came of it, empty if none' CODEC(ZSTD(1)),

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX bought order_id TYPE bloom_filter GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, session_id, valid_from)
SETTINGS {deduplication_window}
COMMENT 'O-data: versions of visits';

-- A shipment that was told to be of another order since the same moment: the row that is overruled
-- stays, for feedback about that order was joined with it and is to be joined again. So of several
-- rows with one valid_from the one with the greatest _row_version holds, not the only one.
CREATE TABLE IF NOT EXISTS {database}.deliveries_history {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    shipment_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    order_id String COMMENT 'Order that is shipped' CODEC(ZSTD(1)),
    carrier LowCardinality(String) COMMENT 'Who carries it',
    status LowCardinality(String) COMMENT 'label, in_transit, out_for_delivery, delivered, failed_attempt, returned or lost',
    promised_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it should arrive',
    delivered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it arrived',
    attempts Nullable(UInt32) COMMENT 'Tries to deliver it',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX shipped order_id TYPE bloom_filter GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, shipment_id, valid_from, order_id)
SETTINGS {deduplication_window}
COMMENT 'O-data: versions of shipments';

CREATE TABLE IF NOT EXISTS {database}.identity_map {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    identity_type LowCardinality(String) COMMENT 'user_id, anonymous_id, contact_id, device_id, email_hash or phone_hash',
    identity_value String COMMENT 'The identifier' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Whose it is' CODEC(ZSTD(1)),

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record' CODEC(Delta, ZSTD(1)),
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record' CODEC(Delta, ZSTD(1)),
    _ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written' CODEC(Delta, ZSTD(1)),
    _row_version UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(version), 44) + least(_offset, 17592186044415)
        COMMENT 'Which row of a valid_from holds, the greatest: version (64 bits), offset (44)' CODEC(ZSTD(1)),
    INDEX written _ingested_at TYPE minmax GRANULARITY 1,
    INDEX position (_partition, _offset) TYPE minmax GRANULARITY 1
)
ENGINE = {engine ReplacingMergeTree(_row_version)}
ORDER BY (tenant, identity_type, identity_value, valid_from)
SETTINGS {deduplication_window}
COMMENT 'O-data: identifiers of customers (devices, hashes) and whose they are';

-- What holds today: the newest version of each entity by valid_from, deleted ones left out.

CREATE VIEW IF NOT EXISTS {database}.customers_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    customer_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer came into being',
    segment LowCardinality(String) COMMENT 'Segment (enterprise, family)',
    persona LowCardinality(String) COMMENT 'Persona',
    tier LowCardinality(String) COMMENT 'Tier of the loyalty programme',
    plan LowCardinality(String) COMMENT 'Plan that is paid for',
    country LowCardinality(String) COMMENT 'ISO 3166 alpha-2',
    locale LowCardinality(String) COMMENT 'BCP-47',
    clv Nullable(Decimal(18, 4)) COMMENT 'Lifetime value',
    clv_currency LowCardinality(String) COMMENT 'ISO 4217 of the lifetime value',
    lifecycle LowCardinality(String) COMMENT 'prospect, active or churned',
    churned_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the customer left',
    merged_into String COMMENT 'Customer that this one was merged into, empty if none',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.customers_history FINAL
    ORDER BY tenant, customer_id, valid_from DESC
    LIMIT 1 BY tenant, customer_id
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: customers';

CREATE VIEW IF NOT EXISTS {database}.orders_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    order_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who ordered',
    status LowCardinality(String) COMMENT 'created, paid, shipped, delivered, cancelled, refunded or partially_refunded',
    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was placed',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    total Nullable(Decimal(18, 4)) COMMENT 'Total',
    items UInt32 COMMENT 'Number of items',
    payment_method LowCardinality(String) COMMENT 'How it was paid',
    coupon LowCardinality(String) COMMENT 'Coupon used',
    refund_amount Nullable(Decimal(18, 4)) COMMENT 'What was paid back',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.orders_history FINAL
    ORDER BY tenant, order_id, valid_from DESC
    LIMIT 1 BY tenant, order_id
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: orders';

CREATE VIEW IF NOT EXISTS {database}.tickets_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    ticket_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who asked',
    status LowCardinality(String) COMMENT 'new, open, pending, hold, solved or closed',
    priority LowCardinality(String) COMMENT 'low, normal, high or urgent',
    kind LowCardinality(String) COMMENT 'question, incident, problem or task',
    channel LowCardinality(String) COMMENT 'Way it came in',
    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was opened',
    first_reply_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First public answer of an agent; NULL without one',
    solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was solved',
    reopens Nullable(UInt32) COMMENT 'How often it was opened again',
    agent_replies Nullable(UInt32) COMMENT 'Public answers of agents',
    handoffs Nullable(UInt32) COMMENT 'Hand-overs',
    group_id LowCardinality(String) COMMENT 'Group that has it',
    assignee_id LowCardinality(String) COMMENT 'Agent who has it',
    sla_status LowCardinality(String) COMMENT 'hit, missed, active or cancelled',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.tickets_history FINAL
    ORDER BY tenant, ticket_id, valid_from DESC
    LIMIT 1 BY tenant, ticket_id
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: support tickets';

CREATE VIEW IF NOT EXISTS {database}.sessions_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    session_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Who visited, empty if not known',
    anonymous_id String COMMENT 'Anonymous identifier of the visitor',
    started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Begin',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End',
    device LowCardinality(String) COMMENT 'Kind of device',
    cart_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When something was first put into the cart',
    checkout_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When checkout began',
    checkout_step LowCardinality(String) COMMENT 'Step of checkout that was reached',
    order_id String COMMENT 'Order that came of it, empty if none',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.sessions_history FINAL
    ORDER BY tenant, session_id, valid_from DESC
    LIMIT 1 BY tenant, session_id
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: visits';

CREATE VIEW IF NOT EXISTS {database}.deliveries_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    shipment_id String COMMENT 'Identifier in the operational system; a keyed hash if it looked like personal data',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    order_id String COMMENT 'Order that is shipped',
    carrier LowCardinality(String) COMMENT 'Who carries it',
    status LowCardinality(String) COMMENT 'label, in_transit, out_for_delivery, delivered, failed_attempt, returned or lost',
    promised_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it should arrive',
    delivered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it arrived',
    attempts Nullable(UInt32) COMMENT 'Tries to deliver it',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.deliveries_history FINAL
    ORDER BY tenant, shipment_id, valid_from DESC, _row_version DESC
    LIMIT 1 BY tenant, shipment_id
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: shipments';

CREATE VIEW IF NOT EXISTS {database}.identities_latest {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the entity; default where the record names none',
    identity_type LowCardinality(String) COMMENT 'user_id, anonymous_id, contact_id, device_id, email_hash or phone_hash',
    identity_value String COMMENT 'The identifier',
    valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so',
    version UInt64 COMMENT 'Which of two versions with the same valid_from holds: the greater',
    is_deleted UInt8 COMMENT '1: gone from then on',

    customer_id String COMMENT 'Whose it is',

    _topic LowCardinality(String) COMMENT 'Kafka topic of the record',
    _stream LowCardinality(String) COMMENT 'Id of the life of the topic: offsets mean something only inside it',
    _partition Int32 COMMENT 'Kafka partition of the record',
    _offset UInt64 COMMENT 'Kafka offset of the record',
    _kafka_time DateTime64(3, 'UTC') COMMENT 'Kafka timestamp of the record',
    _ingested_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
)
AS SELECT *
FROM (
    SELECT * FROM {database}.identity_map FINAL
    ORDER BY tenant, identity_type, identity_value, valid_from DESC
    LIMIT 1 BY tenant, identity_type, identity_value
)
WHERE is_deleted = 0
COMMENT 'O-data that holds today: identifiers and whose they are';

ALTER TABLE {database}.ingested {on_cluster}
    COMMENT COLUMN outcome 'row: in feedback or in the history of an entity; dead_letter: in dead_letters; skipped: nothing to store; gap: deleted by Kafka before it was read',
    COMMENT COLUMN item_hash 'Of feedback xxh3(concat(tenant, char 0, kind, char 0, source, char 0, feedback_id)); of O-data xxh3(concat(tenant, char 0, entity, char 0, valid_from in ms, char 0, id)); 0 if there is no row',
    COMMENT COLUMN created_at 'When the item of the row was created at its source, of O-data its valid_from; the Kafka timestamp for other outcomes';
