CREATE TABLE deployment (
    name TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    live TEXT,
    history TEXT NOT NULL,
    rollout TEXT,
    generation BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
) {without_rowid};

CREATE TABLE rollout (
    id TEXT PRIMARY KEY,
    deployment TEXT NOT NULL,
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    from_version BIGINT,
    plan TEXT NOT NULL,
    state TEXT NOT NULL,
    promotes BOOLEAN NOT NULL,
    started_ms BIGINT NOT NULL,
    finished BOOLEAN NOT NULL
) {without_rowid};
CREATE INDEX rollout_deployment ON rollout (deployment, id);
