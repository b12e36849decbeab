-- Who is told of what happens, and what is on its way to them. A row of `deliveries` goes when its
-- receiver has taken it, or stays as a dead letter.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  events TEXT NOT NULL,            -- JSON list of types; empty is every one
  secret TEXT NOT NULL,            -- sealed; see sealing.rs
  secret_before TEXT,              -- sealed; signs, too, until then
  secret_before_until INTEGER,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER              -- its receiver answered 410
) STRICT;

CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL,        -- the same for every receiver of one event
  event TEXT NOT NULL,
  about TEXT NOT NULL,
  receiver TEXT NOT NULL,          -- a webhook's id, or the host that is called back
  key_id TEXT,                     -- of a callback: the key whose secret signs
  url TEXT,                        -- of a callback; a webhook's is read when it is called
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER,                 -- absent behind another one of its lane (receiver, about)
  calling INTEGER NOT NULL DEFAULT 0, -- 1 while a call is under way; it counts as failed at next_at
  answer TEXT,                     -- of the last call
  answered_at INTEGER,             -- until what follows from it is done
  dead_at INTEGER
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_lane ON deliveries (receiver, about, number) WHERE dead_at IS NULL;
CREATE INDEX deliveries_answered ON deliveries (answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (number) WHERE dead_at IS NOT NULL;

-- Hosts that a key may call back: JSON list; empty is every public one.
ALTER TABLE keys ADD COLUMN callback_hosts TEXT NOT NULL DEFAULT '[]';
-- Set on a row that can't be read: it stays, and does not hold up the rest.
ALTER TABLE outbox ADD COLUMN broken_at INTEGER;
