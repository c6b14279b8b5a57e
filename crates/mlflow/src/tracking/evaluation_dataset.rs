//! Evaluation data sets. Tags, records, schema and profile go over the wire as JSON in texts.

use app::App;
use app::tracking::SearchRequest;
use axum::extract::{Path, State};
use domain::Id;
use domain::tracking::evaluation_dataset::{
    EvaluationDataset, Fields, MAX_RECORDS, NewRecord, Record, parse_id, parse_record_id, parse_tags,
    public_id, public_record_id,
};
use domain::tracking::param::Tag;
use serde_json::{Value, json};

use super::experiment_ids;
use crate::body;
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::wire::{self, Object};

/// Records on a page, and data sets on one, when nobody says how many.
const PAGE: i64 = 1000;

fn id(text: &str) -> Answer<Id> {
    parse_id(text).ok_or_else(|| Failure::from(app::Error::not_found("evaluation_dataset", text)))
}

fn body(dataset: &EvaluationDataset) -> Object {
    let tags: Fields =
        dataset.tags.iter().map(|tag| (tag.key.clone(), Value::from(tag.value.as_str()))).collect();
    // A data set that had records and has none any more says so.
    let profile = match (dataset.records, &dataset.schema) {
        (0, None) => None,
        (0, Some(_)) => Some(Value::Null.to_string()),
        (records, _) => Some(json!({"num_records": records}).to_string()),
    };
    Object::new()
        .set("dataset_id", dataset.public_id())
        .set("name", dataset.name.as_str())
        .set("tags", Value::Object(tags).to_string())
        .set("schema", dataset.schema.as_ref().map(|schema| json!(schema).to_string()))
        .set("profile", profile)
        .set("digest", dataset.digest.as_str())
        .set("created_time", wire::millis(dataset.created))
        .set("last_update_time", wire::millis(dataset.updated))
        .set("created_by", dataset.created_by.as_deref())
        .set("last_updated_by", dataset.updated_by.as_deref())
}

fn answer(dataset: &EvaluationDataset) -> Object {
    Object::new().set("dataset", body(dataset))
}

fn record_body(dataset: &Id, record: &Record) -> Value {
    let mut fields = Fields::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let source = record.source.as_ref();
    set("dataset_record_id", Some(Value::from(public_record_id(&record.id))));
    set("dataset_id", Some(Value::from(public_id(dataset))));
    set("inputs", Some(Value::Object(record.inputs.clone())));
    set("outputs", record.outputs.clone());
    set("expectations", record.expectations.clone().map(Value::Object));
    set("tags", Some(Value::Object(record.tags.clone())));
    set("source", source.map(|source| json!(source)));
    set("source_id", source.and_then(|source| source.id()).map(Value::from));
    set("source_type", source.map(|source| json!(source.source_type)));
    set("created_by", record.created_by.as_deref().map(Value::from));
    set("last_updated_by", record.updated_by.as_deref().map(Value::from));
    set("created_time", Some(wire::millis(record.created)));
    set("last_update_time", Some(wire::millis(record.updated)));
    Value::Object(fields)
}

/// Tags out of a JSON object in a text.
fn tags(text: &str) -> Answer<Vec<Tag>> {
    match body::parse(text.as_bytes()) {
        Ok(Value::Object(fields)) => Ok(parse_tags(fields)?),
        _ => Err(Failure::invalid("Parameter 'tags' must be a JSON object in a text.")),
    }
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let name = params.required("name")?;
    let experiments = experiment_ids(&params)?;
    let tags = params.text("tags")?.filter(|text| !text.is_empty()).map(tags).transpose()?;
    let made = app.evaluation_datasets();
    let made = made.create(&ctx, name, experiments.clone(), tags.unwrap_or_default()).await?;
    let dataset = body(&made).list("experiment_ids", &experiments, |id| Value::from(id.to_string()));
    Ok(Object::new().set("dataset", dataset))
}

pub(crate) async fn get(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
) -> Answer<Object> {
    Ok(answer(&app.evaluation_datasets().get(&ctx, &id(&dataset_id)?).await?))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
) -> Answer<Object> {
    if let Some(id) = parse_id(&dataset_id) {
        app.evaluation_datasets().delete(&ctx, &id).await?;
    }
    Ok(Object::new())
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let request = SearchRequest {
        experiments: experiment_ids(&params)?,
        filter: params.text_or_empty("filter_string")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(PAGE),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        ..SearchRequest::default()
    };
    let page = app.evaluation_datasets().search(&ctx, &request).await?;
    Ok(Object::new()
        .list("datasets", &page.items, |dataset| body(dataset).into())
        .set("next_page_token", page.next_page_token))
}

pub(crate) async fn set_tags(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let tags = tags(params.required("tags")?)?;
    app.evaluation_datasets().set_tags(&ctx, &id(&dataset_id)?, tags).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((dataset_id, key)): Path<(String, String)>,
) -> Answer<Object> {
    // A key that cannot be kept is on no data set.
    if let Some(id) = parse_id(&dataset_id).filter(|_| !key.contains('\0')) {
        app.evaluation_datasets().delete_tag(&ctx, &id, &key).await?;
    }
    Ok(Object::new())
}

pub(crate) async fn upsert(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let records = body::items(params.required("records")?, "records", MAX_RECORDS, |at, value| {
        Ok(NewRecord::parse(value, &format!("records[{at}]"))?)
    })?;
    let done = app.evaluation_datasets().upsert(&ctx, &id(&dataset_id)?, records).await?;
    Ok(Object::new().set("inserted_count", done.inserted).set("updated_count", done.updated))
}

pub(crate) async fn records(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let dataset = id(&dataset_id)?;
    let most = params.whole("max_results")?.filter(|most| *most != 0).unwrap_or(PAGE);
    let page = app.evaluation_datasets().records(&ctx, &dataset, most, params.text("page_token")?).await?;
    let records: Vec<Value> = page.items.iter().map(|record| record_body(&dataset, record)).collect();
    Ok(Object::new()
        .set("records", Value::Array(records).to_string())
        .set("next_page_token", page.next_page_token))
}

pub(crate) async fn delete_records(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let texts = params.texts("dataset_record_ids")?;
    let ids = texts.iter().filter_map(|text| parse_record_id(text)).collect();
    let deleted = app.evaluation_datasets().delete_records(&ctx, &id(&dataset_id)?, ids).await?;
    Ok(Object::new().set("deleted_count", deleted))
}

pub(crate) async fn experiments(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
) -> Answer<Object> {
    let found = app.evaluation_datasets().experiments(&ctx, &id(&dataset_id)?).await?;
    Ok(Object::new().list("experiment_ids", &found, |id| Value::from(id.to_string())))
}

pub(crate) async fn add_to_experiments(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let (dataset, experiments) = (id(&dataset_id)?, experiment_ids(&params)?);
    Ok(answer(&app.evaluation_datasets().add_to_experiments(&ctx, &dataset, experiments).await?))
}

pub(crate) async fn remove_from_experiments(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(dataset_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let (dataset, experiments) = (id(&dataset_id)?, experiment_ids(&params)?);
    Ok(answer(&app.evaluation_datasets().remove_from_experiments(&ctx, &dataset, experiments).await?))
}
