//! Runs that go to another experiment, and copies of runs: all that belongs to them goes along.

use domain::tracking::experiment::{ARTIFACT_SCHEME, Experiment, ExperimentId};
use domain::tracking::logged_model::public_id;
use domain::{Id, Timestamp};

use super::{artifact, intern, param};
use crate::{Conn, Result, args};

/// The tag that MLflow's clients put on a run within a run.
const PARENT_TAG: &str = "mlflow.parentRunId";
/// The tag of a logged model that says where it is registered: a copy is registered nowhere.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

/// Moves a run with its logged models to another experiment. Its files stay where they are.
pub async fn move_run(conn: &mut Conn<'_>, num: i64, id: &Id, to: &Experiment) -> Result<()> {
    let experiment = to.id.number();
    for (table, column) in [("run", "num"), ("logged_model", "source_run")] {
        let sql = format!(
            "UPDATE {table} SET home = NULLIF(COALESCE(home, (SELECT e.location FROM experiment e \
             WHERE e.id = {table}.experiment)), $3), experiment = $2 WHERE {column} = $1"
        );
        let key = if table == "run" { crate::Value::from(num) } else { crate::Value::from(id) };
        conn.execute(&sql, vec![key, experiment.into(), to.location.as_str().into()]).await?;
    }
    for table in ["metric_latest", "param", "run_tag"] {
        let sql = format!("UPDATE {table} SET experiment = $2 WHERE run = $1");
        conn.execute(&sql, args![num, experiment]).await?;
    }
    copy_descriptions(conn, num, experiment).await?;
    conn.execute(
        "UPDATE run_dataset SET dataset = (SELECT n.num FROM tracking_dataset n JOIN tracking_dataset o \
         ON o.name = n.name AND o.digest = n.digest WHERE n.experiment = $2 AND o.num = run_dataset.dataset) \
         WHERE run = $1",
        args![num, experiment],
    )
    .await?;
    Ok(())
}

/// Describes the data sets of a run in an experiment too, where they are not yet.
async fn copy_descriptions(conn: &mut Conn<'_>, run: i64, experiment: i64) -> Result<()> {
    conn.execute(
        "INSERT INTO tracking_dataset (experiment, name, digest, source_type, source, schema_text, profile) \
         SELECT $2, d.name, d.digest, d.source_type, d.source, d.schema_text, d.profile FROM tracking_dataset d \
         JOIN run_dataset i ON i.dataset = d.num WHERE i.run = $1 ON CONFLICT (experiment, name, digest) DO NOTHING",
        args![run, experiment],
    )
    .await?;
    Ok(())
}

/// A run that is copied.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its number.
    pub num: i64,
    /// Its id.
    pub id: &'a Id,
    /// Where its files are.
    pub artifact_uri: &'a str,
}

/// How many points a run has.
pub async fn points(conn: &mut Conn<'_>, num: i64) -> Result<i64> {
    conn.fetch_one("SELECT COUNT(*) AS n FROM metric WHERE run = $1", args![num]).await?.get("n")
}

/// Copies all that a run logged to the new run of number `num`, in the experiment `to`; the files are shared. Its logged
/// models get ids from `new_id`. A parent that was copied there before is the copy's parent.
pub async fn copy_logged(
    conn: &mut Conn<'_>,
    source: Source<'_>,
    (num, id): (i64, &Id),
    to: &Experiment,
    source_tag: &str,
    new_id: &(dyn Fn() -> Id + Send + Sync),
    now: Timestamp,
) -> Result<()> {
    let experiment = to.id.number();
    for (table, columns) in [
        ("param", "key, $3, value, head"),
        ("run_tag", "key, $3, value, head"),
        ("metric_latest", "key, $3, step, time_ms, value, kind"),
    ] {
        let names = columns.replace("$3", "experiment");
        let sql =
            format!("INSERT INTO {table} (run, {names}) SELECT $2, {columns} FROM {table} WHERE run = $1");
        conn.execute(&sql, args![source.num, num, experiment]).await?;
    }
    conn.execute(
        "INSERT INTO metric (run, key, step, time_ms, value, kind) SELECT $2, key, step, time_ms, value, kind \
         FROM metric WHERE run = $1",
        args![source.num, num],
    )
    .await?;
    copy_descriptions(conn, source.num, experiment).await?;
    conn.execute(
        "INSERT INTO run_dataset (run, dataset, tags, context) SELECT $2, n.num, i.tags, i.context FROM run_dataset i \
         JOIN tracking_dataset o ON o.num = i.dataset JOIN tracking_dataset n ON n.name = o.name \
         AND n.digest = o.digest AND n.experiment = $3 WHERE i.run = $1",
        args![source.num, num, experiment],
    )
    .await?;
    conn.execute(
        "INSERT INTO run_model (run, model, direction, step) SELECT $2, model, direction, step FROM run_model \
         WHERE run = $1",
        args![source.num, num],
    )
    .await?;
    share(conn, source.artifact_uri, &format!("{}/{id}/artifacts", to.location)).await?;
    copy_models(conn, source, (num, id), to, new_id, now).await?;
    adopt(conn, num, to.id, source_tag).await
}

/// Gives a place the files of another; no bytes are copied.
async fn share(conn: &mut Conn<'_>, from: &str, to: &str) -> Result<()> {
    let (Some(from), Some(to)) = (from.strip_prefix(ARTIFACT_SCHEME), to.strip_prefix(ARTIFACT_SCHEME))
    else {
        return Ok(());
    };
    let Some((old, _)) = artifact::root_of(conn, &[from.to_owned()]).await? else { return Ok(()) };
    let new = artifact::intern_root(conn, to).await?;
    conn.execute(
        "INSERT INTO artifact (root, path, file, size, time_ms) SELECT $2, path, file, size, time_ms FROM artifact \
         WHERE root = $1",
        args![old, new],
    )
    .await?;
    Ok(())
}

async fn copy_models(
    conn: &mut Conn<'_>,
    source: Source<'_>,
    (run, run_id): (i64, &Id),
    to: &Experiment,
    new_id: &(dyn Fn() -> Id + Send + Sync),
    now: Timestamp,
) -> Result<()> {
    let models = conn
        .fetch_all(
            "SELECT m.num, m.id, COALESCE(m.home, e.location) AS location FROM logged_model m \
             JOIN experiment e ON e.id = m.experiment WHERE m.source_run = $1 AND m.deleted = FALSE ORDER BY m.num",
            args![source.id],
        )
        .await?;
    for model in models {
        let (old, old_id, id): (i64, Id, Id) = (model.get("num")?, model.id("id")?, new_id());
        let row = conn
            .fetch_one(
                "INSERT INTO logged_model (id, experiment, name, model_type, source_run, status, deleted, created_ms, \
                 updated_ms) SELECT $2, $3, name, model_type, $4, status, FALSE, created_ms, $5 FROM logged_model \
                 WHERE num = $1 RETURNING num",
                args![old, &id, to.id.number(), run_id, now],
            )
            .await?;
        let new: i64 = row.get("num")?;
        for (table, columns) in [
            ("logged_model_param", "key, value"),
            ("logged_model_tag", "key, value"),
            ("logged_model_metric", "key, run, step, time_ms, value, kind, dataset_name, dataset_digest"),
        ] {
            let sql = format!(
                "INSERT INTO {table} (model, {columns}) SELECT $2, {columns} FROM {table} WHERE model = $1"
            );
            conn.execute(&sql, args![old, new]).await?;
        }
        conn.execute("DELETE FROM logged_model_tag WHERE model = $1 AND key = $2", args![new, VERSIONS_TAG])
            .await?;
        conn.execute(
            "UPDATE logged_model_metric SET run = $3 WHERE model = $1 AND run = $2",
            args![new, source.id, run_id],
        )
        .await?;
        conn.execute(
            "UPDATE run_model SET model = $3 WHERE run = $1 AND model = $2",
            args![run, &old_id, &id],
        )
        .await?;
        let from = format!("{}/models/{}/artifacts", model.get::<String>("location")?, public_id(&old_id));
        share(conn, &from, &format!("{}/models/{}/artifacts", to.location, public_id(&id))).await?;
    }
    Ok(())
}

/// When a copy's parent was copied to the same experiment, that copy becomes its parent.
async fn adopt(conn: &mut Conn<'_>, num: i64, experiment: ExperimentId, source_tag: &str) -> Result<()> {
    let keys = intern(conn, &[PARENT_TAG, source_tag]).await?;
    let sql = "SELECT value FROM run_tag WHERE run = $1 AND key = $2";
    let Some(row) = conn.fetch_optional(sql, args![num, keys[PARENT_TAG]]).await? else { return Ok(()) };
    let parent: String = row.get("value")?;
    if let Some(copy) = copy_of(conn, &parent, experiment, keys[source_tag]).await? {
        conn.execute(
            "UPDATE run_tag SET value = $3, head = $4 WHERE run = $1 AND key = $2",
            args![num, keys[PARENT_TAG], &copy, param::head(&copy)],
        )
        .await?;
    }
    Ok(())
}

async fn copy_of(
    conn: &mut Conn<'_>,
    source: &str,
    experiment: ExperimentId,
    key: i64,
) -> Result<Option<String>> {
    let row = conn
        .fetch_optional(
            "SELECT r.id FROM run_tag t JOIN run r ON r.num = t.run WHERE t.key = $1 AND t.experiment = $2 \
             AND t.head = $3 AND t.value = $4 AND r.deleted = FALSE ORDER BY r.num DESC LIMIT 1",
            args![key, experiment.number(), param::head(source), source],
        )
        .await?;
    row.map(|row| row.get("id")).transpose()
}

/// Runs of an experiment that are in use, by number after `after`, at most `limit`; with whether each has a copy in
/// another experiment already.
pub async fn to_copy(
    conn: &mut Conn<'_>,
    from: ExperimentId,
    to: ExperimentId,
    source_tag: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Id, bool)>> {
    let key = intern(conn, &[source_tag]).await?[source_tag];
    let rows = conn
        .fetch_all(
            "SELECT num, id FROM run WHERE experiment = $1 AND deleted = FALSE AND num > $2 ORDER BY num LIMIT $3",
            args![from.number(), after, limit],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id("id")?;
        let copied = copy_of(conn, id.as_str(), to, key).await?.is_some();
        found.push((row.get("num")?, id, copied));
    }
    Ok(found)
}
