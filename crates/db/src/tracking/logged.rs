//! What runs logged, a row for each run: handing over a row for each value costs more than finding it.

use std::collections::HashMap;

use domain::tracking::metric::Metric;
use domain::tracking::param::{Param, Tag};
use serde::Deserialize;

use super::metric::decode;
use super::{list, lookup, names, pieces};
use crate::{Conn, Error, Result, Row, Value};

/// What one run logged, each by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logged {
    /// The newest point of each metric.
    pub metrics: Vec<Metric>,
    /// Params.
    pub params: Vec<Param>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// What runs logged, by run.
pub async fn of_runs(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, Logged>> {
    let engine = conn.engine();
    let texts = |table: &str| {
        format!(
            "(SELECT {} FROM {table} t JOIN tracking_key k ON k.num = t.key WHERE t.run = r.num)",
            engine.rows_as_json("k.name, t.value")
        )
    };
    let (params, tags) = (texts("param"), texts("run_tag"));
    let mut found = HashMap::with_capacity(runs.len());
    for piece in pieces(runs) {
        let sql = format!(
            "SELECT r.num, {params} AS params, {tags} AS tags FROM run r WHERE r.num IN ({})",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, piece.iter().map(|run| Value::from(*run)).collect()).await? {
            let params = self::texts(&row, "params", |key, value| Param { key, value })?;
            let tags = self::texts(&row, "tags", |key, value| Tag { key, value })?;
            found.insert(row.get("num")?, Logged { metrics: Vec::new(), params, tags });
        }
    }
    add_metrics(conn, runs, &mut found).await?;
    Ok(found)
}

/// The keys of what is wanted of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Metrics.
    pub metrics: Vec<String>,
    /// Params.
    pub params: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
}

/// What is wanted of what runs logged, by run.
pub async fn chosen(conn: &mut Conn<'_>, runs: &[i64], wanted: &Wanted) -> Result<HashMap<i64, Logged>> {
    let all = [&wanted.metrics, &wanted.params, &wanted.tags];
    let names: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
    let known = lookup(conn, &names).await?;
    let mut found: HashMap<i64, Logged> = runs.iter().map(|run| (*run, Logged::default())).collect();
    for (table, columns, keys) in [
        ("metric_latest", "run, key, step, time_ms, value, kind", &wanted.metrics),
        ("param", "run, key, value", &wanted.params),
        ("run_tag", "run, key, value", &wanted.tags),
    ] {
        let numbers: HashMap<i64, &String> =
            keys.iter().filter_map(|name| Some((*known.get(name)?, name))).collect();
        if numbers.is_empty() {
            continue;
        }
        for piece in pieces(runs) {
            let sql = format!(
                "SELECT {columns} FROM {table} WHERE run IN ({}) AND key IN ({}) ORDER BY run, key",
                list(1, piece.len()),
                list(piece.len() + 1, numbers.len())
            );
            let args = piece.iter().chain(numbers.keys()).map(|number| Value::from(*number)).collect();
            for row in conn.fetch_all(&sql, args).await? {
                let (Some(logged), Some(name)) =
                    (found.get_mut(&row.get::<i64>(0)?), numbers.get(&row.get::<i64>(1)?))
                else {
                    continue;
                };
                let key = (*name).clone();
                match table {
                    "metric_latest" => logged.metrics.push(Metric {
                        key,
                        step: row.get(2)?,
                        timestamp_ms: row.get(3)?,
                        value: decode(row.get(4)?, row.get(5)?),
                    }),
                    "param" => logged.params.push(Param { key, value: row.get(2)? }),
                    _ => logged.tags.push(Tag::new(key, row.get::<String>(2)?)),
                }
            }
        }
    }
    Ok(found)
}

/// Metrics come a row each: no text of a number is exact on both engines.
async fn add_metrics(conn: &mut Conn<'_>, runs: &[i64], found: &mut HashMap<i64, Logged>) -> Result<()> {
    let mut points = Vec::new();
    for piece in pieces(runs) {
        let sql = format!(
            "SELECT run, key, step, time_ms, value, kind FROM metric_latest WHERE run IN ({})",
            list(1, piece.len())
        );
        points.extend(conn.fetch_all(&sql, piece.iter().map(|run| Value::from(*run)).collect()).await?);
    }
    let mut keys = Vec::with_capacity(points.len());
    for row in &points {
        keys.push(row.get::<i64>(1)?);
    }
    let names = names(conn, &keys).await?;
    for (row, key) in points.iter().zip(keys) {
        let Some(logged) = found.get_mut(&row.get::<i64>(0)?) else { continue };
        logged.metrics.push(Metric {
            key: names.get(&key).cloned().unwrap_or_default(),
            step: row.get(2)?,
            timestamp_ms: row.get(3)?,
            value: decode(row.get(4)?, row.get(5)?),
        });
    }
    for logged in found.values_mut() {
        logged.metrics.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    Ok(())
}

fn texts<T>(row: &Row, column: &str, make: fn(String, String) -> T) -> Result<Vec<T>> {
    let text: String = row.get(column)?;
    let mut pairs: Vec<(String, String)> = parsed(column, &text)?;
    pairs.sort_unstable();
    Ok(pairs.into_iter().map(|(key, value)| make(key, value)).collect())
}

fn parsed<'t, T: Deserialize<'t>>(column: &str, text: &'t str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::Corrupt { column: column.to_owned(), reason: error.to_string() })
}
