-- The policy document that waits for a second lead: at most one.
CREATE TABLE waiting_policy (
  id TEXT PRIMARY KEY,
  base_version INTEGER NOT NULL,
  document TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  widens TEXT NOT NULL,            -- JSON list of what it lets out
  created_at INTEGER NOT NULL
) STRICT;
