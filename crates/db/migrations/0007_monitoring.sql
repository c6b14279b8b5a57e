CREATE TABLE monitor (
    deployment TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT,
    drift_report TEXT,
    performance TEXT,
    checked_ms BIGINT
);

-- Closed windows of one version's requests. The key makes closing the same window twice impossible.
CREATE TABLE monitor_window (
    deployment TEXT NOT NULL,
    version BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    model TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    drift_report TEXT,
    performance TEXT,
    label_changes BIGINT NOT NULL,
    PRIMARY KEY (deployment, version, from_ms)
);

CREATE TABLE drift_report (
    id TEXT PRIMARY KEY,
    deployment TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX drift_report_deployment ON drift_report (deployment, id);
CREATE INDEX drift_report_window ON drift_report (deployment, version, from_ms);

CREATE TABLE performance (
    id TEXT PRIMARY KEY,
    deployment TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX performance_deployment ON performance (deployment, id);

-- The label in force; every earlier value stays in label_history.
CREATE TABLE label (
    prediction_id TEXT PRIMARY KEY,
    deployment TEXT NOT NULL,
    prediction_ms BIGINT NOT NULL,
    value TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    changes BIGINT NOT NULL
);
CREATE INDEX label_window ON label (deployment, prediction_ms);

CREATE TABLE label_history (
    prediction_id TEXT NOT NULL,
    changes BIGINT NOT NULL,
    value TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    added_ms BIGINT NOT NULL,
    PRIMARY KEY (prediction_id, changes)
) {without_rowid};

CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    deployment TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    closed BOOLEAN NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_open ON alert (deployment, kind) WHERE NOT closed;

CREATE TABLE evaluation (
    id TEXT PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    project TEXT,
    step_run TEXT,
    challenger TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX evaluation_step_run ON evaluation (step_run);
CREATE INDEX evaluation_challenger ON evaluation (challenger, id);
