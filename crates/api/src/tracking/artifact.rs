//! Files of runs.

use app::tracking::artifact::{Stored, place};
use app::{App, Context, Error};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Id;
use domain::tracking::download::{Asked, Wanted, headers, wanted};
use domain::tracking::logged_model;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::run::id;
use crate::{Ctx, Json, Path, Problem, Query};

/// Rows when the caller does not say.
const ROWS: usize = 100;

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
    listed(&app, &ctx, &run.info.artifact_uri, &query.path.unwrap_or_default()).await
}

/// The files of a folder below a root.
async fn listed(app: &App, ctx: &Context, root: &str, path: &str) -> Result<Json<ArtifactList>, Problem> {
    let entries = app.artifacts().list(ctx, &place(root, path)).await?;
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

/// Downloads a file of a run, to be saved and never to be shown. Its `ETag` is the hash of its bytes; `If-None-Match`,
/// `Range` and `If-Range` are understood.
#[utoipa::path(get, path = "/runs/{id}/artifact", tag = "tracking",
    params(("id" = String, Path, description = "The run"), ArtifactFileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = "default", body = Problem)))]
pub async fn download(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    asked: HeaderMap,
    Query(query): Query<ArtifactFileQuery>,
) -> Result<Response, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    sent(&app, &ctx, &run.info.artifact_uri, &query.path, &asked).await
}

async fn sent(
    app: &App,
    ctx: &Context,
    root: &str,
    path: &str,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    attached(app.artifacts().open(ctx, &place(root, path)).await?, asked)
}

/// A file to be saved and never to be shown, or what the request's headers ask for of it.
pub(crate) fn attached(stored: Stored, asked: &HeaderMap) -> Result<Response, Problem> {
    let size = stored.size.unsigned_abs();
    let given = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let asked = Asked {
        range: given(header::RANGE),
        if_none_match: given(header::IF_NONE_MATCH),
        if_range: given(header::IF_RANGE),
    };
    let wanted = wanted(asked, &stored.file, size);
    let headers = headers(wanted, &stored.path, &stored.file, size);
    let (status, body) = match wanted {
        Wanted::Same => (StatusCode::NOT_MODIFIED, Body::empty()),
        Wanted::Whole => (StatusCode::OK, Body::from_stream(stored.into_stream())),
        Wanted::Part { first, length } => {
            (StatusCode::PARTIAL_CONTENT, Body::from_stream(stored.into_part(first, length)))
        }
        Wanted::Outside => (StatusCode::RANGE_NOT_SATISFIABLE, Body::empty()),
    };
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(body).map_err(|error| Problem::from(Error::internal(error)))
}

/// What a shown HTML file may do: nothing but look as it does. No script, form, request, frame or opened window.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// Shows an HTML file of a run in a sandbox: no script of it runs, it asks no server for anything, and it is of no origin.
#[utoipa::path(get, path = "/runs/{id}/artifact/page", tag = "tracking",
    params(("id" = String, Path, description = "The run"), ArtifactFileQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
              (status = "default", body = Problem)))]
pub async fn page(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<ArtifactFileQuery>,
) -> Result<Response, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    let lower = query.path.to_ascii_lowercase();
    if !lower.ends_with(".html") && !lower.ends_with(".htm") {
        return Err(Error::invalid("path", "only files named .html or .htm are shown as pages").into());
    }
    let stored = app.artifacts().open(&ctx, &place(&run.info.artifact_uri, &query.path)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(stored.into_stream())).into_response())
}

/// Which rows of which file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRowsQuery {
    /// Below the run's root.
    path: String,
    /// After so many rows.
    offset: Option<usize>,
    /// At most this many (100, up to 1,000).
    limit: Option<usize>,
}

/// Rows of a table.
#[derive(Serialize, ToSchema)]
pub struct ArtifactRows {
    /// Names of the columns.
    columns: Vec<String>,
    /// Values by column.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Value>>,
    /// How many rows the table has.
    total: u64,
}

/// Shows rows of a run's file that is a table: Parquet, Arrow, CSV, TSV, JSON lines.
#[utoipa::path(get, path = "/runs/{id}/artifact/rows", tag = "tracking",
    params(("id" = String, Path, description = "The run"), ArtifactRowsQuery),
    responses((status = 200, body = ArtifactRows), (status = "default", body = Problem)))]
pub async fn rows(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<ArtifactRowsQuery>,
) -> Result<Json<ArtifactRows>, Problem> {
    let run = app.runs().get(&ctx, &id(&text)?).await?;
    let place = place(&run.info.artifact_uri, &query.path);
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(ROWS));
    let found = app.artifacts().rows(&ctx, &place, offset, limit).await?;
    let columns = found.columns;
    let values = |mut row: app::tracking::artifact::Record| {
        columns.iter().map(|name| row.remove(name).unwrap_or(Value::Null)).collect()
    };
    let rows = found.rows.into_iter().map(values).collect();
    Ok(Json(ArtifactRows { columns, rows, total: found.total }))
}

fn logged(text: &str) -> Result<Id, Error> {
    logged_model::parse_id(text).ok_or_else(|| Error::not_found("logged model", text))
}

/// Lists the files and folders of a logged model.
#[utoipa::path(get, path = "/logged-models/{id}/artifacts", tag = "tracking",
    params(("id" = String, Path, description = "The logged model, `m-…`"), ArtifactQuery),
    responses((status = 200, body = ArtifactList), (status = "default", body = Problem)))]
pub async fn list_model(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<ArtifactQuery>,
) -> Result<Json<ArtifactList>, Problem> {
    let model = app.logged_models().get(&ctx, &logged(&text)?, false).await?;
    listed(&app, &ctx, &model.artifact_uri, &query.path.unwrap_or_default()).await
}

/// Downloads a file of a logged model, to be saved and never to be shown.
#[utoipa::path(get, path = "/logged-models/{id}/artifact", tag = "tracking",
    params(("id" = String, Path, description = "The logged model, `m-…`"), ArtifactFileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = "default", body = Problem)))]
pub async fn download_model(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    asked: HeaderMap,
    Query(query): Query<ArtifactFileQuery>,
) -> Result<Response, Problem> {
    let model = app.logged_models().get(&ctx, &logged(&text)?, false).await?;
    sent(&app, &ctx, &model.artifact_uri, &query.path, &asked).await
}
