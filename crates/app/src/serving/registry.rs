//! What serving asks of the registry, inside its own transactions.

use db::Conn;
use domain::data::{FileId, RelativePath, TreeFile};
use domain::registry::alias::{AliasChange, CHALLENGER, CHAMPION};
use domain::registry::model::ModelName;
use domain::registry::model_version::VersionRef;
use domain::serving::ServedVersion;
use domain::tracking::experiment::ARTIFACT_SCHEME;
use domain::{Id, Timestamp};

use super::inference::ModelFiles;
use crate::{Error, Result};

/// The tag of a run that names the environment it ran in.
const ENVIRONMENT_TAG: &str = "volano.env";

/// Where a run keeps an ONNX export of its model.
const EXPORTS: [&str; 2] = ["model.onnx", "onnx/model.onnx"];

/// The version that a reference names: `flights@champion`, `flights:3`, `flights`.
pub(super) async fn resolve(conn: &mut Conn<'_>, reference: &str) -> Result<(ModelName, i64)> {
    let parsed =
        VersionRef::parse(reference).map_err(|refusal| Error::invalid("model", refusal.to_string()))?;
    let name = parsed.name().as_str();
    let model = db::registry::model::get(conn, name).await?.ok_or_else(|| Error::not_found("model", name))?;
    let version = match &parsed {
        VersionRef::Number(_, number) => Some(*number),
        VersionRef::Alias(_, alias) => db::registry::alias::target(conn, model.num, alias).await?,
        VersionRef::Latest(_) => db::registry::model_version::latest(conn, name).await?,
    };
    let version = version.ok_or_else(|| Error::not_found("model_version", reference))?;
    Ok((parsed.name().clone(), version))
}

/// The files of a version and the environment that it was trained in.
pub(super) async fn files(conn: &mut Conn<'_>, model: &ModelName, version: i64) -> Result<ModelFiles> {
    let missing = || Error::not_found("model_version", format!("{model}:{version}"));
    let found = db::registry::model_version::get(conn, model.as_str(), version).await?.ok_or_else(missing)?;
    let artifacts = db::registry::model_version::files(conn, found.model, version).await?;
    let files: Vec<TreeFile> = artifacts.into_iter().map(tree_file).collect::<Result<_>>()?;
    let environment = match (found.version.provenance.environment, &found.version.run) {
        (Some(key), _) => Some(key),
        (None, Some(run)) => environment_of_run(conn, run).await?,
        (None, None) => None,
    };
    Ok(ModelFiles { files, environment })
}

/// The ONNX export that the version's run kept beside the model: `model.onnx` or `onnx/model.onnx`.
pub(super) async fn export(conn: &mut Conn<'_>, model: &ModelName, version: i64) -> Result<Option<FileId>> {
    let found = db::registry::model_version::get(conn, model.as_str(), version).await?;
    match found.and_then(|found| found.version.run) {
        Some(run) => export_of_run(conn, &run).await,
        None => Ok(None),
    }
}

/// The ONNX export among a run's files.
pub(super) async fn export_of_run(conn: &mut Conn<'_>, run: &Id) -> Result<Option<FileId>> {
    let Some(found) = db::tracking::run::get(conn, run).await? else {
        return Ok(None);
    };
    let location = found.info.artifact_uri.trim_start_matches(ARTIFACT_SCHEME).to_owned();
    let Some((root, _)) = db::tracking::artifact::root_of(conn, &[location]).await? else {
        return Ok(None);
    };
    for path in EXPORTS {
        if let Some(found) = db::tracking::artifact::get(conn, root, path).await? {
            return Ok(Some(found.file));
        }
    }
    Ok(None)
}

/// The key that the runner left on the run.
async fn environment_of_run(conn: &mut Conn<'_>, run: &Id) -> Result<Option<String>> {
    let Some(found) = db::tracking::run::get(conn, run).await? else {
        return Ok(None);
    };
    let loaded = db::tracking::run::load(conn, vec![found]).await?;
    let tags = loaded.into_iter().flat_map(|run| run.tags);
    Ok(tags.into_iter().find(|tag| tag.key == ENVIRONMENT_TAG).map(|tag| tag.value))
}

/// Points the alias `champion` at what is served now, and removes `challenger` from it.
pub(super) async fn move_champion(
    conn: &mut Conn<'_>,
    served: &ServedVersion,
    change: AliasChange,
    now: Timestamp,
    (actor, reason): (&str, &str),
) -> Result<()> {
    use crate::registry::told::move_alias;
    use db::registry::alias::{Move, target};
    let missing = || Error::not_found("model", &served.model);
    let model = db::registry::model::lock(conn, served.model.as_str(), now).await?.ok_or_else(missing)?;
    if target(conn, model, CHAMPION).await? != Some(served.version) {
        let to = Some(served.version);
        let moved = Move { alias: CHAMPION, change, version: to, now, actor, reason };
        move_alias(conn, (&served.model, model), moved).await?;
    }
    if target(conn, model, CHALLENGER).await? == Some(served.version) {
        let change = AliasChange::Removed;
        let removed = Move { alias: CHALLENGER, change, version: None, now, actor, reason };
        move_alias(conn, (&served.model, model), removed).await?;
    }
    Ok(())
}

fn tree_file(artifact: db::tracking::artifact::Artifact) -> Result<TreeFile> {
    let path = RelativePath::parse(&artifact.path).map_err(Error::internal)?;
    let size = artifact.size.unsigned_abs();
    Ok(TreeFile { path, file_id: artifact.file, size, executable: false })
}
