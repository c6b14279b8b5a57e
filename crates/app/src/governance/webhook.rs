//! Webhooks: addresses that are told of changes in the registry.

use db::Conn;
use db::governance::webhook;
use domain::governance::role::Permission;
use domain::governance::webhook::{
    Delivery, DeliveryState, MAX_DESCRIPTION_LEN, MAX_SECRET_LEN, Webhook, WebhookEvent, WebhookStatus,
    check_name,
};
use domain::search::page::{self, Page};
use domain::tracking::validation::{check_length, invalid_value};
use domain::{Id, Timestamp};
use serde_json::{Value, json};

use crate::{App, Audit, Context, Error, Result};

/// Most webhooks on one page.
pub const MAX_PAGE: i64 = 1000;
/// Most deliveries that are listed.
pub const MAX_DELIVERIES: i64 = 200;

/// Webhooks as a view on [`App`].
pub struct Webhooks<'a>(pub(super) &'a App);

impl App {
    /// The webhooks.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }
}

/// What a webhook is to be, or what is to change; what is absent stays.
#[derive(Clone, Default)]
pub struct WebhookSpec {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is told.
    pub url: Option<String>,
    /// Of what; all of it anew.
    pub events: Option<Vec<WebhookEvent>>,
    /// What its tellings are signed with; an empty one takes the signature away.
    pub secret: Option<String>,
    /// Whether it is told anything.
    pub status: Option<WebhookStatus>,
}

impl Webhooks<'_> {
    /// Makes a webhook; name, address and events must be given. Its address is resolved and checked.
    pub async fn create(&self, ctx: &Context, spec: WebhookSpec) -> Result<Webhook> {
        let missing = |field: &str| Error::invalid(field, domain::tracking::validation::missing_value(field));
        let new = Webhook {
            id: ctx.new_id(),
            name: spec.name.clone().ok_or_else(|| missing("name"))?,
            description: String::new(),
            url: spec.url.clone().ok_or_else(|| missing("url"))?,
            events: spec.events.clone().ok_or_else(|| missing("events"))?,
            status: WebhookStatus::Active,
            secret: None,
            creator: ctx.actor.name.clone(),
            created: ctx.now(),
            updated: ctx.now(),
        };
        let new = self.changed(new, spec).await?;
        self.save(ctx, "governance.webhook.create", new).await
    }

    /// Changes a webhook.
    pub async fn update(&self, ctx: &Context, id: &Id, spec: WebhookSpec) -> Result<Webhook> {
        self.0.authorize(ctx, Permission::Administer).await?;
        let found = self.get(ctx, id).await?;
        let changed = self.changed(Webhook { updated: ctx.now(), ..found }, spec).await?;
        self.save(ctx, "governance.webhook.update", changed).await
    }

    async fn save(&self, ctx: &Context, action: &'static str, webhook: Webhook) -> Result<Webhook> {
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    webhook::put(conn, &webhook).await?;
                    let events: Vec<String> = webhook.events.iter().map(|event| event.name()).collect();
                    let audit = Audit::new(action, "webhook", &webhook.id).detail(json!({
                        "name": webhook.name, "url": webhook.url, "events": events, "status": webhook.status,
                        "signed": webhook.secret.is_some(),
                    }));
                    Ok((webhook, audit))
                })
            })
            .await
    }

    /// The webhook with what is given in `spec`, checked.
    async fn changed(&self, mut webhook: Webhook, spec: WebhookSpec) -> Result<Webhook> {
        if let Some(name) = spec.name {
            check_name(&name)?;
            webhook.name = name;
        }
        if let Some(description) = spec.description {
            check_length(&description, "description", MAX_DESCRIPTION_LEN)?;
            webhook.description = description;
        }
        if let Some(mut events) = spec.events {
            if events.is_empty() {
                let why = "Webhook events must be a non-empty list of WebhookEvent objects: [].";
                return Err(Error::invalid("events", why));
            }
            let mut seen = Vec::new();
            events.retain(|event| {
                !seen.contains(event) && {
                    seen.push(*event);
                    true
                }
            });
            webhook.events = events;
        }
        if let Some(secret) = spec.secret {
            if secret.len() > MAX_SECRET_LEN {
                let reason = format!("'secret' exceeds the maximum length of {MAX_SECRET_LEN} bytes");
                return Err(Error::invalid("secret", reason));
            }
            let sealed = || self.0.secret().seal(&place(&webhook.id), secret.as_bytes());
            webhook.secret = (!secret.is_empty()).then(sealed);
        }
        if let Some(status) = spec.status {
            webhook.status = status;
        }
        if let Some(url) = spec.url {
            self.0.outgoing().check(&url).await.map_err(|error| refused(&url, &error))?;
            webhook.url = url;
        }
        Ok(webhook)
    }

    /// One webhook.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Webhook> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        webhook::get(&mut reader.conn(), id).await?.ok_or_else(|| Error::not_found("webhook", id))
    }

    /// A page of webhooks, newest first.
    pub async fn list(&self, ctx: &Context, most: i64, token: Option<&str>) -> Result<Page<Webhook>> {
        if !(1..=MAX_PAGE).contains(&most) {
            return Err(Error::invalid("max_results", "max_results must be between 1 and 1000."));
        }
        let offset = page::offset(token)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = webhook::list(&mut reader.conn(), offset, most + 1).await?;
        Ok(Page::cut(found, offset, most))
    }

    /// Removes a webhook; what it was still to be told is forgotten.
    pub async fn delete(&self, ctx: &Context, id: &Id) -> Result<()> {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    if !webhook::delete(conn, &id).await? {
                        return Err(Error::not_found("webhook", &id));
                    }
                    Ok(((), Audit::new("governance.webhook.delete", "webhook", &id)))
                })
            })
            .await
    }

    /// What a webhook was told and is still to be told, newest first.
    pub async fn deliveries(&self, ctx: &Context, id: &Id, limit: i64) -> Result<Vec<Delivery>> {
        self.get(ctx, id).await?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let limit = limit.clamp(1, MAX_DELIVERIES);
        Ok(webhook::deliveries(&mut reader.conn(), id, limit).await?)
    }
}

/// What a webhook's secret is sealed for.
pub(super) fn place(id: &Id) -> String {
    format!("webhook {id}")
}

/// A refused address as the field of a request.
fn refused(url: &str, error: &outgoing::Error) -> Error {
    let reason = match error {
        outgoing::Error::Scheme { scheme } => {
            format!("Invalid webhook URL scheme: '{scheme}'. Allowed schemes are: https.")
        }
        outgoing::Error::Forbidden { host, address, why } => format!(
            "Webhook URL must not resolve to a non-public IP address. '{host}' resolves to {address}, {why}. The \
             operator can allow the range with --outgoing-allow."
        ),
        outgoing::Error::NoHost => format!("Webhook URL must include a hostname: '{url}'"),
        error => invalid_value("url", &json!(url), Some(&error.to_string())),
    };
    Error::invalid("url", reason)
}

/// A change that webhooks may want to know of, with what they are told.
pub(crate) struct Told {
    pub event: WebhookEvent,
    pub data: Value,
}

impl Told {
    /// A change of a model, or of a prompt in its own words.
    pub fn new(prompt: bool, event: WebhookEvent, data: Value) -> Self {
        Self { event: if prompt { event.of_prompt() } else { event }, data }
    }
}

/// Puts the deliveries of a change in line, in the change's own transaction.
pub(crate) async fn tell(conn: &mut Conn<'_>, now: Timestamp, told: Told) -> Result<()> {
    let subscribed = webhook::subscribed(conn, told.event).await?;
    if subscribed.is_empty() {
        return Ok(());
    }
    let payload = payload(told.event, now, &told.data);
    for id in subscribed {
        let delivery = Delivery {
            id: crate::context::id_at(now),
            webhook: id,
            event: told.event.name(),
            payload: payload.clone(),
            state: DeliveryState::Pending,
            attempts: 0,
            next: now,
            created: now,
            finished: None,
            status: None,
            error: String::new(),
        };
        webhook::enqueue(conn, &delivery).await?;
    }
    Ok(())
}

/// The body that an event is told with.
pub(super) fn payload(event: WebhookEvent, now: Timestamp, data: &Value) -> String {
    let time = chrono::DateTime::from_timestamp_millis(now.millis()).unwrap_or_default();
    json!({
        "entity": event.entity(),
        "action": event.action(),
        "timestamp": time.to_rfc3339_opts(chrono::SecondsFormat::Micros, false),
        "data": data,
    })
    .to_string()
}
