//! Decisions: what a trigger, a gate or a rollout concluded, with the evidence. Never changed afterwards.

use serde::{Deserialize, Serialize};

use crate::{Id, Name, Timestamp};

/// One conclusion with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: Id,
    /// When.
    pub time: Timestamp,
    /// Who concluded.
    pub kind: DecisionKind,
    /// About what: `PROJECT/TRIGGER`, `MODEL:VERSION`, a deployment.
    pub subject: String,
    /// What.
    pub outcome: DecisionOutcome,
    /// Why, in a sentence.
    pub reason: String,
    /// What it rests on: conditions with the values they looked at, ids of reports and versions.
    pub evidence: serde_json::Value,
    /// The project it belongs to.
    pub project: Option<Name>,
    /// The pipeline run that it started or judged.
    pub pipeline_run: Option<Id>,
}

/// A decision before it has id and time.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDecision {
    /// Who concluded.
    pub kind: DecisionKind,
    /// About what.
    pub subject: String,
    /// What.
    pub outcome: DecisionOutcome,
    /// Why, in a sentence.
    pub reason: String,
    /// What it rests on.
    pub evidence: serde_json::Value,
    /// The project it belongs to.
    pub project: Option<Name>,
    /// The pipeline run that it started or judged.
    pub pipeline_run: Option<Id>,
}

impl NewDecision {
    /// Gives it an id and a time.
    pub fn at(self, id: Id, time: Timestamp) -> Decision {
        Decision {
            id,
            time,
            kind: self.kind,
            subject: self.subject,
            outcome: self.outcome,
            reason: self.reason,
            evidence: self.evidence,
            project: self.project,
            pipeline_run: self.pipeline_run,
        }
    }
}

/// Who concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// A trigger: start a pipeline run or not.
    Trigger,
    /// A gate: accept a model or not.
    Gate,
    /// A rollout: go on, finish, or return.
    Rollout,
    /// A person: approve or not.
    Approval,
}

/// What was concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOutcome {
    /// Trigger: a pipeline run was started.
    Fired,
    /// Trigger: it joined a run that another trigger started or that is waiting.
    Merged,
    /// Trigger: held back by cooldown, budget, overlap, a daily limit or a pause.
    Suppressed,
    /// Trigger: all work is done already; nothing was started.
    NoChange,
    /// Trigger, rollout: it could not be carried out.
    Failed,
    /// Gate, approval: yes.
    Accepted,
    /// Gate, approval: no.
    Rejected,
    /// Gate: conditions are met, people are to approve.
    WaitingApproval,
    /// Rollout: a larger share of the traffic.
    Advanced,
    /// Rollout: all of the traffic.
    Completed,
    /// Rollout: the previous version is back.
    RolledBack,
}
