//! Who asks.

use app::{Actor, App, Context};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::failure::Failure;

/// The request's context.
pub(crate) struct Caller(pub(crate) Context);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        // A route that the server's sign-in did not pass has no actor: closed by default.
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or(app::Error::Unauthenticated)?;
        Ok(Self(app.context(actor, "mlflow")))
    }
}
