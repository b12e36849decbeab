-- Whose message a remembered vector is of, so that it can be erased with the draft.
ALTER TABLE handled ADD COLUMN draft_id TEXT;
CREATE INDEX handled_by_draft ON handled (draft_id) WHERE draft_id IS NOT NULL;

-- Whether what a webhook is told is shown to people or kept: personal data is masked in it.
ALTER TABLE webhooks ADD COLUMN masked INTEGER NOT NULL DEFAULT 0;
