//! Answering requests: the hot path. It never touches the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ::inference::{Error as ModelError, InvalidInput, Output, Request, Signature};
use domain::governance::role::Permission;
use domain::registry::model::ModelName;
use domain::serving::prediction::score;
use domain::serving::{DeploymentState, Prediction, RouteKind};
use domain::{Id, Name};
use serde_json::{Map, Value};

use super::deployment::Deployments;
use super::endpoint::{Endpoint, Route};
use super::inference::Input;
use crate::Context;

/// A question, read as the chosen version's signature asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// Rows or arrays.
    pub input: Input,
    /// Inference parameters.
    pub params: Map<String, Value>,
}

/// What a caller says about a request beside its body.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Keeps requests of one kind on one version during a rollout: a user's id, say.
    pub routing_key: Option<String>,
    /// The caller's id of the request, kept with the prediction.
    pub request_id: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// What the model said.
    pub output: Output,
    /// The answer row by row.
    pub by_row: Vec<Value>,
    /// The predictions' ids, one per row; empty when they could not be logged.
    pub ids: Vec<Id>,
    /// The registered model that answered.
    pub model: ModelName,
    /// Its version.
    pub version: i64,
    /// From the request's arrival to the answer.
    pub latency: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// There is no such deployment.
    #[error("there is no deployment {0:?}")]
    NotFound(String),
    /// The caller may not ask.
    #[error("{0} may not ask for predictions")]
    Forbidden(String),
    /// Nothing is loaded yet.
    #[error("the deployment {deployment:?} is {}: {reason}", state_word(*.state))]
    NotReady {
        /// The deployment.
        deployment: String,
        /// Starting, failed or empty.
        state: DeploymentState,
        /// What it waits for, or why it failed.
        reason: String,
    },
    /// The model, or what stands before it.
    #[error(transparent)]
    Model(#[from] ModelError),
}

fn state_word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Empty => "empty",
        DeploymentState::Starting => "starting",
        DeploymentState::Ready => "ready",
        DeploymentState::Degraded => "degraded",
        DeploymentState::Failed => "failed",
    }
}

impl From<InvalidInput> for PredictError {
    fn from(error: InvalidInput) -> Self {
        Self::Model(error.into())
    }
}

impl Deployments<'_> {
    /// Answers one request. `read` turns its body into what the chosen version's signature asks for.
    ///
    /// A request that the canary fails is answered by the version that has the traffic; the failure counts against
    /// the canary. The predictions are in the log before this returns.
    pub async fn predict<F>(
        &self,
        ctx: &Context,
        name: &str,
        caller: Caller,
        read: F,
    ) -> Result<Answered, PredictError>
    where
        F: Fn(Option<&Signature>) -> Result<Question, InvalidInput>,
    {
        let begun = Instant::now();
        let endpoint = self.endpoint(ctx, name)?;
        let first = ctx.new_id();
        let key = caller.routing_key.as_deref().or(caller.request_id.as_deref()).unwrap_or(first.as_str());
        let Some(route) = endpoint.choose(key) else {
            return Err(self.not_ready(&endpoint.name));
        };
        let asked = Asked { endpoint: &endpoint, begun, first, caller: &caller };
        let answered = match self.ask(ctx, &asked, route, &read).await {
            Err(error) if route.kind == RouteKind::Canary && counts_as_failure(&error) => {
                tracing::warn!(deployment = %endpoint.name, version = route.version, "the canary failed: {error}");
                match endpoint.live() {
                    Some(live) => self.ask(ctx, &asked, live, &read).await,
                    None => Err(error),
                }
            }
            other => other,
        };
        Ok(answered?)
    }

    /// The signature of the version that has the traffic, and its name: for descriptions of an endpoint.
    pub fn describe(&self, ctx: &Context, name: &str) -> Result<Described, PredictError> {
        let endpoint = self.endpoint(ctx, name)?;
        let route = endpoint.live().ok_or_else(|| self.not_ready(&endpoint.name))?;
        Ok(Described {
            deployment: endpoint.name.clone(),
            model: route.model.clone(),
            version: route.version,
            runtime: route.loaded.kind(),
            signature: route.loaded.info().signature.clone(),
        })
    }

    /// Names of the deployments that can be asked.
    pub fn serving_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.serving().endpoints.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn endpoint(&self, ctx: &Context, name: &str) -> Result<Arc<Endpoint>, PredictError> {
        if !ctx.actor.role.allows(Permission::Predict) {
            return Err(PredictError::Forbidden(ctx.actor.name.clone()));
        }
        let endpoints = self.0.serving().endpoints.load();
        endpoints.get(name).cloned().ok_or_else(|| PredictError::NotFound(name.to_owned()))
    }

    fn not_ready(&self, name: &Name) -> PredictError {
        let (state, reason) = self.0.serving().actual(name);
        PredictError::NotReady { deployment: name.to_string(), state, reason }
    }

    async fn ask<F>(
        &self,
        ctx: &Context,
        asked: &Asked<'_>,
        route: &Route,
        read: &F,
    ) -> Result<Answered, ModelError>
    where
        F: Fn(Option<&Signature>) -> Result<Question, InvalidInput>,
    {
        let question = read(route.loaded.info().signature.as_ref())?;
        let request = Request {
            input: question.input.clone(),
            params: question.params,
            deadline: asked.begun + asked.endpoint.timeout,
        };
        let outcome = route.loaded.predict(request).await;
        let latency = asked.begun.elapsed();
        let output = match outcome {
            Ok(output) => output,
            Err(error) => {
                // A full queue says something about the traffic, not about the version.
                if !matches!(error, ModelError::Busy { .. } | ModelError::Input(_)) {
                    route.stats.record(latency, true, std::iter::empty());
                }
                return Err(error);
            }
        };
        let by_row = output.by_row(question.input.rows());
        route.stats.record(latency, false, by_row.iter().filter_map(score));
        let ids = self.log(ctx, asked, route, &question.input, &by_row, latency).await;
        Ok(Answered { output, by_row, ids, model: route.model.clone(), version: route.version, latency })
    }

    /// Hands the predictions to the log; when that fails the answer still goes out, without ids, and is counted.
    async fn log(
        &self,
        ctx: &Context,
        asked: &Asked<'_>,
        route: &Route,
        input: &Input,
        by_row: &[Value],
        latency: Duration,
    ) -> Vec<Id> {
        let time_ms = asked.first.created();
        let predictions: Vec<Prediction> = by_row
            .iter()
            .enumerate()
            .map(|(row, output)| Prediction {
                id: if row == 0 { asked.first.clone() } else { ctx.new_id_at(time_ms) },
                time_ms,
                deployment: asked.endpoint.name.clone(),
                model: route.model.clone(),
                version: route.version,
                route: route.kind,
                features: input.row(row),
                output: output.clone(),
                latency_us: i64::try_from(latency.as_micros()).unwrap_or(i64::MAX),
                request_id: asked.caller.request_id.clone(),
            })
            .collect();
        if predictions.is_empty() {
            return Vec::new();
        }
        let serving = self.0.serving();
        match serving.log.append(&asked.endpoint.name, &predictions).await {
            Ok(()) => predictions.into_iter().map(|prediction| prediction.id).collect(),
            Err(_) => {
                // The writer has said why, once for all that waited.
                serving.unlogged.fetch_add(predictions.len() as u64, Ordering::Relaxed);
                Vec::new()
            }
        }
    }
}

/// A request and where it came in.
struct Asked<'a> {
    endpoint: &'a Endpoint,
    begun: Instant,
    first: Id,
    caller: &'a Caller,
}

/// What an endpoint serves.
#[derive(Clone, Debug)]
pub struct Described {
    /// The deployment.
    pub deployment: Name,
    /// The registered model.
    pub model: ModelName,
    /// Its version.
    pub version: i64,
    /// The engine that answers.
    pub runtime: super::inference::RuntimeKind,
    /// What goes in and comes out.
    pub signature: Option<Signature>,
}

/// Failures that another version may not have.
fn counts_as_failure(error: &ModelError) -> bool {
    !matches!(error, ModelError::Busy { .. })
}
