//! The audit log.

use app::App;
use app::governance::audit_event::{AuditFilter, Verdict};
use axum::extract::State;
use domain::governance::audit_event::{AuditEvent, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Problem, Query};

/// Events on a page when the caller does not say.
const PAGE: i64 = 100;

/// One change or refusal.
#[derive(Serialize, ToSchema)]
pub struct AuditEventBody {
    /// Position in the log, from 1, without holes.
    seq: i64,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// A user's name, `system`, or `step:ID`.
    actor: String,
    /// `room.noun.verb`.
    action: String,
    /// The kind of thing.
    noun: String,
    /// The thing's id or name.
    id: String,
    /// `done` or `refused`.
    outcome: &'static str,
    /// What changed.
    detail: serde_json::Value,
    /// Hash of the event before.
    prev_hash: String,
    /// BLAKE3 of this event's canonical form.
    hash: String,
}

impl From<AuditEvent> for AuditEventBody {
    fn from(event: AuditEvent) -> Self {
        Self {
            seq: event.seq,
            time_ms: event.time.millis(),
            actor: event.actor,
            action: event.action,
            noun: event.noun,
            id: event.id,
            outcome: match event.outcome {
                Outcome::Done => "done",
                Outcome::Refused => "refused",
            },
            detail: event.detail,
            prev_hash: event.prev_hash,
            hash: event.hash,
        }
    }
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// Newest first.
    items: Vec<AuditEventBody>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// Which events to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only this kind of thing.
    noun: Option<String>,
    /// Only this thing.
    id: Option<String>,
    /// Only by this actor.
    actor: Option<String>,
    /// Only events before this number.
    before: Option<i64>,
    /// At most this many (100, up to 1,000).
    limit: Option<i64>,
}

/// Lists audit events, newest first.
#[utoipa::path(get, path = "/audit", tag = "governance", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    let filter = AuditFilter { noun: query.noun, id: query.id, actor: query.actor, before: query.before };
    let events = app.audit_log().list(&ctx, &filter, limit).await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count >= limit);
    let next_before = events.last().map(|event| event.seq).filter(|seq| full && *seq > 1);
    Ok(Json(AuditPage { items: events.into_iter().map(Into::into).collect(), next_before }))
}

/// Whether the chain of hashes holds.
#[derive(Serialize, ToSchema)]
pub struct AuditVerdict {
    /// Whether every link holds.
    intact: bool,
    /// Events checked, when intact.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<i64>,
    /// Hash of the last event, when intact: noted elsewhere, it makes later truncation visible.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// The first event that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    /// What does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Recomputes the chain of hashes from the first event.
#[utoipa::path(get, path = "/audit/verify", tag = "governance",
    responses((status = 200, body = AuditVerdict), (status = "default", body = Problem)))]
pub async fn verify(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<AuditVerdict>, Problem> {
    let verdict = match app.audit_log().verify(&ctx).await? {
        Verdict::Intact { events, head } => AuditVerdict {
            intact: true,
            events: Some(events),
            head: Some(head),
            broken_at: None,
            reason: None,
        },
        Verdict::Broken { seq, reason } => AuditVerdict {
            intact: false,
            events: None,
            head: None,
            broken_at: Some(seq),
            reason: Some(reason),
        },
    };
    Ok(Json(verdict))
}
