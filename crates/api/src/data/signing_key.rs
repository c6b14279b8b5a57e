//! The key with which clients of S3 read data versions.

use app::{App, Error};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// What a client of S3 signs with.
#[derive(Serialize, ToSchema)]
pub struct SigningKeyBody {
    /// The key's name.
    access_key_id: String,
    /// What is signed with; it does not travel with requests.
    secret_access_key: String,
    /// The region to sign for; any other will do.
    region: &'static str,
}

/// Shows the caller's key for reading data versions as an object store, at this server's address.
#[utoipa::path(get, path = "/data/s3", tag = "data",
    responses((status = 200, body = SigningKeyBody), (status = "default", body = Problem)))]
pub async fn get(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<SigningKeyBody>, Problem> {
    let key =
        app.tokens().signing_key(&ctx).ok_or_else(|| Error::not_found("signing key", &ctx.actor.name))?;
    Ok(Json(SigningKeyBody { access_key_id: key.id, secret_access_key: key.secret, region: "us-east-1" }))
}
