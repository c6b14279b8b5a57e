//! Logged models: what a run's code calls a model, with its files, before anybody registers it.

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentId;
use super::metric::Metric;
use super::param::{Param, Tag};
use super::validation::{Refusal, check_length};
use crate::{Id, Timestamp};

/// Most characters of a logged model's name.
pub const MAX_NAME_LEN: usize = 500;

/// How a logged model's upload stands.
///
/// ```text
/// pending ──► ready
///    └──────► upload_failed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedModelStatus {
    /// Files are being uploaded.
    Pending,
    /// Whole.
    Ready,
    /// The client gave up.
    UploadFailed,
}

/// A model that a run's code logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoggedModel {
    /// Its id; MLflow clients see it as `m-` and these digits.
    pub id: Id,
    /// The experiment it belongs to.
    pub experiment: ExperimentId,
    /// What the code calls it.
    pub name: String,
    /// A word of the client, such as the flavour's purpose.
    pub model_type: String,
    /// The run whose code logged it.
    pub source_run: Option<Id>,
    /// How its upload stands.
    pub status: LoggedModelStatus,
    /// Marked as deleted.
    pub deleted: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Where its files are, as clients see it.
    pub artifact_uri: String,
    /// Settings.
    pub params: Vec<Param>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Metrics that were logged for it.
    pub metrics: Vec<ModelMetric>,
    /// Where it was registered: model name and version.
    pub registrations: Vec<(String, i64)>,
}

impl LoggedModel {
    /// The id as MLflow clients write it.
    pub fn public_id(&self) -> String {
        public_id(&self.id)
    }
}

/// A metric of a logged model, with the run and the data it was measured on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelMetric {
    /// The point.
    pub metric: Metric,
    /// The run that measured.
    pub run: Id,
    /// Name of the data set, when said.
    pub dataset_name: Option<String>,
    /// Digest of the data set, when said.
    pub dataset_digest: Option<String>,
}

/// `m-` and the id's digits.
pub fn public_id(id: &Id) -> String {
    format!("m-{id}")
}

/// Takes `m-` and 32 digits, or the digits alone.
pub fn parse_id(text: &str) -> Option<Id> {
    Id::parse(text.strip_prefix("m-").unwrap_or(text))
}

/// Checks a logged model's name.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    if !name.is_empty() && !name.contains(['/', ':', '.', '%', '"', '\'']) {
        return check_length(name, "name", MAX_NAME_LEN);
    }
    let reason = format!(
        "Invalid model name ('{name}') provided. Model name must be a non-empty string and cannot contain the \
         following characters: ('/', ':', '.', '%', '\"', \"'\")"
    );
    Err(Refusal::new("name", reason))
}
