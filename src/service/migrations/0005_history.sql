-- What a settled draft needs to be taken up again, and to be found by those who decided.
ALTER TABLE drafts ADD COLUMN key_id TEXT;
ALTER TABLE drafts ADD COLUMN entry TEXT;
ALTER TABLE drafts ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
CREATE INDEX drafts_by_settlement ON drafts (tenant_id, settled_at, id);
