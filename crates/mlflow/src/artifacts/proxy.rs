//! The artifact root: clients turn `mlflow-artifacts:/…` addresses into these calls.

use app::App;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use futures::TryStreamExt;

use super::{attachment, file};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::wire::Object;

pub(crate) async fn upload(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
    body: Body,
) -> Answer<()> {
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    app.artifacts().put(&ctx, &path, stream).await?;
    Ok(())
}

pub(crate) async fn download(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Answer {
    attachment(app.artifacts().open(&ctx, &path).await?, &headers)
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
) -> Answer<Object> {
    app.artifacts().delete(&ctx, &path).await?;
    Ok(Object::new())
}

/// Names in a folder: base names only.
pub(crate) async fn list(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let path = params.text_or_empty("path")?;
    if path.is_empty() {
        return Ok(Object::new());
    }
    let entries = app.artifacts().list(&ctx, &path).await?;
    Ok(Object::new()
        .list("files", &entries, |entry| file(entry, entry.path.rsplit('/').next().unwrap_or(&entry.path))))
}

pub(crate) async fn no_presigned_download() -> Failure {
    Failure::not_implemented("Multipart download is not supported for the current artifact repository")
}

pub(crate) async fn no_upload_url() -> Failure {
    Failure::invalid(
        "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). This \
         endpoint requires a direct cloud storage artifact URI.",
    )
}

pub(crate) async fn no_download_url() -> Failure {
    Failure::invalid(
        "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: \
         mlflow-artifacts). This endpoint requires a run with a direct cloud storage artifact URI.",
    )
}
