-- What a person said of a draft after it was out.
ALTER TABLE drafts ADD COLUMN look TEXT;
