//! Versions of a registered model: numbered without holes, their files fixed when they are registered.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::ModelName;
use crate::tracking::logged_model;
use crate::tracking::param::Tag;
use crate::tracking::validation::Refusal;
use crate::{Id, Timestamp};

/// MLflow's older way to say what a version is for; aliases have taken its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing said.
    #[default]
    None,
    /// Being tried.
    Staging,
    /// In use.
    Production,
    /// No longer in use.
    Archived,
}

impl Stage {
    /// All of them, in MLflow's order.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// From the word, in any case.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                let reason = format!(
                    "Invalid Model Version stage: {text}. Value must be one of None, Staging, Production, Archived."
                );
                Refusal::new("stage", reason)
            })
    }
}

/// Where a version came from, as far as the platform itself made it; all absent for a version from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The step run that trained it.
    pub step_run: Option<Id>,
    /// The pipeline run around that.
    pub pipeline_run: Option<Id>,
    /// Data versions it was trained from, as `NAME@vN`.
    pub data_versions: Vec<String>,
    /// Key of the environment it was trained in.
    pub environment: Option<String>,
    /// Id of the code tree.
    pub code: Option<String>,
    /// The evaluation that the gate accepted.
    pub evaluation: Option<Id>,
}

/// One version of a registered model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelVersion {
    /// The model.
    pub name: ModelName,
    /// Its number, from 1.
    pub version: i64,
    /// What it is.
    pub description: String,
    /// MLflow's stage.
    pub stage: Stage,
    /// The source as it was given: `models:/m-…`, `runs:/…/model`, `mlflow-artifacts:/…`.
    pub source: String,
    /// Where its files are, as clients see it.
    pub location: String,
    /// The run it came from.
    pub run: Option<Id>,
    /// The logged model it came from.
    pub logged_model: Option<Id>,
    /// A link to the run elsewhere, as the client says.
    pub run_link: String,
    /// Who registered it.
    pub user: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Tags by key.
    pub tags: Vec<Tag>,
    /// Aliases that point here, by name.
    pub aliases: Vec<String>,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Which version a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionRef {
    /// `NAME:3`, `NAME/3`.
    Number(ModelName, i64),
    /// `NAME@champion`.
    Alias(ModelName, String),
    /// `NAME`, `NAME/latest`: the greatest number.
    Latest(ModelName),
}

impl VersionRef {
    /// Reads `NAME@ALIAS`, `NAME:3`, `NAME/3`, `NAME/latest` or `NAME`, each with or without `models:/` before it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let rest = text.strip_prefix("models:/").unwrap_or(text);
        if let Some((name, alias)) = rest.rsplit_once('@') {
            return Ok(Self::Alias(ModelName::parse(name)?, alias.to_owned()));
        }
        let Some((name, number)) = rest.split_once([':', '/']) else {
            return Ok(Self::Latest(ModelName::parse(rest)?));
        };
        let name = ModelName::parse(name)?;
        if number == "latest" {
            return Ok(Self::Latest(name));
        }
        match number.strip_prefix('v').unwrap_or(number).parse() {
            Ok(number) if number > 0 => Ok(Self::Number(name, number)),
            _ => Err(Refusal::new(
                "model",
                format!(
                    "{text:?} names no model version: write NAME@ALIAS, NAME:3, or NAME for the newest version."
                ),
            )),
        }
    }

    /// The model's name.
    pub fn name(&self) -> &ModelName {
        match self {
            Self::Number(name, _) | Self::Alias(name, _) | Self::Latest(name) => name,
        }
    }
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(name, number) => write!(f, "{name}:{number}"),
            Self::Alias(name, alias) => write!(f, "{name}@{alias}"),
            Self::Latest(name) => write!(f, "{name}"),
        }
    }
}

/// The source of a new version, when it names something of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `models:/m-…`: a logged model.
    LoggedModel(Id),
    /// `models:/NAME/3` or `models:/NAME@alias`: a version that is registered already.
    Version(VersionRef),
    /// `runs:/RUN/PATH`: a folder of a run's artifacts.
    Run(Id, String),
    /// `mlflow-artifacts:/PATH`: a place below the artifact root.
    Artifacts(String),
    /// Something without files, as a prompt has.
    Nothing,
}

impl Source {
    /// Reads the source of a new version. What would point outside of this server's artifacts is refused.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text == "dummy-source" {
            return Ok(Self::Nothing);
        }
        let refuse = |why: &str| {
            let reason = format!("Invalid model version source: '{text}'. {why}");
            Refusal::new("source", reason)
        };
        let path = |path: &str| {
            crate::data::relative_path::RelativePath::parse(path.trim_matches('/'))
                .map(|path| path.as_str().to_owned())
                .map_err(|error| refuse(&format!("The path is not usable: {}.", error.reason)))
        };
        if let Some(rest) = text.strip_prefix("models:/") {
            let id = rest.strip_prefix("m-").and_then(|_| logged_model::parse_id(rest));
            return match id {
                Some(id) => Ok(Self::LoggedModel(id)),
                None => VersionRef::parse(text).map(Self::Version),
            };
        }
        if let Some(rest) = text.strip_prefix("runs:/") {
            let (run, folder) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
            let run = Id::parse(run).ok_or_else(|| refuse("A run's source is `runs:/RUN_ID/PATH`."))?;
            return Ok(Self::Run(run, path(folder)?));
        }
        if let Some(rest) = text.strip_prefix("mlflow-artifacts:") {
            let rest = rest.strip_prefix("///").or_else(|| rest.strip_prefix('/'));
            return match rest {
                Some(rest) if !rest.starts_with('/') => Ok(Self::Artifacts(path(rest)?)),
                _ => Err(refuse("Another host's artifacts are not read.")),
            };
        }
        Err(refuse(
            "A source is an artifact of this server: `models:/m-…`, `runs:/RUN_ID/PATH` or `mlflow-artifacts:/PATH`. \
             Local paths and other hosts are not read.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_version_in_every_usual_way() {
        let name = ModelName::parse("flights").unwrap();
        for text in ["flights:3", "flights/3", "models:/flights/3", "flights:v3"] {
            assert_eq!(VersionRef::parse(text).unwrap(), VersionRef::Number(name.clone(), 3), "{text}");
        }
        for text in ["flights@champion", "models:/flights@champion"] {
            assert_eq!(
                VersionRef::parse(text).unwrap(),
                VersionRef::Alias(name.clone(), "champion".to_owned()),
                "{text}"
            );
        }
        for text in ["flights", "models:/flights/latest"] {
            assert_eq!(VersionRef::parse(text).unwrap(), VersionRef::Latest(name.clone()), "{text}");
        }
        for text in ["", "flights:0", "flights:x", "a/b/3"] {
            assert!(VersionRef::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_artifacts_of_this_server_are_sources() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(matches!(Source::parse(&format!("models:/m-{id}")).unwrap(), Source::LoggedModel(_)));
        assert!(
            matches!(Source::parse(&format!("runs:/{id}/model")).unwrap(), Source::Run(_, path) if path == "model")
        );
        assert!(matches!(
            Source::parse(&format!("mlflow-artifacts:/0/{id}/artifacts/model")).unwrap(),
            Source::Artifacts(_)
        ));
        for bad in [
            "/etc/passwd",
            "file:///etc",
            "s3://x/y",
            "mlflow-artifacts:/../x",
            "runs:/x/model",
            "http://h/x",
            "mlflow-artifacts://host/x",
        ] {
            assert!(Source::parse(bad).is_err(), "{bad}");
        }
    }
}
