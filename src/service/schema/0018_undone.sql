-- When a verdict was taken back, so that doing so can be repeated.
ALTER TABLE verdicts ADD COLUMN undone_at INTEGER;
