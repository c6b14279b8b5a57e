//! Points of metrics: all of them, and the newest per run and key.

use std::cmp::Ordering;
use std::collections::HashMap;

use domain::tracking::experiment::ExperimentId;
use domain::tracking::metric::Metric;

use super::{CHUNK, intern, list, placeholders};
use crate::{Conn, Result, Row, Value, args};

const NUMBER: i64 = 0;
const NOT_A_NUMBER: i64 = 1;
const INFINITY: i64 = 2;
const MINUS_INFINITY: i64 = 3;

/// A value as it is stored: what it is ordered as, and its kind.
pub(crate) fn encode(value: f64) -> (f64, i64) {
    if value.is_nan() {
        (0.0, NOT_A_NUMBER)
    } else if value == f64::INFINITY {
        (f64::MAX, INFINITY)
    } else if value == f64::NEG_INFINITY {
        (f64::MIN, MINUS_INFINITY)
    } else {
        (value, NUMBER)
    }
}

/// The value behind what is stored.
pub(crate) fn decode(value: f64, kind: i64) -> f64 {
    match kind {
        NOT_A_NUMBER => f64::NAN,
        INFINITY => f64::INFINITY,
        MINUS_INFINITY => f64::NEG_INFINITY,
        _ => value,
    }
}

/// Stores points of a run and moves its newest ones. A point that is there already changes nothing.
pub async fn insert(
    conn: &mut Conn<'_>,
    run: i64,
    experiment: ExperimentId,
    metrics: &[Metric],
) -> Result<()> {
    let names: Vec<&str> = metrics.iter().map(|metric| metric.key.as_str()).collect();
    let keys = intern(conn, &names).await?;
    for chunk in metrics.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * 6);
        for metric in chunk {
            let (value, kind) = encode(metric.value);
            values.extend(args![run, keys[&metric.key], metric.step, metric.timestamp_ms, value, kind]);
        }
        let sql = format!(
            "INSERT INTO metric (run, key, step, time_ms, value, kind) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 6)
        );
        conn.execute(&sql, values).await?;
    }
    let mut newest: HashMap<&str, &Metric> = HashMap::new();
    for metric in metrics {
        let held = newest.entry(&metric.key).or_insert(metric);
        if metric.newer(held) == Ordering::Greater {
            *held = metric;
        }
    }
    let mut newest: Vec<(i64, &Metric)> =
        newest.into_iter().map(|(key, metric)| (keys[key], metric)).collect();
    newest.sort_unstable_by_key(|(key, _)| *key);
    move_latest(conn, run, experiment, &newest).await
}

async fn move_latest(
    conn: &mut Conn<'_>,
    run: i64,
    experiment: ExperimentId,
    newest: &[(i64, &Metric)],
) -> Result<()> {
    for chunk in newest.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * 7);
        for (key, metric) in chunk {
            let (value, kind) = encode(metric.value);
            values.extend(args![
                run,
                *key,
                experiment.number(),
                metric.step,
                metric.timestamp_ms,
                value,
                kind
            ]);
        }
        let sql = format!(
            "INSERT INTO metric_latest (run, key, experiment, step, time_ms, value, kind) VALUES {} \
             ON CONFLICT (run, key) DO UPDATE SET step = excluded.step, time_ms = excluded.time_ms, \
             value = excluded.value, kind = excluded.kind \
             WHERE (excluded.step, excluded.time_ms, excluded.value) > \
             (metric_latest.step, metric_latest.time_ms, metric_latest.value)",
            placeholders(chunk.len(), 7)
        );
        conn.execute(&sql, values).await?;
    }
    Ok(())
}

/// The newest point of each key, by run, in key order.
pub async fn latest(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, Vec<Metric>>> {
    let mut found: HashMap<i64, Vec<Metric>> = HashMap::new();
    for chunk in runs.chunks(CHUNK) {
        let sql = format!(
            "SELECT l.run, k.name, l.step, l.time_ms, l.value, l.kind FROM metric_latest l \
             JOIN tracking_key k ON k.num = l.key WHERE l.run IN ({})",
            list(1, chunk.len())
        );
        let args = chunk.iter().map(|run| Value::from(*run)).collect();
        for row in conn.fetch_all(&sql, args).await? {
            let metric = from_row(&row, row.get("name")?)?;
            found.entry(row.get("run")?).or_default().push(metric);
        }
    }
    for metrics in found.values_mut() {
        metrics.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    Ok(found)
}

/// The points of one key of a run in the order of time, step and value, from `offset`, at most `limit`.
pub async fn history(
    conn: &mut Conn<'_>,
    run: i64,
    key: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<Metric>> {
    let rows = conn
        .fetch_all(
            "SELECT step, time_ms, value, kind FROM metric WHERE run = $1 AND key = \
             (SELECT num FROM tracking_key WHERE name = $2) ORDER BY time_ms, step, value LIMIT $3 OFFSET $4",
            args![run, key, limit, offset],
        )
        .await?;
    rows.iter().map(|row| from_row(row, key.to_owned())).collect()
}

/// The steps between `from` and `to` (both included) at which a run has points of a key, by step, at most `limit`.
pub async fn by_step(
    conn: &mut Conn<'_>,
    run: i64,
    key: &str,
    steps: (i64, i64),
    limit: i64,
) -> Result<Vec<Metric>> {
    let rows = conn
        .fetch_all(
            "SELECT step, time_ms, value, kind FROM metric WHERE run = $1 AND key = \
             (SELECT num FROM tracking_key WHERE name = $2) AND step BETWEEN $3 AND $4 \
             ORDER BY step, time_ms, value LIMIT $5",
            args![run, key, steps.0, steps.1, limit],
        )
        .await?;
    rows.iter().map(|row| from_row(row, key.to_owned())).collect()
}

pub(crate) fn from_row(row: &Row, key: String) -> Result<Metric> {
    Ok(Metric {
        key,
        value: decode(row.get("value")?, row.get("kind")?),
        timestamp_ms: row.get("time_ms")?,
        step: row.get("step")?,
    })
}
