-- The engine that open drafts were last routed by: a deployment may bring another one.
ALTER TABLE tenant ADD COLUMN engine_version INTEGER NOT NULL DEFAULT 0;
