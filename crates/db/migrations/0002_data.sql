CREATE TABLE dataset (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    key_columns TEXT NOT NULL,
    time_column TEXT,
    contract_file TEXT,
    contract_path TEXT,
    created_ms BIGINT NOT NULL
);

-- A version is a commit of a data set. The number is there when it was published, without holes.
CREATE TABLE data_version (
    dataset_id TEXT NOT NULL REFERENCES dataset (id),
    commit_id TEXT NOT NULL,
    number BIGINT,
    tree TEXT NOT NULL,
    parent TEXT,
    author TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    message TEXT NOT NULL,
    origin TEXT NOT NULL,
    contract_file TEXT,
    files BIGINT NOT NULL,
    size BIGINT NOT NULL,
    row_count BIGINT,
    violations TEXT NOT NULL,
    PRIMARY KEY (dataset_id, commit_id),
    UNIQUE (dataset_id, number)
);
CREATE INDEX data_version_time ON data_version (dataset_id, time_ms);

-- Names of versions, moved by compare-and-swap.
CREATE TABLE data_ref (
    dataset_id TEXT NOT NULL REFERENCES dataset (id),
    name TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    PRIMARY KEY (dataset_id, name)
) {without_rowid};

-- What a source file looked like when it was hashed, so that an unchanged one is not read again.
CREATE TABLE file_stat (
    path TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    device BIGINT NOT NULL,
    file_id TEXT NOT NULL
) {without_rowid};

-- The mergeable profile of one file; the sketch itself is an object.
CREATE TABLE file_profile (
    file_id TEXT NOT NULL,
    format TEXT NOT NULL,
    sketch TEXT NOT NULL,
    PRIMARY KEY (file_id, format)
) {without_rowid};
