//! What a handler left of a request's body.
//!
//! A call may be answered before its body was read: a route that is not there, a refusal by its head. Many clients look
//! at the answer only when they have sent everything, and the connection can carry the next request only when
//! everything was read: so the rest is read and thrown away while the answer goes out. When that takes too long, the
//! connection ends.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;

/// A rest up to this size is read.
const MAX_REST_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// For this long at the most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that comes back when the handler drops it.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take().filter(|_| !self.body.is_end_stream()) {
            // Nobody waits for it any more when the request itself was dropped.
            let _unwanted = back.send(std::mem::take(&mut self.body));
        }
    }
}

/// Answers, and reads the rest of the body. A client that waits to be asked for the body has not sent it, and is not
/// asked any more.
pub(crate) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (back, mut returned) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body, back: Some(back) }));
    let response = next.run(request).await;
    if let Ok(rest) = returned.try_recv() {
        tokio::spawn(tokio::time::timeout(PATIENCE, throw_away(rest)));
    }
    response
}

/// Reads a body to its end, unless it is very large.
async fn throw_away(body: Body) {
    if body.size_hint().lower() > MAX_REST_BYTES {
        return;
    }
    let (mut rest, mut read) = (body.into_data_stream(), 0);
    while let Some(Ok(chunk)) = rest.next().await {
        read += chunk.len() as u64;
        if read > MAX_REST_BYTES {
            return;
        }
    }
}
