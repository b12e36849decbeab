-- A tenant's live state. Only the tenant's object writes it.
CREATE TABLE tenant (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  secret TEXT NOT NULL,            -- 64 hex: keys the sampling draw and the view digests
  policy_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE policies (
  version INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE levels (category TEXT PRIMARY KEY, level INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,              -- agent, policy
  secret_hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE TABLE people (
  id TEXT PRIMARY KEY,
  mail TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,              -- reviewer, lead, auditor
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
  secret_hash TEXT PRIMARY KEY,
  person_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  reusable INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
  secret_hash TEXT PRIMARY KEY,
  person_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
  id TEXT PRIMARY KEY,
  head TEXT NOT NULL,
  sequence INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE drafts (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  visible INTEGER NOT NULL,        -- 1 while a reviewer sees it in the queue
  look_owed INTEGER NOT NULL,
  due_at INTEGER,                  -- when a held draft is late
  wake_at INTEGER,                 -- when something falls due by itself
  conversation_id TEXT NOT NULL,
  category TEXT,
  agent TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  policy_version INTEGER NOT NULL,
  entry TEXT NOT NULL,             -- the state machine's
  body TEXT NOT NULL,              -- what the agent posted, canonical
  salt TEXT NOT NULL,              -- 64 hex: of every commitment to this draft's texts
  situation TEXT NOT NULL,
  decision TEXT NOT NULL,
  verdict TEXT                     -- the newest verdict that was not undone
) STRICT;
CREATE INDEX drafts_in_queue ON drafts (look_owed, due_at, created_at) WHERE visible = 1;
CREATE INDEX drafts_by_wake ON drafts (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX drafts_open_by_conversation ON drafts (conversation_id)
  WHERE status IN ('held', 'with_human', 'pending');
CREATE INDEX drafts_by_settlement ON drafts (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE verdicts (
  id TEXT PRIMARY KEY,             -- made by the reviewer's page; kept after an undo
  draft_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
  scope TEXT NOT NULL,             -- the key that asked
  key TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE corrections (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  draft_id TEXT NOT NULL,
  category TEXT,
  message TEXT NOT NULL,
  draft TEXT NOT NULL,
  corrected TEXT NOT NULL,
  edit_kind TEXT NOT NULL,
  lesson TEXT,
  customer_id TEXT,
  reviewer TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE corrections_text USING fts5 (message, content = '', contentless_delete = 1, tokenize = 'porter unicode61');

-- The right edge of the Merkle log: one row.
CREATE TABLE frontier (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, peaks TEXT NOT NULL) STRICT;

-- What has to reach D1, in order. A row goes when D1 has said that it has it.
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,              -- audit, correction, draft, policy
  payload TEXT NOT NULL
) STRICT;
CREATE TABLE outbox_state (id INTEGER PRIMARY KEY CHECK (id = 1), next_at INTEGER NOT NULL, failures INTEGER NOT NULL) STRICT;
INSERT INTO outbox_state (id, next_at, failures) VALUES (1, 0, 0);
INSERT INTO frontier (id, size, peaks) VALUES (1, 0, '[]');
