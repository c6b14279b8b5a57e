//! Experiments.

use std::collections::HashMap;

pub use db::tracking::experiment::Activity;

use db::Conn;
use db::governance::purge;
use db::tracking::experiment;
use domain::governance::role::Permission;
use domain::search::Object;
use domain::search::page::{Page, Place};
use domain::tracking::experiment::{
    Experiment, ExperimentId, Lifecycle, MAX_TAG_VALUE_LEN, check_location, check_name,
};
use domain::tracking::param::{MAX_KEY_LEN, Tag};
use domain::tracking::validation::{check_key, check_length};

use super::SearchRequest;
use crate::{App, Audit, Context, Error, Result};

/// Most experiments on one page.
pub const MAX_PAGE: i64 = 50_000;

/// Experiments as a view on [`App`].
pub struct Experiments<'a>(pub(super) &'a App);

impl App {
    /// The experiments.
    pub fn experiments(&self) -> Experiments<'_> {
        Experiments(self)
    }
}

impl Experiments<'_> {
    /// Makes an experiment. Its name must be new, also among deleted ones; without a location it gets its own folder.
    pub async fn create(
        &self,
        ctx: &Context,
        name: &str,
        location: Option<&str>,
        tags: Vec<Tag>,
    ) -> Result<ExperimentId> {
        check_name(name)?;
        for tag in &tags {
            check_tag(tag)?;
        }
        let location = location.filter(|location| !location.is_empty()).map(check_location).transpose()?;
        let (name, now) = (name.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    if experiment::by_name(conn, &name).await?.is_some() {
                        return Err(taken(&name));
                    }
                    let id = experiment::insert(conn, &name, location.as_deref(), now)
                        .await
                        .map_err(|error| duplicate(error, &name))?;
                    for tag in &tags {
                        experiment::set_tag(conn, id, tag, now).await?;
                    }
                    let audit = Audit::new("tracking.experiment.create", "experiment", id)
                        .detail(serde_json::json!({"name": name}));
                    Ok((id, audit))
                })
            })
            .await
    }

    /// The experiment of that name, made when there is none.
    pub async fn ensure(&self, ctx: &Context, name: &str) -> Result<ExperimentId> {
        match self.by_name(ctx, name).await {
            Ok(found) => return Ok(found.id),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.create(ctx, name, None, Vec::new()).await {
            Err(Error::AlreadyExists { .. }) => Ok(self.by_name(ctx, name).await?.id),
            made => made,
        }
    }

    /// One experiment, deleted or not.
    pub async fn get(&self, ctx: &Context, id: ExperimentId) -> Result<Experiment> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        find(&mut reader.conn(), id).await
    }

    /// One experiment by name, deleted or not.
    pub async fn by_name(&self, ctx: &Context, name: &str) -> Result<Experiment> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = experiment::by_name(&mut reader.conn(), name).await?;
        found.ok_or_else(|| Error::not_found("experiment name", name))
    }

    /// The experiment in use that a text means: the one of that number, or else the one of that name.
    pub async fn meant(&self, ctx: &Context, text: &str) -> Result<ExperimentId> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let in_use = |found: &Experiment| found.lifecycle == Lifecycle::Active;
        if let Ok(id) = ExperimentId::parse(text)
            && let Some(found) = experiment::bare(&mut conn, id).await?.filter(in_use)
        {
            return Ok(found.id);
        }
        let found = experiment::by_name(&mut conn, text).await?.filter(in_use);
        found.map(|found| found.id).ok_or_else(|| Error::not_found("experiment", text))
    }

    /// A page of the experiments that match.
    pub async fn search(&self, ctx: &Context, request: &SearchRequest) -> Result<Page<Experiment>> {
        let mut search = request.parse(Object::Experiments, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let newest = match search.newest {
            Some(newest) => newest,
            None => experiment::newest(&mut conn).await?,
        };
        search.newest = Some(newest);
        let found = db::search::experiments(&mut conn, &search).await?;
        let place = Place { offset: search.offset, newest: Some(newest) };
        Ok(Page::cut_at(found, place, request.max_results))
    }

    /// What goes on in every experiment that has runs.
    pub async fn activity(&self, ctx: &Context) -> Result<HashMap<ExperimentId, Activity>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(experiment::activity(&mut reader.conn()).await?)
    }

    /// Gives an active experiment another name.
    pub async fn rename(&self, ctx: &Context, id: ExperimentId, name: &str) -> Result<()> {
        check_name(name)?;
        let (name, now) = (name.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    active(conn, id).await?;
                    let other = experiment::by_name(conn, &name).await?;
                    if other.is_some_and(|other| other.id != id) {
                        return Err(taken(&name));
                    }
                    experiment::rename(conn, id, &name, now)
                        .await
                        .map_err(|error| duplicate(error, &name))?;
                    let audit = Audit::new("tracking.experiment.rename", "experiment", id)
                        .detail(serde_json::json!({"name": name}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Marks an active experiment and all its runs as deleted.
    pub async fn delete(&self, ctx: &Context, id: ExperimentId) -> Result<()> {
        let (now, actor) = (ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    if find(conn, id).await?.lifecycle == Lifecycle::Deleted {
                        return Err(Error::not_found("experiment", id));
                    }
                    experiment::mark(conn, id, Some(&actor), now).await?;
                    Ok(((), Audit::new("tracking.experiment.delete", "experiment", id)))
                })
            })
            .await
    }

    /// Takes the mark from a deleted experiment and all its runs.
    pub async fn restore(&self, ctx: &Context, id: ExperimentId) -> Result<()> {
        let now = ctx.now();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    if find(conn, id).await?.lifecycle == Lifecycle::Active {
                        return Err(Error::not_found("experiment", id));
                    }
                    experiment::mark(conn, id, None, now).await?;
                    if purge::experiment_condemned(conn, id.number()).await? {
                        return Err(being_purged("experiment", id));
                    }
                    Ok(((), Audit::new("tracking.experiment.restore", "experiment", id)))
                })
            })
            .await
    }

    /// Sets a tag of an active experiment.
    pub async fn set_tag(&self, ctx: &Context, id: ExperimentId, tag: Tag) -> Result<()> {
        check_tag(&tag)?;
        let now = ctx.now();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    active(conn, id).await?;
                    experiment::set_tag(conn, id, &tag, now).await?;
                    let audit = Audit::new("tracking.experiment.tag", "experiment", id)
                        .detail(serde_json::json!({"key": tag.key}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Removes a tag of an active experiment.
    pub async fn delete_tag(&self, ctx: &Context, id: ExperimentId, key: &str) -> Result<()> {
        let (key, now) = (key.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    active(conn, id).await?;
                    if !experiment::delete_tag(conn, id, &key, now).await? {
                        return Err(Error::not_found("experiment tag", format!("{key} of {id}")));
                    }
                    let audit = Audit::new("tracking.experiment.untag", "experiment", id)
                        .detail(serde_json::json!({"key": key}));
                    Ok(((), audit))
                })
            })
            .await
    }
}

fn check_tag(tag: &Tag) -> Result<()> {
    check_key(&tag.key, "key", MAX_KEY_LEN)?;
    Ok(check_length(&tag.value, "value", MAX_TAG_VALUE_LEN)?)
}

fn taken(name: &str) -> Error {
    Error::AlreadyExists { noun: "experiment", id: name.to_owned() }
}

fn duplicate(error: db::Error, name: &str) -> Error {
    match error {
        db::Error::Duplicate => taken(name),
        other => other.into(),
    }
}

/// The refusal to restore or use what a purge is taking.
pub(crate) fn being_purged(noun: &'static str, id: impl ToString) -> Error {
    Error::conflict(noun, id, "it is being purged and cannot be brought back")
}

async fn find(conn: &mut Conn<'_>, id: ExperimentId) -> Result<Experiment> {
    experiment::get(conn, id).await?.ok_or_else(|| Error::not_found("experiment", id))
}

/// The experiment without its tags; it must not be deleted.
pub(crate) async fn active(conn: &mut Conn<'_>, id: ExperimentId) -> Result<Experiment> {
    let found = experiment::bare(conn, id).await?.ok_or_else(|| Error::not_found("experiment", id))?;
    if found.lifecycle == Lifecycle::Active {
        return Ok(found);
    }
    Err(Error::conflict(
        "experiment",
        id,
        format!("The experiment {id} must be in the 'active' state. Current state is deleted."),
    ))
}
