-- What outlives a draft, filled from each tenant's outbox in repeatable batches.
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  event TEXT NOT NULL,
  about TEXT,
  entry TEXT NOT NULL,             -- canonical JSON: the bytes of the leaf
  leaf_hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) STRICT;
CREATE INDEX audit_by_subject ON audit (tenant_id, about, seq);
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TABLE corrections (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  draft_id TEXT NOT NULL,
  category TEXT,
  message TEXT NOT NULL,
  draft TEXT NOT NULL,
  corrected TEXT NOT NULL,
  edit_kind TEXT NOT NULL,
  lesson TEXT,
  one_off INTEGER NOT NULL,
  customer_id TEXT,
  reviewer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX corrections_by_age ON corrections (tenant_id, created_at);

CREATE TABLE drafts (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  category TEXT,
  agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  policy_version INTEGER NOT NULL,
  body TEXT NOT NULL,
  salt TEXT NOT NULL,
  situation TEXT NOT NULL,
  decision TEXT NOT NULL,
  verdict TEXT,
  PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX drafts_by_age ON drafts (tenant_id, created_at);

CREATE TABLE policies (
  tenant_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, version)
) STRICT;

-- Weekly counts of each category.
CREATE TABLE trust (
  tenant_id TEXT NOT NULL,
  category TEXT NOT NULL,
  week TEXT NOT NULL,              -- ISO 8601, such as 2026-W47
  agent TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  level INTEGER NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (tenant_id, category, week, agent, agent_version, level)
) STRICT;
