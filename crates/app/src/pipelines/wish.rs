//! Whether a trigger wants a run now, and on what evidence.

use db::pipelines::project::ProjectRecord;
use db::pipelines::{event, pipeline_run};
use domain::data::{At, DataVersion};
use domain::pipelines::event::{Event, EventKind};
use domain::pipelines::expr::{Condition, Evaluation};
use domain::pipelines::trigger::{Rule, Schedule, TriggerSpec, TriggerState};
use domain::{Name, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::trigger::{Triggers, Wish};
use super::trigger_values::{DataValues, DriftValues, PerformanceValues, held_ms};
use crate::{Context, Error, ErrorKind, Result};

/// For how many milliseconds a condition, given by its text, has held without a break.
type Held<'a> = &'a dyn Fn(&str) -> i64;

/// Findings that a `for` looks back over at the most.
const MAX_FINDINGS: i64 = 1000;

impl Triggers<'_> {
    /// What a trigger wants now; `None` when it wants nothing.
    pub(super) async fn wish(
        &self,
        ctx: &Context,
        record: &ProjectRecord,
        spec: &TriggerSpec,
        state: &TriggerState,
    ) -> Result<Option<Wish>> {
        match &spec.rule {
            Rule::Data { data, when, settle_ms } => {
                self.data_wish(ctx, record, state, data, when.as_ref(), *settle_ms).await
            }
            Rule::Schedule(schedule) => Ok(schedule_wish(ctx.now(), state, schedule)),
            Rule::Drift { deployment, when } => {
                let default = Condition::parse("alarm").map_err(Error::internal)?;
                let when = when.as_ref().unwrap_or(&default);
                let evaluate = |finding: &_, condition: &Condition, held: Held<'_>| {
                    condition.evaluate(&DriftValues { finding, held })
                };
                self.finding_wish(
                    ctx,
                    record,
                    spec,
                    state,
                    EventKind::MonitorDrift,
                    deployment,
                    when,
                    evaluate,
                )
                .await
            }
            Rule::Performance { deployment, when } => {
                let now = ctx.now();
                let evaluate = |finding: &_, condition: &Condition, held: Held<'_>| {
                    condition.evaluate(&PerformanceValues { now, finding, held })
                };
                let kind = EventKind::MonitorPerformance;
                self.finding_wish(ctx, record, spec, state, kind, deployment, when, evaluate).await
            }
        }
    }

    async fn data_wish(
        &self,
        ctx: &Context,
        record: &ProjectRecord,
        state: &TriggerState,
        data: &Name,
        when: Option<&Condition>,
        settle_ms: i64,
    ) -> Result<Option<Wish>> {
        let newest = match self.0.datasets().version_at(ctx, data, &At::Latest).await {
            Ok(version) => version,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let last_run = {
            let mut reader = self.0.inner.db.read().await?;
            pipeline_run::list(&mut reader.conn(), &record.name, i64::MAX, 1).await?.into_iter().next()
        };
        let used_by_run = last_run.as_ref().and_then(|run| run.data.get(data.as_str()));
        let used =
            state.unchanged_data.as_ref().into_iter().chain(used_by_run).max_by_key(|used| used.number);
        let used_at =
            last_run.as_ref().map(|run| run.created).max(state.last_handled_ms.map(Timestamp::from_millis));
        let commit = newest.commit.to_string();
        let is_new = used.is_none_or(|used| used.commit != commit);
        let asks_age = when.is_some_and(|when| when.names().contains("age"));
        if !is_new && !asks_age {
            return Ok(None);
        }
        let now = ctx.now();
        if is_new && now.since(newest.time_ms) < settle_ms {
            return Ok(None);
        }
        let evaluation = when.map(|when| when.evaluate(&DataValues { now, newest: &newest, used, used_at }));
        if evaluation.as_ref().is_some_and(|evaluation| !evaluation.holds()) {
            return Ok(None);
        }
        let what = if is_new { "new data" } else { "old data" };
        let reason = match when {
            Some(when) => format!("{what} in {}: {when}", newest.reference()),
            None => format!("{what} in {}", newest.reference()),
        };
        let evidence = json!({
            "data": newest.reference(), "commit": commit, "before": used.map(|used| used.number),
            "when": when.map(Condition::text), "values": evaluation.map(|evaluation| evaluation.values),
        });
        Ok(Some(Wish { reason, evidence, about: about(&newest), met: met(state, now) }))
    }

    #[expect(clippy::too_many_arguments, reason = "one rule for findings of either kind")]
    async fn finding_wish<F: DeserializeOwned>(
        &self,
        ctx: &Context,
        record: &ProjectRecord,
        spec: &TriggerSpec,
        state: &TriggerState,
        kind: EventKind,
        deployment: &Name,
        when: &Condition,
        evaluate: impl Fn(&F, &Condition, Held<'_>) -> Evaluation,
    ) -> Result<Option<Wish>> {
        let mut events = {
            let mut reader = self.0.inner.db.read().await?;
            event::latest(&mut reader.conn(), kind, deployment.as_str(), MAX_FINDINGS).await?
        };
        // What an earlier firing has answered counts neither as new nor towards `for`.
        events.retain(|event| event.seq > state.seen_event);
        let Some(newest) = events.first() else {
            return Ok(None);
        };
        let finding = |event: &Event| serde_json::from_value::<F>(event.payload.clone()).ok();
        let Some(found) = finding(newest) else {
            tracing::warn!(event = newest.seq, "a finding cannot be read");
            return Ok(None);
        };
        let holds = |event: &Event, condition: &Condition| {
            finding(event).is_some_and(|found| evaluate(&found, condition, &|_| i64::MAX).holds())
        };
        if state.disarmed {
            // Hysteresis: after a firing the condition has to end before it can begin again.
            if !holds(newest, when) {
                let state = TriggerState { disarmed: false, seen_event: newest.seq, ..state.clone() };
                self.remember(&record.name, &spec.name, state).await?;
            }
            return Ok(None);
        }
        let held = |text: &str| {
            Condition::parse(text).map_or(0, |inner| held_ms(&events, |event| holds(event, &inner)))
        };
        let evaluation = evaluate(&found, when, &held);
        if !evaluation.holds() {
            return Ok(None);
        }
        let evidence = json!({
            "event": newest.id, "finding": newest.payload, "when": when.text(), "values": evaluation.values,
        });
        let met = TriggerState { seen_event: newest.seq, disarmed: true, ..met(state, ctx.now()) };
        let what = if kind == EventKind::MonitorDrift { "drift" } else { "performance" };
        let reason = format!("{what} of {deployment}: {when}");
        Ok(Some(Wish { reason, evidence, about: format!("event {}", newest.seq), met }))
    }
}

fn schedule_wish(now: Timestamp, state: &TriggerState, schedule: &Schedule) -> Option<Wish> {
    let from = state.last_handled_ms.max(state.since_ms).unwrap_or(now.millis());
    let due = schedule.last_due(Timestamp::from_millis(from), now)?;
    Some(Wish {
        reason: format!("due since {} by {:?}", due.to_rfc3339(), schedule.text()),
        evidence: json!({"schedule": schedule.text(), "due_ms": due.millis()}),
        about: format!("due {}", due.millis()),
        met: met(state, now),
    })
}

fn about(version: &DataVersion) -> String {
    format!("data {}", version.reference())
}

fn met(state: &TriggerState, now: Timestamp) -> TriggerState {
    TriggerState { last_handled_ms: Some(now.millis()), ..state.clone() }
}
