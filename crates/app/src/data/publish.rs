//! From a set of files to a version: check first, then publish or keep as rejected.

use db::data::data_version::{self, NewVersion};
use db::data::dataset;
use domain::data::{Commit, CommitId, DataVersion, Dataset, RefName, TreeFile, VersionState, Violation};
use domain::governance::role::Permission;
use domain::pipelines::event::{EventKind, NewEvent};
use serde_json::json;

use super::across::Version;
use super::dataset::Datasets;
use super::inspect::{in_force, inspect};
use super::off_thread;
use crate::{Audit, Context, Error, Result};

/// How a candidate ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ingested {
    /// The pattern of the source matches no file.
    NoFiles,
    /// The files are those of the newest published version.
    Unchanged(DataVersion),
    /// A new version.
    Published(DataVersion),
    /// A new version on a branch that keeps the contract.
    Committed(DataVersion),
    /// The contract was broken; the newest published version stays, and a branch has the version all the same.
    Rejected(DataVersion),
    /// The files are those that were rejected before, under the same contract.
    StillRejected(DataVersion),
}

impl Ingested {
    /// The version that the files are, whatever its state.
    pub fn version(&self) -> Option<&DataVersion> {
        match self {
            Self::NoFiles => None,
            Self::Unchanged(version)
            | Self::Published(version)
            | Self::Committed(version)
            | Self::Rejected(version)
            | Self::StillRejected(version) => Some(version),
        }
    }
}

/// Files that may become a version.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The data set, recorded already or not.
    pub dataset: Dataset,
    /// Its files, in any order.
    pub files: Vec<TreeFile>,
    /// What the author says.
    pub message: String,
    /// Where the files came from.
    pub origin: String,
    /// The branch to commit on; `main`, to be published, when absent.
    pub branch: Option<RefName>,
    /// The commit of a branch whose changes are in the files.
    pub merged: Option<CommitId>,
}

impl Datasets<'_> {
    /// Checks a candidate and records it; nothing is visible before that is done.
    pub(super) async fn publish(&self, ctx: &Context, candidate: Candidate) -> Result<Ingested> {
        let Candidate { dataset, files, message, origin, branch, merged } = candidate;
        let store = self.0.objects().clone();
        let to_store = files.clone();
        let tree = off_thread(move || Ok(store.put_tree(&to_store)?)).await?;
        let head = match &branch {
            None => self.head(Some(&dataset)).await?,
            Some(branch) => self.head_of(&dataset, branch).await?,
        };
        let contract = dataset.contract.as_ref().map(|contract| contract.file_id);
        if let Some(head) = head.as_ref().filter(|head| head.tree == tree) {
            return Ok(Ingested::Unchanged(head.clone()));
        }
        if branch.is_none()
            && let Some(rejected) = self.rejected_before(&dataset, tree, contract).await?
        {
            return Ok(Ingested::StillRejected(rejected));
        }
        let known = match &head {
            Some(head) => {
                let (store, tree) = (self.0.objects().clone(), head.tree);
                off_thread(move || Ok(store.tree(&tree)?)).await?
            }
            None => Vec::new(),
        };
        let rules = in_force(self.0.objects().clone(), &dataset).await?;
        let store = self.0.objects().clone();
        let mut inspection = inspect(store, dataset.clone(), rules.clone(), files.clone(), known).await?;
        if let (Some(rules), Some(rows)) = (rules, inspection.rows) {
            let version = Version { files: files.clone(), rows: rows.unsigned_abs(), arrived: ctx.now() };
            inspection.violations.extend(self.across(ctx, &rules, version).await?);
        }
        let commit = Commit {
            tree,
            parents: head.iter().map(|head| head.commit).chain(merged).collect(),
            author: ctx.actor.name.clone(),
            time_ms: ctx.now(),
            message,
            contract,
            origin,
        };
        let store = self.0.objects().clone();
        let to_store = commit.clone();
        let id = off_thread(move || Ok(store.put_commit(&to_store)?)).await?;
        let version = DataVersion {
            commit: id,
            dataset: dataset.name.clone(),
            state: VersionState::Rejected,
            tree,
            parent: head.map(|head| head.commit),
            merged,
            branch,
            author: commit.author,
            time_ms: commit.time_ms,
            message: commit.message,
            origin: commit.origin,
            files: i64::try_from(files.len()).unwrap_or(i64::MAX),
            size: i64::try_from(files.iter().map(|file| file.size).sum::<u64>()).unwrap_or(i64::MAX),
            rows: inspection.rows,
            violations: inspection.violations.clone(),
        };
        let new = NewVersion { passes: inspection.passes(), version, contract };
        self.record(ctx, dataset, new).await
    }

    async fn rejected_before(
        &self,
        dataset: &Dataset,
        tree: domain::data::TreeId,
        contract: Option<domain::data::FileId>,
    ) -> Result<Option<DataVersion>> {
        let mut reader = self.0.inner.db.read().await?;
        let standing = data_version::standing_rejection(&mut reader.conn(), &dataset.id).await?;
        Ok(standing
            .filter(|(version, under)| version.tree == tree && *under == contract)
            .map(|(version, _)| version))
    }

    async fn record(&self, ctx: &Context, dataset: Dataset, new: NewVersion) -> Result<Ingested> {
        let name = dataset.name.clone();
        let (event_id, time) = (ctx.new_id(), ctx.now());
        let recorded = self
            .0
            .mutate(ctx, Permission::WriteData, move |conn| {
                Box::pin(async move {
                    match dataset::get(conn, &dataset.name).await? {
                        None => dataset::insert(conn, &dataset).await?,
                        Some(known) if known.id == dataset.id => {}
                        Some(_) => return Err(db::Error::Duplicate.into()),
                    }
                    let version = data_version::insert(conn, &dataset.id, new).await?;
                    let action = match version.state {
                        VersionState::Published { .. } => "data.data_version.publish",
                        _ if version.branch.is_some() => "data.data_version.commit",
                        _ => "data.data_version.reject",
                    };
                    // Nothing runs on what is on a branch.
                    if version.branch.is_none() {
                        db::pipelines::event::append(conn, &event_id, time, event_of(&version)).await?;
                    }
                    let audit = Audit::new(action, "data_version", version.reference()).detail(json!({
                        "commit": version.commit,
                        "tree": version.tree,
                        "files": version.files,
                        "rows": version.rows,
                        "origin": version.origin,
                        "branch": version.branch,
                        "merged": version.merged,
                    }));
                    Ok((version, audit))
                })
            })
            .await
            .map_err(|error| lost_race(error, &name))?;
        Ok(match recorded.state {
            VersionState::Published { .. } => Ingested::Published(recorded),
            VersionState::Draft => Ingested::Committed(recorded),
            VersionState::Rejected => Ingested::Rejected(recorded),
        })
    }
}

/// What triggers and people learn of a version.
fn event_of(version: &DataVersion) -> NewEvent {
    let kind = match version.state {
        VersionState::Published { .. } => EventKind::DataPublished,
        VersionState::Draft | VersionState::Rejected => EventKind::DataRejected,
    };
    let reasons: Vec<String> = version.violations.iter().map(Violation::line).collect();
    let payload = json!({
        "number": version.number(), "commit": version.commit, "rows": version.rows, "bytes": version.size,
        "reference": version.reference(), "reasons": reasons,
    });
    NewEvent::new(kind, &version.dataset, payload)
}

/// A duplicate here means that somebody published in between.
fn lost_race(error: Error, name: &domain::Name) -> Error {
    match error {
        Error::Internal(source) if matches!(source.downcast_ref(), Some(db::Error::Duplicate)) => {
            Error::conflict("dataset", name, "another version was published meanwhile: try again")
        }
        other => other,
    }
}
