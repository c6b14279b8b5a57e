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
    router
        .route(&format!("{PREFIX}/openapi.json"), axum::routing::get(async || axum::Json(openapi())))
        .route(&format!("{PREFIX}/{{*rest}}"), axum::routing::any(unknown))
}

/// The OpenAPI document of all routes.
pub fn openapi() -> Document {
    let mut document = rooms().split_for_parts().1;
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            // Handlers in different rooms share names; a client's generator needs one for each operation.
            let verb = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(operation_id(&verb, path));
        }
    }
    document
}

/// `list` at `/api/v1/datasets/{name}/versions` is `list_datasets_versions`.
fn operation_id(verb: &str, path: &str) -> String {
    let nouns =
        path.trim_start_matches(PREFIX).split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    std::iter::once(verb).chain(nouns).collect::<Vec<_>>().join("_").replace('-', "_")
}

async fn unknown(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem::from(app::Error::not_found("route", format!("{method} {}", uri.path())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
        let ids: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert!(ids.len() > 50);
        assert_eq!(different.len(), ids.len(), "{ids:?}");
    }
}
