-- What went out of each category in the local week, and whether leads know that the queue is full.
CREATE TABLE releases (
  category TEXT PRIMARY KEY,       -- empty for none
  monday INTEGER NOT NULL,         -- local days from 1970-01-01
  released INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  released_before INTEGER NOT NULL
) STRICT;
ALTER TABLE tenant ADD COLUMN pressed INTEGER NOT NULL DEFAULT 0;
