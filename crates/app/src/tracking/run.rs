//! Runs and what they log.

use db::Conn;
use db::governance::purge::{self, Unit};
use db::tracking::metric::RunPoints;
use db::tracking::run::{Change, Numbered};
use db::tracking::{input, logged_model, metric, param, run};
use domain::governance::role::Permission;
use domain::search::Object;
use domain::search::page::{Page, Place};
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::input::{DatasetInput, ModelOutput};
use domain::tracking::logged_model::public_id;
use domain::tracking::param::{Param, Tag, changed_param, changed_params};
use domain::tracking::run::{
    Batch, RUN_NAME_TAG, Run, RunInfo, RunStatus, USER_TAG, check_run_name, settle_name,
};
use domain::tracking::validation::Refusal;
use domain::{Id, Timestamp};

use super::{SearchRequest, experiment};
use crate::{App, Audit, Context, Error, Result};

/// Most runs on one page.
pub const MAX_PAGE: i64 = 50_000;
/// Most data sets or models of one call.
pub const MAX_INPUTS: usize = 1000;

/// Runs as a view on [`App`].
pub struct Runs<'a>(pub(super) &'a App);

impl App {
    /// The runs.
    pub fn runs(&self) -> Runs<'_> {
        Runs(self)
    }
}

/// A run to be made.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    /// In which experiment.
    pub experiment: ExperimentId,
    /// Its name; invented when absent.
    pub name: Option<String>,
    /// Who runs it; the caller when absent.
    pub user: Option<String>,
    /// When it started, as the client says; now when absent.
    pub start: Option<Timestamp>,
    /// Its first tags.
    pub tags: Vec<Tag>,
}

/// What changes about a run; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct RunUpdate {
    /// How it stands.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Its name.
    pub name: Option<String>,
}

impl Runs<'_> {
    /// Makes a run that is running, in an active experiment.
    pub async fn create(&self, ctx: &Context, new: NewRun) -> Result<Run> {
        let name = settle_name(new.name.as_deref(), &new.tags, rand::random())?;
        let mut tags = new.tags;
        if !tags.iter().any(|tag| tag.key == RUN_NAME_TAG) {
            tags.push(Tag::new(RUN_NAME_TAG, &name));
        }
        let mut batch = Batch { tags, ..Batch::default() }.checked()?;
        batch.tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let tagged_user = batch.tags.iter().find(|tag| tag.key == USER_TAG).map(|tag| tag.value.clone());
        let user = new.user.filter(|user| !user.is_empty()).or(tagged_user);
        let mut info = RunInfo {
            id: ctx.new_id(),
            experiment: new.experiment,
            name,
            user: user.unwrap_or_else(|| ctx.actor.name.clone()),
            status: RunStatus::Running,
            start: new.start.unwrap_or_else(|| ctx.now()),
            end: None,
            lifecycle: Lifecycle::Active,
            artifact_uri: String::new(),
        };
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let parent = experiment::active(conn, info.experiment).await?;
                    info.artifact_uri = format!("{}/{}/artifacts", parent.location, info.id);
                    let num = run::insert(conn, &info).await?;
                    param::set_tags(conn, num, info.experiment, &batch.tags).await?;
                    let audit = Audit::new("tracking.run.create", "run", &info.id)
                        .detail(serde_json::json!({"experiment": info.experiment, "name": info.name}));
                    Ok((Run::new(info, batch.tags), audit))
                })
            })
            .await
    }

    /// One run with what it logged, deleted or not.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Run> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id).await?;
        load_one(&mut conn, found).await
    }

    /// A page of the runs that match, with what they logged.
    pub async fn search(&self, ctx: &Context, request: &SearchRequest) -> Result<Page<Run>> {
        let mut search = request.parse(Object::Runs, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let newest = match search.newest {
            Some(newest) => newest,
            None => run::newest(&mut conn).await?,
        };
        search.newest = Some(newest);
        let found = db::search::runs(&mut conn, &search).await?;
        let place = Place { offset: search.offset, newest: Some(newest) };
        let page = Page::cut_at(found, place, request.max_results);
        Ok(Page { items: run::load(&mut conn, page.items).await?, next_page_token: page.next_page_token })
    }

    /// Stores a batch whole or not at all; a repeated batch changes nothing.
    pub async fn log_batch(&self, ctx: &Context, id: &Id, batch: Batch) -> Result<()> {
        let batch = batch.checked()?;
        let only_points = batch.params.is_empty() && batch.tags.is_empty() && batch.model_metrics.is_empty();
        if only_points && !batch.metrics.is_empty() {
            return self.log_points(ctx, id, batch.metrics).await;
        }
        let (id, now) = (id.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let renames = batch.tags.iter().any(|tag| tag.key == RUN_NAME_TAG);
                    let found =
                        if renames { changing(conn, &id).await? } else { active(conn, &id).await? };
                    log(conn, &found, &batch).await?;
                    log_model_metrics(conn, &batch, now).await?;
                    let audit = Audit::new("tracking.run.log", "run", &id).detail(serde_json::json!({
                        "metrics": batch.metrics.len(), "params": batch.params.len(), "tags": batch.tags.len(),
                    }));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Stores one param; another value than the one that is there is refused.
    pub async fn log_param(&self, ctx: &Context, id: &Id, param: Param) -> Result<()> {
        let batch = Batch { params: vec![param], single: true, ..Batch::default() };
        self.log_batch(ctx, id, batch).await
    }

    /// Sets a tag; the tag of the run's name renames it.
    pub async fn set_tag(&self, ctx: &Context, id: &Id, tag: Tag) -> Result<()> {
        let batch = Batch { tags: vec![tag], single: true, ..Batch::default() };
        self.log_batch(ctx, id, batch).await
    }

    /// Removes a tag.
    pub async fn delete_tag(&self, ctx: &Context, id: &Id, key: &str) -> Result<()> {
        let (id, key) = (id.clone(), key.to_owned());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = active(conn, &id).await?;
                    if !param::delete_tag(conn, found.num, &key).await? {
                        return Err(Error::not_found("run tag", format!("{key} of {id}")));
                    }
                    let audit =
                        Audit::new("tracking.run.untag", "run", &id).detail(serde_json::json!({"key": key}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Changes status, end or name.
    pub async fn update(&self, ctx: &Context, id: &Id, update: RunUpdate) -> Result<RunInfo> {
        if let Some(name) = &update.name {
            check_run_name(name)?;
        }
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let mut found = changing(conn, &id).await?;
                    if let Some(name) = &update.name {
                        let tag = Tag::new(RUN_NAME_TAG, name).checked("run_name")?;
                        param::set_tags(conn, found.num, found.info.experiment, &[tag]).await?;
                    }
                    let change = Change { status: update.status, end: update.end, name: update.name };
                    run::update(conn, found.num, &change).await?;
                    let audit = Audit::new("tracking.run.update", "run", &id)
                        .detail(serde_json::json!({"status": change.status}));
                    change.apply(&mut found.info);
                    Ok((found.info, audit))
                })
            })
            .await
    }

    /// Ends a run.
    pub async fn finish(&self, ctx: &Context, id: &Id, status: RunStatus, end: Timestamp) -> Result<RunInfo> {
        let update = RunUpdate { status: Some(status), end: Some(end), name: None };
        self.update(ctx, id, update).await
    }

    /// Marks a run as deleted; once more changes nothing.
    pub async fn delete(&self, ctx: &Context, id: &Id) -> Result<()> {
        let (id, now, actor) = (id.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = find(conn, &id).await?;
                    if found.info.lifecycle == Lifecycle::Active {
                        run::mark(conn, found.num, Some((now, &actor))).await?;
                    }
                    Ok(((), Audit::new("tracking.run.delete", "run", &id)))
                })
            })
            .await
    }

    /// Takes the mark from a deleted run.
    pub async fn restore(&self, ctx: &Context, id: &Id) -> Result<()> {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = find(conn, &id).await?;
                    run::mark(conn, found.num, None).await?;
                    if purge::condemned(conn, Unit::Run(found.num)).await? {
                        return Err(experiment::being_purged("run", &id));
                    }
                    Ok(((), Audit::new("tracking.run.restore", "run", &id)))
                })
            })
            .await
    }

    /// Records data sets and models that a run read.
    pub async fn log_inputs(
        &self,
        ctx: &Context,
        id: &Id,
        datasets: Vec<DatasetInput>,
        models: Vec<Id>,
    ) -> Result<()> {
        check_count("datasets", datasets.len())?;
        check_count("models", models.len())?;
        for (index, dataset) in datasets.iter().enumerate() {
            dataset.check(&format!("datasets[{index}]"))?;
        }
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = active(conn, &id).await?;
                    for dataset in &datasets {
                        input::add_dataset(conn, found.num, found.info.experiment, dataset).await?;
                    }
                    for model in &models {
                        input::add_model_input(conn, found.num, model).await?;
                    }
                    let audit = Audit::new("tracking.run.inputs", "run", &id)
                        .detail(serde_json::json!({"datasets": datasets.len(), "models": models.len()}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Records models that a run made.
    pub async fn log_outputs(&self, ctx: &Context, id: &Id, models: Vec<ModelOutput>) -> Result<()> {
        check_count("models", models.len())?;
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = active(conn, &id).await?;
                    for model in &models {
                        input::add_model_output(conn, found.num, model).await?;
                    }
                    let audit = Audit::new("tracking.run.outputs", "run", &id)
                        .detail(serde_json::json!({"models": models.len()}));
                    Ok(((), audit))
                })
            })
            .await
    }
}

fn check_count(field: &str, count: usize) -> Result<()> {
    if count <= MAX_INPUTS {
        return Ok(());
    }
    let reason = format!("A request can contain at most {MAX_INPUTS} {field}. Got {count} {field}.");
    Err(Refusal::new(field, reason).into())
}

async fn log(conn: &mut Conn<'_>, found: &Numbered, batch: &Batch) -> Result<()> {
    let (num, experiment) = (found.num, found.info.experiment);
    let changed = param::insert(conn, num, experiment, &batch.params).await?;
    match changed.as_slice() {
        [] => {}
        [one] if batch.single => {
            return Err(changed_param(&one.param, &one.old, &found.info.id).into());
        }
        several => {
            let conflicts: Vec<(String, String, String)> =
                several.iter().map(|c| (c.param.key.clone(), c.old.clone(), c.param.value.clone())).collect();
            return Err(changed_params(&conflicts, &found.info.id).into());
        }
    }
    metric::insert(conn, &[RunPoints { run: num, experiment, metrics: &batch.metrics }]).await?;
    param::set_tags(conn, num, experiment, &batch.tags).await?;
    if let Some(name) = batch.tags.iter().find(|tag| tag.key == RUN_NAME_TAG) {
        let change = Change { name: Some(name.value.clone()), ..Change::default() };
        run::update(conn, num, &change).await?;
    }
    Ok(())
}

async fn log_model_metrics(conn: &mut Conn<'_>, batch: &Batch, now: Timestamp) -> Result<()> {
    for (model, metric) in &batch.model_metrics {
        let found = logged_model::get(conn, model)
            .await?
            .ok_or_else(|| Error::not_found("logged_model", public_id(model)))?;
        logged_model::add_metric(conn, found.num, metric).await?;
        logged_model::set_status(conn, found.num, found.model.status, now).await?;
    }
    Ok(())
}

pub(super) async fn find(conn: &mut Conn<'_>, id: &Id) -> Result<Numbered> {
    run::get(conn, id).await?.ok_or_else(|| Error::not_found("run", id))
}

/// The run, which must not be deleted, and stays as it is while something is logged to it.
pub(super) async fn active(conn: &mut Conn<'_>, id: &Id) -> Result<Numbered> {
    in_use(conn, id, true).await
}

/// The run, which must not be deleted, to be changed itself.
pub(super) async fn changing(conn: &mut Conn<'_>, id: &Id) -> Result<Numbered> {
    in_use(conn, id, false).await
}

async fn in_use(conn: &mut Conn<'_>, id: &Id, shared: bool) -> Result<Numbered> {
    let found = run::held(conn, id, shared).await?.ok_or_else(|| Error::not_found("run", id))?;
    if found.info.lifecycle == Lifecycle::Active {
        return Ok(found);
    }
    Err(deleted(id))
}

/// The refusal to change a deleted run.
pub(super) fn deleted(id: &Id) -> Error {
    Error::conflict(
        "run",
        id,
        format!("The run {id} must be in the 'active' state. Current state is deleted."),
    )
}

async fn load_one(conn: &mut Conn<'_>, found: Numbered) -> Result<Run> {
    let id = found.info.id.clone();
    let mut loaded = run::load(conn, vec![found]).await?;
    loaded.pop().ok_or_else(|| Error::not_found("run", id))
}
