//! Deployments: what answers requests.

use app::App;
use app::serving::deployment::{DeploymentStatus, RolledBack, RouteRole, RouteStatus};
use axum::extract::State;
use domain::Name;
use domain::serving::{DeploymentSpec, RolloutPlan, ServedVersion, Share, parse_duration_ms};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::rollout::RolloutBody;
use crate::{Ctx, Json, Path, Problem};

/// A deployment: what was declared and what it does now.
#[derive(Serialize, ToSchema)]
pub struct DeploymentBody {
    /// Its name: part of the scoring address `/serve/NAME`.
    name: String,
    /// The model reference that it follows.
    model: String,
    /// The shares by which a new version takes over.
    #[schema(value_type = Vec<String>)]
    canary: Vec<Share>,
    /// How long each share lasts.
    every_ms: i64,
    /// Conditions that end a rollout.
    rollback: Vec<String>,
    /// Longest time a request may take.
    timeout_ms: i64,
    /// Worker processes per version.
    workers: u32,
    /// Requests that may wait.
    queue: u32,
    /// `empty`, `starting`, `ready`, `degraded`, `failed`.
    #[schema(value_type = String)]
    state: domain::serving::DeploymentState,
    /// What it waits for, or why it failed.
    message: Option<String>,
    /// The version that has the traffic.
    live: Option<ServedBody>,
    /// Versions served before, the newest last; a rollback returns to that.
    history: Vec<ServedBody>,
    /// The rollout under way.
    rollout: Option<RolloutBody>,
    /// The versions in memory.
    routes: Vec<RouteBody>,
    /// Requests since the server started.
    requests: u64,
    /// Requests per minute over the last minutes.
    requests_per_min: f64,
    /// Share of failures over the last minutes, 0 to 1.
    error_rate: f64,
    /// Median latency over the last minutes; null without requests.
    p50_ms: Option<f64>,
    /// 99th percentile of the latency over the last minutes.
    p99_ms: Option<f64>,
    /// Rows to try it with.
    example: Option<ExampleBody>,
    /// Grows with every change of what is declared.
    generation: i64,
    /// When it was made.
    created_ms: i64,
    /// When what is declared changed last.
    updated_ms: i64,
}

/// Rows that the model was logged with.
#[derive(Serialize, ToSchema)]
pub struct ExampleBody {
    /// One object per row.
    #[schema(value_type = Vec<Value>)]
    rows: Vec<serde_json::Map<String, Value>>,
}

/// A version that is or was served.
#[derive(Serialize, ToSchema)]
pub struct ServedBody {
    /// The registered model.
    model: String,
    /// Its version.
    version: i64,
    /// Since when it had the traffic.
    since_ms: i64,
}

/// A version in memory.
#[derive(Serialize, ToSchema)]
pub struct RouteBody {
    /// The registered model.
    model: String,
    /// Its version.
    version: i64,
    /// `live`, `canary`, or `warm`: kept for a rollback.
    route: &'static str,
    /// Its share of the traffic, 0 to 1.
    share: f64,
    /// `loading`, `ready`, `failing`, `failed`.
    state: &'static str,
    /// Why it fails.
    message: Option<String>,
    /// `python` or `onnx`; null until it is loaded.
    #[schema(value_type = Option<String>)]
    runtime: Option<app::serving::inference::RuntimeKind>,
    /// Why this runtime.
    runtime_reason: Option<String>,
    /// The largest difference to the Python model on the example, when compared.
    max_delta: Option<f64>,
    /// Since when it has the traffic, or its share of it.
    since_ms: i64,
    /// Requests since it was loaded.
    requests: u64,
    /// Failures among them.
    errors: u64,
    /// Requests per minute over the last minutes.
    requests_per_min: f64,
    /// Share of failures over the last minutes, 0 to 1.
    error_rate: f64,
    /// Median latency.
    p50_ms: Option<f64>,
    /// 99th percentile of the latency.
    p99_ms: Option<f64>,
}

/// A list of deployments.
#[derive(Serialize, ToSchema)]
pub struct DeploymentList {
    /// By name.
    items: Vec<DeploymentBody>,
}

/// What a deployment is to serve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyBody {
    /// A model reference: `flights@champion`, which follows the alias, or `flights:3`.
    model: String,
    /// Shares by which a new version takes over, such as `["5%", "25%", "100%"]`; absent: all at once.
    #[schema(value_type = Option<Vec<String>>)]
    canary: Option<Vec<Share>>,
    /// How long each share lasts, such as `30m`.
    every: Option<String>,
    /// Conditions that end a rollout: `error_rate > 1%`, `psi(prediction) > 0.25`, `latency_p99 > 50ms`.
    #[serde(default)]
    rollback: Vec<String>,
    /// Longest time a request may take, in milliseconds (30,000).
    timeout_ms: Option<i64>,
    /// Worker processes per version (1).
    workers: Option<u32>,
    /// Requests that may wait (256).
    queue: Option<u32>,
}

/// Why the traffic is taken back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RollbackBody {
    /// For the record.
    #[schema(required = false)]
    reason: Option<String>,
}

/// What a rollback did.
#[derive(Serialize, ToSchema)]
pub struct RolledBackBody {
    /// The deployment.
    deployment: String,
    /// The registered model.
    model: String,
    /// The version that was taken back.
    from_version: i64,
    /// The version that has all traffic.
    to_version: i64,
    /// Whether the alias `champion` moved with it.
    alias_moved: bool,
}

impl From<RolledBack> for RolledBackBody {
    fn from(done: RolledBack) -> Self {
        Self {
            deployment: done.deployment.to_string(),
            model: done.model.to_string(),
            from_version: done.from_version,
            to_version: done.to_version,
            alias_moved: done.alias_moved,
        }
    }
}

impl From<ServedVersion> for ServedBody {
    fn from(served: ServedVersion) -> Self {
        Self { model: served.model.to_string(), version: served.version, since_ms: served.since_ms.millis() }
    }
}

impl From<DeploymentStatus> for DeploymentBody {
    fn from(status: DeploymentStatus) -> Self {
        let since = since(&status);
        let routes = status.routes.into_iter().map(|found| route(found, since)).collect();
        let deployment = status.deployment;
        Self {
            name: deployment.name.to_string(),
            model: deployment.spec.model,
            canary: deployment.spec.plan.canary,
            every_ms: deployment.spec.plan.every_ms,
            rollback: deployment.spec.plan.rollback,
            timeout_ms: deployment.spec.timeout_ms,
            workers: deployment.spec.workers,
            queue: deployment.spec.queue,
            state: status.state,
            message: Some(status.message).filter(|text| !text.is_empty()),
            live: deployment.live.map(Into::into),
            history: deployment.history.into_iter().map(Into::into).collect(),
            rollout: status.active_rollout.map(Into::into),
            routes,
            requests: status.rates.requests,
            requests_per_min: status.rates.requests_per_min,
            error_rate: status.rates.error_rate,
            p50_ms: status.rates.p50_ms,
            p99_ms: status.rates.p99_ms,
            example: (!status.example.is_empty()).then_some(ExampleBody { rows: status.example }),
            generation: deployment.generation,
            created_ms: deployment.created_ms.millis(),
            updated_ms: deployment.updated_ms.millis(),
        }
    }
}

/// Since when the live version, the canary and the warm one are what they are.
fn since(status: &DeploymentStatus) -> impl Fn(RouteRole) -> i64 + Copy + use<> {
    let live = status.deployment.live.as_ref().map_or(0, |live| live.since_ms.millis());
    let canary = status.active_rollout.as_ref().map_or(0, |rollout| rollout.started_ms.millis());
    let warm = status.deployment.previous().map_or(0, |previous| previous.since_ms.millis());
    move |role| match role {
        RouteRole::Live => live,
        RouteRole::Canary => canary,
        RouteRole::Warm => warm,
    }
}

fn route(found: RouteStatus, since: impl Fn(RouteRole) -> i64) -> RouteBody {
    let (runtime, reason, max_delta) = match found.runtime {
        Some(report) => (Some(report.runtime), Some(report.reason), report.max_delta),
        None => (None, None, None),
    };
    RouteBody {
        model: found.model.to_string(),
        version: found.version,
        route: match found.role {
            RouteRole::Live => "live",
            RouteRole::Canary => "canary",
            RouteRole::Warm => "warm",
        },
        share: f64::from(found.share.parts()) / f64::from(Share::FULL.parts()),
        state: found.state,
        message: Some(found.message).filter(|text| !text.is_empty()),
        runtime,
        runtime_reason: reason,
        max_delta,
        since_ms: since(found.role),
        requests: found.rates.requests,
        errors: found.rates.errors,
        requests_per_min: found.rates.requests_per_min,
        error_rate: found.rates.error_rate,
        p50_ms: found.rates.p50_ms,
        p99_ms: found.rates.p99_ms,
    }
}

impl ApplyBody {
    fn spec(self) -> Result<DeploymentSpec, app::Error> {
        let every_ms = self.every.as_deref().map(parse_duration_ms).transpose();
        let every_ms = every_ms.map_err(|error| app::Error::invalid("every", error.to_string()))?;
        let standard = DeploymentSpec::following(self.model);
        Ok(DeploymentSpec {
            plan: RolloutPlan {
                canary: self.canary.unwrap_or_else(|| vec![Share::FULL]),
                every_ms: every_ms.unwrap_or(0),
                rollback: self.rollback,
            },
            timeout_ms: self.timeout_ms.unwrap_or(standard.timeout_ms),
            workers: self.workers.unwrap_or(standard.workers),
            queue: self.queue.unwrap_or(standard.queue),
            model: standard.model,
        })
    }
}

pub(super) fn name(text: &str) -> Result<Name, app::Error> {
    Name::parse(text).map_err(|error| app::Error::invalid("name", error.to_string()))
}

/// Lists the deployments.
#[utoipa::path(get, path = "/deployments", tag = "serving",
    responses((status = 200, body = DeploymentList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<DeploymentList>, Problem> {
    let items = app.deployments().list(&ctx).await?;
    Ok(Json(DeploymentList { items: items.into_iter().map(Into::into).collect() }))
}

/// One deployment.
#[utoipa::path(get, path = "/deployments/{name}", tag = "serving",
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = DeploymentBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
) -> Result<Json<DeploymentBody>, Problem> {
    Ok(Json(app.deployments().status(&ctx, &name(&deployment)?).await?.into()))
}

/// Declares what a deployment serves; made when absent, rolled out when the version differs.
#[utoipa::path(put, path = "/deployments/{name}", tag = "serving", request_body = ApplyBody,
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = DeploymentBody), (status = "default", body = Problem)))]
pub async fn apply(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Json(body): Json<ApplyBody>,
) -> Result<Json<DeploymentBody>, Problem> {
    Ok(Json(app.deployments().apply(&ctx, name(&deployment)?, body.spec()?).await?.into()))
}

/// Takes the traffic back: ends a rollout under way, else returns to the version before, and the alias with it.
#[utoipa::path(post, path = "/deployments/{name}/rollback", tag = "serving", request_body = RollbackBody,
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = RolledBackBody), (status = "default", body = Problem)))]
pub async fn rollback(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Json(body): Json<RollbackBody>,
) -> Result<Json<RolledBackBody>, Problem> {
    let reason = body.reason.unwrap_or_else(|| format!("asked by {}", ctx.actor.name));
    Ok(Json(app.deployments().rollback(&ctx, &name(&deployment)?, &reason).await?.into()))
}
