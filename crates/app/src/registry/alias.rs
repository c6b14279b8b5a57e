//! Aliases: which version is the champion, who said so, and the way back.

use db::registry::alias::{self, Move};
use db::registry::model_version;
use domain::governance::role::Permission;
use domain::registry::alias::{
    AliasChange, AliasEvent, LATEST, check_alias, check_alias_text, check_reason, rollback_target,
};
use domain::registry::model::ModelName;
use domain::registry::model_version::ModelVersion;

use super::model::{Models, find as find_model, lock};
use super::model_version::{find, label, lock_version};
use super::told;
use crate::{Audit, Context, Error, Result};

/// Most moves of a history.
pub const MAX_MOVES: i64 = 1000;

impl Models<'_> {
    /// Points an alias at a version; where it pointed before, and the reason (which may be empty), stay on record.
    /// The version that the alias points at.
    pub async fn set_alias(
        &self,
        ctx: &Context,
        name: &ModelName,
        alias: &str,
        version: i64,
        reason: &str,
    ) -> Result<ModelVersion> {
        check_alias(alias)?;
        check_reason(reason)?;
        let (name, alias, now) = (name.clone(), alias.to_owned(), ctx.now());
        let (actor, reason) = (ctx.actor.name.clone(), reason.to_owned());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock_version(conn, &name, version, now).await?;
                    let step = Move {
                        alias: &alias,
                        change: AliasChange::Set,
                        version: Some(version),
                        now,
                        actor: &actor,
                        reason: &reason,
                    };
                    let previous = if alias::target(conn, num, &alias).await? == Some(version) {
                        told::alias_told(conn, now, &name, (&alias, Some(version))).await?;
                        Some(version)
                    } else {
                        told::move_alias(conn, (&name, num), step).await?
                    };
                    let audit = Audit::new("registry.alias.set", "model", &name).detail(serde_json::json!({
                        "alias": alias, "version": version, "previous": previous, "reason": reason,
                    }));
                    Ok((find(conn, &name, version).await?.version, audit))
                })
            })
            .await
    }

    /// Promotes a version: points `alias` (usually `champion`) at it.
    pub async fn promote(
        &self,
        ctx: &Context,
        name: &ModelName,
        version: i64,
        alias: &str,
        reason: &str,
    ) -> Result<ModelVersion> {
        self.set_alias(ctx, name, alias, version, reason).await
    }

    /// Removes an alias; an alias that is not there is no error.
    pub async fn remove_alias(
        &self,
        ctx: &Context,
        name: &ModelName,
        alias: &str,
        reason: &str,
    ) -> Result<()> {
        check_alias_text(alias)?;
        check_reason(reason)?;
        let (name, alias, now) = (name.clone(), alias.to_owned(), ctx.now());
        let (actor, reason) = (ctx.actor.name.clone(), reason.to_owned());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    let step = Move {
                        alias: &alias,
                        change: AliasChange::Removed,
                        version: None,
                        now,
                        actor: &actor,
                        reason: &reason,
                    };
                    let previous = told::move_alias(conn, (&name, num), step).await?;
                    let audit = Audit::new("registry.alias.remove", "model", &name)
                        .detail(serde_json::json!({"alias": alias, "previous": previous, "reason": reason}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Points an alias at the version it pointed at before; each rollback undoes one move.
    pub async fn rollback(
        &self,
        ctx: &Context,
        name: &ModelName,
        alias: &str,
        reason: &str,
    ) -> Result<ModelVersion> {
        check_reason(reason)?;
        let (name, alias, now) = (name.clone(), alias.to_owned(), ctx.now());
        let (actor, reason) = (ctx.actor.name.clone(), reason.to_owned());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    let num = lock(conn, &name, now).await?;
                    if alias::target(conn, num, &alias).await?.is_none() {
                        return Err(Error::not_found("alias", &alias));
                    }
                    let history = alias::history(conn, num, &alias).await?;
                    let target = rollback_target(&history).ok_or_else(|| {
                        let reason = format!("the alias {alias:?} has never pointed at another version");
                        Error::conflict("model", &name, reason)
                    })?;
                    let step = Move {
                        alias: &alias,
                        change: AliasChange::RolledBack,
                        version: Some(target),
                        now,
                        actor: &actor,
                        reason: &reason,
                    };
                    let previous = told::move_alias(conn, (&name, num), step).await?;
                    let audit =
                        Audit::new("registry.alias.rollback", "model", &name).detail(serde_json::json!({
                            "alias": alias, "version": target, "previous": previous, "reason": reason,
                        }));
                    Ok((find(conn, &name, target).await?.version, audit))
                })
            })
            .await
    }

    /// The version that an alias points at; `latest` means the newest version.
    pub async fn by_alias(&self, ctx: &Context, name: &ModelName, alias: &str) -> Result<ModelVersion> {
        check_alias_text(alias)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find_model(&mut conn, name).await?;
        let target = if alias.eq_ignore_ascii_case(LATEST) {
            let latest = model_version::latest(&mut conn, name.as_str()).await?;
            Some(latest.ok_or_else(|| Error::not_found("latest version", name))?)
        } else {
            alias::target(&mut conn, found.num, alias).await?
        };
        let number = target.ok_or_else(|| Error::not_found("alias", alias))?;
        model_version::get(&mut conn, name.as_str(), number)
            .await?
            .map(|found| found.version)
            .ok_or_else(|| Error::not_found("model_version", label(name, number)))
    }

    /// The moves of an alias (of all aliases, when none is given), newest first, at most [`MAX_MOVES`].
    pub async fn alias_history(
        &self,
        ctx: &Context,
        name: &ModelName,
        alias: Option<&str>,
    ) -> Result<Vec<AliasEvent>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find_model(&mut conn, name).await?;
        Ok(alias::moves(&mut conn, found.num, alias.unwrap_or_default(), MAX_MOVES).await?)
    }
}
