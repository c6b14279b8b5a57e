//! Plans: what a run would do and why; and starting it.

use std::collections::BTreeMap;

use db::pipelines::project::ProjectRecord;
use db::pipelines::{decision, event, pipeline_run, step_result, trigger};
use domain::governance::role::Permission;
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome, NewDecision};
use domain::pipelines::event::{EventKind, NewEvent};
use domain::pipelines::pipeline_run::{Cause, PinnedData, PipelineRun, RunState};
use domain::pipelines::plan::{Action, Plan, PlanUnit, Why, WhyUnit};
use domain::pipelines::step::StepSpec;
use domain::pipelines::step_run::Unit;
use domain::pipelines::trigger::TriggerState;
use domain::{Id, Name};
use serde_json::{Value, json};

use super::pipeline_run::{Pipelines, Verdict};
use super::resolve::{Done, PlannedUnit, Resolver};
use super::snapshot::Snapshot;
use crate::{Audit, Context, Error, Result};

/// Values of parameters by name.
pub type Params = BTreeMap<String, Value>;

/// Everything that a run pins.
pub(super) struct Pinned {
    pub record: ProjectRecord,
    pub params: Params,
    pub data: BTreeMap<String, PinnedData>,
    pub code: Snapshot,
}

/// A unit of a plan with what it was made of.
struct Judged {
    unit: PlannedUnit,
    verdict: Verdict,
}

impl Pipelines<'_> {
    /// What a run with these parameters would do now, on the newest data and code. The sources are collected first,
    /// as the run itself would.
    pub async fn plan(&self, ctx: &Context, project: &str, params: &Params) -> Result<Plan> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let pinned = self.pin(ctx, project, params).await?;
        self.plan_of(&pinned).await
    }

    /// Starts a run by hand on the newest data and code: it begins at once, or when the pipeline's earlier runs have
    /// ended. The request is an event and a decision.
    pub async fn start_run(&self, ctx: &Context, project: &str, params: &Params) -> Result<PipelineRun> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let pinned = self.pin(ctx, project, params).await?;
        let new = NewDecision {
            kind: DecisionKind::Trigger,
            subject: format!("{}/manual", pinned.record.name),
            outcome: DecisionOutcome::Fired,
            reason: format!("asked for by {}", ctx.actor.name),
            evidence: json!({"actor": ctx.actor.name, "params": pinned.params}),
            project: Some(pinned.record.name.clone()),
            pipeline_run: None,
        };
        let cause = |_: &Id| Cause::Manual { actor: ctx.actor.name.clone() };
        Ok(self.start_pinned(ctx, pinned, new, cause, None).await?.0)
    }

    /// Why each unit of a step would run or need not, field by field.
    pub async fn why(&self, ctx: &Context, project: &str, step: &str) -> Result<Why> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let pinned = self.pin(ctx, project, &Params::new()).await?;
        let Some(name) = pinned.record.definition.step(step).map(|step| step.name.clone()) else {
            return Err(Error::not_found("step", step));
        };
        let (plan, judged) = self.walk(&pinned, Some(&name)).await?;
        let mut units: Vec<WhyUnit> = judged.into_iter().map(why_unit).collect();
        if units.is_empty() {
            // It hangs on steps that run first.
            units.extend(plan.units.into_iter().filter(|unit| unit.step == name).map(|unit| WhyUnit {
                unit: unit.unit,
                action: unit.action,
                reason: unit.reason,
                compared_with: None,
                changes: Vec::new(),
            }));
        }
        Ok(Why { step: name, units })
    }

    /// Reads the project again, collects its sources and pins everything.
    pub(super) async fn pin(&self, ctx: &Context, project: &str, params: &Params) -> Result<Pinned> {
        let projects = self.0.projects();
        let record = projects.current(ctx, project).await?;
        let params =
            record.definition.resolve_params(params).map_err(|reason| Error::invalid("params", reason))?;
        projects.collect(ctx, project).await?;
        let data = projects.pins(ctx, &record).await?;
        let code = projects.snapshot(&record).await?;
        Ok(Pinned { record, params, data, code })
    }

    pub(super) async fn plan_of(&self, pinned: &Pinned) -> Result<Plan> {
        Ok(self.walk(pinned, None).await?.0)
    }

    /// Goes through the steps as a run would, with the results that are there; `watch` asks for the judgements of
    /// one step.
    async fn walk(&self, pinned: &Pinned, watch: Option<&Name>) -> Result<(Plan, Vec<Judged>)> {
        let definition = &pinned.record.definition;
        let resolver = Resolver {
            app: self.0,
            definition,
            params: &pinned.params,
            data: &pinned.data,
            code: &pinned.code,
        };
        let durations = {
            let mut reader = self.0.inner.db.read().await?;
            step_result::mean_durations(&mut reader.conn(), &definition.name).await?
        };
        let mut done = Done::new();
        let mut units = Vec::new();
        let mut watched = Vec::new();
        for step in &definition.steps {
            let expected_ms = durations.get(step.name.as_str()).copied();
            let missing: Vec<&Name> = step.upstream().filter(|name| !done.contains_key(*name)).collect();
            if let Some(first) = missing.first() {
                units.push(waiting(step, first, expected_ms));
                continue;
            }
            let planned = resolver.units(step, &done).await?;
            let verdicts = self.judge(&definition.name, step, &planned, None).await?;
            let mut results = Vec::new();
            let whole = verdicts.iter().all(|verdict| verdict.result.is_some());
            for (unit, verdict) in planned.into_iter().zip(verdicts) {
                units.push(plan_unit(step, &unit, &verdict, expected_ms));
                results.extend(verdict.result.clone().map(|result| {
                    domain::pipelines::step_run::StepResult { unit: unit.unit.clone(), ..result }
                }));
                if watch == Some(&step.name) {
                    watched.push(Judged { unit, verdict });
                }
            }
            if whole {
                done.insert(step.name.clone(), results);
            }
        }
        let plan = Plan {
            project: definition.name.clone(),
            params: pinned.params.clone(),
            data: pinned.data.clone(),
            code_tree: pinned.code.tree.to_string(),
            units,
        };
        Ok((plan, watched))
    }

    /// Puts a run on record together with the decision that starts it and what its trigger is to remember. `cause`
    /// makes the run's cause from the decision's id.
    pub(super) async fn start_pinned(
        &self,
        ctx: &Context,
        pinned: Pinned,
        decision: NewDecision,
        cause: impl FnOnce(&Id) -> Cause,
        remember: Option<(Name, TriggerState)>,
    ) -> Result<(PipelineRun, Decision)> {
        let now = ctx.now();
        let mut decision = decision.at(ctx.new_id(), now);
        let mut run = PipelineRun {
            id: ctx.new_id(),
            project: pinned.record.name.clone(),
            number: 0,
            state: RunState::Queued,
            cause: cause(&decision.id),
            params: pinned.params,
            data: pinned.data,
            code_tree: pinned.code.tree.to_string(),
            message: None,
            created: now,
            started: None,
            finished: None,
        };
        decision.pipeline_run = Some(run.id.clone());
        let (definition, event_id) = (pinned.record.definition, ctx.new_id());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    run.number = pipeline_run::next_number(conn, &run.project).await?;
                    pipeline_run::insert(conn, &run, &definition).await?;
                    decision::insert(conn, &decision).await?;
                    if let Some((trigger, state)) = &remember {
                        trigger::save(conn, &run.project, trigger, state).await?;
                    }
                    let payload = json!({"pipeline_run": run.id, "decision": decision.id, "subject": decision.subject});
                    let new = NewEvent::new(EventKind::PipelineRequested, &run.project, payload);
                    event::append(conn, &event_id, now, new).await?;
                    let audit = Audit::new("pipelines.pipeline_run.request", "pipeline_run", &run.id).detail(json!({
                        "project": run.project, "number": run.number, "cause": run.cause, "data": run.data,
                        "code_tree": run.code_tree, "params": run.params, "decision": decision.id,
                    }));
                    Ok(((run, decision), audit))
                })
            })
            .await
    }
}

fn plan_unit(step: &StepSpec, unit: &PlannedUnit, verdict: &Verdict, expected_ms: Option<i64>) -> PlanUnit {
    PlanUnit {
        step: step.name.clone(),
        unit: unit.unit.clone(),
        key: Some(unit.key.clone()),
        action: action(verdict),
        reason: verdict.reason.clone(),
        expected_ms,
        input_bytes: Some(unit.input_bytes()),
        from: verdict.result.as_ref().map(|result| result.step_run.clone()),
    }
}

fn action(verdict: &Verdict) -> Action {
    match (&verdict.result, verdict.unchanged) {
        (Some(_), true) => Action::Skip,
        (Some(_), false) => Action::Restore,
        (None, _) => Action::Run,
    }
}

fn waiting(step: &StepSpec, first: &Name, expected_ms: Option<i64>) -> PlanUnit {
    PlanUnit {
        step: step.name.clone(),
        unit: Unit::default(),
        key: None,
        action: Action::Wait,
        reason: format!("depends on what {first} makes"),
        expected_ms,
        input_bytes: None,
        from: None,
    }
}

fn why_unit(judged: Judged) -> WhyUnit {
    let Judged { unit, verdict } = judged;
    let changes = verdict
        .previous
        .as_ref()
        .map(|previous| unit.fields.changes_since(&previous.fields))
        .unwrap_or_default();
    WhyUnit {
        action: action(&verdict),
        unit: unit.unit,
        reason: verdict.reason,
        compared_with: verdict.previous.map(|previous| previous.id),
        changes,
    }
}
