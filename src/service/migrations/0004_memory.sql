-- What a correction has done since it was learnt, and what keeps it from being an example.
ALTER TABLE corrections ADD COLUMN agent TEXT;
ALTER TABLE corrections ADD COLUMN action TEXT;             -- whose arguments the texts are
ALTER TABLE corrections ADD COLUMN customer_name TEXT;
ALTER TABLE corrections ADD COLUMN injection INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN edit_kind_found TEXT;
ALTER TABLE corrections ADD COLUMN duplicate_of TEXT;
ALTER TABLE corrections ADD COLUMN agreements INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN contradictions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN helped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN retired_at INTEGER;
ALTER TABLE corrections ADD COLUMN vector BLOB;               -- of the message, so that an index is made anew without making it
