//! What a run hangs together with: data and models that it read, models that it made, runs above and below it.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::{App, Context, Error};
use axum::extract::State;
use domain::tracking::experiment::Lifecycle;
use domain::tracking::input::DatasetInput;
use domain::tracking::logged_model::{LoggedModel, LoggedModelStatus, ModelMetric};
use domain::tracking::metric::Metric;
use domain::tracking::run::{PARENT_TAG, Run};
use domain::{Id, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::run::{id, status_word};
use crate::{Ctx, Json, Path, Problem};

/// Nested runs that are listed.
const MAX_CHILDREN: i64 = 200;
/// The tag of a data set's reading that says what it was read for.
const CONTEXT_TAG: &str = "mlflow.data.context";

/// A data set that a run read, as its client describes it.
#[derive(Serialize, ToSchema)]
pub struct RunDatasetBody {
    /// Its name.
    name: String,
    /// A short hash of its contents, by the client.
    digest: String,
    /// What it was read for, such as `training`; empty when nobody said.
    context: String,
    /// The kind of its source.
    source_type: String,
    /// Its source as JSON text.
    source: String,
    /// Its schema as JSON text.
    schema: Option<String>,
    /// Its profile as JSON text.
    profile: Option<String>,
}

impl From<DatasetInput> for RunDatasetBody {
    fn from(input: DatasetInput) -> Self {
        let context = input.tags.into_iter().find(|tag| tag.key == CONTEXT_TAG);
        Self {
            context: context.map(|tag| tag.value).unwrap_or_default(),
            name: input.dataset.name,
            digest: input.dataset.digest,
            source_type: input.dataset.source_type,
            source: input.dataset.source,
            schema: input.dataset.schema,
            profile: input.dataset.profile,
        }
    }
}

/// A version of a registered model.
#[derive(Serialize, ToSchema)]
pub struct RegistrationBody {
    /// The model.
    name: String,
    /// The version.
    version: i64,
    /// Aliases that point at it.
    aliases: Vec<String>,
}

/// A model that code logged.
#[derive(Serialize, ToSchema)]
pub struct LoggedModelBody {
    /// Its id, `m-…`.
    id: String,
    /// What the code calls it.
    name: String,
    /// A word of the client.
    model_type: String,
    /// `pending`, `ready` or `upload_failed`.
    status: &'static str,
    /// The run that made it.
    run: Option<String>,
    /// When it was made, in epoch milliseconds.
    created_ms: i64,
    /// Settings.
    params: BTreeMap<String, String>,
    /// The newest value of each of its metrics.
    metrics: BTreeMap<String, f64>,
    /// Where it is registered.
    registered: Vec<RegistrationBody>,
}

/// A run, by its name.
#[derive(Serialize, ToSchema)]
pub struct RunLinkBody {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// How it stands.
    status: String,
    /// When it started, in epoch milliseconds.
    start_ms: Option<i64>,
}

/// What a run hangs together with.
#[derive(Serialize, ToSchema)]
pub struct RunLinksBody {
    /// Whether it is marked as deleted.
    deleted: bool,
    /// Where its files are, as clients write it.
    artifact_uri: String,
    /// Data sets that it read.
    datasets: Vec<RunDatasetBody>,
    /// Models that it read.
    models_read: Vec<LoggedModelBody>,
    /// Models that its code made.
    models: Vec<LoggedModelBody>,
    /// Registered versions that came from it, newest first.
    versions: Vec<RegistrationBody>,
    /// The run that it is nested in.
    parent: Option<RunLinkBody>,
    /// Runs that are nested in it, up to 200, newest first.
    children: Vec<RunLinkBody>,
}

fn link(run: &Run) -> RunLinkBody {
    RunLinkBody {
        id: run.info.id.to_string(),
        name: run.info.name.clone(),
        status: status_word(run.info.status),
        start_ms: Some(run.info.start).filter(|start| start.millis() > 0).map(Timestamp::millis),
    }
}

async fn model_body(app: &App, ctx: &Context, model: LoggedModel) -> Result<LoggedModelBody, Error> {
    let mut registered = Vec::new();
    for (name, version) in &model.registrations {
        let name = crate::registry::model::name(name)?;
        // A version that was deleted since is no place where it is registered.
        if let Ok(found) = app.models().version(ctx, &name, *version).await {
            registered.push(RegistrationBody {
                name: name.to_string(),
                version: *version,
                aliases: found.aliases,
            });
        }
    }
    Ok(LoggedModelBody {
        id: model.public_id(),
        name: model.name,
        model_type: model.model_type,
        status: match model.status {
            LoggedModelStatus::Pending => "pending",
            LoggedModelStatus::Ready => "ready",
            LoggedModelStatus::UploadFailed => "upload_failed",
        },
        run: model.source_run.map(|id| id.to_string()),
        created_ms: model.created.millis(),
        params: model.params.into_iter().map(|param| (param.key, param.value)).collect(),
        metrics: newest(model.metrics),
        registered,
    })
}

/// The newest value of each metric.
fn newest(points: Vec<ModelMetric>) -> BTreeMap<String, f64> {
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    for ModelMetric { metric, .. } in points {
        let place = |metric: &Metric| (metric.step, metric.timestamp_ms);
        if found.get(&metric.key).is_none_or(|known| place(known) <= place(&metric)) {
            found.insert(metric.key.clone(), metric);
        }
    }
    found.into_iter().map(|(key, metric)| (key, metric.value)).collect()
}

/// Shows what a run hangs together with.
#[utoipa::path(get, path = "/runs/{id}/links", tag = "tracking",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = RunLinksBody), (status = "default", body = Problem)))]
pub async fn links(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<RunLinksBody>, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    let mut models = Vec::new();
    for model in app.logged_models().of_run(&ctx, &run.info.id).await? {
        models.push(model_body(&app, &ctx, model).await?);
    }
    let mut models_read = Vec::new();
    for id in &run.model_inputs {
        // One that is deleted since is read no more.
        if let Ok(model) = app.logged_models().get(&ctx, id, true).await {
            models_read.push(model_body(&app, &ctx, model).await?);
        }
    }
    let versions = app.models().versions_of_run(&ctx, &run.info.id).await?;
    let version = |found: domain::registry::model_version::ModelVersion| RegistrationBody {
        name: found.name.to_string(),
        version: found.version,
        aliases: found.aliases,
    };
    let (parent, children) = (parent(&app, &ctx, &run).await, children(&app, &ctx, &run).await?);
    Ok(Json(RunLinksBody {
        deleted: run.info.lifecycle == Lifecycle::Deleted,
        artifact_uri: run.info.artifact_uri,
        datasets: run.datasets.into_iter().map(Into::into).collect(),
        models_read,
        models,
        versions: versions.into_iter().map(version).collect(),
        parent,
        children,
    }))
}

/// The run that the parent tag names; clients may write anything there.
async fn parent(app: &App, ctx: &Context, run: &Run) -> Option<RunLinkBody> {
    let id = run.tag(PARENT_TAG).and_then(Id::parse)?;
    app.runs().get(ctx, &id).await.ok().as_ref().map(link)
}

async fn children(app: &App, ctx: &Context, run: &Run) -> Result<Vec<RunLinkBody>, Error> {
    let request = SearchRequest {
        experiments: vec![run.info.experiment],
        filter: format!("tags.`{PARENT_TAG}` = '{}'", run.info.id),
        max_results: MAX_CHILDREN,
        ..SearchRequest::default()
    };
    Ok(app.runs().search(ctx, &request).await?.items.iter().map(link).collect())
}
