//! What a purge would take: the same tables as in taking, counted.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::Id;
use domain::data::FileId;
use domain::governance::trash::{Freed, Kept, TrashRef};
use domain::tracking::experiment::{ARTIFACT_SCHEME, ExperimentId};

use super::Unit;
use super::take::{OF_EXPERIMENT, OF_LOGGED_MODEL, OF_MODEL, OF_RUN, OF_VERSION, version_of};
use crate::governance::unused::{file_id, named_elsewhere};
use crate::tracking::{list, pieces};
use crate::{Conn, Result, Row, Value, args};

/// What a purge would take, in order, and what stays.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What it would take: parts before what they belong to.
    pub units: Vec<Unit>,
    /// What stays although it is in the trash.
    pub kept: Vec<Kept>,
}

/// Unfolds chosen things, each with the number of its record, into what is to be taken.
pub async fn plan(conn: &mut Conn<'_>, chosen: &[(TrashRef, i64)]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut seen = HashSet::new();
    for (reference, num) in chosen {
        match reference {
            TrashRef::Experiment(id) => experiment(conn, &mut plan, &mut seen, *id).await?,
            TrashRef::Run(id) => {
                run(conn, &mut plan, &mut seen, *num, id).await?;
            }
            TrashRef::LoggedModel(id) => {
                logged_model(conn, &mut plan, &mut seen, *num, id).await?;
            }
            TrashRef::ModelVersion(_, version) => {
                add(&mut plan, &mut seen, Unit::ModelVersion(*num, *version))
            }
            TrashRef::Model(..) => {
                let sql = "SELECT version FROM model_version WHERE model = $1 ORDER BY version";
                for row in conn.fetch_all(sql, args![*num]).await? {
                    add(&mut plan, &mut seen, Unit::ModelVersion(*num, row.get("version")?));
                }
                add(&mut plan, &mut seen, Unit::Model(*num));
            }
        }
    }
    without_models_of_runs(conn, &mut plan).await?;
    Ok(plan)
}

fn add(plan: &mut Plan, seen: &mut HashSet<(&'static str, i64, i64)>, unit: Unit) {
    if seen.insert(unit.parts()) {
        plan.units.push(unit);
    }
}

fn keep(plan: &mut Plan, reference: TrashRef, version: &str) {
    let reason =
        format!("the model version {version} came from it; to purge it, first volano model rm {version}");
    if !plan.kept.iter().any(|kept| kept.reference == reference) {
        plan.kept.push(Kept { reference, reason });
    }
}

/// Whether the run is to be taken.
async fn run(
    conn: &mut Conn<'_>,
    plan: &mut Plan,
    seen: &mut HashSet<(&'static str, i64, i64)>,
    num: i64,
    id: &Id,
) -> Result<bool> {
    if let Some(version) = super::kept_by(conn, id).await? {
        keep(plan, TrashRef::Run(id.clone()), &version);
        return Ok(false);
    }
    add(plan, seen, Unit::Run(num));
    Ok(true)
}

async fn logged_model(
    conn: &mut Conn<'_>,
    plan: &mut Plan,
    seen: &mut HashSet<(&'static str, i64, i64)>,
    num: i64,
    id: &Id,
) -> Result<bool> {
    if let Some(version) = version_of(conn, "v.logged_model = $1", id).await? {
        keep(plan, TrashRef::LoggedModel(id.clone()), &version);
        return Ok(false);
    }
    add(plan, seen, Unit::LoggedModel(num));
    Ok(true)
}

async fn experiment(
    conn: &mut Conn<'_>,
    plan: &mut Plan,
    seen: &mut HashSet<(&'static str, i64, i64)>,
    id: ExperimentId,
) -> Result<()> {
    let mut whole = true;
    let sql = "SELECT num, id FROM run WHERE experiment = $1 AND deleted ORDER BY num";
    for row in conn.fetch_all(sql, args![id.number()]).await? {
        whole &= run(conn, plan, seen, row.get("num")?, &row.id("id")?).await?;
    }
    let sql = "SELECT m.num, m.id, m.source_run FROM logged_model m WHERE m.experiment = $1 ORDER BY m.num";
    for row in conn.fetch_all(sql, args![id.number()]).await? {
        let source = row.opt_id("source_run")?;
        let of_kept = source.is_some_and(|source| {
            plan.kept.iter().any(|kept| kept.reference == TrashRef::Run(source.clone()))
        });
        whole &= !of_kept && logged_model(conn, plan, seen, row.get("num")?, &row.id("id")?).await?;
    }
    if id == ExperimentId::DEFAULT {
        let reason = "it is the experiment of whoever names none; its runs are purged, it stays".to_owned();
        plan.kept.push(Kept { reference: TrashRef::Experiment(id), reason });
    } else if whole {
        add(plan, seen, Unit::Experiment(id.number()));
    } else {
        let reason = "some of its runs or logged models stay".to_owned();
        plan.kept.push(Kept { reference: TrashRef::Experiment(id), reason });
    }
    Ok(())
}

/// Leaves out logged models whose run takes them with it.
async fn without_models_of_runs(conn: &mut Conn<'_>, plan: &mut Plan) -> Result<()> {
    let of_runs: HashSet<i64> = models_of_runs(conn, &runs(plan)).await?.into_iter().collect();
    plan.units.retain(|unit| !matches!(unit, Unit::LoggedModel(num) if of_runs.contains(num)));
    Ok(())
}

fn runs(plan: &Plan) -> Vec<i64> {
    plan.units.iter().filter_map(|unit| if let Unit::Run(num) = unit { Some(*num) } else { None }).collect()
}

async fn models_of_runs(conn: &mut Conn<'_>, runs: &[i64]) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for piece in pieces(runs) {
        let sql = format!(
            "SELECT m.num FROM logged_model m JOIN run r ON r.id = m.source_run WHERE r.num IN ({})",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, numbers(piece)).await? {
            found.push(row.get("num")?);
        }
    }
    Ok(found)
}

/// The files that a purge lets go: how many bytes, and how many of their records it takes.
type Files = HashMap<FileId, (i64, i64)>;

/// Counts what a plan would take. The files are those that only what is taken names in the records; what trees and
/// documents name is for the caller to leave out.
pub async fn measure(conn: &mut Conn<'_>, plan: &Plan) -> Result<(Freed, HashMap<FileId, i64>)> {
    let mut freed = Freed::default();
    let mut files = Files::new();
    let runs = runs(plan);
    let mut models = models_of_runs(conn, &runs).await?;
    let (mut versions, mut registered, mut experiments) = (Vec::new(), Vec::new(), Vec::new());
    for unit in &plan.units {
        match unit {
            Unit::Run(_) => {}
            Unit::LoggedModel(num) => models.push(*num),
            Unit::ModelVersion(model, version) => versions.push((*model, *version)),
            Unit::Model(num) => registered.push(*num),
            Unit::Experiment(num) => experiments.push(*num),
        }
    }
    freed.runs = length(&runs);
    freed.logged_models = length(&models);
    freed.models = length(&registered);
    freed.model_versions = length(&versions);
    freed.experiments = length(&experiments);
    freed.points = rows(conn, &[("metric", "run")], &runs).await?;
    freed.rows = freed.points + freed.runs + freed.logged_models + freed.models + freed.experiments;
    freed.rows += freed.model_versions;
    freed.rows += rows(conn, &OF_RUN, &runs).await?;
    freed.rows += rows(conn, &OF_LOGGED_MODEL, &models).await?;
    freed.rows += rows(conn, &OF_MODEL, &registered).await?;
    freed.rows += rows(conn, &OF_EXPERIMENT, &experiments).await?;
    // A trace counts as one, with all that belongs to it.
    freed.rows += rows(conn, &[("trace", "experiment")], &experiments).await?;
    freed.rows += of_versions(conn, &versions, &mut files).await?;
    let mut places = Vec::new();
    places.extend(locations(conn, "run", "'/' || x.id || '/artifacts'", &runs).await?);
    places.extend(locations(conn, "logged_model", "'/models/m-' || x.id || '/artifacts'", &models).await?);
    places.extend(own_locations(conn, &experiments).await?);
    freed.rows += artifacts(conn, &places, &mut files).await?;
    let files = alone(conn, files).await?;
    Ok((freed, files))
}

fn length<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

fn numbers(nums: &[i64]) -> Vec<Value> {
    nums.iter().map(|num| Value::from(*num)).collect()
}

async fn rows(conn: &mut Conn<'_>, tables: &[(&str, &str)], nums: &[i64]) -> Result<i64> {
    let mut total = 0;
    for piece in pieces(nums) {
        for (table, column) in tables {
            let sql =
                format!("SELECT COUNT(*) AS n FROM {table} WHERE {column} IN ({})", list(1, piece.len()));
            total += conn.fetch_one(&sql, numbers(piece)).await?.get::<i64>("n")?;
        }
    }
    Ok(total)
}

async fn of_versions(conn: &mut Conn<'_>, versions: &[(i64, i64)], files: &mut Files) -> Result<i64> {
    let mut total = 0;
    for (model, version) in versions {
        for table in OF_VERSION {
            let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE model = $1 AND version = $2");
            total += conn.fetch_one(&sql, args![*model, *version]).await?.get::<i64>("n")?;
        }
        let sql = "SELECT file, size FROM model_version_file WHERE model = $1 AND version = $2";
        for row in conn.fetch_all(sql, args![*model, *version]).await? {
            note(files, &row)?;
        }
    }
    Ok(total)
}

fn note(files: &mut Files, row: &Row) -> Result<()> {
    let entry = files.entry(file_id(row)?).or_insert((0, 0));
    entry.0 = entry.0.max(row.get("size")?);
    entry.1 += 1;
    Ok(())
}

/// The places of runs or logged models below the artifact root.
async fn locations(conn: &mut Conn<'_>, table: &str, rest: &str, nums: &[i64]) -> Result<Vec<String>> {
    let mut found = Vec::with_capacity(nums.len());
    for piece in pieces(nums) {
        let sql = format!(
            "SELECT COALESCE(x.home, e.location) || {rest} AS location FROM {table} x \
             JOIN experiment e ON e.id = x.experiment WHERE x.num IN ({})",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, numbers(piece)).await? {
            found.push(row.get("location")?);
        }
    }
    Ok(found)
}

/// The places of experiments that no other experiment shares.
async fn own_locations(conn: &mut Conn<'_>, experiments: &[i64]) -> Result<Vec<String>> {
    let mut shared: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for piece in pieces(experiments) {
        let sql = format!(
            "SELECT e.location, (SELECT COUNT(*) FROM experiment o WHERE o.location = e.location) AS sharers \
             FROM experiment e WHERE e.id IN ({})",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, numbers(piece)).await? {
            let entry = shared.entry(row.get("location")?).or_insert((0, row.get("sharers")?));
            entry.0 += 1;
        }
    }
    Ok(shared.into_iter().filter(|(_, (taken, all))| taken == all).map(|(location, _)| location).collect())
}

async fn artifacts(conn: &mut Conn<'_>, places: &[String], files: &mut Files) -> Result<i64> {
    let mut total = 0;
    let below: Vec<&str> = places.iter().filter_map(|place| place.strip_prefix(ARTIFACT_SCHEME)).collect();
    for piece in pieces(&below) {
        let sql = format!("SELECT num FROM artifact_root WHERE location IN ({})", list(1, piece.len()));
        let values = piece.iter().map(|place| Value::from(*place)).collect();
        for row in conn.fetch_all(&sql, values).await? {
            let root: i64 = row.get("num")?;
            let found =
                conn.fetch_all("SELECT file, size FROM artifact WHERE root = $1", args![root]).await?;
            total += 1 + length(&found);
            for row in &found {
                note(files, row)?;
            }
        }
    }
    Ok(total)
}

/// Those of the files whose every record is among what is taken, with their bytes.
async fn alone(conn: &mut Conn<'_>, files: Files) -> Result<HashMap<FileId, i64>> {
    let ids: Vec<FileId> = files.keys().copied().collect();
    let mut records: HashMap<FileId, i64> = HashMap::new();
    for piece in pieces(&ids) {
        for table in ["artifact", "model_version_file"] {
            let sql = format!(
                "SELECT file, COUNT(*) AS n FROM {table} WHERE file IN ({}) GROUP BY file",
                list(1, piece.len())
            );
            let values = piece.iter().map(|id| Value::from(id.to_string())).collect();
            for row in conn.fetch_all(&sql, values).await? {
                *records.entry(file_id(&row)?).or_default() += row.get::<i64>("n")?;
            }
        }
    }
    let others = named_elsewhere(conn, &ids).await?;
    Ok(files
        .into_iter()
        .filter(|(id, (_, taken))| records.get(id) == Some(taken) && !others.contains(id))
        .map(|(id, (size, _))| (id, size))
        .collect())
}
