//! Pipeline runs: start, status, cancel, and how every unit is judged against what is there.

use db::pipelines::{pipeline_run, step_result, step_run};
use domain::governance::role::Permission;
use domain::pipelines::pipeline_run::{PinnedRun, PipelineRun, RunState};
use domain::pipelines::step::StepSpec;
use domain::pipelines::step_run::{StepResult, StepRun};
use domain::{Id, Name};

use super::journal::Advanced;
use super::resolve::PlannedUnit;
use crate::{App, Context, Error, Result};

/// Most runs on one page.
pub const MAX_PAGE: i64 = 500;

/// The pipelines as a view on [`App`]; the calls of the runner are in [`super::journal`].
pub struct Pipelines<'a>(pub(super) &'a App);

impl App {
    /// The pipelines.
    pub fn pipelines(&self) -> Pipelines<'_> {
        Pipelines(self)
    }
}

/// How a unit stands against what is on record.
pub(super) struct Verdict {
    /// The result of its key, when there is one.
    pub result: Option<StepResult>,
    /// Whether the pipeline's last unit of this name had the same key.
    pub unchanged: bool,
    /// Why it runs or need not, in a sentence.
    pub reason: String,
    /// The pipeline's last unit of this name.
    pub previous: Option<StepRun>,
}

/// A pipeline run with its step runs.
#[derive(Clone, Debug)]
pub struct RunStatus {
    /// The run with the project file that it executes.
    pub pinned: PinnedRun,
    /// Its step runs, as far as they are planned, in the order of planning.
    pub steps: Vec<StepRun>,
}

impl Pipelines<'_> {
    /// A run with its steps.
    pub async fn status(&self, ctx: &Context, id: &Id) -> Result<RunStatus> {
        self.0.authorize(ctx, Permission::Read).await?;
        let (pinned, steps) = self.load(id).await?;
        Ok(RunStatus { pinned, steps })
    }

    /// The newest runs of a project with numbers below `before`, newest first, at most [`MAX_PAGE`].
    pub async fn runs(
        &self,
        ctx: &Context,
        project: &str,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PipelineRun>> {
        let project = self.0.projects().get(ctx, project).await?.name;
        let mut reader = self.0.inner.db.read().await?;
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(pipeline_run::list(&mut reader.conn(), &project, before.unwrap_or(i64::MAX), limit).await?)
    }

    /// One step run.
    pub async fn step_run(&self, ctx: &Context, id: &Id) -> Result<StepRun> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        step_run::get(&mut reader.conn(), id).await?.ok_or_else(|| Error::not_found("step_run", id))
    }

    /// The step run that logged to this tracked run, and its result when it is committed: the way back from a model.
    pub async fn step_of_tracked_run(
        &self,
        ctx: &Context,
        run: &Id,
    ) -> Result<Option<(StepRun, Option<StepResult>)>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let Some(step) = step_run::by_tracked_run(&mut reader.conn(), run).await? else {
            return Ok(None);
        };
        let result = step_result::get(&mut reader.conn(), &step.key).await?;
        Ok(Some((step, result)))
    }

    /// The committed result of a step run that is done.
    pub async fn step_result(&self, ctx: &Context, step: &StepRun) -> Result<Option<StepResult>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        if !step.state.is_done() {
            return Ok(None);
        }
        Ok(step_result::get(&mut reader.conn(), &step.key).await?)
    }

    /// Ends a run that has not ended. Its steps are taken from their workers, whose runner stops the processes when
    /// it next asks whether they are still wanted.
    pub async fn cancel(&self, ctx: &Context, id: &Id, why: &str) -> Result<PipelineRun> {
        let mut advanced = Advanced::default();
        let message = Some(why.to_owned());
        self.end_run(ctx, id, RunState::Cancelled, message, &mut advanced).await?;
        advanced.finished.pop().ok_or_else(|| Error::not_found("pipeline_run", id))
    }

    /// Holds every unit against the result of its key and against the pipeline's last unit of the same name.
    pub(super) async fn judge(
        &self,
        project: &Name,
        step: &StepSpec,
        units: &[PlannedUnit],
        run: Option<&Id>,
    ) -> Result<Vec<Verdict>> {
        let mut reader = self.0.inner.db.read().await?;
        let mut verdicts = Vec::with_capacity(units.len());
        for unit in units {
            let conn = &mut reader.conn();
            let result = step_result::get(conn, &unit.key).await?;
            let previous = step_run::previous(conn, project, &step.name, &unit.unit.label(), run).await?;
            let unchanged = previous.as_ref().is_some_and(|previous| previous.key == unit.key);
            let reason = reason(unit, result.as_ref(), previous.as_ref());
            verdicts.push(Verdict { result, unchanged, reason, previous });
        }
        Ok(verdicts)
    }
}

/// Why a unit runs, or why it need not.
fn reason(unit: &PlannedUnit, result: Option<&StepResult>, previous: Option<&StepRun>) -> String {
    match (result, previous) {
        (Some(result), Some(previous)) if previous.key == result.key => {
            "nothing it depends on has changed".to_owned()
        }
        (Some(result), _) => format!("made before by step run {}", result.step_run.short()),
        (None, None) => "it has not run yet".to_owned(),
        (None, Some(previous)) => {
            let changes = unit.fields.changes_since(&previous.fields);
            let shown: Vec<String> = changes.iter().take(3).map(|change| change.sentence()).collect();
            match changes.len() {
                0 => "its last result is gone".to_owned(),
                n if n > 3 => format!("{}; and {} more", shown.join("; "), n - 3),
                _ => shown.join("; "),
            }
        }
    }
}
