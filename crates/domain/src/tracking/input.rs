//! What a run read and what it made: data sets, and models.

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentId;
use super::param::Tag;
use super::validation::{Refusal, check_named_length, join, missing_value};
use crate::Id;

/// A data set as the client describes it; its identity is (experiment, name, digest).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// Name.
    pub name: String,
    /// Short hash of the contents, by the client.
    pub digest: String,
    /// Kind of the source.
    pub source_type: String,
    /// The source as JSON text.
    pub source: String,
    /// The schema as JSON text.
    pub schema: Option<String>,
    /// The profile as JSON text.
    pub profile: Option<String>,
}

/// That a run read a data set; the tags say for what, such as `mlflow.data.context`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// The data set.
    pub dataset: DatasetInfo,
    /// Tags of this reading.
    pub tags: Vec<Tag>,
}

/// A data set that runs of an experiment read for some purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The experiment.
    pub experiment: ExperimentId,
    /// Name.
    pub name: String,
    /// Short hash of the contents.
    pub digest: String,
    /// What it was read for, `mlflow.data.context`; empty when nobody said.
    pub context: String,
}

/// That a run made a model, at a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOutput {
    /// The logged model.
    pub model: Id,
    /// The step of the training.
    pub step: i64,
}

impl DatasetInput {
    /// Checks lengths and that required fields are there. `path` is where it stands in the request.
    pub fn check(&self, path: &str) -> Result<(), Refusal> {
        let dataset = &self.dataset;
        for (field, value) in
            [("name", &dataset.name), ("digest", &dataset.digest), ("source", &dataset.source)]
        {
            let field = join(path, &format!("dataset.{field}"));
            if value.is_empty() {
                return Err(Refusal::new(field.clone(), missing_value(&field)));
            }
        }
        let limits = [
            ("name", Some(&dataset.name), 500),
            ("digest", Some(&dataset.digest), 36),
            ("source", Some(&dataset.source), 65_535),
            ("schema", dataset.schema.as_ref(), 1_048_575),
            ("profile", dataset.profile.as_ref(), 16_777_215),
        ];
        for (field, value, limit) in limits {
            let place = join(path, &format!("dataset.{field}"));
            check_named_length(value.map_or("", String::as_str), &place, field, limit)?;
        }
        for (index, tag) in self.tags.iter().enumerate() {
            check_named_length(&tag.key, &join(path, &format!("tags[{index}].key")), "key", 255)?;
            check_named_length(&tag.value, &join(path, &format!("tags[{index}].value")), "value", 500)?;
        }
        Ok(())
    }
}
