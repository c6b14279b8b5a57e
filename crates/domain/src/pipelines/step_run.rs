//! Step runs: one unit of a step (a partition, an item of `each`) within a pipeline run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::expr::Evaluation;
use super::key::{KeyFields, StepKey};
use super::step::{OutputKind, RetryCause};
use crate::{Id, Name, Timestamp};

/// One unit of a step within a pipeline run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// Its id: also the name of its working folder.
    pub id: Id,
    /// The pipeline run.
    pub pipeline_run: Id,
    /// The project.
    pub project: Name,
    /// The step.
    pub step: Name,
    /// Which part of the step.
    pub unit: Unit,
    /// What names its result.
    pub key: StepKey,
    /// What is behind the key.
    pub fields: KeyFields,
    /// Where it stands.
    pub state: StepState,
    /// Attempts so far, the running one included.
    pub attempt: i64,
    /// Counts every hand-over to a worker: writes with an older number are refused.
    pub lease: i64,
    /// Until when its worker has promised to be heard of.
    pub lease_until: Option<Timestamp>,
    /// The worker that has it.
    pub worker: Option<String>,
    /// Its process.
    pub process: Option<Process>,
    /// Why it runs, or why it need not: a sentence.
    pub reason: String,
    /// The tracked run of the latest attempt.
    pub tracked_run: Option<Id>,
    /// Why the latest attempt failed.
    pub failure: Option<Failure>,
    /// When it was planned.
    pub created: Timestamp,
    /// When the latest attempt started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// Which part of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// The partition: `2013-01`.
    pub partition: Option<String>,
    /// The item of `each`.
    #[serde(default)]
    pub item: BTreeMap<String, serde_json::Value>,
}

impl Unit {
    /// Whether the step is not cut.
    pub fn is_whole(&self) -> bool {
        self.partition.is_none() && self.item.is_empty()
    }

    /// A text that tells the units of a step apart and is fit for a file name: `2013-01`, `seed=1`, `all`.
    pub fn label(&self) -> String {
        let mut parts: Vec<String> = self.partition.iter().cloned().collect();
        parts.extend(self.item.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            format!("{name}={text}")
        }));
        if self.is_whole() {
            return "all".to_owned();
        }
        parts
            .join(",")
            .chars()
            .map(|c| if c.is_alphanumeric() || "-_.,=T".contains(c) { c } else { '_' })
            .collect()
    }
}

/// A process on the machine that the server runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id, also of its group.
    pub pid: i64,
    /// When the kernel started it, in clock ticks since boot: tells a process from a later one with its number.
    pub start_ticks: i64,
}

/// Where a step run stands.
///
/// ```text
///                 claim            spawn             finish
///        ready ─────────► claimed ───────► running ─────────► succeeded
///          ▲                 │                │
///          │  worth another  │                │  not worth another attempt
///          └─────────────────┴────────────────┼──────────────► failed
///                                             │ the pipeline run is cancelled or has failed
///                                             └──────────────► cancelled
///   skipped, restored: the result was there already; they never run
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Can start now.
    Ready,
    /// A worker has it and prepares.
    Claimed,
    /// Its process runs.
    Running,
    /// Its result is committed.
    Succeeded,
    /// It failed for good.
    Failed,
    /// Ended with its pipeline run.
    Cancelled,
    /// Nothing changed since the pipeline's last result.
    Skipped,
    /// An earlier result than the last one fits again.
    Restored,
}

impl StepState {
    /// Whether its outputs can be read.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped | Self::Restored)
    }

    /// Whether a worker has it.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Claimed | Self::Running)
    }

    /// Whether nothing more will happen to it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Ready | Self::Claimed | Self::Running)
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of cause.
    pub cause: FailureCause,
    /// What happened, with the way out.
    pub message: String,
    /// The exit code, when the process ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// The kind of cause of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// Its process or its worker vanished.
    Lost,
    /// It was killed for want of memory.
    Oom,
    /// It took longer than allowed.
    Timeout,
    /// It ended with an exit code other than 0.
    Exit,
    /// A check or a contract refused its outputs.
    Check,
    /// It could not be set up: environment, inputs, a missing output.
    Setup,
}

impl Failure {
    /// Whether `retry` allows another attempt after `attempts`; failed checks never do.
    pub fn worth_retrying(&self, retry: &super::step::Retry, attempts: i64) -> bool {
        let wanted = match self.cause {
            FailureCause::Lost => retry.causes.contains(&RetryCause::Lost),
            FailureCause::Oom => retry.causes.contains(&RetryCause::Oom),
            FailureCause::Timeout => retry.causes.contains(&RetryCause::Timeout),
            FailureCause::Exit => {
                retry.causes.contains(&RetryCause::Exit)
                    && self.exit_code.is_some_and(|code| retry.exit_codes.contains(&code))
            }
            FailureCause::Check | FailureCause::Setup => false,
        };
        wanted && attempts <= i64::from(retry.max)
    }
}

/// What a unit made: committed once per key, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// The unit's key.
    pub key: StepKey,
    /// The step run that made it.
    pub step_run: Id,
    /// The project.
    pub project: Name,
    /// The step.
    pub step: Name,
    /// Which part.
    pub unit: Unit,
    /// The outputs by name.
    pub outputs: BTreeMap<String, OutputContent>,
    /// What the unit's tracked run logged last, by metric.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// What the checks said.
    #[serde(default)]
    pub checks: Vec<CheckResult>,
    /// The tracked run.
    pub tracked_run: Option<Id>,
    /// The evaluation that an `evaluate` step made.
    pub evaluation: Option<Id>,
    /// The key of the environment it ran in.
    pub env_key: Option<String>,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: i64,
    /// When it was committed.
    pub committed: Timestamp,
}

/// The content of one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputContent {
    /// What it is.
    pub kind: OutputKind,
    /// The files, sorted by path; a table has one Parquet part per unit.
    pub files: Vec<OutputFile>,
    /// Rows of a table.
    pub rows: Option<i64>,
}

impl OutputContent {
    /// A hash of paths and contents, whatever the storage: what downstream keys hold.
    pub fn hash(&self) -> String {
        content_hash(self.files.iter().map(|file| (file.path.as_str(), file.file_id.as_str())))
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> i64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// BLAKE3 over sorted (path, file id) pairs, each preceded by its length.
pub fn content_hash<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for text in files.into_iter().flat_map(|(path, id)| [path, id]) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// One file of an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Path within the output.
    pub path: String,
    /// BLAKE3 of the bytes: its id in the object store.
    pub file_id: String,
    /// Bytes.
    pub size: i64,
    /// Rows, when it is a part of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The condition as written.
    pub check: String,
    /// Verdict and the values it looked at.
    pub evaluation: Evaluation,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::step::Retry;

    #[test]
    fn only_the_declared_causes_are_tried_again_and_checks_never() {
        let retry = Retry { max: 2, causes: vec![RetryCause::Lost, RetryCause::Exit], exit_codes: vec![75] };
        let failure = |cause, exit_code| Failure { cause, message: String::new(), exit_code };
        assert!(failure(FailureCause::Lost, None).worth_retrying(&retry, 1));
        assert!(failure(FailureCause::Lost, None).worth_retrying(&retry, 2));
        assert!(!failure(FailureCause::Lost, None).worth_retrying(&retry, 3));
        assert!(failure(FailureCause::Exit, Some(75)).worth_retrying(&retry, 1));
        assert!(!failure(FailureCause::Exit, Some(1)).worth_retrying(&retry, 1));
        assert!(!failure(FailureCause::Oom, None).worth_retrying(&retry, 1));
        assert!(!failure(FailureCause::Check, None).worth_retrying(&retry, 1));
    }

    #[test]
    fn a_unit_has_a_label_fit_for_a_file_name() {
        let unit = Unit {
            partition: Some("2013-01".to_owned()),
            item: BTreeMap::from([("path".to_owned(), "a/b".into()), ("seed".to_owned(), 1.into())]),
        };
        assert_eq!(unit.label(), "2013-01,path=a_b,seed=1");
        assert_eq!(Unit::default().label(), "all");
    }
}
