//! Logged models.

use app::App;
use app::tracking::SearchRequest;
use app::tracking::logged_model::{DatasetChoice, LoggedModelSearch, NewLoggedModel};
use axum::extract::{Path, State};
use domain::Id;
use domain::tracking::logged_model::{LoggedModel, LoggedModelStatus, ModelMetric, parse_id};
use domain::tracking::param::{Param, Tag};
use serde_json::{Value, json};

use super::{experiment_id, experiment_ids, metric, parse_run_id};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::wire::{self, Object};

const STATUSES: [&str; 3] = ["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"];

pub(crate) fn id(text: &str) -> Answer<Id> {
    parse_id(text).ok_or_else(|| Failure::from(app::Error::not_found("logged_model", text)))
}

fn measured(model: &LoggedModel, measured: &ModelMetric) -> Value {
    let mut value = metric::body(&measured.metric);
    value["model_id"] = Value::from(model.public_id());
    value["run_id"] = Value::from(measured.run.as_str());
    for (name, text) in
        [("dataset_name", &measured.dataset_name), ("dataset_digest", &measured.dataset_digest)]
    {
        if let Some(text) = text {
            value[name] = Value::from(text.as_str());
        }
    }
    value
}

fn body(model: &LoggedModel) -> Value {
    let status = match model.status {
        LoggedModelStatus::Pending => STATUSES[0],
        LoggedModelStatus::Ready => STATUSES[1],
        LoggedModelStatus::UploadFailed => STATUSES[2],
    };
    let info = Object::new()
        .set("model_id", model.public_id())
        .set("experiment_id", model.experiment.to_string())
        .set("name", model.name.as_str())
        .set("creation_timestamp_ms", wire::millis(model.created))
        .set("last_updated_timestamp_ms", wire::millis(model.updated))
        .set("artifact_uri", model.artifact_uri.as_str())
        .set("status", status)
        .some("model_type", &model.model_type)
        .set("source_run_id", model.source_run.as_ref().map(Id::as_str))
        .list("tags", &model.tags, wire::tag)
        .list(
            "registrations",
            &model.registrations,
            |(name, version)| json!({"name": name, "version": version.to_string()}),
        );
    let data =
        Object::new()
            .list("params", &model.params, wire::param)
            .list("metrics", &model.metrics, |metric| measured(model, metric));
    Object::new().set("info", info).set("data", data).into()
}

fn answer(model: &LoggedModel) -> Object {
    Object::new().set("model", body(model))
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let source_run = params.text("source_run_id")?.filter(|id| !id.is_empty());
    let new = NewLoggedModel {
        experiment: experiment_id(&params)?,
        name: params.text("name")?.map(ToOwned::to_owned),
        model_type: params.text_or_empty("model_type")?,
        source_run: source_run.map(parse_run_id).transpose()?,
        params: given_params(&params)?,
        tags: given_tags(&params)?,
    };
    Ok(answer(&app.logged_models().create(&ctx, new).await?))
}

pub(crate) async fn get(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let deleted = params.truth("allow_deleted")?.unwrap_or(false);
    Ok(answer(&app.logged_models().get(&ctx, &id(&model_id)?, deleted).await?))
}

pub(crate) async fn finalize(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    params.required("model_id")?;
    let status = match params.word("status", &STATUSES)?.ok_or_else(|| absent("status"))? {
        "LOGGED_MODEL_READY" => LoggedModelStatus::Ready,
        "LOGGED_MODEL_UPLOAD_FAILED" => LoggedModelStatus::UploadFailed,
        _ => LoggedModelStatus::Pending,
    };
    Ok(answer(&app.logged_models().finalize(&ctx, &id(&model_id)?, status).await?))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
) -> Answer<Object> {
    app.logged_models().delete(&ctx, &id(&model_id)?).await?;
    Ok(Object::new())
}

pub(crate) async fn set_tags(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    app.logged_models().set_tags(&ctx, &id(&model_id)?, given_tags(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model_id, key)): Path<(String, String)>,
) -> Answer<Object> {
    if key.contains('\0') {
        return Err(Failure::invalid("Parameter 'tag_key' must not contain a NUL character."));
    }
    app.logged_models().delete_tag(&ctx, &id(&model_id)?, &key).await?;
    Ok(Object::new())
}

pub(crate) async fn log_params(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    params.required("model_id")?;
    app.logged_models().log_params(&ctx, &id(&model_id)?, given_params(&params)?).await?;
    Ok(Object::new())
}

/// Params of a model: a value that is left out is empty.
fn given_params(params: &Params) -> Answer<Vec<Param>> {
    let param = |message: &Params| {
        Ok(Param { key: message.text_or_empty("key")?, value: message.text_or_empty("value")? })
    };
    params.messages("params")?.iter().map(param).collect()
}

/// Tags of a model: a value that is left out is empty.
fn given_tags(params: &Params) -> Answer<Vec<Tag>> {
    let tag = |message: &Params| Ok(Tag::new(message.text_or_empty("key")?, message.text_or_empty("value")?));
    params.messages("tags")?.iter().map(tag).collect()
}

fn choice(params: &Params) -> Answer<Option<DatasetChoice>> {
    let name = params.text("dataset_name")?.filter(|name| !name.is_empty());
    let digest = params.text("dataset_digest")?.filter(|digest| !digest.is_empty());
    Ok(name.map(|name| DatasetChoice { name: name.to_owned(), digest: digest.map(ToOwned::to_owned) }))
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let mut datasets = Vec::new();
    for message in params.messages("datasets")? {
        let unnamed = || Failure::invalid("`dataset_name` in the `datasets` clause must be specified.");
        datasets.push(choice(&message)?.ok_or_else(unnamed)?);
    }
    let mut order = Vec::new();
    for message in params.messages("order_by")? {
        let direction = if message.truth("ascending")?.unwrap_or(true) { "ASC" } else { "DESC" };
        let field = message.text_or_empty("field_name")?;
        if field.is_empty() {
            return Err(Failure::invalid("Invalid order by field name: "));
        }
        order.push((format!("{field} {direction}"), choice(&message)?));
    }
    let request = SearchRequest {
        experiments: experiment_ids(&params)?,
        filter: params.text_or_empty("filter")?,
        max_results: params.whole("max_results")?.unwrap_or(50),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        ..SearchRequest::default()
    };
    let search = LoggedModelSearch { request, datasets, order };
    let page = app.logged_models().search(&ctx, &search).await?;
    Ok(Object::new().list("models", &page.items, body).set("next_page_token", page.next_page_token))
}
