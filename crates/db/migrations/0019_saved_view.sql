-- What somebody looks at in a list of runs: its layout is a JSON text.
CREATE TABLE saved_view (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    shared BOOLEAN NOT NULL,
    experiment BIGINT REFERENCES experiment (id),
    layout TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX saved_view_listing ON saved_view (owner, name);

-- How many runs there are, by how they stand, is counted without reading them.
CREATE INDEX run_standing ON run (experiment, deleted, status);
