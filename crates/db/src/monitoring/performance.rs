//! Performance records: written once, read by deployment or id.

use domain::Id;
use domain::monitoring::performance::Performance;

use crate::{Conn, Result, args};

/// Stores a record.
pub async fn insert(conn: &mut Conn<'_>, performance: &Performance) -> Result<()> {
    conn.execute(
        "INSERT INTO performance (id, deployment, time_ms, version, verdict, body) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            &performance.id,
            &performance.deployment,
            performance.time_ms,
            performance.version,
            crate::tx::word(&performance.verdict),
            super::json(performance)
        ],
    )
    .await?;
    Ok(())
}

/// The record of that id.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Performance>> {
    let row = conn.fetch_optional("SELECT body FROM performance WHERE id = $1", args![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// The newest records of a deployment whose ids are below `before`, newest first.
pub async fn list(
    conn: &mut Conn<'_>,
    deployment: &str,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<Performance>> {
    let before = before.map_or_else(|| "~".to_owned(), ToString::to_string);
    let rows = conn
        .fetch_all(
            "SELECT body FROM performance WHERE deployment = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            args![deployment, before, limit],
        )
        .await?;
    rows.iter().map(|row| row.json("body")).collect()
}
