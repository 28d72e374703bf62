-- After a restart a batch that may have been written is held against the rows that are there, by
-- where their records lay. A part that has not been merged holds one range of one partition: this
-- index passes it over without reading its columns.

ALTER TABLE {database}.feedback {on_cluster}
    ADD INDEX IF NOT EXISTS position (_partition, _offset) TYPE minmax GRANULARITY 1;
