//! The overview: where the loop stands, what needs somebody, what is served, what was done last.

use domain::monitoring::monitor::{Monitor, MonitorState};
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome};
use domain::pipelines::pipeline_run::PipelineRun;
use domain::pipelines::step::{Action, OutputKind, StepSpec};
use domain::pipelines::step_run::{StepRun, StepState};
use domain::registry::evaluation::Evaluation;
use domain::serving::DeploymentState;
use domain::{Id, Timestamp};
use serde::Serialize;

use crate::data::dataset::DatasetSummary;
use crate::pipelines::decision::DecisionFilter;
use crate::serving::deployment::DeploymentStatus;
use crate::{App, Context, Result};

/// Decisions that are looked through for what waits for approval.
const DECISIONS: i64 = 50;

impl App {
    /// The loop at a glance.
    pub async fn overview(&self, ctx: &Context) -> Result<Overview> {
        let datasets = self.datasets().list(ctx).await?;
        let deployments = self.deployments().list(ctx).await?;
        let monitors = self.monitors().list(ctx).await?;
        let pipeline = self.newest_pipeline(ctx).await?;
        let evaluation = self.evaluations().list(ctx, None, 1).await?.pop();
        let decisions = self.decisions().list(ctx, &DecisionFilter::default(), DECISIONS).await?;
        let mut attention = attention(&datasets, &deployments, pipeline.as_ref(), &decisions);
        for alert in self.monitors().alerts(ctx, None, true).await? {
            attention.push(Attention {
                kind: "alert",
                severity: "alarm",
                text: format!("{}: {}", alert.deployment, alert.sentence),
                place: Place::Monitor(alert.deployment),
                time_ms: alert.opened_ms,
            });
        }
        attention.sort_by_key(|item| std::cmp::Reverse(item.time_ms));
        let stages = vec![
            collect(&datasets),
            step_stage("analyse", pipeline.as_ref(), |step| matches!(step.action, Action::Notebook(_))),
            step_stage("prepare", pipeline.as_ref(), makes_tables),
            step_stage("train", pipeline.as_ref(), makes_models),
            validate(evaluation.as_ref(), &decisions),
            serve(&deployments),
            monitor(&monitors),
            retrain(&decisions),
        ];
        Ok(Overview { stages, attention, serving: deployments })
    }

    async fn newest_pipeline(&self, ctx: &Context) -> Result<Option<Pipeline>> {
        let mut newest: Option<PipelineRun> = None;
        for project in self.projects().list(ctx).await? {
            let run = self.pipelines().runs(ctx, project.name.as_str(), None, 1).await?.pop();
            newest = newest.into_iter().chain(run).max_by_key(|run| run.created);
        }
        let Some(run) = newest else { return Ok(None) };
        let status = self.pipelines().status(ctx, &run.id).await?;
        Ok(Some(Pipeline { run, steps: status.pinned.definition.steps, units: status.steps }))
    }
}

/// The loop at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The eight stages, in the order of the loop.
    pub stages: Vec<Stage>,
    /// What needs somebody, newest first.
    pub attention: Vec<Attention>,
    /// What is served.
    pub serving: Vec<DeploymentStatus>,
}

/// One stage of the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// `collect`, `analyse`, `prepare`, `train`, `validate`, `serve`, `monitor` or `retrain`.
    pub stage: &'static str,
    /// `ok`, `running`, `waiting`, `warn` or `failed`.
    pub state: &'static str,
    /// The newest thing.
    pub headline: String,
    /// More about it.
    pub detail: String,
    /// Where it is shown.
    pub place: Place,
}

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// `alert`, `data`, `deployment`, `approval` or `pipeline`.
    pub kind: &'static str,
    /// `warn`, `failed` or `alarm`.
    pub severity: &'static str,
    /// What it is, in words.
    pub text: String,
    /// Where it is shown.
    pub place: Place,
    /// Since when.
    pub time_ms: Timestamp,
}

/// A thing that has a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// All data sets.
    Datasets,
    /// One data set.
    Dataset(String),
    /// All pipelines.
    Pipelines,
    /// One pipeline run.
    PipelineRun(Id),
    /// All models.
    Models,
    /// All deployments.
    Deployments,
    /// One deployment.
    Deployment(String),
    /// All monitors.
    Monitors,
    /// One monitor.
    Monitor(String),
}

struct Pipeline {
    run: PipelineRun,
    steps: Vec<StepSpec>,
    units: Vec<StepRun>,
}

fn makes_models(step: &StepSpec) -> bool {
    step.outputs.iter().any(|output| output.kind == OutputKind::Model)
}

fn makes_tables(step: &StepSpec) -> bool {
    let notebook = matches!(step.action, Action::Notebook(_));
    !notebook && step.outputs.iter().any(|output| output.kind == OutputKind::Table)
}

fn waiting(stage: &'static str, place: Place) -> Stage {
    Stage { stage, state: "waiting", headline: "nothing yet".to_owned(), detail: String::new(), place }
}

fn collect(datasets: &[DatasetSummary]) -> Stage {
    let newest = datasets.iter().filter_map(|set| set.latest.as_ref()).max_by_key(|version| version.time_ms);
    let Some(newest) = newest else { return waiting("collect", Place::Datasets) };
    let refused = datasets.iter().find_map(|set| set.rejected.as_ref());
    let rows = newest.rows.map_or_else(String::new, |rows| format!("{rows} rows in "));
    let number = newest.number().unwrap_or_default();
    Stage {
        stage: "collect",
        state: if refused.is_some() { "warn" } else { "ok" },
        headline: format!("{}@v{number}", newest.dataset),
        detail: match refused {
            Some(refused) => format!("a newer version of {} was rejected", refused.dataset),
            None => format!("{rows}{} files", newest.files),
        },
        place: Place::Dataset(newest.dataset.to_string()),
    }
}

/// A stage that is made by steps of the newest pipeline run.
fn step_stage(
    stage: &'static str,
    pipeline: Option<&Pipeline>,
    belongs: impl Fn(&StepSpec) -> bool,
) -> Stage {
    let Some(pipeline) = pipeline else { return waiting(stage, Place::Pipelines) };
    let Some(step) = pipeline.steps.iter().find(|step| belongs(step)) else {
        return waiting(stage, Place::Pipelines);
    };
    let units: Vec<&StepRun> = pipeline.units.iter().filter(|unit| unit.step == step.name).collect();
    let count = |states: &[StepState]| units.iter().filter(|unit| states.contains(&unit.state)).count();
    let failed = count(&[StepState::Failed]);
    let busy = count(&[StepState::Ready, StepState::Claimed, StepState::Running]);
    let reused = count(&[StepState::Skipped, StepState::Restored]);
    let state = match (units.is_empty(), failed, busy) {
        (true, ..) => "waiting",
        (_, 0, 0) => "ok",
        (_, 0, _) => "running",
        _ => "failed",
    };
    Stage {
        stage,
        state,
        headline: step.name.to_string(),
        detail: format!(
            "run {}: {} of {} units made, {reused} reused",
            pipeline.run.number,
            count(&[StepState::Succeeded]),
            units.len()
        ),
        place: Place::PipelineRun(pipeline.run.id.clone()),
    }
}

fn validate(evaluation: Option<&Evaluation>, decisions: &[Decision]) -> Stage {
    let Some(evaluation) = evaluation else { return waiting("validate", Place::Models) };
    let gate = decisions.iter().find(|decision| decision.kind == DecisionKind::Gate);
    let (state, detail) = match gate.map(|gate| gate.outcome) {
        Some(DecisionOutcome::Accepted) => ("ok", "the gate accepted the newest model"),
        Some(DecisionOutcome::WaitingApproval) => ("warn", "the newest model waits for approval"),
        Some(_) => ("warn", "the gate kept the champion"),
        None => ("ok", "measured, no gate has judged it"),
    };
    let value = evaluation.challenger.values.get(&evaluation.metric);
    let headline = value.map_or_else(
        || format!("{} was not measured", evaluation.metric),
        |value| format!("{} {value:.4}", evaluation.metric),
    );
    Stage { stage: "validate", state, headline, detail: detail.to_owned(), place: Place::Models }
}

fn serve(deployments: &[DeploymentStatus]) -> Stage {
    let Some(first) = deployments.first() else { return waiting("serve", Place::Deployments) };
    let state = match first.state {
        DeploymentState::Ready if first.active_rollout.is_some() => "running",
        DeploymentState::Ready => "ok",
        DeploymentState::Starting => "running",
        DeploymentState::Empty => "waiting",
        DeploymentState::Degraded => "warn",
        DeploymentState::Failed => "failed",
    };
    let served = first.deployment.live.as_ref();
    Stage {
        stage: "serve",
        state,
        headline: first.deployment.name.to_string(),
        detail: match served {
            Some(live) => format!(
                "{}:{}, {:.0} requests a minute",
                live.model, live.version, first.rates.requests_per_min
            ),
            None => first.message.clone(),
        },
        place: Place::Deployment(first.deployment.name.to_string()),
    }
}

fn monitor(monitors: &[Monitor]) -> Stage {
    let worst = |monitor: &&Monitor| match monitor.state {
        MonitorState::Waiting => 0,
        MonitorState::Steady => 1,
        MonitorState::Warned => 2,
        MonitorState::Alarmed => 3,
    };
    let Some(worst) = monitors.iter().max_by_key(worst) else { return waiting("monitor", Place::Monitors) };
    let (state, detail) = match worst.state {
        MonitorState::Waiting => ("waiting", "waits for enough requests"),
        MonitorState::Steady => ("ok", "requests look like the training data"),
        MonitorState::Warned => ("warn", "something moved; not for long enough to alarm"),
        MonitorState::Alarmed => ("failed", "drift has persisted"),
    };
    Stage {
        stage: "monitor",
        state,
        headline: worst.deployment.clone(),
        detail: detail.to_owned(),
        place: Place::Monitor(worst.deployment.clone()),
    }
}

fn retrain(decisions: &[Decision]) -> Stage {
    let Some(newest) = decisions.iter().find(|decision| decision.kind == DecisionKind::Trigger) else {
        return waiting("retrain", Place::Pipelines);
    };
    let (state, word) = match newest.outcome {
        DecisionOutcome::Fired => ("ok", "fired"),
        DecisionOutcome::Merged => ("ok", "merged"),
        DecisionOutcome::Suppressed => ("warn", "held back"),
        DecisionOutcome::NoChange => ("ok", "no change"),
        _ => ("failed", "failed"),
    };
    Stage {
        stage: "retrain",
        state,
        headline: format!("{word}: {}", newest.subject),
        detail: newest.reason.clone(),
        place: newest.pipeline_run.clone().map_or(Place::Pipelines, Place::PipelineRun),
    }
}

fn attention(
    datasets: &[DatasetSummary],
    deployments: &[DeploymentStatus],
    pipeline: Option<&Pipeline>,
    decisions: &[Decision],
) -> Vec<Attention> {
    let mut found = Vec::new();
    for refused in datasets.iter().filter_map(|set| set.rejected.as_ref()) {
        found.push(Attention {
            kind: "data",
            severity: "failed",
            text: format!(
                "a new version of {} breaks its contract; the published one stays in use",
                refused.dataset
            ),
            place: Place::Dataset(refused.dataset.to_string()),
            time_ms: refused.time_ms,
        });
    }
    let troubled = |status: &&DeploymentStatus| {
        matches!(status.state, DeploymentState::Failed | DeploymentState::Degraded)
    };
    for status in deployments.iter().filter(troubled) {
        found.push(Attention {
            kind: "deployment",
            severity: if status.state == DeploymentState::Failed { "failed" } else { "warn" },
            text: format!("{}: {}", status.deployment.name, status.message),
            place: Place::Deployment(status.deployment.name.to_string()),
            time_ms: status.deployment.updated_ms,
        });
    }
    if let Some(Pipeline { run, .. }) = pipeline
        && let Some(message) = &run.message
    {
        found.push(Attention {
            kind: "pipeline",
            severity: "failed",
            text: format!("run {} of {}: {message}", run.number, run.project),
            place: Place::PipelineRun(run.id.clone()),
            time_ms: run.finished.unwrap_or(run.created),
        });
    }
    let newest_gate = decisions.iter().find(|decision| decision.kind == DecisionKind::Gate);
    if let Some(gate) = newest_gate.filter(|gate| gate.outcome == DecisionOutcome::WaitingApproval) {
        found.push(Attention {
            kind: "approval",
            severity: "warn",
            text: gate.reason.clone(),
            place: gate.pipeline_run.clone().map_or(Place::Models, Place::PipelineRun),
            time_ms: gate.time,
        });
    }
    found
}
