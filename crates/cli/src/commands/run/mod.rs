//! `volano run`: a command or a notebook as a tracked run: parameters, state of git, output, figures, exit code.

mod child;
mod git;
mod handover;
mod proxy;
mod spool;
mod tracked;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::with_client;
use crate::args::{Globals, Param, RunArgs};
use crate::client::{Client, Need};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Form, Output, duration_ms, number, short_id};
use crate::place;

use child::{Ending, Job};
use proxy::Proxy;
use tracked::Tracked;

/// Metrics that the closing lines show.
const SHOWN: usize = 8;

/// Does it; leaves with the exit code of the command.
pub async fn run(args: RunArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    if args.replay {
        return handover::replay(globals, out).await;
    }
    let job = Job::prepare(&args)?;
    with_client(globals, Need::Work, async |client| match client.elsewhere() {
        // A server in this process is away only when we are.
        None => tracked_run(client, None, globals, &args, job, out).await,
        Some((base, token)) => run_with_spool(base, token, globals, &args, job, out).await,
    })
    .await
}

/// Runs the command with an address of its own, behind which what it logs waits for a server that is away.
async fn run_with_spool(
    base: &str,
    token: Option<&str>,
    globals: &Globals,
    args: &RunArgs,
    job: Job,
    out: &Output,
) -> Result<Exit> {
    handover::replay_for(base, globals, out).await?;
    let patience = Duration::from_secs(args.wait);
    let proxy = Proxy::start(base, token, handover::new_folder(), patience, out).await?;
    let client = Client::http(&proxy.url, token.map(ToOwned::to_owned))?;
    let ran = tracked_run(&client, Some((base, &proxy)), globals, args, job, out).await;
    drop(client);
    if let Some(spool) = proxy.finish().await? {
        if spool.refused() > 0 {
            handover::warn_refused(&spool, out);
        }
        if !spool.is_empty() {
            let (waiting, folder) = (spool.len(), spool.folder().display());
            out.warn(format_args!(
                "the server {base} is away: {waiting} calls of this run are kept in {folder}"
            ));
            out.note("  hand them over when it is back: volano run --replay");
        }
    }
    ran
}

async fn tracked_run(
    client: &Client,
    behind: Option<(&str, &Proxy)>,
    globals: &Globals,
    args: &RunArgs,
    mut job: Job,
    out: &Output,
) -> Result<Exit> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::file(&std::env::temp_dir(), "make a folder in", &error))?;
    let state = git::State::read();
    let run = start(client, globals, args, &job, state.as_ref()).await?;
    let page = behind.map(|(base, _)| format!("{base}/runs/{}", run.id));
    announce(&page.unwrap_or_default(), &run, state.as_ref(), out);
    job.surround(client, &run, args, folder.path())?;
    let ended = match child::run(&job, folder.path(), out).await {
        Ok(ended) => ended,
        Err(failure) => {
            run.finish(client, "FAILED").await?;
            return Err(failure);
        }
    };
    keep(client, &run, &job, state.as_ref(), folder.path(), out).await?;
    run.log_figures(client, &ended).await?;
    run.finish(client, ended.status()).await?;
    if let Some((_, proxy)) = behind
        && !proxy.settle().await
    {
        // Nobody can be asked how the run looks.
        return Ok(say_how(&run, &job, &ended, out));
    }
    close(client, &run, &job, &ended, out).await
}

/// The run's experiment: the flag, the project's name, or MLflow's own default.
fn experiment(globals: &Globals, args: &RunArgs) -> String {
    let project = || {
        let text = std::fs::read_to_string(place::project_of(globals)?.join(place::PROJECT_FILE)).ok()?;
        let project: Value = serde_saphyr::from_str(&text).ok()?;
        project["project"].as_str().map(ToOwned::to_owned)
    };
    args.experiment.clone().or_else(project).unwrap_or_else(|| "Default".to_owned())
}

async fn start(
    client: &Client,
    globals: &Globals,
    args: &RunArgs,
    job: &Job,
    state: Option<&git::State>,
) -> Result<Tracked> {
    let mut tags = vec![
        ("mlflow.source.name", job.title()),
        ("mlflow.source.type", if job.notebook.is_some() { "NOTEBOOK" } else { "LOCAL" }.to_owned()),
        ("volano.command", args.command.join(" ")),
    ];
    if let Some(state) = state {
        tags.extend(state.tags());
    }
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let run = Tracked::start(client, &experiment(globals, args), args.name.as_deref(), &user, &tags).await?;
    run.log_params(client, &args.params).await?;
    Ok(run)
}

fn announce(page: &str, run: &Tracked, state: Option<&git::State>, out: &Output) {
    let code = state.map(git::State::sentence).unwrap_or_default();
    let paint = out.paint_stderr();
    let head =
        format!("● run:{} {}   {code}   {}", short_id(&run.id), paint.bold(&run.name), paint.dim(page));
    if out.form() != Form::Ids {
        out.note(head.trim_end());
    }
}

/// Keeps the output, the uncommitted changes and the executed notebook as artifacts.
async fn keep(
    client: &Client,
    run: &Tracked,
    job: &Job,
    state: Option<&git::State>,
    folder: &Path,
    out: &Output,
) -> Result<()> {
    run.keep(client, "output.log", &folder.join(child::LOG), out).await?;
    if let Some(diff) = state.and_then(|state| state.diff.as_deref()) {
        let file = folder.join("changes.diff");
        std::fs::write(&file, diff).map_err(|error| Failure::file(&file, "write", &error))?;
        run.keep(client, "source/changes.diff", &file, out).await?;
    }
    if let Some(notebook) = &job.notebook {
        let name = notebook.file_name().and_then(|name| name.to_str()).unwrap_or("notebook.ipynb");
        let executed = folder.join(child::EXECUTED);
        if executed.is_file() {
            run.keep(client, &format!("notebook/{name}"), &executed, out).await?;
        }
    }
    Ok(())
}

/// Says how it went and leaves as the command left.
async fn close(client: &Client, run: &Tracked, job: &Job, ended: &Ending, out: &Output) -> Result<Exit> {
    let document = run.read(client).await?;
    match out.form() {
        Form::Json => out.json(&document),
        Form::Ids => out.line(&run.id),
        _ => summarize(&document, out),
    }
    Ok(say_how(run, job, ended, out))
}

fn say_how(run: &Tracked, job: &Job, ended: &Ending, out: &Output) -> Exit {
    let took = duration_ms(ended.took_ms);
    let paint = out.paint_stderr();
    match ended.exit() {
        Exit::Done => {
            out.done(format_args!("{} finished in {took}", run.name));
            out.next("volano exp compare @last @best");
            Exit::Done
        }
        Exit::Interrupted => {
            out.warn(format_args!("interrupted after {took}; the run is kept as killed"));
            Exit::Interrupted
        }
        exit => {
            let how = ended.sentence();
            out.note(format_args!("{} {} {how} after {took}: {}", paint.bad("✗"), run.name, job.title()));
            out.note(format_args!("  its output is kept: volano exp show {}", short_id(&run.id)));
            exit
        }
    }
}

fn summarize(document: &Value, out: &Output) {
    let metrics = document["run"]["data"]["metrics"].as_array();
    let metrics = metrics.into_iter().flatten().filter_map(|metric| {
        let key = metric["key"].as_str().filter(|key| !key.starts_with("system/"))?;
        Some(format!("{key} {}", number(metric["value"].as_f64()?)))
    });
    let line: Vec<String> = metrics.take(SHOWN).collect();
    if !line.is_empty() {
        out.note(format_args!("  {}", line.join("   ")));
    }
}

/// The parameters as one JSON object, numbers as numbers.
fn values(params: &[Param]) -> Value {
    let pairs = params.iter().map(|param| (param.key.clone(), crate::rows::value(&param.value)));
    Value::Object(pairs.collect())
}

/// The notebook's path when the command is one.
fn notebook_of(command: &[String]) -> Option<PathBuf> {
    match command {
        [only] if only.ends_with(".ipynb") => Some(PathBuf::from(only)),
        _ => None,
    }
}

/// A parameter in an argument, as in volano.yaml: `${params.depth}`.
fn substitute(argument: &str, params: &[Param]) -> Result<String> {
    let mut text = String::new();
    let mut rest = argument;
    while let Some(start) = rest.find("${params.") {
        let after = &rest[start + "${params.".len()..];
        let Some(end) = after.find('}') else { break };
        let key = &after[..end];
        let param = params.iter().find(|param| param.key == key).ok_or_else(|| unknown_param(key, params))?;
        text.push_str(&rest[..start]);
        text.push_str(&param.value);
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    Ok(text)
}

fn unknown_param(key: &str, params: &[Param]) -> Failure {
    let failure = Failure::new(&codes::VALUE, format!("${{params.{key}}} is used but not given"));
    match domain::suggest::nearest(key, params.iter().map(|param| param.key.as_str())) {
        Some(near) => failure.help(format_args!("did you mean ${{params.{near}}}?")),
        None => failure.help(format_args!("give it: -p {key}=VALUE")),
    }
}

/// The document that a run's start sends, for tests of its shape.
fn tag_list(tags: &[(&str, String)]) -> Value {
    let listed: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    Value::Array(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Vec<Param> {
        vec!["depth=8".parse().unwrap(), "lr=0.1".parse().unwrap()]
    }

    #[test]
    fn parameters_go_into_arguments() {
        assert_eq!(substitute("--depth=${params.depth},${params.lr}", &params()).unwrap(), "--depth=8,0.1");
        assert_eq!(substitute("${HOME} ${params.x", &params()).unwrap(), "${HOME} ${params.x");
        assert_eq!(values(&params()), json!({"depth": 8, "lr": 0.1}));
    }

    #[test]
    fn a_parameter_that_is_not_given_is_refused_with_the_nearest() {
        let failure = substitute("${params.depht}", &params()).unwrap_err();
        let text = failure.render(crate::output::Paint::off(), 80);
        assert!(text.contains("${params.depth}?"), "{text}");
    }

    #[test]
    fn one_argument_that_ends_so_is_a_notebook() {
        assert!(notebook_of(&["a/explore.ipynb".to_owned()]).is_some());
        assert!(notebook_of(&["jupyter".to_owned(), "explore.ipynb".to_owned()]).is_none());
    }
}
