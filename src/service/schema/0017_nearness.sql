-- How near the latest messages were to what was known: a post adds its own, and rewrites none.
CREATE TABLE nearness (number INTEGER PRIMARY KEY, at TEXT NOT NULL) STRICT;
INSERT INTO nearness (at) SELECT value FROM memory, json_each(past);
UPDATE memory SET past = '[]';
