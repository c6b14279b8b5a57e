//! The `check:` conditions of a step, looked up in the tables that it made.

use std::path::Path;

use app::pipelines::journal::FinishedStep;
use domain::data::FileId;
use domain::data::profile::{ColumnProfile, TableProfile};
use domain::pipelines::expr::{Lookup, Value};
use domain::pipelines::step::OutputKind;
use domain::pipelines::step_run::{CheckResult, Failure, FailureCause};
use tables::TableFile;

use super::{Attempt, off_thread};
use crate::cause;

/// Rows of a Parquet file that a step wrote.
pub(crate) fn rows(path: &Path) -> Result<i64, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = TableFile { name: name.clone(), path: path.to_owned() };
    let rows = tables::read::count_rows(&file)
        .map_err(|error| cause::setup(format!("the output {name} is not a table: {error}")))?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Evaluates every check of the step on what it made; the first one that does not hold fails the step.
pub(crate) async fn run(attempt: &Attempt, made: &FinishedStep) -> Result<Vec<CheckResult>, Failure> {
    let checks = attempt.task.step.checks.clone();
    if checks.is_empty() {
        return Ok(Vec::new());
    }
    let store = attempt.app.objects().clone();
    let made = made.clone();
    let results = off_thread(move || {
        let mut files = Vec::new();
        for output in made.outputs.values().filter(|output| output.kind == OutputKind::Table) {
            for file in &output.files {
                let id = FileId::parse(&file.file_id)
                    .ok_or_else(|| cause::setup(format!("{:?} is not the id of a file", file.file_id)))?;
                let path = store.path(&id).map_err(|error| cause::setup(error.to_string()))?;
                files.push(TableFile { name: file.path.clone(), path });
            }
        }
        let profile = tables::profile::profile(&files)
            .map_err(|error| cause::setup(format!("the output cannot be read for its checks: {error}")))?;
        let facts = Facts { profile, made };
        let result = |check: &domain::pipelines::expr::Condition| CheckResult {
            check: check.text().to_owned(),
            evaluation: check.evaluate(&facts),
        };
        Ok(checks.iter().map(result).collect::<Vec<_>>())
    })
    .await?;
    match results.iter().find(|result| !result.evaluation.holds()) {
        None => Ok(results),
        Some(broken) => {
            Err(Failure { cause: FailureCause::Check, message: sentence(broken), exit_code: None })
        }
    }
}

fn sentence(broken: &CheckResult) -> String {
    let show = |name: &str, value: &Value| match value {
        Value::Bool(fact) => format!("{name} is {fact}"),
        Value::Number(number) => format!("{name} is {number}"),
        Value::Missing { missing } => missing.clone(),
    };
    let values: Vec<String> =
        broken.evaluation.values.iter().map(|named| show(&named.name, &named.value)).collect();
    format!("the check `{}` does not hold: {}", broken.check, values.join(", "))
}

/// What a check may ask about the tables, and the metrics of the tracked run.
struct Facts {
    profile: TableProfile,
    made: FinishedStep,
}

impl Lookup for Facts {
    fn name(&self, name: &str) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^53")]
        match name {
            "rows" => Value::Number(self.profile.rows as f64),
            "columns" => Value::Number(self.profile.columns.len() as f64),
            _ => self.made.metrics.get(name).map_or_else(
                || Value::missing(format!("the step logged no metric {name}")),
                |value| Value::Number(*value),
            ),
        }
    }

    fn call(&self, function: &str, argument: &str) -> Value {
        let Some(column) = self.profile.columns.iter().find(|column| column.name == argument) else {
            let known = self.profile.columns.iter().map(|column| column.name.as_str());
            let help = domain::suggest::nearest(argument, known)
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Value::missing(format!("the output has no column {argument}{help}"));
        };
        fact(function, column, self.profile.rows)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
fn fact(function: &str, column: &ColumnProfile, rows: u64) -> Value {
    let of_numbers = |value: Option<f64>| {
        value.map_or_else(|| Value::missing(format!("{} has no numbers", column.name)), Value::Number)
    };
    let number = column.number.as_ref();
    match function {
        "no_nulls" => Value::Bool(column.nulls == 0),
        "unique" => Value::Bool(column.nulls == 0 && column.distinct == rows),
        "nulls" => Value::Number(column.nulls as f64),
        "null_share" => Value::Number(column.nulls as f64 / rows.max(1) as f64),
        "distinct" => Value::Number(column.distinct as f64),
        "min" => of_numbers(number.map(|number| number.min)),
        "max" => of_numbers(number.map(|number| number.max)),
        "mean" => of_numbers(number.map(|number| number.mean)),
        other => Value::missing(format!("{other}({}) is not known here", column.name)),
    }
}
