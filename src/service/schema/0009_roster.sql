-- A person who left keeps a name for what they decided, and nothing else.
ALTER TABLE people ADD COLUMN removed_at INTEGER;
