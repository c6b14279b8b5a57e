//! Contracts.

use app::App;
use app::data::contract::{ContractText, Trial};
use axum::extract::State;
use domain::data::Violation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ctx, Json, Path, Problem};

/// A contract.
#[derive(Serialize, ToSchema)]
pub struct ContractBody {
    /// Its file in the project.
    path: String,
    /// Its YAML.
    text: String,
    /// How many rules it has.
    rules: usize,
}

impl From<ContractText> for ContractBody {
    fn from(contract: ContractText) -> Self {
        Self { path: contract.path, text: contract.text, rules: contract.rules }
    }
}

/// Shows the contract that new versions are checked against.
#[utoipa::path(get, path = "/datasets/{name}/contract", tag = "data", params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = ContractBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<ContractBody>, Problem> {
    Ok(Json(app.contracts().show(&ctx, &super::name(&name)?).await?.into()))
}

/// Learns a contract from the newest published version; nothing is changed.
#[utoipa::path(post, path = "/datasets/{name}/contract/infer", tag = "data", params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = ContractBody), (status = "default", body = Problem)))]
pub async fn infer(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<ContractBody>, Problem> {
    Ok(Json(app.contracts().infer(&ctx, &super::name(&name)?).await?.into()))
}

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestBody {
    /// A contract's YAML; the data set's own when absent.
    contract: Option<String>,
    /// What that YAML's file is called in the answer's places; `contracts/NAME.yaml` when absent.
    path: Option<String>,
}

/// What a contract says to one version.
#[derive(Serialize, ToSchema)]
pub struct TrialBody {
    /// `NAME@vN`.
    version: String,
    /// Whether it would have been published.
    passes: bool,
    /// What breaks it.
    #[schema(value_type = Vec<Object>)]
    violations: Vec<Violation>,
}

impl From<Trial> for TrialBody {
    fn from(trial: Trial) -> Self {
        Self {
            version: trial.version.reference(),
            passes: !trial.violations.iter().any(Violation::blocks),
            violations: trial.violations,
        }
    }
}

/// What a contract says to the history.
#[derive(Serialize, ToSchema)]
pub struct TrialList {
    /// Newest version first.
    items: Vec<TrialBody>,
}

/// Tries a contract on every version; nothing is changed.
#[utoipa::path(post, path = "/datasets/{name}/contract/test", tag = "data", request_body = TestBody,
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = TrialList), (status = "default", body = Problem)))]
pub async fn test(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<TestBody>,
) -> Result<Json<TrialList>, Problem> {
    let trials = app.contracts().test(&ctx, &super::name(&name)?, body.contract, body.path).await?;
    Ok(Json(TrialList { items: trials.into_iter().map(Into::into).collect() }))
}
