//! What answers here.

use app::App;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// A server.
#[derive(Serialize, ToSchema)]
pub struct ServerBody {
    /// Its version.
    version: &'static str,
    /// Its home folder.
    home: String,
    /// `sqlite` or `postgresql`.
    database: &'static str,
    /// Names of the projects that it works for.
    projects: Vec<String>,
}

/// Says what answers here: version, home, database, projects.
#[utoipa::path(get, path = "/server", tag = "governance",
    responses((status = 200, body = ServerBody), (status = "default", body = Problem)))]
pub async fn get(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<ServerBody>, Problem> {
    let info = app.server_info(&ctx).await?;
    Ok(Json(ServerBody {
        version: env!("CARGO_PKG_VERSION"),
        home: info.home,
        database: info.database,
        projects: info.projects,
    }))
}
