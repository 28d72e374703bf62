-- The newest version of each item that is not deleted: what everyone should query.

CREATE VIEW IF NOT EXISTS {database}.feedback_latest {on_cluster}
AS SELECT *, _row_version
FROM {database}.feedback FINAL
WHERE is_deleted = 0
COMMENT 'Newest version of each item that is not deleted';
