CREATE TABLE evaluation_dataset (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    schema_text TEXT,
    records BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX evaluation_dataset_listing ON evaluation_dataset (created_ms DESC, id DESC);
CREATE INDEX evaluation_dataset_name ON evaluation_dataset (name);

CREATE TABLE evaluation_dataset_tag (
    dataset BIGINT NOT NULL REFERENCES evaluation_dataset (num) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (dataset, key)
) {without_rowid};

CREATE TABLE evaluation_dataset_experiment (
    num {identity},
    dataset BIGINT NOT NULL REFERENCES evaluation_dataset (num) ON DELETE CASCADE,
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    UNIQUE (dataset, experiment)
);
CREATE INDEX evaluation_dataset_experiment_listing ON evaluation_dataset_experiment (experiment, dataset);

-- A record is named by the hash of its inputs: the same inputs again are the same record.
CREATE TABLE evaluation_record (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    dataset BIGINT NOT NULL REFERENCES evaluation_dataset (num) ON DELETE CASCADE,
    identity TEXT NOT NULL,
    inputs TEXT NOT NULL,
    outputs TEXT,
    expectations TEXT,
    tags TEXT NOT NULL,
    source TEXT,
    created_by TEXT,
    updated_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    UNIQUE (dataset, identity)
);
CREATE INDEX evaluation_record_listing ON evaluation_record (dataset, num);

CREATE TABLE scorer (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    UNIQUE (experiment, name)
);

CREATE TABLE scorer_version (
    scorer BIGINT NOT NULL REFERENCES scorer (num) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (scorer, version)
) {without_rowid};

CREATE TABLE scorer_online_config (
    scorer BIGINT PRIMARY KEY REFERENCES scorer (num) ON DELETE CASCADE,
    id TEXT NOT NULL,
    sample_rate DOUBLE PRECISION NOT NULL,
    filter TEXT
);
