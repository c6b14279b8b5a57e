//! Profiles, rows and differences of versions.

use app::App;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::data_version::DataVersionBody;
use crate::{Ctx, Json, Path, Problem, Query};

/// Rows on a page when the caller does not say.
const PAGE: usize = 50;

/// Shows the statistics of a version's columns: rows, files, per column counts, quantiles, histogram, top values, and
/// correlations.
#[utoipa::path(get, path = "/datasets/{name}/versions/{version}/profile", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("version" = String, Path, description = "Which version")),
    responses((status = 200, body = Object), (status = "default", body = Problem)))]
pub async fn profile(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, at)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let version = super::version(&app, &ctx, &name, &at).await?;
    let profile = app.datasets().profile(&ctx, &version).await?;
    Ok(Json(serde_json::to_value(profile).map_err(app::Error::internal)?))
}

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RowQuery {
    /// At most this many (50, up to 1,000).
    limit: Option<usize>,
    /// After so many.
    offset: Option<usize>,
}

/// Some rows.
#[derive(Serialize, ToSchema)]
pub struct RowPage {
    /// The columns, in their order.
    columns: Vec<String>,
    /// Values by row, in the order of the columns.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Value>>,
    /// Rows of the whole version, when known.
    total: Option<i64>,
}

/// Shows rows of a version in the order of its files.
#[utoipa::path(get, path = "/datasets/{name}/versions/{version}/rows", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("version" = String, Path, description = "Which version"), RowQuery),
    responses((status = 200, body = RowPage), (status = "default", body = Problem)))]
pub async fn rows(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, at)): Path<(String, String)>,
    Query(query): Query<RowQuery>,
) -> Result<Json<RowPage>, Problem> {
    let version = super::version(&app, &ctx, &name, &at).await?;
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(PAGE));
    let rows = app.datasets().rows(&ctx, &version, offset, limit).await?;
    let columns: Vec<String> = rows.first().map(|row| row.keys().cloned().collect()).unwrap_or_default();
    let values = |row: serde_json::Map<String, Value>| {
        columns.iter().map(|name| row.get(name).cloned().unwrap_or_default()).collect()
    };
    let rows = rows.into_iter().map(values).collect();
    Ok(Json(RowPage { columns, rows, total: version.rows }))
}

/// Which two versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The earlier one.
    from: String,
    /// The later one (`latest`).
    to: Option<String>,
}

/// A file that differs.
#[derive(Serialize, ToSchema)]
pub struct FileChangeBody {
    /// Where it is.
    path: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// Its bytes.
    size: u64,
}

impl From<app::data::profile::FileChange> for FileChangeBody {
    fn from(change: app::data::profile::FileChange) -> Self {
        Self { path: change.path, change: change.change, size: change.size }
    }
}

/// A column that differs.
#[derive(Serialize, ToSchema)]
pub struct ColumnChangeBody {
    /// Its name.
    name: String,
    /// `added`, `removed`, `type` or `values`.
    change: &'static str,
    /// In words.
    detail: String,
}

/// What differs between two versions.
#[derive(Serialize, ToSchema)]
pub struct DiffBody {
    /// Whether the bytes are the same.
    identical: bool,
    /// The earlier one.
    from: DataVersionBody,
    /// The later one.
    to: DataVersionBody,
    /// Rows of the earlier one.
    rows_before: Option<i64>,
    /// Rows of the later one.
    rows_after: Option<i64>,
    /// Files, by path.
    files: Vec<FileChangeBody>,
    /// Columns.
    columns: Vec<ColumnChangeBody>,
}

/// Compares two versions of a data set.
#[utoipa::path(get, path = "/datasets/{name}/diff", tag = "data",
    params(("name" = String, Path, description = "The data set"), DiffQuery),
    responses((status = 200, body = DiffBody), (status = "default", body = Problem)))]
pub async fn diff(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<DiffBody>, Problem> {
    let from = super::version(&app, &ctx, &name, &query.from).await?;
    let to = super::version(&app, &ctx, &name, query.to.as_deref().unwrap_or("latest")).await?;
    let diff = app.datasets().diff(&ctx, from, to).await?;
    let column = |change: app::data::profile::ColumnChange| ColumnChangeBody {
        name: change.name,
        change: change.change,
        detail: change.detail,
    };
    Ok(Json(DiffBody {
        identical: diff.files.is_empty(),
        rows_before: diff.from.rows,
        rows_after: diff.to.rows,
        from: diff.from.into(),
        to: diff.to.into(),
        files: diff.files.into_iter().map(Into::into).collect(),
        columns: diff.columns.into_iter().map(column).collect(),
    }))
}
