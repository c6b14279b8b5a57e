//! What is remembered of triggers.

use std::collections::BTreeMap;

use domain::Name;
use domain::pipelines::trigger::TriggerState;

use super::json;
use crate::{Conn, Result, args};

/// The states of a project's triggers, by trigger.
pub async fn states(conn: &mut Conn<'_>, project: &Name) -> Result<BTreeMap<String, TriggerState>> {
    let rows = conn
        .fetch_all("SELECT trigger_name, state FROM trigger_state WHERE project = $1", args![project])
        .await?;
    rows.iter().map(|row| Ok((row.get("trigger_name")?, row.json("state")?))).collect()
}

/// Remembers the state of one trigger.
pub async fn save(conn: &mut Conn<'_>, project: &Name, trigger: &Name, state: &TriggerState) -> Result<()> {
    conn.execute(
        "INSERT INTO trigger_state (project, trigger_name, state) VALUES ($1, $2, $3) \
         ON CONFLICT (project, trigger_name) DO UPDATE SET state = excluded.state",
        args![project, trigger, json(state)?],
    )
    .await?;
    Ok(())
}
