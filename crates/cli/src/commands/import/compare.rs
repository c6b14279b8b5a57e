//! Comparing: everything of the other store with what is here, by counts and hashes.

use std::collections::HashMap;

use domain::Id;
use domain::registry::model::is_prompt;
use serde_json::{Value, json};

use super::PAGE;
use super::artifacts::{LocalFile, hash, tree};
use super::report::Report;
use super::source::Source;
use super::transfer::{EXPERIMENTS, Transfer, files_of, here_named, sum_of};
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Output, Progress};

/// Compares both sides and puts what it finds into the report.
pub async fn run(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    report: &mut Report,
    out: &Output,
) -> Result<()> {
    experiments(transfer, source, report).await?;
    let progress = Progress::items(out, "comparing", u64::try_from(report.counts.runs).unwrap_or_default());
    let mut after = 0;
    loop {
        let next = runs(transfer, source, after, report, &progress).await?;
        let Some(next) = next else { break };
        after = next;
    }
    let mut after = 0;
    loop {
        let next = logged_models(transfer, source, after, report).await?;
        let Some(next) = next else { break };
        after = next;
    }
    registered(transfer, source, report).await?;
    super::traces::compare(transfer, source, report, out).await?;
    super::evaluation::compare(transfer, source, report).await
}

/// Says why a thing is not the same here.
pub fn differs(transfer: &Transfer<'_>, report: &mut Report, noun: &str, id: &str, why: &str) {
    let refused = transfer.refused.get(&(noun.to_owned(), id.to_owned()));
    let noun = noun.replace('_', " ").replace("dataset", "data set");
    report.differs(format!("{noun} {id}: {}", refused.map_or(why, String::as_str)));
}

/// Before an import a thing that is not here is one that would come; after it, that is a difference.
pub fn absent(transfer: &Transfer<'_>, report: &mut Report, noun: &str, id: &str) {
    if !report.is_foreseeing() {
        differs(transfer, report, noun, id, "it is not here");
    }
}

/// What is said of a thing that is here and not the same.
pub const OTHER: &str = "it is here with other content and was left as it is";

async fn experiments(transfer: &mut Transfer<'_>, source: &mut Source, report: &mut Report) -> Result<()> {
    let records = source.experiments().await?;
    for page in records.chunks(EXPERIMENTS) {
        let names: Vec<&str> = page.iter().map(here_named).collect();
        let states = transfer.states(json!({"experiments": names})).await?;
        for record in page {
            report.tally("experiments").there += 1;
            let Some(state) = states.get(here_named(record)) else {
                report.tally("experiments").absent += 1;
                absent(transfer, report, "experiment", &record.name);
                continue;
            };
            let tags: HashMap<&str, &str> =
                state.list("tags").iter().map(|tag| (tag.text("key"), tag.text("value"))).collect();
            let tag = record.tags.iter().find(|tag| tags.get(tag.key.as_str()) != Some(&tag.value.as_str()));
            if let Some(tag) = tag {
                let what = if tags.contains_key(tag.key.as_str()) { "another value" } else { "no value" };
                let why = format!("its tag {:?} has {what} here", tag.key);
                differs(transfer, report, "experiment", &record.name, &why);
            } else if record.id != 0 && state.flag("deleted") != record.deleted {
                let why = if record.deleted { "it is not deleted here" } else { "it is deleted here" };
                differs(transfer, report, "experiment", &record.name, why);
            } else {
                report.tally("experiments").same += 1;
            }
        }
    }
    Ok(())
}

async fn runs(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    after: i64,
    report: &mut Report,
    progress: &Progress,
) -> Result<Option<i64>> {
    let (page, next) = source.runs(after, PAGE).await?;
    let mut records = Vec::with_capacity(page.len());
    for read in page {
        report.tally("runs").there += 1;
        progress.advance(1);
        match read {
            Ok(found) => records.push(found.record),
            Err(left) => report.differs(format!("{}: {}", left.what, left.why)),
        }
    }
    let ids: Vec<&Id> = records.iter().map(|record| &record.id).collect();
    let states = transfer.states(json!({"runs": ids, "files": transfer.artifacts.is_some()})).await?;
    for mut record in records {
        transfer.renumber(&mut record.experiment);
        let id = record.id.clone();
        let sum = sum_of(source, &id).await?;
        report.tally("points").there += sum.0.count;
        let state = states.get(id.as_str());
        files(transfer, report, &id, state)?;
        let Some(state) = state else {
            report.tally("runs").absent += 1;
            report.tally("points").absent += sum.0.count;
            absent(transfer, report, "run", id.as_str());
            continue;
        };
        if record.digest() != state.text("digest") {
            differs(transfer, report, "run", id.as_str(), OTHER);
            continue;
        }
        report.tally("runs").same += 1;
        if sum.is_of(state) {
            report.tally("points").same += sum.0.count;
        } else {
            let here = state["points"].as_u64().unwrap_or_default();
            report.tally("points").absent += sum.0.count.saturating_sub(here);
            if !report.is_foreseeing() || here > 0 {
                let why = format!("{} points there, {here} here, not the same ones", sum.0.count);
                differs(transfer, report, "run", id.as_str(), &why);
            }
        }
    }
    Ok(next)
}

async fn logged_models(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    after: i64,
    report: &mut Report,
) -> Result<Option<i64>> {
    let (page, next) = source.logged_models(after, PAGE).await?;
    let mut records = Vec::with_capacity(page.len());
    for read in page {
        report.tally("logged models").there += 1;
        match read {
            Ok(found) => records.push(found.record),
            Err(left) => report.differs(format!("{}: {}", left.what, left.why)),
        }
    }
    let ids: Vec<&Id> = records.iter().map(|record| &record.id).collect();
    let states =
        transfer.states(json!({"logged_models": ids, "files": transfer.artifacts.is_some()})).await?;
    for mut record in records {
        transfer.renumber(&mut record.experiment);
        let id = record.id.clone();
        let state = states.get(id.as_str());
        let found = files(transfer, report, &id, state)?;
        let ready = record.status == domain::tracking::logged_model::LoggedModelStatus::Ready;
        if !found && ready && transfer.artifacts.is_some() && !record.deleted {
            report.differs(format!("logged model m-{id}: its files were not found"));
        }
        match state {
            None => {
                report.tally("logged models").absent += 1;
                absent(transfer, report, "logged_model", id.as_str());
            }
            Some(state) if record.digest() == state.text("digest") => report.tally("logged models").same += 1,
            Some(_) => differs(transfer, report, "logged_model", id.as_str(), OTHER),
        }
    }
    Ok(next)
}

/// Compares the files of a run or logged model; whether it has a folder.
fn files(transfer: &Transfer<'_>, report: &mut Report, id: &Id, state: Option<&Value>) -> Result<bool> {
    let Some(folder) = transfer.artifacts.and_then(|artifacts| artifacts.folder(id)) else {
        return Ok(false);
    };
    compare_files(transfer, report, id.as_str(), &tree(folder).files, state)?;
    Ok(true)
}

/// Compares files with those that are here.
pub fn compare_files(
    transfer: &Transfer<'_>,
    report: &mut Report,
    id: &str,
    files: &[LocalFile],
    state: Option<&Value>,
) -> Result<()> {
    let listed = state.map(|state| state.list("files")).unwrap_or_default();
    let here: HashMap<&str, &str> =
        listed.iter().map(|file| (file.text("path"), file.text("hash"))).collect();
    for file in files {
        report.tally("artifacts").there += 1;
        match here.get(file.path.as_str()) {
            None => {
                report.tally("artifacts").absent += 1;
                absent(transfer, report, "file", &format!("{id}/{}", file.path));
            }
            Some(here) if *here == hash(&file.local)? => report.tally("artifacts").same += 1,
            Some(_) => {
                differs(transfer, report, "file", &format!("{id}/{}", file.path), OTHER);
            }
        }
    }
    Ok(())
}

async fn registered(transfer: &mut Transfer<'_>, source: &mut Source, report: &mut Report) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = source.registered(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.record.name.clone());
        let names: Vec<&str> = page.iter().map(|found| found.record.name.as_str()).collect();
        let states = transfer.states(json!({"models": names})).await?;
        for found in &page {
            let record = &found.record;
            let versions = record.versions.len() as u64;
            report.tally("models").there += 1;
            report.tally("model versions").there += versions;
            let Some(state) = states.get(&record.name) else {
                report.tally("models").absent += 1;
                report.tally("model versions").absent += versions;
                absent(transfer, report, "model", &record.name);
                continue;
            };
            if record.clone().digest() != state.text("digest") {
                differs(transfer, report, "model", &record.name, OTHER);
                continue;
            }
            report.tally("models").same += 1;
            report.tally("model versions").same += versions;
        }
        for found in &page {
            version_files(transfer, report, found, states.get(&found.record.name));
        }
    }
}

/// A version has as many files here as its folder has there; prompts have none.
fn version_files(
    transfer: &Transfer<'_>,
    report: &mut Report,
    found: &app::tracking::import::foreign::FoundRegistered,
    state: Option<&Value>,
) {
    let Some(artifacts) = transfer.artifacts else { return };
    let record = &found.record;
    if is_prompt(&record.tags) {
        return;
    }
    let here: HashMap<i64, i64> = state
        .map(|state| state.list("versions"))
        .unwrap_or_default()
        .iter()
        .filter_map(|version| Some((version.int("version")?, version.int("files")?)))
        .collect();
    for version in &record.versions {
        let label = format!("model {}:{}", record.name, version.version);
        let there = files_of(found, version.version).and_then(|of| artifacts.count(&of));
        let here = here.get(&version.version).copied().unwrap_or_default();
        let line = match there {
            None => format!("{label}: its files were not found; its source is {}", version.source),
            Some(there) if state.is_some() && i64::try_from(there) != Ok(here) => {
                format!("{label}: {there} files there, {here} here")
            }
            Some(_) => continue,
        };
        report.differs(line);
    }
}
