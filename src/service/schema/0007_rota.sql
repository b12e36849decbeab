-- Who answers when: the rota, gaps in it, and who is away or serves only some categories.
CREATE TABLE rota (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  shifts TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE rota_gaps (category TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;
ALTER TABLE people ADD COLUMN away_until INTEGER;
ALTER TABLE people ADD COLUMN categories TEXT NOT NULL DEFAULT '[]';

-- When a draft of each category was last given to somebody.
CREATE TABLE served (category TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX drafts_open_by_category ON drafts (category, due_at, created_at)
  WHERE status IN ('held', 'with_human');
-- What the owner is shown because no agent ever said what became of it.
CREATE INDEX drafts_unconfirmed ON drafts (settled_at) WHERE status = 'unconfirmed';
