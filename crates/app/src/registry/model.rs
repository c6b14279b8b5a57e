//! Registered models.

use db::Conn;
use db::registry::model::{self, Numbered};
use domain::governance::role::Permission;
use domain::registry::model::{Model, ModelName, PROMPT_TAG, check_tag};
use domain::search::Object;
use domain::search::page::Page;
use domain::tracking::param::Tag;

use crate::tracking::SearchRequest;
use crate::{App, Audit, Context, Error, Result};

/// Most models on one page.
pub const MAX_PAGE: i64 = 1000;

/// Registered models, their versions and aliases as a view on [`App`].
pub struct Models<'a>(pub(super) &'a App);

impl App {
    /// The registered models.
    pub fn models(&self) -> Models<'_> {
        Models(self)
    }
}

impl Models<'_> {
    /// Registers a name.
    pub async fn create(
        &self,
        ctx: &Context,
        name: &ModelName,
        description: &str,
        tags: Vec<Tag>,
    ) -> Result<Model> {
        for tag in &tags {
            check_tag(tag)?;
        }
        let (name, description, now) = (name.clone(), description.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    if let Some(found) = model::get(conn, name.as_str()).await? {
                        return Err(taken(&found.model));
                    }
                    let num = model::insert(conn, &name, &description, now)
                        .await
                        .map_err(|error| duplicate(error, &name))?;
                    for tag in &tags {
                        model::set_tag(conn, num, tag).await?;
                    }
                    let made = find(conn, &name).await?.model;
                    Ok((made, Audit::new("registry.model.create", "model", &name)))
                })
            })
            .await
    }

    /// One model.
    pub async fn get(&self, ctx: &Context, name: &ModelName) -> Result<Model> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(find(&mut reader.conn(), name).await?.model)
    }

    /// A page of the models that match; prompts only when the filter asks about them.
    pub async fn search(&self, ctx: &Context, request: &SearchRequest) -> Result<Page<Model>> {
        let search = request.parse(Object::Models, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = db::search::models(&mut reader.conn(), &search).await?;
        Ok(Page::cut(found, search.offset, request.max_results).map(|found| found.model))
    }

    /// Gives a model another name; versions, tags and aliases go with it.
    pub async fn rename(&self, ctx: &Context, name: &ModelName, new: &ModelName) -> Result<Model> {
        let (name, new, now) = (name.clone(), new.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    if name != new
                        && let Some(found) = model::get(conn, new.as_str()).await?
                    {
                        return Err(taken(&found.model));
                    }
                    model::rename(conn, num, &new).await.map_err(|error| duplicate(error, &new))?;
                    let audit = Audit::new("registry.model.rename", "model", &name)
                        .detail(serde_json::json!({"name": new}));
                    Ok((find(conn, &new).await?.model, audit))
                })
            })
            .await
    }

    /// Changes what a model says it is for.
    pub async fn describe(&self, ctx: &Context, name: &ModelName, description: &str) -> Result<Model> {
        let (name, description, now) = (name.clone(), description.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    model::describe(conn, num, &description).await?;
                    let audit = Audit::new("registry.model.describe", "model", &name);
                    Ok((find(conn, &name).await?.model, audit))
                })
            })
            .await
    }

    /// Removes a model with all its versions, tags, aliases and their history; the audit log keeps what happened.
    pub async fn delete(&self, ctx: &Context, name: &ModelName) -> Result<()> {
        let (name, now) = (name.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    let last = find(conn, &name).await?.model.last_version;
                    model::delete(conn, num).await?;
                    let audit = Audit::new("registry.model.delete", "model", &name)
                        .detail(serde_json::json!({"last_version": last}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Sets a tag.
    pub async fn set_tag(&self, ctx: &Context, name: &ModelName, tag: Tag) -> Result<()> {
        check_tag(&tag)?;
        let (name, now) = (name.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    model::set_tag(conn, num, &tag).await?;
                    let audit = Audit::new("registry.model.tag", "model", &name)
                        .detail(serde_json::json!({"key": tag.key}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Removes a tag, if it is there.
    pub async fn delete_tag(&self, ctx: &Context, name: &ModelName, key: &str) -> Result<()> {
        let (name, key, now) = (name.clone(), key.to_owned(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    model::delete_tag(conn, num, &key).await?;
                    let audit = Audit::new("registry.model.untag", "model", &name)
                        .detail(serde_json::json!({"key": key}));
                    Ok(((), audit))
                })
            })
            .await
    }
}

fn taken(found: &Model) -> Error {
    let prompt = found.tags.iter().any(|tag| tag.key == PROMPT_TAG && tag.value == "true");
    Error::AlreadyExists { noun: if prompt { "prompt" } else { "model" }, id: found.name.to_string() }
}

fn duplicate(error: db::Error, name: &ModelName) -> Error {
    match error {
        db::Error::Duplicate => Error::AlreadyExists { noun: "model", id: name.to_string() },
        other => other.into(),
    }
}

pub(super) async fn find(conn: &mut Conn<'_>, name: &ModelName) -> Result<Numbered> {
    model::get(conn, name.as_str()).await?.ok_or_else(|| Error::not_found("model", name))
}

/// Locks the model's row, so that changes of its versions and aliases come one after the other; its number.
pub(super) async fn lock(conn: &mut Conn<'_>, name: &ModelName, now: domain::Timestamp) -> Result<i64> {
    model::lock(conn, name.as_str(), now).await?.ok_or_else(|| Error::not_found("model", name))
}
