//! From an evaluated model to a served one: gate, registration, rollout. Every part is found again by what it left, so
//! that a crash between any two of them changes nothing but the time.

use db::pipelines::decision::DecisionFilter;
use domain::monitoring::monitor::{MonitorSpec, PerformanceSpec};
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome};
use domain::pipelines::pipeline_run::{PinnedRun, PipelineRun, RunState};
use domain::pipelines::project::{Deploy, Project};
use domain::pipelines::step::{Action, InputRef};
use domain::pipelines::step_run::{StepResult, StepRun};
use domain::registry::alias::{CHALLENGER, CHAMPION};
use domain::registry::model::ModelName;
use domain::registry::model_version::{ModelVersion, Provenance};
use domain::serving::{RolloutPlan, Share};
use domain::{Id, Name};

use super::pipeline_run::Pipelines;
use crate::monitoring::monitor::false_alarm_rate;
use crate::registry::gate::GateRequest;
use crate::registry::model_version::NewVersion;
use crate::serving::rollout::StartRollout;
use crate::{Context, Error, ErrorKind, Result};

/// Newest runs of a project that are looked at.
const LOOKED_AT: i64 = 10;
/// Decisions and rollouts that are looked through for what was done before.
const LOOKED_THROUGH: i64 = 50;
/// Why an alias moves when a run ends well.
const ACCEPTED: &str = "the gate accepted it";

/// A model that a pipeline run has evaluated.
struct Evaluated {
    run: PipelineRun,
    project: Project,
    evaluation: Id,
    trained: Option<StepResult>,
}

impl Pipelines<'_> {
    /// Brings every evaluated model of the newest runs as far as it can go now.
    pub async fn conclude(&self, ctx: &Context) -> Result<()> {
        for record in self.0.projects().list(ctx).await? {
            let mut runs = self.runs(ctx, record.name.as_str(), None, LOOKED_AT).await?;
            // The newest run comes last, so that its rollout supersedes the ones before.
            runs.reverse();
            for run in runs.into_iter().filter(|run| run.state == RunState::Succeeded) {
                if let Some(evaluated) = self.evaluated(ctx, &run.id).await? {
                    self.conclude_one(ctx, &evaluated).await?;
                }
            }
        }
        Ok(())
    }

    async fn conclude_one(&self, ctx: &Context, evaluated: &Evaluated) -> Result<()> {
        let decision = match self.decided(ctx, evaluated).await? {
            Some(decision) => decision,
            None => self.decide(ctx, evaluated).await?,
        };
        if decision.outcome != DecisionOutcome::Accepted {
            return Ok(());
        }
        let model = ModelName::parse(evaluated.project.name.as_str())
            .map_err(|refusal| Error::invalid("project", refusal.to_string()))?;
        let version = match self.registered(ctx, &model, &evaluated.evaluation).await? {
            Some(version) => version,
            None => self.register(ctx, &model, evaluated).await?,
        };
        match &evaluated.project.deploy {
            Some(deploy) => self.roll_out(ctx, &model, version.version, deploy, &evaluated.project).await,
            None => self.promote_once(ctx, &model, version.version).await,
        }
    }

    /// What a run has evaluated, when it has an `evaluate` step that ended well.
    async fn evaluated(&self, ctx: &Context, run: &Id) -> Result<Option<Evaluated>> {
        let status = self.status(ctx, run).await?;
        let PinnedRun { run, definition: project } = status.pinned;
        let Some(step) = project.steps.iter().find(|step| step.action == Action::Evaluate) else {
            return Ok(None);
        };
        let evaluation =
            self.first_result(ctx, &status.steps, &step.name).await?.and_then(|result| result.evaluation);
        let trained = match step.input("model").map(|input| &input.from) {
            Some(InputRef::Step { step: trainer, .. }) => {
                self.first_result(ctx, &status.steps, trainer).await?
            }
            _ => None,
        };
        Ok(evaluation.map(|evaluation| Evaluated { run, project: project.clone(), evaluation, trained }))
    }

    async fn first_result(
        &self,
        ctx: &Context,
        steps: &[StepRun],
        name: &Name,
    ) -> Result<Option<StepResult>> {
        for step in steps.iter().filter(|step| step.step == *name) {
            if let Some(result) = self.step_result(ctx, step).await? {
                return Ok(Some(result));
            }
        }
        Ok(None)
    }

    async fn decided(&self, ctx: &Context, evaluated: &Evaluated) -> Result<Option<Decision>> {
        let filter = DecisionFilter {
            kind: Some(DecisionKind::Gate),
            subject: Some(evaluated.project.name.to_string()),
            ..DecisionFilter::default()
        };
        let decisions = self.0.decisions().list(ctx, &filter, LOOKED_THROUGH).await?;
        let same = |decision: &Decision| {
            decision.evidence["evaluation"] == serde_json::Value::String(evaluated.evaluation.to_string())
        };
        Ok(decisions.into_iter().find(same))
    }

    async fn decide(&self, ctx: &Context, evaluated: &Evaluated) -> Result<Decision> {
        let gate = evaluated.project.gate.clone();
        let (require, approve) = gate.map(|gate| (gate.require, gate.approve)).unwrap_or_default();
        let request = GateRequest {
            evaluation: evaluated.evaluation.clone(),
            project: evaluated.project.name.clone(),
            require,
            approve,
            subject: evaluated.project.name.to_string(),
            pipeline_run: Some(evaluated.run.id.clone()),
        };
        self.0.gates().decide(ctx, request).await
    }

    async fn registered(
        &self,
        ctx: &Context,
        model: &ModelName,
        evaluation: &Id,
    ) -> Result<Option<ModelVersion>> {
        let versions = match self.0.models().versions(ctx, model).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            versions => versions?,
        };
        Ok(versions.into_iter().find(|version| version.provenance.evaluation.as_ref() == Some(evaluation)))
    }

    async fn register(
        &self,
        ctx: &Context,
        model: &ModelName,
        evaluated: &Evaluated,
    ) -> Result<ModelVersion> {
        let project = &evaluated.project.name;
        let no_model = || {
            Error::conflict(
                "pipeline run",
                &evaluated.run.id,
                "its training step logged no model to register",
            )
        };
        let trained = evaluated.trained.as_ref().ok_or_else(no_model)?;
        let tracked = trained.tracked_run.as_ref().ok_or_else(no_model)?;
        let logged = self.0.logged_models().of_run(ctx, tracked).await?;
        let logged = logged.into_iter().next().ok_or_else(no_model)?;
        let data = evaluated.run.data.values().map(|data| format!("{}@v{}", data.dataset, data.number));
        let new = NewVersion {
            source: format!("models:/m-{}", logged.id),
            run: Some(tracked.clone()),
            logged_model: Some(logged.id.clone()),
            description: format!("accepted by the gate of {project} in run {}", evaluated.run.number),
            provenance: Provenance {
                step_run: Some(trained.step_run.clone()),
                pipeline_run: Some(evaluated.run.id.clone()),
                data_versions: data.collect(),
                environment: trained.env_key.clone(),
                code: Some(evaluated.run.code_tree.clone()),
                evaluation: Some(evaluated.evaluation.clone()),
            },
            create_model: true,
            ..NewVersion::default()
        };
        let version = self.0.models().create_version(ctx, model, new).await?;
        self.0.models().set_alias(ctx, model, CHALLENGER, version.version, ACCEPTED).await?;
        Ok(version)
    }

    /// Starts the version's rollout unless it had one already, whatever became of it.
    async fn roll_out(
        &self,
        ctx: &Context,
        model: &ModelName,
        version: i64,
        deploy: &Deploy,
        project: &Project,
    ) -> Result<()> {
        let known = match self.0.rollouts().list(ctx, &deploy.to, LOOKED_THROUGH).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            rollouts => rollouts?,
        };
        if known.iter().any(|rollout| rollout.model == *model && rollout.version == version) {
            return Ok(());
        }
        let request = StartRollout {
            deployment: deploy.to.clone(),
            model: model.clone(),
            version,
            plan: plan(deploy)?,
        };
        self.0.rollouts().start(ctx, request).await?;
        self.0.monitors().declare(ctx, &deploy.to, watched(project)).await?;
        Ok(())
    }

    /// Makes the version the champion unless it has been one.
    async fn promote_once(&self, ctx: &Context, model: &ModelName, version: i64) -> Result<()> {
        let history = self.0.models().alias_history(ctx, model, Some(CHAMPION)).await?;
        if history.iter().any(|step| step.version == Some(version)) {
            return Ok(());
        }
        self.0.models().promote(ctx, model, version, CHAMPION, ACCEPTED).await?;
        self.0.models().remove_alias(ctx, model, CHALLENGER, ACCEPTED).await
    }
}

fn plan(deploy: &Deploy) -> Result<RolloutPlan> {
    let share = |share: &f64| {
        Share::parse(&format!("{}%", share * 100.0))
            .map_err(|error| Error::invalid("deploy.canary", error.to_string()))
    };
    Ok(RolloutPlan {
        canary: deploy.canary.iter().map(share).collect::<Result<_>>()?,
        every_ms: deploy.every_ms,
        rollback: deploy.rollback.iter().map(|condition| condition.text().to_owned()).collect(),
    })
}

/// How `monitor:` wants the deployment to be watched.
fn watched(project: &Project) -> MonitorSpec {
    let mut spec = MonitorSpec { freshness_ms: project.monitor.freshness_ms, ..MonitorSpec::default() };
    if let Some(drift) = &project.monitor.drift {
        let wanted = &drift.false_alarms;
        spec.drift.false_alarm_rate = false_alarm_rate(wanted.count, wanted.per_ms, spec.windows.max_ms);
    }
    if let Some(performance) = &project.monitor.performance {
        spec.performance = PerformanceSpec {
            metric: performance.metric.clone().or_else(|| project.objective.metric.clone()),
            after_ms: performance.after_ms,
            ..PerformanceSpec::default()
        };
    }
    spec
}
