//! Evaluations: written once, read by id or by what asked for them.

use domain::Id;
use domain::registry::evaluation::Evaluation;

use crate::{Conn, Result, args};

/// Stores an evaluation.
pub async fn insert(conn: &mut Conn<'_>, evaluation: &Evaluation) -> Result<()> {
    conn.execute(
        "INSERT INTO evaluation (id, time_ms, project, step_run, challenger, body) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            &evaluation.id,
            evaluation.time_ms,
            evaluation.project.clone(),
            evaluation.step_run.as_ref(),
            &evaluation.challenger.model,
            crate::monitoring::json(evaluation)
        ],
    )
    .await?;
    Ok(())
}

/// The evaluation of that id.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Evaluation>> {
    let row = conn.fetch_optional("SELECT body FROM evaluation WHERE id = $1", args![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// The newest evaluation that a step run asked for.
pub async fn by_step_run(conn: &mut Conn<'_>, step_run: &Id) -> Result<Option<Evaluation>> {
    let row = conn
        .fetch_optional(
            "SELECT body FROM evaluation WHERE step_run = $1 ORDER BY id DESC LIMIT 1",
            args![step_run],
        )
        .await?;
    row.map(|row| row.json("body")).transpose()
}

/// The newest evaluations, of one challenger when given, newest first.
pub async fn list(conn: &mut Conn<'_>, challenger: Option<&str>, limit: i64) -> Result<Vec<Evaluation>> {
    let rows = conn
        .fetch_all(
            "SELECT body FROM evaluation WHERE ($1 = '' OR challenger = $1) ORDER BY id DESC LIMIT $2",
            args![challenger.unwrap_or_default(), limit],
        )
        .await?;
    rows.iter().map(|row| row.json("body")).collect()
}
