//! The artifact root: clients turn `mlflow-artifacts:/…` addresses into these calls.

use app::App;
use axum::body::Body;
use axum::extract::{Path, State};
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
) -> Answer<Object> {
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    app.artifacts().put(&ctx, &path, stream).await?;
    Ok(Object::new())
}

pub(crate) async fn download(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
) -> Answer {
    attachment(app.artifacts().open(&ctx, &path).await?)
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

pub(crate) async fn not_multipart() -> Failure {
    Failure::not_implemented("Multipart uploads are not needed here: send the file in one request.")
}

pub(crate) async fn not_presigned() -> Failure {
    Failure::not_implemented("Presigned addresses are not needed here: files go through the server.")
}
