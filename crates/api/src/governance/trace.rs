//! The way back from a prediction.

use app::governance::lineage::Trace;
use app::{App, Error};
use axum::extract::State;
use domain::Id;
use domain::pipelines::decision::{Decision, DecisionKind};
use serde_json::{Value, json};

use crate::{Ctx, Json, Path, Problem};

/// Shows what made a prediction: model version, run, parameters, data versions and rows, code, environment, trigger and
/// decisions. What the platform did not make itself is null.
#[utoipa::path(get, path = "/trace/{prediction_id}", tag = "governance",
    params(("prediction_id" = String, Path, description = "The prediction's id")),
    responses((status = 200, body = Object), (status = "default", body = Problem)))]
pub async fn trace(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = Id::parse(&text).ok_or_else(|| Error::not_found("prediction", &text))?;
    Ok(Json(body(&app.lineage().trace(&ctx, &id).await?)))
}

fn body(trace: &Trace) -> Value {
    let decision = |kind| trace.decisions.iter().find(|decision| decision.kind == kind);
    let told = |decision: Option<&Decision>| {
        decision.map(|decision| {
            json!({
                "id": decision.id, "time_ms": decision.time, "outcome": decision.outcome, "reason": decision.reason,
            })
        })
    };
    let run = trace.run.as_ref().map(|run| {
        let params = run.params.iter().map(|param| (param.key.clone(), json!(param.value)));
        let metrics = run.metrics.iter().map(|metric| (metric.key.clone(), json!(metric.value)));
        json!({
            "id": run.info.id, "name": run.info.name,
            "params": params.collect::<serde_json::Map<_, _>>(),
            "metrics": metrics.collect::<serde_json::Map<_, _>>(),
        })
    });
    let data_versions = trace.pipeline_run.iter().flat_map(|run| run.data.values()).map(|data| {
        json!({"dataset": data.dataset, "number": data.number, "commit": data.commit, "rows": data.rows, "files": data.files})
    });
    json!({
        "sentence": sentence(trace),
        "prediction": {
            "id": trace.prediction.id, "time_ms": trace.prediction.time_ms, "features": trace.prediction.features,
            "output": trace.prediction.output, "latency_us": trace.prediction.latency_us,
        },
        "label": trace.label.as_ref().map(|label| json!({"value": label.value})),
        "deployment": trace.deployment.as_ref().map(|deployment| json!({"name": deployment.name})),
        "model_version": {"name": trace.prediction.model, "version": trace.prediction.version},
        "run": run,
        "evaluation": trace.evaluation.as_ref().map(|evaluation| {
            json!({"id": evaluation.id, "sentence": evaluation.sentence, "data": evaluation.data})
        }),
        "gate": told(decision(DecisionKind::Gate)),
        "step_run": trace.step_run.as_ref().map(|step| json!({"id": step.id, "step": step.step, "key": step.key})),
        "environment": trace.environment,
        "code": trace.code_tree,
        "pipeline_run": trace.pipeline_run.as_ref().map(|run| {
            json!({"id": run.id, "number": run.number, "cause": run.cause, "created_ms": run.created})
        }),
        "trigger": told(decision(DecisionKind::Trigger)),
        "data_versions": data_versions.collect::<Vec<_>>(),
        "data": trace.inputs,
        "approvals": trace.decisions.iter().filter(|decision| decision.kind == DecisionKind::Approval).map(|decision| told(Some(decision))).collect::<Vec<_>>(),
    })
}

/// The way back in one sentence.
fn sentence(trace: &Trace) -> String {
    let mut text = format!("{}:{}", trace.prediction.model, trace.prediction.version);
    if let Some(run) = &trace.run {
        text.push_str(&format!(", trained by run {}", run.info.id.short()));
    }
    let rows: i64 = trace.inputs.iter().flat_map(|input| &input.parts).filter_map(|part| part.rows).sum();
    if let Some(run) = &trace.pipeline_run {
        let data: Vec<String> =
            run.data.values().map(|data| format!("{}@v{}", data.dataset, data.number)).collect();
        text.push_str(&format!(" on {rows} rows of {}", data.join(" and ")));
        text.push_str(&match run.cause.trigger() {
            Some(trigger) => format!(" in pipeline run {}, started by trigger {trigger}", run.number),
            None => format!(" in pipeline run {}, started by hand", run.number),
        });
    }
    if let Some(gate) = trace.decisions.iter().find(|decision| decision.kind == DecisionKind::Gate) {
        text.push_str(&format!("; the gate said: {}", gate.reason));
    }
    text
}
