//! Data sets as folders of versions, for clients that know object stores: `v3/2013-01.parquet`.

use domain::data::ref_name::MAIN;
use domain::data::tree::{Listed, Listing};
use domain::data::{At, DataVersion, FileId};
use domain::governance::role::Permission;
use domain::{Name, Timestamp};

use super::dataset::Datasets;
use super::off_thread;
use crate::tracking::artifact::Stored;
use crate::{Context, Error, Result};

/// Stands for the slash in the name of a branch or a tag, which is one folder.
const SLASH: char = '~';

/// A thing of a data set's listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A file of a version.
    File {
        /// Version and path.
        key: String,
        /// Its bytes' hash.
        file: FileId,
        /// Their number.
        size: u64,
        /// When its version was made.
        time: Timestamp,
    },
    /// What begins so, told as one.
    Folder(String),
}

impl Item {
    /// What it is sorted by.
    pub fn key(&self) -> &str {
        match self {
            Self::File { key, .. } | Self::Folder(key) => key,
        }
    }
}

/// A file of a version with its version's time.
#[derive(Clone, Debug)]
pub struct Opened {
    /// To be sent.
    pub stored: Stored,
    /// When its version was made.
    pub time: Timestamp,
}

impl Datasets<'_> {
    /// A page of the files of a data set in all its versions, by version and path in byte order. Versions are `latest`, `v1`,
    /// `v2`, …, and the names of branches and tags with `~` in place of `/`; any other form of a reference can stand in a
    /// prefix.
    pub async fn browse(&self, ctx: &Context, name: &Name, listing: Listing<'_>) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for version in self.named(ctx, name, listing.prefix).await? {
            let root = format!("{version}/");
            let left = listing.limit - items.len();
            let reached = root.as_str() > listing.after
                || (listing.after.starts_with(&root) && !(listing.folders && listing.after == root));
            if left == 0 || !reached {
                continue;
            }
            let Some(prefix) = listing.prefix.strip_prefix(&root) else {
                // Shorter than the version's name: it fits, since `named` looked.
                if listing.folders {
                    items.push(Item::Folder(root));
                    continue;
                }
                let within = Listing { prefix: "", limit: left, ..listing };
                items.extend(self.files_of(ctx, name, &version, within).await?);
                continue;
            };
            let within = Listing { prefix, limit: left, ..listing };
            items.extend(self.files_of(ctx, name, &version, within).await?);
        }
        Ok(items)
    }

    /// A file of a data set by version and path.
    pub async fn open_key(&self, ctx: &Context, name: &Name, key: &str) -> Result<Opened> {
        let missing = || Error::not_found("file", format!("{key} of {name}"));
        let (version, path) = key.split_once('/').ok_or_else(missing)?;
        let version = self.at_folder(ctx, name, version).await?.ok_or_else(missing)?;
        let stored = self.open(ctx, &version, path).await?;
        Ok(Opened { stored, time: version.time_ms })
    }

    async fn files_of(
        &self,
        ctx: &Context,
        name: &Name,
        folder: &str,
        listing: Listing<'_>,
    ) -> Result<Vec<Item>> {
        let Some(version) = self.at_folder(ctx, name, folder).await? else { return Ok(Vec::new()) };
        self.0.authorize(ctx, Permission::Read).await?;
        let store = self.0.objects().clone();
        let root = format!("{folder}/");
        let prefix = listing.prefix.to_owned();
        let after = listing.after.strip_prefix(&root).unwrap_or_default().to_owned();
        let (folders, limit) = (listing.folders, listing.limit);
        let (tree, time) = (version.tree, version.time_ms);
        off_thread(move || {
            let wanted = Listing { prefix: &prefix, after: &after, folders, limit };
            let item = |listed| match listed {
                Listed::File(file) => Item::File {
                    key: format!("{root}{}", file.path.as_str()),
                    file: file.file_id,
                    size: file.size,
                    time,
                },
                Listed::Folder(path) => Item::Folder(format!("{root}{path}")),
            };
            Ok(store.tree_list(&tree, wanted)?.into_iter().map(item).collect())
        })
        .await
    }

    /// The folders of versions that a prefix allows, in the order of their keys.
    async fn named(&self, ctx: &Context, name: &Name, prefix: &str) -> Result<Vec<String>> {
        if let Some((version, _)) = prefix.split_once('/') {
            return Ok(vec![version.to_owned()]);
        }
        let summary = self.get(ctx, name).await?;
        let newest = summary.latest.as_ref().and_then(DataVersion::number).unwrap_or(0);
        let mut names: Vec<String> = (1..=newest).map(|number| format!("v{number}")).collect();
        if newest > 0 {
            names.push("latest".to_owned());
        }
        let refs = self.refs(ctx, name).await?;
        let refs = refs.iter().map(|entry| entry.name.as_str()).filter(|name| *name != MAIN);
        names.extend(refs.map(|name| name.replace('/', &SLASH.to_string())));
        names.retain(|name| name.starts_with(prefix));
        names.sort_by_key(|name| format!("{name}/"));
        Ok(names)
    }

    /// The version that a folder's name means, if there is one.
    async fn at_folder(&self, ctx: &Context, name: &Name, folder: &str) -> Result<Option<DataVersion>> {
        let Some(at) = At::parse(&folder.replace(SLASH, "/")) else { return Ok(None) };
        match self.version_at(ctx, name, &at).await {
            Err(Error::NotFound { noun: "data_version", .. }) => Ok(None),
            found => found.map(Some),
        }
    }
}
