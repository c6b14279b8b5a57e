//! Rules of how long deleted things stay in the trash.

use domain::Timestamp;
use domain::governance::trash::Retention;
use domain::tracking::experiment::ExperimentId;

use crate::{Conn, Result, Row, args};

/// Stands for all experiments without a rule of their own, and the registry.
const ALL: i64 = -1;

/// All rules, the general one first.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<Retention>> {
    let rows = conn.fetch_all("SELECT * FROM trash_retention ORDER BY experiment", args![]).await?;
    rows.iter().map(from_row).collect()
}

/// Makes or changes a rule.
pub async fn set(
    conn: &mut Conn<'_>,
    experiment: Option<ExperimentId>,
    days: i64,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "INSERT INTO trash_retention (experiment, days, actor, set_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (experiment) DO UPDATE SET days = excluded.days, actor = excluded.actor, \
         set_ms = excluded.set_ms",
        args![experiment.map_or(ALL, ExperimentId::number), days, actor, now],
    )
    .await?;
    Ok(())
}

/// Removes a rule; whether it was there.
pub async fn remove(conn: &mut Conn<'_>, experiment: Option<ExperimentId>) -> Result<bool> {
    let experiment = experiment.map_or(ALL, ExperimentId::number);
    let removed =
        conn.execute("DELETE FROM trash_retention WHERE experiment = $1", args![experiment]).await?;
    Ok(removed > 0)
}

fn from_row(row: &Row) -> Result<Retention> {
    let experiment: i64 = row.get("experiment")?;
    Ok(Retention {
        experiment: (experiment != ALL).then(|| ExperimentId::from_number(experiment)),
        days: row.get("days")?,
        actor: row.get("actor")?,
        set: row.time("set_ms")?,
    })
}
