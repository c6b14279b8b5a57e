//! The folder store of MLflow (`mlruns`): a folder per experiment and run, a file per metric, param and tag.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use app::tracking::import::foreign::{
    Counts, Cursor, Found, FoundModel, FoundRegistered, FoundRun, FoundTrace, Left, Page, Read,
};
use domain::registry::import::{AliasRecord, ModelRecord, VersionRecord};
use domain::registry::model_version::Stage;
use domain::tracking::import::{
    ExperimentRecord, LoggedModelRecord, ModelMetricRecord, PointRecord, RunRecord,
};
use domain::tracking::input::{DatasetInfo, DatasetInput, ModelOutput};
use domain::tracking::logged_model::{LoggedModelStatus, parse_id};
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{RUN_NAME_TAG, RunStatus};
use domain::{Id, Timestamp};
use serde_json::Value;

use super::folder_trace;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};

const META: &str = "meta.yaml";
/// Deleted experiments are moved there.
const TRASH: &str = ".trash";
/// In the root the registry, in an experiment its logged models.
const MODELS: &str = "models";
/// In an experiment its traces.
const TRACES: &str = "traces";

/// A folder store that is read.
pub struct Folder {
    root: PathBuf,
    experiments: Vec<PathBuf>,
    runs: Vec<PathBuf>,
    run_folders: HashMap<Id, PathBuf>,
    logged_models: Vec<PathBuf>,
    registered: BTreeMap<String, PathBuf>,
    traces: Vec<PathBuf>,
}

impl Folder {
    /// Looks at what is in `root`; refuses what is no store.
    pub fn open(root: &Path) -> Result<Self> {
        let mut store = Self {
            root: root.to_owned(),
            experiments: Vec::new(),
            runs: Vec::new(),
            run_folders: HashMap::new(),
            logged_models: Vec::new(),
            registered: BTreeMap::new(),
            traces: Vec::new(),
        };
        for parent in [root.to_owned(), root.join(TRASH)] {
            let named = |path: &PathBuf| path.file_name().is_some_and(|name| name != MODELS && name != TRASH);
            store.experiments.extend(with_meta(&parent)?.into_iter().filter(named));
        }
        for model in with_meta(&root.join(MODELS))? {
            let meta = yaml(&model.join(META))?;
            store.registered.insert(meta.text("name").to_owned(), model);
        }
        if store.experiments.is_empty() && store.registered.is_empty() {
            let message = format!("{} is no mlruns folder: no folder in it has a {META}", root.display());
            return Err(Failure::new(&codes::FOREIGN, message));
        }
        for experiment in &store.experiments {
            store.runs.extend(with_meta(experiment)?);
            store.logged_models.extend(with_meta(&experiment.join(MODELS))?);
            store.traces.extend(folders(&experiment.join(TRACES))?);
        }
        for run in &store.runs {
            if let Some(id) = run.file_name().and_then(|name| Id::parse(name.to_str()?)) {
                store.run_folders.insert(id, run.clone());
            }
        }
        Ok(store)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What there is. Points are not counted beforehand: that would be reading them all.
    pub fn counts(&self) -> Result<Counts> {
        let size = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let mut versions = 0;
        for found in self.registered(None, i64::MAX)? {
            versions += found.record.versions.len();
        }
        Ok(Counts {
            experiments: size(self.experiments.len()),
            runs: size(self.runs.len()),
            points: 0,
            logged_models: size(self.logged_models.len()),
            models: size(self.registered.len()),
            versions: size(versions),
            traces: size(self.traces.len()),
        })
    }

    /// All experiments.
    pub fn experiments(&self) -> Result<Vec<ExperimentRecord>> {
        let read = |folder: &PathBuf| {
            let meta = yaml(&folder.join(META))?;
            let id = plain(&meta["experiment_id"]);
            let created = meta.int("creation_time").unwrap_or_default();
            Ok(ExperimentRecord {
                id: id.parse().map_err(|_| malformed(folder, &format!("{id:?} is no experiment id")))?,
                name: plain(&meta["name"]),
                deleted: meta.text("lifecycle_stage") == "deleted",
                created: Timestamp::from_millis(created),
                updated: Timestamp::from_millis(meta.int("last_update_time").unwrap_or(created)),
                tags: tags(&folder.join("tags"))?,
            })
        };
        self.experiments.iter().map(read).collect()
    }

    /// The next runs after a place.
    pub fn runs(&self, after: Cursor, limit: i64) -> Result<Page<FoundRun>> {
        let (page, next) = cut(&self.runs, after, limit);
        Ok((page.iter().map(|folder| run(folder)).collect::<Result<_>>()?, next))
    }

    /// The points of the next metric of a run.
    pub fn points(&self, run: &Id, after: Cursor) -> Result<(Vec<PointRecord>, Option<Cursor>)> {
        let Some(folder) = self.run_folders.get(run) else { return Ok((Vec::new(), None)) };
        let files = files(&folder.join("metrics"))?;
        let Some((key, file)) = files.get(index(after)) else { return Ok((Vec::new(), None)) };
        let mut points = Vec::new();
        for line in text(file)?.lines().filter(|line| !line.trim().is_empty()) {
            points.push(point(key, line).ok_or_else(|| malformed(file, &format!("{line:?} is no point")))?);
        }
        let place = |point: &PointRecord| (point.step, point.time, point.value.to_bits());
        points.sort_by_key(place);
        points.dedup_by_key(|point| place(point));
        Ok((points, (index(after) + 1 < files.len()).then_some(after + 1)))
    }

    /// The next logged models after a place.
    pub fn logged_models(&self, after: Cursor, limit: i64) -> Result<Page<FoundModel>> {
        let (page, next) = cut(&self.logged_models, after, limit);
        Ok((page.iter().map(|folder| logged_model(folder)).collect::<Result<_>>()?, next))
    }

    /// The next registered models after a name.
    pub fn registered(&self, after: Option<&str>, limit: i64) -> Result<Vec<FoundRegistered>> {
        let rest = self.registered.iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        rest.take(index(limit)).map(|(name, folder)| registered(name, folder)).collect()
    }
}

impl Folder {
    /// The next traces after a place.
    pub fn traces(&self, after: Cursor, limit: i64) -> Page<FoundTrace> {
        let (page, next) = cut(&self.traces, after, limit);
        (page.iter().map(|folder| folder_trace::read(folder)).collect(), next)
    }
}

fn run(folder: &Path) -> Result<Read<FoundRun>> {
    let meta = yaml(&folder.join(META))?;
    let written = [plain(&meta["run_id"]), plain(&meta["run_uuid"])].into_iter().find(|id| !id.is_empty());
    let written = written.unwrap_or_default();
    let Some(id) = Id::parse(&written).filter(|id| id.as_str() == written) else {
        return Ok(Err(no_id("run", &written)));
    };
    let status = match meta["status"].as_i64() {
        Some(2) => RunStatus::Scheduled,
        Some(3) => RunStatus::Finished,
        Some(4) => RunStatus::Failed,
        Some(5) => RunStatus::Killed,
        _ => RunStatus::Running,
    };
    let tags = tags(&folder.join("tags"))?;
    let tagged = || tags.iter().find(|tag| tag.key == RUN_NAME_TAG).map(|tag| tag.value.clone());
    let named = [plain(&meta["run_name"]), plain(&meta["name"])].into_iter().find(|name| !name.is_empty());
    let time = |key: &str| meta.int(key).map(Timestamp::from_millis);
    let (datasets, model_inputs) = inputs(folder)?;
    let mut model_outputs = Vec::new();
    for output in folders(&folder.join("outputs"))? {
        let Some(model) = output.file_name().and_then(|name| parse_id(name.to_str()?)) else { continue };
        let step = yaml(&output.join(META))?.int("step").unwrap_or_default();
        model_outputs.push(ModelOutput { model, step });
    }
    let record = RunRecord {
        id,
        experiment: plain(&meta["experiment_id"]).parse().unwrap_or(-1),
        name: named.or_else(tagged).unwrap_or_default(),
        user: plain(&meta["user_id"]),
        status,
        start: time("start_time").unwrap_or(Timestamp::from_millis(0)),
        end: time("end_time"),
        deleted: meta.text("lifecycle_stage") == "deleted",
        params: pairs(&folder.join("params"))?.into_iter().map(|(key, value)| Param { key, value }).collect(),
        tags,
        datasets,
        model_inputs,
        model_outputs,
    };
    Ok(Ok(Found { record, files: plain(&meta["artifact_uri"]) }))
}

fn inputs(run: &Path) -> Result<(Vec<DatasetInput>, Vec<Id>)> {
    let (mut datasets, mut models) = (Vec::new(), Vec::new());
    for input in folders(&run.join("inputs"))? {
        let meta = yaml(&input.join(META))?;
        let source = plain(&meta["source_id"]);
        match meta.text("source_type") {
            "DATASET" => {
                let Some(experiment) = run.parent() else { continue };
                let file = experiment.join("datasets").join(&source).join(META);
                if !file.is_file() {
                    continue;
                }
                let dataset = yaml(&file)?;
                let optional = |key: &str| (!dataset[key].is_null()).then(|| plain(&dataset[key]));
                let info = DatasetInfo {
                    name: plain(&dataset["name"]),
                    digest: plain(&dataset["digest"]),
                    source_type: plain(&dataset["source_type"]),
                    source: plain(&dataset["source"]),
                    schema: optional("schema"),
                    profile: optional("profile"),
                };
                let tags = meta.pairs("tags").into_iter().map(|(key, value)| Tag::new(key, plain(value)));
                datasets.push(DatasetInput { dataset: info, tags: tags.collect() });
            }
            "MODEL" => models.extend(parse_id(&source)),
            _ => {}
        }
    }
    Ok((datasets, models))
}

fn logged_model(folder: &Path) -> Result<Read<FoundModel>> {
    let meta = yaml(&folder.join(META))?;
    let written = plain(&meta["model_id"]);
    let Some(id) = parse_id(&written) else { return Ok(Err(no_id("logged model", &written))) };
    let source_run = match plain(&meta["source_run_id"]) {
        run if run.is_empty() => None,
        run => match Id::parse(&run) {
            Some(id) => Some(id),
            None => return Ok(Err(no_id("run", &run))),
        },
    };
    let mut metrics: Vec<ModelMetricRecord> = Vec::new();
    for (key, file) in files(&folder.join("metrics"))? {
        for line in text(&file)?.lines().filter(|line| !line.trim().is_empty()) {
            let metric = model_metric(&key, line);
            let metric = metric.ok_or_else(|| malformed(&file, &format!("{line:?} is no point")))?;
            let same = |other: &ModelMetricRecord| {
                (&other.point.key, &other.run, other.point.step, other.point.time)
                    == (&metric.point.key, &metric.run, metric.point.step, metric.point.time)
            };
            if !metrics.iter().any(same) {
                metrics.push(metric);
            }
        }
    }
    let created = meta.int("creation_timestamp").unwrap_or_default();
    let record = LoggedModelRecord {
        id,
        experiment: plain(&meta["experiment_id"]).parse().unwrap_or(-1),
        name: plain(&meta["name"]),
        model_type: plain(&meta["model_type"]),
        source_run,
        status: match meta.int("status") {
            Some(2) => LoggedModelStatus::Ready,
            Some(3) => LoggedModelStatus::UploadFailed,
            _ => LoggedModelStatus::Pending,
        },
        deleted: meta.text("lifecycle_stage") == "deleted",
        created: Timestamp::from_millis(created),
        updated: Timestamp::from_millis(meta.int("last_updated_timestamp").unwrap_or(created)),
        params: pairs(&folder.join("params"))?.into_iter().map(|(key, value)| Param { key, value }).collect(),
        tags: tags(&folder.join("tags"))?,
        metrics,
    };
    Ok(Ok(Found { record, files: plain(&meta["artifact_location"]) }))
}

fn registered(name: &str, folder: &Path) -> Result<FoundRegistered> {
    let meta = yaml(&folder.join(META))?;
    let (mut versions, mut files, mut last_version) = (Vec::new(), BTreeMap::new(), 0);
    for folder in with_meta(folder)? {
        let (version, addresses, deleted) = version(&folder)?;
        last_version = last_version.max(version.version);
        if !deleted {
            files.insert(version.version, addresses);
            versions.push(version);
        }
    }
    let aliases = pairs(&folder.join("aliases"))?;
    let alias = |(alias, version): (String, String)| {
        Some(AliasRecord { alias, version: version.trim().parse().ok()? })
    };
    let created = meta.int("creation_timestamp").unwrap_or_default();
    let record = ModelRecord {
        name: name.to_owned(),
        description: plain(&meta["description"]),
        created: Timestamp::from_millis(created),
        updated: Timestamp::from_millis(meta.int("last_updated_timestamp").unwrap_or(created)),
        last_version,
        tags: tags(&folder.join("tags"))?,
        aliases: aliases.into_iter().filter_map(alias).collect(),
        versions,
    };
    Ok(FoundRegistered { record, files })
}

/// A version, the addresses where its files may be, and whether it is deleted.
fn version(folder: &Path) -> Result<(VersionRecord, Vec<String>, bool)> {
    let meta = yaml(&folder.join(META))?;
    let number = plain(&meta["version"]);
    let source = plain(&meta["source"]);
    let created = meta.int("creation_timestamp").unwrap_or_default();
    let stage = plain(&meta["current_stage"]);
    let of_source = source.strip_prefix("models:/").filter(|id| id.starts_with("m-")).and_then(parse_id);
    let record = VersionRecord {
        version: number.parse().map_err(|_| malformed(folder, &format!("{number:?} is no version")))?,
        description: plain(&meta["description"]),
        stage: Stage::parse(&stage).unwrap_or_default(),
        source: source.clone(),
        run: Id::parse(&plain(&meta["run_id"])),
        logged_model: of_source,
        run_link: plain(&meta["run_link"]),
        user: plain(&meta["user_id"]),
        created: Timestamp::from_millis(created),
        updated: Timestamp::from_millis(meta.int("last_updated_timestamp").unwrap_or(created)),
        tags: tags(&folder.join("tags"))?,
        files: None,
    };
    let stored = plain(&meta["storage_location"]);
    let addresses = [source, stored].into_iter().filter(|address| !address.is_empty()).collect();
    Ok((record, addresses, stage == "Deleted_Internal"))
}

/// `TIME VALUE [STEP …]`, as the store writes it.
fn point(key: &str, line: &str) -> Option<PointRecord> {
    let mut words = line.split_whitespace();
    let (time, value) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let step = words.next().map_or(Some(0), |step| step.parse().ok())?;
    Some(PointRecord { key: key.to_owned(), step, time, value })
}

/// `TIME VALUE STEP RUN [DATASET DIGEST]`.
fn model_metric(key: &str, line: &str) -> Option<ModelMetricRecord> {
    let point = point(key, line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = |index: usize| words.get(index).map(|word| (*word).to_owned());
    Some(ModelMetricRecord {
        point,
        run: Id::parse(words.get(3)?)?,
        dataset_name: word(4),
        dataset_digest: word(5),
    })
}

fn no_id(noun: &str, id: &str) -> Left {
    Left { what: format!("{noun} {id:?}"), why: "its id is not 32 lower-case hexadecimal digits".to_owned() }
}

fn malformed(path: &Path, why: &str) -> Failure {
    Failure::new(&codes::FOREIGN, format!("{}: {why}", path.display()))
}

fn index(place: i64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn cut(all: &[PathBuf], after: Cursor, limit: i64) -> (&[PathBuf], Option<Cursor>) {
    let start = index(after).min(all.len());
    let end = start.saturating_add(index(limit)).min(all.len());
    (&all[start..end], (end < all.len()).then(|| i64::try_from(end).unwrap_or(i64::MAX)))
}

/// The folders in `folder`, by name; none when it is not there.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(folder, "read", &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file(folder, "read", &error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Those of the folders in `folder` that are described.
fn with_meta(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(folders(folder)?.into_iter().filter(|folder| folder.join(META).is_file()).collect())
}

/// All files below `folder`, with their path as key: keys have slashes.
pub fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let tree = super::artifacts::tree(folder);
    match tree.left.into_iter().next() {
        Some(left) => Err(Failure::new(&codes::FOREIGN, left)),
        None => Ok(tree.files.into_iter().map(|file| (file.path, file.local)).collect()),
    }
}

/// All files below `folder` by path, with what stands in them.
pub fn pairs(folder: &Path) -> Result<Vec<(String, String)>> {
    files(folder)?.into_iter().map(|(key, file)| Ok((key, text(&file)?))).collect()
}

fn tags(folder: &Path) -> Result<Vec<Tag>> {
    Ok(pairs(folder)?.into_iter().map(|(key, value)| Tag::new(key, value)).collect())
}

fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", &error))
}

/// A file of YAML.
pub fn yaml(file: &Path) -> Result<Value> {
    serde_saphyr::from_str(&text(file)?).map_err(|error| malformed(file, &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_metric_is_a_point() {
        let read = |line| point("loss", line).map(|point| (point.time, point.value, point.step));
        assert_eq!(read("17 0.5 3"), Some((17, 0.5, 3)));
        assert_eq!(read("17 0.5"), Some((17, 0.5, 0)));
        assert_eq!(read("17 -inf 3 data 12ab"), Some((17, f64::NEG_INFINITY, 3)));
        assert!(read("17 nan 3").unwrap().1.is_nan());
        assert_eq!(read("x 0.5 3"), None);
    }

    #[test]
    fn a_folder_without_experiments_is_no_store() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Folder::open(folder.path()).err().unwrap();
        assert!(failure.message().contains("is no mlruns folder"), "{}", failure.message());
    }
}
