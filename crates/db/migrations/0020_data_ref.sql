-- Branches move with every commit on them, tags stay.
ALTER TABLE data_ref ADD COLUMN kind TEXT NOT NULL DEFAULT 'branch';
ALTER TABLE data_ref ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE data_ref ADD COLUMN updated_ms BIGINT NOT NULL DEFAULT 0;

-- The branch that a version was made on, none for main; and the commit of a branch that it merged.
ALTER TABLE data_version ADD COLUMN branch TEXT;
ALTER TABLE data_version ADD COLUMN merged TEXT;
