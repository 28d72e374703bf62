-- The greatest key of the slice, after which the next one begins.

SELECT tenant, kind, toString(s.day) AS day, source, feedback_id
FROM sada_slice AS s
ORDER BY tenant DESC, kind DESC, s.day DESC, source DESC, feedback_id DESC
LIMIT 1;
