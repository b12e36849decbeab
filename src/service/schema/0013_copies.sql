-- Why D1 refused a row that was set aside.
ALTER TABLE outbox ADD COLUMN error TEXT;
CREATE INDEX outbox_broken ON outbox (number) WHERE broken_at IS NOT NULL;

-- Pages that were away ask for what changed since; nothing else counts visible drafts any more.
CREATE INDEX drafts_by_change ON drafts (changed_seq);
DROP INDEX drafts_visible_by_status;
CREATE INDEX drafts_pending ON drafts (status) WHERE status = 'pending';
