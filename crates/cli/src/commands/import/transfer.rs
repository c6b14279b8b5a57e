//! Taking over: records in batches, points as they are read, files one by one.

use std::collections::{HashMap, HashSet};

use app::tracking::import::foreign::FoundRegistered;
use domain::Id;
use domain::registry::import::{FilesOf, ModelRecord};
use domain::tracking::import::{ExperimentRecord, PointRecord, RunPointsRecord, SetSum};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::PAGE;
use super::artifacts::{Artifacts, LocalFile, owner, tree};
use super::report::Report;
use super::source::Source;
use crate::client::{Client, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Progress};

/// Points that are read, and sent, at once.
pub const POINTS: usize = 20_000;
/// Experiments that are sent at once: all, as a rule, because those whose number is free must come first.
pub const EXPERIMENTS: usize = 1000;
/// Bytes of records that are sent at once; a single record may be larger.
const BATCH_BYTES: usize = 4 << 20;
/// Files that are sent at once.
const SENDING: usize = 4;
const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// What is on the way.
pub struct Transfer<'a> {
    /// The server.
    pub client: &'a Client,
    source: String,
    /// The files, when they come along.
    pub artifacts: Option<&'a Artifacts>,
    /// Numbers of experiments: there, here.
    pub experiments: HashMap<i64, i64>,
    /// Why things were refused, by kind and id.
    pub refused: HashMap<(String, String), String>,
}

/// Records of one kind that are sent together.
pub struct Batch {
    kind: &'static str,
    records: Vec<String>,
    bytes: usize,
}

impl Batch {
    /// None yet, of the kind that the server calls so.
    pub fn new(kind: &'static str) -> Self {
        Self { kind, records: Vec::new(), bytes: 0 }
    }

    /// Adds a record.
    pub fn push(&mut self, record: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(record).map_err(|error| Failure::new(&codes::INTERNAL, error))?;
        self.bytes += text.len();
        self.records.push(text);
        Ok(())
    }

    /// Whether it is time to send it.
    pub fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }
}

impl<'a> Transfer<'a> {
    /// Nothing yet.
    pub fn new(client: &'a Client, source: &str, artifacts: Option<&'a Artifacts>) -> Self {
        Self {
            client,
            source: source.to_owned(),
            artifacts,
            experiments: HashMap::new(),
            refused: HashMap::new(),
        }
    }

    /// Takes over everything that is not here yet.
    pub async fn run(&mut self, source: &mut Source, report: &mut Report, out: &Output) -> Result<()> {
        let done = self.take_all(source, report, out).await;
        done.map_err(|failure| match failure.exit() {
            Exit::Unreachable => failure.help("the same import again goes on where this one stopped"),
            _ => failure,
        })
    }

    async fn take_all(&mut self, source: &mut Source, report: &mut Report, out: &Output) -> Result<()> {
        self.take_experiments(source, report).await?;
        let runs = u64::try_from(report.counts.runs).unwrap_or_default();
        let progress = Progress::items(out, "runs", runs);
        let mut after = 0;
        loop {
            let next = self.take_runs(source, after, report, &progress).await?;
            let Some(next) = next else { break };
            after = next;
        }
        progress.finish();
        let mut after = 0;
        loop {
            let next = self.take_logged_models(source, after, report).await?;
            let Some(next) = next else { break };
            after = next;
        }
        self.take_registered(source, report).await?;
        super::traces::take(self, source, report, out).await?;
        super::evaluation::take(self, source, report).await
    }

    /// Sends a batch; what became of each record.
    pub async fn send(&mut self, batch: &mut Batch, report: &mut Report) -> Result<Vec<Value>> {
        if batch.records.is_empty() {
            return Ok(Vec::new());
        }
        let source = Value::from(self.source.as_str());
        let body = format!(r#"{{"source":{source},"{}":[{}]}}"#, batch.kind, batch.records.join(","));
        let answer = self.client.post_text("/import", body).await?;
        batch.records.clear();
        batch.bytes = 0;
        let items = answer.list("items").to_vec();
        for item in &items {
            match (item.text("taken"), item.text("noun")) {
                ("refused", noun) => {
                    let key = (noun.to_owned(), item.text("id").to_owned());
                    self.refused.insert(key, item.text("reason").to_owned());
                }
                ("made", "experiment") => report.tally("experiments").made += 1,
                ("made", "run") => report.tally("runs").made += 1,
                ("made", "logged_model") => report.tally("logged models").made += 1,
                ("made", "model") => report.tally("models").made += 1,
                ("made", "trace") => report.tally("traces").made += 1,
                ("made", "evaluation_dataset") => report.tally("evaluation data sets").made += 1,
                ("made", "scorer") => report.tally("scorers").made += 1,
                _ => {}
            }
        }
        Ok(items)
    }

    /// Sends the experiments that are not here, or lack a tag here.
    async fn take_experiments(&mut self, source: &mut Source, report: &mut Report) -> Result<()> {
        let records = source.experiments().await?;
        for page in records.chunks(EXPERIMENTS) {
            let names: Vec<&str> = page.iter().map(here_named).collect();
            let found = self.states(json!({"experiments": names})).await?;
            let mut batch = Batch::new("experiments");
            let mut sent = Vec::new();
            for record in page {
                match found.get(here_named(record)).filter(|state| has_tags(state, record)) {
                    Some(state) => self.note_number(record, state.int("experiment"), report),
                    None => {
                        batch.push(record)?;
                        sent.push(record);
                    }
                }
            }
            let items = self.send(&mut batch, report).await?;
            for (record, item) in sent.into_iter().zip(items) {
                if item.text("taken") != "refused" {
                    self.note_number(record, item.text("here").parse().ok(), report);
                }
            }
        }
        Ok(())
    }

    fn note_number(&mut self, record: &ExperimentRecord, here: Option<i64>, report: &mut Report) {
        if let Some(here) = here {
            self.experiments.insert(record.id, here);
            report.renumbered(record.id, here, &record.name);
        }
    }

    /// Where experiments are or would be here, without changing anything.
    pub async fn foresee_experiments(&mut self, source: &mut Source, report: &mut Report) -> Result<()> {
        let records = source.experiments().await?;
        for page in records.chunks(EXPERIMENTS) {
            let names: Vec<&str> = page.iter().map(here_named).collect();
            let found = self.states(json!({"experiments": names})).await?;
            for record in page {
                let here = found.get(here_named(record)).and_then(|state| state.int("experiment"));
                self.experiments.insert(record.id, record.id);
                self.note_number(record, here, report);
            }
        }
        Ok(())
    }

    /// Those of the things that are here, by id or name.
    pub async fn states(&self, question: Value) -> Result<HashMap<String, Value>> {
        let answer = self.client.post("/import/check", question).await?;
        let items = answer.list("items").iter();
        Ok(items.map(|item| (item.text("id").to_owned(), item.clone())).collect())
    }

    async fn take_runs(
        &mut self,
        source: &mut Source,
        after: i64,
        report: &mut Report,
        progress: &Progress,
    ) -> Result<Option<i64>> {
        let (page, next) = source.runs(after, PAGE).await?;
        let mut records: Vec<_> = page.into_iter().flatten().map(|found| found.record).collect();
        records.retain_mut(|record| self.renumber(&mut record.experiment));
        let ids: Vec<Id> = records.iter().map(|record| record.id.clone()).collect();
        let before = self.states(json!({"runs": ids})).await?;
        let mut batch = Batch::new("runs");
        for record in &records {
            if !before.contains_key(record.id.as_str()) {
                batch.push(record)?;
            } else if before[record.id.as_str()].text("digest") != record.clone().digest() {
                self.refuse("run", &record.id);
            }
            if batch.is_full() {
                self.send(&mut batch, report).await?;
            }
        }
        self.send(&mut batch, report).await?;
        let taken: Vec<Id> = ids.into_iter().filter(|id| !self.is_refused("run", id.as_str())).collect();
        self.take_points(source, &taken, &before, report, progress).await?;
        self.take_files("runs", &taken, report).await?;
        Ok(next)
    }

    /// Gives a thing the number that its experiment has here; whether it has one.
    pub fn renumber(&self, experiment: &mut i64) -> bool {
        let here = self.experiments.get(experiment);
        *experiment = here.copied().unwrap_or(*experiment);
        here.is_some()
    }

    /// Notes that a thing is here with other content.
    pub fn refuse(&mut self, noun: &str, id: impl ToString) {
        self.refuse_for(noun, id, "it is here with other content and was left as it is");
    }

    /// Notes why a thing cannot be taken over.
    pub fn refuse_for(&mut self, noun: &str, id: impl ToString, reason: impl Into<String>) {
        self.refused.insert((noun.to_owned(), id.to_string()), reason.into());
    }

    /// Whether a thing was refused.
    pub fn is_refused(&self, noun: &str, id: &str) -> bool {
        self.refused.contains_key(&(noun.to_owned(), id.to_owned()))
    }

    /// Sends the points of runs. Of a run that had some before, they are sent only when they do not add up.
    async fn take_points(
        &mut self,
        source: &mut Source,
        runs: &[Id],
        before: &HashMap<String, Value>,
        report: &mut Report,
        progress: &Progress,
    ) -> Result<()> {
        let mut waiting: Vec<RunPointsRecord> = Vec::new();
        let mut count = 0;
        for run in runs {
            let known = before.get(run.as_str());
            let same = match known {
                Some(state) if state.int("points") != Some(0) => sum_of(source, run).await?.is_of(state),
                _ => false,
            };
            progress.advance(1);
            if same {
                continue;
            }
            let mut after = 0;
            loop {
                let (points, next) = source.points(run, after, POINTS as i64).await?;
                for points in points.chunks(POINTS) {
                    count += points.len();
                    report.tally("points").made += points.len() as u64;
                    waiting.push(RunPointsRecord { run: run.clone(), points: points.to_vec() });
                    if count >= POINTS {
                        self.send_points(&mut waiting).await?;
                        count = 0;
                    }
                }
                let Some(next) = next else { break };
                after = next;
            }
        }
        self.send_points(&mut waiting).await
    }

    /// No call brings more than twice what is read at once.
    async fn send_points(&mut self, waiting: &mut Vec<RunPointsRecord>) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let body = json!({"source": self.source}).to_string();
        let points = serde_json::to_string(waiting).map_err(|error| Failure::new(&codes::INTERNAL, error))?;
        waiting.clear();
        let body = format!(r#"{},"points":{points}}}"#, body.trim_end_matches('}'));
        let answer = self.client.post_text("/import", body).await?;
        for item in answer.list("items").iter().filter(|item| item.text("taken") == "refused") {
            let key = ("points".to_owned(), item.text("id").to_owned());
            self.refused.insert(key, item.text("reason").to_owned());
        }
        Ok(())
    }

    /// Sends the files of runs or logged models that are not here yet.
    async fn take_files(&mut self, kind: &'static str, ids: &[Id], report: &mut Report) -> Result<()> {
        let Some(artifacts) = self.artifacts else { return Ok(()) };
        let files = |id: &Id| Some((id.to_string(), tree(artifacts.folder(id)?).files));
        self.send_files(kind, ids.iter().filter_map(files).collect(), report).await
    }

    /// Sends those of these files that are not here yet, by the id of whose they are.
    pub async fn send_files(
        &mut self,
        kind: &'static str,
        with: Vec<(String, Vec<LocalFile>)>,
        report: &mut Report,
    ) -> Result<()> {
        if with.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = with.iter().map(|(id, _)| id.as_str()).collect();
        let states = self.states(json!({kind: ids, "files": true})).await?;
        for (id, files) in &with {
            let Some(state) = states.get(id) else { continue };
            let here: HashSet<&str> = state.list("files").iter().map(|file| file.text("path")).collect();
            let place = state.text("place").trim_start_matches("mlflow-artifacts:/");
            let missing = files.iter().filter(|file| !here.contains(file.path.as_str()));
            let sent: Vec<Option<(String, String)>> = futures::stream::iter(missing)
                .map(|file| send_file(self.client, place, file))
                .buffer_unordered(SENDING)
                .try_collect()
                .await?;
            report.tally("artifacts").made += sent.iter().filter(|refused| refused.is_none()).count() as u64;
            for (path, reason) in sent.into_iter().flatten() {
                self.refused.insert(("file".to_owned(), format!("{id}/{path}")), reason);
            }
        }
        Ok(())
    }

    async fn take_logged_models(
        &mut self,
        source: &mut Source,
        after: i64,
        report: &mut Report,
    ) -> Result<Option<i64>> {
        let (page, next) = source.logged_models(after, PAGE).await?;
        let mut records: Vec<_> = page.into_iter().flatten().map(|found| found.record).collect();
        records.retain_mut(|record| self.renumber(&mut record.experiment));
        let ids: Vec<Id> = records.iter().map(|record| record.id.clone()).collect();
        let before = self.states(json!({"logged_models": ids})).await?;
        let mut batch = Batch::new("logged_models");
        for record in &records {
            match before.get(record.id.as_str()) {
                None => batch.push(record)?,
                Some(state) if state.text("digest") != record.clone().digest() => {
                    self.refuse("logged_model", &record.id);
                }
                Some(_) => {}
            }
            if batch.is_full() {
                self.send(&mut batch, report).await?;
            }
        }
        self.send(&mut batch, report).await?;
        let taken: Vec<Id> =
            ids.into_iter().filter(|id| !self.is_refused("logged_model", id.as_str())).collect();
        self.take_files("logged_models", &taken, report).await?;
        Ok(next)
    }

    async fn take_registered(&mut self, source: &mut Source, report: &mut Report) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let page = source.registered(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.record.name.clone());
            let names: Vec<&str> = page.iter().map(|found| found.record.name.as_str()).collect();
            let before = self.states(json!({"models": names})).await?;
            let mut batch = Batch::new("models");
            for found in &page {
                let mut record = found.record.clone();
                for version in &mut record.versions {
                    version.files = files_of(found, version.version);
                }
                match before.get(&record.name) {
                    None => batch.push(&record)?,
                    Some(state) if state.text("digest") != record.clone().digest() => {
                        self.refuse("model", &record.name);
                    }
                    Some(state) if self.lacks_files(&record, state) => batch.push(&record)?,
                    Some(_) => {}
                }
                if batch.is_full() {
                    self.send(&mut batch, report).await?;
                }
            }
            self.send(&mut batch, report).await?;
        }
    }
}

impl Transfer<'_> {
    /// Whether a version here has no files, though there are some now: it came before its artifacts did.
    fn lacks_files(&self, record: &ModelRecord, state: &Value) -> bool {
        let Some(artifacts) = self.artifacts else { return false };
        let empty = state.list("versions").iter().filter(|version| version.int("files") == Some(0));
        let numbers: HashSet<i64> = empty.filter_map(|version| version.int("version")).collect();
        record.versions.iter().filter(|version| numbers.contains(&version.version)).any(|version| {
            version.files.as_ref().and_then(|of| artifacts.count(of)).is_some_and(|count| count > 0)
        })
    }
}

/// The name that an experiment has here: the default one is merged into ours, whatever its name there.
pub fn here_named(record: &ExperimentRecord) -> &str {
    if record.id == 0 { "Default" } else { &record.name }
}

/// Whether an experiment that is here has a tag under each key.
fn has_tags(state: &Value, record: &ExperimentRecord) -> bool {
    let here: HashSet<&str> = state.list("tags").iter().map(|tag| tag.text("key")).collect();
    record.tags.iter().all(|tag| here.contains(tag.key.as_str()))
}

/// Whose files a version has: where it was stored says more than the source that it names.
pub fn files_of(found: &FoundRegistered, version: i64) -> Option<FilesOf> {
    found.files.get(&version)?.iter().rev().find_map(|address| owner(address))
}

/// The points of a run in the other store, added up.
pub async fn sum_of(source: &mut Source, run: &Id) -> Result<Sum> {
    let mut sum = SetSum::default();
    let mut after = 0;
    loop {
        let (points, next) = source.points(run, after, POINTS as i64).await?;
        for PointRecord { key, step, time, value } in &points {
            sum.add_point(key, *step, *time, *value);
        }
        let Some(next) = next else { return Ok(Sum(sum)) };
        after = next;
    }
}

/// The sum of a run's points.
pub struct Sum(pub SetSum);

impl Sum {
    /// Whether the server has the same points.
    pub fn is_of(&self, state: &Value) -> bool {
        state["points"].as_u64() == Some(self.0.count) && state.text("points_sum") == self.0.text()
    }

    /// Whether the server has the same spans of a trace, or records of an evaluation data set.
    pub fn is_of_parts(&self, state: &Value) -> bool {
        state["parts"].as_u64() == Some(self.0.count) && state.text("parts_sum") == self.0.text()
    }
}

/// Sends a file; its path and the reason when the server refuses it.
async fn send_file(client: &Client, place: &str, file: &LocalFile) -> Result<Option<(String, String)>> {
    let parts: Vec<String> = place.split('/').chain(file.path.split('/')).map(segment).collect();
    let sent = client.send_file(&format!("{FILES}/{}", parts.join("/")), &file.local, |_| {}).await;
    match sent {
        Ok(_) => Ok(None),
        Err(failure) if matches!(failure.exit(), Exit::Unreachable | Exit::NotAllowed) => Err(failure),
        Err(failure) => Ok(Some((file.path.clone(), failure.message().to_owned()))),
    }
}
