//! What is taken over from other stores: records with their ids, times and people, and what is here for comparing.

use app::tracking::import::{Batch, Outcome, Question, State as Stand, Taken};
use app::{App, Error};
use axum::extract::State;
use domain::Id;
use domain::registry::import::ModelRecord;
use domain::tracking::import::evaluation::{EvaluationDatasetRecord, EvaluationRecordsRecord, ScorerRecord};
use domain::tracking::import::trace::{TraceRecord, TraceSpansRecord};
use domain::tracking::import::{ExperimentRecord, LoggedModelRecord, RunPointsRecord, RunRecord};
use domain::tracking::trace::TraceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// Things of another store.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    /// Where they come from, for the audit log.
    source: String,
    /// Experiments: `id`, `name`, `deleted`, `created`, `updated` (epoch milliseconds), `tags`. Number 0 is the default
    /// experiment; one whose name is here already is merged, one whose number is taken is given another.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    experiments: Vec<ExperimentRecord>,
    /// Runs without their points: `id`, `experiment` (its number here), `name`, `user`, `status`, `start`, `end`, `deleted`,
    /// `params`, `tags`, `datasets`, `model_inputs`, `model_outputs`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    runs: Vec<RunRecord>,
    /// Points of runs that are here: `run`, `points` of `key`, `step`, `time`, `value` (a number, `NaN`, `Infinity`,
    /// `-Infinity`). The same points again change nothing.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    points: Vec<RunPointsRecord>,
    /// Logged models: `id` (without `m-`), `experiment` (its number here), `name`, `model_type`, `source_run`, `status`,
    /// `deleted`, `created`, `updated`, `params`, `tags`, `metrics`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    logged_models: Vec<LoggedModelRecord>,
    /// Registered models: `name`, `description`, `created`, `updated`, `last_version`, `tags`, `aliases`, `versions`. The
    /// files of a version are those that `files` names, as they are here now.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    models: Vec<ModelRecord>,
    /// Traces without their spans: `id`, `experiment` (its number here), `start`, `duration_ms`, `state`,
    /// `client_request_id`, `request_preview`, `response_preview`, `tags` and `metadata` (objects), `assessments`, `runs`,
    /// `prompts`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    traces: Vec<TraceRecord>,
    /// Spans of traces that are here: `trace`, `spans` as MLflow keeps them. The same spans again change nothing.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    spans: Vec<TraceSpansRecord>,
    /// Evaluation data sets without their records: `id` (without `d-`), `name`, `digest`, `schema`, `created`, `updated`,
    /// `created_by`, `updated_by`, `tags`, `experiments` (numbers here).
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    evaluation_datasets: Vec<EvaluationDatasetRecord>,
    /// Records of evaluation data sets that are here: `dataset`, `records` of `id` (without `dr-`), `inputs`, `outputs`,
    /// `expectations`, `tags`, `source`, `created`, `updated`, `created_by`, `updated_by`. The same again change nothing.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    evaluation_records: Vec<EvaluationRecordsRecord>,
    /// Scorers: `id`, `experiment` (its number here), `name`, `versions` of `version`, `definition`, `created`; `online` of
    /// `id`, `sample_rate`, `filter`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    scorers: Vec<ScorerRecord>,
}

/// What became of one thing.
#[derive(Serialize, ToSchema)]
pub struct OutcomeBody {
    /// `experiment`, `run`, `points`, `logged_model`, `model`, `trace`, `spans`, `evaluation_dataset`, `evaluation_records` or
    /// `scorer`.
    noun: &'static str,
    /// Its id or name in the other store.
    id: String,
    /// Its id or name here.
    here: String,
    /// `made`, `here` (it was there with the same content), `merged` (it got what it lacked: tags of an
    /// experiment, files of a model's versions) or `refused`.
    taken: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Outcome> for OutcomeBody {
    fn from(outcome: Outcome) -> Self {
        let (taken, reason) = match outcome.taken {
            Taken::Made => ("made", None),
            Taken::Here => ("here", None),
            Taken::Merged => ("merged", None),
            Taken::Refused(reason) => ("refused", Some(reason)),
        };
        Self { noun: outcome.noun, id: outcome.id, here: outcome.here, taken, reason }
    }
}

/// What became of all.
#[derive(Serialize, ToSchema)]
pub struct OutcomeList {
    /// In the order of the request: experiments, runs, points, logged models, models, traces, spans, evaluation data sets,
    /// their records, scorers.
    items: Vec<OutcomeBody>,
}

/// What to look at.
#[derive(Deserialize, ToSchema)]
#[schema(as = ImportCheck)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// Names of experiments.
    #[serde(default)]
    experiments: Vec<String>,
    /// Ids of runs.
    #[serde(default)]
    runs: Vec<String>,
    /// Ids of logged models, without `m-`.
    #[serde(default)]
    logged_models: Vec<String>,
    /// Names of registered models.
    #[serde(default)]
    models: Vec<String>,
    /// Ids of traces.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    traces: Vec<TraceId>,
    /// Ids of evaluation data sets, without `d-`.
    #[serde(default)]
    evaluation_datasets: Vec<String>,
    /// Ids of scorers.
    #[serde(default)]
    scorers: Vec<String>,
    /// Also the files of runs, logged models and traces.
    #[serde(default)]
    files: bool,
}

/// A thing that is here.
#[derive(Serialize, ToSchema)]
pub struct StateBody {
    /// `experiment`, `run`, `logged_model`, `model`, `trace`, `evaluation_dataset` or `scorer`.
    noun: &'static str,
    /// Its name (experiments, models) or id.
    id: String,
    /// An experiment's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment: Option<i64>,
    /// Whether an experiment is marked as deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    /// An experiment's tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagBody>>,
    /// The hash of all that it says; empty for experiments.
    digest: String,
    /// How many points a run has.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<u64>,
    /// The sum of the hashes of a run's points, which does not depend on their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    points_sum: Option<String>,
    /// How many spans a trace has, or records an evaluation data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<u64>,
    /// The sum of their hashes, which does not depend on their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts_sum: Option<String>,
    /// Where its files go, as `mlflow-artifacts:/…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// Its files, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileBody>>,
    /// How many files each version of a model has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<VersionFilesBody>,
}

/// A tag.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedTag)]
pub struct TagBody {
    /// Its key.
    key: String,
    /// Its value.
    value: String,
}

/// A file that is here.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedFile)]
pub struct FileBody {
    /// Below the place.
    path: String,
    /// Bytes.
    size: i64,
    /// The BLAKE3 hash of its bytes.
    hash: String,
}

/// How many files a version has.
#[derive(Serialize, ToSchema)]
pub struct VersionFilesBody {
    /// The version.
    version: i64,
    /// Its files.
    files: i64,
}

impl From<Stand> for StateBody {
    fn from(state: Stand) -> Self {
        let (deleted, tags) = match state.record {
            Some(record) => (Some(record.deleted), Some(record.tags)),
            None => (None, None),
        };
        let tag = |(key, value)| TagBody { key, value };
        let files = state.files.map(|files| {
            let file = |file: app::tracking::import::FileState| FileBody {
                path: file.path,
                size: file.size,
                hash: file.hash,
            };
            files.into_iter().map(file).collect()
        });
        let (points, points_sum) = state.points.unzip();
        let (parts, parts_sum) = state.parts.unzip();
        let versions = state.version_files.into_iter();
        Self {
            noun: state.noun,
            id: state.id,
            experiment: state.experiment.map(domain::tracking::experiment::ExperimentId::number),
            deleted,
            tags: tags.map(|tags| tags.into_iter().map(tag).collect()),
            digest: state.digest,
            points,
            points_sum,
            parts,
            parts_sum,
            place: state.place,
            files,
            versions: versions.map(|(version, files)| VersionFilesBody { version, files }).collect(),
        }
    }
}

/// Those of the things that are here.
#[derive(Serialize, ToSchema)]
pub struct StateList {
    /// In the order of the request, without those that are not here.
    items: Vec<StateBody>,
}

/// Takes over things of another store under their own ids, times and people. For administrators.
#[utoipa::path(post, path = "/import", tag = "tracking", request_body = ImportBody,
    responses((status = 200, body = OutcomeList), (status = "default", body = Problem)))]
pub async fn store(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<ImportBody>,
) -> Result<Json<OutcomeList>, Problem> {
    let batch = Batch {
        source: body.source,
        experiments: body.experiments,
        runs: body.runs,
        points: body.points,
        logged_models: body.logged_models,
        models: body.models,
        traces: body.traces,
        spans: body.spans,
        evaluation_datasets: body.evaluation_datasets,
        evaluation_records: body.evaluation_records,
        scorers: body.scorers,
    };
    let outcomes = app.imports().store(&ctx, batch).await?;
    Ok(Json(OutcomeList { items: outcomes.into_iter().map(Into::into).collect() }))
}

/// Says which things of another store are here, with hashes for comparing. For administrators.
#[utoipa::path(post, path = "/import/check", tag = "tracking", request_body = CheckBody,
    responses((status = 200, body = StateList), (status = "default", body = Problem)))]
pub async fn check(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<CheckBody>,
) -> Result<Json<StateList>, Problem> {
    let ids = |field: &str, texts: Vec<String>| -> Result<Vec<Id>, Error> {
        let parse = |text: String| {
            Id::parse(&text).ok_or_else(|| Error::invalid(field, format!("{text:?} is not an id")))
        };
        texts.into_iter().map(parse).collect()
    };
    let question = Question {
        experiments: body.experiments,
        runs: ids("runs", body.runs)?,
        logged_models: ids("logged_models", body.logged_models)?,
        models: body.models,
        traces: body.traces,
        evaluation_datasets: ids("evaluation_datasets", body.evaluation_datasets)?,
        scorers: ids("scorers", body.scorers)?,
        files: body.files,
    };
    let states = app.imports().check(&ctx, &question).await?;
    Ok(Json(StateList { items: states.into_iter().map(Into::into).collect() }))
}
