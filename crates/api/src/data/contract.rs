//! Contracts.

use app::data::contract::{Check, ContractText, Learned, Lesson, Trial, Tried, fired_in};
use app::{App, Error};
use axum::extract::State;
use domain::data::contract::{Change, Fired, InWords};
use domain::data::{Severity, Violation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Checks on a page when the caller does not say.
const PAGE: i64 = 100;

/// A contract.
#[derive(Serialize, ToSchema)]
pub struct ContractBody {
    /// Its file in the project.
    path: String,
    /// Its YAML.
    text: String,
    /// How many rules it has.
    rules: usize,
    /// The rules in words, those of the table first.
    words: Vec<RuleBody>,
}

/// A rule in words.
#[derive(Serialize, ToSchema)]
pub struct RuleBody {
    /// The column, unless it is about the table.
    column: Option<String>,
    /// The rule, as violations name it.
    rule: &'static str,
    /// What it says.
    says: String,
    /// `warn` or `block`.
    #[schema(value_type = String)]
    severity: Severity,
}

impl From<InWords> for RuleBody {
    fn from(rule: InWords) -> Self {
        Self { column: rule.column, rule: rule.rule, says: rule.says, severity: rule.severity }
    }
}

impl From<ContractText> for ContractBody {
    fn from(contract: ContractText) -> Self {
        let words = contract.words.into_iter().map(Into::into).collect();
        Self { path: contract.path, text: contract.text, rules: contract.rules, words }
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

/// What to learn from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InferBody {
    /// Number of the first version; with `to`.
    from: Option<i64>,
    /// Number of the last version.
    to: Option<i64>,
    /// The newest so many versions, 1 to 100; one when nothing is said.
    last: Option<i64>,
    /// A contract's YAML that there is: the answer is that with what was learned, and what changes.
    contract: Option<String>,
    /// What that YAML's file is called; `contracts/NAME.yaml` when absent.
    path: Option<String>,
}

/// What was learned.
#[derive(Serialize, ToSchema)]
pub struct LearnedBody {
    /// The contract: with one given, its rules that were not learned and its comments stay.
    #[serde(flatten)]
    contract: ContractBody,
    /// The versions it was learned from, oldest first.
    versions: Vec<String>,
    /// What changes in the given contract; null when none was given.
    changes: Option<Vec<ChangeBody>>,
}

/// A rule that changes.
#[derive(Serialize, ToSchema)]
pub struct ChangeBody {
    /// The column, unless it is about the table.
    column: Option<String>,
    /// The rule, as it is written: `min`, `allowed`, …
    rule: &'static str,
    /// `added`, `loosened`, `tightened`, `replaced` or `removed`.
    change: &'static str,
    /// What it said.
    before: Option<String>,
    /// What it will say.
    after: Option<String>,
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        let Change { column, rule, changed, before, after } = change;
        Self { column, rule, change: changed.as_str(), before, after }
    }
}

impl From<Learned> for LearnedBody {
    fn from(learned: Learned) -> Self {
        Self {
            contract: learned.contract.into(),
            versions: learned.versions,
            changes: learned.changes.map(|changes| changes.into_iter().map(Into::into).collect()),
        }
    }
}

/// Learns a contract from published versions; nothing is changed.
#[utoipa::path(post, path = "/datasets/{name}/contract/infer", tag = "data", request_body = InferBody,
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = LearnedBody), (status = "default", body = Problem)))]
pub async fn infer(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<InferBody>,
) -> Result<Json<LearnedBody>, Problem> {
    let between = match (body.from, body.to) {
        (Some(from), Some(to)) => Some((from, to)),
        (None, None) => None,
        _ => return Err(Error::invalid("from", "give `from` and `to`, or neither").into()),
    };
    let name = super::name(&name)?;
    let path = body.path.unwrap_or_else(|| format!("contracts/{name}.yaml"));
    let lesson = Lesson { between, last: body.last, contract: body.contract.map(|text| (text, path)) };
    Ok(Json(app.contracts().infer(&ctx, &name, lesson).await?.into()))
}

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestBody {
    /// A contract's YAML; the data set's own when absent.
    contract: Option<String>,
    /// What that YAML's file is called in the answer's places; `contracts/NAME.yaml` when absent.
    path: Option<String>,
    /// The newest so many versions, 1 to 100, which is what is tried without it.
    last: Option<i64>,
    /// Versions of the last `90d`, `12h`, `30m`.
    since: Option<String>,
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
    /// The rules that would have fired, the most frequent first.
    rules: Vec<FiredBody>,
}

/// A rule that some version breaks.
#[derive(Serialize, ToSchema)]
pub struct FiredBody {
    /// The column, unless it is about the table.
    column: Option<String>,
    /// The rule.
    rule: String,
    /// `warn` or `block`.
    #[schema(value_type = String)]
    severity: Severity,
    /// Where it stands.
    place: Option<String>,
    /// How many versions break it.
    versions: u64,
    /// The first of them.
    first: String,
    /// The last of them.
    last: String,
    /// What is said of the last.
    example: String,
}

impl From<Fired> for FiredBody {
    fn from(fired: Fired) -> Self {
        let Fired { rule, column, severity, place, versions, first, last, example } = fired;
        Self { column, rule, severity, place, versions, first, last, example }
    }
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
    let TestBody { contract, path, last, since } = body;
    let tried = Tried { contract, path, last, since };
    let trials = app.contracts().test(&ctx, &super::name(&name)?, tried).await?;
    let rules = fired_in(&trials).into_iter().map(Into::into).collect();
    Ok(Json(TrialList { items: trials.into_iter().map(Into::into).collect(), rules }))
}

/// Which checks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// At most this many, 100 when absent.
    limit: Option<i64>,
    /// After this many.
    offset: Option<i64>,
}

/// How the check of a version ended when it came.
#[derive(Serialize, ToSchema)]
pub struct CheckBody {
    /// `NAME@vN`, or `NAME@COMMIT` for one without a number.
    version: String,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// The hash of the contract's text; null when there was none.
    contract: Option<String>,
    /// `kept`, `warned`, `blocked`, or `unchecked` without a contract.
    outcome: &'static str,
    /// What was found.
    #[schema(value_type = Vec<Object>)]
    violations: Vec<Violation>,
}

impl From<Check> for CheckBody {
    fn from(check: Check) -> Self {
        Self {
            outcome: check.outcome(),
            version: check.version.reference(),
            time_ms: check.version.time_ms.millis(),
            contract: check.contract.map(|contract| contract.to_string()),
            violations: check.version.violations,
        }
    }
}

/// The history of a contract.
#[derive(Serialize, ToSchema)]
pub struct CheckList {
    /// Newest first.
    items: Vec<CheckBody>,
}

/// Says how the check of each version ended when it came, rejected ones too.
#[utoipa::path(get, path = "/datasets/{name}/contract/history", tag = "data",
    params(("name" = String, Path, description = "The data set"), HistoryQuery),
    responses((status = 200, body = CheckList), (status = "default", body = Problem)))]
pub async fn history(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<CheckList>, Problem> {
    let (limit, offset) = (query.limit.unwrap_or(PAGE), query.offset.unwrap_or(0));
    let checks = app.contracts().history(&ctx, &super::name(&name)?, limit, offset).await?;
    Ok(Json(CheckList { items: checks.into_iter().map(Into::into).collect() }))
}
