//! Versions of a data set.

use app::data::dataset::{AddVersion, NewFile};
use app::data::publish::Ingested;
use app::{App, Error};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::data::{DataKind, DataVersion, FileId, RelativePath, VersionState, Violation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::tracking::artifact::attached;
use crate::{Ctx, Json, Path, Problem, Query};

/// Versions on a page when the caller does not say.
const PAGE: i64 = 100;

/// A version of a data set.
#[derive(Serialize, ToSchema)]
pub struct DataVersionBody {
    /// The data set.
    dataset: String,
    /// `NAME@vN`, or `NAME@COMMIT` for a refused one.
    reference: String,
    /// Id of the commit.
    commit: String,
    /// Commit of the version before.
    parent: Option<String>,
    /// Commit of a branch that was merged into it.
    merged: Option<String>,
    /// The branch that it was made on; null for `main`.
    branch: Option<String>,
    /// Id of the tree of its files.
    tree: String,
    /// `published`, `draft` on a branch, or `rejected`.
    state: &'static str,
    /// Its number, when published.
    number: Option<i64>,
    /// Who made it.
    author: String,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// What the author says.
    message: String,
    /// Where the files came from.
    origin: String,
    /// How many files.
    files: i64,
    /// Their bytes.
    size: i64,
    /// Rows, when it is a table.
    rows: Option<i64>,
    /// What breaks the contract.
    #[schema(value_type = Vec<Object>)]
    violations: Vec<Violation>,
}

impl From<DataVersion> for DataVersionBody {
    fn from(version: DataVersion) -> Self {
        Self {
            reference: version.reference(),
            number: version.number(),
            dataset: version.dataset.to_string(),
            commit: version.commit.to_string(),
            parent: version.parent.map(|parent| parent.to_string()),
            merged: version.merged.map(|merged| merged.to_string()),
            branch: version.branch.map(String::from),
            tree: version.tree.to_string(),
            state: match version.state {
                VersionState::Published { .. } => "published",
                VersionState::Draft => "draft",
                VersionState::Rejected => "rejected",
            },
            author: version.author,
            time_ms: version.time_ms.millis(),
            message: version.message,
            origin: version.origin,
            files: version.files,
            size: version.size,
            rows: version.rows,
            violations: version.violations,
        }
    }
}

/// A page of versions.
#[derive(Serialize, ToSchema)]
pub struct DataVersionList {
    /// Newest first.
    items: Vec<DataVersionBody>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VersionQuery {
    /// At most this many (100).
    limit: Option<i64>,
    /// After so many.
    offset: Option<i64>,
}

/// Lists the versions of a data set, refused ones too, newest first.
#[utoipa::path(get, path = "/datasets/{name}/versions", tag = "data",
    params(("name" = String, Path, description = "The data set"), VersionQuery),
    responses((status = 200, body = DataVersionList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<Json<DataVersionList>, Problem> {
    let (limit, offset) = (query.limit.unwrap_or(PAGE), query.offset.unwrap_or(0));
    let versions = app.datasets().versions(&ctx, &super::name(&name)?, limit, offset).await?;
    Ok(Json(DataVersionList { items: versions.into_iter().map(Into::into).collect() }))
}

/// A file of a new version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFileBody {
    /// Where it is in the version.
    path: String,
    /// What `PUT /objects` answered.
    file_id: String,
}

/// A new version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddBody {
    /// Its files, stored before.
    files: Vec<NewFileBody>,
    /// What the author says.
    #[serde(default)]
    message: String,
    /// Keeps the files of the newest version that are not named here.
    #[serde(default)]
    append: bool,
    /// `table` (the default) or `files`, for a data set that is new.
    kind: Option<String>,
    /// A branch to commit on, made when it is not there, instead of publishing.
    branch: Option<String>,
}

/// How it ended.
#[derive(Serialize, ToSchema)]
pub struct AddedBody {
    /// `published`, `committed` on a branch, `unchanged` or `rejected`.
    outcome: &'static str,
    /// The version that the files are.
    version: Option<DataVersionBody>,
}

impl From<Ingested> for AddedBody {
    fn from(ingested: Ingested) -> Self {
        let outcome = match &ingested {
            Ingested::Published(_) => "published",
            Ingested::Committed(_) => "committed",
            Ingested::Rejected(_) | Ingested::StillRejected(_) => "rejected",
            Ingested::NoFiles | Ingested::Unchanged(_) => "unchanged",
        };
        Self { outcome, version: ingested.version().cloned().map(Into::into) }
    }
}

/// Makes a version of stored files. Files that break the contract are kept as a refused version and answered as a failed
/// check.
#[utoipa::path(post, path = "/datasets/{name}/versions", tag = "data", request_body = AddBody,
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = AddedBody), (status = "default", body = Problem)))]
pub async fn add(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<AddBody>,
) -> Result<Json<AddedBody>, Problem> {
    let kind = match body.kind.as_deref() {
        None | Some("table") => DataKind::Table,
        Some("files") => DataKind::Files,
        Some(other) => {
            return Err(Error::invalid("kind", format!("{other:?} is neither table nor files")).into());
        }
    };
    let file = |file: NewFileBody| {
        let path =
            RelativePath::parse(&file.path).map_err(|error| Error::invalid("path", error.to_string()))?;
        let file_id = FileId::parse(&file.file_id).ok_or_else(|| {
            Error::invalid("file_id", format!("{:?} is not the id of a file", file.file_id))
        })?;
        Ok::<_, Error>(NewFile { path, file_id })
    };
    let files = body.files.into_iter().map(file).collect::<Result<Vec<_>, _>>()?;
    let origin = format!("added by {}", ctx.actor.name);
    let dataset = super::name(&name)?;
    let branch = body.branch.as_deref().map(super::ref_name).transpose()?;
    let add = AddVersion { dataset, kind, files, append: body.append, message: body.message, origin, branch };
    Ok(Json(app.datasets().add(&ctx, add).await?.into()))
}

/// Shows one version: `v3`, `latest`, the start of a commit id, or a date.
#[utoipa::path(get, path = "/datasets/{name}/versions/{version}", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("version" = String, Path, description = "Which version")),
    responses((status = 200, body = DataVersionBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, at)): Path<(String, String)>,
) -> Result<Json<DataVersionBody>, Problem> {
    Ok(Json(super::version(&app, &ctx, &name, &at).await?.into()))
}

/// A file of a version.
#[derive(Serialize, ToSchema)]
pub struct FileBody {
    /// Where it is.
    path: String,
    /// BLAKE3 of its bytes.
    file_id: String,
    /// Their number.
    size: u64,
}

/// The files of a version.
#[derive(Serialize, ToSchema)]
pub struct FileList {
    /// By path.
    items: Vec<FileBody>,
}

/// Lists the files of a version.
#[utoipa::path(get, path = "/datasets/{name}/versions/{version}/files", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("version" = String, Path, description = "Which version")),
    responses((status = 200, body = FileList), (status = "default", body = Problem)))]
pub async fn files(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, at)): Path<(String, String)>,
) -> Result<Json<FileList>, Problem> {
    let version = super::version(&app, &ctx, &name, &at).await?;
    let body = |file: app::data::dataset::VersionFile| FileBody {
        path: file.path.as_str().to_owned(),
        file_id: file.file_id.to_string(),
        size: file.size,
    };
    let items = app.datasets().files(&ctx, &version).await?.into_iter().map(body).collect();
    Ok(Json(FileList { items }))
}

/// Which file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FileQuery {
    /// Where it is in the version.
    path: String,
}

/// Downloads a file of a version. Its `ETag` is the hash of its bytes; `If-None-Match`, `Range` and `If-Range` are
/// understood.
#[utoipa::path(get, path = "/datasets/{name}/versions/{version}/file", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("version" = String, Path, description = "Which version"), FileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = "default", body = Problem)))]
pub async fn file(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, at)): Path<(String, String)>,
    asked: HeaderMap,
    Query(query): Query<FileQuery>,
) -> Result<Response, Problem> {
    let version = super::version(&app, &ctx, &name, &at).await?;
    attached(app.datasets().open(&ctx, &version, &query.path).await?, &asked)
}
