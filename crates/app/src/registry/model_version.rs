//! Versions of registered models.

use db::Conn;
use db::governance::purge::{self, Unit};
use db::registry::model_version::{self, Numbered};
use db::registry::{alias, model};
use db::tracking::artifact::Artifact;
use db::tracking::{logged_model, run};
use domain::Id;
use domain::governance::role::Permission;
use domain::registry::model::{ModelName, check_tag, is_prompt};
use domain::registry::model_version::{ModelVersion, Provenance, Source, Stage, VersionRef, refuse};
use domain::search::Object;
use domain::search::page::Page;
use domain::tracking::artifact::{Owner, split};
use domain::tracking::experiment::ARTIFACT_SCHEME;
use domain::tracking::logged_model::LoggedModel;
use domain::tracking::param::Tag;
use domain::tracking::validation::Refusal;

use super::model::{Models, check_order, find as find_model, lock};
use super::told;
use crate::tracking::artifact::{Stored, below, place};
use crate::tracking::experiment::being_purged;
use crate::tracking::{SearchRequest, logged_model as logged_models};
use crate::{Audit, Context, Error, Result};

/// Most versions on one page.
pub const MAX_PAGE: i64 = 200_000;
/// The tag of a logged model that says where it is registered, as MLflow writes it.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

/// A version to be registered.
#[derive(Clone, Debug, Default)]
pub struct NewVersion {
    /// `models:/m-…`, `runs:/RUN/PATH`, `models:/NAME/3`, `mlflow-artifacts:/…`.
    pub source: String,
    /// The run it came from; found by the source when absent.
    pub run: Option<Id>,
    /// The logged model it came from; found by the source when absent.
    pub logged_model: Option<Id>,
    /// What it is.
    pub description: String,
    /// A link to the run elsewhere.
    pub run_link: String,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Where it came from, as far as the platform itself made it.
    pub provenance: Provenance,
    /// Register the model's name too when it is new.
    pub create_model: bool,
}

/// What a source turned out to be.
struct Origin {
    /// The source, an alias in it replaced by what it points at.
    source: String,
    location: String,
    run: Option<Id>,
    logged_model: Option<Id>,
    files: Vec<Artifact>,
}

impl Models<'_> {
    /// Registers the next version of a model, with the files that its source has now.
    pub async fn create_version(
        &self,
        ctx: &Context,
        name: &ModelName,
        new: NewVersion,
    ) -> Result<ModelVersion> {
        for tag in &new.tags {
            check_tag(tag)?;
        }
        let prompt = is_prompt(&new.tags);
        let source = if prompt { Source::parse_of_prompt(&new.source) } else { Source::parse(&new.source) }?;
        source.check_owner(&new.source, new.run.as_ref(), new.logged_model.as_ref())?;
        let (name, now, user) = (name.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    if new.create_model && model::get(conn, name.as_str()).await?.is_none() {
                        model::insert(conn, &name, "", now).await?;
                    }
                    let num = lock(conn, &name, now).await?;
                    let origin = origin(conn, &new, &source).await?;
                    let number = model::next_version(conn, num).await?;
                    let version = ModelVersion {
                        name: name.clone(),
                        version: number,
                        description: new.description,
                        stage: Stage::None,
                        source: origin.source,
                        location: origin.location,
                        run: new.run.or(origin.run),
                        logged_model: origin.logged_model,
                        run_link: new.run_link,
                        user,
                        created: now,
                        updated: now,
                        tags: new.tags,
                        aliases: Vec::new(),
                        provenance: new.provenance,
                    };
                    model_version::insert(conn, num, &version, &origin.files).await?;
                    told::version_created(conn, prompt, &version).await?;
                    if let Some(id) = &version.logged_model {
                        note_registration(conn, id, &name, number).await?;
                    }
                    let audit =
                        Audit::new("registry.model_version.create", "model_version", label(&name, number))
                            .detail(serde_json::json!({
                                "source": version.source, "run": version.run, "files": origin.files.len(),
                            }));
                    Ok((find(conn, &name, number).await?.version, audit))
                })
            })
            .await
    }

    /// One version.
    pub async fn version(&self, ctx: &Context, name: &ModelName, version: i64) -> Result<ModelVersion> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(find(&mut reader.conn(), name, version).await?.version)
    }

    /// The version that a reference names: `flights@champion`, `flights:3`, `flights`, `models:/flights/3`.
    pub async fn resolve(&self, ctx: &Context, reference: &str) -> Result<ModelVersion> {
        let reference = VersionRef::parse(reference)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        resolve(&mut reader.conn(), &reference).await
    }

    /// The files of a version, as they were when it was registered, by path.
    pub async fn files(&self, ctx: &Context, name: &ModelName, version: i64) -> Result<Vec<Stored>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, name, version).await?;
        let files = model_version::files(&mut conn, found.model, version).await?;
        let artifacts = self.0.artifacts();
        files.into_iter().map(|file| artifacts.stored(file)).collect()
    }

    /// A page of the versions that match.
    pub async fn search_versions(
        &self,
        ctx: &Context,
        request: &SearchRequest,
    ) -> Result<Page<ModelVersion>> {
        let search = request.parse(Object::ModelVersions, MAX_PAGE)?;
        check_order(&search, &["creation_timestamp", "version_number", "name", "last_updated_timestamp"])?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = db::search::model_versions(&mut reader.conn(), &search).await?;
        Ok(Page::cut(found, search.offset, request.max_results).map(|found| found.version))
    }

    /// All versions of a model that are not deleted, newest first.
    pub async fn versions(&self, ctx: &Context, name: &ModelName) -> Result<Vec<ModelVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find_model(&mut conn, name).await?;
        Ok(model_version::of_model(&mut conn, found.num).await?)
    }

    /// The newest version of each stage of a model; only of these stages when any are given.
    pub async fn latest_versions(
        &self,
        ctx: &Context,
        name: &ModelName,
        stages: &[Stage],
    ) -> Result<Vec<ModelVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find_model(&mut conn, name).await?;
        let latest = model_version::latest_of_stages(&mut conn, found.num).await?;
        Ok(latest
            .into_iter()
            .map(|found| found.version)
            .filter(|version| stages.is_empty() || stages.contains(&version.stage))
            .collect())
    }

    /// The versions that came from a run, newest first.
    pub async fn versions_of_run(&self, ctx: &Context, run: &Id) -> Result<Vec<ModelVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(model_version::of_run(&mut reader.conn(), run).await?)
    }

    /// Changes what a version says it is.
    pub async fn describe_version(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        description: &str,
    ) -> Result<ModelVersion> {
        let (description, now) = (description.to_owned(), ctx.now());
        self.change(ctx, name, version, "registry.model_version.describe", move |conn, num| {
            Box::pin(async move { Ok(model_version::describe(conn, num, version, &description, now).await?) })
        })
        .await
    }

    /// Moves a version to one of MLflow's stages; with `archive`, what was in that stage goes to the archive.
    pub async fn set_stage(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        stage: Stage,
        archive: bool,
    ) -> Result<ModelVersion> {
        if archive && !matches!(stage, Stage::Staging | Stage::Production) {
            let reason = "Model version transition cannot archive existing model versions because '"
                .to_owned()
                + stage.as_str()
                + "' is not an Active stage. Valid stages are ['Staging', 'Production']";
            return Err(Refusal::new("archive_existing_versions", reason).into());
        }
        let now = ctx.now();
        self.change(ctx, name, version, "registry.model_version.stage", move |conn, num| {
            Box::pin(
                async move { Ok(model_version::set_stage(conn, (num, version), stage, archive, now).await?) },
            )
        })
        .await
    }

    /// Sets a tag of a version.
    pub async fn set_version_tag(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        tag: Tag,
    ) -> Result<()> {
        check_tag(&tag)?;
        let (told, now) = (name.clone(), ctx.now());
        self.change(ctx, name, version, "registry.model_version.tag", move |conn, num| {
            Box::pin(async move {
                model_version::set_tag(conn, num, version, &tag).await?;
                told::version_tag_changed(conn, now, (&told, version), (&tag.key, Some(&tag.value))).await
            })
        })
        .await
        .map(drop)
    }

    /// Removes a tag of a version, if it is there.
    pub async fn delete_version_tag(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        key: &str,
    ) -> Result<()> {
        let (key, told, now) = (key.to_owned(), name.clone(), ctx.now());
        self.change(ctx, name, version, "registry.model_version.untag", move |conn, num| {
            Box::pin(async move {
                model_version::delete_tag(conn, num, version, &key).await?;
                told::version_tag_changed(conn, now, (&told, version), (&key, None)).await
            })
        })
        .await
        .map(drop)
    }

    /// Puts a version into the trash and removes the aliases that point at it.
    pub async fn delete_version(&self, ctx: &Context, name: &ModelName, version: i64) -> Result<()> {
        let (name, now, actor) = (name.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock_version(conn, &name, version, now).await?;
                    for alias in alias::of_version(conn, num, version).await? {
                        let step = alias::Move {
                            alias: &alias,
                            change: domain::registry::alias::AliasChange::Removed,
                            version: None,
                            now,
                            actor: &actor,
                            reason: "the version was deleted",
                        };
                        told::move_alias(conn, (&name, num), step).await?;
                    }
                    model_version::delete(conn, num, version, &actor, now).await?;
                    let audit =
                        Audit::new("registry.model_version.delete", "model_version", label(&name, version));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Takes a version out of the trash, with those of its aliases that point nowhere else now.
    pub async fn restore_version(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
    ) -> Result<ModelVersion> {
        let (name, now, actor) = (name.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let missing = || Error::not_found("deleted model version", label(&name, version));
                    let num = model::lock(conn, name.as_str(), now).await?.ok_or_else(missing)?;
                    let deleted = model_version::deleted_at(conn, num, version).await?.ok_or_else(missing)?;
                    model_version::restore(conn, num, version, now).await?;
                    if purge::condemned(conn, Unit::ModelVersion(num, version)).await? {
                        return Err(being_purged("model_version", label(&name, version)));
                    }
                    for alias in alias::taken_at(conn, num, version, deleted).await? {
                        if alias::target(conn, num, &alias).await?.is_some() {
                            continue;
                        }
                        let step = alias::Move {
                            alias: &alias,
                            change: domain::registry::alias::AliasChange::Set,
                            version: Some(version),
                            now,
                            actor: &actor,
                            reason: "the version was restored",
                        };
                        told::move_alias(conn, (&name, num), step).await?;
                    }
                    let audit =
                        Audit::new("registry.model_version.restore", "model_version", label(&name, version));
                    Ok((find(conn, &name, version).await?.version, audit))
                })
            })
            .await
    }

    /// Runs one change of an existing version, its model's row locked; the version afterwards.
    async fn change<F>(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        action: &'static str,
        work: F,
    ) -> Result<ModelVersion>
    where
        F: for<'t> FnOnce(&'t mut Conn<'_>, i64) -> futures::future::BoxFuture<'t, Result<()>>
            + Send
            + 'static,
    {
        let (name, now) = (name.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock_version(conn, &name, version, now).await?;
                    work(conn, num).await?;
                    let after = find(conn, &name, version).await?.version;
                    Ok((after, Audit::new(action, "model_version", label(&name, version))))
                })
            })
            .await
    }
}

/// `flights:3`, as the audit log and live notices name a version.
pub(super) fn label(name: &ModelName, version: i64) -> String {
    format!("{name}:{version}")
}

/// Locks the model of an existing version; the model's number.
pub(super) async fn lock_version(
    conn: &mut Conn<'_>,
    name: &ModelName,
    version: i64,
    now: domain::Timestamp,
) -> Result<i64> {
    let missing = || Error::not_found("model_version", label(name, version));
    let num = model::lock(conn, name.as_str(), now).await?.ok_or_else(missing)?;
    find(conn, name, version).await?;
    Ok(num)
}

pub(super) async fn find(conn: &mut Conn<'_>, name: &ModelName, version: i64) -> Result<Numbered> {
    model_version::get(conn, name.as_str(), version)
        .await?
        .ok_or_else(|| Error::not_found("model_version", label(name, version)))
}

pub(crate) async fn resolve(conn: &mut Conn<'_>, reference: &VersionRef) -> Result<ModelVersion> {
    let (name, number) = match reference {
        VersionRef::Number(name, number) => (name, *number),
        VersionRef::Latest(name) => {
            find_model(conn, name).await?;
            let latest = model_version::latest(conn, name.as_str()).await?;
            let missing = || Error::not_found("model_version", format!("{name} (it has no version yet)"));
            (name, latest.ok_or_else(missing)?)
        }
        VersionRef::Alias(name, alias) => {
            let found = find_model(conn, name).await?;
            let target = alias::target(conn, found.num, alias).await?;
            (name, target.ok_or_else(|| Error::not_found("alias", alias))?)
        }
    };
    Ok(find(conn, name, number).await?.version)
}

async fn origin(conn: &mut Conn<'_>, new: &NewVersion, source: &Source) -> Result<Origin> {
    let mut origin = match source {
        Source::Nothing => {
            let (source, location) = (new.source.clone(), new.source.clone());
            Origin { source, location, run: None, logged_model: None, files: Vec::new() }
        }
        Source::LoggedModel(id) => {
            let found = logged_models::find(conn, id, false).await?;
            of_logged_model(conn, &found.model).await?
        }
        Source::Version(reference) => of_version(conn, reference, new).await?,
        Source::Run(id, folder) => of_run(conn, id, folder).await?,
        Source::Artifacts(path) => of_place(conn, path).await?,
    };
    if !matches!(source, Source::Version(_)) {
        origin.source = new.source.clone();
    }
    if let Some(id) = &new.logged_model {
        let model = logged_models::find(conn, id, false).await?.model;
        origin.run = origin.run.or(model.source_run);
        origin.logged_model = Some(model.id);
    }
    Ok(origin)
}

async fn of_logged_model(conn: &mut Conn<'_>, model: &LoggedModel) -> Result<Origin> {
    let num = logged_models::find(conn, &model.id, true).await?.num;
    if purge::logged_model_condemned(conn, num).await? {
        return Err(being_purged("logged_model", model.public_id()));
    }
    Ok(Origin {
        source: model.artifact_uri.clone(),
        files: below(conn, &model.artifact_uri).await?,
        location: model.artifact_uri.clone(),
        run: model.source_run.clone(),
        logged_model: Some(model.id.clone()),
    })
}

/// A copy of a version: what the request says about its origin must be what the version's record says.
async fn of_version(conn: &mut Conn<'_>, reference: &VersionRef, new: &NewVersion) -> Result<Origin> {
    if find_model(conn, reference.name()).await?.model.is_prompt() {
        let why = "Prompt versions cannot be used as model version sources.";
        return Err(refuse(&new.source, why).into());
    }
    let version = resolve(conn, reference).await?;
    let differs = |said: Option<&Id>, is: Option<&Id>| said.is_some() && said != is;
    if differs(new.run.as_ref(), version.run.as_ref())
        || differs(new.logged_model.as_ref(), version.logged_model.as_ref())
    {
        let why = "The run_id and model_id request parameters must match the referenced model version.";
        return Err(refuse(&new.source, why).into());
    }
    let found = find(conn, &version.name, version.version).await?;
    Ok(Origin {
        source: format!("models:/{}/{}", version.name, version.version),
        files: model_version::files(conn, found.model, version.version).await?,
        location: version.location,
        run: version.run,
        logged_model: version.logged_model,
    })
}

/// A folder of a run's artifacts, or else the logged model that the run's code gave that name.
async fn of_run(conn: &mut Conn<'_>, id: &Id, folder: &str) -> Result<Origin> {
    let found = run::get(conn, id).await?.ok_or_else(|| Error::not_found("run", id))?;
    if purge::condemned(conn, Unit::Run(found.num)).await? {
        return Err(being_purged("run", id));
    }
    let location = place(&found.info.artifact_uri, folder);
    let files = below(conn, &location).await?;
    if files.is_empty() {
        let models = logged_model::of_run(conn, id).await?;
        if let Some(model) = models.into_iter().find(|model| model.name == folder) {
            return of_logged_model(conn, &model).await;
        }
    }
    Ok(Origin { source: location.clone(), location, run: Some(id.clone()), logged_model: None, files })
}

/// A place below the artifact root, which must be a run's or a logged model's own.
async fn of_place(conn: &mut Conn<'_>, path: &str) -> Result<Origin> {
    let address = format!("{ARTIFACT_SCHEME}{path}");
    match split(path) {
        Some((Owner::LoggedModel(id), _, rest)) => {
            let model = logged_models::find(conn, &id, false).await?.model;
            let mut origin = of_logged_model(conn, &model).await?;
            if !rest.is_empty() {
                origin.files = below(conn, &address).await?;
                origin.location = address;
            }
            Ok(origin)
        }
        Some((Owner::Run(id), _, rest)) => {
            let rest = rest.to_owned();
            of_run(conn, &id, &rest).await
        }
        None => {
            let reason = format!(
                "Invalid model version source: '{address}'. The source must be inside the artifacts of a run or a \
                 logged model."
            );
            Err(Refusal::new("source", reason).into())
        }
    }
}

/// Adds the registration to the logged model's tag, as MLflow's clients expect.
async fn note_registration(conn: &mut Conn<'_>, id: &Id, name: &ModelName, version: i64) -> Result<()> {
    let found = logged_models::find(conn, id, true).await?;
    let tag = found.model.tags.iter().find(|tag| tag.key == VERSIONS_TAG);
    let mut registered: Vec<serde_json::Value> =
        tag.and_then(|tag| serde_json::from_str(&tag.value).ok()).unwrap_or_default();
    registered.push(serde_json::json!({"name": name, "version": version}));
    let text = serde_json::Value::Array(registered).to_string();
    logged_model::set_tags(conn, found.num, &[Tag::new(VERSIONS_TAG, text)]).await?;
    Ok(())
}
