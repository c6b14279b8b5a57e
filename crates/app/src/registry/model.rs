//! Registered models.

use db::Conn;
use db::governance::purge;
use db::registry::model::{self, Numbered};
use domain::governance::role::Permission;
use domain::registry::model::{Model, ModelName, check_tag, is_prompt};
use domain::search::Object;
use domain::search::page::Page;
use domain::tracking::param::Tag;

use super::told;
use crate::tracking::SearchRequest;
use crate::tracking::experiment::being_purged;
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
                        return Err(taken(&found.model, is_prompt(&tags)));
                    }
                    let num = model::insert(conn, &name, &description, now)
                        .await
                        .map_err(|error| duplicate(error, &name))?;
                    for tag in &tags {
                        model::set_tag(conn, num, tag).await?;
                    }
                    let made = find(conn, &name).await?.model;
                    told::model_created(conn, &made).await?;
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
        check_order(&search, &["name", "timestamp"])?;
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
                        return Err(Error::AlreadyExists { noun: "model", id: found.model.name.to_string() });
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

    /// Puts a model with all its versions, tags, aliases and their history into the trash; its name is free again.
    pub async fn delete(&self, ctx: &Context, name: &ModelName) -> Result<()> {
        let (name, now, actor) = (name.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    let last = find(conn, &name).await?.model.last_version;
                    model::delete(conn, num, &actor, now).await?;
                    let audit = Audit::new("registry.model.delete", "model", &name)
                        .detail(serde_json::json!({"last_version": last}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Takes a model out of the trash with all that went there with it: the one of that number, else the one of that name
    /// that was deleted last. Its name must not have been given again.
    pub async fn restore(&self, ctx: &Context, name: &ModelName, num: Option<i64>) -> Result<Model> {
        let (name, now) = (name.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let found = model::deleted(conn, name.as_str(), num).await?;
                    let num = found.ok_or_else(|| Error::not_found("deleted model", &name))?;
                    if model::get(conn, name.as_str()).await?.is_some() {
                        return Err(name_given_again(&name));
                    }
                    model::restore(conn, num, now).await.map_err(|error| match error {
                        db::Error::Duplicate => name_given_again(&name),
                        other => other.into(),
                    })?;
                    if purge::model_condemned(conn, num).await? {
                        return Err(being_purged("model", &name));
                    }
                    Ok((find(conn, &name).await?.model, Audit::new("registry.model.restore", "model", &name)))
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
                    told::tag_changed(conn, now, &name, (&tag.key, Some(&tag.value))).await?;
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
                    told::tag_changed(conn, now, &name, (&key, None)).await?;
                    model::delete_tag(conn, num, &key).await?;
                    let audit = Audit::new("registry.model.untag", "model", &name)
                        .detail(serde_json::json!({"key": key}));
                    Ok(((), audit))
                })
            })
            .await
    }
}

/// A name that is taken, by what kind of thing and for what kind of thing it was wanted.
fn taken(found: &Model, prompt_wanted: bool) -> Error {
    let noun = match (found.is_prompt(), prompt_wanted) {
        (false, false) => "model",
        (true, true) => "prompt",
        (true, false) => "model named as a prompt",
        (false, true) => "prompt named as a model",
    };
    Error::AlreadyExists { noun, id: found.name.to_string() }
}

/// Refuses to order by what models or versions cannot be ordered by.
pub(super) fn check_order(search: &db::search::Search, known: &[&str]) -> Result<()> {
    let fits = |order: &&domain::search::Order| {
        order.entity == domain::search::Entity::Attribute && known.contains(&order.key.as_str())
    };
    match search.order.iter().find(|order| !fits(order)) {
        None => Ok(()),
        Some(order) => {
            let known: Vec<String> = known.iter().map(|key| format!("'{key}'")).collect();
            let key = &order.key;
            let reason =
                format!("Invalid order by key '{key}' specified. Valid keys are '{{{}}}'", known.join(", "));
            Err(Error::invalid("order_by", reason))
        }
    }
}

fn name_given_again(name: &ModelName) -> Error {
    let reason = "another model has that name now: rename it first, or leave the deleted one in the trash";
    Error::conflict("model", name, reason)
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
