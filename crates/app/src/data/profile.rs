//! Looking at versions: profiles, rows, and what differs between two.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::data::profile::{Semantic, TableProfile};
use domain::data::{DataKind, DataVersion, TreeFile, tree};
use domain::governance::role::Permission;
use serde_json::{Map, Value};
use tables::TableFile;

use super::dataset::Datasets;
use super::off_thread;
use crate::{Context, Error, Result};

/// Rows of one page.
pub const MAX_ROWS: usize = 1000;
/// Rows that may be skipped before a page.
const MAX_OFFSET: usize = 1_000_000;

/// A file that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// Bytes in the newer version, or what they were.
    pub size: u64,
}

/// A column that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// `added`, `removed`, `type` or `values`.
    pub change: &'static str,
    /// In words.
    pub detail: String,
}

/// What differs between two versions.
#[derive(Clone, Debug)]
pub struct DataDiff {
    /// The earlier one.
    pub from: DataVersion,
    /// The later one.
    pub to: DataVersion,
    /// Files, by path.
    pub files: Vec<FileChange>,
    /// Columns, when both are tables.
    pub columns: Vec<ColumnChange>,
}

impl Datasets<'_> {
    /// The statistics of a version's columns.
    pub async fn profile(&self, ctx: &Context, version: &DataVersion) -> Result<TableProfile> {
        let files = self.tables(ctx, version).await?;
        off_thread(move || tables::profile::profile(&files).map_err(unreadable)).await
    }

    /// Some rows of a version, in the order of its files.
    pub async fn rows(
        &self,
        ctx: &Context,
        version: &DataVersion,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Map<String, Value>>> {
        if offset > MAX_OFFSET {
            return Err(Error::invalid("offset", format!("at most {MAX_OFFSET} rows can be skipped")));
        }
        let files = self.tables(ctx, version).await?;
        let limit = limit.clamp(1, MAX_ROWS);
        off_thread(move || tables::rows::page(&files, offset, limit).map_err(unreadable)).await
    }

    /// What differs between two versions of one data set.
    pub async fn diff(&self, ctx: &Context, from: DataVersion, to: DataVersion) -> Result<DataDiff> {
        let (store, trees) = (self.0.objects().clone(), (from.tree, to.tree));
        let changes = off_thread(move || Ok(store.tree_diff(&trees.0, &trees.1)?)).await?;
        let files: Vec<FileChange> = changes.iter().filter_map(file_change).collect();
        let table = self.get(ctx, &to.dataset).await?.dataset.kind == DataKind::Table;
        let columns = if table && !files.is_empty() {
            column_changes(&self.profile(ctx, &from).await?, &self.profile(ctx, &to).await?)
        } else {
            Vec::new()
        };
        Ok(DataDiff { from, to, files, columns })
    }

    /// The files of a version as its tree names them.
    pub(super) async fn tree_of(&self, version: &DataVersion) -> Result<Vec<TreeFile>> {
        let (store, tree) = (self.0.objects().clone(), version.tree);
        off_thread(move || Ok(store.tree(&tree)?)).await
    }

    async fn tables(&self, ctx: &Context, version: &DataVersion) -> Result<Vec<TableFile>> {
        self.0.authorize(ctx, Permission::Read).await?;
        if self.get(ctx, &version.dataset).await?.dataset.kind != DataKind::Table {
            let reason = "it is a set of files, not a table: only tables have columns";
            return Err(Error::invalid(version.dataset.to_string(), reason));
        }
        let files = self.files(ctx, version).await?;
        Ok(files
            .into_iter()
            .map(|file| TableFile { name: file.path.as_str().to_owned(), path: file.real })
            .collect())
    }
}

fn unreadable(error: tables::Error) -> Error {
    Error::invalid("data", error.to_string())
}

/// A file whose bytes differ, as it is told.
fn file_change(change: &tree::Change) -> Option<FileChange> {
    let (what, size) = match (&change.before, &change.after) {
        (Some(before), Some(after)) if before.file_id == after.file_id => return None,
        (Some(_), Some(after)) => ("changed", after.size),
        (None, Some(after)) => ("added", after.size),
        (Some(before), None) => ("removed", before.size),
        (None, None) => return None,
    };
    Some(FileChange { path: change.path().to_owned(), change: what, size })
}

/// What differs between two sets of files, by path.
pub(super) fn file_changes(from: &[TreeFile], to: &[TreeFile]) -> Vec<FileChange> {
    let side = |files: &[TreeFile]| -> BTreeMap<String, TreeFile> {
        files.iter().map(|file| (file.path.to_string(), file.clone())).collect()
    };
    let (mut before, after) = (side(from), side(to));
    let mut changes: Vec<tree::Change> = after
        .into_iter()
        .map(|(path, file)| tree::Change { before: before.remove(&path), after: Some(file) })
        .collect();
    changes.extend(before.into_values().map(|file| tree::Change { before: Some(file), after: None }));
    changes.sort_by(|a, b| a.path().cmp(b.path()));
    changes.iter().filter_map(file_change).collect()
}

/// A column's figure that is a time, in milliseconds.
fn moment(ms: f64) -> String {
    Timestamp::from_millis(ms as i64).to_rfc3339()
}

fn column_changes(from: &TableProfile, to: &TableProfile) -> Vec<ColumnChange> {
    let change = |name: &str, change, detail| ColumnChange { name: name.to_owned(), change, detail };
    let mut changes = Vec::new();
    for column in &to.columns {
        let Some(before) = from.columns.iter().find(|known| known.name == column.name) else {
            changes.push(change(&column.name, "added", column.kind.clone()));
            continue;
        };
        if before.kind != column.kind {
            let detail = format!("{} before, {} now", before.kind, column.kind);
            changes.push(change(&column.name, "type", detail));
        } else if let (Some(was), Some(is)) = (&before.number, &column.number)
            && (was.mean - is.mean).abs() > f64::EPSILON * was.mean.abs()
        {
            let detail = match &column.semantic {
                Semantic::Timestamp => format!("latest {} before, {} now", moment(was.max), moment(is.max)),
                _ => format!("mean {:.4} before, {:.4} now", was.mean, is.mean),
            };
            changes.push(change(&column.name, "values", detail));
        } else if before.distinct != column.distinct {
            let detail = format!("{} different values before, {} now", before.distinct, column.distinct);
            changes.push(change(&column.name, "values", detail));
        }
    }
    let gone = from.columns.iter().filter(|known| !to.columns.iter().any(|column| column.name == known.name));
    changes.extend(gone.map(|column| change(&column.name, "removed", column.kind.clone())));
    changes
}
