//! Alerts: at most one per deployment and kind is not closed, which an index holds.

use domain::Id;
use domain::monitoring::alert::{Alert, AlertKind};

use crate::{Conn, Result, args};

/// Stores a new alert, unless one of its kind is open; whether it did.
pub async fn open(conn: &mut Conn<'_>, alert: &Alert) -> Result<bool> {
    let stored = conn
        .execute(
            "INSERT INTO alert (id, kind, deployment, opened_ms, closed, body) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT DO NOTHING",
            args![
                &alert.id,
                crate::tx::word(&alert.kind),
                &alert.deployment,
                alert.opened_ms,
                !alert.is_open(),
                super::json(alert)
            ],
        )
        .await?;
    Ok(stored == 1)
}

/// Writes an alert's new state.
pub async fn update(conn: &mut Conn<'_>, alert: &Alert) -> Result<()> {
    conn.execute(
        "UPDATE alert SET closed = $1, body = $2 WHERE id = $3",
        args![!alert.is_open(), super::json(alert), &alert.id],
    )
    .await?;
    Ok(())
}

/// The alert of that id.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Alert>> {
    let row = conn.fetch_optional("SELECT body FROM alert WHERE id = $1", args![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// The alert of a kind that is not closed.
pub async fn find_open(conn: &mut Conn<'_>, deployment: &str, kind: AlertKind) -> Result<Option<Alert>> {
    let row = conn
        .fetch_optional(
            "SELECT body FROM alert WHERE deployment = $1 AND kind = $2 AND NOT closed",
            args![deployment, crate::tx::word(&kind)],
        )
        .await?;
    row.map(|row| row.json("body")).transpose()
}

/// Alerts, newest first; `deployment` and `open_only` narrow.
pub async fn list(
    conn: &mut Conn<'_>,
    deployment: Option<&str>,
    open_only: bool,
    limit: i64,
) -> Result<Vec<Alert>> {
    let rows = conn
        .fetch_all(
            "SELECT body FROM alert WHERE ($1 = '' OR deployment = $1) AND (NOT closed OR NOT $2) \
             ORDER BY id DESC LIMIT $3",
            args![deployment.unwrap_or_default(), open_only, limit],
        )
        .await?;
    rows.iter().map(|row| row.json("body")).collect()
}
