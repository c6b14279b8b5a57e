//! Webhooks, and what they were told.

use app::governance::webhook::WebhookSpec;
use app::{App, Error};
use axum::extract::State;
use axum::http::StatusCode;
use domain::Id;
use domain::governance::webhook::{Delivery, Webhook, WebhookEvent, WebhookStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Webhooks on the one page that the list is.
const MAX_WEBHOOKS: i64 = 1000;
/// Deliveries when the caller does not say.
const DELIVERIES: i64 = 50;

/// An address that is told of changes in the registry.
#[derive(Serialize, ToSchema)]
pub struct WebhookBody {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Where it is told.
    url: String,
    /// Of what, as `model_version.created`.
    events: Vec<String>,
    /// `active` or `disabled`.
    status: &'static str,
    /// Whether what it is told is signed. The secret itself is never shown.
    signed: bool,
    /// Who made it.
    creator: String,
    /// When, in epoch milliseconds.
    created_ms: i64,
    /// When it changed last.
    updated_ms: i64,
}

impl From<Webhook> for WebhookBody {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name,
            description: webhook.description,
            url: webhook.url,
            events: webhook.events.into_iter().map(WebhookEvent::name).collect(),
            status: match webhook.status {
                WebhookStatus::Active => "active",
                WebhookStatus::Disabled => "disabled",
            },
            signed: webhook.secret.is_some(),
            creator: webhook.creator,
            created_ms: webhook.created.millis(),
            updated_ms: webhook.updated.millis(),
        }
    }
}

/// All webhooks.
#[derive(Serialize, ToSchema)]
pub struct WebhookList {
    /// Newest first.
    items: Vec<WebhookBody>,
    /// Everything that a webhook can be told of.
    events: Vec<String>,
}

/// One telling.
#[derive(Serialize, ToSchema)]
pub struct DeliveryBody {
    /// Its id, which goes with it as `X-MLflow-Delivery-Id`.
    id: String,
    /// What happened, as `model_version.created`.
    event: String,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    /// Tries so far.
    attempts: i64,
    /// When it is tried next, while it is pending.
    next_ms: Option<i64>,
    /// When the change happened.
    created_ms: i64,
    /// When it came to its end.
    finished_ms: Option<i64>,
    /// The last HTTP status.
    status: Option<i64>,
    /// What was wrong at the last try.
    error: String,
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event: delivery.event,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            next_ms: delivery.finished.is_none().then(|| delivery.next.millis()),
            created_ms: delivery.created.millis(),
            finished_ms: delivery.finished.map(domain::Timestamp::millis),
            status: delivery.status,
            error: delivery.error,
        }
    }
}

/// What a webhook was told.
#[derive(Serialize, ToSchema)]
pub struct DeliveryList {
    /// Newest first.
    items: Vec<DeliveryBody>,
}

/// How many to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// At most this many (50, up to 200).
    limit: Option<i64>,
}

/// Lists webhooks.
#[utoipa::path(get, path = "/webhooks", tag = "governance",
    responses((status = 200, body = WebhookList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<WebhookList>, Problem> {
    let page = app.webhooks().list(&ctx, MAX_WEBHOOKS, None).await?;
    let known = WebhookEvent::ALL.iter().filter(|event| **event != WebhookEvent::BudgetExceeded);
    Ok(Json(WebhookList {
        items: page.items.into_iter().map(Into::into).collect(),
        events: known.map(|event| event.name()).collect(),
    }))
}

/// What a webhook is to be, or what is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSpecBody {
    /// Its name.
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Where it is told: an `https` address of the public network, unless the operator allows more.
    url: Option<String>,
    /// Of what, as `model_version.created`.
    events: Option<Vec<String>>,
    /// What its tellings are signed with; it is never shown again. An empty one takes the signature away.
    secret: Option<String>,
    /// `active` or `disabled`.
    status: Option<String>,
}

fn spec(body: WebhookSpecBody) -> Result<WebhookSpec, Error> {
    let events =
        |names: Vec<String>| names.iter().map(|name| WebhookEvent::parse(name)).collect::<Result<_, _>>();
    let status = |word: String| match word.as_str() {
        "active" => Ok(WebhookStatus::Active),
        "disabled" => Ok(WebhookStatus::Disabled),
        other => Err(Error::invalid("status", format!("{other:?} is neither active nor disabled"))),
    };
    Ok(WebhookSpec {
        name: body.name,
        description: body.description,
        url: body.url,
        events: body.events.map(events).transpose()?,
        secret: body.secret,
        status: body.status.map(status).transpose()?,
    })
}

fn id(text: &str) -> Result<Id, Error> {
    Id::parse(text).ok_or_else(|| Error::not_found("webhook", text))
}

/// Makes a webhook; name, address and events must be given.
#[utoipa::path(post, path = "/webhooks", tag = "governance", request_body = WebhookSpecBody,
    responses((status = 200, body = WebhookBody), (status = "default", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<WebhookSpecBody>,
) -> Result<Json<WebhookBody>, Problem> {
    Ok(Json(app.webhooks().create(&ctx, spec(body)?).await?.into()))
}

/// Changes a webhook.
#[utoipa::path(patch, path = "/webhooks/{id}", tag = "governance", request_body = WebhookSpecBody,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = WebhookBody), (status = "default", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<WebhookSpecBody>,
) -> Result<Json<WebhookBody>, Problem> {
    Ok(Json(app.webhooks().update(&ctx, &id(&text)?, spec(body)?).await?.into()))
}

/// Removes a webhook; what it was still to be told is forgotten.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "governance",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    app.webhooks().delete(&ctx, &id(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to test with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookTestBody {
    /// Which event's example is sent; the first that the webhook wants when absent.
    event: Option<String>,
}

/// How a test went.
#[derive(Serialize, ToSchema)]
pub struct WebhookTestResult {
    /// Whether the other side said yes.
    success: bool,
    /// Its HTTP status, when it answered.
    status: Option<u16>,
    /// The start of what it answered.
    body: String,
    /// What was wrong, when it did not.
    error: String,
}

/// Sends an example of an event now; it is no delivery and leaves no record.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "governance", request_body = WebhookTestBody,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = WebhookTestResult), (status = "default", body = Problem)))]
pub async fn test(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<WebhookTestBody>,
) -> Result<Json<WebhookTestResult>, Problem> {
    let event = body.event.map(|name| WebhookEvent::parse(&name)).transpose().map_err(Error::from)?;
    let result = app.webhooks().test(&ctx, &id(&text)?, event).await?;
    Ok(Json(WebhookTestResult {
        success: result.success,
        status: result.status,
        body: result.body,
        error: result.error,
    }))
}

/// Lists what a webhook was told and is still to be told, newest first.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "governance",
    params(("id" = String, Path, description = "The webhook"), DeliveryQuery),
    responses((status = 200, body = DeliveryList), (status = "default", body = Problem)))]
pub async fn deliveries(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryList>, Problem> {
    let items = app.webhooks().deliveries(&ctx, &id(&text)?, query.limit.unwrap_or(DELIVERIES)).await?;
    Ok(Json(DeliveryList { items: items.into_iter().map(Into::into).collect() }))
}
