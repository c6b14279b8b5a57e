//! Experiments: named groups of runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::param::Tag;
use super::validation::{Refusal, invalid_value, missing_value};
use crate::Timestamp;

/// Most characters of an experiment's name.
pub const MAX_NAME_LEN: usize = 500;
/// Most characters of the value of an experiment's tag.
pub const MAX_TAG_VALUE_LEN: usize = 20_000;

/// The number of an experiment, written in decimal; 0 is `Default`, which exists from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(i64);

impl ExperimentId {
    /// The experiment that exists from the start.
    pub const DEFAULT: Self = Self(0);

    /// From its number.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Takes a decimal whole number.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        text.parse().map(Self).map_err(|_| {
            Refusal::new(
                "experiment_id",
                format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."),
            )
        })
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ExperimentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExperimentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Whether a thing is in use or marked as deleted.
///
/// ```text
/// active ──delete──► deleted
///    ▲─────restore─────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// In use.
    Active,
    /// Marked as deleted; can be restored.
    Deleted,
}

impl Lifecycle {
    /// The word that goes over the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    /// From the mark.
    pub fn of(deleted: bool) -> Self {
        if deleted { Self::Deleted } else { Self::Active }
    }
}

/// Which lifecycle stages a listing shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Only what is in use.
    #[default]
    Active,
    /// Only what is marked as deleted.
    Deleted,
    /// Both.
    All,
}

/// A named group of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// Its number.
    pub id: ExperimentId,
    /// Unique, also among deleted ones.
    pub name: String,
    /// Where its runs keep their artifacts, below the server's artifact root: `mlflow-artifacts:/3`.
    pub location: String,
    /// In use or deleted.
    pub lifecycle: Lifecycle,
    /// When it was made.
    pub created: Timestamp,
    /// When it or its tags changed last.
    pub updated: Timestamp,
    /// Tags by key.
    pub tags: Vec<Tag>,
}

/// Checks the name of a new or renamed experiment.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::new("name", missing_value("name")));
    }
    let length = name.chars().count();
    if length > MAX_NAME_LEN {
        return Err(Refusal::new(
            "name",
            format!("'name' exceeds the maximum length of {MAX_NAME_LEN} characters"),
        ));
    }
    Ok(())
}

/// The scheme of locations that are reached through the server.
pub const ARTIFACT_SCHEME: &str = "mlflow-artifacts:/";

/// Checks a location that a client asks for: only places below the server's own artifact root are taken, so that
/// no client can name a file of the server or a foreign host.
pub fn check_location(location: &str) -> Result<String, Refusal> {
    let refuse = |why: &str| {
        Refusal::new(
            "artifact_location",
            invalid_value("artifact_location", &serde_json::json!(location), Some(why)),
        )
    };
    if location.starts_with("runs:") {
        let reason = format!("Artifact location cannot be a runs:/ URI. Given: '{location}'");
        return Err(Refusal::new("artifact_location", reason));
    }
    if location.contains(['#', ';']) {
        let reason = "'artifact_location' URL can't include fragments or params.";
        return Err(Refusal::new("artifact_location", reason));
    }
    let Some(path) = location.strip_prefix(ARTIFACT_SCHEME) else {
        return Err(refuse(
            "artifacts are kept by the server: leave the location empty, or give `mlflow-artifacts:/FOLDER`.",
        ));
    };
    if path.starts_with('/') {
        return Err(refuse("a location names no host: write `mlflow-artifacts:/FOLDER`."));
    }
    let path = path.trim_end_matches('/');
    crate::data::relative_path::RelativePath::parse(path).map_err(|error| refuse(error.reason))?;
    Ok(format!("{ARTIFACT_SCHEME}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experiment_id_is_a_whole_number() {
        assert_eq!(ExperimentId::parse("12").unwrap().to_string(), "12");
        assert!(ExperimentId::parse("abc").is_err());
    }

    #[test]
    fn only_places_below_the_artifact_root_are_locations() {
        assert_eq!(check_location("mlflow-artifacts:/team/a/").unwrap(), "mlflow-artifacts:/team/a");
        for bad in [
            "/etc",
            "file:/etc",
            "s3://b/x",
            "mlflow-artifacts:/../x",
            "mlflow-artifacts://host/x",
            "mlflow-artifacts:/a#b",
            "runs:/x",
        ] {
            assert!(check_location(bad).is_err(), "{bad}");
        }
    }
}
