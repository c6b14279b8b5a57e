//! Experiments, runs, points and logged models of an MLflow database.

use std::collections::HashMap;

use domain::tracking::import::{
    ExperimentRecord, LoggedModelRecord, ModelMetricRecord, PointRecord, RunRecord,
};
use domain::tracking::input::{DatasetInfo, DatasetInput, ModelOutput};
use domain::tracking::logged_model::{LoggedModelStatus, parse_id};
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{RUN_NAME_TAG, RunStatus};
use domain::{Id, Timestamp};

use super::{Cursor, Foreign, Found, FoundModel, FoundRun, Left, grouped, text, whole};
use crate::tracking::list;
use crate::{Result, Row, Value, args};

/// What came of one row: the record, or why there is none.
pub type Read<T> = std::result::Result<T, Left>;

/// A page of rows and where the next one starts.
pub type Page<T> = (Vec<Read<T>>, Option<Cursor>);

impl Foreign {
    /// All experiments, deleted ones included, by number.
    pub async fn experiments(&mut self) -> Result<Vec<ExperimentRecord>> {
        let sql = format!(
            "SELECT CAST(experiment_id AS INTEGER) AS id, CAST(name AS TEXT) AS name, \
             CAST(lifecycle_stage AS TEXT) AS stage, CAST(creation_time AS INTEGER) AS created, \
             CAST(last_update_time AS INTEGER) AS updated FROM experiments e WHERE {} ORDER BY experiment_id",
            self.experiment_scope()
        );
        let rows = self.rows(&sql, args![]).await?;
        let sql = "SELECT CAST(experiment_id AS TEXT) AS owner, CAST(key AS TEXT) AS key, \
                   CAST(value AS TEXT) AS value FROM experiment_tags ORDER BY experiment_id, key";
        let mut tags = grouped(&self.rows(sql, args![]).await?, tag)?;
        rows.iter()
            .map(|row| {
                let id = whole(row, "id")?;
                let created = whole(row, "created")?;
                Ok(ExperimentRecord {
                    id,
                    name: text(row, "name")?,
                    deleted: text(row, "stage")? == "deleted",
                    created: Timestamp::from_millis(created),
                    updated: Timestamp::from_millis(row.get::<Option<i64>>("updated")?.unwrap_or(created)),
                    tags: tags.remove(&id.to_string()).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// The next `limit` runs after a place, in the order in which they were made.
    pub async fn runs(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundRun>> {
        let sql = format!(
            "SELECT r.rowid AS place, CAST(run_uuid AS TEXT) AS id, CAST(experiment_id AS INTEGER) AS experiment, \
             CAST(name AS TEXT) AS name, CAST(user_id AS TEXT) AS user_id, CAST(status AS TEXT) AS status, \
             CAST(start_time AS INTEGER) AS start_time, CAST(end_time AS INTEGER) AS end_time, \
             CAST(lifecycle_stage AS TEXT) AS stage, \
             CAST(artifact_uri AS TEXT) AS files FROM runs r WHERE r.rowid > $1 AND {} ORDER BY r.rowid LIMIT $2",
            self.run_scope()
        );
        let rows = self.rows(&sql, args![after, limit]).await?;
        let ids: Vec<Value> = rows.iter().map(|row| Ok(text(row, "id")?.into())).collect::<Result<_>>()?;
        let mut logged = self.logged(&ids).await?;
        let found = rows.iter().map(|row| run(row, &mut logged)).collect::<Result<_>>()?;
        Ok((found, next(&rows, limit)?))
    }

    /// What runs logged but their points, by run.
    async fn logged(&mut self, ids: &[Value]) -> Result<Logged> {
        let pairs = |table: &str| {
            format!(
                "SELECT CAST(run_uuid AS TEXT) AS owner, CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value \
                 FROM {table} WHERE run_uuid IN ({}) ORDER BY run_uuid, key",
                list(1, ids.len())
            )
        };
        if ids.is_empty() {
            return Ok(Logged::default());
        }
        let params = grouped(&self.rows(&pairs("params"), ids.to_vec()).await?, param)?;
        let tags = grouped(&self.rows(&pairs("tags"), ids.to_vec()).await?, tag)?;
        Ok(Logged {
            params,
            tags,
            datasets: self.datasets(ids).await?,
            inputs: self.models_of(ids, "RUN_INPUT", "MODEL_INPUT").await?,
            outputs: self.models_of(ids, "RUN_OUTPUT", "MODEL_OUTPUT").await?,
        })
    }

    async fn datasets(&mut self, ids: &[Value]) -> Result<HashMap<String, Vec<DatasetInput>>> {
        if !self.has("inputs") || !self.has("datasets") {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT CAST(i.input_uuid AS TEXT) AS owner, CAST(t.name AS TEXT) AS key, CAST(t.value AS TEXT) AS value \
             FROM inputs i JOIN input_tags t ON t.input_uuid = i.input_uuid \
             WHERE i.destination_type = 'RUN' AND i.destination_id IN ({}) ORDER BY t.name",
            list(1, ids.len())
        );
        let tags = grouped(&self.rows(&sql, ids.to_vec()).await?, tag)?;
        let sql = format!(
            "SELECT CAST(i.destination_id AS TEXT) AS owner, CAST(i.input_uuid AS TEXT) AS input, \
             CAST(d.name AS TEXT) AS name, CAST(d.digest AS TEXT) AS digest, \
             CAST(d.dataset_source_type AS TEXT) AS source_type, CAST(d.dataset_source AS TEXT) AS source, \
             CAST(d.dataset_schema AS TEXT) AS schema_text, CAST(d.dataset_profile AS TEXT) AS profile \
             FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id \
             WHERE i.destination_type = 'RUN' AND i.destination_id IN ({}) ORDER BY i.rowid",
            list(1, ids.len())
        );
        let mut found = grouped(&self.rows(&sql, ids.to_vec()).await?, |row| {
            let input = text(row, "input")?;
            let dataset = DatasetInfo {
                name: text(row, "name")?,
                digest: text(row, "digest")?,
                source_type: text(row, "source_type")?,
                source: text(row, "source")?,
                schema: row.get("schema_text")?,
                profile: row.get("profile")?,
            };
            Ok(DatasetInput { dataset, tags: tags.get(&input).cloned().unwrap_or_default() })
        })?;
        for inputs in found.values_mut() {
            let mut seen = Vec::new();
            inputs.retain(|input| {
                let key = (input.dataset.name.clone(), input.dataset.digest.clone());
                let new = !seen.contains(&key);
                seen.push(key);
                new
            });
        }
        Ok(found)
    }

    async fn models_of(
        &mut self,
        ids: &[Value],
        from: &str,
        to: &str,
    ) -> Result<HashMap<String, Vec<(String, i64)>>> {
        if !self.has("inputs") {
            return Ok(HashMap::new());
        }
        let step = if self.has_column("inputs", "step") { "step" } else { "0" };
        let sql = format!(
            "SELECT DISTINCT CAST(source_id AS TEXT) AS owner, CAST(destination_id AS TEXT) AS model, \
             CAST({step} AS INTEGER) AS step FROM inputs WHERE source_type = '{from}' \
             AND destination_type = '{to}' AND source_id IN ({}) ORDER BY 1, 3, 2",
            list(1, ids.len())
        );
        grouped(&self.rows(&sql, ids.to_vec()).await?, |row| Ok((text(row, "model")?, whole(row, "step")?)))
    }

    /// The next `limit` points of a run after a place.
    pub async fn points(
        &mut self,
        run: &Id,
        after: Cursor,
        limit: i64,
    ) -> Result<(Vec<PointRecord>, Option<Cursor>)> {
        let sql = "SELECT rowid AS place, CAST(key AS TEXT) AS key, CAST(step AS INTEGER) AS step, \
                   CAST(timestamp AS INTEGER) AS time, CAST(value AS REAL) AS value, \
                   CAST(is_nan AS INTEGER) AS is_nan FROM metrics WHERE run_uuid = $1 AND rowid > $2 \
                   ORDER BY rowid LIMIT $3";
        let rows = self.rows(sql, args![run.as_str(), after, limit]).await?;
        let points = rows
            .iter()
            .map(|row| {
                Ok(PointRecord {
                    key: text(row, "key")?,
                    step: whole(row, "step")?,
                    time: whole(row, "time")?,
                    value: figure(row)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok((points, next(&rows, limit)?))
    }

    /// The next `limit` logged models after a place, in the order in which they were made.
    pub async fn logged_models(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundModel>> {
        if !self.has("logged_models") {
            return Ok((Vec::new(), None));
        }
        let sql = format!(
            "SELECT m.rowid AS place, CAST(model_id AS TEXT) AS id, CAST(experiment_id AS INTEGER) AS experiment, \
             CAST(name AS TEXT) AS name, CAST(model_type AS TEXT) AS model_type, \
             CAST(source_run_id AS TEXT) AS source_run, CAST(status AS INTEGER) AS status, \
             CAST(lifecycle_stage AS TEXT) AS stage, CAST(creation_timestamp_ms AS INTEGER) AS created, \
             CAST(last_updated_timestamp_ms AS INTEGER) AS updated, CAST(artifact_location AS TEXT) AS files \
             FROM logged_models m WHERE m.rowid > $1 AND {} ORDER BY m.rowid LIMIT $2",
            self.in_experiments("m.experiment_id")
        );
        let rows = self.rows(&sql, args![after, limit]).await?;
        let ids: Vec<Value> = rows.iter().map(|row| Ok(text(row, "id")?.into())).collect::<Result<_>>()?;
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let of = |columns: &str, table: &str| {
            format!(
                "SELECT CAST(model_id AS TEXT) AS owner, {columns} FROM {table} WHERE model_id IN ({}) ORDER BY 1, 2",
                list(1, ids.len())
            )
        };
        let texts =
            |kind: &str| format!("CAST({kind}_key AS TEXT) AS key, CAST({kind}_value AS TEXT) AS value");
        let params = self.rows(&of(&texts("param"), "logged_model_params"), ids.clone()).await?;
        let tags = self.rows(&of(&texts("tag"), "logged_model_tags"), ids.clone()).await?;
        let metrics = "CAST(metric_name AS TEXT) AS key, CAST(metric_step AS INTEGER) AS step, \
                       CAST(metric_timestamp_ms AS INTEGER) AS time, CAST(metric_value AS REAL) AS value, \
                       0 AS is_nan, CAST(run_id AS TEXT) AS run, CAST(dataset_name AS TEXT) AS dataset_name, \
                       CAST(dataset_digest AS TEXT) AS dataset_digest";
        let metrics = self.rows(&of(metrics, "logged_model_metrics"), ids.clone()).await?;
        let mut parts = Parts {
            params: grouped(&params, param)?,
            tags: grouped(&tags, tag)?,
            metrics: grouped(&metrics, model_metric)?,
        };
        let found = rows.iter().map(|row| logged_model(row, &mut parts)).collect::<Result<_>>()?;
        Ok((found, next(&rows, limit)?))
    }
}

/// What runs logged, by run.
#[derive(Default)]
struct Logged {
    params: HashMap<String, Vec<Param>>,
    tags: HashMap<String, Vec<Tag>>,
    datasets: HashMap<String, Vec<DatasetInput>>,
    inputs: HashMap<String, Vec<(String, i64)>>,
    outputs: HashMap<String, Vec<(String, i64)>>,
}

/// What belongs to logged models, by model.
struct Parts {
    params: HashMap<String, Vec<Param>>,
    tags: HashMap<String, Vec<Tag>>,
    metrics: HashMap<String, Vec<Option<ModelMetricRecord>>>,
}

fn run(row: &Row, logged: &mut Logged) -> Result<Read<FoundRun>> {
    let written = text(row, "id")?;
    let Some(id) = Id::parse(&written).filter(|id| id.as_str() == written) else {
        return Ok(Err(no_id("run", &written)));
    };
    let tags = logged.tags.remove(&written).unwrap_or_default();
    let status = text(row, "status")?;
    let Some(status) = RunStatus::parse(&status) else {
        let why = format!("its status {status:?} is none of MLflow's");
        return Ok(Err(Left { what: format!("run {written}"), why }));
    };
    let models = |found: Option<Vec<(String, i64)>>| -> std::result::Result<Vec<(Id, i64)>, Left> {
        let parse = |(model, step): (String, i64)| {
            let id = parse_id(&model).ok_or_else(|| no_id("logged model", &model))?;
            Ok((id, step))
        };
        found.unwrap_or_default().into_iter().map(parse).collect()
    };
    let (inputs, outputs) =
        match (models(logged.inputs.remove(&written)), models(logged.outputs.remove(&written))) {
            (Ok(inputs), Ok(outputs)) => (inputs, outputs),
            (Err(left), _) | (_, Err(left)) => return Ok(Err(left)),
        };
    let name = text(row, "name")?;
    let tagged = || tags.iter().find(|tag| tag.key == RUN_NAME_TAG).map(|tag| tag.value.clone());
    let time = |column| Ok::<_, crate::Error>(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis));
    let record = RunRecord {
        experiment: whole(row, "experiment")?,
        name: if name.is_empty() { tagged().unwrap_or_default() } else { name },
        user: text(row, "user_id")?,
        status,
        start: Timestamp::from_millis(whole(row, "start_time")?),
        end: time("end_time")?,
        deleted: text(row, "stage")? == "deleted",
        params: logged.params.remove(&written).unwrap_or_default(),
        tags,
        datasets: logged.datasets.remove(&written).unwrap_or_default(),
        model_inputs: inputs.into_iter().map(|(id, _)| id).collect(),
        model_outputs: outputs.into_iter().map(|(model, step)| ModelOutput { model, step }).collect(),
        id,
    };
    Ok(Ok(Found { record, files: text(row, "files")? }))
}

fn logged_model(row: &Row, parts: &mut Parts) -> Result<Read<FoundModel>> {
    let written = text(row, "id")?;
    let Some(id) = parse_id(&written) else {
        return Ok(Err(no_id("logged model", &written)));
    };
    let source_run = match row.get::<Option<String>>("source_run")?.filter(|run| !run.is_empty()) {
        Some(run) => match Id::parse(&run) {
            Some(id) => Some(id),
            None => return Ok(Err(no_id("run", &run))),
        },
        None => None,
    };
    let metrics: Option<Vec<ModelMetricRecord>> =
        parts.metrics.remove(&written).unwrap_or_default().into_iter().collect();
    let Some(metrics) = metrics else {
        let why = "one of its metrics names a run whose id is not 32 hexadecimal digits".to_owned();
        return Ok(Err(Left { what: format!("logged model {written}"), why }));
    };
    let status = match whole(row, "status")? {
        2 => LoggedModelStatus::Ready,
        3 => LoggedModelStatus::UploadFailed,
        _ => LoggedModelStatus::Pending,
    };
    let record = LoggedModelRecord {
        id,
        experiment: whole(row, "experiment")?,
        name: text(row, "name")?,
        model_type: text(row, "model_type")?,
        source_run,
        status,
        deleted: text(row, "stage")? == "deleted",
        created: Timestamp::from_millis(whole(row, "created")?),
        updated: Timestamp::from_millis(whole(row, "updated")?),
        params: parts.params.remove(&written).unwrap_or_default(),
        tags: parts.tags.remove(&written).unwrap_or_default(),
        metrics,
    };
    Ok(Ok(Found { record, files: text(row, "files")? }))
}

fn model_metric(row: &Row) -> Result<Option<ModelMetricRecord>> {
    let Some(run) = Id::parse(&text(row, "run")?) else { return Ok(None) };
    let point = PointRecord {
        key: text(row, "key")?,
        step: whole(row, "step")?,
        time: whole(row, "time")?,
        value: figure(row)?,
    };
    let (dataset_name, dataset_digest) = (row.get("dataset_name")?, row.get("dataset_digest")?);
    Ok(Some(ModelMetricRecord { point, run, dataset_name, dataset_digest }))
}

pub(super) fn no_id(noun: &str, id: &str) -> Left {
    Left { what: format!("{noun} {id:?}"), why: "its id is not 32 lower-case hexadecimal digits".to_owned() }
}

/// A value as it was meant: one that is not a number is marked beside a zero.
fn figure(row: &Row) -> Result<f64> {
    let marked = whole(row, "is_nan")? != 0;
    let value: Option<f64> = row.get("value")?;
    Ok(value.filter(|_| !marked).unwrap_or(f64::NAN))
}

pub(super) fn tag(row: &Row) -> Result<Tag> {
    Ok(Tag::new(text(row, "key")?, text(row, "value")?))
}

fn param(row: &Row) -> Result<Param> {
    Ok(Param { key: text(row, "key")?, value: text(row, "value")? })
}

/// Where the next page starts, when this one was full.
pub(super) fn next(rows: &[Row], limit: i64) -> Result<Option<Cursor>> {
    match rows.last() {
        Some(last) if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit => Ok(Some(last.get("place")?)),
        _ => Ok(None),
    }
}
