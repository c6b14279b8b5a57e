//! Routes of the data room.

pub mod branch;
pub mod contract;
pub mod data_version;
pub mod dataset;
pub mod object;
pub mod profile;
pub mod signing_key;
pub mod sql;
pub mod upkeep;

use app::{App, Error};
use domain::Name;
use domain::data::RefName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Problem;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(object::put))
        .routes(routes!(object::put_many))
        .routes(routes!(dataset::list))
        .routes(routes!(dataset::get))
        .routes(routes!(data_version::list, data_version::add))
        .routes(routes!(data_version::get))
        .routes(routes!(data_version::files))
        .routes(routes!(data_version::file))
        .routes(routes!(branch::list, branch::create))
        .routes(routes!(branch::remove))
        .routes(routes!(branch::preview, branch::merge))
        .routes(routes!(profile::profile))
        .routes(routes!(profile::rows))
        .routes(routes!(profile::diff))
        .routes(routes!(sql::query))
        .routes(routes!(signing_key::get))
        .routes(routes!(upkeep::usage))
        .routes(routes!(upkeep::verify))
        .routes(routes!(upkeep::collect))
        .routes(routes!(contract::get))
        .routes(routes!(contract::infer))
        .routes(routes!(contract::test))
        .routes(routes!(contract::history))
}

/// A data set's name from the path.
fn name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).map_err(|error| Error::invalid("name", error.to_string()).into())
}

/// The name of a branch or tag.
fn ref_name(text: &str) -> Result<RefName, Problem> {
    RefName::parse(text).map_err(|error| Error::invalid("branch", error.to_string()).into())
}

/// The version that `NAME` and the part after `@` name.
async fn version(
    app: &App,
    ctx: &app::Context,
    name: &str,
    at: &str,
) -> Result<domain::data::DataVersion, Problem> {
    Ok(app.datasets().version(ctx, &format!("{name}@{at}")).await?)
}
