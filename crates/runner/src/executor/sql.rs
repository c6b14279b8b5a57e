//! `sql:` steps: a query on the built-in engine, in this process.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use app::pipelines::journal::{FinishedStep, StepInput};
use domain::pipelines::step::{Action, OutputKind};
use domain::pipelines::step_run::{Failure, FailureCause};
use sql::{Input, Limits};
use tables::TableFile;

use super::{Attempt, checks, off_thread, outputs};
use crate::workspace::{self, cut_into, is_cut, table_files};
use crate::{cause, log};

/// Runs the query of the step's unit.
pub(crate) async fn execute(attempt: &Attempt) -> Result<FinishedStep, Failure> {
    let Action::Sql(path) = &attempt.task.step.action else { unreachable!("only queries are run here") };
    let [output] = attempt.task.step.outputs.as_slice() else {
        return Err(cause::setup(format!(
            "steps.{}.out: a query makes one table, so name one output",
            attempt.task.step.name
        )));
    };
    let query = text_of(attempt, path).await?;
    let inputs = inputs(attempt).await?;
    let out = attempt.folder().join("out").join(format!("{}.parquet", output.name));
    let part = attempt.task.step_run.unit.partition.as_deref();
    let part = attempt.task.step.by.as_ref().zip(part);
    let mut limits = Limits::scratch_in(&attempt.folder());
    if let Some(memory) = attempt.task.step.need.memory_bytes.and_then(|bytes| usize::try_from(bytes).ok()) {
        limits.memory = memory;
    }
    let work = sql::run(&query, &inputs, &out, part, &limits);
    let made = within(attempt, work).await?.map_err(|error| failed(path, &error))?;
    log::note(&attempt.log(), &format!("{path}: {} rows, {} columns", made.rows, made.columns.len()));
    let name = format!("{}.parquet", attempt.task.step_run.unit.label());
    let content = outputs::stored(attempt, out, name, OutputKind::Table).await?;
    let mut finished = FinishedStep::default();
    finished.outputs.insert(output.name.to_string(), content);
    finished.checks = checks::run(attempt, &finished).await?;
    Ok(finished)
}

/// Waits for work inside this process, up to the step's time limit and unless the attempt is cancelled.
pub(crate) async fn within<T>(attempt: &Attempt, work: impl Future<Output = T>) -> Result<T, Failure> {
    let limit = attempt.task.step.timeout_ms.and_then(|ms| u64::try_from(ms).ok());
    let limit = limit.map_or(Duration::MAX, Duration::from_millis);
    let timed_out = async {
        if limit == Duration::MAX {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        done = work => Ok(done),
        () = timed_out => Err(Failure {
            cause: FailureCause::Timeout,
            message: "it took longer than its `timeout` and was stopped".to_owned(),
            exit_code: None,
        }),
        () = attempt.cancel.cancelled() => Err(cause::stopped()),
    }
}

fn failed(path: &str, error: &sql::Error) -> Failure {
    let cause = match error {
        sql::Error::Memory { .. } => FailureCause::Oom,
        _ => FailureCause::Setup,
    };
    let message = match error {
        sql::Error::Query { line: Some(line), column: Some(column), message, help } => {
            let help = help.as_ref().map_or_else(String::new, |help| format!(": {help}"));
            format!("{path}:{line}:{column}: {message}{help}")
        }
        other => format!("{path}: {other}"),
    };
    Failure { cause, message, exit_code: None }
}

/// The text of a file of the project, as the run pinned it.
async fn text_of(attempt: &Attempt, path: &str) -> Result<String, Failure> {
    let (store, tree, path) = (attempt.app.objects().clone(), attempt.code_tree()?, path.to_owned());
    off_thread(move || {
        let unreadable = |reason: String| cause::setup(format!("cannot read {path}: {reason}"));
        let files = store.tree(&tree).map_err(|error| unreadable(error.to_string()))?;
        let file = files
            .iter()
            .find(|file| file.path.as_str() == path)
            .ok_or_else(|| unreadable("the project has no such file".to_owned()))?;
        let bytes = store.read(&file.file_id).map_err(|error| unreadable(error.to_string()))?;
        String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))
    })
    .await
}

async fn inputs(attempt: &Attempt) -> Result<Vec<Input>, Failure> {
    let (store, folder) = (attempt.app.objects().clone(), attempt.folder());
    let inputs = attempt.task.inputs.clone();
    off_thread(move || {
        let broken = |error: std::io::Error| cause::setup(format!("cannot lay out the inputs: {error}"));
        workspace::remove(&folder).map_err(broken)?;
        workspace::make(&folder.join("out")).map_err(broken)?;
        workspace::make(&folder.join("in")).map_err(broken)?;
        let lay_out = |input: &StepInput| -> std::io::Result<Input> {
            let name = input.name.to_string();
            // The engine itself shows the rows of the unit's partition only.
            if input.partition.is_some() || !is_cut(input) {
                return Ok(Input { name, files: table_files(&store, input)? });
            }
            let path: PathBuf = folder.join("in").join(format!("{name}.parquet"));
            cut_into(&store, input, &path)?;
            let files = vec![TableFile { name: format!("{name}.parquet"), path }];
            Ok(Input { name, files })
        };
        inputs.iter().map(|input| lay_out(input).map_err(broken)).collect()
    })
    .await
}
