//! Uploads: bytes first, then the version that names them.

use app::App;
use axum::body::{Body, Bytes};
use axum::extract::State;
use domain::governance::role::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// Bytes of one file at the most: 100 GiB.
const MAX_BYTES: u64 = 100 << 30;

/// Bytes of a batch at the most.
const MAX_BATCH: usize = 32 << 20;
/// Bytes of a length in a batch.
const LENGTH: usize = 8;

/// A stored file.
#[derive(Serialize, ToSchema)]
pub struct StoredBody {
    /// BLAKE3 of its bytes.
    file_id: String,
    /// Their number.
    size: u64,
}

/// Stored files.
#[derive(Serialize, ToSchema)]
pub struct StoredList {
    /// In the order in which they were sent.
    items: Vec<StoredBody>,
}

/// Stores many small files at once: for each its number of bytes, as eight bytes with the lowest first, and then the bytes. At
/// most 32 MiB together; all are on disk when this answers.
#[utoipa::path(put, path = "/objects/batch", tag = "data",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = StoredList), (status = "default", body = Problem)))]
pub async fn put_many(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    body: Body,
) -> Result<Json<StoredList>, Problem> {
    app.authorize(&ctx, Permission::WriteData).await?;
    let sent = axum::body::to_bytes(body, MAX_BATCH).await.map_err(|error| {
        let reason = format!("it could not be read whole: {error}; at most {MAX_BATCH} bytes go at once");
        app::Error::invalid("body", reason)
    })?;
    let files = cut(sent)?;
    let store = app.objects().clone();
    let stored = tokio::task::spawn_blocking(move || store.put_many(&files)).await;
    let stored = stored.map_err(app::Error::internal)?.map_err(app::Error::from)?;
    let items = stored.into_iter().map(|file| StoredBody { file_id: file.id.to_string(), size: file.size });
    Ok(Json(StoredList { items: items.collect() }))
}

/// The files of a batch.
fn cut(mut sent: Bytes) -> Result<Vec<Bytes>, app::Error> {
    let mut files = Vec::new();
    while !sent.is_empty() {
        let file = sent.first_chunk::<LENGTH>().map(|length| u64::from_le_bytes(*length));
        let length = file.and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| *length <= sent.len() - LENGTH) else {
            let reason = format!("it ends within file {}", files.len() + 1);
            return Err(app::Error::invalid("body", reason));
        };
        let _length = sent.split_to(LENGTH);
        files.push(sent.split_to(length));
    }
    Ok(files)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_where_its_lengths_say() {
        let batch =
            [&3_u64.to_le_bytes()[..], b"abc", &0_u64.to_le_bytes(), &2_u64.to_le_bytes(), b"de"].concat();
        let whole = Bytes::from(batch);
        assert_eq!(cut(whole.clone()).unwrap(), ["abc", "", "de"].map(Bytes::from));
        for (end, file) in [(4, 1), (10, 1), (15, 2), (whole.len() - 1, 3)] {
            let error = cut(whole.slice(..end)).unwrap_err().to_string();
            assert!(error.contains(&format!("ends within file {file}")), "{end}: {error}");
        }
        assert!(cut(Bytes::from_static(&[0xff; 16])).is_err());
    }
}
