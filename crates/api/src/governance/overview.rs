//! The loop at a glance.

use app::App;
use app::governance::overview::{Attention, Place, Stage};
use app::serving::deployment::DeploymentStatus;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// Where the loop stands, what needs somebody, what is served.
#[derive(Serialize, ToSchema)]
pub struct OverviewBody {
    /// The eight stages, in the order of the loop.
    stages: Vec<StageBody>,
    /// What needs somebody, newest first.
    attention: Vec<AttentionBody>,
    /// What is served.
    serving: Vec<ServingBody>,
}

/// One stage of the loop.
#[derive(Serialize, ToSchema)]
pub struct StageBody {
    /// `collect`, `analyse`, `prepare`, `train`, `validate`, `serve`, `monitor` or `retrain`.
    stage: &'static str,
    /// `ok`, `running`, `waiting`, `warn` or `failed`.
    state: &'static str,
    /// The newest thing.
    headline: String,
    /// More about it.
    detail: String,
    /// Its page.
    link: String,
}

/// Something that needs somebody.
#[derive(Serialize, ToSchema)]
pub struct AttentionBody {
    /// `alert`, `data`, `deployment`, `approval` or `pipeline`.
    kind: &'static str,
    /// `warn`, `failed` or `alarm`.
    severity: &'static str,
    /// What it is, in words.
    text: String,
    /// Its page.
    link: String,
    /// Since when, in epoch milliseconds.
    time_ms: i64,
}

/// A version that answers.
#[derive(Serialize, ToSchema)]
pub struct ServingBody {
    /// The deployment.
    deployment: String,
    /// The registered model.
    model: String,
    /// Its version.
    version: i64,
    /// `starting`, `ready`, `degraded` or `failed`; `canary` for a version on trial.
    state: String,
    /// Requests per minute over the last minutes.
    requests_per_min: f64,
    /// Share of failures over the last minutes.
    error_rate: f64,
    /// 99th percentile of the latency over the last minutes, in milliseconds; absent without requests.
    p99_ms: Option<f64>,
}

/// Shows where the loop stands.
#[utoipa::path(get, path = "/overview", tag = "governance",
    responses((status = 200, body = OverviewBody), (status = "default", body = Problem)))]
pub async fn overview(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<OverviewBody>, Problem> {
    let found = app.overview(&ctx).await?;
    Ok(Json(OverviewBody {
        stages: found.stages.into_iter().map(Into::into).collect(),
        attention: found.attention.into_iter().map(Into::into).collect(),
        serving: found.serving.iter().flat_map(routes).collect(),
    }))
}

fn link(place: &Place) -> String {
    match place {
        Place::Datasets => "/data".to_owned(),
        Place::Dataset(name) => format!("/data/{name}"),
        Place::Pipelines => "/pipelines".to_owned(),
        Place::PipelineRun(id) => format!("/pipeline-runs/{id}"),
        Place::Models => "/models".to_owned(),
        Place::Deployments => "/deploy".to_owned(),
        Place::Deployment(name) => format!("/deploy/{name}"),
        Place::Monitors => "/monitor".to_owned(),
        Place::Monitor(name) => format!("/monitor/{name}"),
    }
}

impl From<Stage> for StageBody {
    fn from(stage: Stage) -> Self {
        Self {
            link: link(&stage.place),
            stage: stage.stage,
            state: stage.state,
            headline: stage.headline,
            detail: stage.detail,
        }
    }
}

impl From<Attention> for AttentionBody {
    fn from(item: Attention) -> Self {
        Self {
            link: link(&item.place),
            kind: item.kind,
            severity: item.severity,
            text: item.text,
            time_ms: item.time_ms.millis(),
        }
    }
}

/// The version that has the traffic, and the one on trial.
fn routes(status: &DeploymentStatus) -> Vec<ServingBody> {
    let deployment = &status.deployment;
    let on_trial = status.active_rollout.as_ref().map(|rollout| (rollout.model.to_string(), rollout.version));
    let live = deployment.live.as_ref().map(|live| (live.model.to_string(), live.version));
    let state = match serde_json::to_value(status.state) {
        Ok(serde_json::Value::String(word)) => word,
        _ => unreachable!("a deployment's state serialises to a word"),
    };
    let row = |(model, version): (String, i64), state: String| {
        let route =
            status.routes.iter().find(|route| route.model.as_str() == model && route.version == version);
        let rates = route.map(|route| &route.rates);
        ServingBody {
            deployment: deployment.name.to_string(),
            model,
            version,
            state,
            requests_per_min: rates.map_or(0.0, |rates| rates.requests_per_min),
            error_rate: rates.map_or(0.0, |rates| rates.error_rate),
            p99_ms: rates.and_then(|rates| rates.p99_ms),
        }
    };
    let live = live.map(|live| row(live, state));
    let on_trial = on_trial.map(|version| row(version, "canary".to_owned()));
    live.into_iter().chain(on_trial).collect()
}
