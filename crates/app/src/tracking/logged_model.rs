//! Logged models.

use db::Conn;
use db::governance::purge;
pub use db::search::DatasetChoice;
use db::search::ModelOrder;
use db::tracking::logged_model::{self, Numbered};
use domain::Id;
use domain::governance::role::Permission;
use domain::search::page::Page;
use domain::search::{Object, parse_order};
use domain::tracking::experiment::{ExperimentId, View};
use domain::tracking::logged_model::{LoggedModel, LoggedModelStatus, check_name, public_id};
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::invent_name;

use super::artifact::{Stored, below};
use super::{SearchRequest, experiment};
use crate::{App, Audit, Context, Error, Result};

/// Most logged models on one page.
pub const MAX_PAGE: i64 = 1000;

/// Logged models as a view on [`App`].
pub struct LoggedModels<'a>(&'a App);

impl App {
    /// The logged models.
    pub fn logged_models(&self) -> LoggedModels<'_> {
        LoggedModels(self)
    }
}

/// A logged model to be made.
#[derive(Clone, Debug, Default)]
pub struct NewLoggedModel {
    /// In which experiment.
    pub experiment: ExperimentId,
    /// Its name; invented when absent.
    pub name: Option<String>,
    /// A word of the client.
    pub model_type: String,
    /// The run whose code logs it.
    pub source_run: Option<Id>,
    /// Settings.
    pub params: Vec<Param>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// What to search for, beside [`SearchRequest`]'s fields.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelSearch {
    /// The common part; its `order_by` stays empty.
    pub request: SearchRequest,
    /// Metric comparisons look only at points measured on one of these.
    pub datasets: Vec<DatasetChoice>,
    /// In which order: column as in `order_by`, and the data set that its metric was measured on.
    pub order: Vec<(String, Option<DatasetChoice>)>,
}

impl LoggedModels<'_> {
    /// Makes a logged model whose files are still to come.
    pub async fn create(&self, ctx: &Context, new: NewLoggedModel) -> Result<LoggedModel> {
        let name = match new.name.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => invent_name(rand::random()),
        };
        check_name(&name)?;
        let params = checked(new.params, |index, param: Param| param.checked(&format!("params[{index}]")))?;
        let tags = checked(new.tags, |index, tag: Tag| tag.checked(&format!("tags[{index}]")))?;
        let mut model = LoggedModel {
            id: ctx.new_id(),
            experiment: new.experiment,
            name,
            model_type: new.model_type,
            source_run: new.source_run,
            status: LoggedModelStatus::Pending,
            deleted: false,
            created: ctx.now(),
            updated: ctx.now(),
            artifact_uri: String::new(),
            params,
            tags,
            metrics: Vec::new(),
            registrations: Vec::new(),
        };
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let parent = experiment::active(conn, model.experiment).await?;
                    model.artifact_uri =
                        format!("{}/models/{}/artifacts", parent.location, model.public_id());
                    logged_model::insert(conn, &model).await?;
                    let audit = Audit::new("tracking.logged_model.create", "logged_model", &model.id)
                        .detail(serde_json::json!({"name": model.name, "run": model.source_run}));
                    Ok((model, audit))
                })
            })
            .await
    }

    /// One logged model; a deleted one only when asked for.
    pub async fn get(&self, ctx: &Context, id: &Id, allow_deleted: bool) -> Result<LoggedModel> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = find(&mut reader.conn(), id, allow_deleted).await?;
        Ok(found.model)
    }

    /// The logged models that a run's code made, newest first.
    pub async fn of_run(&self, ctx: &Context, run: &Id) -> Result<Vec<LoggedModel>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(logged_model::of_run(&mut reader.conn(), run).await?)
    }

    /// The files of a logged model, by path.
    pub async fn files(&self, ctx: &Context, id: &Id) -> Result<Vec<Stored>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id, false).await?;
        let files = below(&mut conn, &found.model.artifact_uri).await?;
        let artifacts = self.0.artifacts();
        files.into_iter().map(|file| artifacts.stored(file)).collect()
    }

    /// Says how the upload ended.
    pub async fn finalize(&self, ctx: &Context, id: &Id, status: LoggedModelStatus) -> Result<LoggedModel> {
        let now = ctx.now();
        self.change(ctx, id, "tracking.logged_model.finalize", move |conn, num| {
            Box::pin(async move { Ok(logged_model::set_status(conn, num, status, now).await?) })
        })
        .await
    }

    /// Marks a logged model as deleted; done again, it changes nothing.
    pub async fn delete(&self, ctx: &Context, id: &Id) -> Result<()> {
        let (now, actor) = (ctx.now(), ctx.actor.name.clone());
        if self.get(ctx, id, true).await?.deleted {
            return Ok(());
        }
        self.change(ctx, id, "tracking.logged_model.delete", move |conn, num| {
            Box::pin(async move { Ok(logged_model::mark(conn, num, Some(&actor), now).await?) })
        })
        .await
        .map(drop)
    }

    /// Takes the mark from a deleted logged model.
    pub async fn restore(&self, ctx: &Context, id: &Id) -> Result<()> {
        let (id, now) = (id.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = find(conn, &id, true).await?;
                    experiment::active(conn, found.model.experiment).await?;
                    logged_model::mark(conn, found.num, None, now).await?;
                    if purge::logged_model_condemned(conn, found.num).await? {
                        return Err(experiment::being_purged("logged_model", public_id(&id)));
                    }
                    Ok(((), Audit::new("tracking.logged_model.restore", "logged_model", &id)))
                })
            })
            .await
    }

    /// Sets tags.
    pub async fn set_tags(&self, ctx: &Context, id: &Id, tags: Vec<Tag>) -> Result<LoggedModel> {
        let tags = checked(tags, |index, tag: Tag| tag.checked(&format!("tags[{index}]")))?;
        self.change(ctx, id, "tracking.logged_model.tag", move |conn, num| {
            Box::pin(async move { Ok(logged_model::set_tags(conn, num, &tags).await?) })
        })
        .await
    }

    /// Removes a tag.
    pub async fn delete_tag(&self, ctx: &Context, id: &Id, key: &str) -> Result<LoggedModel> {
        let (key, owner) = (key.to_owned(), public_id(id));
        self.change(ctx, id, "tracking.logged_model.untag", move |conn, num| {
            Box::pin(async move {
                if logged_model::delete_tag(conn, num, &key).await? {
                    return Ok(());
                }
                Err(Error::not_found("logged model tag", format!("{key} of {owner}")))
            })
        })
        .await
    }

    /// Stores params; one that is there already stays.
    pub async fn log_params(&self, ctx: &Context, id: &Id, params: Vec<Param>) -> Result<()> {
        let params = checked(params, |index, param: Param| param.checked(&format!("params[{index}]")))?;
        self.change(ctx, id, "tracking.logged_model.params", move |conn, num| {
            Box::pin(async move { Ok(logged_model::add_params(conn, num, &params).await?) })
        })
        .await
        .map(drop)
    }

    /// A page of the logged models that match.
    pub async fn search(&self, ctx: &Context, search: &LoggedModelSearch) -> Result<Page<LoggedModel>> {
        let (token, request) = search.bound()?;
        let mut parsed = request.parse(Object::LoggedModels, MAX_PAGE)?;
        parsed.view = View::Active;
        let columns: Vec<String> = search.order.iter().map(|(column, _)| column.clone()).collect();
        let orders: Vec<ModelOrder> = parse_columns(&columns)?
            .into_iter()
            .zip(&search.order)
            .map(|(order, (_, dataset))| ModelOrder { order, dataset: dataset.clone() })
            .collect();
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = db::search::logged_models(&mut reader.conn(), &parsed, &search.datasets, &orders).await?;
        let mut page = Page::cut(found, parsed.offset, search.request.max_results);
        page.next_page_token = page.next_page_token.map(|place| format!("{place}.{token}"));
        Ok(page)
    }

    /// Runs one change of an existing model of an active experiment; the model afterwards.
    async fn change<F>(&self, ctx: &Context, id: &Id, action: &'static str, work: F) -> Result<LoggedModel>
    where
        F: for<'t> FnOnce(&'t mut Conn<'_>, i64) -> futures::future::BoxFuture<'t, Result<()>>
            + Send
            + 'static,
    {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = find(conn, &id, false).await?;
                    experiment::active(conn, found.model.experiment).await?;
                    work(conn, found.num).await?;
                    let after = find(conn, &id, true).await?.model;
                    Ok((after, Audit::new(action, "logged_model", &id)))
                })
            })
            .await
    }
}

impl LoggedModelSearch {
    /// What a page token is bound to (hashes of experiments, filter and order), and the request with the token's own place:
    /// a token of another search is refused.
    fn bound(&self) -> Result<(String, SearchRequest)> {
        let hash = |text: String| blake3::hash(text.as_bytes()).to_hex()[..8].to_owned();
        let bounds = [
            ("Experiment IDs", "experiment IDs", hash(format!("{:?}", self.request.experiments))),
            ("Filter string", "filter string", hash(self.request.filter.clone())),
            ("Order by", "order by", hash(format!("{:?}{:?}", self.order, self.datasets))),
        ];
        let mut request = self.request.clone();
        if let Some(token) = self.request.page_token.as_deref().filter(|token| !token.is_empty()) {
            let mut parts = token.split('.');
            request.page_token = parts.next().map(ToOwned::to_owned);
            for (what, asked, hash) in &bounds {
                if parts.next() != Some(hash.as_str()) {
                    let reason = format!("{what} in the page token do not match the requested {asked}.");
                    return Err(Error::invalid("page_token", reason));
                }
            }
        }
        Ok((bounds.map(|(_, _, hash)| hash).join("."), request))
    }
}

/// Reads the columns to order by: attributes by their bare name, and metrics.
fn parse_columns(columns: &[String]) -> Result<Vec<domain::search::Order>> {
    for column in columns {
        let field = column.split(' ').next().unwrap_or_default();
        if field.contains('.') && !field.starts_with("metrics.") {
            let reason = format!("Invalid order by field name: {field}. Only metrics are supported.");
            return Err(Error::invalid("order_by", reason));
        }
    }
    Ok(parse_order(Object::LoggedModels, columns)?)
}

fn checked<T, E>(items: Vec<T>, check: impl Fn(usize, T) -> Result<T, E>) -> Result<Vec<T>, E> {
    items.into_iter().enumerate().map(|(index, item)| check(index, item)).collect()
}

pub(crate) async fn find(conn: &mut Conn<'_>, id: &Id, allow_deleted: bool) -> Result<Numbered> {
    logged_model::get(conn, id)
        .await?
        .filter(|found| allow_deleted || !found.model.deleted)
        .ok_or_else(|| Error::not_found("logged_model", public_id(id)))
}
