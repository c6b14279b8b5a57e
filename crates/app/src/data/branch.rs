//! Branches and tags of a data set: made, listed, removed, and merged into what is published.

use std::collections::{HashSet, VecDeque};

use db::data::data_ref::{self, DataRefRow};
use db::data::data_version;
use domain::Name;
use domain::data::merge::{self, Conflict};
use domain::data::ref_name::MAIN;
use domain::data::{At, CommitId, DataVersion, Dataset, RefKind, RefName, TreeFile};
use domain::governance::role::Permission;
use objects::Store;
use serde_json::json;

use super::dataset::Datasets;
use super::off_thread;
use super::profile::{FileChange, file_changes};
use super::publish::{Candidate, Ingested};
use crate::{Audit, Context, Error, Result};

/// Commits that are looked through for one that two branches have in common.
const MAX_HISTORY: usize = 100_000;
/// Conflicts that an error names; a preview has all.
const NAMED: usize = 5;

/// A branch or tag with the version it is at.
#[derive(Clone, Debug, PartialEq)]
pub struct DataRefEntry {
    /// The name; `main` too.
    pub name: String,
    /// Whether it moves.
    pub kind: RefKind,
    /// Who made or moved it last; empty where that is the version's author.
    pub author: String,
    /// When, in epoch milliseconds; the epoch where that is the version's time.
    pub updated_ms: domain::Timestamp,
    /// Where it is.
    pub version: DataVersion,
}

/// What merging a branch would do.
#[derive(Clone, Debug)]
pub struct MergePreview {
    /// The newest published version.
    pub into: DataVersion,
    /// Where the branch is.
    pub branch: DataVersion,
    /// The commit that both came from; absent when they have none in common.
    pub base: Option<CommitId>,
    /// What would change in what is published, by path.
    pub files: Vec<FileChange>,
    /// What stands in the way.
    pub conflicts: Vec<Conflict>,
}

/// A merge that has been worked out.
struct Worked {
    dataset: Dataset,
    preview: MergePreview,
    files: Vec<TreeFile>,
}

impl Datasets<'_> {
    /// The branches and tags of a data set, by name, `main` among them.
    pub async fn refs(&self, ctx: &Context, name: &Name) -> Result<Vec<DataRefEntry>> {
        let dataset = self.get(ctx, name).await?.dataset;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut entries = Vec::new();
        for row in data_ref::list(&mut conn, &dataset.id).await? {
            let at = At::Commit(row.commit.to_string());
            let Some(version) = data_version::get(&mut conn, &dataset.id, &at).await? else { continue };
            let DataRefRow { name, kind, author, updated_ms, .. } = row;
            entries.push(DataRefEntry { name, kind, author, updated_ms, version });
        }
        Ok(entries)
    }

    /// Gives a version a name that moves (a branch) or stays (a tag).
    pub async fn create_ref(
        &self,
        ctx: &Context,
        name: &Name,
        new: &RefName,
        kind: RefKind,
        at: &At,
    ) -> Result<DataRefEntry> {
        let dataset = self.get(ctx, name).await?.dataset;
        let version = self.version_at(ctx, name, at).await?;
        let (row, commit) = (self.row(ctx, new, kind, version.commit), version.commit);
        let (id, of, named) = (dataset.id, name.clone(), new.clone());
        let entry = DataRefEntry {
            name: row.name.clone(),
            kind,
            author: row.author.clone(),
            updated_ms: row.updated_ms,
            version,
        };
        self.0
            .mutate(ctx, Permission::WriteData, move |conn| {
                Box::pin(async move {
                    if let Some(known) = data_ref::get(conn, &id, named.as_str()).await? {
                        let id = format!("{of}@{named}");
                        return Err(Error::AlreadyExists { noun: known.kind.as_str(), id });
                    }
                    data_ref::insert(conn, &id, &row).await?;
                    let subject = format!("{of}@{named}");
                    let audit = Audit::new("data.data_ref.create", kind.as_str(), subject);
                    Ok(((), audit.detail(json!({"commit": commit}))))
                })
            })
            .await?;
        Ok(entry)
    }

    /// Takes the name of a branch or tag away; its versions stay and are found by their commits.
    pub async fn remove_ref(&self, ctx: &Context, name: &Name, gone: &RefName) -> Result<()> {
        let dataset = self.get(ctx, name).await?.dataset;
        let (subject, gone) = (format!("{name}@{gone}"), gone.clone());
        self.0
            .mutate(ctx, Permission::WriteData, move |conn| {
                Box::pin(async move {
                    let known = data_ref::get(conn, &dataset.id, gone.as_str()).await?;
                    let known = known.ok_or_else(|| Error::not_found("branch or tag", &subject))?;
                    data_ref::remove(conn, &dataset.id, gone.as_str(), known.commit).await?;
                    let audit = Audit::new("data.data_ref.remove", known.kind.as_str(), subject);
                    Ok(((), audit.detail(json!({"commit": known.commit}))))
                })
            })
            .await
    }

    /// What merging a branch into what is published would change, and what stands in the way.
    pub async fn preview_merge(&self, ctx: &Context, name: &Name, branch: &RefName) -> Result<MergePreview> {
        self.0.authorize(ctx, Permission::Read).await?;
        Ok(self.work_out(ctx, name, branch).await?.preview)
    }

    /// Merges a branch into what is published: a new version with both sides' files, checked against the contract as any
    /// other. Nothing is published when both changed the same file, or when somebody publishes meanwhile.
    pub async fn merge(
        &self,
        ctx: &Context,
        name: &Name,
        branch: &RefName,
        message: &str,
    ) -> Result<Ingested> {
        self.0.authorize(ctx, Permission::WriteData).await?;
        let Worked { dataset, preview, files } = self.work_out(ctx, name, branch).await?;
        if preview.branch.is_rejected() {
            let reason = format!(
                "{} on {branch} breaks the contract: mend it with a further commit on {branch}",
                preview.branch.reference()
            );
            return Err(Error::CheckFailed {
                check: "contract",
                record: preview.branch.commit.to_string(),
                reason,
            });
        }
        if !preview.conflicts.is_empty() {
            return Err(in_the_way(name, branch, &preview.conflicts));
        }
        let message = if message.is_empty() { format!("merge {branch}") } else { message.to_owned() };
        let origin = format!("branch {branch}");
        let merged = Some(preview.branch.commit);
        self.publish(ctx, Candidate { dataset, files, message, origin, branch: None, merged }).await
    }

    /// The version that a branch is at; the branch is made at the newest version when it is not there.
    pub(super) async fn branch_for(
        &self,
        ctx: &Context,
        dataset: &Dataset,
        branch: &RefName,
    ) -> Result<DataVersion> {
        if let Some(head) = self.head_of(dataset, branch).await? {
            return Ok(head);
        }
        match self.create_ref(ctx, &dataset.name, branch, RefKind::Branch, &At::Latest).await {
            Ok(entry) => Ok(entry.version),
            // Somebody else made it meanwhile.
            Err(Error::AlreadyExists { .. }) => self
                .head_of(dataset, branch)
                .await?
                .ok_or_else(|| Error::not_found("branch", format!("{}@{branch}", dataset.name))),
            Err(error) => Err(error),
        }
    }

    /// The version that a branch is at. A tag is none.
    pub(super) async fn head_of(&self, dataset: &Dataset, branch: &RefName) -> Result<Option<DataVersion>> {
        let mut reader = self.0.inner.db.read().await?;
        let mut conn = reader.conn();
        match data_ref::get(&mut conn, &dataset.id, branch.as_str()).await? {
            None => Ok(None),
            Some(row) if row.kind == RefKind::Tag => {
                let reason = "it is a tag, which stays where it is: commit on a branch";
                Err(Error::conflict("tag", branch, reason))
            }
            Some(_) => Ok(data_version::get(&mut conn, &dataset.id, &At::Named(branch.clone())).await?),
        }
    }

    async fn work_out(&self, ctx: &Context, name: &Name, branch: &RefName) -> Result<Worked> {
        let dataset = self.get(ctx, name).await?.dataset;
        let theirs = self.head_of(&dataset, branch).await?;
        let theirs = theirs.ok_or_else(|| Error::not_found("branch", format!("{name}@{branch}")))?;
        let ours = self.version_at(ctx, name, &At::Latest).await?;
        let store = self.0.objects().clone();
        let (our, their) = (ours.clone(), theirs.clone());
        let (base, before, merged) = off_thread(move || {
            let base = common(&store, our.commit, their.commit)?;
            let base_files = match base {
                Some(base) => store.tree(&store.commit(&base)?.tree)?,
                None => Vec::new(),
            };
            let before = store.tree(&our.tree)?;
            let merged = merge::merge(&base_files, &before, &store.tree(&their.tree)?);
            Ok((base, before, merged))
        })
        .await?;
        let files = file_changes(&before, &merged.files);
        let preview = MergePreview { into: ours, branch: theirs, base, files, conflicts: merged.conflicts };
        Ok(Worked { dataset, preview, files: merged.files })
    }

    fn row(&self, ctx: &Context, name: &RefName, kind: RefKind, commit: CommitId) -> DataRefRow {
        DataRefRow {
            name: name.to_string(),
            kind,
            commit,
            author: ctx.actor.name.clone(),
            updated_ms: ctx.now(),
        }
    }
}

fn in_the_way(name: &Name, branch: &RefName, conflicts: &[Conflict]) -> Error {
    let mut lines: Vec<String> = conflicts
        .iter()
        .take(NAMED)
        .map(|conflict| format!("{} {}", conflict.path, conflict.kind.words(MAIN, branch.as_str())))
        .collect();
    if conflicts.len() > NAMED {
        lines.push(format!("and {} more", conflicts.len() - NAMED));
    }
    let reason = format!(
        "it cannot be merged: {}; add the files as they should be to {branch}, beginning from {name}@latest",
        lines.join(", ")
    );
    Error::conflict("branch", format!("{name}@{branch}"), reason)
}

/// The nearest commit that both came from: the first ancestor of `theirs`, itself included, that is one of `ours`.
fn common(store: &Store, ours: CommitId, theirs: CommitId) -> Result<Option<CommitId>> {
    let mut known = HashSet::new();
    walk(store, ours, |commit| !known.insert(commit))?;
    let mut found = None;
    walk(store, theirs, |commit| {
        let hit = found.is_none() && known.contains(&commit);
        if hit {
            found = Some(commit);
        }
        found.is_some()
    })?;
    Ok(found)
}

/// Visits a commit and its ancestors, nearest first; `stop` says which are not to be followed further.
fn walk(store: &Store, from: CommitId, mut stop: impl FnMut(CommitId) -> bool) -> Result<()> {
    let mut seen = HashSet::from([from]);
    let mut next = VecDeque::from([from]);
    while let Some(commit) = next.pop_front() {
        if stop(commit) || seen.len() > MAX_HISTORY {
            continue;
        }
        for parent in store.commit(&commit)?.parents {
            if seen.insert(parent) {
                next.push_back(parent);
            }
        }
    }
    Ok(())
}
