//! Runs that go to another experiment, and copies of runs and of whole experiments.

use std::collections::HashSet;

use db::Conn;
use db::tracking::relocate::{self, Source};
use db::tracking::{experiment as experiments, param, run};
use domain::Id;
use domain::governance::role::Permission;
use domain::tracking::experiment::{Experiment, ExperimentId, Lifecycle};
use domain::tracking::param::Tag;
use domain::tracking::run::RunInfo;

use super::experiment::{Experiments, active as active_experiment};
use super::run::{Runs, changing};
use crate::context::id_at;
use crate::{Audit, Context, Error, Result};

/// The tag of a copy that names the run that it was made of.
pub const SOURCE_TAG: &str = "volano.copiedFrom";
/// Runs that are moved at once at the most.
pub const MAX_MOVED: usize = 1000;
/// Runs that are copied at once at the most.
pub const MAX_COPIED: usize = 100;
/// Points that are copied at once at the most: they are written in one transaction.
const MAX_POINTS: i64 = 2_000_000;
/// Runs of an experiment that are looked at in one step of its copy.
const STEP: i64 = 20;

/// A run and the copy that was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The run.
    pub source: Id,
    /// Its copy.
    pub copy: Id,
}

/// What the copy of an experiment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExperimentCopy {
    /// Where the copies are.
    pub experiment: ExperimentId,
    /// Runs that were copied.
    pub copied: usize,
    /// Runs that had a copy there already.
    pub skipped: usize,
}

impl Runs<'_> {
    /// Moves runs with their logged models to another experiment, all or none. Their files stay where they are and are
    /// found as before.
    pub async fn move_to(&self, ctx: &Context, ids: Vec<Id>, to: ExperimentId) -> Result<()> {
        let ids = distinct(ids, MAX_MOVED)?;
        self.0
            .mutate_each(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let target = active_experiment(conn, to).await?;
                    let mut audits = Vec::with_capacity(ids.len());
                    for id in &ids {
                        let found = changing(conn, id).await?;
                        elsewhere(&found.info, &target)?;
                        relocate::move_run(conn, found.num, id, &target).await?;
                        audits.push(
                            Audit::new("tracking.run.move", "run", id)
                                .detail(serde_json::json!({"from": found.info.experiment, "to": to})),
                        );
                    }
                    Ok(((), audits))
                })
            })
            .await
    }

    /// Copies runs with their logged models into another experiment, all or none. A copy has an id of its own and names its
    /// source; files are shared by content.
    pub async fn copy_to(&self, ctx: &Context, ids: Vec<Id>, to: ExperimentId) -> Result<Vec<Copied>> {
        let ids = distinct(ids, MAX_COPIED)?;
        let now = ctx.now();
        self.0
            .mutate_each(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let target = active_experiment(conn, to).await?;
                    let (mut copies, mut audits) = (Vec::with_capacity(ids.len()), Vec::new());
                    let mut points = 0;
                    for id in ids {
                        let found = changing(conn, &id).await?;
                        elsewhere(&found.info, &target)?;
                        points += relocate::points(conn, found.num).await?;
                        if points > MAX_POINTS {
                            let limit = format!(
                                "{MAX_POINTS} points of metrics can be copied at once: copy fewer runs"
                            );
                            return Err(Error::LimitReached { limit });
                        }
                        let copy = copy(conn, &found, &target, now).await?;
                        audits.push(
                            Audit::new("tracking.run.copy", "run", &copy)
                                .detail(serde_json::json!({"source": id, "experiment": to})),
                        );
                        copies.push(Copied { source: id, copy });
                    }
                    Ok((copies, audits))
                })
            })
            .await
    }
}

impl Experiments<'_> {
    /// Copies the runs of an experiment into another, which is made with the same tags when its name is new. Runs that have
    /// a copy there are left out, so that what broke off can be done again.
    pub async fn copy(&self, ctx: &Context, from: ExperimentId, to: &str) -> Result<ExperimentCopy> {
        let source = self.get(ctx, from).await?;
        if source.lifecycle == Lifecycle::Deleted {
            return Err(Error::conflict("experiment", from, "it is deleted: restore it first"));
        }
        let target = match self.by_name(ctx, to).await {
            Ok(found) if found.lifecycle == Lifecycle::Deleted => {
                return Err(Error::conflict("experiment", to, "it is deleted: restore it first"));
            }
            Ok(found) => found.id,
            Err(Error::NotFound { .. }) => self.create(ctx, to, None, source.tags).await?,
            Err(error) => return Err(error),
        };
        if target == from {
            return Err(Error::invalid("to", format!("experiment {from} is the one to be copied")));
        }
        let mut done = ExperimentCopy { experiment: target, copied: 0, skipped: 0 };
        let mut after = -1;
        loop {
            let found = self
                .0
                .bookkeep(move |conn| {
                    Box::pin(async move {
                        Ok(relocate::to_copy(conn, from, target, SOURCE_TAG, after, STEP).await?)
                    })
                })
                .await?;
            let Some((last, ..)) = found.last() else { return Ok(done) };
            after = *last;
            for (_, id, copied) in found {
                if copied {
                    done.skipped += 1;
                    continue;
                }
                // One by one: a run may have as many points as one copy takes.
                self.0.runs().copy_to(ctx, vec![id], target).await?;
                done.copied += 1;
            }
        }
    }
}

fn distinct(ids: Vec<Id>, most: usize) -> Result<Vec<Id>> {
    if ids.is_empty() || ids.len() > most {
        let reason = format!("between 1 and {most} runs can be named, these are {}", ids.len());
        return Err(Error::invalid("runs", reason));
    }
    let mut seen = HashSet::new();
    let mut ids: Vec<Id> = ids.into_iter().filter(|id| seen.insert(id.clone())).collect();
    // In one order, so that two callers that take the same runs do not wait for each other in a circle.
    ids.sort_unstable();
    Ok(ids)
}

fn elsewhere(info: &RunInfo, target: &Experiment) -> Result<()> {
    if info.experiment != target.id {
        return Ok(());
    }
    let reason = format!("run {} is in experiment {} ({}) already", info.id, target.id, target.name);
    Err(Error::invalid("to", reason))
}

async fn copy(
    conn: &mut Conn<'_>,
    found: &run::Numbered,
    target: &Experiment,
    now: domain::Timestamp,
) -> Result<Id> {
    let id = id_at(now);
    let info = RunInfo {
        id: id.clone(),
        experiment: target.id,
        artifact_uri: format!("{}/{id}/artifacts", target.location),
        ..found.info.clone()
    };
    let num = run::insert(conn, &info).await?;
    let source = Source { num: found.num, id: &found.info.id, artifact_uri: &found.info.artifact_uri };
    relocate::copy_logged(conn, source, (num, &id), target, SOURCE_TAG, &|| id_at(now), now).await?;
    param::set_tags(conn, num, target.id, &[Tag::new(SOURCE_TAG, found.info.id.as_str())]).await?;
    Ok(id)
}

async fn named(conn: &mut Conn<'_>, text: &str) -> Result<Experiment> {
    let found = match ExperimentId::parse(text) {
        Ok(number) => experiments::bare(conn, number).await?,
        Err(_) => None,
    };
    match found {
        Some(found) => Ok(found),
        None => experiments::by_name(conn, text).await?.ok_or_else(|| Error::not_found("experiment", text)),
    }
}

impl Experiments<'_> {
    /// The experiment of that number or name, in use or not: a number that is none is looked for as a name.
    pub async fn named(&self, ctx: &Context, text: &str) -> Result<Experiment> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        named(&mut reader.conn(), text).await
    }
}
