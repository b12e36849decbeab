-- Whose message a remembered vector is of, so that it can be erased with the draft.
ALTER TABLE handled ADD COLUMN draft_id TEXT;
CREATE INDEX handled_by_draft ON handled (draft_id) WHERE draft_id IS NOT NULL;
