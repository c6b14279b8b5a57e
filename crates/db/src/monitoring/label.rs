//! Labels by prediction id, with every value that was ever given.

use domain::monitoring::label::Label;
use domain::{Id, Timestamp};

use crate::{Conn, Result, args};

/// What became of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The prediction had none.
    Added,
    /// It replaced another value.
    Corrected,
    /// It was known.
    Unchanged,
    /// It is older than the one in force.
    Outdated,
}

/// Stores a label of a prediction that was made at `predicted`.
pub async fn put(
    conn: &mut Conn<'_>,
    deployment: &str,
    label: &Label,
    predicted: Timestamp,
    now: Timestamp,
) -> Result<Stored> {
    let value = label.value.to_string();
    let known = conn
        .fetch_optional(
            "SELECT value, time_ms, changes FROM label WHERE prediction_id = $1",
            args![&label.prediction_id],
        )
        .await?;
    let (stored, changes) = match known {
        None => (Stored::Added, 1),
        Some(row) if row.get::<String>("value")? == value => return Ok(Stored::Unchanged),
        Some(row) if row.time("time_ms")? > label.time_ms => return Ok(Stored::Outdated),
        Some(row) => (Stored::Corrected, row.get::<i64>("changes")? + 1),
    };
    conn.execute(
        "INSERT INTO label (prediction_id, deployment, prediction_ms, value, time_ms, changes) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (prediction_id) DO UPDATE SET value = excluded.value, time_ms = excluded.time_ms, \
         changes = excluded.changes",
        args![&label.prediction_id, deployment, predicted, &value, label.time_ms, changes],
    )
    .await?;
    conn.execute(
        "INSERT INTO label_history (prediction_id, changes, value, time_ms, added_ms) VALUES ($1, $2, $3, $4, $5)",
        args![&label.prediction_id, changes, &value, label.time_ms, now],
    )
    .await?;
    Ok(stored)
}

/// The label in force.
pub async fn get(conn: &mut Conn<'_>, prediction: &Id) -> Result<Option<Label>> {
    let row = conn
        .fetch_optional(
            "SELECT prediction_id, value, time_ms FROM label WHERE prediction_id = $1",
            args![prediction],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Labels in force of a deployment's predictions made in `from..to`.
pub async fn window(
    conn: &mut Conn<'_>,
    deployment: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Label>> {
    let rows = conn
        .fetch_all(
            "SELECT prediction_id, value, time_ms FROM label \
             WHERE deployment = $1 AND prediction_ms >= $2 AND prediction_ms < $3 ORDER BY prediction_ms, prediction_id",
            args![deployment, from, to],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// How often labels of the window were given or corrected: grows with every change.
pub async fn changes(conn: &mut Conn<'_>, deployment: &str, from: Timestamp, to: Timestamp) -> Result<i64> {
    let row = conn
        .fetch_one(
            "SELECT CAST(COALESCE(SUM(changes), 0) AS BIGINT) AS changes FROM label \
             WHERE deployment = $1 AND prediction_ms >= $2 AND prediction_ms < $3",
            args![deployment, from, to],
        )
        .await?;
    row.get("changes")
}

fn from_row(row: &crate::Row) -> Result<Label> {
    Ok(Label {
        prediction_id: row.id("prediction_id")?,
        value: row.json("value")?,
        time_ms: row.time("time_ms")?,
    })
}
