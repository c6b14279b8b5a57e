//! Routes of the monitoring room: monitors, drift, performance, labels, alerts; and evaluations.

mod alert;
mod drift;
mod evaluation;
mod label;
mod monitor;
mod performance;

use app::App;
use domain::{Id, Name};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Problem;

/// Records on a page when the caller does not say.
const PAGE: i64 = 50;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(monitor::list))
        .routes(routes!(monitor::get, monitor::put))
        .routes(routes!(drift::list, drift::check))
        .routes(routes!(drift::get))
        .routes(routes!(performance::list, performance::check))
        .routes(routes!(label::add))
        .routes(routes!(alert::list))
        .routes(routes!(alert::acknowledge))
        .routes(routes!(evaluation::list))
        .routes(routes!(evaluation::get))
}

/// A page of records, newest first.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// Only records older than the one with this id: the cursor of the next page.
    before: Option<String>,
    /// At most this many (50, up to 500).
    limit: Option<i64>,
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).map_err(|error| app::Error::invalid("deployment", error.to_string()).into())
}

fn id(field: &'static str, text: &str) -> Result<Id, Problem> {
    let refuse =
        || app::Error::invalid(field, format!("{text:?} is not an id: 32 hexadecimal digits")).into();
    Id::parse(text).ok_or_else(refuse)
}

/// A domain word as it is on the wire.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => unreachable!("states and verdicts serialise to a word"),
    }
}
