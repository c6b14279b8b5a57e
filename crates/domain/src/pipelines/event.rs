//! Events: everything that can start work, in one durable log.

use serde::{Deserialize, Serialize};

use crate::{Id, Name, Timestamp};

/// One event, numbered in the order of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: Id,
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The thing it happened to: a data set, a deployment, a model, a trigger.
    pub subject: String,
    /// Details; for `monitor.drift` see [`DriftFinding`], for `monitor.performance` [`PerformanceFinding`].
    pub payload: serde_json::Value,
}

/// An event before it has its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// The thing it happened to.
    pub subject: String,
    /// Details.
    pub payload: serde_json::Value,
}

impl NewEvent {
    /// An event of `kind` about `subject`.
    pub fn new(kind: EventKind, subject: impl ToString, payload: serde_json::Value) -> Self {
        Self { kind, subject: subject.to_string(), payload }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A data version was published; subject: data set; payload: `number`, `commit`, `rows`, `bytes`.
    #[serde(rename = "data.published")]
    DataPublished,
    /// A contract refused a data version; subject: data set.
    #[serde(rename = "data.rejected")]
    DataRejected,
    /// A drift report was made, alarm or not; subject: deployment; payload: [`DriftFinding`].
    #[serde(rename = "monitor.drift")]
    MonitorDrift,
    /// Performance was computed on labelled rows; subject: deployment; payload: [`PerformanceFinding`].
    #[serde(rename = "monitor.performance")]
    MonitorPerformance,
    /// Labels arrived; subject: deployment.
    #[serde(rename = "labels.added")]
    LabelsAdded,
    /// An alias of a registered model moved; subject: model.
    #[serde(rename = "registry.alias")]
    RegistryAlias,
    /// A deployment serves another version; subject: deployment.
    #[serde(rename = "deployment.changed")]
    DeploymentChanged,
    /// Somebody asked for a pipeline run; subject: project.
    #[serde(rename = "pipeline.requested")]
    PipelineRequested,
    /// A pipeline run ended; subject: project; payload: `pipeline_run`, `state`.
    #[serde(rename = "pipeline.finished")]
    PipelineFinished,
    /// A trigger paused itself; subject: `PROJECT/TRIGGER`; somebody should look.
    #[serde(rename = "trigger.paused")]
    TriggerPaused,
}

/// The payload of `monitor.drift`; written for every report, so that the end of a drift is seen too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DriftFinding {
    /// The drift report.
    pub report: Option<Id>,
    /// Whether the monitor's own rule alarms.
    pub alarm: bool,
    /// Rows in the window.
    pub rows: i64,
    /// Population stability index by column.
    #[serde(default)]
    pub psi: std::collections::BTreeMap<String, f64>,
    /// Share of rows that surely moved, by column.
    #[serde(default)]
    pub moved: std::collections::BTreeMap<String, f64>,
    /// Name of the prediction's own entry in `psi` and `moved`; it does not count as a feature.
    pub prediction: Option<String>,
}

/// The payload of `monitor.performance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerformanceFinding {
    /// The performance record.
    pub record: Option<Id>,
    /// Labelled rows.
    pub labels: i64,
    /// Metrics by name on the newest fully labelled window.
    #[serde(default)]
    pub metrics: std::collections::BTreeMap<String, f64>,
    /// The champion's metrics by name when it was released.
    #[serde(default)]
    pub at_release: std::collections::BTreeMap<String, f64>,
    /// When the window ended, in milliseconds since the epoch.
    pub window_end_ms: Option<i64>,
}

/// The subject of trigger events and decisions: `PROJECT/TRIGGER`.
pub fn trigger_subject(project: &Name, trigger: &Name) -> String {
    format!("{project}/{trigger}")
}
