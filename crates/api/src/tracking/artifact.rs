//! Files of runs.

use app::App;
use app::tracking::artifact::place;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::tracking::artifact::download_headers;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::run::id;
use crate::{Ctx, Json, Path, Problem, Query};

/// Which folder.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ArtifactQuery {
    /// Below the run's root; the root itself when absent.
    path: Option<String>,
}

/// A file or folder of a run.
#[derive(Serialize, ToSchema)]
pub struct ArtifactBody {
    /// Path below the run's root.
    path: String,
    /// Whether it is a folder.
    is_dir: bool,
    /// Bytes of a file.
    size: Option<i64>,
}

/// The files of a folder.
#[derive(Serialize, ToSchema)]
pub struct ArtifactList {
    /// By path.
    items: Vec<ArtifactBody>,
}

/// Lists the files and folders of a run.
#[utoipa::path(get, path = "/runs/{id}/artifacts", tag = "tracking",
    params(("id" = String, Path, description = "The run"), ArtifactQuery),
    responses((status = 200, body = ArtifactList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<ArtifactQuery>,
) -> Result<Json<ArtifactList>, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    let folder = place(&run.info.artifact_uri, &query.path.unwrap_or_default());
    let entries = app.artifacts().list(&ctx, &folder).await?;
    let items = entries
        .into_iter()
        .map(|entry| ArtifactBody { is_dir: entry.is_folder(), path: entry.path, size: entry.size })
        .collect();
    Ok(Json(ArtifactList { items }))
}

/// Which file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ArtifactFileQuery {
    /// Below the run's root.
    path: String,
}

/// Downloads a file of a run, to be saved and never to be shown.
#[utoipa::path(get, path = "/runs/{id}/artifact", tag = "tracking",
    params(("id" = String, Path, description = "The run"), ArtifactFileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = "default", body = Problem)))]
pub async fn download(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<ArtifactFileQuery>,
) -> Result<Response, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    let stored = app.artifacts().open(&ctx, &place(&run.info.artifact_uri, &query.path)).await?;
    Ok((download_headers(&stored.path, stored.size), Body::from_stream(stored.into_stream())).into_response())
}
