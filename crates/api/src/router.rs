//! All routes on one page.

use app::App;
use axum::Router;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::{Problem, data, governance, monitoring, pipelines, registry, serving, tracking};

/// The path below which all of this API lives.
pub const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(info(
    title = "Volano",
    description = "Data, runs, pipelines, models, deployments, monitoring and audit of one Volano server. \
                   Errors are problem documents (RFC 9457)."
))]
struct Description;

fn rooms() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi()).nest(
        PREFIX,
        OpenApiRouter::new()
            // Add your room here.
            .merge(data::router())
            .merge(governance::router())
            .merge(monitoring::router())
            .merge(pipelines::router())
            .merge(registry::router())
            .merge(serving::router())
            .merge(tracking::router()),
    )
}

/// The routes; unknown paths below [`PREFIX`] answer with a problem document.
pub fn router() -> Router<App> {
    let (router, _) = rooms().split_for_parts();
    router.route(&format!("{PREFIX}/{{*rest}}"), axum::routing::any(unknown))
}

/// The OpenAPI document of all routes.
pub fn openapi() -> Document {
    rooms().split_for_parts().1
}

async fn unknown(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem::from(app::Error::not_found("route", format!("{method} {}", uri.path())))
}
