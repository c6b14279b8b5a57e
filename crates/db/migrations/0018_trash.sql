-- Who deleted a thing, and when. What was deleted before is known from the audit log, as far as that goes.
ALTER TABLE experiment ADD COLUMN deleted_ms BIGINT;
ALTER TABLE experiment ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
ALTER TABLE logged_model ADD COLUMN deleted_ms BIGINT;
ALTER TABLE logged_model ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
UPDATE experiment SET deleted_ms = updated_ms, deleted_by = COALESCE((SELECT a.actor FROM audit_event a
    WHERE a.noun = 'experiment' AND a.id = CAST(experiment.id AS TEXT) AND a.action = 'tracking.experiment.delete'
    ORDER BY a.seq DESC LIMIT 1), '') WHERE deleted = TRUE;
UPDATE run SET deleted_ms = COALESCE(deleted_ms, start_ms), deleted_by = COALESCE((SELECT a.actor FROM audit_event a
    WHERE a.noun = 'run' AND a.id = run.id AND a.action = 'tracking.run.delete'
    ORDER BY a.seq DESC LIMIT 1), '') WHERE deleted = TRUE;
UPDATE logged_model SET deleted_ms = updated_ms, deleted_by = COALESCE((SELECT a.actor FROM audit_event a
    WHERE a.noun = 'logged_model' AND a.id = logged_model.id AND a.action = 'tracking.logged_model.delete'
    ORDER BY a.seq DESC LIMIT 1), '') WHERE deleted = TRUE;

-- What is deleted, newest first.
CREATE INDEX experiment_trash ON experiment (deleted_ms) WHERE deleted;
CREATE INDEX run_trash ON run (deleted_ms) WHERE deleted;
CREATE INDEX logged_model_trash ON logged_model (deleted_ms) WHERE deleted;

-- Where a run or a logged model keeps its files, when that is not below its experiment's location: it was moved here.
ALTER TABLE run ADD COLUMN home TEXT;
ALTER TABLE logged_model ADD COLUMN home TEXT;

-- A deleted model keeps its row under a name that no model can have (`NAME/NUM`), so that its own is free again.
ALTER TABLE model ADD COLUMN deleted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE model ADD COLUMN deleted_ms BIGINT;
ALTER TABLE model ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
ALTER TABLE model ADD COLUMN deleted_name TEXT;
ALTER TABLE model_version ADD COLUMN deleted_ms BIGINT;
ALTER TABLE model_version ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
-- Deleted as part of its model, and restored with it.
ALTER TABLE model_version ADD COLUMN with_model BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE model_version SET deleted_ms = updated_ms WHERE deleted = TRUE;
CREATE INDEX model_trash ON model (deleted_ms) WHERE deleted;
CREATE INDEX model_version_trash ON model_version (deleted_ms) WHERE deleted;

-- Who uses a file: asked before its bytes are removed.
CREATE INDEX artifact_file ON artifact (file);
CREATE INDEX model_version_file_file ON model_version_file (file);
CREATE INDEX file_stat_file ON file_stat (file_id);
CREATE INDEX file_profile_sketch ON file_profile (sketch);

-- Files that lost a record: they are removed when nothing else names them.
CREATE TABLE unused_object (
    file TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    -- The purge that counts the bytes.
    purge TEXT
) {without_rowid};
CREATE INDEX unused_object_purge ON unused_object (purge, since_ms, file);

-- Days after which what is deleted is purged; experiment -1 stands for all that has no rule of its own.
CREATE TABLE trash_retention (
    experiment BIGINT PRIMARY KEY,
    days BIGINT NOT NULL,
    actor TEXT NOT NULL,
    set_ms BIGINT NOT NULL
) {without_rowid};

CREATE TABLE purge (
    id TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    finished_ms BIGINT,
    experiments BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    logged_models BIGINT NOT NULL,
    models BIGINT NOT NULL,
    model_versions BIGINT NOT NULL,
    points BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL
) {without_rowid};
CREATE INDEX purge_state ON purge (state, created_ms);

-- What a purge is to take, in order, by the number of the record; `version` is that of a model's version, else 0.
CREATE TABLE purge_item (
    purge TEXT NOT NULL REFERENCES purge (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    num BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (purge, seq)
) {without_rowid};
CREATE INDEX purge_item_condemned ON purge_item (kind, num, version);

-- The greatest number of an experiment that was purged: no number is given twice.
CREATE TABLE purged_experiment (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    last BIGINT NOT NULL
) {without_rowid};
INSERT INTO purged_experiment (one, last) VALUES (1, -1);
