//! Runs.

use app::tracking::SearchRequest;
use app::tracking::run::{NewRun, RunUpdate};
use app::{App, Context};
use axum::extract::State;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::input::{DatasetInfo, DatasetInput, ModelOutput};
use domain::tracking::logged_model::{self, ModelMetric, public_id};
use domain::tracking::metric::Metric;
use domain::tracking::param::Tag;
use domain::tracking::run::{Batch, Run, RunInfo, RunStatus};
use domain::{Id, Timestamp};
use serde_json::{Value, json};

use super::{experiment_ids, metric, param, run_id, tag, tags, view};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::wire::{self, Object};

/// The tag in which clients before 3.0 note logged models.
const MODEL_HISTORY_TAG: &str = "mlflow.log-model.history";

/// What the description of such a model must hold.
const MODEL_FIELDS: [&str; 4] = ["artifact_path", "flavors", "utc_time_created", "run_id"];

fn info(info: &RunInfo) -> Value {
    Object::new()
        .set("run_id", info.id.as_str())
        .set("run_uuid", info.id.as_str())
        .set("run_name", info.name.as_str())
        .set("experiment_id", info.experiment.to_string())
        .set("user_id", info.user.as_str())
        .set("status", info.status.as_upper())
        .set("start_time", wire::millis(info.start))
        .set("end_time", info.end.map(Timestamp::millis).filter(|millis| *millis != 0))
        .set("artifact_uri", info.artifact_uri.as_str())
        .set("lifecycle_stage", info.lifecycle.as_str())
        .into()
}

fn dataset(input: &DatasetInput) -> Value {
    let dataset = &input.dataset;
    let described = Object::new()
        .set("name", dataset.name.as_str())
        .set("digest", dataset.digest.as_str())
        .set("source_type", dataset.source_type.as_str())
        .set("source", dataset.source.as_str())
        .some("schema", dataset.schema.as_deref().unwrap_or_default())
        .some("profile", dataset.profile.as_deref().unwrap_or_default());
    Object::new().list("tags", &input.tags, wire::tag).set("dataset", described).into()
}

/// What a call shows of a run's inputs and outputs.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// It was just made: it has no outputs yet.
    New,
    /// One among many: the models it read are left out.
    Found,
    /// All.
    Whole,
}

fn body(run: &Run, part: Part) -> Value {
    let data = Object::new()
        .list("metrics", &run.metrics, metric::body)
        .list("params", &run.params, wire::param)
        .list("tags", &run.tags, wire::tag);
    let read = if part == Part::Found { &[] } else { run.model_inputs.as_slice() };
    let inputs = Object::new().list("dataset_inputs", &run.datasets, dataset).list(
        "model_inputs",
        read,
        |id| json!({"model_id": public_id(id)}),
    );
    let outputs = Object::new().list(
        "model_outputs",
        &run.model_outputs,
        |output| json!({"model_id": public_id(&output.model), "step": output.step}),
    );
    let shown = Object::new().set("info", info(&run.info)).even("data", data).even("inputs", inputs);
    if part == Part::New { shown.into() } else { shown.even("outputs", outputs).into() }
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiment = match params.text("experiment_id")?.filter(|id| !id.is_empty()) {
        Some(id) => ExperimentId::parse(id)?,
        None => ExperimentId::DEFAULT,
    };
    let new = NewRun {
        experiment,
        name: params.text("run_name")?.map(ToOwned::to_owned),
        user: params.text("user_id")?.map(ToOwned::to_owned),
        start: Some(Timestamp::from_millis(params.whole("start_time")?.unwrap_or(0))),
        tags: tags(&params)?,
    };
    let run = app.runs().create(&ctx, new).await?;
    Ok(Object::new().set("run", body(&run, Part::New)))
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let run = app.runs().get(&ctx, &run_id(&params)?).await?;
    Ok(Object::new().set("run", body(&run, Part::Whole)))
}

pub(crate) async fn update(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let status = params.word("status", &["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"])?;
    let update = RunUpdate {
        status: status.and_then(RunStatus::parse),
        end: params.whole("end_time")?.map(Timestamp::from_millis),
        name: params.text("run_name")?.filter(|name| !name.is_empty()).map(ToOwned::to_owned),
    };
    let changed = app.runs().update(&ctx, &run_id(&params)?, update).await?;
    Ok(Object::new().set("run_info", info(&changed)))
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.runs().delete(&ctx, &run_id(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn restore(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.runs().restore(&ctx, &run_id(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let request = SearchRequest {
        experiments: experiment_ids(&params)?,
        view: view(&params, "run_view_type")?,
        filter: params.text_or_empty("filter")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(1000),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
    };
    let page = app.runs().search(&ctx, &request).await?;
    Ok(Object::new()
        .list("runs", &page.items, |run| body(run, Part::Found))
        .set("next_page_token", page.next_page_token))
}

/// Reads metrics, and which of them belong to a logged model.
fn add_metric(batch: &mut Batch, params: &Params, run: &Id) -> Answer<()> {
    let point = Metric {
        key: params.required("key")?.to_owned(),
        value: params.number("value")?.ok_or_else(|| params.absent("value"))?,
        timestamp_ms: params.whole("timestamp")?.ok_or_else(|| params.absent("timestamp"))?,
        step: params.whole("step")?.unwrap_or(0),
    };
    if let Some(id) = params.text("model_id")?.filter(|id| !id.is_empty()) {
        let model = logged_model::parse_id(id);
        let model = model.ok_or_else(|| app::Error::not_found("logged_model", id))?;
        let measured = ModelMetric {
            metric: point.clone(),
            run: run.clone(),
            dataset_name: params.text("dataset_name")?.map(ToOwned::to_owned),
            dataset_digest: params.text("dataset_digest")?.map(ToOwned::to_owned),
        };
        batch.model_metrics.push((model, measured));
    }
    batch.metrics.push(point);
    Ok(())
}

pub(crate) async fn log_batch(
    State(app): State<App>,
    Caller(ctx): Caller,
    mut params: Params,
) -> Answer<Object> {
    let id = run_id(&params)?;
    let mut batch = Batch::default();
    for message in params.messages("tags")? {
        batch.tags.push(tag(&message)?);
    }
    for message in params.messages("params")? {
        batch.params.push(param(&message)?);
    }
    for message in params.take_messages("metrics")? {
        add_metric(&mut batch, &message, &id)?;
    }
    app.runs().log_batch(&ctx, &id, batch).await?;
    Ok(Object::new())
}

pub(crate) async fn log_metric(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let id = run_id(&params)?;
    let mut batch = Batch { single: true, ..Batch::default() };
    add_metric(&mut batch, &params, &id)?;
    app.runs().log_batch(&ctx, &id, batch).await?;
    Ok(Object::new())
}

pub(crate) async fn log_parameter(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    app.runs().log_param(&ctx, &run_id(&params)?, param(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn set_tag(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.runs().set_tag(&ctx, &run_id(&params)?, tag(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    app.runs().delete_tag(&ctx, &run_id(&params)?, params.required("key")?).await?;
    Ok(Object::new())
}

pub(crate) async fn log_inputs(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let id = run_id(&params)?;
    let mut datasets = Vec::new();
    for input in params.messages("datasets")? {
        let dataset = input.message("dataset")?.ok_or_else(|| input.absent("dataset"))?;
        datasets.push(DatasetInput {
            dataset: DatasetInfo {
                name: dataset.required("name")?.to_owned(),
                digest: dataset.required("digest")?.to_owned(),
                source_type: dataset.required("source_type")?.to_owned(),
                source: dataset.required("source")?.to_owned(),
                schema: dataset.text("schema")?.map(ToOwned::to_owned),
                profile: dataset.text("profile")?.map(ToOwned::to_owned),
            },
            tags: tags(&input)?,
        });
    }
    let mut models = Vec::new();
    for model in params.messages("models")? {
        models.push(model_id(&model)?);
    }
    app.runs().log_inputs(&ctx, &id, datasets, models).await?;
    Ok(Object::new())
}

fn model_id(params: &Params) -> Answer<Id> {
    let text = params.required("model_id")?;
    logged_model::parse_id(text).ok_or_else(|| Failure::from(app::Error::not_found("logged_model", text)))
}

pub(crate) async fn log_outputs(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let id = run_id(&params)?;
    if !params.has("models") {
        return Err(params.absent("models"));
    }
    let mut models = Vec::new();
    for model in params.messages("models")? {
        models.push(ModelOutput { model: model_id(&model)?, step: model.whole("step")?.unwrap_or(0) });
    }
    app.runs().log_outputs(&ctx, &id, models).await?;
    Ok(Object::new())
}

pub(crate) async fn log_model(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let id = run_id(&params)?;
    let text = params.required("model_json")?;
    let model: Value = serde_json::from_str(text)
        .map_err(|_| Failure::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON.")))?;
    let lacking: Vec<&str> = MODEL_FIELDS.into_iter().filter(|field| model.get(field).is_none()).collect();
    if !lacking.is_empty() {
        let lacking = lacking.join("', '");
        return Err(Failure::invalid(format!("Model json is missing mandatory fields: {{'{lacking}'}}")));
    }
    note_model(&app, &ctx, &id, model).await?;
    Ok(Object::new())
}

async fn note_model(app: &App, ctx: &Context, id: &Id, model: Value) -> Answer<()> {
    let run = app.runs().get(ctx, id).await?;
    let mut history: Vec<Value> =
        run.tag(MODEL_HISTORY_TAG).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    history.push(model);
    let tag = Tag::new(MODEL_HISTORY_TAG, Value::Array(history).to_string());
    Ok(app.runs().set_tag(ctx, id, tag).await?)
}
