//! Registered models and prompts of an MLflow database.

use std::collections::{BTreeMap, HashMap};

use domain::registry::import::{AliasRecord, ModelRecord, VersionRecord};
use domain::registry::model_version::Stage;
use domain::tracking::logged_model::parse_id;
use domain::{Id, Timestamp};

use super::tracking::tag;
use super::{Foreign, FoundRegistered, grouped, text, whole};
use crate::tracking::list;
use crate::{Result, Row, Value, args};

/// The stage of versions that were deleted.
const DELETED: &str = "Deleted_Internal";

impl Foreign {
    /// The next `limit` registered models after one of that name (none: from the start), by name.
    pub async fn registered(&mut self, after: Option<&str>, limit: i64) -> Result<Vec<FoundRegistered>> {
        let sql = format!(
            "SELECT CAST(name AS TEXT) AS name, CAST(description AS TEXT) AS description, \
             CAST(creation_time AS INTEGER) AS created, CAST(last_updated_time AS INTEGER) AS updated \
             FROM registered_models m WHERE ($1 OR name > $2) AND {} ORDER BY name LIMIT $3",
            self.own("m")
        );
        let rows = self.rows(&sql, args![after.is_none(), after.unwrap_or_default(), limit]).await?;
        let names: Vec<Value> =
            rows.iter().map(|row| Ok(text(row, "name")?.into())).collect::<Result<_>>()?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let of = |columns: &str, table: &str, own: &str, order: &str| {
            format!(
                "SELECT CAST(name AS TEXT) AS owner, {columns} FROM {table} t WHERE name IN ({}) AND {own} \
                 ORDER BY name, {order}",
                list(1, names.len())
            )
        };
        let own = self.own("t");
        let pair = "CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value";
        let tags = self.rows(&of(pair, "registered_model_tags", &own, "key"), names.clone()).await?;
        let aliases = if self.has("registered_model_aliases") {
            let columns = "CAST(alias AS TEXT) AS alias, CAST(version AS INTEGER) AS version";
            self.rows(&of(columns, "registered_model_aliases", &own, "alias"), names.clone()).await?
        } else {
            Vec::new()
        };
        let stored =
            if self.has_column("model_versions", "storage_location") { "storage_location" } else { "NULL" };
        let columns = format!(
            "CAST(version AS INTEGER) AS version, CAST(description AS TEXT) AS description, \
             CAST(current_stage AS TEXT) AS stage, CAST(source AS TEXT) AS source, \
             CAST({stored} AS TEXT) AS stored, CAST(run_id AS TEXT) AS run, CAST(run_link AS TEXT) AS run_link, \
             CAST(user_id AS TEXT) AS user_id, CAST(creation_time AS INTEGER) AS created, \
             CAST(last_updated_time AS INTEGER) AS updated"
        );
        let versions = self.rows(&of(&columns, "model_versions", &own, "version"), names.clone()).await?;
        let columns = format!("CAST(version AS INTEGER) AS version, {pair}");
        let version_tags =
            self.rows(&of(&columns, "model_version_tags", &own, "version, key"), names).await?;
        let mut parts = Parts {
            tags: grouped(&tags, tag)?,
            aliases: grouped(&aliases, |row| {
                Ok(AliasRecord { alias: text(row, "alias")?, version: whole(row, "version")? })
            })?,
            version_tags: HashMap::new(),
            versions: HashMap::new(),
        };
        for row in &version_tags {
            let key = (text(row, "owner")?, whole(row, "version")?);
            parts.version_tags.entry(key).or_default().push(tag(row)?);
        }
        for row in &versions {
            let owner = text(row, "owner")?;
            let read = version(row, &owner, &mut parts)?;
            parts.versions.entry(owner).or_default().push(read);
        }
        rows.iter().map(|row| registered(row, &mut parts)).collect()
    }
}

struct Parts {
    tags: HashMap<String, Vec<domain::tracking::param::Tag>>,
    aliases: HashMap<String, Vec<AliasRecord>>,
    version_tags: HashMap<(String, i64), Vec<domain::tracking::param::Tag>>,
    versions: HashMap<String, Vec<(VersionRecord, Vec<String>, bool)>>,
}

fn registered(row: &Row, parts: &mut Parts) -> Result<FoundRegistered> {
    let name = text(row, "name")?;
    let created = whole(row, "created")?;
    let versions = parts.versions.remove(&name).unwrap_or_default();
    let last_version = versions.iter().map(|(version, ..)| version.version).max().unwrap_or_default();
    let mut files = BTreeMap::new();
    let mut kept = Vec::new();
    for (version, addresses, deleted) in versions {
        if !deleted {
            files.insert(version.version, addresses);
            kept.push(version);
        }
    }
    let record = ModelRecord {
        description: text(row, "description")?,
        created: Timestamp::from_millis(created),
        updated: Timestamp::from_millis(row.get::<Option<i64>>("updated")?.unwrap_or(created)),
        last_version,
        tags: parts.tags.remove(&name).unwrap_or_default(),
        aliases: parts.aliases.remove(&name).unwrap_or_default(),
        versions: kept,
        name,
    };
    Ok(FoundRegistered { record, files })
}

/// A version, the addresses where its files may be, and whether it is deleted.
fn version(row: &Row, owner: &str, parts: &mut Parts) -> Result<(VersionRecord, Vec<String>, bool)> {
    let number = whole(row, "version")?;
    let stage = text(row, "stage")?;
    let created = whole(row, "created")?;
    let source = text(row, "source")?;
    let stored = text(row, "stored")?;
    let record = VersionRecord {
        version: number,
        description: text(row, "description")?,
        stage: Stage::parse(&stage).unwrap_or_default(),
        // The address of a logged model is the only place where a version says which one it is of.
        logged_model: source.strip_prefix("models:/").filter(|id| id.starts_with("m-")).and_then(parse_id),
        run: Id::parse(&text(row, "run")?),
        run_link: text(row, "run_link")?,
        user: text(row, "user_id")?,
        created: Timestamp::from_millis(created),
        updated: Timestamp::from_millis(row.get::<Option<i64>>("updated")?.unwrap_or(created)),
        tags: parts.version_tags.remove(&(owner.to_owned(), number)).unwrap_or_default(),
        source: source.clone(),
        files: None,
    };
    let addresses = [source, stored].into_iter().filter(|address| !address.is_empty()).collect();
    Ok((record, addresses, stage == DELETED))
}
