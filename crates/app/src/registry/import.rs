//! Taking over registered models of another registry, each with all its versions at once.

use db::Conn;
use db::registry::alias::Move;
use db::registry::{alias, import, model, model_version};
use db::tracking::artifact::Artifact;
use db::tracking::{logged_model, run};
use domain::registry::alias::AliasChange;
use domain::registry::import::{AliasRecord, FilesOf, ModelRecord, VersionRecord};
use domain::registry::model::{Model, ModelName};
use domain::registry::model_version::{ModelVersion, Provenance};

use crate::tracking::artifact::{below, place};
use crate::tracking::import::{State, Taken, different};
use crate::{Context, Result};

/// Takes over a model. Its versions keep the files that their runs and logged models have here now. Webhooks are not told:
/// nothing new happened.
pub(crate) async fn take(conn: &mut Conn<'_>, ctx: &Context, record: &ModelRecord) -> Result<Taken> {
    let name = match record.check() {
        Ok(name) => name,
        Err(refusal) => return Ok(Taken::Refused(refusal.to_string())),
    };
    if let Some(found) = model::get(conn, name.as_str()).await? {
        let num = found.num;
        if record_of(conn, found).await?.digest() != record.clone().digest() {
            return Ok(Taken::Refused(different("model")));
        }
        return Ok(if complete(conn, num, record).await? { Taken::Merged } else { Taken::Here });
    }
    let num = model::insert(conn, &name, &record.description, record.created).await?;
    for tag in &record.tags {
        model::set_tag(conn, num, tag).await?;
    }
    for version in &record.versions {
        take_version(conn, num, &name, version).await?;
    }
    for target in &record.aliases {
        let step = Move {
            alias: &target.alias,
            change: AliasChange::Set,
            version: Some(target.version),
            now: ctx.now(),
            actor: &ctx.actor.name,
            reason: "imported",
        };
        alias::apply(conn, num, step).await?;
    }
    import::set_past(conn, num, record).await?;
    Ok(Taken::Made)
}

/// Gives versions that came without files those that have come since; whether there were any.
async fn complete(conn: &mut Conn<'_>, model: i64, record: &ModelRecord) -> Result<bool> {
    let mut any = false;
    for version in &record.versions {
        let Some(of) = &version.files else { continue };
        if !model_version::files(conn, model, version.version).await?.is_empty() {
            continue;
        }
        if let Some((location, files)) = stored(conn, of).await?
            && !files.is_empty()
        {
            import::add_files(conn, (model, version.version), &location, &files).await?;
            any = true;
        }
    }
    Ok(any)
}

async fn take_version(
    conn: &mut Conn<'_>,
    model: i64,
    name: &ModelName,
    record: &VersionRecord,
) -> Result<()> {
    let (location, files) = match &record.files {
        Some(of) => stored(conn, of).await?.unwrap_or_default(),
        None => (record.source.clone(), Vec::new()),
    };
    let version = ModelVersion {
        name: name.clone(),
        version: record.version,
        description: record.description.clone(),
        stage: record.stage,
        source: record.source.clone(),
        location,
        run: record.run.clone(),
        logged_model: record.logged_model.clone(),
        run_link: record.run_link.clone(),
        user: record.user.clone(),
        created: record.created,
        updated: record.updated,
        tags: record.tags.clone(),
        aliases: Vec::new(),
        provenance: Provenance::default(),
    };
    model_version::insert(conn, model, &version, &files).await?;
    Ok(import::set_version_past(conn, model, record.version, record.updated).await?)
}

/// Where the files of a version are here, and which they are.
async fn stored(conn: &mut Conn<'_>, of: &FilesOf) -> Result<Option<(String, Vec<Artifact>)>> {
    let (root, path) = match of {
        FilesOf::Run { id, path } => (run::get(conn, id).await?.map(|found| found.info.artifact_uri), path),
        FilesOf::LoggedModel { id, path } => {
            (logged_model::get(conn, id).await?.map(|found| found.model.artifact_uri), path)
        }
    };
    let Some(root) = root else { return Ok(None) };
    let location = place(&root, path);
    let files = below(conn, &location).await?;
    Ok(Some((location, files)))
}

/// The model of that name as far as comparing needs it.
pub(crate) async fn state(conn: &mut Conn<'_>, name: &str) -> Result<Option<State>> {
    let Some(found) = model::get(conn, name).await? else { return Ok(None) };
    let num = found.num;
    let record = record_of(conn, found).await?;
    let mut version_files = Vec::with_capacity(record.versions.len());
    for version in &record.versions {
        let files = model_version::files(conn, num, version.version).await?;
        version_files.push((version.version, i64::try_from(files.len()).unwrap_or(i64::MAX)));
    }
    Ok(Some(State {
        noun: "model",
        id: name.to_owned(),
        digest: record.digest(),
        version_files,
        ..State::default()
    }))
}

/// A model of ours as a record.
async fn record_of(conn: &mut Conn<'_>, found: model::Numbered) -> Result<ModelRecord> {
    let versions = model_version::of_model(conn, found.num).await?;
    let Model { name, description, created, updated, tags, aliases, last_version } = found.model;
    let alias = |target: domain::registry::alias::AliasTarget| AliasRecord {
        alias: target.alias,
        version: target.version,
    };
    let version = |version: ModelVersion| VersionRecord {
        version: version.version,
        description: version.description,
        stage: version.stage,
        source: version.source,
        run: version.run,
        logged_model: version.logged_model,
        run_link: version.run_link,
        user: version.user,
        created: version.created,
        updated: version.updated,
        tags: version.tags,
        files: None,
    };
    Ok(ModelRecord {
        name: name.to_string(),
        description,
        created,
        updated,
        last_version,
        tags,
        aliases: aliases.into_iter().map(alias).collect(),
        versions: versions.into_iter().map(version).collect(),
    })
}
