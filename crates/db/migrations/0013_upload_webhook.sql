-- An upload in parts: it belongs to a place, and becomes an artifact when its parts are put together.
CREATE TABLE artifact_upload (
    id TEXT PRIMARY KEY,
    place TEXT NOT NULL,
    actor TEXT NOT NULL,
    done BOOLEAN NOT NULL,
    -- Moved by every part that arrives: an upload that nobody goes on with is cleared away.
    touched_ms BIGINT NOT NULL
) {without_rowid};
CREATE INDEX artifact_upload_touched ON artifact_upload (touched_ms);

CREATE TABLE artifact_upload_part (
    upload TEXT NOT NULL REFERENCES artifact_upload (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    file TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (upload, number)
) {without_rowid};

CREATE TABLE webhook (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Sealed with a key of the home; absent when deliveries are not signed.
    secret {bytes},
    creator TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
) {without_rowid};

-- What is still to be told and what was told: written in the transaction of the change that it tells of.
CREATE TABLE webhook_delivery (
    id TEXT PRIMARY KEY,
    webhook TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    finished_ms BIGINT,
    status BIGINT,
    error TEXT NOT NULL
) {without_rowid};
CREATE INDEX webhook_delivery_due ON webhook_delivery (state, next_ms, id);
CREATE INDEX webhook_delivery_listing ON webhook_delivery (webhook, id);
