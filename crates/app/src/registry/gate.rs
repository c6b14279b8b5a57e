//! Gates: an evaluation judged by a project's conditions, the decision kept with its evidence.

use db::pipelines::decision::{self, DecisionFilter};
use db::registry::evaluation;
use domain::governance::role::Permission;
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome, NewDecision};
use domain::pipelines::expr::Condition;
use domain::registry::gate::{GateOutcome, GateVerdict, judge};
use domain::{Id, Name};
use serde_json::json;

use crate::{App, Audit, Context, Error, Result};

/// Earlier decisions on one subject that are looked through for the same question.
const LOOKED_THROUGH: i64 = 20;

/// What a gate is asked.
#[derive(Clone, Debug)]
pub struct GateRequest {
    /// The evaluation to judge.
    pub evaluation: Id,
    /// The project whose gate it is.
    pub project: Name,
    /// The conditions.
    pub require: Vec<Condition>,
    /// Roles that must approve what passes.
    pub approve: Vec<String>,
    /// What the decision is about: the challenger, as `flights` or a logged model's id.
    pub subject: String,
    /// The pipeline run that is judged.
    pub pipeline_run: Option<Id>,
}

/// Gates as a view on [`App`].
pub struct Gates<'a>(&'a App);

impl App {
    /// The gates.
    pub fn gates(&self) -> Gates<'_> {
        Gates(self)
    }
}

impl Gates<'_> {
    /// Judges an evaluation and stores the decision. Asked again about the same evaluation, it answers what it
    /// decided then.
    pub async fn decide(&self, ctx: &Context, request: GateRequest) -> Result<Decision> {
        let (id, now) = (ctx.new_id(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let evaluation = evaluation::get(conn, &request.evaluation)
                        .await?
                        .ok_or_else(|| Error::not_found("evaluation", &request.evaluation))?;
                    let filter = DecisionFilter {
                        kind: Some(DecisionKind::Gate),
                        subject: Some(request.subject.clone()),
                        ..DecisionFilter::default()
                    };
                    let earlier = decision::list(conn, &filter, LOOKED_THROUGH).await?;
                    let same = |known: &Decision| known.evidence["evaluation"] == json!(request.evaluation);
                    if let Some(known) = earlier.into_iter().find(same) {
                        let audit = Audit::new("registry.gate.recall", "decision", &known.id);
                        return Ok((known, audit));
                    }
                    let verdict = judge(&evaluation, &request.require, &request.approve);
                    let decided = new_decision(&request, &verdict).at(id, now);
                    decision::insert(conn, &decided).await?;
                    let audit = Audit::new("registry.gate.decide", "decision", &decided.id).detail(json!({
                        "subject": decided.subject, "outcome": decided.outcome, "reason": decided.reason,
                        "evaluation": request.evaluation,
                    }));
                    Ok((decided, audit))
                })
            })
            .await
    }
}

fn new_decision(request: &GateRequest, verdict: &GateVerdict) -> NewDecision {
    NewDecision {
        kind: DecisionKind::Gate,
        subject: request.subject.clone(),
        outcome: match verdict.outcome {
            GateOutcome::Accepted => DecisionOutcome::Accepted,
            GateOutcome::Rejected => DecisionOutcome::Rejected,
            GateOutcome::WaitingApproval => DecisionOutcome::WaitingApproval,
        },
        reason: verdict.sentence.clone(),
        evidence: json!({
            "evaluation": request.evaluation,
            "conditions": verdict.conditions,
            "approve": verdict.approve,
        }),
        project: Some(request.project.clone()),
        pipeline_run: request.pipeline_run.clone(),
    }
}
