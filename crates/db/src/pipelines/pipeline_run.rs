//! Pipeline runs.

use domain::pipelines::pipeline_run::{PinnedRun, PipelineRun, RunState};
use domain::pipelines::project::Project;
use domain::{Id, Name, Timestamp};

use super::json;
use crate::tx::word;
use crate::{Conn, Result, Row, args};

const COLUMNS: &str = "id, project, number, state, cause, params, data, code_tree, message, created_ms, \
                       started_ms, finished_ms";

/// The number of the project's next run.
pub async fn next_number(conn: &mut Conn<'_>, project: &Name) -> Result<i64> {
    let row = conn
        .fetch_one(
            "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM pipeline_run WHERE project = $1",
            args![project],
        )
        .await?;
    row.get("next")
}

/// Records a run; its number must be free.
pub async fn insert(conn: &mut Conn<'_>, run: &PipelineRun, definition: &Project) -> Result<()> {
    conn.execute(
        "INSERT INTO pipeline_run (id, project, number, state, cause, trigger_name, params, data, code_tree, \
         definition, message, created_ms, started_ms, finished_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        args![
            &run.id,
            &run.project,
            run.number,
            word(&run.state),
            json(&run.cause)?,
            run.cause.trigger().map(ToString::to_string),
            json(&run.params)?,
            json(&run.data)?,
            &run.code_tree,
            json(definition)?,
            run.message.clone(),
            run.created,
            run.started,
            run.finished
        ],
    )
    .await?;
    Ok(())
}

/// One run.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<PipelineRun>> {
    let sql = format!("SELECT {COLUMNS} FROM pipeline_run WHERE id = $1");
    let row = conn.fetch_optional(&sql, args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// One run with the project file that it executes.
pub async fn get_pinned(conn: &mut Conn<'_>, id: &Id) -> Result<Option<PinnedRun>> {
    let row = conn.fetch_optional("SELECT * FROM pipeline_run WHERE id = $1", args![id]).await?;
    row.map(|row| Ok(PinnedRun { run: from_row(&row)?, definition: row.json("definition")? })).transpose()
}

/// The newest runs of a project with numbers below `before`, newest first.
pub async fn list(conn: &mut Conn<'_>, project: &Name, before: i64, limit: i64) -> Result<Vec<PipelineRun>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pipeline_run WHERE project = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
    );
    let rows = conn.fetch_all(&sql, args![project, before, limit]).await?;
    rows.iter().map(from_row).collect()
}

/// The runs that a trigger started since `since`, newest first.
pub async fn by_trigger(
    conn: &mut Conn<'_>,
    project: &Name,
    trigger: &Name,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<PipelineRun>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pipeline_run WHERE project = $1 AND trigger_name = $2 AND created_ms >= $3 \
         ORDER BY number DESC LIMIT $4"
    );
    let rows = conn.fetch_all(&sql, args![project, trigger, since, limit]).await?;
    rows.iter().map(from_row).collect()
}

/// The runs of all projects that have not ended, oldest first.
pub async fn active(conn: &mut Conn<'_>) -> Result<Vec<PipelineRun>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pipeline_run WHERE state IN ('queued', 'running') ORDER BY project, number"
    );
    let rows = conn.fetch_all(&sql, args![]).await?;
    rows.iter().map(from_row).collect()
}

/// Moves a run from the state `from`; false when it was not in it any more.
pub async fn set_state(conn: &mut Conn<'_>, run: &PipelineRun, from: RunState) -> Result<bool> {
    let touched = conn
        .execute(
            "UPDATE pipeline_run SET state = $1, message = $2, started_ms = $3, finished_ms = $4 \
             WHERE id = $5 AND state = $6",
            args![word(&run.state), run.message.clone(), run.started, run.finished, &run.id, word(&from)],
        )
        .await?;
    Ok(touched == 1)
}

/// Gives a waiting run newer data, code and definition.
pub async fn pin_again(conn: &mut Conn<'_>, run: &PipelineRun, definition: &Project) -> Result<bool> {
    let touched = conn
        .execute(
            "UPDATE pipeline_run SET data = $1, code_tree = $2, definition = $3, params = $4 \
             WHERE id = $5 AND state = 'queued'",
            args![json(&run.data)?, &run.code_tree, json(definition)?, json(&run.params)?, &run.id],
        )
        .await?;
    Ok(touched == 1)
}

fn from_row(row: &Row) -> Result<PipelineRun> {
    Ok(PipelineRun {
        id: row.id("id")?,
        project: row.name("project")?,
        number: row.get("number")?,
        state: row.word("state")?,
        cause: row.json("cause")?,
        params: row.json("params")?,
        data: row.json("data")?,
        code_tree: row.get("code_tree")?,
        message: row.get("message")?,
        created: row.time("created_ms")?,
        started: row.opt_time("started_ms")?,
        finished: row.opt_time("finished_ms")?,
    })
}
