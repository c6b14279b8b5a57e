//! Evaluations: challenger and champion answer the same frozen rows, as they would in the server.

use std::sync::Arc;
use std::time::Instant;

use db::registry::evaluation;
use domain::governance::role::Permission;
use domain::registry::evaluation::{
    Comparison, Evaluation, LATENCY_REQUESTS, Latency, SKEW_TOLERANCE, Scored, SliceResult,
};
use domain::{Id, Name};
use futures::future::BoxFuture;
use serde_json::{Value, json};
pub use tables::read::TableFile;
pub use tables::rows::Record;

use tables::metrics::{Answers, Better, Measured, better, slice};
use tables::rows;

use crate::{App, Audit, Context, Error, Result};

/// Rows of an evaluation at the most.
pub const MAX_ROWS: usize = 1_000_000;
/// Rows of one request while scoring.
const BATCH: usize = 2_000;
/// Rows that a slice needs to be told.
const MIN_SLICE: usize = 30;
/// Values of one slice column that are told.
const MAX_SLICES: usize = 50;
/// Requests before latencies are taken.
const WARM_UP: usize = 5;
/// Score from which a row is called positive.
const THRESHOLD: f64 = 0.5;
/// p below which a difference is said to be beyond chance.
const BEYOND_CHANCE: f64 = 0.05;

/// What answers rows as the server would.
pub trait Scorer: Send + Sync {
    /// One answer per row, in order, or the reason why there is none.
    fn answer<'a>(&'a self, rows: &'a [Record]) -> BoxFuture<'a, Result<Vec<Value>, String>>;
}

/// A model that takes part.
#[derive(Clone)]
pub struct Candidate {
    /// Which: `flights:3`, or the logged model's id.
    pub name: String,
    /// Its version when it is registered.
    pub version: Option<i64>,
    /// The model, or why it does not start.
    pub scorer: Result<Arc<dyn Scorer>, String>,
}

/// What to compare on which rows.
#[derive(Clone)]
pub struct EvaluateRequest {
    /// The project that it is for.
    pub project: Option<Name>,
    /// The step run that asks.
    pub step_run: Option<Id>,
    /// The rows by name or content, for people.
    pub data: String,
    /// The rows.
    pub files: Vec<TableFile>,
    /// The label's column.
    pub label: String,
    /// Columns whose values are told apart.
    pub slices: Vec<String>,
    /// The metric that counts; the problem's usual one when absent.
    pub metric: Option<String>,
    /// The new model.
    pub challenger: Candidate,
    /// The one in service.
    pub champion: Option<Candidate>,
}

/// Evaluations as a view on [`App`].
pub struct Evaluations<'a>(pub(super) &'a App);

impl App {
    /// The evaluations.
    pub fn evaluations(&self) -> Evaluations<'_> {
        Evaluations(self)
    }
}

/// A candidate's answers and what was seen while it gave them.
struct Outcome {
    scored: Scored,
    answers: Option<Answers>,
}

/// The rows that have a label.
struct Rows {
    features: Vec<Record>,
    labels: Vec<Value>,
}

impl Evaluations<'_> {
    /// Scores both models on the same rows and stores what came out. A model that does not start or answer is a
    /// finding, not an error; rows that cannot be read are an error.
    pub async fn evaluate(&self, ctx: &Context, request: EvaluateRequest) -> Result<Evaluation> {
        self.0.authorize(ctx, Permission::WriteRuns).await?;
        let rows = Arc::new(read_rows(&request).await?);
        let challenger = score(&request.challenger, &rows).await;
        let champion = match &request.champion {
            Some(candidate) => Some(score(candidate, &rows).await),
            None => None,
        };
        let (id, now) = (ctx.new_id(), ctx.now());
        let work = move || {
            let mut evaluation = assemble(&request, &rows, challenger, champion);
            evaluation.id = id;
            evaluation.time_ms = now;
            evaluation
        };
        let evaluation = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    evaluation::insert(conn, &evaluation).await?;
                    let audit =
                        Audit::new("registry.evaluation.add", "evaluation", &evaluation.id).detail(json!({
                            "challenger": evaluation.challenger.model, "data": evaluation.data,
                            "champion": evaluation.champion.as_ref().map(|champion| &champion.model),
                            "sentence": evaluation.sentence,
                        }));
                    Ok((evaluation, audit))
                })
            })
            .await
    }

    /// One evaluation.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Evaluation> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = evaluation::get(&mut reader.conn(), id).await?;
        found.ok_or_else(|| Error::not_found("evaluation", id))
    }

    /// The newest evaluation that a step run asked for.
    pub async fn of_step_run(&self, ctx: &Context, step_run: &Id) -> Result<Option<Evaluation>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(evaluation::by_step_run(&mut reader.conn(), step_run).await?)
    }

    /// The newest evaluations, of one challenger when given.
    pub async fn list(&self, ctx: &Context, challenger: Option<&str>, limit: i64) -> Result<Vec<Evaluation>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(evaluation::list(&mut reader.conn(), challenger, limit.clamp(1, 500)).await?)
    }
}

async fn read_rows(request: &EvaluateRequest) -> Result<Rows> {
    let (files, label) = (request.files.clone(), request.label.clone());
    let work = move || -> Result<Rows> {
        let records =
            rows::read(&files, MAX_ROWS).map_err(|error| Error::invalid("data", error.to_string()))?;
        if let Some(first) = records.first()
            && !first.contains_key(&label)
        {
            let help = domain::suggest::nearest(&label, first.keys().map(String::as_str))
                .map(|near| format!(": did you mean {near:?}?"))
                .unwrap_or_default();
            return Err(Error::invalid("label", format!("the data has no column {label:?}{help}")));
        }
        let mut rows = Rows { features: Vec::with_capacity(records.len()), labels: Vec::new() };
        for mut record in records {
            match record.shift_remove(&label) {
                Some(value) if !value.is_null() => {
                    rows.labels.push(value);
                    rows.features.push(record);
                }
                _ => {}
            }
        }
        if rows.labels.is_empty() {
            return Err(Error::invalid("data", format!("no row has a value in the label column {label:?}")));
        }
        Ok(rows)
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

async fn score(candidate: &Candidate, rows: &Arc<Rows>) -> Outcome {
    let mut scored = Scored {
        model: candidate.name.clone(),
        version: candidate.version,
        values: std::collections::BTreeMap::new(),
        intervals: std::collections::BTreeMap::new(),
        latency: None,
        starts_in_server: false,
        no_skew: None,
        problem: None,
        calibration: Vec::new(),
    };
    let tried = match &candidate.scorer {
        Ok(scorer) => answer_all(scorer.as_ref(), &rows.features, &mut scored).await,
        Err(reason) => Err(reason.clone()),
    };
    let outputs = match tried {
        Ok(outputs) => outputs,
        Err(reason) => {
            scored.problem = Some(reason);
            return Outcome { scored, answers: None };
        }
    };
    let rows = Arc::clone(rows);
    let measure = move || -> Result<(Answers, Measured), String> {
        let labels: Vec<&Value> = rows.labels.iter().collect();
        let outputs: Vec<&Value> = outputs.iter().collect();
        let answers = Answers::read(&labels, &outputs).map_err(|error| error.to_string())?;
        let measured = answers.measure(THRESHOLD).map_err(|error| error.to_string())?;
        Ok((answers, measured))
    };
    let measured = tokio::task::spawn_blocking(measure).await.unwrap_or_else(|error| Err(error.to_string()));
    match measured {
        Ok((answers, measured)) => {
            scored.values = measured.values;
            scored.intervals = measured.intervals;
            scored.calibration = measured.calibration;
            Outcome { scored, answers: Some(answers) }
        }
        Err(reason) => {
            scored.problem = Some(reason);
            Outcome { scored, answers: None }
        }
    }
}

/// All answers in batches; then rows one by one, for the latency and to see that nothing differs.
async fn answer_all(scorer: &dyn Scorer, rows: &[Record], scored: &mut Scored) -> Result<Vec<Value>, String> {
    let mut outputs = Vec::with_capacity(rows.len());
    for batch in rows.chunks(BATCH) {
        let answers = scorer.answer(batch).await?;
        if answers.len() != batch.len() {
            return Err(format!("{} rows were answered with {} answers", batch.len(), answers.len()));
        }
        outputs.extend(answers);
    }
    scored.starts_in_server = true;
    let step = rows.len().div_ceil(LATENCY_REQUESTS).max(1);
    let mut times = Vec::with_capacity(LATENCY_REQUESTS);
    scored.no_skew = Some(true);
    for (count, position) in (0..rows.len()).step_by(step).enumerate() {
        let begun = Instant::now();
        let alone = scorer.answer(&rows[position..=position]).await?;
        if count >= WARM_UP || rows.len() <= WARM_UP {
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        if scored.no_skew == Some(true) && !alone.first().is_some_and(|alone| same(alone, &outputs[position]))
        {
            scored.no_skew = Some(false);
            scored.problem = Some(format!(
                "row {position} alone is answered {}, together with others {}",
                alone.first().unwrap_or(&Value::Null),
                outputs[position]
            ));
        }
    }
    scored.latency = Latency::from_times(times);
    Ok(outputs)
}

/// Equal but for the rounding of floating-point numbers.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap_or(f64::NAN), y.as_f64().unwrap_or(f64::NAN));
            (x - y).abs() <= SKEW_TOLERANCE * x.abs().max(1.0)
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, x)| y.get(name).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

fn assemble(
    request: &EvaluateRequest,
    rows: &Rows,
    challenger: Outcome,
    champion: Option<Outcome>,
) -> Evaluation {
    let labels: Vec<&Value> = rows.labels.iter().collect();
    let problem = challenger.answers.as_ref().map_or_else(|| Answers::problem_of(&labels), Answers::problem);
    let metric = request.metric.clone().unwrap_or_else(|| problem.usual_metric().to_owned());
    let theirs = champion.as_ref().and_then(|champion| champion.answers.as_ref());
    let comparison = challenger.answers.as_ref().zip(theirs).and_then(|(mine, theirs)| {
        let found = mine.compare(theirs, &metric, THRESHOLD).ok()??;
        Some(Comparison {
            difference: found.difference,
            interval: found.interval,
            p_value: found.p_value,
            method: found.method.to_owned(),
            mcnemar_p: found.mcnemar_p,
        })
    });
    let slices = request
        .slices
        .iter()
        .flat_map(|column| slices_of(column, rows, challenger.answers.as_ref(), theirs))
        .collect();
    let mut evaluation = Evaluation {
        id: Id::new(domain::Timestamp::from_millis(0), [0; 10]),
        time_ms: domain::Timestamp::from_millis(0),
        project: request.project.as_ref().map(ToString::to_string),
        step_run: request.step_run.clone(),
        data: request.data.clone(),
        rows: rows.labels.len() as u64,
        label: request.label.clone(),
        problem,
        metric,
        challenger: challenger.scored,
        champion: champion.map(|champion| champion.scored),
        comparison,
        slices,
        sentence: String::new(),
    };
    evaluation.sentence = sentence(&evaluation);
    evaluation
}

fn slices_of(
    column: &str,
    rows: &Rows,
    challenger: Option<&Answers>,
    champion: Option<&Answers>,
) -> Vec<SliceResult> {
    let Some(challenger) = challenger else { return Vec::new() };
    let texts: Vec<Option<String>> = rows
        .features
        .iter()
        .map(|row| match row.get(column) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        })
        .collect();
    let measured = |answers: &Answers, rows: &[usize]| -> std::collections::BTreeMap<String, f64> {
        answers.pick(rows).measure(THRESHOLD).map(|measured| measured.values).unwrap_or_default()
    };
    slice::group(texts.iter().map(Option::as_deref), MIN_SLICE, MAX_SLICES)
        .into_iter()
        .map(|found| SliceResult {
            column: column.to_owned(),
            rows: found.rows.len() as u64,
            challenger: measured(challenger, &found.rows),
            champion: champion.map(|champion| measured(champion, &found.rows)),
            value: found.value,
        })
        .collect()
}

/// What came out, for people.
fn sentence(evaluation: &Evaluation) -> String {
    let (metric, rows) = (&evaluation.metric, evaluation.rows);
    let challenger = &evaluation.challenger;
    let Some(mine) = challenger.values.get(metric) else {
        let reason =
            challenger.problem.clone().unwrap_or_else(|| format!("{metric} is not defined on these rows"));
        return format!("{} was not measured: {reason}", challenger.model);
    };
    let alone = format!("{metric} {mine:.4} on {rows} rows");
    let Some(champion) = &evaluation.champion else {
        return format!("{alone}, no champion yet");
    };
    let Some(theirs) = champion.values.get(metric) else {
        let reason = champion.problem.clone().unwrap_or_else(|| format!("{metric} is not defined"));
        return format!("{alone}; the champion {} was not measured: {reason}", champion.model);
    };
    let verdict = match &evaluation.comparison {
        Some(found) if beyond_chance(found) => {
            let improved = match better(metric) {
                Better::Lower => found.difference < 0.0,
                Better::NearZero => mine.abs() < theirs.abs(),
                Better::Higher | Better::Neither => found.difference > 0.0,
            };
            if improved { "better beyond chance" } else { "worse beyond chance" }
        }
        Some(_) => "no difference beyond chance",
        None => "not compared",
    };
    let p = evaluation.comparison.as_ref().and_then(|found| found.p_value);
    let p = p.map(|p| if p < 0.001 { " (p < 0.001)".to_owned() } else { format!(" (p = {p:.3})") });
    format!("{alone} against {theirs:.4} of {}: {verdict}{}", champion.model, p.unwrap_or_default())
}

fn beyond_chance(found: &Comparison) -> bool {
    match (found.p_value, found.interval) {
        (Some(p), _) => p < BEYOND_CHANCE,
        (None, Some((low, high))) => low > 0.0 || high < 0.0,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests;
