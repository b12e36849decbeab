-- Where a correction that no reviewer made here comes from: JSON, with `source` and its `id` there.
ALTER TABLE corrections ADD COLUMN imported TEXT;
