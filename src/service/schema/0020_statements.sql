-- What a trigger counts up with ON CONFLICT DO UPDATE may abort its statement half-way, so that SQLite copies every
-- page that the statement touches, to undo it by itself. Whoever writes a draft undoes the whole transaction.
DROP TRIGGER waiting_more;
CREATE TRIGGER waiting_more AFTER INSERT ON drafts WHEN NEW.visible = 1 BEGIN
  INSERT INTO waiting (status, count) SELECT NEW.status, 0
    WHERE NOT EXISTS (SELECT 1 FROM waiting WHERE status = NEW.status);
  UPDATE waiting SET count = count + 1 WHERE status = NEW.status;
END;
DROP TRIGGER waiting_moved;
CREATE TRIGGER waiting_moved AFTER UPDATE OF status, visible ON drafts
  WHEN OLD.status <> NEW.status OR OLD.visible <> NEW.visible BEGIN
  UPDATE waiting SET count = count - 1 WHERE OLD.visible = 1 AND status = OLD.status;
  INSERT INTO waiting (status, count) SELECT NEW.status, 0
    WHERE NEW.visible = 1 AND NOT EXISTS (SELECT 1 FROM waiting WHERE status = NEW.status);
  UPDATE waiting SET count = count + 1 WHERE NEW.visible = 1 AND status = NEW.status;
END;
-- A row whose number is given may abort as well: the minutes are a key of their own.
DROP TRIGGER pace_arrived;
DROP TRIGGER pace_decided;
ALTER TABLE pace RENAME TO pace_before;
CREATE TABLE pace (minute INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, decided INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO pace (minute, arrived, decided) SELECT minute, arrived, decided FROM pace_before;
DROP TABLE pace_before;
CREATE TRIGGER pace_arrived AFTER INSERT ON drafts WHEN NEW.status IN ('held', 'with_human') BEGIN
  INSERT INTO pace (minute, arrived, decided) SELECT NEW.created_at / 60000, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pace WHERE minute = NEW.created_at / 60000);
  UPDATE pace SET arrived = arrived + 1 WHERE minute = NEW.created_at / 60000;
  DELETE FROM pace WHERE minute < NEW.created_at / 60000 - 120;
END;
CREATE TRIGGER pace_decided AFTER UPDATE OF settled_at ON drafts
  WHEN OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL AND NEW.verdict IS NOT NULL BEGIN
  INSERT INTO pace (minute, arrived, decided) SELECT NEW.settled_at / 60000, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pace WHERE minute = NEW.settled_at / 60000);
  UPDATE pace SET decided = decided + 1 WHERE minute = NEW.settled_at / 60000;
END;
