//! Branches and tags of a data set, and merging.

use app::App;
use app::data::branch::{DataRefEntry, MergePreview};
use axum::extract::State;
use domain::data::merge::{Conflict, ConflictKind};
use domain::data::ref_name::MAIN;
use domain::data::{At, RefKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::data_version::{AddedBody, DataVersionBody};
use super::profile::FileChangeBody;
use crate::{Ctx, Json, Path, Problem, Query};

/// A branch or tag.
#[derive(Serialize, ToSchema)]
pub struct DataRefBody {
    /// Its name; `main` is where published versions are.
    name: String,
    /// `branch` or `tag`.
    kind: &'static str,
    /// Who made or moved it last.
    author: String,
    /// When, in epoch milliseconds.
    updated_ms: i64,
    /// The version it is at.
    version: DataVersionBody,
}

impl From<DataRefEntry> for DataRefBody {
    fn from(entry: DataRefEntry) -> Self {
        let DataRefEntry { name, kind, author, updated_ms, version } = entry;
        let of_version = author.is_empty();
        Self {
            name,
            kind: kind.as_str(),
            author: if of_version { version.author.clone() } else { author },
            updated_ms: if of_version { version.time_ms.millis() } else { updated_ms.millis() },
            version: version.into(),
        }
    }
}

/// Branches and tags.
#[derive(Serialize, ToSchema)]
pub struct DataRefList {
    /// By name.
    items: Vec<DataRefBody>,
}

/// Lists the branches and tags of a data set, `main` too.
#[utoipa::path(get, path = "/datasets/{name}/refs", tag = "data",
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = DataRefList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
) -> Result<Json<DataRefList>, Problem> {
    let items = app.datasets().refs(&ctx, &super::name(&name)?).await?;
    Ok(Json(DataRefList { items: items.into_iter().map(Into::into).collect() }))
}

/// A new branch or tag.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDataRefBody {
    /// Its name: letters, digits and `. _ - /`.
    name: String,
    /// `branch`, which moves with what is committed on it, or `tag`, which stays.
    kind: String,
    /// The version to name: `v3`, a day, a commit, a branch; the newest when absent.
    at: Option<String>,
}

/// Makes a branch or tag.
#[utoipa::path(post, path = "/datasets/{name}/refs", tag = "data", request_body = NewDataRefBody,
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = DataRefBody), (status = "default", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<NewDataRefBody>,
) -> Result<Json<DataRefBody>, Problem> {
    let kind = RefKind::parse(&body.kind)
        .ok_or_else(|| app::Error::invalid("kind", format!("{:?} is neither branch nor tag", body.kind)))?;
    let at = match body.at.as_deref() {
        None => At::Latest,
        Some(text) => At::parse(text).ok_or_else(|| {
            let reason =
                format!("{text:?} names no version: give v3, latest, 2026-03-01, a branch or a commit");
            app::Error::invalid("at", reason)
        })?,
    };
    let (name, new) = (super::name(&name)?, super::ref_name(&body.name)?);
    Ok(Json(app.datasets().create_ref(&ctx, &name, &new, kind, &at).await?.into()))
}

/// Takes the name of a branch or tag away; its versions stay.
#[utoipa::path(delete, path = "/datasets/{name}/refs/{ref}", tag = "data",
    params(("name" = String, Path, description = "The data set"), ("ref" = String, Path, description = "The branch or tag")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((name, gone)): Path<(String, String)>,
) -> Result<axum::http::StatusCode, Problem> {
    app.datasets().remove_ref(&ctx, &super::name(&name)?, &super::ref_name(&gone)?).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Which branch.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MergeQuery {
    /// The branch.
    branch: String,
}

/// A path that both sides changed.
#[derive(Serialize, ToSchema)]
pub struct ConflictBody {
    /// Where.
    path: String,
    /// `both_changed`, `both_added`, `removed_by_us`, `removed_by_them` or `file_and_folder`.
    #[schema(value_type = String)]
    kind: ConflictKind,
    /// In words.
    detail: String,
}

/// What a merge would do.
#[derive(Serialize, ToSchema)]
pub struct MergePreviewBody {
    /// The newest published version.
    into: DataVersionBody,
    /// Where the branch is.
    branch: DataVersionBody,
    /// The commit that both came from.
    base: Option<String>,
    /// What would change in what is published.
    files: Vec<FileChangeBody>,
    /// What stands in the way.
    conflicts: Vec<ConflictBody>,
}

/// Shows what merging a branch into what is published would change, and what stands in the way.
#[utoipa::path(get, path = "/datasets/{name}/merge", tag = "data",
    params(("name" = String, Path, description = "The data set"), MergeQuery),
    responses((status = 200, body = MergePreviewBody), (status = "default", body = Problem)))]
pub async fn preview(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Query(query): Query<MergeQuery>,
) -> Result<Json<MergePreviewBody>, Problem> {
    let branch = super::ref_name(&query.branch)?;
    let preview = app.datasets().preview_merge(&ctx, &super::name(&name)?, &branch).await?;
    let MergePreview { into, branch: theirs, base, files, conflicts } = preview;
    let conflict = |Conflict { path, kind }: Conflict| ConflictBody {
        path,
        kind,
        detail: kind.words(MAIN, branch.as_str()),
    };
    Ok(Json(MergePreviewBody {
        into: into.into(),
        branch: theirs.into(),
        base: base.map(|base| base.to_string()),
        files: files.into_iter().map(Into::into).collect(),
        conflicts: conflicts.into_iter().map(conflict).collect(),
    }))
}

/// Which branch to merge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeBody {
    /// The branch.
    branch: String,
    /// What the author says; `merge BRANCH` when empty.
    #[serde(default)]
    message: String,
}

/// Merges a branch into what is published, when the merged files keep the contract and no file was changed on both sides.
#[utoipa::path(post, path = "/datasets/{name}/merge", tag = "data", request_body = MergeBody,
    params(("name" = String, Path, description = "The data set")),
    responses((status = 200, body = AddedBody), (status = "default", body = Problem)))]
pub async fn merge(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<MergeBody>,
) -> Result<Json<AddedBody>, Problem> {
    let branch = super::ref_name(&body.branch)?;
    Ok(Json(app.datasets().merge(&ctx, &super::name(&name)?, &branch, &body.message).await?.into()))
}
