//! Which runtime a model version gets: decided once by comparison, kept for the next start.

use domain::Timestamp;
use domain::registry::model::ModelName;

use crate::{Conn, Result, args};

/// The stored choice of a version, as JSON.
pub async fn get(conn: &mut Conn<'_>, model: &ModelName, version: i64) -> Result<Option<serde_json::Value>> {
    let row = conn
        .fetch_optional(
            "SELECT choice FROM runtime_choice WHERE model = $1 AND version = $2",
            args![model.as_str(), version],
        )
        .await?;
    row.map(|row| row.json("choice")).transpose()
}

/// Stores the choice, replacing an earlier one.
pub async fn put(
    conn: &mut Conn<'_>,
    model: &ModelName,
    version: i64,
    choice: &serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "INSERT INTO runtime_choice (model, version, choice, decided_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (model, version) DO UPDATE SET choice = excluded.choice, decided_ms = excluded.decided_ms",
        args![model.as_str(), version, choice, now],
    )
    .await?;
    Ok(())
}
