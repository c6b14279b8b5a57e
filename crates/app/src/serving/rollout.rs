//! Rollouts: how a new version takes over.

use db::Conn;
use domain::governance::role::Permission;
use domain::registry::model::ModelName;
use domain::serving::{Deployment, DeploymentSpec, Rollout, RolloutPlan, RolloutState};
use domain::{Id, Name, Timestamp};

use super::{conditions, registry};
use crate::{App, Audit, Context, Error, Result};

/// Most rollouts on one page.
pub const MAX_PAGE: i64 = 200;

/// Rollouts as a view on [`App`].
pub struct Rollouts<'a>(&'a App);

impl App {
    /// How versions take over.
    pub fn rollouts(&self) -> Rollouts<'_> {
        Rollouts(self)
    }
}

/// A rollout that a gate has allowed.
#[derive(Clone, Debug)]
pub struct StartRollout {
    /// The endpoint; made when absent, following `MODEL@champion`.
    pub deployment: Name,
    /// The registered model.
    pub model: ModelName,
    /// The accepted version.
    pub version: i64,
    /// How it takes over; becomes the deployment's plan.
    pub plan: RolloutPlan,
}

impl Rollouts<'_> {
    /// Begins to hand the traffic of a deployment to a version. One that is under way is superseded.
    pub async fn start(&self, ctx: &Context, request: StartRollout) -> Result<Rollout> {
        request.plan.validate().map_err(|error| Error::invalid("canary", error.to_string()))?;
        conditions::validate(&request.plan.rollback)?;
        let (now, id) = (ctx.now(), ctx.new_id());
        let rollout = self
            .0
            .mutate(ctx, Permission::Deploy, move |conn| {
                Box::pin(async move {
                    let StartRollout { deployment: name, model, version, plan } = request;
                    registry::files(conn, &model, version).await?;
                    let mut deployment = match db::serving::deployment::get(conn, &name).await? {
                        Some(found) => found.changed(now),
                        None => {
                            let reference = format!("{model}@{}", domain::registry::alias::CHAMPION);
                            Deployment::new(name.clone(), DeploymentSpec::following(reference), now)
                        }
                    };
                    deployment.spec.plan = plan;
                    let promotes = super::deployment::follows_champion(&deployment.spec.model);
                    let start = Start { id, model, version, promotes };
                    let rollout = start_in(conn, deployment, start, now).await?;
                    let audit = Audit::new("serving.rollout.start", "rollout", &rollout.id);
                    let detail = serde_json::json!({
                        "deployment": name, "model": rollout.model, "version": version, "plan": rollout.plan,
                    });
                    Ok((rollout, audit.detail(detail)))
                })
            })
            .await?;
        self.0.deployments().reconcile(&self.0.system()).await?;
        Ok(rollout)
    }

    /// One rollout.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Rollout> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        db::serving::rollout::get(&mut reader.conn(), id)
            .await?
            .ok_or_else(|| Error::not_found("rollout", id))
    }

    /// The newest rollouts of a deployment, newest first.
    pub async fn list(&self, ctx: &Context, deployment: &Name, limit: i64) -> Result<Vec<Rollout>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(db::serving::rollout::list(&mut reader.conn(), deployment, limit.clamp(1, MAX_PAGE)).await?)
    }
}

/// A rollout to be put on record.
pub(super) struct Start {
    pub id: Id,
    pub model: ModelName,
    pub version: i64,
    pub promotes: bool,
}

/// Puts a new rollout on record and on its deployment. One to the same version that is under way goes on as it is.
pub(super) async fn start_in(
    conn: &mut Conn<'_>,
    deployment: Deployment,
    start: Start,
    now: Timestamp,
) -> Result<Rollout> {
    if let Some(running) = running(conn, &deployment).await? {
        if running.model == start.model && running.version == start.version {
            db::serving::deployment::put(conn, &deployment).await?;
            return Ok(running);
        }
        let superseded = running.superseded(now, start.id.clone()).map_err(transition)?;
        db::serving::rollout::put(conn, &superseded).await?;
    }
    let rollout = Rollout {
        id: start.id,
        deployment: deployment.name.clone(),
        model: start.model,
        version: start.version,
        from_version: deployment.live.as_ref().map(|live| live.version),
        plan: deployment.spec.plan.clone(),
        state: RolloutState::Loading,
        promotes: start.promotes,
        started_ms: now,
    };
    db::serving::rollout::put(conn, &rollout).await?;
    let deployment = Deployment { rollout: Some(rollout.id.clone()), ..deployment };
    db::serving::deployment::put(conn, &deployment).await?;
    Ok(rollout)
}

/// Ends the rollout under way, if any; the version that has the traffic keeps it.
pub(super) async fn end_running(
    conn: &mut Conn<'_>,
    deployment: Deployment,
    now: Timestamp,
    reason: String,
) -> Result<Deployment> {
    let Some(running) = running(conn, &deployment).await? else {
        return Ok(deployment);
    };
    let ended = running.rolled_back(now, reason).map_err(transition)?;
    db::serving::rollout::put(conn, &ended).await?;
    let deployment = Deployment { rollout: None, ..deployment }.changed(now);
    db::serving::deployment::put(conn, &deployment).await?;
    Ok(deployment)
}

pub(super) async fn running(conn: &mut Conn<'_>, deployment: &Deployment) -> Result<Option<Rollout>> {
    let Some(id) = &deployment.rollout else {
        return Ok(None);
    };
    let rollout = db::serving::rollout::get(conn, id).await?;
    Ok(rollout.filter(|rollout| !rollout.state.is_final()))
}

pub(super) fn transition(error: domain::serving::InvalidTransition) -> Error {
    Error::conflict("rollout", "", error.to_string())
}
