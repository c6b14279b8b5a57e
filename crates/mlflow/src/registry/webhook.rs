//! Webhooks.

use app::App;
use app::governance::webhook::WebhookSpec;
use axum::extract::{Path, State};
use domain::Id;
use domain::governance::webhook::{Webhook, WebhookEvent, WebhookStatus};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::wire::{self, Object};

/// Entities at their numbers, from 1.
const ENTITIES: [&str; 10] = [
    "REGISTERED_MODEL",
    "MODEL_VERSION",
    "MODEL_VERSION_TAG",
    "MODEL_VERSION_ALIAS",
    "PROMPT",
    "PROMPT_VERSION",
    "PROMPT_TAG",
    "PROMPT_VERSION_TAG",
    "PROMPT_ALIAS",
    "BUDGET_POLICY",
];
const ACTIONS: [&str; 5] = ["CREATED", "UPDATED", "DELETED", "SET", "EXCEEDED"];
/// Webhooks on a page when the caller does not say.
const PAGE: i64 = 100;

fn id(text: &str) -> Answer<Id> {
    // MLflow's own ids have hyphens.
    Id::parse(&text.replace('-', "")).ok_or_else(|| Failure::from(app::Error::not_found("webhook", text)))
}

fn event(params: &Params) -> Answer<WebhookEvent> {
    let entity = params.word("entity", &ENTITIES)?.ok_or_else(|| absent("entity"))?;
    let action = params.word("action", &ACTIONS)?.ok_or_else(|| absent("action"))?;
    Ok(WebhookEvent::of(&entity.to_ascii_lowercase(), &action.to_ascii_lowercase())?)
}

fn body(webhook: &Webhook) -> Value {
    let status = match webhook.status {
        WebhookStatus::Active => "ACTIVE",
        WebhookStatus::Disabled => "DISABLED",
    };
    let told = |event: &WebhookEvent| json!({"entity": event.entity().to_ascii_uppercase(), "action": event.action().to_ascii_uppercase()});
    Object::new()
        .set("webhook_id", webhook.id.as_str())
        .set("name", webhook.name.as_str())
        .some("description", &webhook.description)
        .set("url", webhook.url.as_str())
        .list("events", &webhook.events, told)
        .set("status", status)
        .set("creation_timestamp", wire::millis(webhook.created))
        .set("last_updated_timestamp", wire::millis(webhook.updated))
        .into()
}

fn answer(webhook: &Webhook) -> Object {
    Object::new().set("webhook", body(webhook))
}

/// What a request says about a webhook; an empty name, address or list says nothing.
fn spec(params: &Params) -> Answer<WebhookSpec> {
    let text = |name: &str| Ok::<_, Failure>(params.text(name)?.map(ToOwned::to_owned));
    let said = |name: &str| Ok::<_, Failure>(text(name)?.filter(|text| !text.is_empty()));
    let events: Vec<WebhookEvent> = params.messages("events")?.iter().map(event).collect::<Answer<_>>()?;
    let status = params.word("status", &["ACTIVE", "DISABLED"])?;
    Ok(WebhookSpec {
        name: said("name")?,
        description: text("description")?,
        url: said("url")?,
        events: (!events.is_empty()).then_some(events),
        secret: text("secret")?,
        status: status.map(|status| match status {
            "DISABLED" => WebhookStatus::Disabled,
            _ => WebhookStatus::Active,
        }),
    })
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    params.required("name")?;
    params.required("url")?;
    let spec = spec(&params)?;
    if spec.events.is_none() {
        let reason = "Webhook events must be a non-empty list of WebhookEvent objects: [].";
        return Err(Failure::invalid(reason));
    }
    Ok(answer(&app.webhooks().create(&ctx, spec).await?))
}

pub(crate) async fn list(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let most = params.whole("max_results")?.filter(|most| *most != 0).unwrap_or(PAGE);
    let page = app.webhooks().list(&ctx, most, params.text("page_token")?).await?;
    Ok(Object::new().list("webhooks", &page.items, body).set("next_page_token", page.next_page_token))
}

pub(crate) async fn get(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(webhook_id): Path<String>,
) -> Answer<Object> {
    Ok(answer(&app.webhooks().get(&ctx, &id(&webhook_id)?).await?))
}

pub(crate) async fn update(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(webhook_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    Ok(answer(&app.webhooks().update(&ctx, &id(&webhook_id)?, spec(&params)?).await?))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(webhook_id): Path<String>,
) -> Answer<Object> {
    app.webhooks().delete(&ctx, &id(&webhook_id)?).await?;
    Ok(Object::new())
}

pub(crate) async fn test(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(webhook_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let event = params.message("event")?.map(|message| event(&message)).transpose()?;
    let result = app.webhooks().test(&ctx, &id(&webhook_id)?, event).await?;
    let result = Object::new()
        .set("success", result.success)
        .set("response_status", result.status)
        .some("response_body", &result.body)
        .some("error_message", &result.error);
    Ok(Object::new().set("result", result))
}
