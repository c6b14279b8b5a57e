//! `use: evaluate` steps: the new model and the champion answer the same frozen rows.

use app::pipelines::journal::{FinishedStep, StepInput};
use app::registry::evaluation::{Candidate, EvaluateRequest};
use app::serving::inference::ModelFiles;
use domain::data::{FileId, RelativePath, TreeFile};
use domain::pipelines::step::InputRef;
use domain::pipelines::step_run::{Failure, StepResult};
use domain::registry::alias::CHAMPION;
use domain::registry::model::ModelName;
use tables::TableFile;

use super::sql::within;
use super::{Attempt, checks, off_thread};
use crate::workspace::{self, cut_into, is_cut, table_files};
use crate::{cause, log};

/// The input that is the new model.
const MODEL: &str = "model";
/// The input that holds the rows.
const DATA: &str = "data";

/// Evaluates the unit's model and keeps the record.
pub(crate) async fn execute(attempt: &Attempt) -> Result<FinishedStep, Failure> {
    let project = &attempt.task.project;
    let monitored = project.monitor.performance.as_ref().map(|performance| performance.label.clone());
    let Some(label) = project.objective.label.clone().or(monitored) else {
        return Err(cause::setup(
            "which column holds the truth? name it as `objective.label` in volano.yaml",
        ));
    };
    let files = rows(attempt).await?;
    let (challenger, champion) = tokio::join!(challenger(attempt), champion(attempt));
    let ((challenger, environment), champion) = (challenger?, champion?);
    let request = EvaluateRequest {
        project: Some(project.name.clone()),
        step_run: Some(attempt.task.step_run.id.clone()),
        data: input(attempt, DATA)?.reference.clone(),
        files,
        label,
        slices: project.objective.slices.clone(),
        metric: project.objective.metric.clone(),
        challenger,
        champion,
    };
    let evaluation = within(attempt, attempt.app.evaluations().evaluate(&attempt.ctx, request))
        .await?
        .map_err(|error| cause::setup(format!("the evaluation failed: {error}")))?;
    log::note(&attempt.log(), &evaluation.sentence);
    let mut finished = FinishedStep {
        metrics: evaluation.challenger.values.clone(),
        evaluation: Some(evaluation.id),
        env_key: environment,
        ..FinishedStep::default()
    };
    finished.checks = checks::run(attempt, &finished).await?;
    Ok(finished)
}

fn input<'a>(attempt: &'a Attempt, name: &str) -> Result<&'a StepInput, Failure> {
    attempt.task.inputs.iter().find(|input| input.name.as_str() == name).ok_or_else(|| {
        cause::setup(format!("steps.{}.in: `use: evaluate` needs the input `{name}`", attempt.task.step.name))
    })
}

/// The rows, as files; only those that count.
async fn rows(attempt: &Attempt) -> Result<Vec<TableFile>, Failure> {
    let (store, folder, data) =
        (attempt.app.objects().clone(), attempt.folder(), input(attempt, DATA)?.clone());
    off_thread(move || {
        let broken = |error: std::io::Error| cause::setup(format!("cannot lay out the rows: {error}"));
        if !is_cut(&data) {
            return table_files(&store, &data).map_err(broken);
        }
        workspace::remove(&folder).map_err(broken)?;
        workspace::make(&folder).map_err(broken)?;
        let path = folder.join("data.parquet");
        cut_into(&store, &data, &path).map_err(broken)?;
        Ok(vec![TableFile { name: "data.parquet".to_owned(), path }])
    })
    .await
}

/// The new model, loaded as the server would, and the key of the environment that it was trained in.
async fn challenger(attempt: &Attempt) -> Result<(Candidate, Option<String>), Failure> {
    let model = input(attempt, MODEL)?;
    let file = |file: &domain::pipelines::step_run::OutputFile| {
        let path = RelativePath::parse(&file.path).map_err(|error| cause::setup(error.to_string()))?;
        let file_id = FileId::parse(&file.file_id)
            .ok_or_else(|| cause::setup(format!("{:?} is not the id of a file", file.file_id)))?;
        Ok(TreeFile { path, file_id, size: u64::try_from(file.size).unwrap_or(0), executable: false })
    };
    let files = model.files.iter().map(file).collect::<Result<Vec<_>, Failure>>()?;
    let trained = training(attempt).await?;
    let environment = trained.as_ref().and_then(|result| result.env_key.clone());
    let run = trained.and_then(|result| result.tracked_run);
    let files = ModelFiles { files, environment: environment.clone() };
    let evaluations = attempt.app.evaluations();
    let candidate = evaluations.files(&attempt.ctx, &model.reference, files, run.as_ref()).await;
    Ok((candidate, environment))
}

/// The result of the step that trained the model.
async fn training(attempt: &Attempt) -> Result<Option<StepResult>, Failure> {
    let declared = attempt.task.step.input(MODEL).map(|input| &input.from);
    let Some(InputRef::Step { step: trainer, .. }) = declared else {
        return Ok(None);
    };
    let unreadable = |error: app::Error| cause::setup(format!("the training step cannot be read: {error}"));
    let pipelines = attempt.app.pipelines();
    let status = pipelines.status(&attempt.ctx, &attempt.task.run.id).await.map_err(unreadable)?;
    for step in status.steps.iter().filter(|step| step.step == *trainer) {
        let result = pipelines.step_result(&attempt.ctx, step).await.map_err(unreadable)?;
        if result.is_some() {
            return Ok(result);
        }
    }
    Ok(None)
}

/// The version in service, when there is one.
async fn champion(attempt: &Attempt) -> Result<Option<Candidate>, Failure> {
    let project = attempt.task.project.name.as_str();
    let name = ModelName::parse(project).map_err(|error| cause::setup(error.to_string()))?;
    match attempt.app.models().by_alias(&attempt.ctx, &name, CHAMPION).await {
        Ok(version) => {
            Ok(Some(attempt.app.evaluations().version(&attempt.ctx, &name, version.version).await))
        }
        // Before the first acceptance there is neither the model nor the alias.
        Err(error) if matches!(error.kind(), app::ErrorKind::NotFound | app::ErrorKind::Invalid) => Ok(None),
        Err(error) => Err(cause::setup(format!("the champion cannot be read: {error}"))),
    }
}
