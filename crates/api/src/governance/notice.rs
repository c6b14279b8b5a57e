//! Live notices as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use app::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::governance::role::Permission;
use futures::{Stream, StreamExt};
use tokio_stream::wrappers::BroadcastStream;

use crate::{Ctx, Problem};

/// How often an idle stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Streams what has just been committed: events named `notice` whose data is `{seq, action, noun, id}`
/// (points of metrics have no `seq`). A listener that
/// fell behind gets an event named `missed` and should read afresh.
#[utoipa::path(get, path = "/notices", tag = "governance",
    responses((status = 200, description = "server-sent events", content_type = "text/event-stream"),
              (status = "default", body = Problem)))]
pub async fn stream(
    State(app): State<App>,
    Ctx(ctx): Ctx,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    app.authorize(&ctx, Permission::Read).await?;
    let notices = BroadcastStream::new(app.notices().subscribe()).map(|notice| {
        let missed = || Event::default().event("missed").data("{}");
        let event = notice.map_or_else(
            |_lagged| missed(),
            |notice| Event::default().event("notice").json_data(notice).unwrap_or_else(|_| missed()),
        );
        Ok(event)
    });
    Ok(Sse::new(notices).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
