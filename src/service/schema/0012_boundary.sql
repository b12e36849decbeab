-- What a key is limited to, who made it, and the secret before while both work.
ALTER TABLE keys ADD COLUMN grant_text TEXT NOT NULL DEFAULT '{}';
ALTER TABLE keys ADD COLUMN created_by TEXT;
ALTER TABLE keys ADD COLUMN secret_before TEXT;
ALTER TABLE keys ADD COLUMN secret_before_until INTEGER;
CREATE INDEX keys_by_secret_before ON keys (secret_before) WHERE secret_before IS NOT NULL;

-- A session keeps its id while its secret changes.
ALTER TABLE sessions ADD COLUMN id TEXT;
ALTER TABLE sessions ADD COLUMN secret_before TEXT;
ALTER TABLE sessions ADD COLUMN secret_before_until INTEGER;
ALTER TABLE sessions ADD COLUMN rotated_at INTEGER;
ALTER TABLE sessions ADD COLUMN ends_at INTEGER;
CREATE INDEX sessions_by_secret_before ON sessions (secret_before) WHERE secret_before IS NOT NULL;

-- The newest checkpoint that webhooks were told of.
CREATE TABLE published_checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;

-- What nothing may erase: one customer's data, or (empty) all of the tenant's.
CREATE TABLE holds (
  customer_id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  person_id TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;

-- Days for which texts and idempotency answers are kept.
ALTER TABLE tenant ADD COLUMN texts_days INTEGER NOT NULL DEFAULT 180;
ALTER TABLE tenant ADD COLUMN answers_days INTEGER NOT NULL DEFAULT 7;
-- When what is too old was last looked for.
ALTER TABLE tenant ADD COLUMN expired_at INTEGER NOT NULL DEFAULT 0;
