//! Ingest: the files of a project's source become a version when they have changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use db::data::dataset;
use db::data::file::{self, Stat};
use domain::Name;
use domain::data::dataset::ContractFile;
use domain::data::{Dataset, FileId, RelativePath, Source, TreeFile};
use domain::governance::role::Permission;
use objects::Store;
use serde_json::json;

use super::dataset::Datasets;
use super::off_thread;
use super::publish::{Candidate, Ingested};
use crate::{Audit, Context, Error, ErrorKind, Result};

/// A file younger than this is hashed again next time: its clock may be too coarse to show the next change.
const RACY_NS: i128 = 2_000_000_000;

/// How often the files of a source are offered when somebody else publishes in between.
const PUBLISH_TRIES: u32 = 5;

/// A source of a project: where it is, and what the project says about it.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// The data set that the files are versions of.
    pub name: Name,
    /// The project's folder.
    pub root: PathBuf,
    /// The pattern, and what its files are.
    pub source: Source,
    /// What the author says about a new version.
    pub message: String,
}

/// A source's file with how it looked when it was stored.
struct Found {
    tree_file: TreeFile,
    path: String,
    stat: Stat,
    fresh: bool,
}

impl Datasets<'_> {
    /// Collects the files of a source: nothing when they are those of the newest version, else a new version that
    /// is published when its contract is kept.
    pub async fn ingest(&self, ctx: &Context, spec: SourceSpec) -> Result<Ingested> {
        self.0.authorize(ctx, Permission::WriteData).await?;
        let root = spec.root.canonicalize().map_err(|error| {
            Error::invalid("project", format!("cannot read {}: {error}", spec.root.display()))
        })?;
        let prefix = format!("{}/", root.join(spec.source.folder()).display());
        let known = {
            let mut reader = self.0.inner.db.read().await?;
            file::stats(&mut reader.conn(), &prefix).await?
        };
        let store = self.0.objects().clone();
        let (source, name, at) = (spec.source.clone(), spec.name.clone(), root.clone());
        let found = off_thread(move || {
            files_of(&source, &name, &at)?
                .into_iter()
                .map(|path| take(&store, &at, source.folder(), path, &known))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
        if found.is_empty() {
            return Ok(Ingested::NoFiles);
        }
        self.remember(&found).await?;
        let contract = self.contract_of(&spec, &root).await?;
        let files: Vec<TreeFile> = found.into_iter().map(|found| found.tree_file).collect();
        let mut again = 1..PUBLISH_TRIES;
        loop {
            let candidate = Candidate {
                dataset: self.declared(ctx, &spec, contract.clone()).await?,
                files: files.clone(),
                message: spec.message.clone(),
                origin: spec.source.path.clone(),
                branch: None,
                merged: None,
            };
            // The server's own watch looks at the same files: what it was faster with is found unchanged the next time.
            match self.publish(ctx, candidate).await {
                Err(error) if error.kind() == ErrorKind::Conflict && again.next().is_some() => {}
                done => return done,
            }
        }
    }

    async fn remember(&self, found: &[Found]) -> Result<()> {
        let fresh: Vec<(String, Stat, FileId)> = found
            .iter()
            .filter(|found| found.fresh)
            .map(|found| (found.path.clone(), found.stat, found.tree_file.file_id))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move {
                    for (path, stat, id) in &fresh {
                        file::remember(conn, path, *stat, id).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The contract's file in the project, its text stored.
    async fn contract_of(&self, spec: &SourceSpec, root: &Path) -> Result<Option<ContractFile>> {
        let Some(path) = spec.source.contract.clone() else {
            return Ok(None);
        };
        let field = format!("data.{}.contract", spec.name);
        let relative =
            RelativePath::parse(&path).map_err(|error| Error::invalid(&field, error.to_string()))?;
        let real = root.join(relative.as_str());
        let store = self.0.objects().clone();
        off_thread(move || {
            let text = fs::read(&real).map_err(|error| {
                Error::invalid(&field, format!("cannot read the contract {}: {error}", real.display()))
            })?;
            let stored = store.put_bytes(&text)?;
            Ok(Some(ContractFile { file_id: stored.id, path }))
        })
        .await
    }

    /// The data set as the project declares it, recorded when that changed.
    async fn declared(
        &self,
        ctx: &Context,
        spec: &SourceSpec,
        contract: Option<ContractFile>,
    ) -> Result<Dataset> {
        let source = &spec.source;
        let Some(known) = self.find(&spec.name).await? else {
            return Ok(Dataset {
                id: ctx.new_id(),
                name: spec.name.clone(),
                kind: source.kind,
                key: source.key.clone(),
                time_column: source.time.clone(),
                contract,
                created_ms: ctx.now(),
            });
        };
        let declared = Dataset {
            kind: source.kind,
            key: source.key.clone(),
            time_column: source.time.clone(),
            contract: contract.or_else(|| known.contract.clone()),
            ..known.clone()
        };
        if declared != known {
            let record = declared.clone();
            self.0
                .mutate(ctx, Permission::WriteData, move |conn| {
                    Box::pin(async move {
                        let time = record.time_column.as_deref();
                        dataset::declare(conn, &record.id, record.kind, &record.key, time).await?;
                        dataset::set_contract(conn, &record.id, record.contract.as_ref()).await?;
                        let audit =
                            Audit::new("data.dataset.declare", "dataset", &record.name).detail(json!({
                                "kind": record.kind,
                                "key": record.key,
                                "time": record.time_column,
                                "contract": record.contract,
                            }));
                        Ok(((), audit))
                    })
                })
                .await?;
        }
        Ok(declared)
    }
}

/// The files that a source's pattern matches, sorted, as paths below the project's folder.
fn files_of(source: &Source, name: &Name, root: &Path) -> Result<Vec<String>> {
    let field = || format!("data.{name}.path");
    let matcher = source.matcher().map_err(|error| Error::invalid(field(), error.to_string()))?;
    let mut paths = Vec::new();
    let mut folders = vec![source.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(Error::invalid(field(), format!("cannot list {}: {error}", at.display())));
            }
        };
        for entry in entries {
            let entry = entry.map_err(Error::internal)?;
            let Some(part) = entry.file_name().to_str().map(ToOwned::to_owned) else {
                continue;
            };
            let path = if folder.is_empty() { part } else { format!("{folder}/{part}") };
            let kind = entry.file_type().map_err(Error::internal)?;
            if kind.is_dir() {
                folders.push(path);
            } else if matcher.is_match(&path) && stays_below(root, &entry.path()) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether what the path leads to, links followed, is a file below the project's folder.
fn stays_below(root: &Path, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(root) && real.is_file())
}

/// Stores a file, unless it looks as it did when it was stored last.
fn take(
    store: &Store,
    root: &Path,
    folder: &str,
    path: String,
    known: &std::collections::HashMap<String, (Stat, FileId)>,
) -> Result<Found> {
    let real = root.join(&path);
    let unreadable =
        |error: std::io::Error| Error::invalid(&path, format!("cannot read {}: {error}", real.display()));
    let inside = path[folder.len()..].trim_start_matches('/');
    let relative = RelativePath::parse(inside).map_err(|error| Error::invalid(&path, error.to_string()))?;
    let before = look(&real).map_err(unreadable)?;
    let key = real.display().to_string();
    let remembered = known.get(&key).filter(|(stat, id)| *stat == before && store.has(id)).map(|(_, id)| *id);
    let file_id = match remembered {
        Some(id) => id,
        None => store.put_file(&real)?.id,
    };
    let after = look(&real).map_err(unreadable)?;
    if after != before {
        return Err(Error::conflict(
            "dataset",
            &path,
            "the file changed while it was read: try again when it is complete",
        ));
    }
    Ok(Found {
        tree_file: TreeFile { path: relative, file_id, size: after.size.unsigned_abs(), executable: false },
        path: key,
        stat: after,
        fresh: remembered.is_none() && is_old(after),
    })
}

fn look(path: &Path) -> std::io::Result<Stat> {
    let data = fs::metadata(path)?;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Ok(Stat {
        size: i64::try_from(data.len()).unwrap_or(i64::MAX),
        mtime_ns: nanos(data.mtime(), data.mtime_nsec()),
        ctime_ns: nanos(data.ctime(), data.ctime_nsec()),
        inode: data.ino().cast_signed(),
        device: data.dev().cast_signed(),
    })
}

/// Whether the file system's clock has moved on since the file last changed; the machine's clock, not a test's.
fn is_old(stat: Stat) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i128::try_from(now.as_nanos()).unwrap_or(i128::MAX);
    now - i128::from(stat.mtime_ns.max(stat.ctime_ns)) > RACY_NS
}
