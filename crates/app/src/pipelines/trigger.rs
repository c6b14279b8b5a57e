//! Triggers: evaluated on state, so that nothing is lost or doubled over a restart.
//!
//! Each evaluation asks every trigger whether it wants a run now, holds back what the limits forbid, and starts at
//! most one run per project. Whatever there is to say is stored as a decision with its evidence, once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use db::pipelines::decision::DecisionFilter;
use db::pipelines::project::ProjectRecord;
use db::pipelines::{decision, event, pipeline_run, step_run, trigger};
use domain::governance::role::Permission;
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome, NewDecision};
use domain::pipelines::event::{EventKind, NewEvent, trigger_subject};
use domain::pipelines::pipeline_run::{Cause, PipelineRun, RunState};
use domain::pipelines::project::{Limits, Overlap};
use domain::pipelines::trigger::{Rule, TriggerSpec, TriggerState, TriggerStatus};
use domain::{Id, Name, Timestamp};
use serde_json::json;

use super::plan::{Params, Pinned};
use crate::{App, Audit, Context, Error, Result};

/// After a failure a trigger waits so long before it tries again: a minute.
const RETRY_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// The triggers as a view on [`App`].
pub struct Triggers<'a>(pub(super) &'a App);

impl App {
    /// The triggers.
    pub fn triggers(&self) -> Triggers<'_> {
        Triggers(self)
    }
}

/// A trigger that wants a run now.
pub(super) struct Wish {
    pub reason: String,
    pub evidence: serde_json::Value,
    /// What tells this wish from the trigger's next one: a commit, a due time, a finding.
    pub about: String,
    /// What is to be remembered when the wish is met.
    pub met: TriggerState,
}

/// What holds a wish back.
struct Hold {
    /// `cooldown`, `per_day`, `budget`, `overlap`, `paused`.
    limit: &'static str,
    reason: String,
}

/// One trigger in one evaluation.
struct Turn<'a> {
    record: &'a ProjectRecord,
    spec: &'a TriggerSpec,
    state: TriggerState,
    wish: Wish,
}

impl Turn<'_> {
    fn subject(&self) -> String {
        trigger_subject(&self.record.name, &self.spec.name)
    }

    fn decision(&self, outcome: DecisionOutcome, reason: String, run: Option<&Id>) -> NewDecision {
        NewDecision {
            kind: DecisionKind::Trigger,
            subject: self.subject(),
            outcome,
            reason,
            evidence: self.wish.evidence.clone(),
            project: Some(self.record.name.clone()),
            pipeline_run: run.cloned(),
        }
    }
}

/// Projects that cannot be read at present, each with the reason that was logged: once, not at every look.
#[derive(Default)]
pub(crate) struct Unreadable(Mutex<BTreeMap<Name, String>>);

impl Unreadable {
    fn is_news(&self, project: &Name, reason: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(project.clone(), reason.to_owned()).as_deref() != Some(reason)
    }

    fn forget(&self, project: &Name) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }
}

impl Triggers<'_> {
    /// Evaluates every trigger of every project and returns the decisions that were stored. Cheap when there is
    /// nothing to say.
    pub async fn evaluate(&self, ctx: &Context) -> Result<Vec<Decision>> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let mut decisions = Vec::new();
        for known in self.0.projects().list(ctx).await? {
            if known.definition.triggers.is_empty() {
                continue;
            }
            let record = match self.0.projects().refresh(ctx, known.name.as_str()).await {
                Ok(record) => record,
                Err(error) => {
                    if self.0.inner.unreadable.is_news(&known.name, &error.to_string()) {
                        tracing::warn!(project = %known.name, %error, "the project cannot be read; its triggers rest");
                    }
                    continue;
                }
            };
            self.0.inner.unreadable.forget(&known.name);
            self.evaluate_project(ctx, &record, &mut decisions).await?;
        }
        Ok(decisions)
    }

    async fn evaluate_project(
        &self,
        ctx: &Context,
        record: &ProjectRecord,
        decisions: &mut Vec<Decision>,
    ) -> Result<()> {
        let mut started: Option<PipelineRun> = None;
        for spec in &record.definition.triggers {
            let state = self.state(ctx, record, spec).await?;
            let Some(wish) = self.wish(ctx, record, spec, &state).await? else {
                continue;
            };
            let turn = Turn { record, spec, state, wish };
            decisions.extend(self.take_turn(ctx, turn, &mut started).await?);
        }
        Ok(())
    }

    /// What is remembered of a trigger; the first time, from when it counts.
    async fn state(&self, ctx: &Context, record: &ProjectRecord, spec: &TriggerSpec) -> Result<TriggerState> {
        let known = {
            let mut reader = self.0.inner.db.read().await?;
            trigger::states(&mut reader.conn(), &record.name).await?.remove(spec.name.as_str())
        };
        if let Some(state) = known {
            return Ok(state);
        }
        let state = TriggerState { since_ms: Some(ctx.now().millis()), ..TriggerState::default() };
        self.remember(&record.name, &spec.name, state.clone()).await?;
        Ok(state)
    }

    async fn take_turn(
        &self,
        ctx: &Context,
        turn: Turn<'_>,
        started: &mut Option<PipelineRun>,
    ) -> Result<Option<Decision>> {
        if let Some(run) = started {
            let reason = format!("{}; joined run {} of another trigger", turn.wish.reason, run.number);
            let decision = turn.decision(DecisionOutcome::Merged, reason, Some(&run.id));
            let met = turn.wish.met.clone();
            return self.conclude(ctx, &turn, decision, met).await.map(Some);
        }
        if turn.state.retry_after_ms.is_some_and(|after| ctx.now().millis() < after) {
            return Ok(None);
        }
        if let Some(hold) = self.held_back(ctx, &turn).await? {
            return self.suppress(ctx, &turn, hold).await;
        }
        let pinned = match self.0.pipelines().pin(ctx, turn.record.name.as_str(), &Params::new()).await {
            Ok(pinned) => pinned,
            Err(error) => return self.failed(ctx, &turn, &error).await,
        };
        if let Some(run) = self.same_or_waiting(&pinned).await? {
            self.pin_again(&run, &pinned).await?;
            let reason = format!("{}; joined run {}, which is on its way", turn.wish.reason, run.number);
            let decision = turn.decision(DecisionOutcome::Merged, reason, Some(&run.id));
            let met = turn.wish.met.clone();
            return self.conclude(ctx, &turn, decision, met).await.map(Some);
        }
        let plan = match self.0.pipelines().plan_of(&pinned).await {
            Ok(plan) => plan,
            Err(error) => return self.failed(ctx, &turn, &error).await,
        };
        if plan.is_done() {
            let reason = format!("{}; every step has its result already", turn.wish.reason);
            let decision = turn.decision(DecisionOutcome::NoChange, reason, None);
            let mut met = turn.wish.met.clone();
            if let Rule::Data { data, .. } = &turn.spec.rule {
                met.unchanged_data = pinned.data.get(data.as_str()).cloned();
            }
            return self.conclude(ctx, &turn, decision, met).await.map(Some);
        }
        let (run, decision) = self.fire(ctx, turn, pinned).await?;
        *started = Some(run);
        Ok(Some(decision))
    }

    async fn fire(&self, ctx: &Context, turn: Turn<'_>, pinned: Pinned) -> Result<(PipelineRun, Decision)> {
        let decision = turn.decision(DecisionOutcome::Fired, turn.wish.reason.clone(), None);
        let name = turn.spec.name.clone();
        let cause = |decision: &Id| Cause::Trigger { trigger: name.clone(), decision: decision.clone() };
        let state = TriggerState {
            last_fired_ms: Some(ctx.now().millis()),
            last_said: None,
            retry_after_ms: None,
            unchanged_data: None,
            ..turn.wish.met
        };
        let remember = Some((name.clone(), state));
        self.0.pipelines().start_pinned(ctx, pinned, decision, cause, remember).await
    }

    /// The first limit that forbids a run now.
    async fn held_back(&self, ctx: &Context, turn: &Turn<'_>) -> Result<Option<Hold>> {
        if let Some(why) = &turn.state.paused {
            return Ok(Some(Hold { limit: "paused", reason: format!("the trigger is paused: {why}") }));
        }
        if let Some(hold) = self.storm(ctx, turn).await? {
            return Ok(Some(hold));
        }
        let (limits, now) = (&turn.record.definition.limits, ctx.now());
        let cooled = turn.state.last_fired_ms.map(|fired| fired + limits.cooldown_ms);
        if let Some(until) = cooled.filter(|until| now.millis() < *until) {
            let reason = format!("cooldown until {}", Timestamp::from_millis(until).to_rfc3339());
            return Ok(Some(Hold { limit: "cooldown", reason }));
        }
        let mut reader = self.0.inner.db.read().await?;
        if let Some(most) = limits.per_day {
            let since = now.plus_millis(-DAY_MS);
            let fired = DecisionOutcome::Fired;
            let subject = turn.subject();
            let count =
                decision::count(&mut reader.conn(), DecisionKind::Trigger, &subject, fired, since).await?;
            if count >= i64::from(most) {
                let reason = format!("fired {count} times in the last 24 hours, {most} are allowed");
                return Ok(Some(Hold { limit: "per_day", reason }));
            }
        }
        if let Some(budget) = &limits.budget {
            let since = now.plus_millis(-budget.window_ms);
            let spent = step_run::spent_ms(&mut reader.conn(), &turn.record.name, since, now).await?;
            if spent >= budget.spend_ms {
                let hours = |ms: i64| ms as f64 / 3_600_000.0;
                let reason = format!(
                    "steps ran {:.1} h in the last {:.0} days, the budget is {:.1} h",
                    hours(spent),
                    budget.window_ms as f64 / DAY_MS as f64,
                    hours(budget.spend_ms)
                );
                return Ok(Some(Hold { limit: "budget", reason }));
            }
        }
        let active = pipeline_run::active(&mut reader.conn()).await?;
        let busy = active.iter().find(|run| run.project == turn.record.name);
        Ok(busy.filter(|_| limits.overlap == Overlap::Skip).map(|run| Hold {
            limit: "overlap",
            reason: format!("run {} has not ended, and limits.overlap is skip", run.number),
        }))
    }

    /// Pauses a trigger whose last runs brought no accepted model.
    async fn storm(&self, ctx: &Context, turn: &Turn<'_>) -> Result<Option<Hold>> {
        let Limits { pause_after: Some(most), .. } = turn.record.definition.limits else {
            return Ok(None);
        };
        let since = Timestamp::from_millis(turn.state.resumed_ms.unwrap_or(0));
        let (project, name) = (&turn.record.name, &turn.spec.name);
        let mut reader = self.0.inner.db.read().await?;
        let runs = pipeline_run::by_trigger(&mut reader.conn(), project, name, since, 100).await?;
        let mut in_vain = 0;
        for run in runs.iter().filter(|run| run.state.is_final()) {
            let filter = DecisionFilter {
                kind: Some(DecisionKind::Gate),
                pipeline_run: Some(run.id.clone()),
                ..DecisionFilter::default()
            };
            let gate = decision::list(&mut reader.conn(), &filter, 1).await?.into_iter().next();
            match gate.map(|gate| gate.outcome) {
                Some(DecisionOutcome::Rejected) => in_vain += 1,
                Some(_) => break,
                None if run.state == RunState::Failed => in_vain += 1,
                None => {}
            }
        }
        drop(reader);
        if in_vain < most {
            return Ok(None);
        }
        let why = format!("its last {in_vain} runs brought no accepted model");
        let state = TriggerState { paused: Some(why.clone()), ..turn.state.clone() };
        self.pause(ctx, turn, &why, state).await?;
        let reason = format!("the trigger pauses: {why}; look at them, then resume it");
        Ok(Some(Hold { limit: "paused", reason }))
    }

    async fn pause(&self, ctx: &Context, turn: &Turn<'_>, why: &str, state: TriggerState) -> Result<()> {
        let (project, name, id, now) =
            (turn.record.name.clone(), turn.spec.name.clone(), ctx.new_id(), ctx.now());
        let (subject, why) = (turn.subject(), why.to_owned());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    trigger::save(conn, &project, &name, &state).await?;
                    let new = NewEvent::new(EventKind::TriggerPaused, &subject, json!({"why": why}));
                    event::append(conn, &id, now, new).await?;
                    let audit = Audit::new("pipelines.trigger.pause", "trigger", &subject)
                        .detail(json!({"why": why}));
                    Ok(((), audit))
                })
            })
            .await
    }

    async fn suppress(&self, ctx: &Context, turn: &Turn<'_>, hold: Hold) -> Result<Option<Decision>> {
        let said = format!("{} {}", hold.limit, turn.wish.about);
        let paused = match hold.limit {
            "paused" => Some(turn.state.paused.clone().unwrap_or_else(|| hold.reason.clone())),
            _ => None,
        };
        let dropped = hold.limit == "overlap" && matches!(turn.spec.rule, Rule::Schedule(_));
        if turn.state.last_said.as_deref() == Some(said.as_str()) {
            return Ok(None);
        }
        let base = if dropped { turn.wish.met.clone() } else { turn.state.clone() };
        let state = TriggerState { last_said: Some(said), paused, ..base };
        let reason = format!("{}; held back: {}", turn.wish.reason, hold.reason);
        let decision = turn.decision(DecisionOutcome::Suppressed, reason, None);
        self.store(ctx, turn, decision, state).await.map(Some)
    }

    async fn failed(&self, ctx: &Context, turn: &Turn<'_>, error: &Error) -> Result<Option<Decision>> {
        let said = format!("failed {} {error}", turn.wish.about);
        let state = TriggerState {
            retry_after_ms: Some(ctx.now().millis() + RETRY_MS),
            last_said: Some(said.clone()),
            ..turn.state.clone()
        };
        if turn.state.last_said.as_deref() == Some(said.as_str()) {
            self.remember(&turn.record.name, &turn.spec.name, state).await?;
            return Ok(None);
        }
        let reason = format!("{}; no run could be started: {error}", turn.wish.reason);
        let decision = turn.decision(DecisionOutcome::Failed, reason, None);
        self.store(ctx, turn, decision, state).await.map(Some)
    }

    /// Stores a decision that meets the wish.
    async fn conclude(
        &self,
        ctx: &Context,
        turn: &Turn<'_>,
        decision: NewDecision,
        met: TriggerState,
    ) -> Result<Decision> {
        let state = TriggerState { last_said: None, retry_after_ms: None, ..met };
        self.store(ctx, turn, decision, state).await
    }

    async fn store(
        &self,
        ctx: &Context,
        turn: &Turn<'_>,
        new: NewDecision,
        state: TriggerState,
    ) -> Result<Decision> {
        let decision = new.at(ctx.new_id(), ctx.now());
        let (project, name) = (turn.record.name.clone(), turn.spec.name.clone());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    decision::insert(conn, &decision).await?;
                    trigger::save(conn, &project, &name, &state).await?;
                    let audit = super::decision::audit(&decision);
                    Ok((decision, audit))
                })
            })
            .await
    }

    pub(super) async fn remember(&self, project: &Name, name: &Name, state: TriggerState) -> Result<()> {
        let (project, name) = (project.clone(), name.clone());
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(trigger::save(conn, &project, &name, &state).await?) })
            })
            .await
    }

    /// A run on its way that will do the wanted work: one that pinned the same, or, with `overlap: latest`, one that
    /// waits and can be given the newest data.
    async fn same_or_waiting(&self, pinned: &Pinned) -> Result<Option<PipelineRun>> {
        let mut reader = self.0.inner.db.read().await?;
        let active = pipeline_run::active(&mut reader.conn()).await?;
        let latest = pinned.record.definition.limits.overlap == Overlap::Latest;
        Ok(active.into_iter().filter(|run| run.project == pinned.record.name).find(|run| {
            let same = run.data == pinned.data
                && run.code_tree == pinned.code.tree.to_string()
                && run.params == pinned.params;
            same || (latest && run.state == RunState::Queued)
        }))
    }

    async fn pin_again(&self, run: &PipelineRun, pinned: &Pinned) -> Result<()> {
        let run = PipelineRun {
            data: pinned.data.clone(),
            code_tree: pinned.code.tree.to_string(),
            params: pinned.params.clone(),
            ..run.clone()
        };
        let definition = pinned.record.definition.clone();
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move {
                    pipeline_run::pin_again(conn, &run, &definition).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Every trigger of every project with what is remembered of it.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<TriggerStatus>> {
        let projects = self.0.projects().list(ctx).await?;
        let mut reader = self.0.inner.db.read().await?;
        let mut list = Vec::new();
        for record in projects {
            let mut states: BTreeMap<String, TriggerState> =
                trigger::states(&mut reader.conn(), &record.name).await?;
            for spec in &record.definition.triggers {
                let state = states.remove(spec.name.as_str()).unwrap_or_default();
                let filter = DecisionFilter {
                    kind: Some(DecisionKind::Trigger),
                    subject: Some(trigger_subject(&record.name, &spec.name)),
                    ..DecisionFilter::default()
                };
                let last = decision::list(&mut reader.conn(), &filter, 1).await?.into_iter().next();
                let next_due_ms = match &spec.rule {
                    Rule::Schedule(schedule) => schedule.next_after(ctx.now()).map(Timestamp::millis),
                    _ => None,
                };
                let project = record.name.clone();
                let trigger = spec.clone();
                list.push(TriggerStatus { project, trigger, state, next_due_ms, last_decision: last });
            }
        }
        Ok(list)
    }

    /// Lets a paused trigger start runs again; its earlier runs do not count any more.
    pub async fn resume(&self, ctx: &Context, project: &str, name: &str) -> Result<()> {
        let record = self.0.projects().get(ctx, project).await?;
        let spec = record.definition.triggers.iter().find(|spec| spec.name.as_str() == name);
        let spec = spec.cloned().ok_or_else(|| Error::not_found("trigger", format!("{project}/{name}")))?;
        let mut state = self.state(ctx, &record, &spec).await?;
        state.paused = None;
        state.last_said = None;
        state.resumed_ms = Some(ctx.now().millis());
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    trigger::save(conn, &record.name, &spec.name, &state).await?;
                    let subject = trigger_subject(&record.name, &spec.name);
                    Ok(((), Audit::new("pipelines.trigger.resume", "trigger", subject)))
                })
            })
            .await
    }
}
