//! Experiments and their tags.

use std::collections::HashMap;

use domain::Timestamp;
use domain::tracking::experiment::{Experiment, ExperimentId, Lifecycle};
use domain::tracking::param::Tag;
use domain::tracking::run::RunStatus;

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
    let id = unused_number(conn, row.get("id")?).await?;
    if location.is_none() {
        conn.execute(
            "UPDATE experiment SET location = $2 WHERE id = $1",
            args![id, format!("mlflow-artifacts:/{id}")],
        )
        .await?;
    }
    Ok(ExperimentId::from_number(id))
}

/// The number of a new experiment, moved behind those that were purged: the engine would give the last one again.
async fn unused_number(conn: &mut Conn<'_>, given: i64) -> Result<i64> {
    let last: i64 = conn.fetch_one("SELECT last FROM purged_experiment", args![]).await?.get("last")?;
    if given > last {
        return Ok(given);
    }
    conn.execute("UPDATE experiment SET id = $2 WHERE id = $1", args![given, last + 1]).await?;
    Ok(last + 1)
}

/// The number of the newest experiment.
pub async fn newest(conn: &mut Conn<'_>) -> Result<i64> {
    conn.fetch_one("SELECT COALESCE(MAX(id), 0) AS id FROM experiment", args![]).await?.get("id")
}

/// One experiment, deleted or not.
pub async fn get(conn: &mut Conn<'_>, id: ExperimentId) -> Result<Option<Experiment>> {
    let row = conn.fetch_optional("SELECT * FROM experiment WHERE id = $1", args![id.number()]).await?;
    with_tags(conn, row).await
}

/// One experiment without its tags, deleted or not.
pub async fn bare(conn: &mut Conn<'_>, id: ExperimentId) -> Result<Option<Experiment>> {
    let row = conn.fetch_optional("SELECT * FROM experiment WHERE id = $1", args![id.number()]).await?;
    row.as_ref().map(from_row).transpose()
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

/// Marks an experiment and all its runs as deleted by somebody, or takes the marks away.
pub async fn mark(
    conn: &mut Conn<'_>,
    id: ExperimentId,
    deleted_by: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let (deleted, when, actor) =
        (deleted_by.is_some(), deleted_by.map(|_| now), deleted_by.unwrap_or_default());
    conn.execute(
        "UPDATE experiment SET deleted = $2, deleted_ms = $3, deleted_by = $4, updated_ms = $5 WHERE id = $1",
        args![id.number(), deleted, when, actor, now],
    )
    .await?;
    conn.execute(
        "UPDATE run SET deleted = $2, deleted_ms = $3, deleted_by = $4 WHERE experiment = $1 AND deleted <> $2",
        args![id.number(), deleted, when, actor],
    )
    .await?;
    Ok(())
}

/// What goes on in an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Runs that are not deleted.
    pub runs: i64,
    /// Those that go on.
    pub running: i64,
    /// Those that ended badly.
    pub failed: i64,
    /// When the newest one started.
    pub newest: Option<Timestamp>,
}

/// What goes on in every experiment that has runs, off indexes alone.
pub async fn activity(conn: &mut Conn<'_>) -> Result<HashMap<ExperimentId, Activity>> {
    let mut found: HashMap<ExperimentId, Activity> = HashMap::new();
    let counted = conn
        .fetch_all(
            "SELECT experiment, status, COUNT(*) AS runs FROM run WHERE deleted = FALSE GROUP BY experiment, status",
            args![],
        )
        .await?;
    for row in counted {
        let runs: i64 = row.get("runs")?;
        let activity = found.entry(ExperimentId::from_number(row.get("experiment")?)).or_default();
        activity.runs += runs;
        match row.word("status")? {
            RunStatus::Running => activity.running += runs,
            RunStatus::Failed => activity.failed += runs,
            _ => {}
        }
    }
    let newest = conn
        .fetch_all(
            "SELECT e.id, (SELECT MAX(r.start_ms) FROM run r WHERE r.experiment = e.id AND r.deleted = FALSE) AS newest \
             FROM experiment e",
            args![],
        )
        .await?;
    for row in newest {
        if let Some(activity) = found.get_mut(&ExperimentId::from_number(row.get("id")?)) {
            activity.newest = row.opt_time("newest")?;
        }
    }
    Ok(found)
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
