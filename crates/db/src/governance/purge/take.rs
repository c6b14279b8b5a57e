//! Taking one thing, a bounded piece in each transaction.

use domain::governance::trash::Freed;
use domain::tracking::experiment::ARTIFACT_SCHEME;
use domain::tracking::logged_model::public_id;
use domain::{Id, Timestamp};

use super::Unit;
use crate::governance::unused;
use crate::{Conn, Result, args};

/// Points of metrics that one transaction removes.
const POINTS: i64 = 20_000;

/// Traces that one transaction removes, with their spans.
const TRACES: i64 = 500;

/// Tables that belong to a run, by their column with its number. Points are apart: they are many.
pub(super) const OF_RUN: [(&str, &str); 5] = [
    ("param", "run"),
    ("run_tag", "run"),
    ("metric_latest", "run"),
    ("run_dataset", "run"),
    ("run_model", "run"),
];
/// Tables that belong to a logged model.
pub(super) const OF_LOGGED_MODEL: [(&str, &str); 3] =
    [("logged_model_param", "model"), ("logged_model_tag", "model"), ("logged_model_metric", "model")];
/// Tables that belong to an experiment.
pub(super) const OF_EXPERIMENT: [(&str, &str); 5] = [
    ("experiment_tag", "experiment"),
    ("tracking_dataset", "experiment"),
    ("evaluation_dataset_experiment", "experiment"),
    ("scorer", "experiment"),
    ("saved_view", "experiment"),
];
/// Tables that belong to a registered model.
pub(super) const OF_MODEL: [(&str, &str); 2] = [("model_tag", "model"), ("model_alias_event", "model")];
/// Tables that belong to a version of a model, by the columns `model` and `version`.
pub(super) const OF_VERSION: [&str; 3] = ["model_version_tag", "model_version_file", "model_alias"];

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Some of it; there is more.
    Some(Freed),
    /// The last of it; the public id of what is gone.
    Last(Freed, String),
    /// Nothing: it is in use again, something keeps it, or it is gone already.
    Nothing,
}

/// Takes the next piece of a unit.
pub async fn take(conn: &mut Conn<'_>, purge: &Id, unit: Unit, now: Timestamp) -> Result<Step> {
    match unit {
        Unit::Run(num) => run(conn, purge, num, now).await,
        Unit::LoggedModel(num) => lone_logged_model(conn, purge, num, now).await,
        Unit::ModelVersion(model, version) => model_version(conn, purge, model, version, now).await,
        Unit::Model(num) => model(conn, num).await,
        Unit::Experiment(num) => experiment(conn, purge, num, now).await,
    }
}

async fn run(conn: &mut Conn<'_>, purge: &Id, num: i64, now: Timestamp) -> Result<Step> {
    // The row is locked, so that nobody restores it meanwhile.
    let row = conn
        .fetch_optional(
            "UPDATE run SET deleted = TRUE WHERE num = $1 AND deleted RETURNING id, experiment",
            args![num],
        )
        .await?;
    let Some(row) = row else { return Ok(Step::Nothing) };
    let id = row.id("id")?;
    if kept_by(conn, &id).await?.is_some() {
        return Ok(Step::Nothing);
    }
    let points = points(conn, num).await?;
    if points == POINTS {
        return Ok(Step::Some(Freed { points, rows: points, ..Freed::default() }));
    }
    let mut freed = Freed { runs: 1, points, rows: points, ..Freed::default() };
    let models =
        conn.fetch_all("SELECT num FROM logged_model WHERE source_run = $1 ORDER BY num", args![&id]).await?;
    for model in &models {
        freed += logged_model(conn, purge, model.get("num")?, now).await?;
    }
    let location = conn
        .fetch_one(
            "SELECT COALESCE(r.home, e.location) AS location FROM run r JOIN experiment e ON e.id = r.experiment \
             WHERE r.num = $1",
            args![num],
        )
        .await?
        .get::<String>("location")?;
    freed.rows += artifacts(conn, purge, &format!("{location}/{id}/artifacts"), now).await?;
    freed.rows += rows(conn, &OF_RUN, num).await?;
    // Traces that were linked to it stay.
    conn.execute("DELETE FROM trace_run WHERE run = $1", args![&id]).await?;
    freed.rows += removed(conn, "DELETE FROM run WHERE num = $1", num).await?;
    Ok(Step::Last(freed, id.to_string()))
}

/// Removes the first points of a run; how many.
async fn points(conn: &mut Conn<'_>, num: i64) -> Result<i64> {
    let bound = conn
        .fetch_optional(
            "SELECT key, step, time_ms, value, kind FROM metric WHERE run = $1 \
             ORDER BY key, step, time_ms, value, kind LIMIT 1 OFFSET $2",
            args![num, POINTS],
        )
        .await?;
    let Some(bound) = bound else {
        return removed(conn, "DELETE FROM metric WHERE run = $1", num).await;
    };
    let removed = conn
        .execute(
            "DELETE FROM metric WHERE run = $1 AND (key, step, time_ms, value, kind) < ($2, $3, $4, $5, $6)",
            args![
                num,
                bound.get::<i64>("key")?,
                bound.get::<i64>("step")?,
                bound.get::<i64>("time_ms")?,
                bound.get::<f64>("value")?,
                bound.get::<i64>("kind")?
            ],
        )
        .await?;
    Ok(whole(removed))
}

/// A version in the registry that came from a run or from one of its logged models, as `NAME:VERSION`.
pub async fn kept_by(conn: &mut Conn<'_>, run: &Id) -> Result<Option<String>> {
    version_of(
        conn,
        "v.run = $1 OR v.logged_model IN (SELECT l.id FROM logged_model l WHERE l.source_run = $1)",
        run,
    )
    .await
}

pub(super) async fn version_of(conn: &mut Conn<'_>, condition: &str, id: &Id) -> Result<Option<String>> {
    let sql = format!(
        "SELECT m.name, v.version FROM model_version v JOIN model m ON m.num = v.model \
         WHERE v.deleted = FALSE AND ({condition}) ORDER BY m.name, v.version LIMIT 1"
    );
    let row = conn.fetch_optional(&sql, args![id]).await?;
    row.map(|row| Ok(format!("{}:{}", row.get::<String>("name")?, row.get::<i64>("version")?))).transpose()
}

async fn lone_logged_model(conn: &mut Conn<'_>, purge: &Id, num: i64, now: Timestamp) -> Result<Step> {
    // Locked, so that nobody restores it meanwhile.
    conn.execute("UPDATE logged_model SET deleted = deleted WHERE num = $1", args![num]).await?;
    let row = conn
        .fetch_optional(
            "SELECT m.id FROM logged_model m JOIN experiment e ON e.id = m.experiment \
             WHERE m.num = $1 AND (m.deleted OR e.deleted)",
            args![num],
        )
        .await?;
    let Some(row) = row else { return Ok(Step::Nothing) };
    let id = row.id("id")?;
    if version_of(conn, "v.logged_model = $1", &id).await?.is_some() {
        return Ok(Step::Nothing);
    }
    Ok(Step::Last(logged_model(conn, purge, num, now).await?, public_id(&id)))
}

async fn logged_model(conn: &mut Conn<'_>, purge: &Id, num: i64, now: Timestamp) -> Result<Freed> {
    let row = conn
        .fetch_one(
            "SELECT m.id, COALESCE(m.home, e.location) AS location FROM logged_model m \
             JOIN experiment e ON e.id = m.experiment WHERE m.num = $1",
            args![num],
        )
        .await?;
    let location =
        format!("{}/models/{}/artifacts", row.get::<String>("location")?, public_id(&row.id("id")?));
    let mut freed = Freed { logged_models: 1, ..Freed::default() };
    freed.rows += artifacts(conn, purge, &location, now).await?;
    freed.rows += rows(conn, &OF_LOGGED_MODEL, num).await?;
    freed.rows += removed(conn, "DELETE FROM logged_model WHERE num = $1", num).await?;
    Ok(freed)
}

async fn model_version(
    conn: &mut Conn<'_>,
    purge: &Id,
    model: i64,
    version: i64,
    now: Timestamp,
) -> Result<Step> {
    let row = conn
        .fetch_optional(
            "UPDATE model_version SET deleted = TRUE WHERE model = $1 AND version = $2 AND deleted \
             RETURNING version",
            args![model, version],
        )
        .await?;
    if row.is_none() {
        return Ok(Step::Nothing);
    }
    let name = conn
        .fetch_one("SELECT COALESCE(deleted_name, name) AS name FROM model WHERE num = $1", args![model])
        .await?
        .get::<String>("name")?;
    unused::note_version(conn, (model, version), Some(purge), now).await?;
    let mut freed = Freed { model_versions: 1, ..Freed::default() };
    for table in OF_VERSION {
        let sql = format!("DELETE FROM {table} WHERE model = $1 AND version = $2");
        freed.rows += whole(conn.execute(&sql, args![model, version]).await?);
    }
    let sql = "DELETE FROM model_version WHERE model = $1 AND version = $2";
    freed.rows += whole(conn.execute(sql, args![model, version]).await?);
    Ok(Step::Last(freed, format!("{name}:{version}")))
}

async fn model(conn: &mut Conn<'_>, num: i64) -> Result<Step> {
    let row = conn
        .fetch_optional(
            "UPDATE model SET deleted = TRUE WHERE num = $1 AND deleted RETURNING deleted_name AS name",
            args![num],
        )
        .await?;
    let Some(row) = row else { return Ok(Step::Nothing) };
    let sql = "SELECT 1 AS one FROM model_version WHERE model = $1 LIMIT 1";
    if conn.fetch_optional(sql, args![num]).await?.is_some() {
        return Ok(Step::Nothing);
    }
    let mut freed = Freed { models: 1, ..Freed::default() };
    freed.rows += rows(conn, &OF_MODEL, num).await?;
    freed.rows += removed(conn, "DELETE FROM model WHERE num = $1", num).await?;
    Ok(Step::Last(freed, row.get("name")?))
}

async fn experiment(conn: &mut Conn<'_>, purge: &Id, num: i64, now: Timestamp) -> Result<Step> {
    let row = conn
        .fetch_optional(
            "UPDATE experiment SET deleted = TRUE WHERE id = $1 AND deleted RETURNING location",
            args![num],
        )
        .await?;
    let Some(row) = row else { return Ok(Step::Nothing) };
    for table in ["run", "logged_model"] {
        let sql = format!("SELECT 1 AS one FROM {table} WHERE experiment = $1 LIMIT 1");
        if conn.fetch_optional(&sql, args![num]).await?.is_some() {
            return Ok(Step::Nothing);
        }
    }
    let traces = traces(conn, num).await?;
    if traces == TRACES {
        return Ok(Step::Some(Freed { rows: traces, ..Freed::default() }));
    }
    let location: String = row.get("location")?;
    let mut freed = Freed { experiments: 1, rows: traces, ..Freed::default() };
    let sql = "SELECT 1 AS one FROM experiment WHERE location = $1 AND id <> $2 LIMIT 1";
    if conn.fetch_optional(sql, args![&location, num]).await?.is_none() {
        freed.rows += artifacts(conn, purge, &location, now).await?;
    }
    freed.rows += rows(conn, &OF_EXPERIMENT, num).await?;
    removed(conn, "DELETE FROM trash_retention WHERE experiment = $1", num).await?;
    freed.rows += removed(conn, "DELETE FROM experiment WHERE id = $1", num).await?;
    conn.execute("UPDATE purged_experiment SET last = $1 WHERE last < $1", args![num]).await?;
    Ok(Step::Last(freed, num.to_string()))
}

/// Removes the first traces of an experiment; how many.
async fn traces(conn: &mut Conn<'_>, num: i64) -> Result<i64> {
    let sql =
        "DELETE FROM trace WHERE num IN (SELECT num FROM trace WHERE experiment = $1 ORDER BY num LIMIT $2)";
    let traces = conn.execute(sql, args![num, TRACES]).await?;
    Ok(i64::try_from(traces).unwrap_or(i64::MAX))
}

/// Forgets the files of a place; how many rows that were.
async fn artifacts(conn: &mut Conn<'_>, purge: &Id, address: &str, now: Timestamp) -> Result<i64> {
    let Some(location) = address.strip_prefix(ARTIFACT_SCHEME) else { return Ok(0) };
    let sql = "SELECT num FROM artifact_root WHERE location = $1";
    let Some(row) = conn.fetch_optional(sql, args![location]).await? else { return Ok(0) };
    let root: i64 = row.get("num")?;
    unused::note_artifacts(conn, root, Some(purge), now).await?;
    let files = removed(conn, "DELETE FROM artifact WHERE root = $1", root).await?;
    Ok(files + removed(conn, "DELETE FROM artifact_root WHERE num = $1", root).await?)
}

async fn rows(conn: &mut Conn<'_>, tables: &[(&str, &str)], num: i64) -> Result<i64> {
    let mut total = 0;
    for (table, column) in tables {
        total += removed(conn, &format!("DELETE FROM {table} WHERE {column} = $1"), num).await?;
    }
    Ok(total)
}

async fn removed(conn: &mut Conn<'_>, sql: &str, num: i64) -> Result<i64> {
    Ok(whole(conn.execute(sql, args![num]).await?))
}

fn whole(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
