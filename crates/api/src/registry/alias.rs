//! Aliases of registered models: setting, removing, and the history of where they pointed.

use app::App;
use axum::extract::State;
use domain::registry::alias::{AliasChange, AliasEvent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::name;
use crate::{Ctx, Json, Path, Problem, Query};

/// One move of an alias.
#[derive(Serialize, ToSchema)]
pub struct AliasMoveBody {
    /// The alias.
    alias: String,
    /// `set`, `rolled_back` or `removed`.
    change: &'static str,
    /// Where it points since; null when it was removed.
    version: Option<i64>,
    /// Where it pointed before; null when it was new.
    previous: Option<i64>,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// Who did it.
    actor: String,
    /// Why, as far as that was said.
    reason: String,
}

impl From<AliasEvent> for AliasMoveBody {
    fn from(event: AliasEvent) -> Self {
        Self {
            alias: event.alias,
            change: match event.change {
                AliasChange::Set => "set",
                AliasChange::RolledBack => "rolled_back",
                AliasChange::Removed => "removed",
            },
            version: event.version,
            previous: event.previous,
            time_ms: event.time.millis(),
            actor: event.actor,
            reason: event.reason,
        }
    }
}

/// The moves of aliases.
#[derive(Serialize, ToSchema)]
pub struct AliasHistory {
    /// Newest first.
    items: Vec<AliasMoveBody>,
}

/// Shows who moved an alias from which version to which, when and why.
#[utoipa::path(get, path = "/models/{name}/aliases/{alias}/history", tag = "registry",
    params(("name" = String, Path, description = "The model"), ("alias" = String, Path, description = "The alias")),
    responses((status = 200, body = AliasHistory), (status = "default", body = Problem)))]
pub async fn alias_history(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, alias)): Path<(String, String)>,
) -> Result<Json<AliasHistory>, Problem> {
    let items = app.models().alias_history(&ctx, &name(&text)?, Some(&alias)).await?;
    Ok(Json(AliasHistory { items: items.into_iter().map(Into::into).collect() }))
}

/// Shows the moves of all aliases of a model.
#[utoipa::path(get, path = "/models/{name}/history", tag = "registry",
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = AliasHistory), (status = "default", body = Problem)))]
pub async fn history(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<AliasHistory>, Problem> {
    let items = app.models().alias_history(&ctx, &name(&text)?, None).await?;
    Ok(Json(AliasHistory { items: items.into_iter().map(Into::into).collect() }))
}

/// Why an alias is removed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RemoveAliasQuery {
    /// The reason, for the alias's history.
    reason: Option<String>,
}

/// Removes an alias; one that is not there is no error.
#[utoipa::path(delete, path = "/models/{name}/aliases/{alias}", tag = "registry",
    params(("name" = String, Path, description = "The model"), ("alias" = String, Path, description = "The alias"),
        RemoveAliasQuery),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, alias)): Path<(String, String)>,
    Query(query): Query<RemoveAliasQuery>,
) -> Result<axum::http::StatusCode, Problem> {
    let reason = query.reason.unwrap_or_default();
    app.models().remove_alias(&ctx, &name(&text)?, &alias, &reason).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
