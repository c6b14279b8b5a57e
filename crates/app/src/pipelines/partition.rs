//! Which partitions the files of a table hold, remembered per content.

use std::collections::{BTreeMap, BTreeSet};

use db::pipelines::partition_index;
use db::pipelines::partition_index::{Part, Parts};
use domain::data::FileId;
use domain::pipelines::step::Partition;
use domain::pipelines::step_run::OutputFile;

use crate::{App, Error, Result};

/// The partitions of each of some files.
pub(super) struct Index(Vec<BTreeMap<String, Part>>);

impl Index {
    /// All partitions in the order of their names.
    pub fn names(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.iter().flat_map(BTreeMap::keys).collect();
        names.into_iter().cloned().collect()
    }

    /// Those of `files` (the files that were indexed) that hold rows of `partition`.
    pub fn files(&self, partition: &str, files: &[OutputFile]) -> Vec<OutputFile> {
        files
            .iter()
            .zip(&self.0)
            .filter_map(|(file, parts)| {
                let part = parts.get(partition)?;
                Some(OutputFile { rows: Some(part.rows), ..file.clone() })
            })
            .collect()
    }

    /// What names the rows of `partition`, whichever files hold them.
    pub fn hash(&self, partition: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in self.0.iter().filter_map(|parts| parts.get(partition)) {
            hasher.update(part.hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// The partitions of `files`; `None` when the table has no such column.
pub(super) async fn index(app: &App, files: &[OutputFile], partition: &Partition) -> Result<Option<Index>> {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        match parts(app, file, partition).await? {
            Some(parts) => all.push(parts),
            None => return Ok(None),
        }
    }
    Ok(Some(Index(all)))
}

async fn parts(app: &App, file: &OutputFile, partition: &Partition) -> Result<Parts> {
    let spec = partition.to_string();
    let known = {
        let mut reader = app.inner.db.read().await?;
        partition_index::get(&mut reader.conn(), &file.file_id, &spec).await?
    };
    if let Some(parts) = known {
        return Ok(parts);
    }
    let id = FileId::parse(&file.file_id)
        .ok_or_else(|| Error::invalid(&file.path, format!("{:?} is no file id", file.file_id)))?;
    let real = app.objects().path(&id)?;
    let (path, wanted) = (file.path.clone(), partition.clone());
    let parts: Parts = super::off_thread(move || {
        let parts = tables::partition::parts(&real, &path, &wanted)
            .map_err(|error| Error::invalid(&path, error.to_string()))?;
        Ok(parts.map(|parts| {
            parts.into_iter().map(|(name, part)| (name, Part { rows: part.rows, hash: part.hash })).collect()
        }))
    })
    .await?;
    let (file_id, remembered) = (file.file_id.clone(), parts.clone());
    app.bookkeep(move |conn| {
        Box::pin(async move { Ok(partition_index::put(conn, &file_id, &spec, &remembered).await?) })
    })
    .await?;
    Ok(parts)
}
