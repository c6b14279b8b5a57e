//! Points of metrics: all of them, and the newest per run and key.

use std::cmp::Ordering;

use domain::tracking::experiment::ExperimentId;
use domain::tracking::metric::Metric;

use super::{intern, pieces, placeholders};
use crate::{Conn, Result, Row, args};

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

/// Points of one run that are to be stored.
#[derive(Clone, Copy, Debug)]
pub struct RunPoints<'a> {
    /// The run's number.
    pub run: i64,
    /// Its experiment.
    pub experiment: ExperimentId,
    /// The points.
    pub metrics: &'a [Metric],
}

/// Stores points of runs and moves their newest ones. A point that is there already changes nothing.
pub async fn insert(conn: &mut Conn<'_>, points: &[RunPoints<'_>]) -> Result<()> {
    let names: Vec<&str> =
        points.iter().flat_map(|of| of.metrics).map(|metric| metric.key.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let keys = intern(conn, &names).await?;
    let mut rows = Vec::with_capacity(names.len());
    for of in points {
        rows.extend(of.metrics.iter().map(|metric| Point { of, key: keys[&metric.key], metric }));
    }
    // In the order of the table: it is faster, and writers that meet do not wait for each other in a circle.
    rows.sort_by(|a, b| a.place().cmp(&b.place()).then_with(|| a.metric.newer(b.metric)));
    for piece in pieces(&rows) {
        let mut values = Vec::with_capacity(piece.len() * 6);
        for Point { of, key, metric } in piece {
            let (value, kind) = encode(metric.value);
            values.extend(args![of.run, *key, metric.step, metric.timestamp_ms, value, kind]);
        }
        let sql = format!(
            "INSERT INTO metric (run, key, step, time_ms, value, kind) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(piece.len(), 6)
        );
        conn.execute(&sql, values).await?;
    }
    let mut newest: Vec<Point<'_>> = Vec::new();
    for row in rows {
        match newest.last_mut() {
            Some(last) if last.place() == row.place() => {
                if row.metric.newer(last.metric) == Ordering::Greater {
                    *last = row;
                }
            }
            _ => newest.push(row),
        }
    }
    move_latest(conn, &newest).await
}

struct Point<'a> {
    of: &'a RunPoints<'a>,
    key: i64,
    metric: &'a Metric,
}

impl Point<'_> {
    fn place(&self) -> (i64, i64) {
        (self.of.run, self.key)
    }
}

async fn move_latest(conn: &mut Conn<'_>, newest: &[Point<'_>]) -> Result<()> {
    for piece in pieces(newest) {
        let mut values = Vec::with_capacity(piece.len() * 7);
        for Point { of, key, metric } in piece {
            let (value, kind) = encode(metric.value);
            values.extend(args![
                of.run,
                *key,
                of.experiment.number(),
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
            placeholders(piece.len(), 7)
        );
        conn.execute(&sql, values).await?;
    }
    Ok(())
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

pub(crate) fn from_row(row: &Row, key: String) -> Result<Metric> {
    Ok(Metric {
        key,
        value: decode(row.get("value")?, row.get("kind")?),
        timestamp_ms: row.get("time_ms")?,
        step: row.get("step")?,
    })
}
