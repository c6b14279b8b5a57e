//! Results of units by key: committed once.

use std::collections::BTreeMap;

use domain::pipelines::key::StepKey;
use domain::pipelines::step_run::StepResult;
use domain::{Id, Name};

use super::json;
use crate::{Conn, Result, Row, args};

/// Commits a result; false when the key has one already, which then stays.
pub async fn insert(conn: &mut Conn<'_>, result: &StepResult) -> Result<bool> {
    let touched = conn
        .execute(
            "INSERT INTO step_result (step_key, step_run, project, step, unit, outputs, metrics, checks, \
             tracked_run, evaluation, env_key, duration_ms, committed_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (step_key) DO NOTHING",
            args![
                result.key.as_str(),
                &result.step_run,
                &result.project,
                &result.step,
                json(&result.unit)?,
                json(&result.outputs)?,
                json(&result.metrics)?,
                json(&result.checks)?,
                result.tracked_run.as_ref(),
                result.evaluation.as_ref(),
                result.env_key.clone(),
                result.duration_ms,
                result.committed
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// The result of a key.
pub async fn get(conn: &mut Conn<'_>, key: &StepKey) -> Result<Option<StepResult>> {
    let row =
        conn.fetch_optional("SELECT * FROM step_result WHERE step_key = $1", args![key.as_str()]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The result whose unit logged to this tracked run.
pub async fn by_tracked_run(conn: &mut Conn<'_>, run: &Id) -> Result<Option<StepResult>> {
    let row = conn
        .fetch_optional(
            "SELECT * FROM step_result WHERE tracked_run = $1 ORDER BY committed_ms DESC LIMIT 1",
            args![run],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// How long the units of each step of a project took on average, in milliseconds.
pub async fn mean_durations(conn: &mut Conn<'_>, project: &Name) -> Result<BTreeMap<String, i64>> {
    let rows = conn
        .fetch_all(
            "SELECT step, CAST(AVG(duration_ms) AS BIGINT) AS mean FROM step_result WHERE project = $1 GROUP BY step",
            args![project],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("step")?, row.get("mean")?))).collect()
}

fn from_row(row: &Row) -> Result<StepResult> {
    let key: String = row.get("step_key")?;
    Ok(StepResult {
        key: super::step_run::key(&key)?,
        step_run: row.id("step_run")?,
        project: row.name("project")?,
        step: row.name("step")?,
        unit: row.json("unit")?,
        outputs: row.json("outputs")?,
        metrics: row.json("metrics")?,
        checks: row.json("checks")?,
        tracked_run: row.opt_id("tracked_run")?,
        evaluation: row.opt_id("evaluation")?,
        env_key: row.get("env_key")?,
        duration_ms: row.get("duration_ms")?,
        committed: row.time("committed_ms")?,
    })
}
