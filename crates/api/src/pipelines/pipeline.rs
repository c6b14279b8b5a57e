//! Pipelines: one per project that the server was started with.

use app::App;
use app::pipelines::project::ProjectRecord;
use axum::extract::State;
use domain::pipelines::project::{Problem as FileProblem, Project};
use serde::Serialize;
use utoipa::ToSchema;

use super::pipeline_run::RunBody;
use crate::{Ctx, Json, Path, Problem};

/// A step in the picture of a pipeline.
#[derive(Serialize, ToSchema)]
pub struct GraphStep {
    /// The step.
    name: String,
    /// `sql`, `run`, `notebook` or `evaluate`.
    kind: &'static str,
    /// What it reads: `data.flights`, `prepare.features`.
    inputs: Vec<String>,
    /// What it makes: `prepare.features`.
    outputs: Vec<String>,
    /// What it is cut by: `month(time_hour)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

/// The steps of a project, upstream first.
pub fn graph(project: &Project) -> Vec<GraphStep> {
    project
        .steps
        .iter()
        .map(|step| GraphStep {
            name: step.name.to_string(),
            kind: step.action.kind(),
            inputs: step.inputs.iter().map(|input| input.from.to_string()).collect(),
            outputs: step.outputs.iter().map(|output| format!("{}.{}", step.name, output.name)).collect(),
            by: step.by.as_ref().map(ToString::to_string),
        })
        .collect()
}

/// Something wrong in a project file.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// The file.
    file: String,
    /// Line, from 1.
    line: u64,
    /// Column in characters, from 1.
    column: u64,
    /// What is wrong.
    message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl From<FileProblem> for ProblemBody {
    fn from(problem: FileProblem) -> Self {
        let FileProblem { file, line, column, message, help } = problem;
        Self { file, line, column, message, help }
    }
}

/// A pipeline.
#[derive(Serialize, ToSchema)]
pub struct PipelineBody {
    /// The project's name.
    name: String,
    /// The project's folder on the server.
    root: String,
    /// What it is for: problem, metric, target, slices, owners, label.
    objective: serde_json::Value,
    /// The parameters a run may set, with default, min, max, choices.
    params: serde_json::Value,
    /// The steps, upstream first.
    graph: Vec<GraphStep>,
    /// The deployment that accepted models go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    /// What is wrong with the file as it is now; the last valid definition is in force.
    problems: Vec<ProblemBody>,
    /// The newest run.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<RunBody>,
    /// How many runs there have been.
    runs: i64,
    /// When the file last changed.
    updated_ms: i64,
}

/// A list of pipelines.
#[derive(Serialize, ToSchema)]
pub struct PipelineList {
    /// By name.
    items: Vec<PipelineBody>,
}

async fn body(app: &App, ctx: &app::Context, record: ProjectRecord) -> Result<PipelineBody, Problem> {
    let last = app.pipelines().runs(ctx, record.name.as_str(), None, 1).await?.into_iter().next();
    let to_json = |value: serde_json::Result<serde_json::Value>| value.map_err(app::Error::internal);
    Ok(PipelineBody {
        name: record.name.to_string(),
        root: record.root,
        objective: to_json(serde_json::to_value(&record.definition.objective))?,
        params: to_json(serde_json::to_value(&record.definition.params))?,
        graph: graph(&record.definition),
        deployment: record.definition.deploy.as_ref().map(|deploy| deploy.to.to_string()),
        problems: record.problems.into_iter().map(Into::into).collect(),
        runs: last.as_ref().map_or(0, |run| run.number),
        last_run: last.map(Into::into),
        updated_ms: record.updated.millis(),
    })
}

/// Lists the pipelines of this server.
#[utoipa::path(get, path = "/pipelines", tag = "pipelines",
    responses((status = 200, body = PipelineList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<PipelineList>, Problem> {
    let mut items = Vec::new();
    for record in app.projects().list(&ctx).await? {
        items.push(body(&app, &ctx, record).await?);
    }
    Ok(Json(PipelineList { items }))
}

/// One pipeline.
#[utoipa::path(get, path = "/pipelines/{name}", tag = "pipelines",
    params(("name" = String, Path, description = "The project")),
    responses((status = 200, body = PipelineBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<PipelineBody>, Problem> {
    let record = app.projects().refresh(&ctx, &name).await?;
    Ok(Json(body(&app, &ctx, record).await?))
}

/// What a check of the project file found.
#[derive(Serialize, ToSchema)]
pub struct CheckBody {
    /// Whether the file can be run.
    ok: bool,
    /// Everything that is wrong, in the order of the file.
    problems: Vec<ProblemBody>,
}

/// Reads the project file as it is now and says everything that is wrong with it.
#[utoipa::path(post, path = "/pipelines/{name}/check", tag = "pipelines",
    params(("name" = String, Path, description = "The project")),
    responses((status = 200, body = CheckBody), (status = "default", body = Problem)))]
pub async fn check(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<CheckBody>, Problem> {
    let problems: Vec<ProblemBody> =
        app.projects().check(&ctx, &name).await?.into_iter().map(Into::into).collect();
    Ok(Json(CheckBody { ok: problems.is_empty(), problems }))
}
