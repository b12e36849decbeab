-- Lines that were imported, by a keyed digest of what each says: none comes twice, nor back once it is erased.
CREATE TABLE imported (
  digest TEXT PRIMARY KEY,
  correction_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
