//! The trash: what is deleted, restoring it, purging it, and how long it stays.

use app::governance::purge::Selection;
use app::governance::trash::Chosen;
use app::{App, Context, Error};
use axum::extract::State;
use domain::Id;
use domain::governance::trash::{
    DAY_MS, Freed, Kept, MAX_DAYS, Purge, Retention, TrashItem, TrashKind, TrashRef,
};
use domain::tracking::experiment::ExperimentId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Things on a page when the caller does not say.
const PAGE: i64 = 100;

/// A deleted thing.
#[derive(Serialize, ToSchema)]
pub struct TrashItemBody {
    /// How it is named: `exp:12`, `run:ID`, `m-ID`, `model:NAME`, `model:NAME:3`.
    #[serde(rename = "ref")]
    reference: String,
    /// `experiment`, `run`, `logged_model`, `model` or `model_version`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// The number of the experiment that a run or logged model is in.
    experiment: Option<String>,
    /// When it was deleted, in epoch milliseconds.
    deleted_ms: i64,
    /// By whom; empty when nobody knows.
    deleted_by: String,
    /// Bytes of its files, those included that others use too.
    bytes: i64,
    /// Runs of an experiment, versions of a model.
    parts: i64,
}

impl From<TrashItem> for TrashItemBody {
    fn from(item: TrashItem) -> Self {
        Self {
            kind: item.reference.kind().as_str(),
            reference: item.reference.to_string(),
            name: item.name,
            experiment: item.experiment.map(|id| id.to_string()),
            deleted_ms: item.deleted.millis(),
            deleted_by: item.actor,
            bytes: item.bytes,
            parts: item.parts,
        }
    }
}

/// A page of the trash.
#[derive(Serialize, ToSchema)]
pub struct TrashPage {
    /// What was deleted last comes first.
    items: Vec<TrashItemBody>,
    /// Give it as `offset` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
}

/// What of the trash to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TrashQuery {
    /// Only `experiment`, `run`, `logged_model`, `model` or `model_version`.
    kind: Option<String>,
    /// Only this experiment and what is in it, by name or number.
    experiment: Option<String>,
    /// Only what was deleted so many days ago or earlier.
    older_than_days: Option<i64>,
    /// At most this many (100, up to 1,000).
    limit: Option<i64>,
    /// From this one on.
    offset: Option<i64>,
}

async fn experiment(app: &App, ctx: &Context, text: Option<&str>) -> Result<Option<ExperimentId>, Error> {
    match text {
        Some(text) => Ok(Some(app.experiments().named(ctx, text).await?.id)),
        None => Ok(None),
    }
}

fn kind(text: &str) -> Result<TrashKind, Error> {
    TrashKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let known = TrashKind::ALL.map(TrashKind::as_str).join(", ");
        Error::invalid("kind", format!("{text:?} is no kind of thing in the trash; these are: {known}"))
    })
}

fn references(texts: &[String]) -> Result<Vec<TrashRef>, Error> {
    let parse =
        |text: &String| TrashRef::parse(text).map_err(|error| Error::invalid("refs", error.to_string()));
    texts.iter().map(parse).collect()
}

/// Lists what is deleted and can be restored. Runs of a deleted experiment come with it, versions of a deleted model too.
#[utoipa::path(get, path = "/trash", tag = "governance", params(TrashQuery),
    responses((status = 200, body = TrashPage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<TrashQuery>,
) -> Result<Json<TrashPage>, Problem> {
    let until = match query.older_than_days {
        Some(days) if !(0..=MAX_DAYS).contains(&days) => {
            let reason = format!("between 0 and {MAX_DAYS}, not {days}");
            return Err(Error::invalid("older_than_days", reason).into());
        }
        days => days.map(|days| ctx.now().plus_millis(-days * DAY_MS)),
    };
    let chosen = Chosen {
        kind: query.kind.as_deref().map(kind).transpose()?,
        experiment: experiment(&app, &ctx, query.experiment.as_deref()).await?,
        until,
    };
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(PAGE));
    let (items, more) = app.trash().list(&ctx, &chosen, offset, limit).await?;
    let items = items.into_iter().map(Into::into).collect();
    Ok(Json(TrashPage { items, next_offset: more.then_some(offset.saturating_add(limit)) }))
}

/// What to bring back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreBody {
    /// References, as `GET /trash` writes them.
    refs: Vec<String>,
}

/// What is back.
#[derive(Serialize, ToSchema)]
pub struct RestoredBody {
    /// In the order that was asked for.
    restored: Vec<String>,
}

/// Brings deleted things back, one after the other, up to the first that cannot be.
#[utoipa::path(post, path = "/trash/restore", tag = "governance", request_body = RestoreBody,
    responses((status = 200, body = RestoredBody), (status = "default", body = Problem)))]
pub async fn restore(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RestoreBody>,
) -> Result<Json<RestoredBody>, Problem> {
    let refs = references(&body.refs)?;
    for reference in &refs {
        app.trash().restore(&ctx, reference).await?;
    }
    Ok(Json(RestoredBody { restored: refs.iter().map(ToString::to_string).collect() }))
}

/// What to purge: named things, or all of the trash that fits; the whole trash when nothing is said.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeSelectionBody {
    /// References, as `GET /trash` writes them.
    #[serde(default)]
    refs: Vec<String>,
    /// Only this experiment and what is in it, by name or number.
    experiment: Option<String>,
    /// Only what was deleted so many days ago or earlier.
    older_than_days: Option<i64>,
    /// Answer when it is finished, not when it has begun.
    #[serde(default)]
    wait: bool,
}

async fn selection(app: &App, ctx: &Context, body: &PurgeSelectionBody) -> Result<Selection, Error> {
    Ok(Selection {
        refs: references(&body.refs)?,
        experiment: experiment(app, ctx, body.experiment.as_deref()).await?,
        older_than_days: body.older_than_days,
    })
}

/// How much a purge takes.
#[derive(Serialize, ToSchema)]
pub struct FreedBody {
    /// Experiments.
    experiments: i64,
    /// Runs.
    runs: i64,
    /// Logged models.
    logged_models: i64,
    /// Registered models.
    models: i64,
    /// Versions of registered models.
    model_versions: i64,
    /// Points of metrics.
    points: i64,
    /// Rows of all tables, points included.
    rows: i64,
    /// Stored files that nothing else uses.
    files: i64,
    /// Their bytes.
    bytes: i64,
}

impl From<Freed> for FreedBody {
    fn from(freed: Freed) -> Self {
        Self {
            experiments: freed.experiments,
            runs: freed.runs,
            logged_models: freed.logged_models,
            models: freed.models,
            model_versions: freed.model_versions,
            points: freed.points,
            rows: freed.rows,
            files: freed.files,
            bytes: freed.bytes,
        }
    }
}

/// Something that stays although it was chosen.
#[derive(Serialize, ToSchema)]
pub struct KeptBody {
    /// What stays.
    #[serde(rename = "ref")]
    reference: String,
    /// Why, and the way out.
    reason: String,
}

fn kept(kept: Vec<Kept>) -> Vec<KeptBody> {
    kept.into_iter()
        .map(|kept| KeptBody { reference: kept.reference.to_string(), reason: kept.reason })
        .collect()
}

/// What a purge would take.
#[derive(Serialize, ToSchema)]
pub struct PurgePreviewBody {
    /// How much.
    freed: FreedBody,
    /// What stays although it was chosen.
    kept: Vec<KeptBody>,
    /// Whether there is more than one purge takes: the rest needs another.
    more: bool,
}

/// Says what a purge would take and how many bytes it would free; takes nothing.
#[utoipa::path(post, path = "/trash/preview", tag = "governance", request_body = PurgeSelectionBody,
    responses((status = 200, body = PurgePreviewBody), (status = "default", body = Problem)))]
pub async fn preview(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<PurgeSelectionBody>,
) -> Result<Json<PurgePreviewBody>, Problem> {
    let selection = selection(&app, &ctx, &body).await?;
    let found = app.trash().preview(&ctx, &selection).await?;
    Ok(Json(PurgePreviewBody { freed: found.freed.into(), kept: kept(found.kept), more: found.more }))
}

/// A purge.
#[derive(Serialize, ToSchema)]
pub struct PurgeBody {
    /// Its id.
    id: String,
    /// Who asked for it.
    actor: String,
    /// `asked`, or `retention`.
    cause: String,
    /// `running`, `sweeping` (files are removed) or `finished`.
    state: &'static str,
    /// When it was asked for, in epoch milliseconds.
    created_ms: i64,
    /// When it came to its end.
    finished_ms: Option<i64>,
    /// What it took so far.
    freed: FreedBody,
    /// Things that it has still to take, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<i64>,
    /// What stays although it was chosen; with the answer to its start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<KeptBody>,
    /// Whether there is more than one purge takes; with the answer to its start.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

impl From<Purge> for PurgeBody {
    fn from(purge: Purge) -> Self {
        Self {
            id: purge.id.to_string(),
            actor: purge.actor,
            cause: purge.cause,
            state: purge.state.as_str(),
            created_ms: purge.created.millis(),
            finished_ms: purge.finished.map(domain::Timestamp::millis),
            freed: purge.freed.into(),
            left: None,
            kept: Vec::new(),
            more: false,
        }
    }
}

/// Begins to purge. It goes on in the background, also after a restart.
#[utoipa::path(post, path = "/trash/purges", tag = "governance", request_body = PurgeSelectionBody,
    responses((status = 200, body = PurgeBody), (status = "default", body = Problem)))]
pub async fn purge(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<PurgeSelectionBody>,
) -> Result<Json<PurgeBody>, Problem> {
    let selection = selection(&app, &ctx, &body).await?;
    let mut begun = app.trash().purge(&ctx, selection).await?;
    if body.wait {
        begun.purge = app.trash().work_off(&ctx, &begun.purge.id).await?;
    }
    Ok(Json(PurgeBody { kept: kept(begun.kept), more: begun.more, ..begun.purge.into() }))
}

/// Purges.
#[derive(Serialize, ToSchema)]
pub struct PurgeList {
    /// Newest first.
    items: Vec<PurgeBody>,
}

/// Lists the newest purges.
#[utoipa::path(get, path = "/trash/purges", tag = "governance",
    responses((status = 200, body = PurgeList), (status = "default", body = Problem)))]
pub async fn purges(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<PurgeList>, Problem> {
    let items = app.trash().purges(&ctx).await?;
    Ok(Json(PurgeList { items: items.into_iter().map(Into::into).collect() }))
}

/// Says how a purge stands.
#[utoipa::path(get, path = "/trash/purges/{id}", tag = "governance",
    params(("id" = String, Path, description = "The purge")),
    responses((status = 200, body = PurgeBody), (status = "default", body = Problem)))]
pub async fn purge_status(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<PurgeBody>, Problem> {
    let id = Id::parse(&text).ok_or_else(|| Error::not_found("purge", &text))?;
    let (found, left) = app.trash().purge_status(&ctx, &id).await?;
    Ok(Json(PurgeBody { left: Some(left), ..found.into() }))
}

/// A rule of how long deleted things stay.
#[derive(Serialize, ToSchema)]
pub struct RetentionBody {
    /// The number of an experiment; null for all without a rule of their own, and the registry.
    experiment: Option<String>,
    /// Days in the trash.
    days: i64,
    /// Who made the rule.
    actor: String,
    /// When, in epoch milliseconds.
    set_ms: i64,
}

impl From<Retention> for RetentionBody {
    fn from(rule: Retention) -> Self {
        Self {
            experiment: rule.experiment.map(|id| id.to_string()),
            days: rule.days,
            actor: rule.actor,
            set_ms: rule.set.millis(),
        }
    }
}

/// All rules.
#[derive(Serialize, ToSchema)]
pub struct RetentionList {
    /// The general one first. Without any, everything stays.
    items: Vec<RetentionBody>,
}

/// Lists the rules of how long deleted things stay in the trash.
#[utoipa::path(get, path = "/trash/retention", tag = "governance",
    responses((status = 200, body = RetentionList), (status = "default", body = Problem)))]
pub async fn retention(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<RetentionList>, Problem> {
    let items = app.trash().retention(&ctx).await?;
    Ok(Json(RetentionList { items: items.into_iter().map(Into::into).collect() }))
}

/// A rule to be made or removed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetentionBody {
    /// Name or number of an experiment; all without a rule of their own, and the registry, when absent.
    experiment: Option<String>,
    /// Days in the trash; the rule is removed when absent.
    days: Option<i64>,
}

/// Makes, changes or removes a rule; all rules afterwards.
#[utoipa::path(put, path = "/trash/retention", tag = "governance", request_body = NewRetentionBody,
    responses((status = 200, body = RetentionList), (status = "default", body = Problem)))]
pub async fn set_retention(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<NewRetentionBody>,
) -> Result<Json<RetentionList>, Problem> {
    let experiment = experiment(&app, &ctx, body.experiment.as_deref()).await?;
    match body.days {
        Some(days) => app.trash().set_retention(&ctx, experiment, days).await?,
        None => app.trash().remove_retention(&ctx, experiment).await?,
    }
    retention(State(app), Ctx(ctx)).await
}
