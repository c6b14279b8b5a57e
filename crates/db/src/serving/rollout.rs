//! Rollouts: every hand-over of traffic, running and past.

use domain::serving::Rollout;
use domain::{Id, Name};

use crate::{Conn, Result, Row, args};

/// The rollout of that id.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Rollout>> {
    let row = conn.fetch_optional("SELECT * FROM rollout WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The newest rollouts of a deployment, newest first.
pub async fn list(conn: &mut Conn<'_>, deployment: &Name, limit: i64) -> Result<Vec<Rollout>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM rollout WHERE deployment = $1 ORDER BY id DESC LIMIT $2",
            args![deployment, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Writes the whole record, new or changed.
pub async fn put(conn: &mut Conn<'_>, rollout: &Rollout) -> Result<()> {
    conn.execute(
        "INSERT INTO rollout \
         (id, deployment, model, version, from_version, plan, state, promotes, started_ms, finished) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, finished = excluded.finished",
        args![
            &rollout.id,
            &rollout.deployment,
            rollout.model.as_str(),
            rollout.version,
            rollout.from_version,
            &super::to_json(&rollout.plan),
            &super::to_json(&rollout.state),
            rollout.promotes,
            rollout.started_ms,
            rollout.state.is_final(),
        ],
    )
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Rollout> {
    Ok(Rollout {
        id: row.id("id")?,
        deployment: row.name("deployment")?,
        model: crate::serving::model_name(row)?,
        version: row.get("version")?,
        from_version: row.get("from_version")?,
        plan: row.json("plan")?,
        state: row.json("state")?,
        promotes: row.get("promotes")?,
        started_ms: row.time("started_ms")?,
    })
}
