-- What every alarm and every change look for, found without reading all that gathers: calls under way, those that
-- are due beside a receiver that takes no more, and the sessions of open pages.
CREATE INDEX deliveries_calling ON deliveries (number) WHERE calling = 1;
DROP INDEX deliveries_by_time;
CREATE INDEX deliveries_by_time ON deliveries (next_at, number, receiver, key_id, calling) WHERE next_at IS NOT NULL;
CREATE INDEX sessions_by_id ON sessions (COALESCE(id, secret_hash));
-- A draft's verdicts go with it.
CREATE INDEX verdicts_by_draft ON verdicts (draft_id);
