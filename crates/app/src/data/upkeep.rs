//! Keeping the store in order: what it takes, whether all of it is whole, and older versions into packs.

use std::collections::{BTreeSet, HashMap, HashSet};

use db::data::{data_version, dataset};
use domain::data::{DataVersion, FileId, TreeId};
use domain::governance::role::Permission;
use objects::{Damage, Evicted, Kind, Store, Usage};
use serde_json::json;

use super::dataset::{Datasets, MAX_PAGE};
use super::off_thread;
use crate::{Audit, Context, Result};

/// Packs of which this share belongs to no file any more are written again.
const WORN: f64 = 0.25;

/// What the versions hold, and what the store takes for it. Sizes in bytes.
#[derive(Clone, Debug)]
pub struct DataUsage {
    /// By name.
    pub datasets: Vec<DatasetUsage>,
    /// Files of everything, of runs and models too.
    pub store: Usage,
}

/// What the versions of a data set hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetUsage {
    /// The data set.
    pub name: String,
    /// Its versions, rejected ones and those on branches too.
    pub versions: u64,
    /// The bytes of the newest published one.
    pub newest: i64,
    /// The bytes of all, as if none shared any.
    pub all: i64,
}

/// What a look at every byte found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is damaged; empty when all is well.
    pub damaged: Vec<Damaged>,
}

/// A damaged object and whom it hurts.
#[derive(Clone, Debug)]
pub struct Damaged {
    /// `file`, `pack`, `recipes`, `index`, `tree` or `commit`.
    pub kind: &'static str,
    /// Where it lies.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
    /// Whether it was put right again from elsewhere in the store.
    pub mended: bool,
    /// Files that cannot be read for it.
    pub files: Vec<FileId>,
    /// The data versions that hold one of them.
    pub versions: Vec<String>,
}

/// What [`Datasets::collect`] did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Whole files that stay: those of the newest versions.
    pub kept_files: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Whole files of older versions that go, or went, into packs.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that were written to packs for them.
    pub stored: u64,
    /// Whole files of older versions that somebody reads: they stay for now.
    pub in_use: u64,
    /// Whole files of older versions that are damaged and stay as they are.
    pub damaged: u64,
    /// Bytes of packs that belonged to no file any more.
    pub freed: u64,
}

impl Datasets<'_> {
    /// Adds up what there is.
    pub async fn usage(&self, ctx: &Context) -> Result<DataUsage> {
        self.0.authorize(ctx, Permission::Read).await?;
        let mut datasets = Vec::new();
        for (name, versions) in self.everything().await? {
            let newest = newest(&versions).map_or(0, |version| version.size);
            let all = versions.iter().map(|version| version.size).sum();
            datasets.push(DatasetUsage { name, versions: versions.len() as u64, newest, all });
        }
        let store = self.0.objects().clone();
        Ok(DataUsage { datasets, store: off_thread(move || Ok(store.usage()?)).await? })
    }

    /// Reads every stored byte and compares it with its hash; mends what can be mended and names the rest.
    pub async fn verify(&self, ctx: &Context) -> Result<Verified> {
        self.0.authorize(ctx, Permission::Administer).await?;
        let store = self.0.objects().clone();
        let scrub = off_thread(move || Ok(store.verify_all(&mut |_| {})?)).await?;
        let hurt: HashSet<FileId> =
            scrub.damaged.iter().flat_map(|damage| damage.unreadable.iter().copied()).collect();
        let mut holders: HashMap<FileId, BTreeSet<String>> = HashMap::new();
        if !hurt.is_empty() {
            let versions: Vec<DataVersion> =
                self.everything().await?.into_iter().flat_map(|(_, versions)| versions).collect();
            let store = self.0.objects().clone();
            holders = off_thread(move || Ok(holders_of(&store, &hurt, &versions))).await?;
        }
        let damaged = scrub.damaged.into_iter().map(|damage| told(damage, &holders)).collect();
        Ok(Verified { objects: scrub.objects, bytes: scrub.bytes, damaged })
    }

    /// Puts what only older versions hold into packs, where versions share what they have in common, drops the whole copies,
    /// and writes packs again of which much belongs to nothing any more. Every version reads as before. `plan` changes nothing.
    pub async fn collect(&self, ctx: &Context, plan: bool) -> Result<Collected> {
        self.0.authorize(ctx, Permission::Administer).await?;
        let versions = self.everything().await?;
        let now: Vec<TreeId> = versions.iter().filter_map(|(_, all)| newest(all)).map(|v| v.tree).collect();
        let older: Vec<TreeId> = versions.iter().flat_map(|(_, all)| all).map(|v| v.tree).collect();
        let store = self.0.objects().clone();
        let collected = off_thread(move || collect(&store, &now, &older, plan)).await?;
        if !plan {
            self.0
                .mutate(ctx, Permission::Administer, move |_| {
                    let audit = Audit::new("data.store.collect", "store", "objects").detail(json!({
                        "files": collected.files, "bytes": collected.bytes, "stored": collected.stored,
                        "freed": collected.freed,
                    }));
                    Box::pin(async move { Ok(((), audit)) })
                })
                .await?;
        }
        Ok(collected)
    }

    /// All versions of all data sets, newest first.
    async fn everything(&self) -> Result<Vec<(String, Vec<DataVersion>)>> {
        let mut reader = self.0.inner.db.read().await?;
        let mut conn = reader.conn();
        let mut all = Vec::new();
        for dataset in dataset::list(&mut conn).await? {
            let mut versions = Vec::new();
            loop {
                let offset = i64::try_from(versions.len()).unwrap_or(i64::MAX);
                let page = data_version::list(&mut conn, &dataset.id, MAX_PAGE, offset).await?;
                let last = i64::try_from(page.len()).unwrap_or(i64::MAX) < MAX_PAGE;
                versions.extend(page);
                if last {
                    break;
                }
            }
            all.push((dataset.name.to_string(), versions));
        }
        Ok(all)
    }
}

fn newest(versions: &[DataVersion]) -> Option<&DataVersion> {
    versions.iter().filter(|version| version.number().is_some()).max_by_key(|version| version.number())
}

fn holders_of(
    store: &Store,
    hurt: &HashSet<FileId>,
    versions: &[DataVersion],
) -> HashMap<FileId, BTreeSet<String>> {
    let mut holders: HashMap<FileId, BTreeSet<String>> = HashMap::new();
    for version in versions {
        // A tree that cannot be read is told of by itself.
        for file in store.tree(&version.tree).unwrap_or_default() {
            if hurt.contains(&file.file_id) {
                holders.entry(file.file_id).or_default().insert(version.reference());
            }
        }
    }
    holders
}

fn told(damage: Damage, holders: &HashMap<FileId, BTreeSet<String>>) -> Damaged {
    let versions: BTreeSet<String> =
        damage.unreadable.iter().filter_map(|id| holders.get(id)).flatten().cloned().collect();
    Damaged {
        kind: match damage.kind {
            Kind::File => "file",
            Kind::Pack => "pack",
            Kind::Recipes => "recipes",
            Kind::Index => "index",
            Kind::Tree => "tree",
            Kind::Commit => "commit",
        },
        path: damage.path.display().to_string(),
        reason: damage.reason,
        mended: damage.mended,
        files: damage.unreadable,
        versions: versions.into_iter().collect(),
    }
}

fn collect(store: &Store, now: &[TreeId], older: &[TreeId], plan: bool) -> Result<Collected> {
    let mut collected = Collected::default();
    let mut seen = HashSet::new();
    for file in files_of(store, now)? {
        if seen.insert(file)
            && let Some(size) = store.whole_size(&file)
        {
            collected.kept_files += 1;
            collected.kept_bytes += size;
        }
    }
    let old: Vec<FileId> = files_of(store, older)?.into_iter().filter(|file| seen.insert(*file)).collect();
    for file in old {
        let Some(size) = store.whole_size(&file) else { continue };
        let evicted = if plan { Ok(Evicted::Dropped { stored: 0 }) } else { store.evict(&file) };
        match evicted {
            Ok(Evicted::Dropped { stored }) => {
                collected.files += 1;
                collected.bytes += size;
                collected.stored += stored;
            }
            Ok(Evicted::InUse) => collected.in_use += 1,
            Ok(Evicted::Absent) => {}
            Err(error) => {
                tracing::warn!(%file, %error, "a stored file could not be packed");
                collected.damaged += 1;
            }
        }
    }
    if !plan {
        collected.freed = store.collect(WORN)?.freed;
    }
    Ok(collected)
}

/// The files of trees in their order, the trees of many versions read once each.
fn files_of(store: &Store, trees: &[TreeId]) -> Result<Vec<FileId>> {
    let mut read = HashSet::new();
    let mut files = Vec::new();
    for tree in trees.iter().filter(|tree| read.insert(**tree)) {
        files.extend(store.tree(tree)?.into_iter().map(|file| file.file_id));
    }
    Ok(files)
}
