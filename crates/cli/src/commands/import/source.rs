//! The store that is read: an SQLite database or a folder.

use std::path::{Path, PathBuf};

use app::tracking::import::foreign::{
    Counts, Cursor, Foreign, FoundModel, FoundRegistered, FoundRun, FoundTrace, Left, Page, Read,
};
use domain::Id;
use domain::tracking::evaluation_dataset::Record;
use domain::tracking::import::evaluation::{EvaluationDatasetRecord, ScorerRecord};
use domain::tracking::import::{ExperimentRecord, PointRecord};
use domain::tracking::span::Span;
use domain::tracking::trace::TraceId;

use super::folder::Folder;
use crate::codes;
use crate::failure::{Failure, Result};

/// A store of MLflow.
pub enum Source {
    /// Its database.
    Database(Box<Foreign>),
    /// Its folder.
    Folder(Folder),
}

impl Source {
    /// Opens what `text` names: `sqlite:///PATH`, `file:///PATH`, a file or a folder.
    pub async fn open(text: &str) -> Result<Self> {
        let path = path_of(text)?;
        let found = std::fs::metadata(&path).map_err(|error| Failure::file(&path, "read", &error))?;
        if found.is_dir() {
            return Ok(Self::Folder(Folder::open(&path)?));
        }
        let opened = Foreign::open(&path).await.map_err(|error| Failure::new(&codes::FOREIGN, error))?;
        Ok(Self::Database(Box::new(opened)))
    }

    /// The folder where its artifacts are, when it says so itself.
    pub fn own_artifacts(&self) -> Option<&Path> {
        match self {
            Self::Database(_) => None,
            Self::Folder(folder) => Some(folder.root()),
        }
    }

    /// What there is.
    pub async fn counts(&mut self) -> Result<Counts> {
        match self {
            Self::Database(store) => store.counts().await.map_err(unreadable),
            Self::Folder(store) => store.counts(),
        }
    }

    /// What has no place here.
    pub async fn left(&mut self) -> Result<Vec<Left>> {
        match self {
            Self::Database(store) => store.left().await.map_err(unreadable),
            Self::Folder(_) => Ok(Vec::new()),
        }
    }

    /// All experiments.
    pub async fn experiments(&mut self) -> Result<Vec<ExperimentRecord>> {
        match self {
            Self::Database(store) => store.experiments().await.map_err(unreadable),
            Self::Folder(store) => store.experiments(),
        }
    }

    /// The next runs after a place.
    pub async fn runs(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundRun>> {
        match self {
            Self::Database(store) => store.runs(after, limit).await.map_err(unreadable),
            Self::Folder(store) => store.runs(after, limit),
        }
    }

    /// The next points of a run after a place.
    pub async fn points(
        &mut self,
        run: &Id,
        after: Cursor,
        limit: i64,
    ) -> Result<(Vec<PointRecord>, Option<Cursor>)> {
        match self {
            Self::Database(store) => store.points(run, after, limit).await.map_err(unreadable),
            Self::Folder(store) => store.points(run, after),
        }
    }

    /// The next logged models after a place.
    pub async fn logged_models(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundModel>> {
        match self {
            Self::Database(store) => store.logged_models(after, limit).await.map_err(unreadable),
            Self::Folder(store) => store.logged_models(after, limit),
        }
    }

    /// The next registered models after a name.
    pub async fn registered(&mut self, after: Option<&str>, limit: i64) -> Result<Vec<FoundRegistered>> {
        match self {
            Self::Database(store) => store.registered(after, limit).await.map_err(unreadable),
            Self::Folder(store) => store.registered(after, limit),
        }
    }

    /// The next traces after a place.
    pub async fn traces(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundTrace>> {
        match self {
            Self::Database(store) => store.traces(after, limit).await.map_err(unreadable),
            Self::Folder(store) => Ok(store.traces(after, limit)),
        }
    }

    /// The next spans of a trace after a place; a folder has them among the trace's files alone.
    pub async fn spans(&mut self, trace: &TraceId, after: Cursor, limit: i64) -> Result<Page<Span>> {
        match self {
            Self::Database(store) => store.spans(trace, after, limit).await.map_err(unreadable),
            Self::Folder(_) => Ok((Vec::new(), None)),
        }
    }

    /// The next evaluation data sets after a place; a folder has none.
    pub async fn evaluation_datasets(
        &mut self,
        after: Cursor,
        limit: i64,
    ) -> Result<Page<EvaluationDatasetRecord>> {
        match self {
            Self::Database(store) => store.evaluation_datasets(after, limit).await.map_err(unreadable),
            Self::Folder(_) => Ok((Vec::new(), None)),
        }
    }

    /// The next records of an evaluation data set after a place.
    pub async fn evaluation_records(
        &mut self,
        dataset: &Id,
        after: Cursor,
        limit: i64,
    ) -> Result<Page<Record>> {
        match self {
            Self::Database(store) => {
                store.evaluation_records(dataset, after, limit).await.map_err(unreadable)
            }
            Self::Folder(_) => Ok((Vec::new(), None)),
        }
    }

    /// All scorers; a folder has none.
    pub async fn scorers(&mut self) -> Result<Vec<Read<ScorerRecord>>> {
        match self {
            Self::Database(store) => store.scorers().await.map_err(unreadable),
            Self::Folder(_) => Ok(Vec::new()),
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::new(&codes::FOREIGN, error)
}

/// The path that `text` names.
fn path_of(text: &str) -> Result<PathBuf> {
    for scheme in ["sqlite:///", "sqlite:", "file://", "file:"] {
        if let Some(path) = text.strip_prefix(scheme) {
            return Ok(PathBuf::from(path.split('?').next().unwrap_or(path)));
        }
    }
    match text.split_once("://") {
        Some((scheme, _)) => Err(Failure::new(
            &codes::FOREIGN,
            format!("{scheme} stores are not read: name an SQLite database or an mlruns folder of MLflow"),
        )),
        None => Ok(PathBuf::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_as_mlflow_names_it() {
        assert_eq!(path_of("sqlite:///mlflow.db").unwrap(), Path::new("mlflow.db"));
        assert_eq!(path_of("sqlite:////srv/mlflow.db").unwrap(), Path::new("/srv/mlflow.db"));
        assert_eq!(path_of("file:///srv/mlruns").unwrap(), Path::new("/srv/mlruns"));
        assert_eq!(path_of("mlruns").unwrap(), Path::new("mlruns"));
        assert!(
            path_of("postgresql://u:secret@h/db").unwrap_err().message().starts_with("postgresql stores")
        );
    }
}
