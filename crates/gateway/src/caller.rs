//! Who asks, and what the headers say about the request.

use app::serving::predict::Caller;
use app::{Actor, App, Context};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// Keeps requests of one kind on one version during a rollout.
const ROUTING_KEY: &str = "x-volano-routing-key";
/// The caller's id of the request.
const REQUEST_ID: &str = "x-request-id";
/// Longest value of these headers that is kept.
const MAX_LEN: usize = 200;

/// A scoring request's surroundings.
pub(crate) struct Asking {
    pub ctx: Context,
    pub caller: Caller,
}

impl FromRequestParts<App> for Asking {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        // A route that the server's sign-in did not pass has no actor: closed by default.
        let Some(actor) = parts.extensions.get::<Actor>().cloned() else {
            return Err((StatusCode::UNAUTHORIZED, "not signed in: send a token").into_response());
        };
        let caller = Caller {
            routing_key: header(&parts.headers, ROUTING_KEY),
            request_id: header(&parts.headers, REQUEST_ID),
        };
        let ctx = app.context(actor, caller.request_id.clone().unwrap_or_default());
        Ok(Self { ctx, caller })
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty() && text.len() <= MAX_LEN).then(|| text.to_owned())
}
