//! Registered models that are taken over from another registry: a model with all its versions at once.

use serde::{Deserialize, Serialize};

use super::model::ModelName;
use super::model_version::Stage;
use crate::tracking::import::{check_id, check_tags, check_text, hash, sort_tags};
use crate::tracking::param::Tag;
use crate::tracking::validation::Refusal;
use crate::{Id, Timestamp};

/// A registered model of another registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// The greatest number ever given to a version, deleted ones included.
    pub last_version: i64,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Its aliases.
    #[serde(default)]
    pub aliases: Vec<AliasRecord>,
    /// Its versions that are not deleted.
    #[serde(default)]
    pub versions: Vec<VersionRecord>,
}

/// Where an alias points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasRecord {
    /// The alias.
    pub alias: String,
    /// The version.
    pub version: i64,
}

/// Whose artifacts the files of a version are; the path below is empty for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesOf {
    /// Of a run.
    Run {
        /// The run.
        id: Id,
        /// Folder below its artifacts.
        path: String,
    },
    /// Of a logged model.
    LoggedModel {
        /// The logged model, without `m-`.
        id: Id,
        /// Folder below its artifacts.
        path: String,
    },
}

/// A version of a registered model of another registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// Its number.
    pub version: i64,
    /// What it is.
    pub description: String,
    /// Its stage.
    pub stage: Stage,
    /// Its source, as it was registered.
    pub source: String,
    /// The run it came from.
    pub run: Option<Id>,
    /// The logged model it came from.
    pub logged_model: Option<Id>,
    /// A link to the run elsewhere.
    pub run_link: String,
    /// Who registered it.
    pub user: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Whose artifacts its files are, when they are anybody's; not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesOf>,
}

impl ModelRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<ModelName, Refusal> {
        let name = ModelName::parse(&self.name)?;
        check_text("description", &self.description)?;
        check_tags(&self.tags)?;
        let mut numbers: Vec<i64> = self.versions.iter().map(|version| version.version).collect();
        numbers.sort_unstable();
        let twice = numbers.windows(2).any(|pair| pair[0] == pair[1]);
        let outside = numbers.iter().any(|number| *number < 1 || *number > self.last_version);
        if twice || outside {
            let reason =
                format!("versions are numbered once each, from 1 to last_version ({})", self.last_version);
            return Err(Refusal::new("versions", reason));
        }
        for version in &self.versions {
            version.check()?;
        }
        for alias in &self.aliases {
            check_text("aliases", &alias.alias)?;
            if alias.alias.is_empty() || numbers.binary_search(&alias.version).is_err() {
                let reason =
                    format!("{:?} points at version {}, which is not there", alias.alias, alias.version);
                return Err(Refusal::new("aliases", reason));
            }
        }
        let mut aliases: Vec<&str> = self.aliases.iter().map(|alias| alias.alias.as_str()).collect();
        aliases.sort_unstable();
        if let Some(pair) = aliases.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Refusal::new("aliases", format!("{:?} is there twice", pair[0])));
        }
        Ok(name)
    }

    /// The hash of all that it says, whatever order its parts came in.
    pub fn digest(mut self) -> String {
        sort_tags(&mut self.tags);
        self.aliases.sort_by(|a, b| a.alias.cmp(&b.alias));
        self.versions.sort_by_key(|version| version.version);
        for version in &mut self.versions {
            version.files = None;
            sort_tags(&mut version.tags);
        }
        hash(&self)
    }
}

impl VersionRecord {
    fn check(&self) -> Result<(), Refusal> {
        for id in self.run.iter().chain(&self.logged_model) {
            check_id("versions", id)?;
        }
        match &self.files {
            Some(FilesOf::Run { id, .. } | FilesOf::LoggedModel { id, .. }) => check_id("files", id)?,
            None => {}
        }
        for text in [&self.description, &self.source, &self.run_link, &self.user] {
            check_text("versions", text)?;
        }
        check_tags(&self.tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> ModelRecord {
        let time = Timestamp::from_millis(1);
        let version = VersionRecord {
            version: 2,
            description: String::new(),
            stage: Stage::Production,
            source: "s3://elsewhere/model".to_owned(),
            run: None,
            logged_model: None,
            run_link: String::new(),
            user: "ada".to_owned(),
            created: time,
            updated: time,
            tags: Vec::new(),
            files: None,
        };
        ModelRecord {
            name: "churn".to_owned(),
            description: String::new(),
            created: time,
            updated: time,
            last_version: 3,
            tags: Vec::new(),
            aliases: vec![AliasRecord { alias: "champion".to_owned(), version: 2 }],
            versions: vec![version],
        }
    }

    #[test]
    fn an_alias_points_at_a_version_and_versions_have_their_numbers_once() {
        assert!(model().check().is_ok());
        let mut wrong = model();
        wrong.aliases[0].version = 3;
        assert_eq!(wrong.check().unwrap_err().field, "aliases");
        let mut wrong = model();
        wrong.last_version = 1;
        assert_eq!(wrong.check().unwrap_err().field, "versions");
        assert_eq!(ModelRecord { name: "a/b".to_owned(), ..model() }.check().unwrap_err().field, "name");
    }

    #[test]
    fn where_the_files_are_is_not_part_of_the_digest() {
        let mut other = model();
        let id = Id::parse("0123456789abcdef0123456789abcdef").unwrap();
        other.versions[0].files = Some(FilesOf::Run { id, path: "model".to_owned() });
        assert_eq!(other.digest(), model().digest());
        assert_ne!(ModelRecord { last_version: 4, ..model() }.digest(), model().digest());
    }
}
