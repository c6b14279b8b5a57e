//! Who asks: a step by its token, a client of S3 by its signature, otherwise the one local user of a home without accounts.

use app::{Actor, App};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Attaches the actor; a token that is not known is refused instead of being treated as nobody's.
pub(crate) async fn attach(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if s3::is_signed(request.headers()) {
        return s3::answer(&app, request).await;
    }
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let actor = match token {
        None => Actor::local(),
        Some(token) => match app.tokens().actor(token) {
            Some(actor) => actor,
            None => return (StatusCode::UNAUTHORIZED, "this token is not known here").into_response(),
        },
    };
    request.extensions_mut().insert(actor);
    next.run(request).await
}
