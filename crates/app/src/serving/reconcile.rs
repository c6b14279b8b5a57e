//! The reconciler: compares what is declared with what runs, and acts. Idempotent; a wake-up is only a hint.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::inference::Limits;
use domain::pipelines::decision::DecisionOutcome;
use domain::registry::alias::AliasChange;
use domain::registry::model::ModelName;
use domain::serving::{Deployment, DeploymentState, Rollout, RolloutState, RouteKind, ServedVersion, Share};
use domain::{Name, Timestamp};
use futures::future::BoxFuture;

use super::conditions::Observed;
use super::deployment::{Deployments, Said, follows_champion, record};
use super::endpoint::{Endpoint, Route};
use super::rollout::{Start, running, start_in};
use super::slot::{Slot, SlotKey, SlotState};
use super::stats::RouteStats;
use super::{Serving, registry};
use crate::{App, Audit, Context, Result};
use domain::governance::role::Permission;

/// How often the prediction logs are compacted.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// Most transitions of one deployment in one round; a rollout has fewer that need no waiting.
const MAX_TRANSITIONS: usize = 4;

impl Deployments<'_> {
    /// One round: loads what is missing, moves rollouts on, swaps routes, lets go of what is no longer needed.
    ///
    /// Never waits for a load: a load that ends calls this again.
    pub async fn reconcile(&self, ctx: &Context) -> Result<()> {
        let serving = self.0.serving();
        let _one = serving.reconciling.lock().await;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let deployments = db::serving::deployment::list(&mut reader.conn()).await?;
        drop(reader);
        let mut wanted = HashSet::new();
        for deployment in deployments {
            let name = deployment.name.clone();
            match self.reconcile_one(ctx, deployment).await {
                Ok(keys) => wanted.extend(keys),
                Err(error) => {
                    tracing::error!(deployment = %name, %error, "reconciling failed");
                    wanted.extend(serving.slots().keys().filter(|key| key.deployment == name).cloned());
                }
            }
        }
        serving.slots().retain(|key, _| wanted.contains(key));
        self.tidy_when_due();
        Ok(())
    }

    /// Starts the compaction of the logs when it is due, without waiting for it.
    fn tidy_when_due(&self) {
        let mut tidied = self.0.serving().tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if tidied.is_some_and(|last| last.elapsed() < TIDY_EVERY) {
            return;
        }
        *tidied = Some(Instant::now());
        let app = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = app.deployments().tidy_logs(&app.system()).await {
                tracing::warn!(%error, "compacting the prediction logs failed");
            }
        });
    }

    /// Seals and compacts the logs of all deployments; returns how many files were compacted.
    pub async fn tidy_logs(&self, ctx: &Context) -> Result<usize> {
        let mut compacted = 0;
        for status in self.list(ctx).await? {
            compacted += self.0.predictions().tidy(ctx, &status.deployment.name).await?;
        }
        Ok(compacted)
    }

    /// The slots that the deployment needs.
    async fn reconcile_one(&self, ctx: &Context, deployment: Deployment) -> Result<Vec<SlotKey>> {
        let name = deployment.name.clone();
        let mut deployment = self.follow_alias(ctx, deployment).await?;
        let mut rollout = None;
        for _ in 0..MAX_TRANSITIONS {
            rollout = self.running(ctx, &deployment).await?;
            self.load_missing(&deployment, rollout.as_ref());
            // Before the move, so that a share is in force before it counts.
            self.publish(ctx, &deployment, rollout.as_ref()).await?;
            let Some(next) = self.next(ctx, &deployment, rollout.as_ref()) else {
                break;
            };
            self.commit(ctx, next).await?;
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            match db::serving::deployment::get(&mut reader.conn(), &name).await? {
                Some(found) => deployment = found,
                None => return Ok(Vec::new()),
            }
        }
        Ok(keys(&deployment, rollout.as_ref()))
    }

    async fn running(&self, ctx: &Context, deployment: &Deployment) -> Result<Option<Rollout>> {
        if deployment.rollout.is_none() {
            return Ok(None);
        }
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        running(&mut reader.conn(), deployment).await
    }

    /// An alias that was moved by hand is followed, unless that very version has just failed here.
    async fn follow_alias(&self, ctx: &Context, deployment: Deployment) -> Result<Deployment> {
        if deployment.rollout.is_some() || !deployment.spec.model.contains('@') {
            return Ok(deployment);
        }
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        // A model that is gone leaves the deployment with what it has.
        let Ok((model, version)) = registry::resolve(&mut conn, &deployment.spec.model).await else {
            return Ok(deployment);
        };
        let is_live = |live: &ServedVersion| live.model == model && live.version == version;
        if deployment.live.as_ref().is_some_and(is_live) {
            return Ok(deployment);
        }
        let last = db::serving::rollout::list(&mut conn, &deployment.name, 1).await?;
        drop(reader);
        let failed_here = last.first().is_some_and(|last| {
            last.model == model && last.version == version && !matches!(last.state, RolloutState::Done { .. })
        });
        if failed_here {
            return Ok(deployment);
        }
        let (now, name) = (ctx.now(), deployment.name.clone());
        let promotes = follows_champion(&deployment.spec.model);
        let start = Start { id: ctx.new_id(), model, version, promotes };
        self.0
            .mutate(ctx, Permission::Deploy, move |conn| {
                Box::pin(async move {
                    let current = db::serving::deployment::get(conn, &name).await?;
                    let current = current.filter(|current| current.generation == deployment.generation);
                    let Some(current) = current else {
                        return Err(crate::Error::conflict("deployment", &name, "it has just been changed"));
                    };
                    let rollout = start_in(conn, current.changed(now), start, now).await?;
                    let audit = Audit::new("serving.rollout.start", "rollout", &rollout.id)
                        .detail(serde_json::json!({"deployment": name, "version": rollout.version, "because": "alias moved"}));
                    let deployment = db::serving::deployment::get(conn, &name).await?;
                    Ok((deployment.expect("it was written in this transaction"), audit))
                })
            })
            .await
    }

    fn load_missing(&self, deployment: &Deployment, rollout: Option<&Rollout>) {
        let limits =
            Limits { workers: deployment.spec.workers as usize, queue: deployment.spec.queue as usize };
        for key in keys(deployment, rollout) {
            let attempt = {
                let mut slots = self.0.serving().slots();
                match slots.get_mut(&key) {
                    None => {
                        let state = SlotState::Loading;
                        slots.insert(key.clone(), Slot { state, stats: Arc::default() });
                        Some(1)
                    }
                    Some(slot) => slot.state.next_attempt().inspect(|_| slot.state = SlotState::Loading),
                }
            };
            if let Some(attempt) = attempt {
                tokio::spawn(load(self.0.clone(), key, limits, attempt));
            }
        }
    }

    /// The move that is due, if any.
    fn next(&self, ctx: &Context, deployment: &Deployment, rollout: Option<&Rollout>) -> Option<Move> {
        let rollout = rollout?;
        let now = ctx.now();
        let serving = self.0.serving();
        let key = key(deployment, &rollout.model, rollout.version);
        let moved =
            |rollout, outcome, reason: String, evidence| Move { now, rollout, outcome, reason, evidence };
        let none = serde_json::json!({});
        match &rollout.state {
            RolloutState::Loading => {
                let slots = serving.slots();
                match &slots.get(&key)?.state {
                    SlotState::Loading => None,
                    SlotState::Failed { reason, .. } => {
                        let failed = rollout.clone().failed(now, reason.clone()).ok()?;
                        let reason = format!("version {} could not be loaded: {reason}", rollout.version);
                        Some(moved(failed, DecisionOutcome::Failed, reason, none))
                    }
                    SlotState::Ready(loaded) => {
                        let evidence = serde_json::json!({"runtime": loaded.report});
                        let next = rollout.clone().loaded(now).ok()?;
                        Some(advanced(now, next, evidence))
                    }
                }
            }
            RolloutState::Canary { .. } => {
                let observed = serving.observed(deployment, rollout)?;
                if let Some((condition, evidence)) = observed.violated(&rollout.plan.rollback) {
                    let reason = format!("version {}: {condition}", rollout.version);
                    let back = rollout.clone().rolled_back(now, reason.clone()).ok()?;
                    return Some(moved(back, DecisionOutcome::RolledBack, reason, evidence));
                }
                if !rollout.is_due(now) {
                    return None;
                }
                let evidence = observed.evidence(&rollout.plan.rollback);
                Some(advanced(now, rollout.clone().advance(now).ok()?, evidence))
            }
            _ => None,
        }
    }

    /// Stores a move with its decision, and with what a finished rollout changes, in one transaction.
    async fn commit(&self, ctx: &Context, step: Move) -> Result<()> {
        let (decision, actor) = (ctx.new_id(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::Deploy, move |conn| {
                Box::pin(async move {
                    let Move { now, rollout, outcome, reason, evidence } = step;
                    let name = rollout.deployment.clone();
                    let found = db::serving::deployment::get(conn, &name).await?;
                    // Somebody rolled back or started another rollout since the move was computed.
                    let current = found.filter(|found| found.rollout.as_ref() == Some(&rollout.id));
                    let Some(deployment) = current else {
                        return Err(crate::Error::conflict("rollout", &rollout.id, "it has just been changed"));
                    };
                    if let RolloutState::Done { .. } = rollout.state {
                        let deployment = deployment.serving(rollout.model.clone(), rollout.version, now);
                        if let Some(live) = deployment.live.as_ref().filter(|_| rollout.promotes) {
                            let why = format!("the rollout to {name} is done");
                            registry::move_champion(conn, live, AliasChange::Set, now, (&actor, &why)).await?;
                        }
                        db::serving::deployment::put(conn, &deployment).await?;
                    } else if rollout.state.is_final() {
                        let deployment = Deployment { rollout: None, ..deployment }.changed(now);
                        db::serving::deployment::put(conn, &deployment).await?;
                    }
                    db::serving::rollout::put(conn, &rollout).await?;
                    let said = Said { subject: &name, outcome, reason: &reason };
                    let evidence = serde_json::json!({
                        "rollout": rollout.id, "model": rollout.model, "version": rollout.version,
                        "from_version": rollout.from_version, "share": rollout.share(), "observed": evidence,
                    });
                    record(conn, decision, now, said, evidence).await?;
                    let audit = Audit::new("serving.rollout.move", "rollout", &rollout.id);
                    let detail = serde_json::json!({
                        "deployment": name, "state": rollout.state, "share": rollout.share(), "reason": reason,
                    });
                    Ok(((), audit.detail(detail)))
                })
            })
            .await
    }

    /// Puts the routes that are ready in force.
    async fn publish(&self, ctx: &Context, deployment: &Deployment, rollout: Option<&Rollout>) -> Result<()> {
        let failed = if deployment.live.is_none() && rollout.is_none() {
            self.last_failure(ctx, &deployment.name).await?
        } else {
            None
        };
        self.0.serving().publish(deployment, rollout, failed);
        Ok(())
    }

    async fn last_failure(&self, ctx: &Context, name: &Name) -> Result<Option<String>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let last = db::serving::rollout::list(&mut reader.conn(), name, 1).await?;
        Ok(last.into_iter().next().and_then(|last| match last.state {
            RolloutState::Failed { reason, .. } | RolloutState::RolledBack { reason, .. } => Some(reason),
            _ => None,
        }))
    }
}

/// One move of a rollout with its reason.
struct Move {
    now: Timestamp,
    rollout: Rollout,
    outcome: DecisionOutcome,
    reason: String,
    evidence: serde_json::Value,
}

fn advanced(now: Timestamp, rollout: Rollout, evidence: serde_json::Value) -> Move {
    let share = rollout.share();
    let (outcome, reason) = if share == Share::FULL {
        (DecisionOutcome::Completed, format!("version {} has all traffic", rollout.version))
    } else {
        (DecisionOutcome::Advanced, format!("version {} has {share} of the traffic", rollout.version))
    };
    Move { now, rollout, outcome, reason, evidence }
}

fn key(deployment: &Deployment, model: &ModelName, version: i64) -> SlotKey {
    SlotKey { deployment: deployment.name.clone(), model: model.clone(), version }
}

/// Live, to come, and to go back to.
fn keys(deployment: &Deployment, rollout: Option<&Rollout>) -> Vec<SlotKey> {
    let served = deployment.live.iter().chain(deployment.previous());
    let mut keys: Vec<SlotKey> =
        served.map(|served| key(deployment, &served.model, served.version)).collect();
    keys.extend(rollout.map(|rollout| key(deployment, &rollout.model, rollout.version)));
    keys
}

/// Loads one version, then reconciles; boxed, since that may load again.
fn load(app: App, key: SlotKey, limits: Limits, attempt: u32) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let ctx = app.system();
        let begun = Instant::now();
        let result = app.inference().load(&ctx, &key.model, key.version, limits).await;
        let state = match result {
            Ok(loaded) => {
                let took_ms = begun.elapsed().as_millis();
                tracing::info!(deployment = %key.deployment, model = %key.model, version = key.version, took_ms, "loaded");
                SlotState::Ready(loaded)
            }
            Err(error) => {
                tracing::warn!(deployment = %key.deployment, version = key.version, %error, "loading failed");
                SlotState::Failed { reason: error.to_string(), attempt, since: Instant::now() }
            }
        };
        if let Some(slot) = app.serving().slots().get_mut(&key) {
            slot.state = state;
        }
        if let Err(error) = app.deployments().reconcile(&ctx).await {
            tracing::error!(%error, "reconciling failed");
        }
    })
}

impl Serving {
    pub(super) fn slots(&self) -> MutexGuard<'_, HashMap<SlotKey, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self, key: &SlotKey) -> Option<Arc<RouteStats>> {
        self.slots().get(key).map(|slot| Arc::clone(&slot.stats))
    }

    fn observed(&self, deployment: &Deployment, rollout: &Rollout) -> Option<Observed> {
        let live = deployment.live.as_ref()?;
        let canary = self.stats(&key(deployment, &rollout.model, rollout.version))?;
        let live = self.stats(&key(deployment, &live.model, live.version))?;
        Some(Observed::new(&canary, &live))
    }

    fn publish(&self, deployment: &Deployment, rollout: Option<&Rollout>, failed: Option<String>) {
        let share = rollout.map_or(Share::NONE, Rollout::share);
        let mut routes = Vec::new();
        // The first version answers before it is on record: who reads there that it is live can ask it.
        let first = rollout.map(|rollout| (&rollout.model, rollout.version));
        let live = deployment.live.as_ref().map(|live| (&live.model, live.version));
        if let Some((model, version)) = live.or(first) {
            routes.extend(self.ready_route(deployment, model, version, RouteKind::Live, share.rest()));
        }
        // A canary never answers for a version that has the traffic but is not there yet.
        let canary = rollout.filter(|_| live.is_some() && !routes.is_empty() && share > Share::NONE);
        if let Some(rollout) = canary {
            let kind = RouteKind::Canary;
            routes.extend(self.ready_route(deployment, &rollout.model, rollout.version, kind, share));
        }
        let waiting = self.waiting(deployment, rollout, failed);
        let endpoint = Endpoint {
            name: deployment.name.clone(),
            timeout: Duration::from_millis(deployment.spec.timeout_ms.unsigned_abs()),
            routes,
            waiting,
        };
        let endpoint = Arc::new(endpoint);
        self.endpoints.rcu(|endpoints| {
            let mut next = HashMap::clone(endpoints);
            next.insert(deployment.name.to_string(), Arc::clone(&endpoint));
            next
        });
    }

    fn ready_route(
        &self,
        deployment: &Deployment,
        model: &ModelName,
        version: i64,
        kind: RouteKind,
        share: Share,
    ) -> Option<Route> {
        let slots = self.slots();
        let slot = slots.get(&key(deployment, model, version))?;
        let SlotState::Ready(loaded) = &slot.state else {
            return None;
        };
        let (loaded, stats) = (Arc::clone(&loaded.model), Arc::clone(&slot.stats));
        Some(Route { kind, model: model.clone(), version, share, loaded, stats })
    }

    /// What a deployment without a route waits for.
    fn waiting(
        &self,
        deployment: &Deployment,
        rollout: Option<&Rollout>,
        failed: Option<String>,
    ) -> (DeploymentState, String) {
        let target = match (&deployment.live, rollout) {
            (Some(live), _) => (&live.model, live.version),
            (None, Some(rollout)) => (&rollout.model, rollout.version),
            (None, None) => {
                return match failed {
                    Some(reason) => (DeploymentState::Failed, reason),
                    None => (DeploymentState::Empty, "nothing has been rolled out".to_owned()),
                };
            }
        };
        match self.slots().get(&key(deployment, target.0, target.1)).map(|slot| &slot.state) {
            Some(SlotState::Failed { reason, .. }) => (DeploymentState::Failed, reason.clone()),
            _ => (DeploymentState::Starting, format!("{} version {} is being loaded", target.0, target.1)),
        }
    }
}
