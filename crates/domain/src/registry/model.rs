//! Registered models: a name under which versions are numbered 1, 2, 3, …

use std::fmt;

use serde::{Deserialize, Serialize};

use super::alias::AliasTarget;
use crate::Timestamp;
use crate::tracking::param::Tag;
use crate::tracking::validation::{Refusal, invalid_value, missing_value};

/// Most characters of a model's name.
pub const MAX_NAME_LEN: usize = 256;
/// Most characters of a tag's key.
pub const MAX_TAG_KEY_LEN: usize = 250;
/// Most characters of a tag's value.
pub const MAX_TAG_VALUE_LEN: usize = 100_000;

/// The tag that makes a registered model a prompt.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// A registered model's name: not empty, without `/` and `:`, which separate the parts of a reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ModelName(String);

impl ModelName {
    /// Checks `text` and takes it as it is.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::new("name", missing_value("name")));
        }
        if text.contains(['/', ':']) {
            let reason = format!("Invalid model name '{text}'. Names cannot contain '/' or ':'.");
            return Err(Refusal::new("name", reason));
        }
        if text.chars().any(char::is_control) {
            let reason = format!("Invalid model name '{text}'. Names cannot contain control characters.");
            return Err(Refusal::new("name", reason));
        }
        if text == "." || text.starts_with("..") {
            let why = format!(
                "Names may be treated as files in certain cases, and must not resolve to other names when treated as \
                 such. This name would resolve to '{text}'"
            );
            let reason = invalid_value("name", &serde_json::json!(text), Some(&why));
            return Err(Refusal::new("name", reason));
        }
        crate::tracking::validation::check_length(text, "name", MAX_NAME_LEN)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<crate::Name> for ModelName {
    fn from(name: crate::Name) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl<'de> Deserialize<'de> for ModelName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl Model {
    /// Whether it is a prompt, which lives among the models and is no model.
    pub fn is_prompt(&self) -> bool {
        is_prompt(&self.tags)
    }
}

/// Whether a thing with these tags is a prompt.
pub fn is_prompt(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| tag.key == PROMPT_TAG && tag.value.eq_ignore_ascii_case("true"))
}

/// A registered model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it, a version of it or an alias changed last.
    pub updated: Timestamp,
    /// Tags by key.
    pub tags: Vec<Tag>,
    /// Aliases by name.
    pub aliases: Vec<AliasTarget>,
    /// The greatest version number that was ever given, 0 before the first.
    pub last_version: i64,
}

/// Checks a tag of a model or a version.
pub fn check_tag(tag: &Tag) -> Result<(), Refusal> {
    crate::tracking::validation::check_key(&tag.key, "key", MAX_TAG_KEY_LEN)?;
    crate::tracking::validation::check_length(&tag.value, "value", MAX_TAG_VALUE_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_name_leaves_the_separators_of_references_free() {
        assert!(ModelName::parse("Flights late (v2)").is_ok());
        for bad in ["", " ", ".", "..", "a/b", "a:b", "a\nb"] {
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
