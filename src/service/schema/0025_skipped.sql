-- What never left is owed no look, and so leaves the object: those that were reported before that was so.
UPDATE drafts SET look_owed = 0, entry = json_set(entry, '$.look_owed', json('false'))
  WHERE status = 'skipped' AND look_owed = 1 AND json_valid(entry);
