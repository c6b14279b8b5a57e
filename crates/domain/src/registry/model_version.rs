//! Versions of a registered model: numbered without holes, their files fixed when they are registered.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::ModelName;
use crate::tracking::artifact::{self, Owner};
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

/// What clients give as the source of a prompt.
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];

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

/// Schemes that name a host of their own.
const HOST_SCHEMES: [&str; 7] = ["http", "https", "ftp", "sftp", "dbfs", "databricks", "hdfs"];

impl Source {
    /// Reads the source of a new version. What would point outside of this server's artifacts is refused.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        match scheme {
            "models" => Self::of_registry(text),
            "runs" => Self::of_run(text, rest),
            "mlflow-artifacts" => {
                let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix('/'));
                match path {
                    Some(path) if !path.starts_with('/') => Ok(Self::Artifacts(plain(text, path)?)),
                    _ => Err(other_host(scheme)),
                }
            }
            scheme if HOST_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => Err(other_host(scheme)),
            "" | "file" => Err(local(if scheme == "file" { local_path(rest) } else { text })),
            _ => Err(refuse(
                text,
                "A source is an artifact of this server: `models:/m-…`, `runs:/RUN_ID/PATH` or \
                 `mlflow-artifacts:/PATH`. Other stores are not read.",
            )),
        }
    }

    /// Reads the source of a new version of a prompt, which has no files.
    pub fn parse_of_prompt(text: &str) -> Result<Self, Refusal> {
        if PROMPT_SOURCES.contains(&text) {
            return Ok(Self::Nothing);
        }
        let reason =
            format!("Invalid prompt source: '{text}'. Prompt sources must use an MLflow placeholder.");
        Err(Refusal::new("source", reason))
    }

    /// Checks that what a request says a version came from is what contains its source. `text` is the source as given.
    pub fn check_owner(&self, text: &str, run: Option<&Id>, model: Option<&Id>) -> Result<(), Refusal> {
        let fits = match self {
            Self::Nothing | Self::Version(_) => true,
            Self::LoggedModel(id) => match model {
                Some(model) => model == id,
                None => return Err(not_contained(text, "model_id")),
            },
            Self::Run(id, _) => model.is_none() && run == Some(id),
            Self::Artifacts(path) => match (artifact::split(path).map(|(owner, _, _)| owner), model) {
                (Some(Owner::LoggedModel(id)), Some(model)) => id == *model,
                (Some(Owner::Run(id)), None) => run == Some(&id),
                _ => false,
            },
        };
        if fits {
            return Ok(());
        }
        Err(not_contained(text, if model.is_some() { "model_id" } else { "run_id" }))
    }

    fn of_registry(text: &str) -> Result<Self, Refusal> {
        let rest = text
            .strip_prefix("models:/")
            .filter(|rest| !rest.starts_with('/'))
            .ok_or_else(|| refuse(text, "Registered model sources must use the active model registry."))?;
        let id = rest.strip_prefix("m-").and_then(|_| logged_model::parse_id(rest));
        match id {
            Some(id) => Ok(Self::LoggedModel(id)),
            None => VersionRef::parse(text).map(Self::Version).map_err(|_| not_contained(text, "model_id")),
        }
    }

    fn of_run(text: &str, rest: &str) -> Result<Self, Refusal> {
        let rest = rest.trim_start_matches('/');
        let (run, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let run = Id::parse(run).ok_or_else(|| not_contained(text, "run_id"))?;
        Ok(Self::Run(run, plain(text, folder)?))
    }
}

/// The source is in something else than what the request says it came from.
pub fn not_contained(source: &str, field: &str) -> Refusal {
    refuse(
        source,
        &format!("The {field} request parameter must identify the resource that contains the source."),
    )
}

/// A source that is no source: `Invalid model version source: '…'. …`.
pub fn refuse(source: &str, why: &str) -> Refusal {
    Refusal::new("source", format!("Invalid model version source: '{source}'. {why}"))
}

/// A path below the artifact root, plain.
fn plain(source: &str, path: &str) -> Result<String, Refusal> {
    let path = path.trim_matches('/');
    match crate::data::relative_path::RelativePath::parse(path) {
        Ok(path) => Ok(path.as_str().to_owned()),
        Err(_) if has_dots(path) => Err(refuse(
            source,
            "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an \
             absolute path must be provided without relative path references present. Please provide an absolute path.",
        )),
        Err(error) => Err(refuse(source, &format!("The path is not usable: {}.", error.reason))),
    }
}

/// Whether a path, taken out of its escapes, goes up.
fn has_dots(path: &str) -> bool {
    let lower = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    lower.split(['/', '\\']).any(|part| part == "..")
}

fn local(path: &str) -> Refusal {
    refuse(
        path,
        "To use a local path as a model version source, the run_id request parameter has to be specified and the \
         local path has to be contained within the artifact directory of the run specified by the run_id.",
    )
}

/// `/etc` of `///etc`; what names a host stays.
fn local_path(rest: &str) -> &str {
    rest.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(rest)
}

fn other_host(scheme: &str) -> Refusal {
    let reason = format!(
        "'source' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than the tracking \
         server's configured artifact storage, so the server would connect to the host named in the URI."
    );
    Refusal::new("source", reason)
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
            "models://other/flights/3",
            "models:/",
            "dummy-source",
            "runs:/0123456789abcdef0123456789abcdef/a%2f..%2fb",
            "",
        ] {
            assert!(Source::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Source::parse_of_prompt("dummy-source").unwrap(), Source::Nothing);
        assert!(Source::parse_of_prompt("/etc/passwd").is_err());
    }
    #[test]
    fn a_source_must_be_in_what_the_request_says_it_came_from() {
        let text = "0123456789abcdef0123456789abcdef";
        let (id, other) = (Id::parse(text).unwrap(), Id::parse(&"f".repeat(32)).unwrap());
        let check = |source: &str, run: Option<&Id>, model: Option<&Id>| {
            Source::parse(source).unwrap().check_owner(source, run, model)
        };
        let (model, run) = (format!("models:/m-{text}"), format!("runs:/{text}/model"));
        let (of_run, of_model) = (
            format!("mlflow-artifacts:/3/{text}/artifacts/model"),
            format!("mlflow-artifacts:/3/models/m-{text}/artifacts"),
        );
        assert!(check(&model, None, Some(&id)).is_ok() && check(&of_model, None, Some(&id)).is_ok());
        assert!(check(&run, Some(&id), None).is_ok() && check(&of_run, Some(&id), None).is_ok());
        for (source, run, model, field) in [
            (&model, Some(&id), None, "model_id"),
            (&model, None, Some(&other), "model_id"),
            (&run, None, None, "run_id"),
            (&run, Some(&other), None, "run_id"),
            (&run, Some(&id), Some(&id), "model_id"),
            (&of_run, None, None, "run_id"),
            (&of_model, Some(&id), None, "run_id"),
        ] {
            let refusal = check(source, run, model).unwrap_err();
            assert!(
                refusal.reason.contains(&format!("The {field} request parameter")),
                "{source}: {refusal}"
            );
        }
    }
}
