-- The index of memory: what a correction has done since it was learnt, where the vector of its
-- message stands, and what else was handled. All of it can be made again from D1.
ALTER TABLE corrections ADD COLUMN slot INTEGER;             -- NULL until its vector is made
ALTER TABLE corrections ADD COLUMN customer_name TEXT;
ALTER TABLE corrections ADD COLUMN duplicate_of TEXT;
ALTER TABLE corrections ADD COLUMN agreements INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN contradictions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN helped INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX corrections_by_slot ON corrections (slot) WHERE slot IS NOT NULL;
CREATE INDEX corrections_without_vector ON corrections (number) WHERE slot IS NULL;

-- Vectors of 388 bytes one after another: the first row of a kind holds the slots from `first` on.
CREATE TABLE vectors (
  kind TEXT NOT NULL,              -- correction, handled
  first INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (kind, first)
) STRICT;

-- Messages that a person handled without teaching anything: known questions.
CREATE TABLE handled (slot INTEGER PRIMARY KEY, category TEXT) STRICT;
ALTER TABLE drafts ADD COLUMN vector BLOB;

CREATE TABLE memory (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  past TEXT NOT NULL,              -- nearness of the latest messages, JSON
  filled_to TEXT,                  -- the id up to which D1's corrections are here; NULL when all are
  due_at INTEGER                   -- when something is left to do
) STRICT;
INSERT INTO memory (id, past, filled_to, due_at) VALUES (1, '[]', '', 0);
