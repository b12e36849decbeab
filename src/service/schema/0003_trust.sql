-- What trust remembers. One account for each category, agent and version of the agent.
CREATE TABLE accounts (
  number INTEGER PRIMARY KEY,
  category TEXT NOT NULL,
  agent TEXT NOT NULL,
  agent_version TEXT NOT NULL,     -- empty where the agent names none
  level INTEGER NOT NULL,          -- of the account, before a ceiling
  used_at INTEGER NOT NULL,        -- when it last posted, to the minute
  account TEXT NOT NULL,           -- policy's, as JSON
  UNIQUE (category, agent, agent_version)
) STRICT;

-- Counts of a week; `sent` once the row is on its way to D1 as it stands.
CREATE TABLE counts (
  category TEXT NOT NULL,
  monday INTEGER NOT NULL,         -- local days from 1970-01-01
  agent TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  level INTEGER NOT NULL,
  counts TEXT NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (category, monday, agent, agent_version, level)
) STRICT;
CREATE INDEX counts_by_week ON counts (monday);
CREATE INDEX counts_unsent ON counts (sent) WHERE sent = 0;

-- Near-identical drafts of one day, so that a burst of them counts once.
CREATE TABLE alike (
  account INTEGER NOT NULL,
  day INTEGER NOT NULL,
  signature TEXT NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY (account, day, signature)
) STRICT;

-- Approvals that count only if somebody else agrees without knowing of them.
CREATE TABLE second_looks (
  draft_id TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  reviewer TEXT NOT NULL,          -- who looked first
  observation TEXT NOT NULL
) STRICT;

-- When a draft was first shown to a person who may decide on it.
CREATE TABLE shown (
  draft_id TEXT NOT NULL,
  person_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (draft_id, person_id)
) STRICT;
ALTER TABLE people ADD COLUMN decided_at INTEGER;

CREATE TABLE level_changes (
  number INTEGER PRIMARY KEY,
  category TEXT NOT NULL,
  agent TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  level_before INTEGER NOT NULL,
  level_after INTEGER NOT NULL,
  at INTEGER NOT NULL,
  cause TEXT NOT NULL,             -- confirmed, lowered, or the code of a cause
  detail TEXT,                     -- the cause with its figures, as JSON
  person_id TEXT,
  reason TEXT
) STRICT;
CREATE INDEX level_changes_by_time ON level_changes (at);

CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  category TEXT NOT NULL,
  agent TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  status TEXT NOT NULL,            -- open, confirmed, declined, stale
  proposal TEXT NOT NULL,          -- policy's, as JSON
  edits TEXT NOT NULL,             -- ids of edited drafts behind it
  backtest TEXT,
  made_at INTEGER NOT NULL,
  answered_at INTEGER,
  person_id TEXT,
  reason TEXT,
  stale_because TEXT
) STRICT;
CREATE INDEX proposals_open ON proposals (category, agent, agent_version) WHERE status = 'open';

-- When the day's work of trust is next due.
ALTER TABLE tenant ADD COLUMN trust_at INTEGER NOT NULL DEFAULT 0;
