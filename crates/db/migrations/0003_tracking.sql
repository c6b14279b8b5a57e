CREATE TABLE experiment (
    id {identity},
    name TEXT NOT NULL UNIQUE,
    location TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
INSERT INTO experiment (id, name, location, deleted, created_ms, updated_ms)
VALUES (0, 'Default', 'mlflow-artifacts:/0', FALSE, 0, 0);

CREATE TABLE experiment_tag (
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
) {without_rowid};

-- The hot tables below carry these numbers instead of the public ids: a quarter of the bytes per point.
CREATE TABLE run (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    deleted_ms BIGINT,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT
);
CREATE INDEX run_listing ON run (experiment, deleted, start_ms DESC, id);

CREATE TABLE tracking_key (
    num {identity},
    name TEXT NOT NULL UNIQUE
);

-- kind: 0 a number, 1 not a number, 2 infinity, 3 minus infinity (one engine has no such values); the value
-- beside it is what it is ordered as. The whole point is the key, so that a repeated batch changes nothing.
CREATE TABLE metric (
    run BIGINT NOT NULL,
    key BIGINT NOT NULL,
    step BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (run, key, step, time_ms, value, kind)
) {without_rowid};

CREATE TABLE metric_latest (
    run BIGINT NOT NULL,
    key BIGINT NOT NULL,
    experiment BIGINT NOT NULL,
    step BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (run, key)
) {without_rowid};
CREATE INDEX metric_latest_search ON metric_latest (key, experiment, value, run);

CREATE TABLE param (
    run BIGINT NOT NULL,
    key BIGINT NOT NULL,
    experiment BIGINT NOT NULL,
    value TEXT NOT NULL,
    -- The start of the value: whole values are too long for an index on one of the engines.
    head TEXT NOT NULL,
    PRIMARY KEY (run, key)
) {without_rowid};
CREATE INDEX param_search ON param (key, experiment, head, run);

CREATE TABLE run_tag (
    run BIGINT NOT NULL,
    key BIGINT NOT NULL,
    experiment BIGINT NOT NULL,
    value TEXT NOT NULL,
    head TEXT NOT NULL,
    PRIMARY KEY (run, key)
) {without_rowid};
CREATE INDEX run_tag_search ON run_tag (key, experiment, head, run);

CREATE TABLE tracking_dataset (
    num {identity},
    experiment BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema_text TEXT,
    profile TEXT,
    UNIQUE (experiment, name, digest)
);
CREATE TABLE run_dataset (
    run BIGINT NOT NULL,
    dataset BIGINT NOT NULL REFERENCES tracking_dataset (num),
    tags TEXT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (run, dataset)
) {without_rowid};
CREATE INDEX run_dataset_readers ON run_dataset (dataset, run);

CREATE TABLE logged_model (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    model_type TEXT NOT NULL,
    source_run TEXT,
    status TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX logged_model_listing ON logged_model (experiment, deleted, created_ms DESC, id);
CREATE INDEX logged_model_source ON logged_model (source_run);

CREATE TABLE logged_model_param (
    model BIGINT NOT NULL REFERENCES logged_model (num),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) {without_rowid};
CREATE TABLE logged_model_tag (
    model BIGINT NOT NULL REFERENCES logged_model (num),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) {without_rowid};
CREATE TABLE logged_model_metric (
    model BIGINT NOT NULL REFERENCES logged_model (num),
    key TEXT NOT NULL,
    run TEXT NOT NULL,
    step BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    kind BIGINT NOT NULL,
    dataset_name TEXT,
    dataset_digest TEXT,
    PRIMARY KEY (model, key, run, step, time_ms)
) {without_rowid};

-- direction: input, output.
CREATE TABLE run_model (
    run BIGINT NOT NULL,
    model TEXT NOT NULL,
    direction TEXT NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run, direction, model, step)
) {without_rowid};

-- Where runs, logged models and experiments keep their files: `3/<run>/artifacts`, `3/models/m-<id>/artifacts`, `3`.
CREATE TABLE artifact_root (
    num {identity},
    location TEXT NOT NULL UNIQUE
);
CREATE TABLE artifact (
    root BIGINT NOT NULL REFERENCES artifact_root (num),
    path TEXT NOT NULL,
    file TEXT NOT NULL,
    size BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    PRIMARY KEY (root, path)
) {without_rowid};
