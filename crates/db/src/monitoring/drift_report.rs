//! Drift reports: written once, read by deployment or id.

use domain::Id;
use domain::monitoring::drift_report::DriftReport;

use crate::{Conn, Result, args};

/// Stores a report.
pub async fn insert(conn: &mut Conn<'_>, report: &DriftReport) -> Result<()> {
    conn.execute(
        "INSERT INTO drift_report (id, deployment, time_ms, version, from_ms, verdict, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            &report.id,
            &report.deployment,
            report.time_ms,
            report.version,
            report.window.from_ms,
            crate::tx::word(&report.verdict),
            super::json(report)
        ],
    )
    .await?;
    Ok(())
}

/// The report of that id.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<DriftReport>> {
    let row = conn.fetch_optional("SELECT body FROM drift_report WHERE id = $1", args![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// The newest reports of a deployment whose ids are below `before`, newest first.
pub async fn list(
    conn: &mut Conn<'_>,
    deployment: &str,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<DriftReport>> {
    let before = before.map_or_else(|| "~".to_owned(), ToString::to_string);
    let rows = conn
        .fetch_all(
            "SELECT body FROM drift_report WHERE deployment = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            args![deployment, before, limit],
        )
        .await?;
    rows.iter().map(|row| row.json("body")).collect()
}

/// The verdicts on the newest windows of one version, newest first.
pub async fn verdicts(
    conn: &mut Conn<'_>,
    deployment: &str,
    version: i64,
    limit: i64,
) -> Result<Vec<domain::monitoring::drift_report::DriftVerdict>> {
    let rows = conn
        .fetch_all(
            "SELECT verdict FROM drift_report WHERE deployment = $1 AND version = $2 ORDER BY from_ms DESC LIMIT $3",
            args![deployment, version, limit],
        )
        .await?;
    rows.iter().map(|row| row.word("verdict")).collect()
}
