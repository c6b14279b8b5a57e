//! Plans: what a pipeline run would do, and why, before it does it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::{FieldChange, StepKey};
use super::pipeline_run::PinnedData;
use super::step_run::Unit;
use crate::{Id, Name};

/// What a pipeline run would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The project.
    pub project: Name,
    /// The values of all parameters.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The data versions that every step would see, by source.
    pub data: BTreeMap<String, PinnedData>,
    /// The tree of the project's files.
    pub code_tree: String,
    /// Every unit, upstream first.
    pub units: Vec<PlanUnit>,
}

impl Plan {
    /// Whether every result is there already.
    pub fn is_done(&self) -> bool {
        self.units.iter().all(|unit| matches!(unit.action, Action::Skip | Action::Restore))
    }

    /// How many units have this action.
    pub fn count(&self, action: Action) -> usize {
        self.units.iter().filter(|unit| unit.action == action).count()
    }
}

/// What would happen to one unit of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanUnit {
    /// The step.
    pub step: Name,
    /// Which part of it.
    pub unit: Unit,
    /// Its key; absent while it hangs on outputs that are still to be made.
    pub key: Option<StepKey>,
    /// What would happen.
    pub action: Action,
    /// Why, in a sentence.
    pub reason: String,
    /// How long it took before, in milliseconds.
    pub expected_ms: Option<i64>,
    /// Bytes of its inputs, as far as they are known.
    pub input_bytes: Option<i64>,
    /// The step run whose result is taken.
    pub from: Option<Id>,
}

/// What would happen to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It runs.
    Run,
    /// Nothing changed since the pipeline's last result.
    Skip,
    /// An earlier result than the last one fits again.
    Restore,
    /// Known only when the steps before it have run: it is skipped if they make what they made before.
    Wait,
}

/// Why a step would run or did run: the newest unit against the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The step.
    pub step: Name,
    /// One entry per unit.
    pub units: Vec<WhyUnit>,
}

/// Why one unit runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhyUnit {
    /// Which part of the step.
    pub unit: Unit,
    /// What would happen.
    pub action: Action,
    /// Why, in a sentence.
    pub reason: String,
    /// The step run that it is compared with.
    pub compared_with: Option<Id>,
    /// Every field of the key that differs.
    pub changes: Vec<FieldChange>,
}
