-- The tables below carry the number instead of the public id.
CREATE TABLE trace (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    experiment BIGINT NOT NULL REFERENCES experiment (id),
    start_ms BIGINT NOT NULL,
    duration_ms BIGINT,
    state TEXT NOT NULL,
    name TEXT,
    -- The name of the first step: what a trace is called that has no name.
    root TEXT,
    client_request_id TEXT,
    request_preview TEXT,
    response_preview TEXT,
    session TEXT,
    -- Whether a client told the tokens and the costs; else they are sums over the spans.
    usage_told BOOLEAN NOT NULL,
    cost_told BOOLEAN NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    total_tokens BIGINT,
    cache_read_input_tokens BIGINT,
    cache_creation_input_tokens BIGINT,
    cache_creation_input_tokens_above_1hr BIGINT,
    input_cost DOUBLE PRECISION,
    output_cost DOUBLE PRECISION,
    total_cost DOUBLE PRECISION
);
CREATE INDEX trace_listing ON trace (experiment, start_ms DESC, id);
CREATE INDEX trace_session ON trace (experiment, session);

CREATE TABLE trace_tag (
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
) {without_rowid};

CREATE TABLE trace_metadata (
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
) {without_rowid};

-- The rows are large, hence not in the key's own pages. The columns beside the content are what searches and sums ask.
CREATE TABLE span (
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    id TEXT NOT NULL,
    parent TEXT,
    name TEXT NOT NULL,
    type TEXT,
    status TEXT NOT NULL,
    start_ns BIGINT NOT NULL,
    end_ns BIGINT,
    usage TEXT,
    input_cost DOUBLE PRECISION,
    output_cost DOUBLE PRECISION,
    total_cost DOUBLE PRECISION,
    model TEXT,
    provider TEXT,
    content TEXT NOT NULL,
    PRIMARY KEY (trace, id)
);

-- Traces that were linked to a run after they were made, and prompts (`name/version`) that a trace used.
CREATE TABLE trace_run (
    run TEXT NOT NULL,
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    PRIMARY KEY (run, trace)
) {without_rowid};
CREATE INDEX trace_run_of ON trace_run (trace);
CREATE TABLE trace_prompt (
    prompt TEXT NOT NULL,
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    PRIMARY KEY (prompt, trace)
) {without_rowid};
CREATE INDEX trace_prompt_of ON trace_prompt (trace);

CREATE TABLE assessment (
    num {identity},
    id TEXT NOT NULL UNIQUE,
    trace BIGINT NOT NULL REFERENCES trace (num) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_id TEXT,
    span TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    value TEXT NOT NULL,
    -- What searches compare: a text as it is, everything else as JSON; and what means are made of.
    text TEXT NOT NULL,
    measure DOUBLE PRECISION,
    is_number BOOLEAN NOT NULL,
    error TEXT,
    rationale TEXT,
    metadata TEXT NOT NULL,
    about_session BOOLEAN NOT NULL,
    overrides TEXT,
    valid BOOLEAN NOT NULL
);
CREATE INDEX assessment_of ON assessment (trace, created_ms, num);
CREATE INDEX assessment_search ON assessment (kind, name, trace);
