-- What a person said of a draft after it was out; what one reviewer tells the next.
ALTER TABLE drafts ADD COLUMN look TEXT;
CREATE TABLE notes (
  number INTEGER PRIMARY KEY,
  draft_id TEXT NOT NULL,
  person_id TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_draft ON notes (draft_id);
