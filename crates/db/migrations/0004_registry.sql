CREATE TABLE model (
    num {identity},
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    -- The greatest number ever given; counting here, under the row's lock, leaves no holes.
    last_version BIGINT NOT NULL
);
CREATE TABLE model_tag (
    model BIGINT NOT NULL REFERENCES model (num) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) {without_rowid};

CREATE TABLE model_version (
    model BIGINT NOT NULL REFERENCES model (num) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    description TEXT NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    run TEXT,
    logged_model TEXT,
    run_link TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provenance TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (model, version)
);
CREATE INDEX model_version_run ON model_version (run);
CREATE INDEX model_version_logged_model ON model_version (logged_model);

CREATE TABLE model_version_tag (
    model BIGINT NOT NULL,
    version BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, version, key),
    FOREIGN KEY (model, version) REFERENCES model_version (model, version) ON DELETE CASCADE
) {without_rowid};

-- The files of a version, fixed when it is registered: what a run or logged model does later changes no version.
CREATE TABLE model_version_file (
    model BIGINT NOT NULL,
    version BIGINT NOT NULL,
    path TEXT NOT NULL,
    file TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (model, version, path),
    FOREIGN KEY (model, version) REFERENCES model_version (model, version) ON DELETE CASCADE
) {without_rowid};

CREATE TABLE model_alias (
    model BIGINT NOT NULL,
    alias TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (model, alias),
    FOREIGN KEY (model, version) REFERENCES model_version (model, version) ON DELETE CASCADE
) {without_rowid};

-- Every move of an alias, for rollback and for looking back.
CREATE TABLE model_alias_event (
    seq {identity},
    model BIGINT NOT NULL REFERENCES model (num) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    change TEXT NOT NULL,
    version BIGINT,
    previous BIGINT,
    time_ms BIGINT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX model_alias_event_history ON model_alias_event (model, alias, seq);
