//! Runs that go to another experiment, and copies of runs and experiments.

use app::{App, Error};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::run::id;
use crate::{Ctx, Json, Problem};

/// Which runs go where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelocateBody {
    /// Their ids: at most 1,000 to be moved, 100 to be copied.
    runs: Vec<String>,
    /// Name or number of an experiment.
    to: String,
}

/// Runs that were moved.
#[derive(Serialize, ToSchema)]
pub struct MovedBody {
    /// The number of the experiment where they are now.
    experiment: String,
    /// Their ids.
    runs: Vec<String>,
}

/// Moves runs to another experiment, all or none, with all that they logged and their logged models. Their files stay
/// where they are and are found as before.
#[utoipa::path(post, path = "/runs/move", tag = "tracking", request_body = RelocateBody,
    responses((status = 200, body = MovedBody), (status = "default", body = Problem)))]
pub async fn move_runs(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RelocateBody>,
) -> Result<Json<MovedBody>, Problem> {
    let ids = body.runs.iter().map(|text| id(text)).collect::<Result<Vec<_>, Error>>()?;
    let target = app.experiments().named(&ctx, &body.to).await?.id;
    app.runs().move_to(&ctx, ids, target).await?;
    Ok(Json(MovedBody { experiment: target.to_string(), runs: body.runs }))
}

/// A run and its copy.
#[derive(Serialize, ToSchema)]
pub struct RunCopyBody {
    /// The run.
    source: String,
    /// Its copy, whose tag `volano.copiedFrom` names the run.
    run: String,
}

/// Copies that were made.
#[derive(Serialize, ToSchema)]
pub struct RunCopiesBody {
    /// The number of the experiment where they are.
    experiment: String,
    /// Each run with its copy.
    copies: Vec<RunCopyBody>,
}

/// Copies runs into another experiment, all or none, with all that they logged and their logged models. Files are shared
/// by content.
#[utoipa::path(post, path = "/runs/copy", tag = "tracking", request_body = RelocateBody,
    responses((status = 200, body = RunCopiesBody), (status = "default", body = Problem)))]
pub async fn copy_runs(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RelocateBody>,
) -> Result<Json<RunCopiesBody>, Problem> {
    let ids = body.runs.iter().map(|text| id(text)).collect::<Result<Vec<_>, Error>>()?;
    let target = app.experiments().named(&ctx, &body.to).await?.id;
    let copies = app.runs().copy_to(&ctx, ids, target).await?;
    let copies = copies
        .into_iter()
        .map(|copied| RunCopyBody { source: copied.source.to_string(), run: copied.copy.to_string() })
        .collect();
    Ok(Json(RunCopiesBody { experiment: target.to_string(), copies }))
}

/// Which experiment is copied where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyExperimentBody {
    /// Name or number of the experiment.
    experiment: String,
    /// Name of the other one; a name that is new makes one with the same tags.
    to: String,
}

/// What the copy of an experiment came to.
#[derive(Serialize, ToSchema)]
pub struct ExperimentCopyBody {
    /// The number of the experiment where the copies are.
    experiment: String,
    /// Runs that were copied.
    copied: usize,
    /// Runs that had a copy there already.
    skipped: usize,
}

/// Copies the runs of an experiment into another. Done again, it copies what has no copy there yet.
#[utoipa::path(post, path = "/experiments/copy", tag = "tracking", request_body = CopyExperimentBody,
    responses((status = 200, body = ExperimentCopyBody), (status = "default", body = Problem)))]
pub async fn copy_experiment(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<CopyExperimentBody>,
) -> Result<Json<ExperimentCopyBody>, Problem> {
    let source = app.experiments().named(&ctx, &body.experiment).await?.id;
    let done = app.experiments().copy(&ctx, source, &body.to).await?;
    Ok(Json(ExperimentCopyBody {
        experiment: done.experiment.to_string(),
        copied: done.copied,
        skipped: done.skipped,
    }))
}
