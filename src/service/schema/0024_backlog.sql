-- What waits for D1 beside entries of the log, of which there are many times as many: a statement that says
-- `kind <> 'audit'`, too, reads none of these.
CREATE INDEX outbox_beside_log ON outbox (kind) WHERE kind <> 'audit';
