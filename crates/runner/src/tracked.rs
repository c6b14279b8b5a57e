//! The tracked run of a step: made before the step starts, so that its code logs to it, and ended with the step.

use app::tracking::run::NewRun;
use domain::Id;
use domain::pipelines::step_run::Failure;
use domain::tracking::param::Tag;
use domain::tracking::run::RunStatus;

use crate::cause;
use crate::executor::Attempt;

/// The tag that names the environment of a run's code.
pub(crate) const ENVIRONMENT_TAG: &str = "volano.env";

/// Makes the run, in the experiment named like the project.
pub(crate) async fn create(attempt: &Attempt) -> Result<Id, Failure> {
    let refused = |error: app::Error| cause::setup(format!("the step's run cannot be made: {error}"));
    let (ctx, step_run, run) = (&attempt.ctx, &attempt.task.step_run, &attempt.task.run);
    let experiment =
        attempt.app.experiments().ensure(ctx, step_run.project.as_str()).await.map_err(refused)?;
    let label = step_run.unit.label();
    let unit = if label == "all" { String::new() } else { format!(" {label}") };
    let mut tags = vec![
        Tag::new("volano.step_run", step_run.id.as_str()),
        Tag::new("volano.pipeline_run", run.id.as_str()),
        Tag::new("volano.step", step_run.step.as_str()),
        Tag::new("volano.code", &run.code_tree),
        Tag::new("volano.params", serde_json::json!(attempt.task.params).to_string()),
    ];
    for (source, pinned) in &run.data {
        tags.push(Tag::new(
            format!("volano.data.{source}"),
            format!("{}@v{}", pinned.dataset, pinned.number),
        ));
    }
    let new = NewRun {
        experiment,
        name: Some(format!("{} {}{unit}", step_run.step, run.number)),
        user: Some("volano".to_owned()),
        start: None,
        tags,
    };
    let made = attempt.app.runs().create(ctx, new).await.map_err(refused)?;
    Ok(made.info.id)
}

/// Notes the environment that the step's code runs in.
pub(crate) async fn set_environment(attempt: &Attempt, run: &Id, key: &str) -> Result<(), Failure> {
    attempt
        .app
        .runs()
        .set_tag(&attempt.ctx, run, Tag::new(ENVIRONMENT_TAG, key))
        .await
        .map_err(|error| cause::setup(format!("the step's run cannot be written to: {error}")))
}

/// Ends the run as its step ended. A run that cannot be ended (it was deleted meanwhile) does not change the step.
pub(crate) async fn finish(attempt: &Attempt, run: &Id, good: bool) {
    let status = if good { RunStatus::Finished } else { RunStatus::Failed };
    let ended = attempt.app.runs().finish(&attempt.ctx, run, status, attempt.ctx.now()).await;
    if let Err(error) = ended {
        tracing::warn!(%error, %run, "the tracked run of a step was not ended");
    }
}
