//! Purges: what is deleted goes for good, in small transactions, and on after a restart.

use std::collections::{HashMap, HashSet};

use db::Conn;
use db::governance::audit_event;
use db::governance::purge::{self, Plan, Step};
use db::governance::trash::{self, Chosen, Found};
use db::governance::unused::{self, Unused};
use db::governance::{purge::Unit, retention};
use domain::data::FileId;
use domain::governance::audit_event::Outcome;
use domain::governance::role::Permission;
use domain::governance::trash::{DAY_MS, Freed, Kept, MAX_DAYS, Purge, PurgeState, TrashRef};
use domain::tracking::experiment::ExperimentId;
use domain::{Id, Timestamp};

use super::trash::Trash;
use crate::{Audit, Context, Error, ErrorKind, Result};

/// Things that are chosen by a rule at once; the rest is for the next time.
const MAX_CHOSEN: i64 = 100_000;
/// Things that are chosen one by one.
const MAX_REFS: usize = 10_000;
/// Purges that are listed.
const LISTED: i64 = 100;
/// Files that are looked for in trees and documents at once.
const SWEPT: i64 = 10_000;
/// Files that are doomed at once.
const DOOMED: usize = 256;
/// A file that lost its record outside a purge stays for so long, for whoever is reading it.
const GRACE_MS: i64 = 60 * 60 * 1000;
/// How often a thing is tried that the database refuses to let go.
const TRIES: u32 = 3;
/// Why the background purges.
const RETENTION: &str = "retention";

/// What is to be purged: named things, or all of the trash that fits; all of it when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// These.
    pub refs: Vec<TrashRef>,
    /// Only this experiment and what is in it.
    pub experiment: Option<ExperimentId>,
    /// Only what was deleted so many days ago or earlier.
    pub older_than_days: Option<i64>,
}

/// What a purge would take.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How much.
    pub freed: Freed,
    /// What stays although it was chosen.
    pub kept: Vec<Kept>,
    /// Whether there is more than one purge takes.
    pub more: bool,
}

/// A purge that began.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The purge.
    pub purge: Purge,
    /// What stays although it was chosen.
    pub kept: Vec<Kept>,
    /// Whether there is more than one purge takes.
    pub more: bool,
}

impl Trash<'_> {
    /// Says what a purge would take and how many bytes it would free; takes nothing.
    pub async fn preview(&self, ctx: &Context, selection: &Selection) -> Result<Preview> {
        let mut reader = self.0.read(ctx, Permission::Administer).await?;
        let mut conn = reader.conn();
        let (plan, more) = planned(&mut conn, selection, ctx.now()).await?;
        let (mut freed, files) = purge::measure(&mut conn, &plan).await?;
        let ids: HashSet<FileId> = files.keys().copied().collect();
        let held = self.held(&mut conn, &ids).await?;
        for (id, size) in files {
            if !held.contains(&id) {
                freed.files += 1;
                freed.bytes += size;
            }
        }
        Ok(Preview { freed, kept: plan.kept, more })
    }

    /// Begins to purge; the work is done in the background, or by [`Trash::work_off`].
    pub async fn purge(&self, ctx: &Context, selection: Selection) -> Result<Begun> {
        let (id, now, actor) = (ctx.new_id(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    let (plan, more) = planned(conn, &selection, now).await?;
                    let purge = begin(conn, (id, actor, "asked"), &plan.units, now).await?;
                    let audit = Audit::new("governance.trash.purge", "purge", &purge.id)
                        .detail(serde_json::json!({"things": plan.units.len(), "kept": plan.kept.len()}));
                    Ok((Begun { purge, kept: plan.kept, more }, audit))
                })
            })
            .await
    }

    /// A purge, and how many things it has still to take.
    pub async fn purge_status(&self, ctx: &Context, id: &Id) -> Result<(Purge, i64)> {
        let mut reader = self.0.read(ctx, Permission::Administer).await?;
        let mut conn = reader.conn();
        let found = purge::get(&mut conn, id).await?.ok_or_else(|| Error::not_found("purge", id))?;
        Ok((found, purge::left(&mut conn, id).await?))
    }

    /// The newest purges.
    pub async fn purges(&self, ctx: &Context) -> Result<Vec<Purge>> {
        let mut reader = self.0.read(ctx, Permission::Administer).await?;
        Ok(purge::list(&mut reader.conn(), LISTED).await?)
    }

    /// Works until a purge is finished; purges that began before come first.
    pub async fn work_off(&self, ctx: &Context, id: &Id) -> Result<Purge> {
        loop {
            let (found, _) = self.purge_status(ctx, id).await?;
            if found.state == PurgeState::Finished {
                return Ok(found);
            }
            self.advance(ctx).await?;
        }
    }

    /// Does the next piece of the oldest unfinished purge: one transaction, or one batch of files. Whether there was one.
    pub async fn advance(&self, ctx: &Context) -> Result<bool> {
        self.0.authorize(ctx, Permission::Administer).await?;
        let _one_at_a_time = self.0.inner.purging.lock().await;
        let found = {
            let mut reader = self.0.inner.db.read().await?;
            purge::unfinished(&mut reader.conn(), None).await?
        };
        let Some(found) = found else { return Ok(false) };
        let mut ctx = ctx.clone();
        ctx.actor.name.clone_from(&found.actor);
        match found.state {
            PurgeState::Running => self.take_next(&ctx, found.id).await?,
            PurgeState::Sweeping | PurgeState::Finished => self.sweep(&ctx, found).await?,
        }
        Ok(true)
    }

    /// Takes the next piece of the next thing. What cannot be taken, after some tries, stays in the trash: it does not keep
    /// the rest from going.
    async fn take_next(&self, ctx: &Context, id: Id) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.take_piece(ctx, id.clone()).await {
                Err(error) if error.kind() == ErrorKind::Internal && tries == TRIES => {
                    tracing::error!(%error, purge = %id, "a thing cannot be purged: it stays in the trash");
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Internal => {}
                done => return done,
            }
        }
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move {
                    if let Some(item) = purge::next(conn, &id).await? {
                        purge::done(conn, &id, item.seq).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Takes the next piece of the next thing, with an audit event when that was its last.
    async fn take_piece(&self, ctx: &Context, id: Id) -> Result<()> {
        let (context, now) = (ctx.clone(), ctx.now());
        let event = self
            .0
            .inner
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let Some(item) = purge::next(conn, &id).await? else {
                        purge::sweep(conn, &id).await?;
                        return Ok(None);
                    };
                    let (freed, gone) = match purge::take(conn, &id, item.unit, now).await? {
                        Step::Some(freed) => {
                            purge::count(conn, &id, &freed).await?;
                            return Ok(None);
                        }
                        Step::Last(freed, gone) => (freed, Some(gone)),
                        Step::Nothing => (Freed::default(), None),
                    };
                    purge::count(conn, &id, &freed).await?;
                    purge::done(conn, &id, item.seq).await?;
                    let Some(gone) = gone else { return Ok(None) };
                    let (action, noun) = named(item.unit);
                    let audit = Audit::new(action, noun, gone)
                        .detail(serde_json::json!({"purge": id, "rows": freed.rows}));
                    Ok(Some(audit_event::append(conn, audit.into_event(&context, Outcome::Done)).await?))
                })
            })
            .await?;
        if let Some(event) = event {
            self.0.notices().publish(&event);
        }
        Ok(())
    }

    /// Removes the next files that a purge let go; without any, the purge is finished.
    async fn sweep(&self, ctx: &Context, found: Purge) -> Result<()> {
        let waiting = {
            let mut reader = self.0.inner.db.read().await?;
            unused::waiting(&mut reader.conn(), Some(&found.id), ctx.now(), SWEPT).await?
        };
        if !waiting.is_empty() {
            return self.remove(ctx, waiting, Some(found.id)).await;
        }
        let now = ctx.now();
        self.0
            .mutate(ctx, Permission::Read, move |conn| {
                Box::pin(async move {
                    purge::finish(conn, &found.id, now).await?;
                    let audit = Audit::new("governance.purge.finish", "purge", &found.id)
                        .detail(serde_json::json!({"rows": found.freed.rows, "files": found.freed.files,
                                           "bytes": found.freed.bytes}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Removes those of the files that nothing names; what is being stored again right now is left for later.
    async fn remove(&self, ctx: &Context, files: Vec<Unused>, counted: Option<Id>) -> Result<()> {
        let sizes: HashMap<FileId, i64> = files.iter().map(|unused| (unused.file, unused.size)).collect();
        let ids: Vec<FileId> = files.iter().map(|unused| unused.file).collect();
        let mut reader = self.0.inner.db.read().await?;
        let mut conn = reader.conn();
        let mut used = self.held(&mut conn, &ids.iter().copied().collect()).await?;
        let mut gone = Vec::new();
        for chunk in ids.chunks(DOOMED) {
            let doomed = self.0.objects().doom(chunk);
            // Asked after they were doomed: who names one of them from here on has stored it again before, and is seen.
            used.extend(unused::named(&mut conn, doomed.ids()).await?);
            let free: HashSet<FileId> =
                doomed.ids().iter().filter(|id| !used.contains(id)).copied().collect();
            let removed = tokio::task::spawn_blocking(move || doomed.remove(&free)).await;
            gone.extend(removed.map_err(Error::internal)??);
        }
        drop(reader);
        let done: HashSet<FileId> = gone.iter().chain(&used).copied().collect();
        let busy: Vec<FileId> = ids.iter().filter(|id| !done.contains(id)).copied().collect();
        let bytes = gone.iter().filter_map(|id| sizes.get(id)).sum();
        let freed = Freed { files: i64::try_from(gone.len()).unwrap_or(i64::MAX), bytes, ..Freed::default() };
        let now = ctx.now();
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move {
                    let looked_at: Vec<FileId> = ids.into_iter().filter(|id| done.contains(id)).collect();
                    unused::forget(conn, &looked_at).await?;
                    unused::put_off(conn, &busy, now).await?;
                    if let Some(id) = counted {
                        purge::count(conn, &id, &freed).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Those of the files that a tree or a document names.
    async fn held(&self, conn: &mut Conn<'_>, ids: &HashSet<FileId>) -> Result<HashSet<FileId>> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let (store, wanted) = (self.0.objects().clone(), ids.clone());
        let in_trees = tokio::task::spawn_blocking(move || store.in_trees(&wanted)).await;
        let mut held = in_trees.map_err(Error::internal)??;
        held.extend(unused::told(conn, ids).await?);
        Ok(held)
    }

    /// Removes files that lost their record some time ago, outside a purge; whether there were any.
    pub async fn clear_unused(&self, ctx: &Context) -> Result<bool> {
        self.0.authorize(ctx, Permission::Administer).await?;
        let _one_at_a_time = self.0.inner.purging.lock().await;
        let until = ctx.now().plus_millis(-GRACE_MS);
        let waiting = {
            let mut reader = self.0.inner.db.read().await?;
            unused::waiting(&mut reader.conn(), None, until, SWEPT).await?
        };
        if waiting.is_empty() {
            return Ok(false);
        }
        self.remove(ctx, waiting, None).await?;
        Ok(true)
    }

    /// Begins a purge of what the rules of retention say, if there is something and none is under way; whether it did.
    pub async fn apply_retention(&self, ctx: &Context) -> Result<bool> {
        let units = {
            let mut reader = self.0.read(ctx, Permission::Administer).await?;
            let mut conn = reader.conn();
            if purge::unfinished(&mut conn, Some(RETENTION)).await?.is_some() {
                return Ok(false);
            }
            overdue(&mut conn, ctx.now()).await?.units
        };
        if units.is_empty() {
            return Ok(false);
        }
        let (id, now, actor) = (ctx.new_id(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    let purge = begin(conn, (id, actor, RETENTION), &units, now).await?;
                    let audit = Audit::new("governance.trash.purge", "purge", &purge.id)
                        .detail(serde_json::json!({"things": units.len(), "cause": RETENTION}));
                    Ok((true, audit))
                })
            })
            .await
    }
}

/// How the audit log names the end of a thing.
fn named(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Run(_) => ("tracking.run.purge", "run"),
        Unit::LoggedModel(_) => ("tracking.logged_model.purge", "logged_model"),
        Unit::Experiment(_) => ("tracking.experiment.purge", "experiment"),
        Unit::Model(_) => ("registry.model.purge", "model"),
        Unit::ModelVersion(..) => ("registry.model_version.purge", "model_version"),
    }
}

async fn begin(
    conn: &mut Conn<'_>,
    (id, actor, cause): (Id, String, &str),
    units: &[Unit],
    now: Timestamp,
) -> Result<Purge> {
    let purge = Purge {
        id,
        actor,
        cause: cause.to_owned(),
        state: PurgeState::Running,
        created: now,
        finished: None,
        freed: Freed::default(),
    };
    purge::insert(conn, &purge, units).await?;
    Ok(purge)
}

/// What a selection comes to, and whether there is more.
async fn planned(conn: &mut Conn<'_>, selection: &Selection, now: Timestamp) -> Result<(Plan, bool)> {
    if selection.refs.is_empty() {
        let until = selection.older_than_days.map(|days| until(days, now)).transpose()?;
        if let Some(id) = selection.experiment
            && db::tracking::experiment::bare(conn, id).await?.is_none()
        {
            return Err(Error::not_found("experiment", id));
        }
        let chosen = Chosen { kind: None, experiment: selection.experiment, until };
        let mut found = trash::list(conn, &chosen, MAX_CHOSEN + 1).await?;
        let most = usize::try_from(MAX_CHOSEN).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        return Ok((purge::plan(conn, &numbered(found)).await?, more));
    }
    if selection.experiment.is_some() || selection.older_than_days.is_some() {
        let reason = "name the things to purge, or say which by experiment and age, not both";
        return Err(Error::invalid("refs", reason));
    }
    if selection.refs.len() > MAX_REFS {
        let reason = format!("at most {MAX_REFS} things can be named, these are {}", selection.refs.len());
        return Err(Error::invalid("refs", reason));
    }
    let mut chosen = Vec::with_capacity(selection.refs.len());
    for reference in &selection.refs {
        let found = trash::find(conn, reference).await?;
        let (num, _) = found.ok_or_else(|| Error::not_found("deleted thing", reference))?;
        chosen.push((reference.clone(), num));
    }
    Ok((purge::plan(conn, &chosen).await?, false))
}

fn numbered(found: Vec<Found>) -> Vec<(TrashRef, i64)> {
    found.into_iter().map(|found| (found.item.reference, found.num)).collect()
}

/// The time at which something must have been deleted to be so many days old.
fn until(days: i64, now: Timestamp) -> Result<Timestamp> {
    if (0..=MAX_DAYS).contains(&days) {
        return Ok(now.plus_millis(-days * DAY_MS));
    }
    Err(Error::invalid("older_than_days", format!("between 0 and {MAX_DAYS}, not {days}")))
}

/// What the rules say is to be purged now.
async fn overdue(conn: &mut Conn<'_>, now: Timestamp) -> Result<Plan> {
    let rules = retention::list(conn).await?;
    let own: HashSet<ExperimentId> = rules.iter().filter_map(|rule| rule.experiment).collect();
    let mut chosen = Vec::new();
    for rule in &rules {
        let until = Some(until(rule.days, now)?);
        let mut found =
            trash::list(conn, &Chosen { kind: None, experiment: rule.experiment, until }, MAX_CHOSEN).await?;
        if rule.experiment.is_none() {
            found.retain(|found| {
                let within = match found.item.reference {
                    TrashRef::Experiment(id) => Some(id),
                    _ => found.item.experiment,
                };
                within.is_none_or(|id| !own.contains(&id))
            });
        }
        chosen.extend(numbered(found));
    }
    Ok(purge::plan(conn, &chosen).await?)
}
