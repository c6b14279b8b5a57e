//! The trash: what is deleted and can be restored until it is purged.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::registry::model::ModelName;
use crate::tracking::experiment::ExperimentId;
use crate::tracking::logged_model::public_id;
use crate::{Id, Timestamp};

/// Most days of a retention rule: a hundred years.
pub const MAX_DAYS: i64 = 36_500;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A thing that can be in the trash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TrashRef {
    /// `exp:12`, with all its runs.
    Experiment(ExperimentId),
    /// `run:ID`.
    Run(Id),
    /// `m-ID`.
    LoggedModel(Id),
    /// `model:NAME`, or `model:NAME/7`: the registered model that was the seventh to be made, when several of that name
    /// were deleted.
    Model(ModelName, Option<i64>),
    /// `model:NAME:3`.
    ModelVersion(ModelName, i64),
}

/// A reference that names nothing that can be in the trash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names nothing that can be in the trash: write exp:NUMBER, run:ID, m-ID, model:NAME or model:NAME:VERSION"
)]
pub struct InvalidTrashRef(String);

impl TrashRef {
    /// Reads a reference as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Result<Self, InvalidTrashRef> {
        let wrong = || InvalidTrashRef(text.to_owned());
        if let Some(id) = text.strip_prefix("exp:") {
            return ExperimentId::parse(id).map(Self::Experiment).map_err(|_| wrong());
        }
        if let Some(id) = text.strip_prefix("run:") {
            return Id::parse(id).map(Self::Run).ok_or_else(wrong);
        }
        if let Some(id) = text.strip_prefix("m-") {
            return Id::parse(id).map(Self::LoggedModel).ok_or_else(wrong);
        }
        let name = text.strip_prefix("model:").ok_or_else(wrong)?;
        let parse = |name: &str| ModelName::parse(name).map_err(|_| wrong());
        if let Some((name, num)) = name.rsplit_once('/') {
            return Ok(Self::Model(parse(name)?, Some(num.parse().map_err(|_| wrong())?)));
        }
        match name.rsplit_once(':') {
            Some((name, version)) => {
                Ok(Self::ModelVersion(parse(name)?, version.parse().map_err(|_| wrong())?))
            }
            None => Ok(Self::Model(parse(name)?, None)),
        }
    }

    /// What kind of thing it names.
    pub fn kind(&self) -> TrashKind {
        match self {
            Self::Experiment(_) => TrashKind::Experiment,
            Self::Run(_) => TrashKind::Run,
            Self::LoggedModel(_) => TrashKind::LoggedModel,
            Self::Model(..) => TrashKind::Model,
            Self::ModelVersion(..) => TrashKind::ModelVersion,
        }
    }
}

impl fmt::Display for TrashRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Experiment(id) => write!(f, "exp:{id}"),
            Self::Run(id) => write!(f, "run:{id}"),
            Self::LoggedModel(id) => f.write_str(&public_id(id)),
            Self::Model(name, None) => write!(f, "model:{name}"),
            Self::Model(name, Some(num)) => write!(f, "model:{name}/{num}"),
            Self::ModelVersion(name, version) => write!(f, "model:{name}:{version}"),
        }
    }
}

/// The kinds of things that can be in the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the glossary's word")]
pub enum TrashKind {
    Experiment,
    Run,
    LoggedModel,
    Model,
    ModelVersion,
}

impl TrashKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Experiment, Self::Run, Self::LoggedModel, Self::Model, Self::ModelVersion];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Run => "run",
            Self::LoggedModel => "logged_model",
            Self::Model => "model",
            Self::ModelVersion => "model_version",
        }
    }
}

/// One thing in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashItem {
    /// What it is.
    pub reference: TrashRef,
    /// Its name.
    pub name: String,
    /// The experiment that a run or logged model is in.
    pub experiment: Option<ExperimentId>,
    /// When it was deleted.
    pub deleted: Timestamp,
    /// By whom; empty when nobody knows.
    pub actor: String,
    /// Bytes of its files, those included that others use too.
    pub bytes: i64,
    /// Runs of an experiment, versions of a model.
    pub parts: i64,
}

/// When deleted things are purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// In which experiment; all that have no rule of their own, and the registry, when absent.
    pub experiment: Option<ExperimentId>,
    /// Days in the trash.
    pub days: i64,
    /// Who made the rule.
    pub actor: String,
    /// When.
    pub set: Timestamp,
}

/// What a purge takes, or took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Experiments.
    pub experiments: i64,
    /// Runs.
    pub runs: i64,
    /// Logged models.
    pub logged_models: i64,
    /// Registered models.
    pub models: i64,
    /// Versions of registered models.
    pub model_versions: i64,
    /// Points of metrics.
    pub points: i64,
    /// Rows of all tables, points included.
    pub rows: i64,
    /// Files that nothing else names.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
}

impl std::ops::AddAssign for Freed {
    fn add_assign(&mut self, other: Self) {
        self.experiments += other.experiments;
        self.runs += other.runs;
        self.logged_models += other.logged_models;
        self.models += other.models;
        self.model_versions += other.model_versions;
        self.points += other.points;
        self.rows += other.rows;
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// Something that stays although it is in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What stays.
    pub reference: TrashRef,
    /// Why, and the way out.
    pub reason: String,
}

/// How a purge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeState {
    /// Records are being taken.
    Running,
    /// The records are gone; files are being removed.
    Sweeping,
    /// All is done.
    Finished,
}

impl PurgeState {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sweeping => "sweeping",
            Self::Finished => "finished",
        }
    }
}

/// A purge: it goes on after a restart until it is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// Its id.
    pub id: Id,
    /// Who asked for it.
    pub actor: String,
    /// `asked`, or `retention`.
    pub cause: String,
    /// How it stands.
    pub state: PurgeState,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it came to its end.
    pub finished: Option<Timestamp>,
    /// What it took so far.
    pub freed: Freed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_they_are_written() {
        let id = "0123456789abcdef0123456789abcdef";
        for text in [
            "exp:12",
            &format!("run:{id}"),
            &format!("m-{id}"),
            "model:flights",
            "model:flights/7",
            "model:flights:3",
        ] {
            assert_eq!(TrashRef::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "flights", "exp:x", "run:1", "m-1", "model:", "model:a/b", "model:a:b", "model:a:1:2"]
        {
            assert!(TrashRef::parse(text).is_err(), "{text}");
        }
    }
}
