//! Lineage: from one prediction the whole way back to the rows, the code and the decisions behind it.

use db::monitoring::label;
use db::pipelines::decision::{self, DecisionFilter};
use db::pipelines::{pipeline_run, step_result, step_run};
use db::registry::evaluation;
use db::{Conn, serving};
use domain::governance::role::Permission;
use domain::monitoring::label::Label;
use domain::pipelines::decision::{Decision, DecisionKind};
use domain::pipelines::pipeline_run::{Cause, PinnedRun, PipelineRun};
use domain::pipelines::step::{InputRef, Split};
use domain::pipelines::step_run::{StepResult, StepRun};
use domain::registry::evaluation::Evaluation;
use domain::registry::model::ModelName;
use domain::registry::model_version::ModelVersion;
use domain::serving::{Deployment, Prediction};
use domain::tracking::run::Run;
use domain::{Id, Name};
use serde::Serialize;

use crate::{App, Context, ErrorKind, Result};

/// Decisions of one pipeline run or deployment that are looked through.
const MAX_DECISIONS: i64 = 100;

/// Lineage as a view on [`App`].
pub struct Lineage<'a>(&'a App);

impl App {
    /// The lineage of predictions.
    pub fn lineage(&self) -> Lineage<'_> {
        Lineage(self)
    }
}

/// The way back from a prediction. What the platform did not make itself is absent.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The prediction.
    pub prediction: Prediction,
    /// What turned out to be true.
    pub label: Option<Label>,
    /// The endpoint, as it is declared now.
    pub deployment: Option<Deployment>,
    /// The model version that answered.
    pub model_version: Option<ModelVersion>,
    /// The tracked run that it came from, with parameters and metrics.
    pub run: Option<Run>,
    /// The step run that trained it.
    pub step_run: Option<StepRun>,
    /// The key of the environment that it was trained in.
    pub environment: Option<String>,
    /// The tree of the code that it was trained with.
    pub code_tree: Option<String>,
    /// The pipeline run around that, with the pinned data versions.
    pub pipeline_run: Option<PipelineRun>,
    /// What the training step read.
    pub inputs: Vec<TracedInput>,
    /// The comparison that the gate looked at.
    pub evaluation: Option<Evaluation>,
    /// Why it was trained, accepted, approved and rolled out; oldest first.
    pub decisions: Vec<Decision>,
}

/// One input of the training step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TracedInput {
    /// What the step calls it.
    pub name: String,
    /// Where it comes from: `flights@v3`, `prepare.features@train`.
    pub reference: String,
    /// Its parts.
    pub parts: Vec<TracedPart>,
}

/// One part of an input: a data version, or what one unit of a step made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TracedPart {
    /// The partition: `2013-01`.
    pub partition: Option<String>,
    /// Its rows, when it is a table.
    pub rows: Option<i64>,
    /// The commit of the data version, or the hash of the step's output.
    pub content: String,
    /// The step run that made it.
    pub step_run: Option<Id>,
}

impl Lineage<'_> {
    /// The way back from a prediction.
    pub async fn trace(&self, ctx: &Context, prediction: &Id) -> Result<Trace> {
        let prediction = self.0.predictions().get(ctx, prediction).await?;
        let model_version = match ModelName::parse(prediction.model.as_str()) {
            Ok(name) => absent(self.0.models().version(ctx, &name, prediction.version).await)?,
            Err(_) => None,
        };
        let provenance = model_version.as_ref().map(|found| found.provenance.clone()).unwrap_or_default();
        let run = match model_version.as_ref().and_then(|found| found.run.as_ref()) {
            Some(run) => absent(self.0.runs().get(ctx, run).await)?,
            None => None,
        };
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let trained = match &provenance.step_run {
            Some(id) => step_run::get(&mut conn, id).await?,
            None => None,
        };
        let pipeline = provenance.pipeline_run.as_ref().or(trained.as_ref().map(|step| &step.pipeline_run));
        let pinned = match pipeline {
            Some(id) => pipeline_run::get_pinned(&mut conn, id).await?,
            None => None,
        };
        let inputs = match (&trained, &pinned) {
            (Some(step), Some(pinned)) => inputs_of(&mut conn, step, pinned).await?,
            _ => Vec::new(),
        };
        let evaluation = match &provenance.evaluation {
            Some(id) => evaluation::get(&mut conn, id).await?,
            None => None,
        };
        let code_tree =
            provenance.code.or_else(|| pinned.as_ref().map(|pinned| pinned.run.code_tree.clone()));
        let pipeline_run = pinned.map(|pinned| pinned.run);
        Ok(Trace {
            label: label::get(&mut conn, &prediction.id).await?,
            deployment: serving::deployment::get(&mut conn, &prediction.deployment).await?,
            decisions: decisions_of(&mut conn, &prediction, pipeline_run.as_ref()).await?,
            model_version,
            run,
            step_run: trained,
            environment: provenance.environment,
            code_tree,
            pipeline_run,
            inputs,
            evaluation,
            prediction,
        })
    }
}

fn absent<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a step read in its pipeline run, down to partitions.
async fn inputs_of(conn: &mut Conn<'_>, step: &StepRun, pinned: &PinnedRun) -> Result<Vec<TracedInput>> {
    let Some(spec) = pinned.definition.step(step.step.as_str()) else { return Ok(Vec::new()) };
    let mut inputs = Vec::with_capacity(spec.inputs.len());
    for input in &spec.inputs {
        let split = match input.split {
            Split::All => String::new(),
            split => format!("@{}", split.as_str()),
        };
        let (reference, parts) = match &input.from {
            InputRef::Data { data } => match pinned.run.data.get(data.as_str()) {
                Some(version) => {
                    let part = TracedPart {
                        partition: None,
                        rows: version.rows,
                        content: version.commit.clone(),
                        step_run: None,
                    };
                    (format!("{}@v{}{split}", version.dataset, version.number), vec![part])
                }
                None => (format!("data.{data}{split}"), Vec::new()),
            },
            InputRef::Step { step: from, output } => {
                let results = cut(results_of(conn, &pinned.run.id, from).await?, input.split);
                let parts = results.iter().filter_map(|result| part_of(result, output.as_str())).collect();
                (format!("{from}.{output}{split}"), parts)
            }
        };
        inputs.push(TracedInput { name: input.name.to_string(), reference, parts });
    }
    Ok(inputs)
}

fn part_of(result: &StepResult, output: &str) -> Option<TracedPart> {
    let content = result.outputs.get(output)?;
    Some(TracedPart {
        partition: result.unit.partition.clone(),
        rows: content.rows,
        content: content.hash(),
        step_run: Some(result.step_run.clone()),
    })
}

/// The results of a step's units in a pipeline run, by partition.
pub(crate) async fn results_of(conn: &mut Conn<'_>, run: &Id, step: &Name) -> Result<Vec<StepResult>> {
    let mut results = Vec::new();
    for unit in step_run::of_run(conn, run).await? {
        if unit.step == *step
            && let Some(result) = step_result::get(conn, &unit.key).await?
        {
            results.push(result);
        }
    }
    results.sort_by(|a, b| a.unit.partition.cmp(&b.unit.partition));
    Ok(results)
}

/// The part of a partitioned output that a split names; a table in one piece is taken whole.
pub(crate) fn cut(mut results: Vec<StepResult>, split: Split) -> Vec<StepResult> {
    if results.len() > 1 {
        match split {
            Split::All => {}
            Split::Train => drop(results.pop()),
            Split::Holdout => drop(results.drain(..results.len() - 1)),
        }
    }
    results
}

/// Why the run was started, what was decided in it, and how its model was rolled out; oldest first.
async fn decisions_of(
    conn: &mut Conn<'_>,
    prediction: &Prediction,
    run: Option<&PipelineRun>,
) -> Result<Vec<Decision>> {
    let mut decisions = Vec::new();
    if let Some(run) = run {
        if let Cause::Trigger { decision: id, .. } = &run.cause {
            decisions.extend(decision::get(conn, id).await?);
        }
        let filter = DecisionFilter { pipeline_run: Some(run.id.clone()), ..DecisionFilter::default() };
        decisions.extend(decision::list(conn, &filter, MAX_DECISIONS).await?);
    }
    let filter = DecisionFilter {
        kind: Some(DecisionKind::Rollout),
        subject: Some(prediction.deployment.to_string()),
        ..DecisionFilter::default()
    };
    let rollouts = decision::list(conn, &filter, MAX_DECISIONS).await?;
    let of_version = |found: &Decision| found.evidence["version"] == serde_json::json!(prediction.version);
    decisions.extend(rollouts.into_iter().filter(of_version));
    decisions.sort_by(|a, b| a.id.cmp(&b.id));
    decisions.dedup_by(|a, b| a.id == b.id);
    Ok(decisions)
}
