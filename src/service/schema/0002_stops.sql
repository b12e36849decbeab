-- What a lead holds at once, which agents are only watched, and under which rules an open draft was
-- last looked at.
CREATE TABLE stops (
  scope TEXT PRIMARY KEY,          -- canonical JSON
  reason TEXT NOT NULL,
  person_id TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE shadows (agent TEXT PRIMARY KEY, person_id TEXT NOT NULL, since INTEGER NOT NULL) STRICT;

-- Raised by every change of policy, level or stop; an open draft behind it is routed again.
ALTER TABLE tenant ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drafts ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drafts ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
-- Counting what waits reads this index alone.
CREATE INDEX drafts_visible_by_status ON drafts (status, look_owed) WHERE visible = 1;
CREATE INDEX drafts_open_by_rules ON drafts (rules_version) WHERE status IN ('held', 'pending');
