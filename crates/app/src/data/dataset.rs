//! Data sets and their versions: adding, naming, reading.

use std::path::PathBuf;

use db::data::{data_version, dataset};
use domain::Name;
use domain::data::{At, DataKind, DataRef, DataVersion, Dataset, FileId, RefName, RelativePath, TreeFile};
use domain::governance::role::Permission;

use super::off_thread;
use super::publish::{Candidate, Ingested};
use crate::tracking::artifact::{Place, Stored};
use crate::{App, Context, Error, Result};

/// Most versions on one page.
pub const MAX_PAGE: i64 = 1000;
/// Most files of one version that a client may name in a request.
pub const MAX_FILES: usize = 100_000;

/// Data sets as a view on [`App`].
pub struct Datasets<'a>(pub(super) &'a App);

impl App {
    /// The data sets.
    pub fn datasets(&self) -> Datasets<'_> {
        Datasets(self)
    }
}

/// What [`Datasets::add`] makes a version of.
#[derive(Clone, Debug)]
pub struct AddVersion {
    /// The data set, made when it is not there.
    pub dataset: Name,
    /// What its files are, for one that is made.
    pub kind: DataKind,
    /// The files, their bytes stored already.
    pub files: Vec<NewFile>,
    /// Keeps the files of the newest version that are not named here.
    pub append: bool,
    /// What the author says about it.
    pub message: String,
    /// Where the files came from.
    pub origin: String,
    /// The branch to commit on, made at the newest version when it is not there; `main`, to be published, when absent.
    pub branch: Option<RefName>,
}

/// A file of a new version.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Where it is in the version.
    pub path: RelativePath,
    /// Its bytes.
    pub file_id: FileId,
}

/// A file of a version and where its bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFile {
    /// Where it is in the version.
    pub path: RelativePath,
    /// A read-only file with its bytes; its name says nothing about its format.
    pub real: PathBuf,
    /// Its bytes' hash.
    pub file_id: FileId,
    /// Their number.
    pub size: u64,
}

/// A data set with its newest version.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSummary {
    /// The data set.
    pub dataset: Dataset,
    /// The newest published version.
    pub latest: Option<DataVersion>,
    /// A rejected candidate that is newer than it.
    pub rejected: Option<DataVersion>,
}

impl Datasets<'_> {
    /// Makes a version of stored files: published when the contract of the data set is kept, else kept as rejected.
    pub async fn add(&self, ctx: &Context, add: AddVersion) -> Result<Ingested> {
        self.0.authorize(ctx, Permission::WriteData).await?;
        if add.files.is_empty() {
            return Err(Error::invalid("files", "a version needs at least one file"));
        }
        if add.files.len() > MAX_FILES {
            let reason =
                format!("a version takes at most {MAX_FILES} files here, these are {}", add.files.len());
            return Err(Error::invalid("files", reason));
        }
        let known = self.find(&add.dataset).await?;
        let mut files = self.sized(add.files).await?;
        let head = match (&add.branch, &known) {
            (Some(branch), Some(dataset)) => Some(self.branch_for(ctx, dataset, branch).await?),
            (Some(branch), None) => {
                let reason = format!("{} has no version yet that {branch} could start from", add.dataset);
                return Err(Error::invalid("branch", reason));
            }
            (None, _) => self.head(known.as_ref()).await?,
        };
        if let Some(head) = head.filter(|_| add.append) {
            let store = self.0.objects().clone();
            let before = off_thread(move || Ok(store.tree(&head.tree)?)).await?;
            let replaced: std::collections::HashSet<_> = files.iter().map(|file| file.path.clone()).collect();
            files.extend(before.into_iter().filter(|file| !replaced.contains(&file.path)));
        }
        let dataset = match known {
            Some(dataset) => dataset,
            None => Dataset {
                id: ctx.new_id(),
                name: add.dataset,
                kind: add.kind,
                key: Vec::new(),
                time_column: None,
                contract: None,
                created_ms: ctx.now(),
            },
        };
        let (message, origin, branch) = (add.message, add.origin, add.branch);
        self.publish(ctx, Candidate { dataset, files, message, origin, branch, merged: None }).await
    }

    /// All data sets with their newest versions, by name.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<DatasetSummary>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut summaries = Vec::new();
        for dataset in dataset::list(&mut conn).await? {
            let latest = data_version::main(&mut conn, &dataset.id).await?;
            let rejected = data_version::standing_rejection(&mut conn, &dataset.id).await?;
            summaries.push(DatasetSummary {
                dataset,
                latest,
                rejected: rejected.map(|(version, _)| version),
            });
        }
        Ok(summaries)
    }

    /// One data set with its newest version.
    pub async fn get(&self, ctx: &Context, name: &Name) -> Result<DatasetSummary> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let dataset =
            dataset::get(&mut conn, name).await?.ok_or_else(|| Error::not_found("dataset", name))?;
        let latest = data_version::main(&mut conn, &dataset.id).await?;
        let rejected = data_version::standing_rejection(&mut conn, &dataset.id).await?;
        Ok(DatasetSummary { dataset, latest, rejected: rejected.map(|(version, _)| version) })
    }

    /// The versions of a data set, newest first.
    pub async fn versions(
        &self,
        ctx: &Context,
        name: &Name,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<DataVersion>> {
        let dataset = self.get(ctx, name).await?.dataset;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(data_version::list(&mut reader.conn(), &dataset.id, limit, offset.max(0)).await?)
    }

    /// The version that a reference names: `flights@v3`, `flights@latest`, `flights@1f0c9a2b`.
    pub async fn version(&self, ctx: &Context, reference: &str) -> Result<DataVersion> {
        let reference =
            DataRef::parse(reference).map_err(|error| Error::invalid("version", error.to_string()))?;
        self.version_at(ctx, &reference.dataset, &reference.at).await
    }

    /// The version of a data set at a point.
    pub async fn version_at(&self, ctx: &Context, name: &Name, at: &At) -> Result<DataVersion> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let dataset =
            dataset::get(&mut conn, name).await?.ok_or_else(|| Error::not_found("dataset", name))?;
        data_version::get(&mut conn, &dataset.id, at)
            .await?
            .ok_or_else(|| Error::not_found("data_version", format!("{name}@{at}")))
    }

    /// The files of a version, in order of their paths.
    pub async fn files(&self, ctx: &Context, version: &DataVersion) -> Result<Vec<VersionFile>> {
        self.0.authorize(ctx, Permission::Read).await?;
        let store = self.0.objects().clone();
        let tree = version.tree;
        off_thread(move || store.tree(&tree)?.into_iter().map(|file| located(&store, file)).collect()).await
    }

    /// A file of a version, to be sent.
    pub async fn open(&self, ctx: &Context, version: &DataVersion, path: &str) -> Result<Stored> {
        self.0.authorize(ctx, Permission::Read).await?;
        let (store, tree, wanted) = (self.0.objects().clone(), version.tree, path.to_owned());
        let reference = version.reference();
        off_thread(move || {
            let found = match RelativePath::parse(&wanted) {
                Ok(path) => store.tree_file(&tree, &path)?,
                // No file of a version has such a path.
                Err(_) => None,
            };
            let found = found.ok_or_else(|| Error::not_found("file", format!("{wanted} of {reference}")))?;
            let TreeFile { path, file_id, size, .. } = found;
            let size = i64::try_from(size).map_err(Error::internal)?;
            let place = match store.path_if_whole(&file_id)? {
                Some(whole) => Place::Whole(whole),
                // Not put together for one reader.
                None => Place::Packed(store),
            };
            Ok(Stored { path: path.as_str().to_owned(), file: file_id, size, place })
        })
        .await
    }

    pub(super) async fn find(&self, name: &Name) -> Result<Option<Dataset>> {
        let mut reader = self.0.inner.db.read().await?;
        Ok(dataset::get(&mut reader.conn(), name).await?)
    }

    pub(super) async fn head(&self, dataset: Option<&Dataset>) -> Result<Option<DataVersion>> {
        let Some(dataset) = dataset else { return Ok(None) };
        let mut reader = self.0.inner.db.read().await?;
        Ok(data_version::main(&mut reader.conn(), &dataset.id).await?)
    }

    async fn sized(&self, files: Vec<NewFile>) -> Result<Vec<TreeFile>> {
        let store = self.0.objects().clone();
        off_thread(move || {
            files
                .into_iter()
                .map(|file| {
                    let size = store.size(&file.file_id).map_err(|_| {
                        let reason =
                            format!("{} is not stored: send it with PUT /api/v1/objects first", file.file_id);
                        Error::invalid(format!("files {}", file.path), reason)
                    })?;
                    Ok(TreeFile { path: file.path, file_id: file.file_id, size, executable: false })
                })
                .collect()
        })
        .await
    }
}

/// A file of a tree with where its bytes lie.
pub(crate) fn located(store: &objects::Store, file: TreeFile) -> Result<VersionFile> {
    Ok(VersionFile {
        real: store.path(&file.file_id)?,
        path: file.path,
        file_id: file.file_id,
        size: file.size,
    })
}
