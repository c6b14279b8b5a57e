//! Saved views of lists of runs.

use domain::Id;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::saved_view::SavedView;

use crate::{Conn, Result, Row, args};

/// Stores a new view.
pub async fn insert(conn: &mut Conn<'_>, view: &SavedView) -> Result<()> {
    conn.execute(
        "INSERT INTO saved_view (id, name, owner, shared, experiment, layout, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            &view.id,
            &view.name,
            &view.owner,
            view.shared,
            view.experiment.map(ExperimentId::number),
            layout(view),
            view.created,
            view.updated
        ],
    )
    .await?;
    Ok(())
}

/// Replaces all of a view but its owner.
pub async fn update(conn: &mut Conn<'_>, view: &SavedView) -> Result<()> {
    conn.execute(
        "UPDATE saved_view SET name = $2, shared = $3, experiment = $4, layout = $5, updated_ms = $6 WHERE id = $1",
        args![
            &view.id,
            &view.name,
            view.shared,
            view.experiment.map(ExperimentId::number),
            layout(view),
            view.updated
        ],
    )
    .await?;
    Ok(())
}

/// Removes a view.
pub async fn delete(conn: &mut Conn<'_>, id: &Id) -> Result<()> {
    conn.execute("DELETE FROM saved_view WHERE id = $1", args![id]).await?;
    Ok(())
}

/// One view.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<SavedView>> {
    let row = conn.fetch_optional("SELECT * FROM saved_view WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The views that `owner` sees: own ones and shared ones, by name.
pub async fn visible(conn: &mut Conn<'_>, owner: &str, limit: i64) -> Result<Vec<SavedView>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM saved_view WHERE owner = $1 OR shared = TRUE ORDER BY LOWER(name), id LIMIT $2",
            args![owner, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// How many views somebody has.
pub async fn count(conn: &mut Conn<'_>, owner: &str) -> Result<i64> {
    conn.fetch_one("SELECT COUNT(*) AS n FROM saved_view WHERE owner = $1", args![owner]).await?.get("n")
}

fn layout(view: &SavedView) -> String {
    serde_json::json!(view.layout).to_string()
}

fn from_row(row: &Row) -> Result<SavedView> {
    Ok(SavedView {
        id: row.id("id")?,
        name: row.get("name")?,
        owner: row.get("owner")?,
        shared: row.get("shared")?,
        experiment: row.get::<Option<i64>>("experiment")?.map(ExperimentId::from_number),
        layout: row.json("layout")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
    })
}
