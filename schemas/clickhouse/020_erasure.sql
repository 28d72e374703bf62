-- Erasure: who asked is known by keyed hashes alone. `erasure_log` proves what was done and lets a
-- job that broke off be taken up again; `erased_items` lists what was deleted, by the hashes that
-- `ingested` has, so that `sada reconcile` tells what is gone by right from what is lost.
--
-- Parts that no longer count leave the disk after seconds instead of eight minutes: they hold what
-- was deleted. (They are kept for a loss of power after a merge: fsync_after_insert and replicas
-- are for that.) Whoever removes them looks every few seconds: where little happens, it would else
-- come to look every five minutes.

CREATE TABLE IF NOT EXISTS {database}.erasure_log {on_cluster}
(
    request String COMMENT 'Keyed hash of whom the request names; of step index a hash of all that is erased',
    requested_at DateTime64(3, 'UTC') COMMENT 'What happened up to then is erased',
    step LowCardinality(String) COMMENT 'What is done: requested, suppressed, passed, deleted, applied, removed, indexed, done; index: told by an instance whose index is without all that is erased',
    counts Map(LowCardinality(String), UInt64) COMMENT 'How many identifiers by kind, rows by table, or indexes',
    instance String COMMENT 'Of step index, whose it is: a name of its own, and the folder',
    program LowCardinality(String) COMMENT 'Version of the program',
    at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the step was done'
)
ENGINE = {engine MergeTree}
ORDER BY (request, requested_at, at)
COMMENT 'Requests to erase a customer, and how far each has come: proof without identifiers';

CREATE TABLE IF NOT EXISTS {database}.erased_items {on_cluster}
(
    request String COMMENT 'Request of erasure_log',
    relation LowCardinality(String) COMMENT 'Table that held it',
    item_hash UInt64 COMMENT 'Hash of the item as ingested has it',
    row_version UInt128 COMMENT 'Newest row of the item that was deleted',
    at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was listed'
)
ENGINE = {engine ReplacingMergeTree(row_version)}
ORDER BY (item_hash, relation, request)
COMMENT 'Hashes of what was erased';

ALTER TABLE {database}.feedback {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.customers_history {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.orders_history {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.tickets_history {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.sessions_history {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.deliveries_history {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;

ALTER TABLE {database}.identity_map {on_cluster} MODIFY SETTING
    old_parts_lifetime = 10, cleanup_delay_period = 1, max_cleanup_delay_period = 5, cleanup_delay_period_random_add = 0;
