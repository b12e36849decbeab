-- The number of the row that D1 refused, behind which one about the same thing waits, so that it isn't lost on a D1
-- that lacks what it changes.
ALTER TABLE outbox ADD COLUMN behind INTEGER;
