-- Who was shown a secret of a key, and while it worked: what came by the key then may be theirs.
CREATE TABLE key_holders (
  key_id TEXT NOT NULL,
  person_id TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  until_at INTEGER                 -- NULL while it works
) STRICT;
CREATE INDEX key_holders_by_key ON key_holders (key_id);
INSERT INTO key_holders (key_id, person_id, from_at) SELECT id, created_by, created_at FROM keys WHERE created_by IS NOT NULL;
