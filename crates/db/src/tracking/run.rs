//! Runs, and reading what they logged.

use std::collections::HashMap;

use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::run::{Run, RunInfo, RunStatus};
use domain::{Id, Timestamp};

use super::{input, metric, param};
use crate::{Conn, Result, Row, args};

/// The columns that [`info_from_row`] reads, of `run r JOIN experiment e`.
pub(crate) const COLUMNS: &str = "r.num, r.id, r.experiment, r.name, r.user_id, r.status, r.deleted, r.start_ms, \
                                  r.end_ms, e.location";

/// A run with the number that its points carry.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The run.
    pub info: RunInfo,
}

/// Makes a run; returns its number.
pub async fn insert(conn: &mut Conn<'_>, info: &RunInfo) -> Result<i64> {
    let row = conn
        .fetch_one(
            "INSERT INTO run (id, experiment, name, user_id, status, deleted, start_ms, end_ms) \
             VALUES ($1, $2, $3, $4, $5, FALSE, $6, $7) RETURNING num",
            args![
                &info.id,
                info.experiment.number(),
                &info.name,
                &info.user,
                crate::tx::word(&info.status),
                info.start,
                info.end
            ],
        )
        .await?;
    row.get("num")
}

/// One run without what it logged, deleted or not.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Numbered>> {
    let sql = format!("SELECT {COLUMNS} FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.id = $1");
    let row = conn.fetch_optional(&sql, args![id]).await?;
    row.as_ref().map(numbered).transpose()
}

/// Fills in what runs logged, in the order given.
pub async fn load(conn: &mut Conn<'_>, runs: Vec<Numbered>) -> Result<Vec<Run>> {
    let nums: Vec<i64> = runs.iter().map(|run| run.num).collect();
    let mut metrics = metric::latest(conn, &nums).await?;
    let mut params = param::params(conn, &nums).await?;
    let mut tags = param::tags(conn, &nums).await?;
    let mut datasets = input::datasets(conn, &nums).await?;
    let mut models = input::models(conn, &nums).await?;
    let take = |num| runs_models(&mut models, num);
    let mut take = take;
    Ok(runs
        .into_iter()
        .map(|run| {
            let (model_inputs, model_outputs) = take(run.num);
            Run {
                metrics: metrics.remove(&run.num).unwrap_or_default(),
                params: params.remove(&run.num).unwrap_or_default(),
                tags: tags.remove(&run.num).unwrap_or_default(),
                datasets: datasets.remove(&run.num).unwrap_or_default(),
                model_inputs,
                model_outputs,
                info: run.info,
            }
        })
        .collect())
}

fn runs_models(
    models: &mut HashMap<i64, input::RunModels>,
    num: i64,
) -> (Vec<Id>, Vec<domain::tracking::input::ModelOutput>) {
    let found = models.remove(&num).unwrap_or_default();
    (found.inputs, found.outputs)
}

/// What [`update`] changes; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// How it stands.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Its name.
    pub name: Option<String>,
}

/// Changes a run's own fields.
pub async fn update(conn: &mut Conn<'_>, num: i64, change: &Change) -> Result<()> {
    conn.execute(
        "UPDATE run SET status = COALESCE($2, status), end_ms = COALESCE($3, end_ms), name = COALESCE($4, name) \
         WHERE num = $1",
        args![
            num,
            change.status.as_ref().map(crate::tx::word),
            change.end,
            change.name.clone()
        ],
    )
    .await?;
    Ok(())
}

/// Marks a run as deleted since `deleted`, or takes the mark away.
pub async fn mark(conn: &mut Conn<'_>, num: i64, deleted: Option<Timestamp>) -> Result<()> {
    conn.execute(
        "UPDATE run SET deleted = $2, deleted_ms = $3 WHERE num = $1",
        args![num, deleted.is_some(), deleted],
    )
    .await?;
    Ok(())
}

pub(crate) fn numbered(row: &Row) -> Result<Numbered> {
    Ok(Numbered { num: row.get("num")?, info: info_from_row(row)? })
}

fn info_from_row(row: &Row) -> Result<RunInfo> {
    let id = row.id("id")?;
    let location: String = row.get("location")?;
    Ok(RunInfo {
        artifact_uri: format!("{location}/{id}/artifacts"),
        id,
        experiment: ExperimentId::from_number(row.get("experiment")?),
        name: row.get("name")?,
        user: row.get("user_id")?,
        status: row.word("status")?,
        start: row.time("start_ms")?,
        end: row.opt_time("end_ms")?,
        lifecycle: Lifecycle::of(row.get("deleted")?),
    })
}
