//! Experiments and their tags.

use domain::Timestamp;
use domain::tracking::experiment::{Experiment, ExperimentId, Lifecycle};
use domain::tracking::param::Tag;

use super::list;
use crate::{Conn, Result, Row, Value, args};

/// Makes an experiment; without a location it gets its own folder below the artifact root.
pub async fn insert(
    conn: &mut Conn<'_>,
    name: &str,
    location: Option<&str>,
    now: Timestamp,
) -> Result<ExperimentId> {
    let row = conn
        .fetch_one(
            "INSERT INTO experiment (name, location, deleted, created_ms, updated_ms) \
             VALUES ($1, $2, FALSE, $3, $3) RETURNING id",
            args![name, location.unwrap_or_default(), now],
        )
        .await?;
    let id: i64 = row.get("id")?;
    if location.is_none() {
        conn.execute(
            "UPDATE experiment SET location = $2 WHERE id = $1",
            args![id, format!("mlflow-artifacts:/{id}")],
        )
        .await?;
    }
    Ok(ExperimentId::from_number(id))
}

/// One experiment, deleted or not.
pub async fn get(conn: &mut Conn<'_>, id: ExperimentId) -> Result<Option<Experiment>> {
    let row = conn.fetch_optional("SELECT * FROM experiment WHERE id = $1", args![id.number()]).await?;
    with_tags(conn, row).await
}

/// One experiment by name, deleted or not.
pub async fn by_name(conn: &mut Conn<'_>, name: &str) -> Result<Option<Experiment>> {
    let row = conn.fetch_optional("SELECT * FROM experiment WHERE name = $1", args![name]).await?;
    with_tags(conn, row).await
}

/// The experiment whose location is one of these, the longest first.
pub async fn by_location(conn: &mut Conn<'_>, locations: &[String]) -> Result<Option<String>> {
    let sql = format!(
        "SELECT location FROM experiment WHERE location IN ({}) ORDER BY LENGTH(location) DESC LIMIT 1",
        list(1, locations.len())
    );
    let row = conn.fetch_optional(&sql, locations.iter().map(Value::from).collect()).await?;
    row.map(|row| row.get("location")).transpose()
}

async fn with_tags(conn: &mut Conn<'_>, row: Option<Row>) -> Result<Option<Experiment>> {
    let Some(row) = row else { return Ok(None) };
    let mut experiments = vec![from_row(&row)?];
    load_tags(conn, &mut experiments).await?;
    Ok(experiments.pop())
}

/// Fills in the tags of `experiments`.
pub(crate) async fn load_tags(conn: &mut Conn<'_>, experiments: &mut [Experiment]) -> Result<()> {
    for chunk in experiments.chunks_mut(super::CHUNK) {
        let sql = format!(
            "SELECT experiment, key, value FROM experiment_tag WHERE experiment IN ({}) ORDER BY experiment, key",
            list(1, chunk.len())
        );
        let args = chunk.iter().map(|e| Value::from(e.id.number())).collect();
        for row in conn.fetch_all(&sql, args).await? {
            let id = ExperimentId::from_number(row.get("experiment")?);
            if let Some(experiment) = chunk.iter_mut().find(|e| e.id == id) {
                experiment.tags.push(Tag::new(row.get::<String>("key")?, row.get::<String>("value")?));
            }
        }
    }
    Ok(())
}

/// Gives an experiment another name.
pub async fn rename(conn: &mut Conn<'_>, id: ExperimentId, name: &str, now: Timestamp) -> Result<()> {
    conn.execute(
        "UPDATE experiment SET name = $2, updated_ms = $3 WHERE id = $1",
        args![id.number(), name, now],
    )
    .await?;
    Ok(())
}

/// Marks an experiment and all its runs as deleted, or takes the marks away.
pub async fn mark(conn: &mut Conn<'_>, id: ExperimentId, deleted: bool, now: Timestamp) -> Result<()> {
    conn.execute(
        "UPDATE experiment SET deleted = $2, updated_ms = $3 WHERE id = $1",
        args![id.number(), deleted, now],
    )
    .await?;
    conn.execute(
        "UPDATE run SET deleted = $2, deleted_ms = $3 WHERE experiment = $1 AND deleted <> $2",
        args![id.number(), deleted, deleted.then_some(now)],
    )
    .await?;
    Ok(())
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn<'_>, id: ExperimentId, tag: &Tag, now: Timestamp) -> Result<()> {
    conn.execute(
        "INSERT INTO experiment_tag (experiment, key, value) VALUES ($1, $2, $3) \
         ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value",
        args![id.number(), &tag.key, &tag.value],
    )
    .await?;
    touch(conn, id, now).await
}

/// Removes a tag; whether it was there.
pub async fn delete_tag(conn: &mut Conn<'_>, id: ExperimentId, key: &str, now: Timestamp) -> Result<bool> {
    let removed = conn
        .execute("DELETE FROM experiment_tag WHERE experiment = $1 AND key = $2", args![id.number(), key])
        .await?;
    touch(conn, id, now).await?;
    Ok(removed > 0)
}

async fn touch(conn: &mut Conn<'_>, id: ExperimentId, now: Timestamp) -> Result<()> {
    conn.execute("UPDATE experiment SET updated_ms = $2 WHERE id = $1", args![id.number(), now]).await?;
    Ok(())
}

pub(crate) fn from_row(row: &Row) -> Result<Experiment> {
    Ok(Experiment {
        id: ExperimentId::from_number(row.get("id")?),
        name: row.get("name")?,
        location: row.get("location")?,
        lifecycle: Lifecycle::of(row.get("deleted")?),
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        tags: Vec::new(),
    })
}
