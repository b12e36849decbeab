-- Nodes of every eighth level of each tenant's Merkle log: proofs read a few of these instead of
-- every leaf.
CREATE TABLE audit_tiles (
  tenant_id TEXT NOT NULL,
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, level, idx)
) STRICT;
