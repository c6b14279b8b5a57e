//! Deployments: declaring what an endpoint serves, looking at what it does, going back.

use domain::governance::role::Permission;
use domain::pipelines::decision::DecisionOutcome;
use domain::registry::alias::AliasChange;
use domain::registry::model::ModelName;
use domain::serving::{
    Deployment, DeploymentSpec, DeploymentState, Rollout, RouteKind, ServedVersion, Share,
};
use domain::{Id, Name};
use serde::Serialize;

use super::inference::RuntimeReport;
use super::rollout::{Start, end_running, start_in};
use super::slot::{SlotKey, SlotState};
use super::stats::{Rates, Tally};
use super::{Serving, conditions, registry};
use crate::{App, Audit, Context, Error, Result};

/// Most worker processes per loaded version.
pub const MAX_WORKERS: u32 = 32;
/// Most requests that may wait.
pub const MAX_QUEUE: u32 = 100_000;
/// Rows of a model's example that are shown.
const MAX_EXAMPLE: usize = 3;
/// Longest time that a request may take, in milliseconds.
pub const MAX_TIMEOUT_MS: i64 = 3_600_000;

/// Deployments as a view on [`App`].
pub struct Deployments<'a>(pub(super) &'a App);

impl App {
    /// What answers requests.
    pub fn deployments(&self) -> Deployments<'_> {
        Deployments(self)
    }
}

/// A deployment: desired and actual.
#[derive(Clone, Debug, Serialize)]
pub struct DeploymentStatus {
    /// The desired state.
    #[serde(flatten)]
    pub deployment: Deployment,
    /// The actual state, in this server.
    pub state: DeploymentState,
    /// What it waits for, or why it failed.
    pub message: String,
    /// The rollout under way.
    pub active_rollout: Option<Rollout>,
    /// The versions in memory.
    pub routes: Vec<RouteStatus>,
    /// What they have done together, in this server.
    pub rates: Rates,
    /// Rows that the model was logged with, to try it.
    pub example: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// One version in memory.
#[derive(Clone, Debug, Serialize)]
pub struct RouteStatus {
    /// The registered model.
    pub model: ModelName,
    /// Its version.
    pub version: i64,
    /// What it is there for: `live`, `canary`, or `warm` to go back to.
    pub role: RouteRole,
    /// Its share of the traffic.
    pub share: Share,
    /// `loading`, `ready`, `failing` or `failed`.
    pub state: &'static str,
    /// Why it fails.
    pub message: String,
    /// Which engine answers and why; none until it is loaded.
    pub runtime: Option<RuntimeReport>,
    /// What it has done in this server.
    pub rates: Rates,
}

/// What a version in memory is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteRole {
    /// It has the traffic.
    Live,
    /// It is being tried, or about to be.
    Canary,
    /// It is kept for a rollback.
    Warm,
}

/// What one loaded version has done since it was loaded.
#[derive(Clone, Debug)]
pub struct RouteTally {
    /// The deployment.
    pub deployment: Name,
    /// The registered model.
    pub model: ModelName,
    /// Its version.
    pub version: i64,
    /// Its counts.
    pub tally: Tally,
}

/// What a rollback did.
#[derive(Clone, Debug, Serialize)]
pub struct RolledBack {
    /// The deployment.
    pub deployment: Name,
    /// The registered model.
    pub model: ModelName,
    /// The version that was taken back.
    pub from_version: i64,
    /// The version that has all traffic now.
    pub to_version: i64,
    /// Whether the alias `champion` moved with it.
    pub alias_moved: bool,
}

impl Deployments<'_> {
    /// Declares what `name` serves: made when absent, rolled out when the version differs from the one that is live.
    pub async fn apply(&self, ctx: &Context, name: Name, spec: DeploymentSpec) -> Result<DeploymentStatus> {
        validate(&spec)?;
        let (now, id, applied) = (ctx.now(), ctx.new_id(), name.clone());
        self.0
            .mutate(ctx, Permission::Deploy, move |conn| {
                Box::pin(async move {
                    let (model, version) = registry::resolve(conn, &spec.model).await?;
                    let mut deployment = match db::serving::deployment::get(conn, &name).await? {
                        Some(found) => Deployment { spec: spec.clone(), ..found }.changed(now),
                        None => Deployment::new(name.clone(), spec.clone(), now),
                    };
                    let live = deployment.live.as_ref();
                    if live.is_some_and(|live| live.model == model && live.version == version) {
                        let reason = format!("the deployment was set to version {version}");
                        deployment = end_running(conn, deployment, now, reason).await?;
                        db::serving::deployment::put(conn, &deployment).await?;
                    } else {
                        let promotes = follows_champion(&spec.model);
                        let start = Start { id, model: model.clone(), version, promotes };
                        start_in(conn, deployment, start, now).await?;
                    }
                    let audit = Audit::new("serving.deployment.apply", "deployment", &name);
                    let detail = serde_json::json!({"model": model, "version": version, "spec": spec});
                    Ok(((), audit.detail(detail)))
                })
            })
            .await?;
        self.reconcile(&self.0.system()).await?;
        self.status(ctx, &applied).await
    }

    /// The counts of every loaded version, by deployment and version.
    pub fn tallies(&self) -> Vec<RouteTally> {
        let slots = self.0.serving().slots();
        let mut tallies: Vec<RouteTally> = slots
            .iter()
            .map(|(key, slot)| RouteTally {
                deployment: key.deployment.clone(),
                model: key.model.clone(),
                version: key.version,
                tally: slot.stats.total(),
            })
            .collect();
        tallies
            .sort_by(|a, b| (&a.deployment, &a.model, a.version).cmp(&(&b.deployment, &b.model, b.version)));
        tallies
    }

    /// Predictions that were answered but could not be logged, since the server started.
    pub fn unlogged(&self) -> u64 {
        self.0.serving().unlogged.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// One deployment, desired and actual.
    pub async fn status(&self, ctx: &Context, name: &Name) -> Result<DeploymentStatus> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let deployment = db::serving::deployment::get(&mut conn, name)
            .await?
            .ok_or_else(|| Error::not_found("deployment", name))?;
        let rollout = match &deployment.rollout {
            Some(id) => db::serving::rollout::get(&mut conn, id).await?,
            None => None,
        };
        Ok(self.0.serving().status(deployment, rollout))
    }

    /// All deployments, by name.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<DeploymentStatus>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut all = Vec::new();
        for deployment in db::serving::deployment::list(&mut conn).await? {
            let rollout = match &deployment.rollout {
                Some(id) => db::serving::rollout::get(&mut conn, id).await?,
                None => None,
            };
            all.push(self.0.serving().status(deployment, rollout));
        }
        Ok(all)
    }

    /// Takes the traffic back: a rollout under way is ended; without one the version before has all traffic again,
    /// and the alias `champion` with it when the deployment follows that. One transaction; the version before is kept
    /// warm, so it answers at once.
    pub async fn rollback(&self, ctx: &Context, name: &Name, reason: &str) -> Result<RolledBack> {
        let (now, name, actor) = (ctx.now(), name.clone(), ctx.actor.name.clone());
        let (decision, reason) = (ctx.new_id(), reason.to_owned());
        let done = self
            .0
            .mutate(ctx, Permission::Deploy, move |conn| {
                Box::pin(async move {
                    let deployment = db::serving::deployment::get(conn, &name)
                        .await?
                        .ok_or_else(|| Error::not_found("deployment", &name))?;
                    let done = match running(conn, &deployment).await? {
                        Some((rollout, live)) => {
                            end_running(conn, deployment, now, reason.clone()).await?;
                            RolledBack {
                                deployment: name.clone(),
                                model: live.model,
                                from_version: rollout.version,
                                to_version: live.version,
                                alias_moved: false,
                            }
                        }
                        None => return_to_previous(conn, deployment, now, (&actor, &reason)).await?,
                    };
                    let evidence = serde_json::json!({"rolled_back": done, "asked_by": actor});
                    let said = Said { subject: &name, outcome: DecisionOutcome::RolledBack, reason: &reason };
                    record(conn, decision, now, said, evidence).await?;
                    let audit = Audit::new("serving.deployment.rollback", "deployment", &name);
                    let detail = serde_json::json!({"from": done.from_version, "to": done.to_version, "reason": reason});
                    Ok((done, audit.detail(detail)))
                })
            })
            .await?;
        self.reconcile(&self.0.system()).await?;
        Ok(done)
    }
}

/// A decision of a rollout, to be put on record.
pub(super) struct Said<'a> {
    pub subject: &'a Name,
    pub outcome: DecisionOutcome,
    pub reason: &'a str,
}

/// Puts a rollout's decision on record, in the transaction of what it decided.
pub(super) async fn record(
    conn: &mut db::Conn<'_>,
    id: Id,
    now: domain::Timestamp,
    said: Said<'_>,
    evidence: serde_json::Value,
) -> Result<()> {
    let decision = domain::pipelines::decision::NewDecision {
        kind: domain::pipelines::decision::DecisionKind::Rollout,
        subject: said.subject.to_string(),
        outcome: said.outcome,
        reason: said.reason.to_owned(),
        evidence,
        project: None,
        pipeline_run: None,
    };
    Ok(db::pipelines::decision::insert(conn, &decision.at(id, now)).await?)
}

/// The rollout under way and the version that has the traffic meanwhile.
async fn running(
    conn: &mut db::Conn<'_>,
    deployment: &Deployment,
) -> Result<Option<(Rollout, ServedVersion)>> {
    let (Some(id), Some(live)) = (&deployment.rollout, &deployment.live) else {
        return Ok(None);
    };
    let rollout = db::serving::rollout::get(conn, id).await?;
    Ok(rollout.map(|rollout| (rollout, live.clone())))
}

async fn return_to_previous(
    conn: &mut db::Conn<'_>,
    deployment: Deployment,
    now: domain::Timestamp,
    (actor, reason): (&str, &str),
) -> Result<RolledBack> {
    let name = deployment.name.clone();
    let nothing =
        || Error::conflict("deployment", &name, "it has served no version before: nothing to go back to");
    let from = deployment.live.clone().ok_or_else(nothing)?;
    let deployment = deployment.rolled_back(now).ok_or_else(nothing)?;
    let to = deployment.live.clone().ok_or_else(nothing)?;
    let alias_moved = follows_champion(&deployment.spec.model);
    if alias_moved {
        let why = format!("the deployment {name} went back: {reason}");
        registry::move_champion(conn, &to, AliasChange::RolledBack, now, (actor, &why)).await?;
    }
    db::serving::deployment::put(conn, &deployment).await?;
    Ok(RolledBack {
        deployment: name,
        model: to.model,
        from_version: from.version,
        to_version: to.version,
        alias_moved,
    })
}

/// Whether a reference follows the alias that rollouts and rollbacks move.
pub(super) fn follows_champion(reference: &str) -> bool {
    reference.ends_with(&format!("@{}", domain::registry::alias::CHAMPION))
}

fn validate(spec: &DeploymentSpec) -> Result<()> {
    spec.plan.validate().map_err(|error| Error::invalid("canary", error.to_string()))?;
    conditions::validate(&spec.plan.rollback)?;
    let between = |field: &str, value: i64, most: i64| {
        if (1..=most).contains(&value) {
            return Ok(());
        }
        Err(Error::invalid(field, format!("{value} is not between 1 and {most}")))
    };
    between("timeout_ms", spec.timeout_ms, MAX_TIMEOUT_MS)?;
    between("workers", spec.workers.into(), MAX_WORKERS.into())?;
    between("queue", spec.queue.into(), MAX_QUEUE.into())
}

impl Serving {
    /// What a deployment does now, as the endpoint in memory says.
    pub(super) fn actual(&self, name: &Name) -> (DeploymentState, String) {
        match self.endpoints.load().get(name.as_str()) {
            Some(endpoint) => endpoint.state(),
            None => (DeploymentState::Starting, "the server has just started".to_owned()),
        }
    }

    fn status(&self, deployment: Deployment, rollout: Option<Rollout>) -> DeploymentStatus {
        let (state, message) = self.actual(&deployment.name);
        let share = rollout.as_ref().map_or(Share::NONE, Rollout::share);
        let mut routes = Vec::new();
        if let Some(live) = &deployment.live {
            routes.extend(self.route(&deployment, &live.model, live.version, RouteRole::Live, share.rest()));
        }
        if let Some(rollout) = rollout.as_ref().filter(|rollout| !rollout.state.is_final()) {
            routes.extend(self.route(&deployment, &rollout.model, rollout.version, RouteRole::Canary, share));
        }
        if let Some(warm) = deployment.previous() {
            routes.extend(self.route(&deployment, &warm.model, warm.version, RouteRole::Warm, Share::NONE));
        }
        let rates = Rates::together(&routes.iter().map(|route| route.rates).collect::<Vec<_>>());
        let example = self.example(&deployment);
        DeploymentStatus { deployment, state, message, active_rollout: rollout, routes, rates, example }
    }

    fn example(&self, deployment: &Deployment) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let Some(live) = &deployment.live else {
            return Vec::new();
        };
        let key =
            SlotKey { deployment: deployment.name.clone(), model: live.model.clone(), version: live.version };
        match self.slots().get(&key).map(|slot| &slot.state) {
            Some(SlotState::Ready(loaded)) => loaded.model.example().map_or_else(Vec::new, |(input, _)| {
                (0..input.rows().min(MAX_EXAMPLE)).map(|row| input.row(row)).collect()
            }),
            _ => Vec::new(),
        }
    }

    fn route(
        &self,
        deployment: &Deployment,
        model: &ModelName,
        version: i64,
        role: RouteRole,
        share: Share,
    ) -> Option<RouteStatus> {
        let key = SlotKey { deployment: deployment.name.clone(), model: model.clone(), version };
        let slots = self.slots();
        let slot = slots.get(&key)?;
        let (state, message, runtime) = match &slot.state {
            SlotState::Loading => ("loading", String::new(), None),
            SlotState::Failed { reason, .. } => ("failed", reason.clone(), None),
            SlotState::Ready(loaded) => match loaded.model.health() {
                ::inference::Health::Ready => ("ready", String::new(), Some(loaded.report.clone())),
                ::inference::Health::Failing(words) => ("failing", words, Some(loaded.report.clone())),
            },
        };
        let (model, rates) = (model.clone(), slot.stats.rates());
        Some(RouteStatus { model, version, role, share, state, message, runtime, rates })
    }
}

impl RouteRole {
    /// The word that the prediction log has for it.
    pub fn kind(self) -> RouteKind {
        match self {
            Self::Canary => RouteKind::Canary,
            Self::Live | Self::Warm => RouteKind::Live,
        }
    }
}
