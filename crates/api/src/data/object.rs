//! Uploads: bytes first, then the version that names them.

use app::App;
use axum::body::Body;
use axum::extract::State;
use domain::governance::role::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// Bytes of one file at the most: 100 GiB.
const MAX_BYTES: u64 = 100 << 30;

/// A stored file.
#[derive(Serialize, ToSchema)]
pub struct StoredBody {
    /// BLAKE3 of its bytes.
    file_id: String,
    /// Their number.
    size: u64,
}

/// Stores the body's bytes; they are whole and on disk when this answers. The same bytes are stored once.
#[utoipa::path(put, path = "/objects", tag = "data", request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = StoredBody), (status = "default", body = Problem)))]
pub async fn put(State(app): State<App>, Ctx(ctx): Ctx, body: Body) -> Result<Json<StoredBody>, Problem> {
    app.authorize(&ctx, Permission::WriteData).await?;
    let stored =
        app.objects().put_stream(body.into_data_stream(), MAX_BYTES).await.map_err(app::Error::from)?;
    Ok(Json(StoredBody { file_id: stored.id.to_string(), size: stored.size }))
}
