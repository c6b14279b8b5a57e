CREATE TABLE project (
    name TEXT PRIMARY KEY,
    root TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    problems TEXT NOT NULL,
    registered_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

CREATE TABLE pipeline_run (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (name),
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    trigger_name TEXT,
    params TEXT NOT NULL,
    data TEXT NOT NULL,
    code_tree TEXT NOT NULL,
    definition TEXT NOT NULL,
    message TEXT,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT,
    UNIQUE (project, number)
);
CREATE INDEX pipeline_run_state ON pipeline_run (state, project);
CREATE INDEX pipeline_run_trigger ON pipeline_run (project, trigger_name, number);

CREATE TABLE step_run (
    id TEXT PRIMARY KEY,
    pipeline_run TEXT NOT NULL REFERENCES pipeline_run (id),
    project TEXT NOT NULL,
    step TEXT NOT NULL,
    unit TEXT NOT NULL,
    unit_label TEXT NOT NULL,
    step_key TEXT NOT NULL,
    fields TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    lease_until_ms BIGINT,
    worker TEXT,
    pid BIGINT,
    start_ticks BIGINT,
    reason TEXT NOT NULL,
    tracked_run TEXT,
    failure TEXT,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT,
    UNIQUE (pipeline_run, step, unit_label)
);
CREATE INDEX step_run_state ON step_run (state, created_ms);
CREATE INDEX step_run_unit ON step_run (project, step, unit_label, id);
CREATE INDEX step_run_tracked ON step_run (tracked_run);

-- What a unit made, by its key: inserted once, never changed.
CREATE TABLE step_result (
    step_key TEXT PRIMARY KEY,
    step_run TEXT NOT NULL,
    project TEXT NOT NULL,
    step TEXT NOT NULL,
    unit TEXT NOT NULL,
    outputs TEXT NOT NULL,
    metrics TEXT NOT NULL,
    checks TEXT NOT NULL,
    tracked_run TEXT,
    evaluation TEXT,
    env_key TEXT,
    duration_ms BIGINT NOT NULL,
    committed_ms BIGINT NOT NULL
);
CREATE INDEX step_result_step ON step_result (project, step, committed_ms);
CREATE INDEX step_result_tracked ON step_result (tracked_run);

CREATE TABLE event (
    seq {identity},
    id TEXT NOT NULL UNIQUE,
    time_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX event_subject ON event (kind, subject, seq);

CREATE TABLE trigger_state (
    project TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (project, trigger_name)
) {without_rowid};

CREATE TABLE decision (
    id TEXT PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    project TEXT,
    pipeline_run TEXT
);
CREATE INDEX decision_subject ON decision (kind, subject, id);
CREATE INDEX decision_run ON decision (pipeline_run);

-- Which partitions a file holds, by content: rows and a hash of the rows of each.
CREATE TABLE partition_index (
    file_id TEXT NOT NULL,
    spec TEXT NOT NULL,
    parts TEXT NOT NULL,
    PRIMARY KEY (file_id, spec)
) {without_rowid};
