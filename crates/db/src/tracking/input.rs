//! What runs read and made: data sets and models.

use std::collections::HashMap;

use domain::Id;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::input::{DatasetInfo, DatasetInput, DatasetSummary, ModelOutput};
use domain::tracking::param::Tag;

use super::{CHUNK, list};
use crate::{Conn, Result, Row, Value, args};

/// The tag that says what a data set was read for.
const CONTEXT_TAG: &str = "mlflow.data.context";

/// The models of a run.
#[derive(Clone, Debug, Default)]
pub struct RunModels {
    /// Models that it read.
    pub inputs: Vec<Id>,
    /// Models that it made.
    pub outputs: Vec<ModelOutput>,
}

/// Records that a run read a data set. The first description of an identity stays, and so does the first reading.
pub async fn add_dataset(
    conn: &mut Conn<'_>,
    run: i64,
    experiment: ExperimentId,
    input: &DatasetInput,
) -> Result<()> {
    let dataset = &input.dataset;
    conn.execute(
        "INSERT INTO tracking_dataset (experiment, name, digest, source_type, source, schema_text, profile) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (experiment, name, digest) DO NOTHING",
        args![
            experiment.number(),
            &dataset.name,
            &dataset.digest,
            &dataset.source_type,
            &dataset.source,
            dataset.schema.clone(),
            dataset.profile.clone()
        ],
    )
    .await?;
    let tags = serde_json::to_string(&input.tags).expect("tags are plain texts");
    let context = input.tags.iter().find(|tag| tag.key == CONTEXT_TAG).map_or("", |tag| tag.value.as_str());
    conn.execute(
        "INSERT INTO run_dataset (run, dataset, tags, context) SELECT $1, num, $5, $6 FROM tracking_dataset \
         WHERE experiment = $2 AND name = $3 AND digest = $4 ON CONFLICT (run, dataset) DO NOTHING",
        args![run, experiment.number(), &dataset.name, &dataset.digest, tags, context],
    )
    .await?;
    Ok(())
}

/// The data sets that runs of these experiments read, with what for, at most `limit`.
pub async fn summaries(
    conn: &mut Conn<'_>,
    experiments: &[ExperimentId],
    limit: i64,
) -> Result<Vec<DatasetSummary>> {
    let mut values: Vec<Value> = experiments.iter().map(|id| Value::from(id.number())).collect();
    let sql = format!(
        "SELECT DISTINCT d.experiment, d.name, d.digest, r.context FROM tracking_dataset d \
         JOIN run_dataset r ON r.dataset = d.num WHERE d.experiment IN ({}) \
         ORDER BY d.experiment, d.name, d.digest, r.context LIMIT ${}",
        list(1, values.len()),
        values.len() + 1
    );
    values.push(Value::from(limit));
    let rows = conn.fetch_all(&sql, values).await?;
    let summary = |row: &Row| {
        Ok(DatasetSummary {
            experiment: ExperimentId::from_number(row.get("experiment")?),
            name: row.get("name")?,
            digest: row.get("digest")?,
            context: row.get("context")?,
        })
    };
    rows.iter().map(summary).collect()
}

/// Records that a run read a model.
pub async fn add_model_input(conn: &mut Conn<'_>, run: i64, model: &Id) -> Result<()> {
    add_model(conn, run, model, "input", 0).await
}

/// Records that a run made a model.
pub async fn add_model_output(conn: &mut Conn<'_>, run: i64, output: &ModelOutput) -> Result<()> {
    add_model(conn, run, &output.model, "output", output.step).await
}

async fn add_model(conn: &mut Conn<'_>, run: i64, model: &Id, direction: &str, step: i64) -> Result<()> {
    conn.execute(
        "INSERT INTO run_model (run, model, direction, step) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        args![run, model, direction, step],
    )
    .await?;
    Ok(())
}

/// The data sets of runs, by run.
pub async fn datasets(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, Vec<DatasetInput>>> {
    let mut found: HashMap<i64, Vec<DatasetInput>> = HashMap::new();
    for chunk in runs.chunks(CHUNK) {
        let sql = format!(
            "SELECT i.run, i.tags, d.name, d.digest, d.source_type, d.source, d.schema_text, d.profile \
             FROM run_dataset i JOIN tracking_dataset d ON d.num = i.dataset WHERE i.run IN ({}) \
             ORDER BY i.run, i.dataset",
            list(1, chunk.len())
        );
        let args = chunk.iter().map(|run| Value::from(*run)).collect();
        for row in conn.fetch_all(&sql, args).await? {
            found.entry(row.get("run")?).or_default().push(dataset(&row)?);
        }
    }
    Ok(found)
}

fn dataset(row: &Row) -> Result<DatasetInput> {
    Ok(DatasetInput {
        dataset: DatasetInfo {
            name: row.get("name")?,
            digest: row.get("digest")?,
            source_type: row.get("source_type")?,
            source: row.get("source")?,
            schema: row.get("schema_text")?,
            profile: row.get("profile")?,
        },
        tags: row.json::<Vec<Tag>>("tags")?,
    })
}

/// The models of runs, by run.
pub async fn models(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, RunModels>> {
    let mut found: HashMap<i64, RunModels> = HashMap::new();
    for chunk in runs.chunks(CHUNK) {
        let sql = format!(
            "SELECT run, model, direction, step FROM run_model WHERE run IN ({}) ORDER BY run, step, model",
            list(1, chunk.len())
        );
        let args = chunk.iter().map(|run| Value::from(*run)).collect();
        for row in conn.fetch_all(&sql, args).await? {
            let models = found.entry(row.get("run")?).or_default();
            let model = row.id("model")?;
            if row.get::<String>("direction")? == "input" {
                models.inputs.push(model);
            } else {
                models.outputs.push(ModelOutput { model, step: row.get("step")? });
            }
        }
    }
    Ok(found)
}
