//! What can be searched, and which parts each object has.

use super::{Entity, Operator, refuse, traces};
use crate::tracking::validation::Refusal;

/// A kind of thing that can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Runs.
    Runs,
    /// Experiments.
    Experiments,
    /// Registered models.
    Models,
    /// Versions of registered models.
    ModelVersions,
    /// Logged models.
    LoggedModels,
    /// Evaluation data sets.
    EvaluationDatasets,
    /// Traces.
    Traces,
}

/// What an attribute holds, hence how it may be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compared by size.
    Number,
    /// Compared as text.
    Text,
    /// Compared as text; `IN` as well.
    ListedText,
}

/// The names that mean an attribute (the first is canonical), and what it holds.
pub(super) type Attribute = (&'static [&'static str], Kind);

const RUNS: &[Attribute] = &[
    (&["run_id"], Kind::ListedText),
    (&["run_name", "run name", "Run name", "Run Name"], Kind::Text),
    (&["status"], Kind::Text),
    (&["user_id"], Kind::Text),
    (&["artifact_uri"], Kind::Text),
    (&["start_time", "created", "Created"], Kind::Number),
    (&["end_time"], Kind::Number),
];
const EXPERIMENTS: &[Attribute] = &[
    (&["name"], Kind::Text),
    (&["experiment_id"], Kind::ListedText),
    (&["creation_time"], Kind::Number),
    (&["last_update_time"], Kind::Number),
];
const MODELS: &[Attribute] = &[
    (&["name"], Kind::ListedText),
    (&["timestamp", "last_updated_timestamp"], Kind::Number),
    (&["creation_timestamp"], Kind::Number),
];
const MODEL_VERSIONS: &[Attribute] = &[
    (&["name"], Kind::ListedText),
    (&["version_number"], Kind::Number),
    (&["run_id"], Kind::ListedText),
    (&["source_path"], Kind::Text),
    (&["creation_timestamp"], Kind::Number),
    (&["last_updated_timestamp"], Kind::Number),
];
const LOGGED_MODELS: &[Attribute] = &[
    (&["name"], Kind::ListedText),
    (&["model_id"], Kind::ListedText),
    (&["model_type"], Kind::ListedText),
    (&["status"], Kind::ListedText),
    (&["source_run_id"], Kind::ListedText),
    (&["creation_timestamp", "creation_time", "creation_timestamp_ms"], Kind::Number),
    (&["last_updated_timestamp", "last_updated_time", "last_updated_timestamp_ms"], Kind::Number),
];
const EVALUATION_DATASETS: &[Attribute] = &[
    (&["name"], Kind::ListedText),
    (&["created_time"], Kind::Number),
    (&["last_update_time"], Kind::Number),
    (&["created_by"], Kind::Text),
    (&["last_updated_by"], Kind::Text),
];

impl Object {
    fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::Runs => RUNS,
            Self::Experiments => EXPERIMENTS,
            Self::Models => MODELS,
            Self::ModelVersions => MODEL_VERSIONS,
            Self::LoggedModels => LOGGED_MODELS,
            Self::EvaluationDatasets => EVALUATION_DATASETS,
            Self::Traces => traces::ATTRIBUTES,
        }
    }

    /// The entity that a word before the dot means here.
    fn entity(self, word: &str) -> Option<Entity> {
        if self == Self::Traces {
            return traces::entity(word);
        }
        let entity = match word {
            "attribute" | "attributes" | "attr" => Entity::Attribute,
            "run" if self == Self::Runs => Entity::Attribute,
            "tag" | "tags" => Entity::Tag,
            "metric" | "metrics" => Entity::Metric,
            "param" | "params" | "parameter" | "parameters" => Entity::Param,
            "dataset" | "datasets" => Entity::Dataset,
            _ => return None,
        };
        let known = match self {
            Self::Runs => true,
            Self::LoggedModels => entity != Entity::Dataset,
            Self::Traces => false,
            Self::Experiments | Self::Models | Self::ModelVersions | Self::EvaluationDatasets => {
                matches!(entity, Entity::Attribute | Entity::Tag)
            }
        };
        known.then_some(entity)
    }

    /// Splits an identifier into its entity and canonical key.
    pub(super) fn identify(self, identifier: &str) -> Result<(Entity, String), Refusal> {
        if let Some((word, key)) = identifier.split_once('.') {
            if let Some(entity) = self.entity(word) {
                return self.canonical(entity, key).map(|key| (entity, key));
            }
            return Err(refuse(format!("Invalid entity type '{word}'. Valid values are {:?}", self.words())));
        }
        self.canonical(Entity::Attribute, identifier).map(|key| (Entity::Attribute, key))
    }

    fn words(self) -> Vec<&'static str> {
        ["metric", "parameter", "tag", "attribute", "dataset"]
            .into_iter()
            .chain(traces::WORDS)
            .filter(|word| self.entity(word).is_some())
            .collect()
    }

    fn canonical(self, entity: Entity, key: &str) -> Result<String, Refusal> {
        match entity {
            Entity::Span | Entity::Issue => traces::check_key(entity, key).map(|()| key.to_owned()),
            Entity::Attribute => self
                .attributes()
                .iter()
                .find(|(names, _)| names.contains(&key))
                .map(|(names, _)| names[0].to_owned())
                .ok_or_else(|| {
                    let known: Vec<&str> = self.attributes().iter().map(|(names, _)| names[0]).collect();
                    refuse(format!("Invalid attribute key '{key}' specified. Valid keys are '{known:?}'"))
                }),
            Entity::Dataset if !["name", "digest", "context"].contains(&key) => Err(refuse(format!(
                "Invalid dataset key '{key}' specified. Valid keys are '[\"name\", \"digest\", \"context\"]'"
            ))),
            _ if key.is_empty() => {
                Err(refuse(format!("Invalid identifier: a key must follow '{}.'", entity.as_str())))
            }
            _ => Ok(key.to_owned()),
        }
    }

    /// What the thing behind entity and key holds.
    pub(super) fn kind(self, entity: Entity, key: &str) -> Kind {
        match entity {
            Entity::Metric => Kind::Number,
            Entity::Param | Entity::Tag if self == Self::LoggedModels => Kind::ListedText,
            Entity::Param | Entity::Tag | Entity::Metadata => Kind::Text,
            Entity::Feedback | Entity::Expectation | Entity::Issue => Kind::Text,
            Entity::Dataset | Entity::Span => Kind::ListedText,
            Entity::Attribute => self
                .attributes()
                .iter()
                .find(|(names, _)| names[0] == key)
                .map_or(Kind::Text, |(_, kind)| *kind),
        }
    }

    /// The attributes that are compared with lists.
    fn listed(self) -> Vec<&'static str> {
        let attributes = self.attributes().iter();
        attributes.filter(|(_, kind)| *kind == Kind::ListedText).map(|(names, _)| names[0]).collect()
    }

    /// Refuses an operator that makes no sense here.
    pub(super) fn check_operator(self, entity: Entity, key: &str, operator: Operator) -> Result<(), Refusal> {
        use Operator::{Equal, ILike, In, IsNotNull, IsNull, Like, NotEqual, NotIn, RLike};
        let kind = self.kind(entity, key);
        if self == Self::Traces {
            return traces::check_operator(entity, key, kind, operator);
        }
        let good = match operator {
            Equal | NotEqual => true,
            IsNull | IsNotNull => {
                if !matches!(entity, Entity::Tag | Entity::Param) {
                    return Err(refuse(format!(
                        "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{key}'",
                        entity.as_str()
                    )));
                }
                true
            }
            Like | ILike => kind != Kind::Number,
            RLike => false,
            In | NotIn => {
                if kind != Kind::ListedText {
                    return Err(refuse(format!(
                        "Only {:?} support comparison with a list of quoted string values, not '{key}'.",
                        self.listed()
                    )));
                }
                true
            }
            _ => kind == Kind::Number,
        };
        if good {
            return Ok(());
        }
        let known = match kind {
            Kind::Number => "{'>', '>=', '!=', '=', '<', '<='}",
            Kind::Text => "{'=', '!=', 'LIKE', 'ILIKE'}",
            Kind::ListedText => "{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}",
        };
        Err(refuse(format!("Invalid comparator '{}' not one of '{known}'", operator.as_str())))
    }
}
