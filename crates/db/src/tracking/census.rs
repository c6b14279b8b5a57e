//! Which metrics, params and tags the runs of experiments have, and how many runs each.

use std::collections::HashMap;

use domain::tracking::experiment::ExperimentId;

use super::list;
use crate::{Conn, Result, Value};

/// A key and the runs that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The key.
    pub key: String,
    /// How many runs that are not deleted have it.
    pub runs: i64,
    /// Whether its values differ; metrics are taken to.
    pub varies: bool,
}

/// The keys of some runs, those of most runs first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Metrics.
    pub metrics: Vec<Counted>,
    /// Params.
    pub params: Vec<Counted>,
    /// Tags.
    pub tags: Vec<Counted>,
}

/// Counts the keys of the runs of `experiments`, at most `limit` of each kind. Each key is a stretch of the index of values:
/// nothing else is read but what deleted runs have.
pub async fn census(conn: &mut Conn<'_>, experiments: &[ExperimentId], limit: usize) -> Result<Census> {
    if experiments.is_empty() {
        return Ok(Census::default());
    }
    Ok(Census {
        metrics: counted(conn, "metric_latest", experiments, limit).await?,
        params: counted(conn, "param", experiments, limit).await?,
        tags: counted(conn, "run_tag", experiments, limit).await?,
    })
}

async fn counted(
    conn: &mut Conn<'_>,
    table: &str,
    experiments: &[ExperimentId],
    limit: usize,
) -> Result<Vec<Counted>> {
    let among = list(1, experiments.len());
    let args: Vec<Value> = experiments.iter().map(|id| Value::from(id.number())).collect();
    // Heads are values cut to the length of their index: what differs later is taken to be equal.
    let differs = if table == "metric_latest" { "0, 1" } else { "MIN(l.head), MAX(l.head)" };
    let sql = format!(
        "SELECT k.num, k.name, COUNT(*), {differs} FROM tracking_key k CROSS JOIN {table} l \
         WHERE l.key = k.num AND l.experiment IN ({among}) GROUP BY k.num, k.name"
    );
    let rows = conn.fetch_all(&sql, args.clone()).await?;
    let deleted = deleted(conn, table, &among, args).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let runs = row.get::<i64>(2)? - deleted.get(&row.get::<i64>(0)?).copied().unwrap_or_default();
        if runs <= 0 {
            continue;
        }
        let varies = table == "metric_latest" || row.get::<String>(3)? != row.get::<String>(4)?;
        found.push(Counted { key: row.get(1)?, runs, varies });
    }
    found.sort_unstable_by(|a, b| b.runs.cmp(&a.runs).then_with(|| a.key.cmp(&b.key)));
    found.truncate(limit);
    Ok(found)
}

async fn deleted(
    conn: &mut Conn<'_>,
    table: &str,
    among: &str,
    args: Vec<Value>,
) -> Result<HashMap<i64, i64>> {
    let sql = format!(
        "SELECT l.key, COUNT(*) FROM run r CROSS JOIN {table} l WHERE l.run = r.num \
         AND r.experiment IN ({among}) AND r.deleted = TRUE GROUP BY l.key"
    );
    let rows = conn.fetch_all(&sql, args).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
