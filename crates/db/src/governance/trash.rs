//! What is deleted and still there.

use domain::Timestamp;
use domain::governance::trash::{TrashItem, TrashKind, TrashRef};
use domain::registry::model::ModelName;
use domain::tracking::experiment::{ARTIFACT_SCHEME, ExperimentId};

use crate::registry::model::model_name;
use crate::{Conn, Result, Row, args};

/// Which deleted things are meant.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Only of this kind.
    pub kind: Option<TrashKind>,
    /// Only this experiment, and what is in it.
    pub experiment: Option<ExperimentId>,
    /// Only what was deleted at this time or before.
    pub until: Option<Timestamp>,
}

/// A deleted thing and the number of its record.
#[derive(Clone, Debug)]
pub struct Found {
    /// The thing, without the size of its files.
    pub item: TrashItem,
    /// The number of its record: of the model for a version.
    pub num: i64,
}

/// Deleted things, what was deleted last first, at most `limit`. Runs and logged models of a deleted experiment, and
/// versions of a deleted model, come with it and are not listed.
pub async fn list(conn: &mut Conn<'_>, chosen: &Chosen, limit: i64) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for kind in TrashKind::ALL {
        let registry = matches!(kind, TrashKind::Model | TrashKind::ModelVersion);
        if chosen.kind.is_none_or(|wanted| wanted == kind) && !(registry && chosen.experiment.is_some()) {
            let rows = conn
                .fetch_all(
                    &sql(kind),
                    args![
                        chosen.experiment.map(ExperimentId::number),
                        chosen.until.map_or(i64::MAX, Timestamp::millis),
                        limit
                    ],
                )
                .await?;
            for row in &rows {
                found.push(read(kind, row)?);
            }
        }
    }
    found.sort_by(|a, b| {
        (b.item.deleted, a.item.reference.to_string()).cmp(&(a.item.deleted, b.item.reference.to_string()))
    });
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

fn sql(kind: TrashKind) -> String {
    let (columns, from, experiment) = match kind {
        TrashKind::Experiment => (
            "e.id AS num, e.name, (SELECT COUNT(*) FROM run r WHERE r.experiment = e.id) AS parts",
            "experiment e WHERE e.deleted",
            "e.id",
        ),
        TrashKind::Run => (
            "e.num, e.id, e.name, e.experiment, CAST(0 AS BIGINT) AS parts",
            "run e JOIN experiment x ON x.id = e.experiment WHERE e.deleted AND x.deleted = FALSE",
            "e.experiment",
        ),
        TrashKind::LoggedModel => (
            "e.num, e.id, e.name, e.experiment, CAST(0 AS BIGINT) AS parts",
            "logged_model e JOIN experiment x ON x.id = e.experiment WHERE e.deleted AND x.deleted = FALSE",
            "e.experiment",
        ),
        TrashKind::Model => (
            "e.num, e.deleted_name AS name, (SELECT COUNT(*) FROM model_version v WHERE v.model = e.num) AS parts, \
             (SELECT COUNT(*) FROM model n WHERE n.deleted AND n.deleted_name = e.deleted_name) AS namesakes",
            "model e WHERE e.deleted",
            "CAST(NULL AS BIGINT)",
        ),
        TrashKind::ModelVersion => (
            "e.model AS num, e.version, m.name, CAST(0 AS BIGINT) AS parts",
            "model_version e JOIN model m ON m.num = e.model \
             WHERE e.deleted AND e.with_model = FALSE AND m.deleted = FALSE",
            "CAST(NULL AS BIGINT)",
        ),
    };
    // What came deleted from elsewhere does not say when that was: its last change does.
    let changed = if kind == TrashKind::Run { "start_ms" } else { "updated_ms" };
    let deleted = format!("COALESCE(e.deleted_ms, e.{changed})");
    format!(
        "SELECT {columns}, {deleted} AS deleted_at, e.deleted_by FROM {from} \
         AND ($1 IS NULL OR {experiment} = $1) AND {deleted} <= $2 ORDER BY {deleted} DESC LIMIT $3"
    )
}

fn read(kind: TrashKind, row: &Row) -> Result<Found> {
    let num: i64 = row.get("num")?;
    let name: String = row.get("name")?;
    let model = |row: &Row| -> Result<ModelName> { model_name(row, "name") };
    let (reference, experiment) = match kind {
        TrashKind::Experiment => (TrashRef::Experiment(ExperimentId::from_number(num)), None),
        TrashKind::Run => (TrashRef::Run(row.id("id")?), Some(row.get("experiment")?)),
        TrashKind::LoggedModel => (TrashRef::LoggedModel(row.id("id")?), Some(row.get("experiment")?)),
        TrashKind::Model => {
            let alone = row.get::<i64>("namesakes")? == 1;
            (TrashRef::Model(model(row)?, (!alone).then_some(num)), None)
        }
        TrashKind::ModelVersion => (TrashRef::ModelVersion(model(row)?, row.get("version")?), None),
    };
    let name = match &reference {
        TrashRef::ModelVersion(model, version) => format!("{model}:{version}"),
        _ => name,
    };
    let item = TrashItem {
        reference,
        name,
        experiment: experiment.map(ExperimentId::from_number),
        deleted: row.time("deleted_at")?,
        actor: row.get("deleted_by")?,
        bytes: 0,
        parts: row.get("parts")?,
    };
    Ok(Found { item, num })
}

/// The deleted thing that a reference names, whether it is listed or comes with something larger.
pub async fn find(conn: &mut Conn<'_>, reference: &TrashRef) -> Result<Option<(i64, i64)>> {
    let (sql, args) = match reference {
        TrashRef::Experiment(id) => {
            ("SELECT id AS num FROM experiment WHERE id = $1 AND deleted", args![id.number()])
        }
        TrashRef::Run(id) => ("SELECT num FROM run WHERE id = $1 AND deleted", args![id]),
        TrashRef::LoggedModel(id) => ("SELECT num FROM logged_model WHERE id = $1 AND deleted", args![id]),
        TrashRef::Model(name, num) => {
            return Ok(crate::registry::model::deleted(conn, name.as_str(), *num).await?.map(|num| (num, 0)));
        }
        TrashRef::ModelVersion(name, version) => (
            "SELECT v.model AS num FROM model_version v JOIN model m ON m.num = v.model \
             WHERE m.name = $1 AND v.version = $2 AND v.deleted",
            args![name.as_str(), *version],
        ),
    };
    let version = if let TrashRef::ModelVersion(_, version) = reference { *version } else { 0 };
    let row = conn.fetch_optional(sql, args).await?;
    row.map(|row| Ok((row.get("num")?, version))).transpose()
}

/// Bytes of a thing's files, those included that others use too.
pub async fn bytes(conn: &mut Conn<'_>, found: &Found) -> Result<i64> {
    let mut total = 0;
    for sql in sizes(found.item.reference.kind()) {
        let version = if let TrashRef::ModelVersion(_, version) = found.item.reference { version } else { 0 };
        let args = if sql.contains("$2") { args![found.num, version] } else { args![found.num] };
        total += conn.fetch_one(&sql, args).await?.get::<i64>("bytes")?;
    }
    Ok(total)
}

/// Sums of the sizes of files; each takes the number of the record as `$1`.
fn sizes(kind: TrashKind) -> Vec<String> {
    let below = |alias: &str, folder: &str, from: &str, condition: &str| {
        let from_scheme = ARTIFACT_SCHEME.len() + 1;
        format!(
            "SELECT CAST(COALESCE(SUM(a.size), 0) AS BIGINT) AS bytes FROM {from} JOIN experiment e \
             ON e.id = {alias}.experiment JOIN artifact_root t \
             ON t.location = SUBSTR(COALESCE({alias}.home, e.location), {from_scheme}) || '/{folder}' || {alias}.id \
             || '/artifacts' JOIN artifact a ON a.root = t.num \
             WHERE COALESCE({alias}.home, e.location) LIKE '{ARTIFACT_SCHEME}%' AND {condition}"
        )
    };
    let of_version = |condition: &str| {
        format!(
            "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM model_version_file WHERE {condition}"
        )
    };
    match kind {
        TrashKind::Experiment => vec![
            below("r", "", "run r", "r.experiment = $1"),
            below("m", "models/m-", "logged_model m", "m.experiment = $1"),
        ],
        TrashKind::Run => vec![
            below("r", "", "run r", "r.num = $1"),
            below("m", "models/m-", "run r JOIN logged_model m ON m.source_run = r.id", "r.num = $1"),
        ],
        TrashKind::LoggedModel => vec![below("m", "models/m-", "logged_model m", "m.num = $1")],
        TrashKind::Model => vec![of_version("model = $1")],
        TrashKind::ModelVersion => vec![of_version("model = $1 AND version = $2")],
    }
}
