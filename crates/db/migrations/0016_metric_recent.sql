-- Points as they came, on the engine with one writer: a row for what a run logged at once, sorted into `metric` and
-- `metric_latest` before anyone looks. The bytes are those of tracking/recent.rs.
CREATE TABLE metric_recent (
    num {identity},
    run BIGINT NOT NULL,
    experiment BIGINT NOT NULL,
    points {bytes} NOT NULL
);
