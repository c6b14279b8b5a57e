//! Data sets.

use app::App;
use app::data::dataset::DatasetSummary;
use axum::extract::State;
use domain::data::DataKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::data_version::DataVersionBody;
use crate::{Ctx, Json, Path, Problem};

/// A data set.
#[derive(Serialize, ToSchema)]
pub struct DatasetBody {
    /// Its name.
    name: String,
    /// `table` or `files`.
    kind: &'static str,
    /// Columns that are unique together.
    key: Vec<String>,
    /// The column of the rows' time.
    time_column: Option<String>,
    /// The contract's file in the project.
    contract: Option<String>,
    /// When it was first seen, in epoch milliseconds.
    created_ms: i64,
    /// How many versions are published.
    versions: i64,
    /// The newest published version.
    latest: Option<DataVersionBody>,
    /// A refused candidate that is newer than that.
    rejected: Option<DataVersionBody>,
}

impl From<DatasetSummary> for DatasetBody {
    fn from(summary: DatasetSummary) -> Self {
        let DatasetSummary { dataset, latest, rejected } = summary;
        Self {
            name: dataset.name.to_string(),
            kind: match dataset.kind {
                DataKind::Table => "table",
                DataKind::Files => "files",
            },
            key: dataset.key,
            time_column: dataset.time_column,
            contract: dataset.contract.map(|contract| contract.path),
            created_ms: dataset.created_ms.millis(),
            versions: latest.as_ref().and_then(domain::data::DataVersion::number).unwrap_or(0),
            latest: latest.map(Into::into),
            rejected: rejected.map(Into::into),
        }
    }
}

/// All data sets.
#[derive(Serialize, ToSchema)]
pub struct DatasetList {
    /// By name.
    items: Vec<DatasetBody>,
}

/// Lists data sets by name.
#[utoipa::path(get, path = "/datasets", tag = "data",
    responses((status = 200, body = DatasetList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<DatasetList>, Problem> {
    let items = app.datasets().list(&ctx).await?;
    Ok(Json(DatasetList { items: items.into_iter().map(Into::into).collect() }))
}

/// Shows one data set.
#[utoipa::path(get, path = "/datasets/{name}", tag = "data", params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = DatasetBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<DatasetBody>, Problem> {
    Ok(Json(app.datasets().get(&ctx, &super::name(&name)?).await?.into()))
}
