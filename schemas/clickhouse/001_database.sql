-- The database, and the record of what was applied to it.
--
-- Migrations are applied in the order of their numbers by `sada migrate`, each once. A file that
-- has been released is never changed: the next number changes what it made. Every statement can be
-- run again, so a migration that broke off in the middle is simply repeated.
--
-- Filled in by `sada migrate`, from [clickhouse] of the configuration:
--   {database}             database of all tables
--   {on_cluster}           nothing, or ON CLUSTER of the cluster named
--   {engine X(…)}          X(…), or the Replicated engine of that family
--   {deduplication_window} how many inserts a table remembers to drop one that comes again
-- How long rows are kept ([clickhouse.ttl]) may change at any time, so `sada migrate` sets it by
-- ALTER TABLE after the migrations.

CREATE DATABASE IF NOT EXISTS {database} {on_cluster};

CREATE TABLE IF NOT EXISTS {database}.migrations {on_cluster}
(
    number UInt32 COMMENT 'Number of the migration, from its file name',
    name String COMMENT 'Subject of the migration, from its file name',
    checksum String COMMENT 'XXH3 of the file before its placeholders are filled in, in hexadecimal',
    program String COMMENT 'Version of the program that applied it',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
)
ENGINE = {engine ReplacingMergeTree(applied_at)}
ORDER BY number
COMMENT 'Migrations applied to this database by `sada migrate`';
