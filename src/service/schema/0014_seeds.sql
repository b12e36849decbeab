-- Known-bad drafts that a lead wrote, those that wait among the others, and what became of them.
CREATE TABLE seeds (
  id TEXT PRIMARY KEY,
  draft TEXT NOT NULL,             -- as an agent would post it
  flaw TEXT NOT NULL,              -- what is wrong with it
  person_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;
CREATE TABLE seeds_ended (
  draft_id TEXT PRIMARY KEY,
  seed_id TEXT NOT NULL,
  person_id TEXT,                  -- who decided; nobody where its time ran out
  caught INTEGER,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX seeds_ended_by_time ON seeds_ended (at);
ALTER TABLE drafts ADD COLUMN seed_id TEXT;
CREATE INDEX drafts_seeded ON drafts (seed_id) WHERE seed_id IS NOT NULL AND visible = 1;
