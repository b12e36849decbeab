-- Every stop that was given or lifted, in whose words: the log has a commitment to them.
CREATE TABLE stop_changes (
  number INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,             -- canonical JSON
  stopped INTEGER NOT NULL,
  reason TEXT NOT NULL,
  salt TEXT NOT NULL,              -- hexadecimal
  person_id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
