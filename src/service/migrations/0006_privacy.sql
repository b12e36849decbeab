-- What is left of a tenant that was deleted: the receipt. Only for these tenants the log lets go.
CREATE TABLE deletions (
  tenant_id TEXT PRIMARY KEY,
  receipt TEXT NOT NULL,
  deleted_at INTEGER NOT NULL
) STRICT;
DROP TRIGGER audit_stays;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit WHEN NOT EXISTS (SELECT 1 FROM deletions WHERE tenant_id = OLD.tenant_id) BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Erasing a person finds their drafts by this.
CREATE INDEX drafts_by_customer ON drafts (tenant_id, json_extract(body, '$.customer.id'));
CREATE INDEX corrections_by_customer ON corrections (tenant_id, customer_id);
