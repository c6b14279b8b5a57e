//! `run:` and `notebook:` steps: a program of the project, below a watcher.

use std::path::PathBuf;

use app::pipelines::journal::FinishedStep;
use domain::pipelines::step::Action;
use domain::pipelines::step_run::{Failure, FailureCause, Process};
use environments::{Env, Progress, Requirements, Spec};

use super::Attempt;
use super::outputs;
use crate::process::Identity;
use crate::step::{Launched, Order, launch};
use crate::template;
use crate::tracked;
use crate::variables::{self, Told};
use crate::workspace::Workspace;
use crate::{cause, log};

/// Where the executed notebook goes, below `out/`.
pub(crate) const EXECUTED: &str = "executed.ipynb";
/// Open files of a step's process.
const OPEN_FILES: u64 = 4096;

/// What is to run, with what it adds to the environment.
struct Program {
    argv: Vec<String>,
    env: Vec<(String, String)>,
}

/// Runs the step to its end, or to the point where somebody else has it.
pub(crate) async fn execute(attempt: &Attempt) -> Result<FinishedStep, Failure> {
    let workspace = prepare(attempt).await?;
    let env = environment(attempt, &workspace).await?;
    let tracked_run = tracked::create(attempt).await?;
    if let Some(env) = &env {
        tracked::set_environment(attempt, &tracked_run, env.key.as_str()).await?;
    }
    let ended = run(attempt, &workspace, env.as_ref(), &tracked_run).await;
    finish(attempt, &workspace, env.map(|env| env.key.to_string()), &tracked_run, ended).await
}

/// Waits for a step that an earlier server started, and takes what it made.
pub(crate) async fn adopt(
    attempt: &Attempt,
    process: &Process,
    tracked_run: &domain::Id,
) -> Result<FinishedStep, Failure> {
    let workspace =
        Workspace::existing(&attempt.folder(), &attempt.task.inputs, &attempt.task.step.outputs.clone());
    let identity =
        Identity { pid: i32::try_from(process.pid).unwrap_or(0), start_ticks: process.start_ticks };
    let id = attempt.task.step_run.id.as_str();
    let mut launched = Launched::adopt(&workspace.folder, id, identity);
    let env_key = outputs::environment_of(&workspace.folder);
    let ended = watch(attempt, &mut launched).await;
    finish(attempt, &workspace, env_key, tracked_run, ended).await
}

async fn prepare(attempt: &Attempt) -> Result<Workspace, Failure> {
    let (store, folder) = (attempt.app.objects().clone(), attempt.folder());
    let (inputs, outputs) = (attempt.task.inputs.clone(), attempt.task.step.outputs.clone());
    let tree = attempt.code_tree()?;
    super::off_thread(move || {
        Workspace::prepare(&store, &folder, &tree, &inputs, &outputs)
            .map_err(|error| cause::setup(format!("cannot prepare the folder {}: {error}", folder.display())))
    })
    .await
}

/// The environment that the step asks for; none when it asks for none.
async fn environment(attempt: &Attempt, workspace: &Workspace) -> Result<Option<Env>, Failure> {
    let Some(wanted) = &attempt.task.step.env else { return Ok(None) };
    let file = workspace.code.join(&wanted.file);
    let requirements = Requirements::read(&file)
        .map_err(|error| cause::setup(format!("steps.{}.env: {error}", attempt.task.step.name)))?;
    let spec = Spec { python: wanted.python.clone(), ..Spec::new(requirements) };
    let path = attempt.log();
    let env = attempt
        .app
        .environments()
        .ensure(&spec, |progress| log::note(&path, &said(&progress)))
        .await
        .map_err(|error| cause::setup(format!("steps.{}.env: {error}", attempt.task.step.name)))?;
    outputs::remember_environment(&workspace.folder, env.key.as_str())
        .map_err(|error| cause::setup(format!("cannot write into the step's folder: {error}")))?;
    Ok(Some(env))
}

fn said(progress: &Progress) -> String {
    match progress {
        Progress::Waiting => "environment: another step is building it".to_owned(),
        Progress::Creating => "environment: creating".to_owned(),
        Progress::Installing(line) => format!("environment: {line}"),
        Progress::Probing => "environment: checking".to_owned(),
        Progress::Ready => "environment: ready".to_owned(),
    }
}

async fn run(
    attempt: &Attempt,
    workspace: &Workspace,
    env: Option<&Env>,
    tracked_run: &domain::Id,
) -> Result<(), Failure> {
    let token = attempt.app.tokens().for_step(&attempt.task.step_run.id);
    let params = attempt.task.params.clone();
    let bin = env.map(Env::bin);
    let mut variables = variables::of(&Told {
        step_run: attempt.task.step_run.id.as_str(),
        server_url: &attempt.config.server_url,
        token: &token,
        experiment: attempt.task.step_run.project.as_str(),
        tracked_run: tracked_run.as_str(),
        params: &params,
        workspace,
        bin: bin.as_deref(),
        cores: attempt.task.step.need.cpu,
    });
    let program = program(attempt, workspace, env)?;
    variables.extend(program.env);
    let order = Order {
        step_run: attempt.task.step_run.id.to_string(),
        argv: program.argv,
        folder: workspace.code.clone(),
        log: attempt.log(),
        memory: attempt.task.step.need.memory_bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        open_files: OPEN_FILES,
        timeout_ms: attempt.task.step.timeout_ms.and_then(|ms| u64::try_from(ms).ok()),
        secrets: vec![variables::TOKEN.to_owned()],
        environment: env.map(|env| env.lock_path().to_owned()),
    };
    let broken = |error: std::io::Error| cause::setup(format!("cannot start the step's watcher: {error}"));
    let mut launched =
        launch(&attempt.config.step_program, &workspace.folder, &order, &variables).await.map_err(broken)?;
    // Written down before it may begin: a server that dies now leaves nothing that its successor does not know of.
    attempt.spawned(launched.identity(), tracked_run).await?;
    launched.go().await.map_err(broken)?;
    watch(attempt, &mut launched).await
}

/// Waits for the end; a cancelled attempt is stopped.
async fn watch(attempt: &Attempt, launched: &mut Launched) -> Result<(), Failure> {
    let mut cancelled = false;
    let exit = loop {
        tokio::select! {
            exit = launched.wait() => break exit,
            () = attempt.cancel.cancelled(), if !cancelled => {
                launched.cancel();
                cancelled = true;
            }
        }
    };
    let exit = exit.map_err(|error| cause::setup(format!("cannot read how the step ended: {error}")))?;
    let Some(exit) = exit else { return Err(cause::lost()) };
    let tail = cause::tail(&attempt.log());
    let step = &attempt.task.step;
    let limits = cause::Limits { memory: step.need.memory_bytes.is_some(), timeout_ms: step.timeout_ms };
    match cause::of(&exit.ending, &tail, limits) {
        None => Ok(()),
        Some(failure) => Err(failure),
    }
}

fn program(attempt: &Attempt, workspace: &Workspace, env: Option<&Env>) -> Result<Program, Failure> {
    let params = attempt.task.params.clone();
    match &attempt.task.step.action {
        Action::Notebook(notebook) => {
            let helper = workspace.folder.join("notebook.py");
            std::fs::write(&helper, crate::NOTEBOOK_PROGRAM)
                .map_err(|error| cause::setup(format!("cannot write {}: {error}", helper.display())))?;
            let python = env.map_or_else(|| PathBuf::from("python3"), |env| env.python.clone());
            let mut values = serde_json::Map::new();
            for (name, path) in workspace.inputs.iter().chain(&workspace.outputs) {
                values.insert(name.replace(['-', '.'], "_"), path.display().to_string().into());
            }
            values.extend(params);
            Ok(Program {
                argv: vec![
                    python.display().to_string(),
                    helper.display().to_string(),
                    workspace.code.join(notebook).display().to_string(),
                    workspace.folder.join("out").join(EXECUTED).display().to_string(),
                ],
                env: vec![(
                    "VOLANO_NOTEBOOK_VALUES".to_owned(),
                    serde_json::Value::Object(values).to_string(),
                )],
            })
        }
        Action::Run(line) => {
            let value = |name: &str| {
                let (room, name) = name.split_once('.')?;
                match room {
                    "in" => workspace.inputs.get(name).map(|path| path.display().to_string()),
                    "out" => workspace.outputs.get(name).map(|path| path.display().to_string()),
                    _ => params.get(name).map(plain),
                }
            };
            let line = template::prepare(line, value)
                .map_err(|error| cause::setup(format!("steps.{}.run: {error}", attempt.task.step.name)))?;
            Ok(Program { argv: line.argv, env: line.env })
        }
        Action::Sql(_) | Action::Evaluate => unreachable!("only programs are run here"),
    }
}

/// A parameter as an argument: text without quotes, anything else as JSON.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Takes the outputs of a step that ended well, and ends its tracked run either way.
async fn finish(
    attempt: &Attempt,
    workspace: &Workspace,
    env_key: Option<String>,
    tracked_run: &domain::Id,
    ended: Result<(), Failure>,
) -> Result<FinishedStep, Failure> {
    outputs::keep_notebook(attempt, workspace, tracked_run).await;
    let produced = match ended {
        Ok(()) => outputs::take(attempt, workspace, tracked_run).await,
        Err(failure) => Err(failure),
    };
    tracked::finish(attempt, tracked_run, produced.is_ok()).await;
    let mut produced = produced.inspect_err(|failure| {
        if failure.cause != FailureCause::Exit {
            log::note(&attempt.log(), &failure.message);
        }
    })?;
    produced.env_key = env_key;
    produced.tracked_run = Some(tracked_run.clone());
    Ok(produced)
}
