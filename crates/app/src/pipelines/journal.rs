//! The durable journal of steps: what is ready, who has it, how it ended. The runner drives it.
//!
//! Intent is on record before a process starts and the result is committed together with the end of the attempt, so
//! after a crash every step is either done, found again by its process, or tried again. Every hand-over of a step to
//! a worker has a lease number; what a worker with an older number writes is refused.

use std::collections::BTreeMap;

use db::pipelines::step_run::End;
use db::pipelines::{event, pipeline_run, step_result, step_run};
use domain::governance::role::Permission;
use domain::pipelines::event::{EventKind, NewEvent};
use domain::pipelines::pipeline_run::{PinnedRun, PipelineRun, RunState};
use domain::pipelines::project::Project;
use domain::pipelines::step::StepSpec;
use domain::pipelines::step_run::{
    CheckResult, Failure, FailureCause, OutputContent, Process, StepResult, StepRun, StepState,
};
use domain::{Id, Timestamp};
use serde_json::{Value, json};

use super::pipeline_run::Pipelines;
use super::resolve::{Done, PlannedUnit, Resolver};
pub use super::resolve::{InputKind, StepInput, in_holdout};
use super::snapshot::Snapshot;
use crate::{Audit, Context, Error, ErrorKind, Result};

/// A step run that a worker has, with everything it needs.
#[derive(Clone, Debug)]
pub struct StepTask {
    /// The step run: its id names the working folder, its `lease` goes into every later call.
    pub step_run: StepRun,
    /// The step as the run's project file declares it.
    pub step: StepSpec,
    /// The pipeline run: data versions and the tree of the code.
    pub run: PipelineRun,
    /// The whole project file as the run has pinned it.
    pub project: Project,
    /// The parameters that the step uses, those of its unit laid over the run's.
    pub params: BTreeMap<String, Value>,
    /// The inputs, cut to the unit's partition.
    pub inputs: Vec<StepInput>,
}

/// What an attempt made.
#[derive(Clone, Debug, Default)]
pub struct FinishedStep {
    /// The outputs by name, their bytes already in the object store.
    pub outputs: BTreeMap<String, OutputContent>,
    /// What the tracked run logged last, by metric.
    pub metrics: BTreeMap<String, f64>,
    /// What the checks said.
    pub checks: Vec<CheckResult>,
    /// The tracked run.
    pub tracked_run: Option<Id>,
    /// The evaluation that an `evaluate` step made.
    pub evaluation: Option<Id>,
    /// The key of the environment it ran in.
    pub env_key: Option<String>,
}

/// What [`Pipelines::advance`] did.
#[derive(Clone, Debug, Default)]
pub struct Advanced {
    /// Runs that have just begun.
    pub started: Vec<Id>,
    /// Runs that have just ended.
    pub finished: Vec<PipelineRun>,
    /// Step runs that were taken from their workers: their processes are to be stopped.
    pub stop: Vec<StepRun>,
}

impl Pipelines<'_> {
    /// Moves every active run on: starts what waits, plans steps whose inputs are there, ends what is done.
    ///
    /// Idempotent: it compares what is on record and acts; calling it twice, or after a crash, changes nothing more.
    pub async fn advance(&self, ctx: &Context) -> Result<Advanced> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let active = {
            let mut reader = self.0.inner.db.read().await?;
            pipeline_run::active(&mut reader.conn()).await?
        };
        let mut advanced = Advanced::default();
        let mut busy = std::collections::BTreeSet::new();
        for run in active {
            // One run of a pipeline at a time, in the order of their numbers.
            if !busy.insert(run.project.clone()) {
                continue;
            }
            let id = run.id.clone();
            match self.advance_run(ctx, run, &mut advanced).await {
                Ok(()) => {}
                Err(error) if is_the_projects_fault(&error) => {
                    let message = error.to_string();
                    self.end_run(ctx, &id, RunState::Failed, Some(message), &mut advanced).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(advanced)
    }

    async fn advance_run(&self, ctx: &Context, run: PipelineRun, advanced: &mut Advanced) -> Result<()> {
        let id = run.id.clone();
        if run.state == RunState::Queued {
            if !self.begin(ctx, run).await? {
                return Ok(());
            }
            advanced.started.push(id.clone());
        }
        let (pinned, step_runs) = self.load(&id).await?;
        if let Some(failed) = step_runs.iter().find(|step| step.state == StepState::Failed) {
            let cause = failed.failure.as_ref().map_or("it failed", |failure| failure.message.as_str());
            let unit =
                if failed.unit.is_whole() { String::new() } else { format!(" ({})", failed.unit.label()) };
            let message = format!("step {}{unit}: {cause}", failed.step);
            return self.end_run(ctx, &id, RunState::Failed, Some(message), advanced).await;
        }
        let mut done = self.results(&step_runs).await?;
        let mut complete = true;
        let mut code = None;
        for step in &pinned.definition.steps {
            if !step.upstream().all(|name| done.contains_key(name)) {
                complete = false;
                continue;
            }
            if !step_runs.iter().any(|run| run.step == step.name) {
                let code = match &mut code {
                    Some(code) => code,
                    none => none.insert(self.code(&pinned).await?),
                };
                if !self.plan_step(ctx, &pinned, step, &mut done, code).await? {
                    complete = false;
                }
            } else if !done.contains_key(&step.name) {
                complete = false;
            }
        }
        if complete {
            return self.end_run(ctx, &id, RunState::Succeeded, None, advanced).await;
        }
        Ok(())
    }

    /// Puts the units of a step on record; true when all their results were there already.
    async fn plan_step(
        &self,
        ctx: &Context,
        pinned: &PinnedRun,
        step: &StepSpec,
        done: &mut Done,
        code: &Snapshot,
    ) -> Result<bool> {
        let units = self.resolver(pinned, code).units(step, done).await?;
        let judged = self.judge(&pinned.run.project, step, &units, Some(&pinned.run.id)).await?;
        let mut rows = Vec::with_capacity(units.len());
        let mut results = Vec::new();
        for (unit, verdict) in units.into_iter().zip(judged) {
            let state = match (&verdict.result, verdict.unchanged) {
                (Some(_), true) => StepState::Skipped,
                (Some(_), false) => StepState::Restored,
                (None, _) => StepState::Ready,
            };
            results.extend(verdict.result);
            rows.push(self.new_step_run(ctx, pinned, step, unit, state, verdict.reason));
        }
        let all_done = results.len() == rows.len();
        let (run, name) = (pinned.run.id.clone(), step.name.clone());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    for row in &rows {
                        step_run::insert(conn, row).await?;
                    }
                    let count = |state| rows.iter().filter(|row| row.state == state).count();
                    let audit = Audit::new("pipelines.step.plan", "pipeline_run", &run).detail(json!({
                        "step": name, "run": count(StepState::Ready), "skip": count(StepState::Skipped),
                        "restore": count(StepState::Restored),
                    }));
                    Ok(((), audit))
                })
            })
            .await?;
        if all_done {
            done.insert(step.name.clone(), results);
        }
        Ok(all_done)
    }

    fn new_step_run(
        &self,
        ctx: &Context,
        pinned: &PinnedRun,
        step: &StepSpec,
        unit: PlannedUnit,
        state: StepState,
        reason: String,
    ) -> StepRun {
        let now = ctx.now();
        StepRun {
            id: ctx.new_id(),
            pipeline_run: pinned.run.id.clone(),
            project: pinned.run.project.clone(),
            step: step.name.clone(),
            unit: unit.unit,
            key: unit.key,
            fields: unit.fields,
            state,
            attempt: 0,
            lease: 0,
            lease_until: None,
            worker: None,
            process: None,
            reason,
            tracked_run: None,
            failure: None,
            created: now,
            started: None,
            finished: state.is_final().then_some(now),
        }
    }

    /// Hands up to `limit` ready step runs to `worker` for `lease_ms`. A step run whose result has been committed
    /// meanwhile takes that instead of running.
    pub async fn claim_ready_steps(
        &self,
        ctx: &Context,
        worker: &str,
        limit: usize,
        lease_ms: i64,
    ) -> Result<Vec<StepTask>> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let ready = {
            let mut reader = self.0.inner.db.read().await?;
            step_run::ready(&mut reader.conn(), i64::try_from(limit.saturating_mul(4)).unwrap_or(i64::MAX))
                .await?
        };
        let mut tasks = Vec::new();
        for step in ready {
            if tasks.len() == limit {
                break;
            }
            let (now, worker) = (ctx.now(), worker.to_owned());
            let claimed = self
                .0
                .bookkeep(move |conn| {
                    Box::pin(async move {
                        if step_result::get(conn, &step.key).await?.is_some() {
                            let reason = "the same work was done meanwhile by another run";
                            step_run::take_result(conn, &step.id, reason, now).await?;
                            return Ok(None);
                        }
                        if step_run::is_held_elsewhere(conn, &step.key, &step.id).await? {
                            return Ok(None);
                        }
                        let until = now.plus_millis(lease_ms);
                        Ok(step_run::claim(conn, &step.id, &worker, now, until).await?)
                    })
                })
                .await?;
            if let Some(step) = claimed {
                tasks.extend(self.task_or_fail(ctx, step).await?);
            }
        }
        Ok(tasks)
    }

    /// The task of a claimed step run; when it cannot be laid out, the step run fails with the reason.
    async fn task_or_fail(&self, ctx: &Context, step: StepRun) -> Result<Option<StepTask>> {
        let (id, lease) = (step.id.clone(), step.lease);
        match self.task(step).await {
            Ok(task) => Ok(Some(task)),
            Err(error) if is_the_projects_fault(&error) => {
                let failure =
                    Failure { cause: FailureCause::Setup, message: error.to_string(), exit_code: None };
                self.step_failed(ctx, &id, lease, failure, None).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Everything that a held step run needs.
    async fn task(&self, step_run: StepRun) -> Result<StepTask> {
        let (pinned, step_runs) = self.load(&step_run.pipeline_run).await?;
        let step = pinned
            .definition
            .step(step_run.step.as_str())
            .cloned()
            .ok_or_else(|| Error::not_found("step", &step_run.step))?;
        let done = self.results(&step_runs).await?;
        let code = self.code(&pinned).await?;
        let units = self.resolver(&pinned, &code).units(&step, &done).await?;
        let unit = units.into_iter().find(|unit| unit.unit == step_run.unit).ok_or_else(|| {
            Error::conflict(
                "step_run",
                &step_run.id,
                "its unit is not there any more: start the pipeline again",
            )
        })?;
        let PinnedRun { run, definition } = pinned;
        Ok(StepTask { step_run, step, run, project: definition, params: unit.params, inputs: unit.inputs })
    }

    /// Notes the process of a claimed step run, before it is let go, and the tracked run that it logs to.
    pub async fn step_spawned(
        &self,
        ctx: &Context,
        id: &Id,
        lease: i64,
        process: Process,
        tracked_run: Option<Id>,
    ) -> Result<()> {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    let held = step_run::spawned(conn, &id, lease, &process, tracked_run.as_ref()).await?;
                    fence(held, &id)?;
                    let audit = Audit::new("pipelines.step_run.start", "step_run", &id)
                        .detail(json!({"pid": process.pid, "run": tracked_run}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Prolongs the lease; false when the step run was taken away (cancelled, or adopted by another worker): its
    /// process is then to be stopped.
    pub async fn step_alive(&self, ctx: &Context, id: &Id, lease: i64, lease_ms: i64) -> Result<bool> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let (id, until) = (id.clone(), ctx.now().plus_millis(lease_ms));
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(step_run::prolong(conn, &id, lease, until).await?) })
            })
            .await
    }

    /// Commits the result of an attempt together with its end, in one transaction. A key that has a result already
    /// keeps the first one. Refused as a conflict when the lease is not the newest.
    pub async fn step_finished(
        &self,
        ctx: &Context,
        id: &Id,
        lease: i64,
        finished: FinishedStep,
    ) -> Result<()> {
        let (id, now) = (id.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    let step = step_run::get(conn, &id).await?.ok_or_else(|| Error::not_found("step_run", &id))?;
                    let end = End {
                        state: StepState::Succeeded,
                        failure: None,
                        reason: None,
                        tracked_run: finished.tracked_run.clone(),
                        time: now,
                    };
                    fence(step_run::end(conn, &id, lease, &end).await?, &id)?;
                    let detail = json!({
                        "step": step.step, "unit": step.unit.label(), "key": step.key, "run": finished.tracked_run,
                        "outputs": finished.outputs.iter().map(|(name, out)| (name.clone(), out.hash())).collect::<BTreeMap<_, _>>(),
                    });
                    step_result::insert(conn, &result_of(step, finished, now)).await?;
                    Ok(((), Audit::new("pipelines.step_run.finish", "step_run", &id).detail(detail)))
                })
            })
            .await
    }

    /// Ends an attempt that failed: another attempt when the step's `retry` allows it for this cause (true), else the
    /// step run has failed (false). Refused as a conflict when the lease is not the newest.
    pub async fn step_failed(
        &self,
        ctx: &Context,
        id: &Id,
        lease: i64,
        failure: Failure,
        tracked_run: Option<Id>,
    ) -> Result<bool> {
        let (id, now) = (id.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    let step =
                        step_run::get(conn, &id).await?.ok_or_else(|| Error::not_found("step_run", &id))?;
                    let pinned = pipeline_run::get_pinned(conn, &step.pipeline_run)
                        .await?
                        .ok_or_else(|| Error::not_found("pipeline_run", &step.pipeline_run))?;
                    let retry = pinned.definition.step(step.step.as_str()).map(|spec| spec.retry.clone());
                    let again = failure.worth_retrying(&retry.unwrap_or_default(), step.attempt);
                    let detail = json!({
                        "step": step.step, "unit": step.unit.label(), "cause": failure.cause,
                        "message": failure.message, "attempt": step.attempt, "again": again,
                    });
                    let end = End {
                        state: if again { StepState::Ready } else { StepState::Failed },
                        reason: again
                            .then(|| format!("attempt {} failed: {}", step.attempt, failure.message)),
                        failure: Some(failure),
                        tracked_run,
                        time: now,
                    };
                    fence(step_run::end(conn, &id, lease, &end).await?, &id)?;
                    Ok((again, Audit::new("pipelines.step_run.fail", "step_run", &id).detail(detail)))
                })
            })
            .await
    }

    /// The step runs that some worker has: what a runner looks through after a start.
    pub async fn held_steps(&self, ctx: &Context) -> Result<Vec<StepRun>> {
        let mut reader = self.0.read(ctx, Permission::RunCode).await?;
        Ok(step_run::held(&mut reader.conn()).await?)
    }

    /// Takes over a step run whose process was found alive, or finished with its record, after a crash: a new lease,
    /// the attempt goes on. `None` when somebody else was faster.
    pub async fn adopt_step(
        &self,
        ctx: &Context,
        held: &StepRun,
        worker: &str,
        lease_ms: i64,
    ) -> Result<Option<StepTask>> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let (id, lease, worker, until) =
            (held.id.clone(), held.lease, worker.to_owned(), ctx.now().plus_millis(lease_ms));
        let adopted = self
            .0
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(step_run::adopt(conn, &id, lease, &worker, until).await?) })
            })
            .await?;
        match adopted {
            Some(step) => self.task_or_fail(ctx, step).await,
            None => Ok(None),
        }
    }

    /// Starts a waiting run; false when it was not waiting any more.
    async fn begin(&self, ctx: &Context, run: PipelineRun) -> Result<bool> {
        let run = PipelineRun { state: RunState::Running, started: Some(ctx.now()), ..run };
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    let moved = pipeline_run::set_state(conn, &run, RunState::Queued).await?;
                    let audit = Audit::new("pipelines.pipeline_run.start", "pipeline_run", &run.id)
                        .detail(json!({"project": run.project, "number": run.number, "moved": moved}));
                    Ok((moved, audit))
                })
            })
            .await
    }

    /// Ends a run; what its steps still do is taken from their workers.
    pub(super) async fn end_run(
        &self,
        ctx: &Context,
        id: &Id,
        state: RunState,
        message: Option<String>,
        advanced: &mut Advanced,
    ) -> Result<()> {
        let (id, now, event_id) = (id.clone(), ctx.now(), ctx.new_id());
        let ended = self
            .0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    let run = pipeline_run::get(conn, &id)
                        .await?
                        .ok_or_else(|| Error::not_found("pipeline_run", &id))?;
                    if run.state.is_final() {
                        let reason = format!("has ended already: {:?}", run.state).to_lowercase();
                        return Err(Error::conflict("pipeline_run", &id, reason));
                    }
                    let from = run.state;
                    let run = PipelineRun { state, message, finished: Some(now), ..run };
                    pipeline_run::set_state(conn, &run, from).await?;
                    let stop = step_run::cancel_all(conn, &id, now).await?;
                    let payload = json!({
                        "pipeline_run": id, "project": run.project, "number": run.number, "state": state,
                        "message": run.message,
                    });
                    let new = NewEvent::new(EventKind::PipelineFinished, &run.project, payload.clone());
                    event::append(conn, &event_id, now, new).await?;
                    let audit =
                        Audit::new("pipelines.pipeline_run.finish", "pipeline_run", &id).detail(payload);
                    Ok(((run, stop), audit))
                })
            })
            .await;
        match ended {
            Ok((run, stop)) => {
                advanced.finished.push(run);
                advanced.stop.extend(stop);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn load(&self, id: &Id) -> Result<(PinnedRun, Vec<StepRun>)> {
        let mut reader = self.0.inner.db.read().await?;
        let pinned = pipeline_run::get_pinned(&mut reader.conn(), id)
            .await?
            .ok_or_else(|| Error::not_found("pipeline_run", id))?;
        let steps = step_run::of_run(&mut reader.conn(), id).await?;
        Ok((pinned, steps))
    }

    /// The results of the steps whose units are all done.
    async fn results(&self, step_runs: &[StepRun]) -> Result<Done> {
        let mut reader = self.0.inner.db.read().await?;
        let mut done = Done::new();
        for step_run in step_runs {
            let whole = step_runs.iter().filter(|other| other.step == step_run.step);
            if !whole.clone().all(|other| other.state.is_done()) {
                continue;
            }
            let result = step_result::get(&mut reader.conn(), &step_run.key)
                .await?
                .ok_or_else(|| Error::not_found("step result", &step_run.key))?;
            // The key may have been computed first for another unit or project: this one's name counts here.
            let result = StepResult { unit: step_run.unit.clone(), ..result };
            done.entry(step_run.step.clone()).or_default().push(result);
        }
        Ok(done)
    }

    async fn code(&self, pinned: &PinnedRun) -> Result<Snapshot> {
        let (store, tree) = (self.0.objects().clone(), pinned.run.code_tree.clone());
        super::off_thread(move || Snapshot::load(&store, &tree)).await
    }

    fn resolver<'a>(&'a self, pinned: &'a PinnedRun, code: &'a Snapshot) -> Resolver<'a> {
        Resolver {
            app: self.0,
            definition: &pinned.definition,
            params: &pinned.run.params,
            data: &pinned.run.data,
            code,
        }
    }
}

/// Whether an error is about the project or its data and will be the same next time.
fn is_the_projects_fault(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::CheckFailed | ErrorKind::Conflict
    )
}

fn fence(held: bool, id: &Id) -> Result<()> {
    if held {
        return Ok(());
    }
    Err(Error::conflict(
        "step_run",
        id,
        "this attempt was taken over or has ended: its result does not count",
    ))
}

fn result_of(step: StepRun, finished: FinishedStep, now: Timestamp) -> StepResult {
    StepResult {
        key: step.key,
        step_run: step.id,
        project: step.project,
        step: step.step,
        unit: step.unit,
        outputs: finished.outputs,
        metrics: finished.metrics,
        checks: finished.checks,
        tracked_run: finished.tracked_run,
        evaluation: finished.evaluation,
        env_key: finished.env_key,
        duration_ms: step.started.map_or(0, |started| now.since(started)),
        committed: now,
    }
}
