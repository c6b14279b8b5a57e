//! Deployments: one row each, the desired state.

use domain::Name;
use domain::serving::Deployment;

use crate::{Conn, Result, Row, args};

/// The deployment of that name.
pub async fn get(conn: &mut Conn<'_>, name: &Name) -> Result<Option<Deployment>> {
    let row = conn.fetch_optional("SELECT * FROM deployment WHERE name = $1", args![name]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All deployments, by name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<Deployment>> {
    let rows = conn.fetch_all("SELECT * FROM deployment ORDER BY name", args![]).await?;
    rows.iter().map(from_row).collect()
}

/// Writes the whole record, new or changed.
pub async fn put(conn: &mut Conn<'_>, deployment: &Deployment) -> Result<()> {
    conn.execute(
        "INSERT INTO deployment (name, spec, live, history, rollout, generation, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, live = excluded.live, history = excluded.history, \
         rollout = excluded.rollout, generation = excluded.generation, updated_ms = excluded.updated_ms",
        args![
            &deployment.name,
            &super::to_json(&deployment.spec),
            deployment.live.as_ref().map(|live| super::to_json(live).to_string()),
            &super::to_json(&deployment.history),
            deployment.rollout.as_ref(),
            deployment.generation,
            deployment.created_ms,
            deployment.updated_ms,
        ],
    )
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Deployment> {
    Ok(Deployment {
        name: row.name("name")?,
        spec: row.json("spec")?,
        live: row.opt_json("live")?,
        history: row.json("history")?,
        rollout: row.opt_id("rollout")?,
        generation: row.get("generation")?,
        created_ms: row.time("created_ms")?,
        updated_ms: row.time("updated_ms")?,
    })
}
