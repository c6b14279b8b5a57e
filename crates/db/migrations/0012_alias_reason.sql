-- Why an alias moved; empty when nobody said.
ALTER TABLE model_alias_event ADD COLUMN reason TEXT NOT NULL DEFAULT '';
