//! `volano import mlflow`: reads a store of MLflow and takes over what it holds, then compares both sides.
//!
//! Three passes over the source, each page by page: a look at what there is, the taking over, and the comparing. Every call
//! to the server may be made again, so an import that was cut off is started again and goes on.

mod artifacts;
mod compare;
mod evaluation;
mod folder;
mod folder_trace;
mod report;
mod source;
mod spans;
mod traces;
mod transfer;

use std::path::Path;

use app::tracking::import::foreign::Counts;

use self::artifacts::{Artifacts, tree};
use self::report::{Amount, Report};
use self::source::Source;
use self::transfer::Transfer;
use super::with_client;
use crate::args::{Globals, ImportCommand, ImportMlflowArgs};
use crate::client::Need;
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Output, Progress};

/// Runs, logged models, registered models, traces or evaluation data sets that are read at once.
const PAGE: i64 = 200;

/// Does it.
pub async fn run(command: ImportCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    let ImportCommand::Mlflow(args) = command;
    let mut source = Source::open(&args.source).await?;
    let mut artifacts = artifacts_of(&args, &source)?;
    let mut report = Report::new(&args.source, source.counts().await?, args.dry_run);
    report.note_left(source.left().await?);
    look(&mut source, artifacts.as_mut(), &mut report, out).await?;
    if let Some(artifacts) = &artifacts {
        refuse_other_folder(artifacts, &report)?;
    }
    with_client(globals, Need::Records, async |client| {
        let mut transfer = Transfer::new(client, &args.source, artifacts.as_ref());
        if args.dry_run {
            transfer.foresee_experiments(&mut source, &mut report).await?;
            compare::run(&mut transfer, &mut source, &mut report, out).await?;
            return Ok(report.foreseen(out));
        }
        transfer.run(&mut source, &mut report, out).await?;
        compare::run(&mut transfer, &mut source, &mut report, out).await?;
        report.close(out)
    })
    .await
}

/// Where the artifacts are: the flag, or the folder of the store itself.
fn artifacts_of(args: &ImportMlflowArgs, source: &Source) -> Result<Option<Artifacts>> {
    if args.without_artifacts {
        return Ok(None);
    }
    match args.artifacts.as_deref().or_else(|| source.own_artifacts()) {
        Some(folder) => Artifacts::open(folder).map(Some),
        None => Err(Failure::new(&codes::USAGE, "--artifacts is missing: a database does not hold the artifacts")
            .help("--artifacts DIR        the folder that the artifact root is on this machine: mlartifacts, mlruns")
            .help("--without-artifacts    the records alone")),
    }
}

/// Finds the folders of all runs and logged models, and counts files and bytes.
async fn look(
    source: &mut Source,
    artifacts: Option<&mut Artifacts>,
    report: &mut Report,
    out: &Output,
) -> Result<()> {
    let Some(artifacts) = artifacts else { return Ok(()) };
    let Counts { runs, logged_models, .. } = report.counts;
    let progress = Progress::items(out, "looking", u64::try_from(runs + logged_models).unwrap_or_default());
    let mut after = 0;
    loop {
        let (page, next) = source.runs(after, PAGE).await?;
        for found in page.into_iter().flatten() {
            let id = &found.record.id;
            if let Some(folder) = artifacts.find(id, id.as_str(), &found.files) {
                count(folder, report);
            }
            progress.advance(1);
        }
        let Some(next) = next else { break };
        after = next;
    }
    let mut after = 0;
    loop {
        let (page, next) = source.logged_models(after, PAGE).await?;
        for found in page.into_iter().flatten() {
            let (id, name) = (&found.record.id, artifacts::model_folder(&found.record.id));
            if let Some(folder) = artifacts.find(id, &name, &found.files) {
                count(folder, report);
            }
            progress.advance(1);
        }
        let Some(next) = next else { break };
        after = next;
    }
    Ok(())
}

fn count(folder: &Path, report: &mut Report) {
    let tree = tree(folder);
    let bytes = tree.files.iter().map(|file| file.size).sum::<u64>();
    report.artifacts.add(Amount { files: tree.files.len() as u64, bytes });
    tree.left.into_iter().for_each(|left| report.note(left));
}

/// A folder in which nothing of the store is found is the wrong one, when the store has what needs files.
fn refuse_other_folder(artifacts: &Artifacts, report: &Report) -> Result<()> {
    if artifacts.found() > 0 || report.counts.logged_models == 0 {
        return Ok(());
    }
    let root = artifacts.root().display();
    Err(Failure::new(
        &codes::FOREIGN,
        format!("artifacts are missing: no run or model of the store has files in {root}"),
    )
    .help("--artifacts DIR        the folder that the artifact root is on this machine: mlartifacts, mlruns")
    .help("--without-artifacts    the records alone"))
}
