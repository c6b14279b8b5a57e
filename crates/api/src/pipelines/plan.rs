//! Plans: what a run would do, and why.

use std::collections::BTreeMap;

use app::App;
use axum::extract::State;
use domain::pipelines::plan::{Action, Plan, PlanUnit, WhyUnit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Ctx, Json, Path, Problem};

/// What to run with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParamsBody {
    /// Values of parameters; those left out have their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
}

/// What would happen to one unit of a step.
#[derive(Serialize, ToSchema)]
pub struct PlanUnitBody {
    /// The step.
    step: String,
    /// The partition: `2013-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    /// The item of `each`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    item: BTreeMap<String, Value>,
    /// The unit's key; absent while it hangs on outputs that are still to be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// `run`, `skip` (nothing changed), `restore` (an earlier result fits again), `wait` (known when steps before it have run).
    action: &'static str,
    /// Why, in a sentence.
    reason: String,
    /// How long units of this step took before.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_ms: Option<i64>,
    /// Bytes of its inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_bytes: Option<i64>,
    /// The step run whose result is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Run => "run",
        Action::Skip => "skip",
        Action::Restore => "restore",
        Action::Wait => "wait",
    }
}

impl From<PlanUnit> for PlanUnitBody {
    fn from(unit: PlanUnit) -> Self {
        Self {
            step: unit.step.to_string(),
            partition: unit.unit.partition,
            item: unit.unit.item,
            key: unit.key.map(|key| key.to_string()),
            action: word(unit.action),
            reason: unit.reason,
            expected_ms: unit.expected_ms,
            input_bytes: unit.input_bytes,
            from: unit.from.map(|id| id.to_string()),
        }
    }
}

/// What a run would do.
#[derive(Serialize, ToSchema)]
pub struct PlanBody {
    /// The project.
    project: String,
    /// The values of all parameters.
    params: BTreeMap<String, Value>,
    /// The data versions that every step would see, by source.
    data: Value,
    /// The tree of the project's files.
    code_tree: String,
    /// Every unit, upstream first.
    units: Vec<PlanUnitBody>,
    /// Whether there is nothing to do.
    done: bool,
}

impl TryFrom<Plan> for PlanBody {
    type Error = Problem;

    fn try_from(plan: Plan) -> Result<Self, Problem> {
        Ok(Self {
            project: plan.project.to_string(),
            done: plan.is_done(),
            data: serde_json::to_value(&plan.data).map_err(app::Error::internal)?,
            params: plan.params,
            code_tree: plan.code_tree,
            units: plan.units.into_iter().map(Into::into).collect(),
        })
    }
}

/// Says what a run would do now, on the newest data and code; the sources are collected first.
#[utoipa::path(post, path = "/pipelines/{name}/plan", tag = "pipelines", request_body = ParamsBody,
    params(("name" = String, Path, description = "The project")),
    responses((status = 200, body = PlanBody), (status = "default", body = Problem)))]
pub async fn plan(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<ParamsBody>,
) -> Result<Json<PlanBody>, Problem> {
    let plan = app.pipelines().plan(&ctx, &name, &body.params).await?;
    Ok(Json(plan.try_into()?))
}

/// One field of a key that differs.
#[derive(Serialize, ToSchema)]
pub struct ChangeBody {
    /// The field: `code.src/train.py`, `input.features`, `param.lr`.
    field: String,
    /// The old value; absent when the field is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The new value; absent when the field is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// The change in words.
    sentence: String,
}

/// Why one unit would run or need not.
#[derive(Serialize, ToSchema)]
pub struct WhyUnitBody {
    /// The partition: `2013-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    /// The item of `each`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    item: BTreeMap<String, Value>,
    /// `run`, `skip`, `restore`, `wait`.
    action: &'static str,
    /// Why, in a sentence.
    reason: String,
    /// The step run that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<String>,
    /// Every field of the key that differs.
    changes: Vec<ChangeBody>,
}

impl From<WhyUnit> for WhyUnitBody {
    fn from(unit: WhyUnit) -> Self {
        let changes = unit.changes.into_iter().map(|change| ChangeBody {
            sentence: change.sentence(),
            field: change.field,
            before: change.before,
            after: change.after,
        });
        Self {
            partition: unit.unit.partition,
            item: unit.unit.item,
            action: word(unit.action),
            reason: unit.reason,
            compared_with: unit.compared_with.map(|id| id.to_string()),
            changes: changes.collect(),
        }
    }
}

/// Why a step would run or need not.
#[derive(Serialize, ToSchema)]
pub struct WhyBody {
    /// The step.
    step: String,
    /// One entry per unit.
    units: Vec<WhyUnitBody>,
}

/// Says why a step would run, field by field of its key.
#[utoipa::path(get, path = "/pipelines/{name}/why/{step}", tag = "pipelines",
    params(("name" = String, Path, description = "The project"), ("step" = String, Path, description = "The step")),
    responses((status = 200, body = WhyBody), (status = "default", body = Problem)))]
pub async fn why(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, step)): Path<(String, String)>,
) -> Result<Json<WhyBody>, Problem> {
    let why = app.pipelines().why(&ctx, &name, &step).await?;
    let units = why.units.into_iter().map(Into::into).collect();
    Ok(Json(WhyBody { step: why.step.to_string(), units }))
}
