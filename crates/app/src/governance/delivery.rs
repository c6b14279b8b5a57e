//! Telling webhooks: what is in line is sent, signed, tried again with growing waits, and given up in the end.

use base64::Engine;
use db::governance::webhook;
use domain::governance::webhook::{
    Delivery, DeliveryState, MAX_ATTEMPTS, Webhook, WebhookEvent, WebhookStatus, is_temporary, wait_ms,
};
use domain::{Id, Timestamp};
use ring::hmac;

use super::webhook::{Webhooks, payload, place};
use crate::{Context, Error, Result};

/// Deliveries that are under way at the same time.
const AT_ONCE: i64 = 16;
/// Nobody else tries a delivery for so long, in milliseconds: longer than any request may take.
const LEASE_MS: i64 = 30_000;
/// How long deliveries that came to their end are kept, in milliseconds.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Most characters of what went wrong.
const MAX_ERROR: usize = 500;

/// How a test went.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Whether the other side said yes.
    pub success: bool,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The answer's body.
    pub body: String,
    /// Why there was no answer.
    pub error: String,
}

impl Webhooks<'_> {
    /// Sends what is due, once each; how many were sent. Called again and again by the background loop.
    pub async fn deliver(&self, ctx: &Context) -> Result<usize> {
        let now = ctx.now();
        {
            let mut reader = self.0.read(ctx, domain::governance::role::Permission::Administer).await?;
            if webhook::next_due(&mut reader.conn()).await?.is_none_or(|due| due > now) {
                return Ok(0);
            }
        }
        let until = Timestamp::from_millis(now.millis() + LEASE_MS);
        let claimed = self
            .0
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(webhook::claim(conn, now, until, AT_ONCE).await?) })
            })
            .await?;
        let sent = claimed.len();
        let tries = claimed.into_iter().map(|delivery| self.attempt(ctx, delivery));
        let concluded = futures::future::try_join_all(tries).await?;
        let before = Timestamp::from_millis(now.millis() - KEPT_MS);
        self.0
            .bookkeep(move |conn| {
                Box::pin(async move {
                    for delivery in &concluded {
                        webhook::conclude(conn, delivery).await?;
                    }
                    webhook::forget(conn, before).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(sent)
    }

    /// One try; the delivery as it stands afterwards.
    async fn attempt(&self, ctx: &Context, mut delivery: Delivery) -> Result<Delivery> {
        let found = {
            let mut reader = self.0.read(ctx, domain::governance::role::Permission::Administer).await?;
            webhook::get(&mut reader.conn(), &delivery.webhook).await?
        };
        let outcome = match found.filter(|found| found.status == WebhookStatus::Active) {
            Some(found) => self.send(&found, &delivery.id, &delivery.payload, ctx.now()).await,
            None => Err(Failed { again: false, error: "the webhook is disabled".to_owned() }),
        };
        let (again, retry_after) = match outcome {
            Ok(answer) => {
                delivery.status = Some(i64::from(answer.status));
                delivery.error = if answer.status < 400 { String::new() } else { answer.body };
                if answer.status < 400 {
                    delivery.state = DeliveryState::Delivered;
                    delivery.finished = Some(ctx.now());
                    delivery.error.clear();
                    return Ok(delivery);
                }
                (is_temporary(answer.status), answer.retry_after)
            }
            Err(failed) => {
                delivery.status = None;
                delivery.error = failed.error;
                (failed.again, None)
            }
        };
        delivery.error = domain::tracking::validation::cut(delivery.error, MAX_ERROR);
        if again && delivery.attempts < MAX_ATTEMPTS {
            let wait = wait_ms(delivery.attempts, retry_after);
            delivery.next = Timestamp::from_millis(ctx.now().millis() + wait);
        } else {
            delivery.state = DeliveryState::Failed;
            delivery.finished = Some(ctx.now());
            tracing::warn!(webhook = %delivery.webhook, error = delivery.error, "a webhook was not reached; given up");
        }
        Ok(delivery)
    }

    /// Sends an example of an event (of the first that the webhook wants, when none is named) now, without a record.
    pub async fn test(&self, ctx: &Context, id: &Id, event: Option<WebhookEvent>) -> Result<TestResult> {
        self.0.authorize(ctx, domain::governance::role::Permission::Administer).await?;
        let found = self.get(ctx, id).await?;
        let event = event.or_else(|| found.events.first().copied());
        let event = event.ok_or_else(|| Error::invalid("event", "the webhook wants no event"))?;
        let body = payload(event, ctx.now(), &event.example());
        Ok(match self.send(&found, &ctx.new_id(), &body, ctx.now()).await {
            Ok(answer) => TestResult {
                success: answer.status < 400,
                status: Some(answer.status),
                body: answer.body,
                error: String::new(),
            },
            Err(failed) => TestResult {
                success: false,
                status: None,
                body: String::new(),
                error: format!("Failed to test webhook: {}", failed.error),
            },
        })
    }

    async fn send(
        &self,
        webhook: &Webhook,
        delivery: &Id,
        body: &str,
        now: Timestamp,
    ) -> Result<outgoing::Answer, Failed> {
        let seconds = (now.millis() / 1000).to_string();
        let mut headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("X-MLflow-Delivery-Id", delivery.to_string()),
            ("X-MLflow-Timestamp", seconds.clone()),
        ];
        if let Some(sealed) = &webhook.secret {
            let secret = self.0.secret().open_sealed(&place(&webhook.id), sealed).ok_or_else(|| Failed {
                again: false,
                error: "its secret was sealed in another home: set it anew".to_owned(),
            })?;
            let signed = format!("{delivery}.{seconds}.{body}");
            headers.push(("X-MLflow-Signature", signature(&secret, signed.as_bytes())));
        }
        let outgoing = self.0.outgoing();
        outgoing
            .post(&webhook.url, &headers, body.as_bytes().to_vec())
            .await
            .map_err(|error| Failed { again: error.is_temporary(), error: error.to_string() })
    }
}

/// A try without an answer.
struct Failed {
    /// Whether another one may end differently.
    again: bool,
    error: String,
}

/// `v1,` and the base64 of the HMAC-SHA256.
fn signature(secret: &[u8], bytes: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), bytes);
    format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_signature_is_that_of_the_standard() {
        // RFC 4231, test case 2.
        let signed = super::signature(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signed, "v1,W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }
}
