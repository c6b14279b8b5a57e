//! The files of a trace: its spans as one file, and what was attached to it.

use app::App;
use app::tracking::artifact::place;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use domain::tracking::artifact::download_headers;
use domain::tracking::trace::ARTIFACT_LOCATION;

use super::attachment;
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::tracking::trace::named;

/// The file of spans.
const SPANS: &str = "traces.json";

pub(crate) async fn download(
    State(app): State<App>,
    Caller(ctx): Caller,
    headers: HeaderMap,
    params: Params,
) -> Answer {
    let id = params.text("request_id")?.filter(|id| !id.is_empty());
    let id =
        id.ok_or_else(|| Failure::bad_request("Request must include the \"request_id\" query parameter."))?;
    let (info, contents) = app.traces().contents(&ctx, &named(id)?).await?;
    let root = info.tags.get(ARTIFACT_LOCATION).cloned().unwrap_or_default();
    let path = params.text_or_empty("path")?;
    if !path.is_empty() {
        let place = place(&root, &format!("attachments/{path}"));
        return attachment(app.artifacts().open(&ctx, &place).await?, &headers);
    }
    if !info.has_spans() {
        return attachment(app.artifacts().open(&ctx, &place(&root, SPANS)).await?, &headers);
    }
    let text = format!("{{\"spans\":[{}]}}", contents.join(","));
    let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
    Ok((download_headers(SPANS, size), Body::from(text)).into_response())
}
