//! What a step made: found where it was told to write, checked, and put into the store.
//!
//! Nothing is visible before the step run's result is recorded; bytes in the store that no record names are garbage.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use app::pipelines::journal::FinishedStep;
use app::tracking::artifact::place;
use domain::Id;
use domain::pipelines::step::{Output, OutputKind};
use domain::pipelines::step_run::{Failure, OutputContent, OutputFile};
use objects::Store;

use super::command::EXECUTED;
use super::{Attempt, checks, off_thread};
use crate::workspace::Workspace;
use crate::{cause, log};

/// The name under which the executed copy of a notebook is kept.
const EXECUTED_OUTPUT: &str = "executed";
/// Its file.
const NOTEBOOK_FILE: &str = "executed.ipynb";
/// The file that names the environment of a step, in its folder.
const ENVIRONMENT: &str = "environment";
/// Most files of one output.
const MAX_FILES: usize = 100_000;

/// Remembers the environment, for a server that finds the step again.
pub(crate) fn remember_environment(folder: &Path, key: &str) -> io::Result<()> {
    app::home::replace(&folder.join(ENVIRONMENT), key.as_bytes())
}

/// The environment that was remembered.
pub(crate) fn environment_of(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(ENVIRONMENT)).ok()
}

/// Takes every declared output of a program that ended well.
pub(crate) async fn take(
    attempt: &Attempt,
    workspace: &Workspace,
    tracked_run: &Id,
) -> Result<FinishedStep, Failure> {
    let mut produced =
        FinishedStep { metrics: metrics(attempt, tracked_run).await?, ..FinishedStep::default() };
    for output in &attempt.task.step.outputs {
        let content = match output.kind {
            OutputKind::Model => model(attempt, output, tracked_run).await?,
            _ => from_folder(attempt, workspace, output).await?,
        };
        produced.outputs.insert(output.name.to_string(), content);
    }
    let executed = workspace.folder.join("out").join(EXECUTED);
    if executed.is_file() {
        let content = stored(attempt, executed, NOTEBOOK_FILE.to_owned(), OutputKind::File).await?;
        produced.outputs.insert(EXECUTED_OUTPUT.to_owned(), content);
    }
    produced.checks = checks::run(attempt, &produced).await?;
    Ok(produced)
}

/// Puts the executed copy of a notebook among the files of its run, also when a cell failed: that is where one looks.
pub(crate) async fn keep_notebook(attempt: &Attempt, workspace: &Workspace, tracked_run: &Id) {
    let Ok(bytes) = fs::read(workspace.folder.join("out").join(EXECUTED)) else { return };
    let kept = async {
        let run = attempt.app.runs().get(&attempt.ctx, tracked_run).await?;
        let place = place(&run.info.artifact_uri, NOTEBOOK_FILE);
        attempt.app.artifacts().put_bytes(&attempt.ctx, &place, bytes).await
    };
    if let Err(error) = kept.await {
        log::note(&attempt.log(), &format!("the executed notebook is not among the run's files: {error}"));
    }
}

async fn metrics(attempt: &Attempt, tracked_run: &Id) -> Result<BTreeMap<String, f64>, Failure> {
    let run = attempt
        .app
        .runs()
        .get(&attempt.ctx, tracked_run)
        .await
        .map_err(|error| cause::setup(format!("the step's run cannot be read: {error}")))?;
    Ok(run.metrics.into_iter().map(|metric| (metric.key, metric.value)).collect())
}

/// The newest logged model of the step's run, or the one named like the output.
async fn model(attempt: &Attempt, output: &Output, tracked_run: &Id) -> Result<OutputContent, Failure> {
    let unreadable =
        |error: app::Error| cause::setup(format!("the step's logged model cannot be read: {error}"));
    let logged = attempt.app.logged_models();
    let models = logged.of_run(&attempt.ctx, tracked_run).await.map_err(unreadable)?;
    let named = models.iter().find(|model| model.name == output.name.as_str());
    let Some(model) = named.or(models.first()) else {
        return Err(cause::setup(format!(
            "the step ended well but logged no model, and `out: {{{}: {{kind: model}}}}` promises one: call \
             mlflow.<flavor>.log_model(model, name=\"{}\") in its run",
            output.name, output.name
        )));
    };
    let mut files: Vec<OutputFile> = logged
        .files(&attempt.ctx, &model.id)
        .await
        .map_err(unreadable)?
        .into_iter()
        .map(|file| OutputFile {
            path: file.path,
            file_id: file.file.to_string(),
            size: file.size,
            rows: None,
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if files.is_empty() {
        return Err(cause::setup(format!("the logged model {:?} has no files", model.name)));
    }
    Ok(OutputContent { kind: OutputKind::Model, files, rows: None })
}

async fn from_folder(
    attempt: &Attempt,
    workspace: &Workspace,
    output: &Output,
) -> Result<OutputContent, Failure> {
    let path = workspace.outputs[output.name.as_str()].clone();
    if !path.exists() {
        let wanted = path.strip_prefix(&workspace.folder).unwrap_or(&path).display().to_string();
        return Err(cause::setup(format!(
            "the step ended well but did not write its output {:?}: write it to ${{out.{}}} (here {wanted})",
            output.name.as_str(),
            output.name
        )));
    }
    let label = attempt.task.step_run.unit.label();
    let name = match output.kind {
        OutputKind::Table => format!("{label}.parquet"),
        OutputKind::Metrics => format!("{}.json", output.name),
        OutputKind::Model | OutputKind::File => output.name.to_string(),
    };
    let content = stored(attempt, path.clone(), name, output.kind).await?;
    if output.kind == OutputKind::Metrics {
        numbers(&path, output)?;
    }
    Ok(content)
}

/// Puts a file, or the files of a folder, into the store; `name` is the path of a single file within the output.
pub(crate) async fn stored(
    attempt: &Attempt,
    path: PathBuf,
    name: String,
    kind: OutputKind,
) -> Result<OutputContent, Failure> {
    let store = attempt.app.objects().clone();
    let label = attempt.task.step_run.unit.label();
    off_thread(move || put(&store, &path, &name, &label, kind)).await
}

fn put(
    store: &Store,
    path: &Path,
    name: &str,
    label: &str,
    kind: OutputKind,
) -> Result<OutputContent, Failure> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        cause::setup(format!("cannot keep {}: {error}", path.display()))
    };
    let found = if path.is_dir() {
        let inside = files_below(path).map_err(|error| unreadable(path, &error))?;
        if inside.is_empty() {
            return Err(cause::setup(format!("the output folder {} is empty", path.display())));
        }
        inside
            .into_iter()
            .map(|(relative, real)| {
                let path = if kind == OutputKind::Table { format!("{label}/{relative}") } else { relative };
                (path, real)
            })
            .collect()
    } else {
        vec![(name.to_owned(), path.to_owned())]
    };
    let mut files = Vec::with_capacity(found.len());
    for (path, real) in found {
        let rows = match kind {
            OutputKind::Table => Some(checks::rows(&real)?),
            _ => None,
        };
        let put = store.put_file(&real).map_err(|error| unreadable(&real, &error))?;
        let size = i64::try_from(put.size).unwrap_or(i64::MAX);
        files.push(OutputFile { path, file_id: put.id.to_string(), size, rows });
    }
    let rows = (kind == OutputKind::Table).then(|| files.iter().filter_map(|file| file.rows).sum());
    Ok(OutputContent { kind, files, rows })
}

/// Every regular file below a folder with its relative path, sorted; a link that leads out is an error.
fn files_below(root: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                return Err(io::Error::other(format!(
                    "{} is a link: write a file or a folder",
                    path.display()
                )));
            }
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(root).map_err(io::Error::other)?;
            let relative = relative
                .to_str()
                .ok_or_else(|| io::Error::other(format!("{} is not named in UTF-8", path.display())))?
                .to_owned();
            files.push((relative, path));
            if files.len() > MAX_FILES {
                return Err(io::Error::other(format!("more than {MAX_FILES} files")));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The numbers of a `metrics` output.
pub(crate) fn numbers(path: &Path, output: &Output) -> Result<BTreeMap<String, f64>, Failure> {
    let wrong = |reason: String| {
        cause::setup(format!(
            "the output {:?} is not a JSON object of numbers: {reason}",
            output.name.as_str()
        ))
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_whole_and_links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/2"), "2").unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let names: Vec<_> = files_below(folder.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b/2"]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("c")).unwrap();
        assert!(files_below(folder.path()).is_err());
    }
}
