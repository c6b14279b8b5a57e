//! Logged models.

use domain::tracking::experiment::ExperimentId;
use domain::tracking::logged_model::{LoggedModel, LoggedModelStatus, ModelMetric, public_id};
use domain::tracking::param::{Param, Tag};
use domain::{Id, Timestamp};

use super::{CHUNK, list, metric};
use crate::{Conn, Result, Row, Value, args};

/// The columns that [`numbered`] reads, of `logged_model m JOIN experiment e`.
pub(crate) const COLUMNS: &str = "m.num, m.id, m.experiment, m.name, m.model_type, m.source_run, m.status, \
                                  m.deleted, m.created_ms, m.updated_ms, \
                                  COALESCE(m.home, e.location) AS location";

/// A logged model with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The model.
    pub model: LoggedModel,
}

/// Makes a logged model with its params and tags.
pub async fn insert(conn: &mut Conn<'_>, model: &LoggedModel) -> Result<i64> {
    let row = conn
        .fetch_one(
            "INSERT INTO logged_model (id, experiment, name, model_type, source_run, status, deleted, created_ms, \
             updated_ms) VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, $7) RETURNING num",
            args![
                &model.id,
                model.experiment.number(),
                &model.name,
                &model.model_type,
                model.source_run.as_ref(),
                crate::tx::word(&model.status),
                model.created
            ],
        )
        .await?;
    let num = row.get("num")?;
    add_params(conn, num, &model.params).await?;
    set_tags(conn, num, &model.tags).await?;
    Ok(num)
}

/// One logged model with all that belongs to it, deleted or not.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Numbered>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM logged_model m JOIN experiment e ON e.id = m.experiment WHERE m.id = $1"
    );
    let Some(row) = conn.fetch_optional(&sql, args![id]).await? else {
        return Ok(None);
    };
    Ok(load(conn, vec![numbered(&row)?]).await?.pop())
}

/// The logged models whose source is a run, newest first.
pub async fn of_run(conn: &mut Conn<'_>, run: &Id) -> Result<Vec<LoggedModel>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM logged_model m JOIN experiment e ON e.id = m.experiment \
         WHERE m.source_run = $1 AND m.deleted = FALSE ORDER BY m.created_ms DESC, m.id DESC"
    );
    let rows = conn.fetch_all(&sql, args![run]).await?;
    let models = rows.iter().map(numbered).collect::<Result<_>>()?;
    Ok(load(conn, models).await?.into_iter().map(|m| m.model).collect())
}

/// Sets how the upload stands.
pub async fn set_status(
    conn: &mut Conn<'_>,
    num: i64,
    status: LoggedModelStatus,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "UPDATE logged_model SET status = $2, updated_ms = $3 WHERE num = $1",
        args![num, crate::tx::word(&status), now],
    )
    .await?;
    Ok(())
}

/// Marks a logged model as deleted by somebody, or takes the mark away.
pub async fn mark(conn: &mut Conn<'_>, num: i64, deleted_by: Option<&str>, now: Timestamp) -> Result<()> {
    conn.execute(
        "UPDATE logged_model SET deleted = $2, deleted_ms = $3, deleted_by = $4, updated_ms = $5 WHERE num = $1",
        args![
            num,
            deleted_by.is_some(),
            deleted_by.map(|_| now),
            deleted_by.unwrap_or_default(),
            now
        ],
    )
    .await?;
    Ok(())
}

/// Says when a logged model changed last.
pub async fn set_past(conn: &mut Conn<'_>, num: i64, updated: Timestamp) -> Result<()> {
    conn.execute("UPDATE logged_model SET updated_ms = $2 WHERE num = $1", args![num, updated]).await?;
    Ok(())
}

/// Stores params; one that is there already stays.
pub async fn add_params(conn: &mut Conn<'_>, num: i64, params: &[Param]) -> Result<()> {
    for param in params {
        conn.execute(
            "INSERT INTO logged_model_param (model, key, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            args![num, &param.key, &param.value],
        )
        .await?;
    }
    Ok(())
}

/// Sets tags.
pub async fn set_tags(conn: &mut Conn<'_>, num: i64, tags: &[Tag]) -> Result<()> {
    for tag in tags {
        conn.execute(
            "INSERT INTO logged_model_tag (model, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (model, key) DO UPDATE SET value = excluded.value",
            args![num, &tag.key, &tag.value],
        )
        .await?;
    }
    Ok(())
}

/// Removes a tag; whether it was there.
pub async fn delete_tag(conn: &mut Conn<'_>, num: i64, key: &str) -> Result<bool> {
    let removed =
        conn.execute("DELETE FROM logged_model_tag WHERE model = $1 AND key = $2", args![num, key]).await?;
    Ok(removed > 0)
}

/// Stores a metric of a logged model; the same point again changes nothing.
pub async fn add_metric(conn: &mut Conn<'_>, num: i64, metric: &ModelMetric) -> Result<()> {
    let (value, kind) = metric::encode(metric.metric.value);
    conn.execute(
        "INSERT INTO logged_model_metric (model, key, run, step, time_ms, value, kind, dataset_name, dataset_digest) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        args![
            num,
            &metric.metric.key,
            &metric.run,
            metric.metric.step,
            metric.metric.timestamp_ms,
            value,
            kind,
            metric.dataset_name.clone(),
            metric.dataset_digest.clone()
        ],
    )
    .await?;
    Ok(())
}

pub(crate) fn numbered(row: &Row) -> Result<Numbered> {
    let id = row.id("id")?;
    let location: String = row.get("location")?;
    let model = LoggedModel {
        artifact_uri: format!("{location}/models/{}/artifacts", public_id(&id)),
        id,
        experiment: ExperimentId::from_number(row.get("experiment")?),
        name: row.get("name")?,
        model_type: row.get("model_type")?,
        source_run: row.opt_id("source_run")?,
        status: row.word("status")?,
        deleted: row.get("deleted")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        params: Vec::new(),
        tags: Vec::new(),
        metrics: Vec::new(),
        registrations: Vec::new(),
    };
    Ok(Numbered { num: row.get("num")?, model })
}

/// Fills in params, tags, metrics and registrations.
pub(crate) async fn load(conn: &mut Conn<'_>, mut models: Vec<Numbered>) -> Result<Vec<Numbered>> {
    for chunk in models.chunks_mut(CHUNK) {
        let nums = || chunk_nums(chunk);
        let (numbers, count) = (nums(), chunk.len());
        for row in conn.fetch_all(&of("logged_model_param", count), numbers.clone()).await? {
            let param = Param { key: row.get("key")?, value: row.get("value")? };
            find(chunk, &row)?.params.push(param);
        }
        for row in conn.fetch_all(&of("logged_model_tag", count), numbers.clone()).await? {
            let tag = Tag::new(row.get::<String>("key")?, row.get::<String>("value")?);
            find(chunk, &row)?.tags.push(tag);
        }
        for row in conn.fetch_all(&of("logged_model_metric", count), numbers).await? {
            let metric = ModelMetric {
                metric: metric::from_row(&row, row.get("key")?)?,
                run: row.id("run")?,
                dataset_name: row.get("dataset_name")?,
                dataset_digest: row.get("dataset_digest")?,
            };
            find(chunk, &row)?.metrics.push(metric);
        }
        let sql = format!(
            "SELECT v.logged_model, r.name, v.version FROM model_version v JOIN model r ON r.num = v.model \
             WHERE v.deleted = FALSE AND v.logged_model IN ({}) ORDER BY r.name, v.version",
            list(1, count)
        );
        let ids = chunk.iter().map(|model| Value::from(&model.model.id)).collect();
        for row in conn.fetch_all(&sql, ids).await? {
            let id = row.id("logged_model")?;
            if let Some(found) = chunk.iter_mut().find(|model| model.model.id == id) {
                found.model.registrations.push((row.get("name")?, row.get("version")?));
            }
        }
    }
    Ok(models)
}

fn chunk_nums(chunk: &[Numbered]) -> Vec<Value> {
    chunk.iter().map(|model| Value::from(model.num)).collect()
}

fn of(table: &str, count: usize) -> String {
    format!("SELECT * FROM {table} WHERE model IN ({}) ORDER BY model, key", list(1, count))
}

fn find<'a>(chunk: &'a mut [Numbered], row: &Row) -> Result<&'a mut LoggedModel> {
    let num: i64 = row.get("model")?;
    let found = chunk.iter_mut().find(|model| model.num == num);
    Ok(&mut found.expect("the query asked for these models only").model)
}
