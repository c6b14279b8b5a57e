//! Monitors and the windows that they have closed.

use domain::monitoring::monitor::{Monitor, MonitorWindow};

use crate::{Conn, Result, Row, args};

/// Stores a monitor as it is now.
pub async fn save(conn: &mut Conn<'_>, monitor: &Monitor) -> Result<()> {
    conn.execute(
        "INSERT INTO monitor (deployment, spec, state, version, drift_report, performance, checked_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (deployment) DO UPDATE SET spec = excluded.spec, state = excluded.state, \
         version = excluded.version, drift_report = excluded.drift_report, performance = excluded.performance, \
         checked_ms = excluded.checked_ms",
        args![
            &monitor.deployment,
            super::json(&monitor.spec),
            crate::tx::word(&monitor.state),
            monitor.version,
            monitor.drift_report.as_ref(),
            monitor.performance.as_ref(),
            monitor.checked_ms
        ],
    )
    .await?;
    Ok(())
}

/// The monitor of a deployment.
pub async fn get(conn: &mut Conn<'_>, deployment: &str) -> Result<Option<Monitor>> {
    let row = conn.fetch_optional("SELECT * FROM monitor WHERE deployment = $1", args![deployment]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All monitors by name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<Monitor>> {
    let rows = conn.fetch_all("SELECT * FROM monitor ORDER BY deployment", args![]).await?;
    rows.iter().map(from_row).collect()
}

/// Stores a closed window; false when it is there already.
pub async fn close_window(conn: &mut Conn<'_>, window: &MonitorWindow) -> Result<bool> {
    let stored = conn
        .execute(
            "INSERT INTO monitor_window (deployment, version, from_ms, to_ms, model, row_count, drift_report, \
             performance, label_changes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            args![
                &window.deployment,
                window.version,
                window.from_ms,
                window.to_ms,
                &window.model,
                i64::try_from(window.rows).unwrap_or(i64::MAX),
                window.drift_report.as_ref(),
                window.performance.as_ref(),
                window.label_changes
            ],
        )
        .await?;
    Ok(stored == 1)
}

/// Notes the performance record of a window and the labels that it has seen.
pub async fn set_performance(conn: &mut Conn<'_>, window: &MonitorWindow) -> Result<()> {
    conn.execute(
        "UPDATE monitor_window SET performance = $1, label_changes = $2 \
         WHERE deployment = $3 AND version = $4 AND from_ms = $5",
        args![
            window.performance.as_ref(),
            window.label_changes,
            &window.deployment,
            window.version,
            window.from_ms
        ],
    )
    .await?;
    Ok(())
}

/// The newest windows of a deployment (of one version, when given), newest first.
pub async fn windows(
    conn: &mut Conn<'_>,
    deployment: &str,
    version: Option<i64>,
    limit: i64,
) -> Result<Vec<MonitorWindow>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM monitor_window WHERE deployment = $1 AND ($2 = 0 OR version = $2) \
             ORDER BY from_ms DESC, version DESC LIMIT $3",
            args![deployment, version.unwrap_or(0), limit],
        )
        .await?;
    rows.iter().map(window_from_row).collect()
}

/// The first window of a version.
pub async fn first_window(
    conn: &mut Conn<'_>,
    deployment: &str,
    version: i64,
) -> Result<Option<MonitorWindow>> {
    let row = conn
        .fetch_optional(
            "SELECT * FROM monitor_window WHERE deployment = $1 AND version = $2 ORDER BY from_ms LIMIT 1",
            args![deployment, version],
        )
        .await?;
    row.as_ref().map(window_from_row).transpose()
}

fn from_row(row: &Row) -> Result<Monitor> {
    Ok(Monitor {
        deployment: row.get("deployment")?,
        spec: row.json("spec")?,
        state: row.word("state")?,
        version: row.get("version")?,
        drift_report: row.opt_id("drift_report")?,
        performance: row.opt_id("performance")?,
        checked_ms: row.opt_time("checked_ms")?,
    })
}

fn window_from_row(row: &Row) -> Result<MonitorWindow> {
    Ok(MonitorWindow {
        deployment: row.get("deployment")?,
        model: row.get("model")?,
        version: row.get("version")?,
        from_ms: row.time("from_ms")?,
        to_ms: row.time("to_ms")?,
        rows: u64::try_from(row.get::<i64>("row_count")?).unwrap_or(0),
        drift_report: row.opt_id("drift_report")?,
        performance: row.opt_id("performance")?,
        label_changes: row.get("label_changes")?,
    })
}
