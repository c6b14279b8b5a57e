//! Uploads in parts: clients use them for files above a size, when the server says that it takes them.

use app::App;
use app::tracking::artifact_part::ListedPart;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::Id;
use domain::tracking::artifact::beside;
use futures::TryStreamExt;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::wire::Object;

fn upload_id(text: &str) -> Answer<Id> {
    Id::parse(text).ok_or_else(|| Failure::from(app::Error::not_found("upload", text)))
}

/// Where parts go, under the host by which the client reached this call.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("localhost");
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let scheme = if secure { "https" } else { "http" };
    format!("{scheme}://{host}/api/2.0/mlflow-artifacts/mpu/part")
}

/// Where the parts go, each to this server, with what lets this caller send them.
pub(crate) async fn create(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> Answer<Object> {
    let place = beside(&path, params.required("path")?);
    let parts = params.whole("num_parts")?.unwrap_or(1);
    let id = app.artifacts().begin_parts(&ctx, &place, parts).await?;
    let base = base(&headers);
    // The client sends parts as it would to a store of another house: without its own credentials.
    let own = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let own = own.map_or_else(|| json!({}), |value| json!({"Authorization": value}));
    let credential =
        |number: i64| json!({"url": format!("{base}/{id}/{number}"), "part_number": number, "headers": own});
    Ok(Object::new()
        .set("upload_id", id.as_str())
        .set("credentials", Value::Array((1..=parts).map(credential).collect())))
}

pub(crate) async fn part(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((id, number)): Path<(String, i64)>,
    body: Body,
) -> Answer<Response> {
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    let tag = app.artifacts().put_part(&ctx, &upload_id(&id)?, number, stream).await?;
    Ok(([(header::ETAG, format!("\"{tag}\""))], ()).into_response())
}

pub(crate) async fn complete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
    params: Params,
) -> Answer<Object> {
    let place = beside(&path, params.required("path")?);
    let id = upload_id(params.required("upload_id")?)?;
    let mut listed = Vec::new();
    for part in params.messages("parts")? {
        let number = part.whole("part_number")?.ok_or_else(|| absent("part_number"))?;
        listed.push(ListedPart { number, tag: part.text_or_empty("etag")? });
    }
    app.artifacts().complete_parts(&ctx, &place, &id, listed).await?;
    Ok(Object::new())
}

pub(crate) async fn abort(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(path): Path<String>,
    params: Params,
) -> Answer<Object> {
    let place = beside(&path, params.required("path")?);
    app.artifacts().abort_parts(&ctx, &place, &upload_id(params.required("upload_id")?)?).await?;
    Ok(Object::new())
}
