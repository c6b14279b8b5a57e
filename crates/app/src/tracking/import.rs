//! Taking over what another tracking store holds, under the ids, times and people that it has there.
//!
//! Every thing is taken over whole or not at all: a run without its points, a logged model, a registered model with its
//! versions, a trace without its spans, an evaluation data set without its records, a scorer with its versions. Points, spans
//! and records may come in any number of calls. What is there already with the same content is left as it is; what is
//! there with other content is refused, and the rest goes on.

mod evaluation;
mod trace;

use std::collections::HashMap;

use db::Conn;
use db::governance::audit_event;
use db::tracking::metric::RunPoints;
use db::tracking::{experiment, import, input, logged_model, metric, param, run};
use domain::Id;
use domain::governance::audit_event::Outcome as Audited;
use domain::governance::role::Permission;
use domain::registry::import::ModelRecord;
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::import::evaluation::{EvaluationDatasetRecord, EvaluationRecordsRecord, ScorerRecord};
use domain::tracking::import::trace::{TraceRecord, TraceSpansRecord};
use domain::tracking::import::{
    ExperimentRecord, LoggedModelRecord, ModelMetricRecord, PointRecord, RunPointsRecord, RunRecord,
};
use domain::tracking::logged_model::{LoggedModel, ModelMetric};
use domain::tracking::metric::Metric;
use domain::tracking::run::{Run, RunInfo};
use domain::tracking::trace::TraceId;
use serde_json::json;

use super::artifact::below;
use crate::registry::import as models;
use crate::{App, Audit, Context, Error, Result};

pub use db::foreign;

/// Most things of one call.
pub const MAX_THINGS: usize = 1000;
/// Most points of one call, and most spans and records together.
pub const MAX_POINTS: usize = 50_000;

/// Imports as a view on [`App`].
pub struct Imports<'a>(&'a App);

impl App {
    /// What is taken over from other stores.
    pub fn imports(&self) -> Imports<'_> {
        Imports(self)
    }
}

/// What one call brings.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Where it comes from, for the audit log.
    pub source: String,
    /// Experiments.
    pub experiments: Vec<ExperimentRecord>,
    /// Runs; the numbers of their experiments are ours.
    pub runs: Vec<RunRecord>,
    /// Points of runs that are there.
    pub points: Vec<RunPointsRecord>,
    /// Logged models; the numbers of their experiments are ours.
    pub logged_models: Vec<LoggedModelRecord>,
    /// Registered models.
    pub models: Vec<ModelRecord>,
    /// Traces; the numbers of their experiments are ours, as in what follows.
    pub traces: Vec<TraceRecord>,
    /// Spans of traces that are there.
    pub spans: Vec<TraceSpansRecord>,
    /// Evaluation data sets.
    pub evaluation_datasets: Vec<EvaluationDatasetRecord>,
    /// Records of evaluation data sets that are there.
    pub evaluation_records: Vec<EvaluationRecordsRecord>,
    /// Scorers.
    pub scorers: Vec<ScorerRecord>,
}

/// What became of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was made.
    Made,
    /// It was there already, with the same content.
    Here,
    /// It was there already, and what it lacked was added: tags of an experiment, files of a model's versions.
    Merged,
    /// It was not taken, and why.
    Refused(String),
}

/// What became of one thing of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `experiment`, `run`, `points`, `logged_model`, `model`, `trace`, `spans`, `evaluation_dataset`, `evaluation_records` or
    /// `scorer`.
    pub noun: &'static str,
    /// Its id or name in the other store.
    pub id: String,
    /// Its id or name here.
    pub here: String,
    /// What became of it.
    pub taken: Taken,
}

impl Outcome {
    pub(crate) fn new(noun: &'static str, id: impl ToString, taken: Taken) -> Self {
        let id = id.to_string();
        Self { noun, here: id.clone(), id, taken }
    }
}

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Names of experiments.
    pub experiments: Vec<String>,
    /// Runs.
    pub runs: Vec<Id>,
    /// Logged models.
    pub logged_models: Vec<Id>,
    /// Names of registered models.
    pub models: Vec<String>,
    /// Traces.
    pub traces: Vec<TraceId>,
    /// Evaluation data sets.
    pub evaluation_datasets: Vec<Id>,
    /// Scorers.
    pub scorers: Vec<Id>,
    /// Also the files of runs, logged models and traces.
    pub files: bool,
}

/// A thing that is here, as far as comparing needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `experiment`, `run`, `logged_model`, `model`, `trace`, `evaluation_dataset` or `scorer`.
    pub noun: &'static str,
    /// Its name (experiments, models) or id.
    pub id: String,
    /// An experiment's number.
    pub experiment: Option<ExperimentId>,
    /// An experiment as a record.
    pub record: Option<ExperimentSummary>,
    /// The hash of all that it says; not of experiments.
    pub digest: String,
    /// A run's points: how many, and their sum.
    pub points: Option<(u64, String)>,
    /// A trace's spans, an evaluation data set's records: how many, and their sum.
    pub parts: Option<(u64, String)>,
    /// Where its files go: runs, logged models and traces.
    pub place: Option<String>,
    /// Its files, when they were asked for.
    pub files: Option<Vec<FileState>>,
    /// How many files each version of a model has.
    pub version_files: Vec<(i64, i64)>,
}

/// What an experiment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentSummary {
    /// Marked as deleted.
    pub deleted: bool,
    /// Its tags as key and value.
    pub tags: Vec<(String, String)>,
}

/// A file that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Below the place.
    pub path: String,
    /// Bytes.
    pub size: i64,
    /// The BLAKE3 hash of its bytes.
    pub hash: String,
}

impl Imports<'_> {
    /// Takes over what a call brings, in one transaction; what became of each thing, in the order of [`Batch`]'s fields.
    pub async fn store(&self, ctx: &Context, batch: Batch) -> Result<Vec<Outcome>> {
        check_size(&batch)?;
        check_name(&batch.source)?;
        let context = ctx.clone();
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    let outcomes = take(conn, &context, &batch).await?;
                    let count = |taken: fn(&Taken) -> bool| {
                        outcomes.iter().filter(|outcome| taken(&outcome.taken)).count()
                    };
                    let audit = Audit::new("tracking.import.store", "import", &batch.source).detail(json!({
                        "made": count(|taken| *taken == Taken::Made),
                        "refused": count(|taken| matches!(taken, Taken::Refused(_))),
                        "points": batch.points.iter().map(|of| of.points.len()).sum::<usize>(),
                        "traces": batch.traces.len(),
                        "spans": batch.spans.iter().map(|of| of.spans.len()).sum::<usize>(),
                    }));
                    Ok((outcomes, audit))
                })
            })
            .await
    }

    /// Those of the things that are here, for comparing.
    pub async fn check(&self, ctx: &Context, question: &Question) -> Result<Vec<State>> {
        let things = question.experiments.len()
            + question.runs.len()
            + question.logged_models.len()
            + question.models.len()
            + question.traces.len()
            + question.evaluation_datasets.len()
            + question.scorers.len();
        check_count("things", things, MAX_THINGS)?;
        question.experiments.iter().chain(&question.models).try_for_each(|name| check_name(name))?;
        let mut reader = self.0.read(ctx, Permission::Administer).await?;
        let mut conn = reader.conn();
        let mut states = Vec::with_capacity(things);
        for name in &question.experiments {
            states.extend(experiment_state(&mut conn, name).await?);
        }
        let mut found = Vec::with_capacity(question.runs.len());
        for id in &question.runs {
            found.extend(run::get(&mut conn, id).await?);
        }
        let numbers: Vec<i64> = found.iter().map(|run| run.num).collect();
        for (run, num) in run::load(&mut conn, found).await?.into_iter().zip(numbers) {
            let files = files(&mut conn, question.files, &run.info.artifact_uri).await?;
            let sum = import::points_sum(&mut conn, num).await?;
            states.push(State {
                noun: "run",
                id: run.info.id.to_string(),
                place: Some(run.info.artifact_uri.clone()),
                digest: of_run(run).digest(),
                points: Some((sum.count, sum.text())),
                files,
                ..State::default()
            });
        }
        for id in &question.logged_models {
            if let Some(found) = logged_model::get(&mut conn, id).await? {
                let place = found.model.artifact_uri.clone();
                states.push(State {
                    noun: "logged_model",
                    id: id.to_string(),
                    files: files(&mut conn, question.files, &place).await?,
                    place: Some(place),
                    digest: of_logged_model(found.model).digest(),
                    ..State::default()
                });
            }
        }
        for name in &question.models {
            states.extend(models::state(&mut conn, name).await?);
        }
        for id in &question.traces {
            states.extend(trace::state(&mut conn, id, question.files).await?);
        }
        for id in &question.evaluation_datasets {
            states.extend(evaluation::dataset_state(&mut conn, id).await?);
        }
        for id in &question.scorers {
            states.extend(evaluation::scorer_state(&mut conn, id).await?);
        }
        Ok(states)
    }
}

fn check_size(batch: &Batch) -> Result<()> {
    let things = batch.experiments.len()
        + batch.runs.len()
        + batch.logged_models.len()
        + batch.models.len()
        + batch.traces.len()
        + batch.evaluation_datasets.len()
        + batch.scorers.len();
    let owners = [batch.points.len(), batch.spans.len(), batch.evaluation_records.len()];
    check_count("things", owners.into_iter().fold(things, usize::max), MAX_THINGS)?;
    let spans = batch.spans.iter().map(|of| of.spans.len());
    let records = batch.evaluation_records.iter().map(|of| of.records.len());
    check_count("spans and records", spans.chain(records).sum(), MAX_POINTS)?;
    check_count("points", batch.points.iter().map(|of| of.points.len()).sum(), MAX_POINTS)
}

fn check_count(what: &str, count: usize, most: usize) -> Result<()> {
    if count <= most {
        return Ok(());
    }
    Err(Error::invalid(
        what,
        format!("a call takes at most {most} {what}, not {count}: send them in several"),
    ))
}

/// One engine stores no NUL, and does not look for one either.
fn check_name(name: &str) -> Result<()> {
    if name.contains('\0') {
        return Err(Error::invalid("name", format!("{name:?} holds a NUL character")));
    }
    Ok(())
}

async fn take(conn: &mut Conn<'_>, ctx: &Context, batch: &Batch) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    outcomes.extend(take_experiments(conn, ctx, &batch.source, &batch.experiments).await?);
    for record in &batch.runs {
        let taken = match record.check() {
            Ok(()) => take_run(conn, ctx, record).await?,
            Err(refusal) => Taken::Refused(refusal.to_string()),
        };
        let outcome = Outcome::new("run", &record.id, taken);
        note(conn, ctx, &batch.source, "tracking.run.import", &outcome).await?;
        outcomes.push(outcome);
    }
    outcomes.extend(take_points(conn, &batch.points).await?);
    for record in &batch.logged_models {
        let taken = match record.check() {
            Ok(()) => take_logged_model(conn, ctx, record).await?,
            Err(refusal) => Taken::Refused(refusal.to_string()),
        };
        let outcome = Outcome::new("logged_model", &record.id, taken);
        note(conn, ctx, &batch.source, "tracking.logged_model.import", &outcome).await?;
        outcomes.push(outcome);
    }
    for record in &batch.models {
        let taken = models::take(conn, ctx, record).await?;
        let outcome = Outcome::new("model", &record.name, taken);
        note(conn, ctx, &batch.source, "registry.model.import", &outcome).await?;
        outcomes.push(outcome);
    }
    // Traces are measurements, as points are: the entry of the call counts them.
    for record in &batch.traces {
        outcomes.push(Outcome::new("trace", &record.id, trace::take(conn, record).await?));
    }
    for record in &batch.spans {
        outcomes.push(Outcome::new("spans", &record.trace, trace::take_spans(conn, record).await?));
    }
    outcomes.extend(take_evaluation(conn, ctx, batch).await?);
    Ok(outcomes)
}

async fn take_evaluation(conn: &mut Conn<'_>, ctx: &Context, batch: &Batch) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for record in &batch.evaluation_datasets {
        let taken = evaluation::take_dataset(conn, record).await?;
        let outcome = Outcome::new("evaluation_dataset", &record.id, taken);
        note(conn, ctx, &batch.source, "tracking.evaluation_dataset.import", &outcome).await?;
        outcomes.push(outcome);
    }
    for record in &batch.evaluation_records {
        let taken = evaluation::take_records(conn, record).await?;
        outcomes.push(Outcome::new("evaluation_records", &record.dataset, taken));
    }
    for record in &batch.scorers {
        let taken = evaluation::take_scorer(conn, record).await?;
        let outcome = Outcome::new("scorer", &record.id, taken);
        note(conn, ctx, &batch.source, "tracking.scorer.import", &outcome).await?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Puts on record that a thing was made.
async fn note(
    conn: &mut Conn<'_>,
    ctx: &Context,
    source: &str,
    action: &'static str,
    outcome: &Outcome,
) -> Result<()> {
    if matches!(outcome.taken, Taken::Made | Taken::Merged) {
        let audit = Audit::new(action, outcome.noun, &outcome.here).detail(json!({"source": source}));
        audit_event::append(conn, audit.into_event(ctx, Audited::Done)).await?;
    }
    Ok(())
}

/// Those whose own number is free come first, before another is given it.
async fn take_experiments(
    conn: &mut Conn<'_>,
    ctx: &Context,
    source: &str,
    records: &[ExperimentRecord],
) -> Result<Vec<Outcome>> {
    let mut order = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let free = experiment::bare(conn, ExperimentId::from_number(record.id)).await?.is_none();
        order.push((!free, index));
    }
    order.sort_unstable();
    let mut outcomes = Vec::with_capacity(records.len());
    for (_, index) in order {
        outcomes.push((index, take_experiment(conn, ctx, source, &records[index]).await?));
    }
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The default experiment is everybody's, and of the others the name is what people know them by.
async fn take_experiment(
    conn: &mut Conn<'_>,
    ctx: &Context,
    source: &str,
    record: &ExperimentRecord,
) -> Result<Outcome> {
    let outcome = |taken, here: ExperimentId| Outcome {
        noun: "experiment",
        id: record.id.to_string(),
        here: here.to_string(),
        taken,
    };
    if let Err(refusal) = record.check() {
        return Ok(outcome(Taken::Refused(refusal.to_string()), ExperimentId::from_number(record.id)));
    }
    let found = match record.id {
        0 => experiment::get(conn, ExperimentId::DEFAULT).await?,
        _ => experiment::by_name(conn, &record.name).await?,
    };
    let outcome = match found {
        Some(found) => {
            let mut added = false;
            for tag in &record.tags {
                added |= import::add_tag(conn, found.id, tag).await?;
            }
            if added {
                import::touch(conn, found.id, ctx.now()).await?;
            }
            outcome(if added { Taken::Merged } else { Taken::Here }, found.id)
        }
        None => {
            outcome(Taken::Made, import::insert_experiment(conn, record, (&ctx.actor.name, ctx.now())).await?)
        }
    };
    note(conn, ctx, source, "tracking.experiment.import", &outcome).await?;
    Ok(outcome)
}

async fn take_run(conn: &mut Conn<'_>, ctx: &Context, record: &RunRecord) -> Result<Taken> {
    if let Some(found) = run::get(conn, &record.id).await? {
        let here = run::load(conn, vec![found]).await?;
        let same = here.into_iter().any(|run| of_run(run).digest() == record.clone().digest());
        return Ok(if same { Taken::Here } else { Taken::Refused(different("run")) });
    }
    let id = ExperimentId::from_number(record.experiment);
    if experiment::bare(conn, id).await?.is_none() {
        return Ok(Taken::Refused(format!("there is no experiment {id}")));
    }
    let info = RunInfo {
        id: record.id.clone(),
        experiment: id,
        name: record.name.clone(),
        user: record.user.clone(),
        status: record.status,
        start: record.start,
        end: record.end,
        lifecycle: Lifecycle::of(record.deleted),
        artifact_uri: String::new(),
    };
    let num = run::insert(conn, &info).await?;
    if record.deleted {
        run::mark(conn, num, Some((ctx.now(), &ctx.actor.name))).await?;
    }
    param::insert(conn, num, id, &record.params).await?;
    param::set_tags(conn, num, id, &record.tags).await?;
    for dataset in &record.datasets {
        input::add_dataset(conn, num, id, dataset).await?;
    }
    for model in &record.model_inputs {
        input::add_model_input(conn, num, model).await?;
    }
    for output in &record.model_outputs {
        input::add_model_output(conn, num, output).await?;
    }
    Ok(Taken::Made)
}

/// Points are a set: those that are there already change nothing.
async fn take_points(conn: &mut Conn<'_>, all: &[RunPointsRecord]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(all.len());
    let mut accepted: Vec<(run::Standing, Vec<Metric>)> = Vec::with_capacity(all.len());
    let ids: Vec<Id> = all.iter().map(|of| of.run.clone()).collect();
    let standings: HashMap<Id, run::Standing> = run::standings(conn, &ids).await?;
    for of in all {
        let taken = match (of.check(), standings.get(&of.run)) {
            (Err(refusal), _) => Taken::Refused(refusal.to_string()),
            (_, None) => Taken::Refused("there is no such run".to_owned()),
            (Ok(()), Some(standing)) => {
                accepted.push((*standing, of.points.iter().cloned().map(Metric::from).collect()));
                Taken::Made
            }
        };
        outcomes.push(Outcome::new("points", &of.run, taken));
    }
    let points: Vec<RunPoints<'_>> = accepted
        .iter()
        .map(|(standing, metrics)| RunPoints { run: standing.num, experiment: standing.experiment, metrics })
        .collect();
    metric::insert(conn, &points).await?;
    Ok(outcomes)
}

async fn take_logged_model(conn: &mut Conn<'_>, ctx: &Context, record: &LoggedModelRecord) -> Result<Taken> {
    if let Some(found) = logged_model::get(conn, &record.id).await? {
        let same = of_logged_model(found.model).digest() == record.clone().digest();
        return Ok(if same { Taken::Here } else { Taken::Refused(different("logged model")) });
    }
    let experiment = ExperimentId::from_number(record.experiment);
    if experiment::bare(conn, experiment).await?.is_none() {
        return Ok(Taken::Refused(format!("there is no experiment {experiment}")));
    }
    let model = LoggedModel {
        id: record.id.clone(),
        experiment,
        name: record.name.clone(),
        model_type: record.model_type.clone(),
        source_run: record.source_run.clone(),
        status: record.status,
        deleted: record.deleted,
        created: record.created,
        updated: record.updated,
        artifact_uri: String::new(),
        params: record.params.clone(),
        tags: record.tags.clone(),
        metrics: Vec::new(),
        registrations: Vec::new(),
    };
    let num = logged_model::insert(conn, &model).await?;
    for metric in &record.metrics {
        let measured = ModelMetric {
            metric: metric.point.clone().into(),
            run: metric.run.clone(),
            dataset_name: metric.dataset_name.clone(),
            dataset_digest: metric.dataset_digest.clone(),
        };
        logged_model::add_metric(conn, num, &measured).await?;
    }
    if record.deleted {
        logged_model::mark(conn, num, Some(&ctx.actor.name), ctx.now()).await?;
    }
    logged_model::set_past(conn, num, record.updated).await?;
    Ok(Taken::Made)
}

/// Why a thing that is here with other content is left alone.
pub(crate) fn different(noun: &str) -> String {
    format!("a {noun} of that name or id is here with other content; it was left as it is")
}

async fn experiment_state(conn: &mut Conn<'_>, name: &str) -> Result<Option<State>> {
    let found = experiment::by_name(conn, name).await?;
    Ok(found.map(|found| State {
        noun: "experiment",
        id: name.to_owned(),
        experiment: Some(found.id),
        record: Some(ExperimentSummary {
            deleted: found.lifecycle == Lifecycle::Deleted,
            tags: found.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        }),
        place: Some(found.location),
        ..State::default()
    }))
}

async fn files(conn: &mut Conn<'_>, wanted: bool, place: &str) -> Result<Option<Vec<FileState>>> {
    if !wanted {
        return Ok(None);
    }
    let found = below(conn, place).await?;
    let state = |file: db::tracking::artifact::Artifact| FileState {
        hash: file.file.to_string(),
        path: file.path,
        size: file.size,
    };
    Ok(Some(found.into_iter().map(state).collect()))
}

/// A run of ours as a record.
fn of_run(run: Run) -> RunRecord {
    RunRecord {
        id: run.info.id,
        experiment: run.info.experiment.number(),
        name: run.info.name,
        user: run.info.user,
        status: run.info.status,
        start: run.info.start,
        end: run.info.end,
        deleted: run.info.lifecycle == Lifecycle::Deleted,
        params: run.params,
        tags: run.tags,
        datasets: run.datasets,
        model_inputs: run.model_inputs,
        model_outputs: run.model_outputs,
    }
}

/// A logged model of ours as a record.
fn of_logged_model(model: LoggedModel) -> LoggedModelRecord {
    let metric = |metric: ModelMetric| ModelMetricRecord {
        point: PointRecord {
            key: metric.metric.key,
            step: metric.metric.step,
            time: metric.metric.timestamp_ms,
            value: metric.metric.value,
        },
        run: metric.run,
        dataset_name: metric.dataset_name,
        dataset_digest: metric.dataset_digest,
    };
    LoggedModelRecord {
        id: model.id,
        experiment: model.experiment.number(),
        name: model.name,
        model_type: model.model_type,
        source_run: model.source_run,
        status: model.status,
        deleted: model.deleted,
        created: model.created,
        updated: model.updated,
        params: model.params,
        tags: model.tags,
        metrics: model.metrics.into_iter().map(metric).collect(),
    }
}
