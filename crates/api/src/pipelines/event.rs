//! The log of events that can start work.

use app::App;
use axum::extract::State;
use domain::pipelines::event::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Problem, Query};

/// Events on a page when the caller does not say.
const PAGE: i64 = 100;

/// One event.
#[derive(Serialize, ToSchema)]
pub struct EventBody {
    /// Its place in the log.
    seq: i64,
    /// Its id.
    id: String,
    /// When.
    time_ms: i64,
    /// `data.published`, `monitor.drift`, `labels.added`, …
    kind: Value,
    /// The thing it happened to.
    subject: String,
    /// Details.
    payload: Value,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            seq: event.seq,
            id: event.id.to_string(),
            time_ms: event.time.millis(),
            kind: serde_json::to_value(event.kind).unwrap_or_default(),
            subject: event.subject,
            payload: event.payload,
        }
    }
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub struct EventPage {
    /// Newest first.
    items: Vec<EventBody>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// Which events to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Only events before this number.
    before: Option<i64>,
    /// At most this many (100, up to 1,000).
    limit: Option<i64>,
}

/// Lists events, newest first.
#[utoipa::path(get, path = "/events", tag = "pipelines", params(EventQuery),
    responses((status = 200, body = EventPage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    let events = app.events().list(&ctx, query.before, limit).await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count >= limit);
    let next_before = events.last().map(|event| event.seq).filter(|seq| full && *seq > 1);
    Ok(Json(EventPage { items: events.into_iter().map(Into::into).collect(), next_before }))
}
