-- What waits, counted as it changes: a draft that comes is told its place without counting the queue.
CREATE TABLE waiting (status TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
INSERT INTO waiting (status, count) SELECT status, COUNT(*) FROM drafts WHERE visible = 1 GROUP BY status;
CREATE TRIGGER waiting_more AFTER INSERT ON drafts WHEN NEW.visible = 1 BEGIN
  INSERT INTO waiting (status, count) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER waiting_moved AFTER UPDATE OF status, visible ON drafts
  WHEN OLD.status <> NEW.status OR OLD.visible <> NEW.visible BEGIN
  UPDATE waiting SET count = count - 1 WHERE OLD.visible = 1 AND status = OLD.status;
  INSERT INTO waiting (status, count) SELECT NEW.status, 1 WHERE NEW.visible = 1
    ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER waiting_less AFTER DELETE ON drafts WHEN OLD.visible = 1 BEGIN
  UPDATE waiting SET count = count - 1 WHERE status = OLD.status;
END;

-- What came for people and what they decided, by the minute; two hours of it are kept.
CREATE TABLE pace (minute INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, decided INTEGER NOT NULL) STRICT;
CREATE TRIGGER pace_arrived AFTER INSERT ON drafts WHEN NEW.status IN ('held', 'with_human') BEGIN
  INSERT INTO pace (minute, arrived, decided) VALUES (NEW.created_at / 60000, 1, 0)
    ON CONFLICT (minute) DO UPDATE SET arrived = arrived + 1;
  DELETE FROM pace WHERE minute < NEW.created_at / 60000 - 120;
END;
CREATE TRIGGER pace_decided AFTER UPDATE OF settled_at ON drafts
  WHEN OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL AND NEW.verdict IS NOT NULL BEGIN
  INSERT INTO pace (minute, arrived, decided) VALUES (NEW.settled_at / 60000, 0, 1)
    ON CONFLICT (minute) DO UPDATE SET decided = decided + 1;
END;

-- The size of the log when a draft last changed, so that a page that was away learns what it missed;
-- and the newest of those that left the object since.
ALTER TABLE drafts ADD COLUMN changed_seq INTEGER NOT NULL DEFAULT 0;
CREATE TABLE left_object (id INTEGER PRIMARY KEY CHECK (id = 1), changed_seq INTEGER NOT NULL) STRICT;
INSERT INTO left_object (id, changed_seq) VALUES (1, 0);
CREATE TRIGGER drafts_leave AFTER DELETE ON drafts BEGIN
  UPDATE left_object SET changed_seq = MAX(changed_seq, OLD.changed_seq);
END;

-- How many verdicts somebody gave in an hour, and how many of them faster than one can read.
CREATE TABLE reviewer_pace (
  person_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  decided INTEGER NOT NULL,
  fast INTEGER NOT NULL,
  PRIMARY KEY (person_id, hour)
) STRICT;
