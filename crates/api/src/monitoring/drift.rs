//! Drift reports.

use app::App;
use axum::extract::State;
use domain::monitoring::drift_report::{ColumnDrift, DriftBin, DriftReport, QualityFinding};
use serde::Serialize;
use utoipa::ToSchema;

use super::monitor::DriftSettingsBody;
use super::{PAGE, PageQuery, id, name, word};
use crate::{Ctx, Json, Path, Problem, Query};

/// A window of requests compared with what the model was trained on.
#[derive(Serialize, ToSchema)]
pub struct DriftReportBody {
    /// Its id.
    id: String,
    /// When it was made, in epoch milliseconds.
    time_ms: i64,
    /// The deployment.
    deployment: String,
    /// The model.
    model: String,
    /// Its version.
    version: i64,
    /// First request's time, in epoch milliseconds.
    from_ms: i64,
    /// End of the window, exclusive.
    to_ms: i64,
    /// Requests in the window.
    rows: u64,
    /// What they were compared with.
    reference: String,
    /// Rows of that.
    reference_rows: u64,
    /// `steady`, `not_enough_rows`, `warn` or `alarm`.
    verdict: String,
    /// The verdict in words.
    sentence: String,
    /// Mean moved share of the columns, by importance when it is known.
    moved_share: f64,
    /// The rule's numbers.
    settings: DriftSettingsBody,
    /// Per input column, the most moved first.
    columns: Vec<ColumnDriftBody>,
    /// The prediction itself.
    prediction: Option<ColumnDriftBody>,
}

/// One column's comparison.
#[derive(Serialize, ToSchema)]
pub struct ColumnDriftBody {
    /// Its name.
    column: String,
    /// `numeric` or `categorical`.
    kind: String,
    /// `steady`, `not_enough_rows`, `warn` or `alarm`.
    verdict: String,
    /// The verdict in words.
    sentence: String,
    /// Usable reference values.
    reference_rows: u64,
    /// Usable values of the window.
    window_rows: u64,
    /// Greatest distance of the distribution functions, or total variation.
    statistic: f64,
    /// Share of the rows that moved for certain.
    moved_share: f64,
    /// The smallest shift that would have been an alarm.
    detectable_share: f64,
    /// Kolmogorov-Smirnov or chi-square p, uncorrected.
    p_value: Option<f64>,
    /// Population stability index.
    psi: f64,
    /// Jensen-Shannon distance, base 2.
    jensen_shannon: f64,
    /// Wasserstein distance over the reference's interquartile range.
    wasserstein_iqr: Option<f64>,
    /// Share of the model's decisions that rests on it, when known.
    importance: Option<f64>,
    /// What the data-quality checks found.
    findings: Vec<QualityFindingBody>,
    /// The two distributions over the reference's bins.
    bins: Vec<DriftBinBody>,
}

/// One data-quality check that found something.
#[derive(Serialize, ToSchema)]
pub struct QualityFindingBody {
    /// `missing`, `new_category`, `lost_category`, `out_of_range`, `type_change`, `constant` or `absent`.
    check: String,
    /// `warn` or `alarm`.
    verdict: String,
    /// The rate in the reference.
    reference_share: f64,
    /// The rate in the window.
    window_share: f64,
    /// What was found, in words.
    sentence: String,
}

/// One bar of the two histograms.
#[derive(Serialize, ToSchema)]
pub struct DriftBinBody {
    /// The interval or value.
    label: String,
    /// Share of the reference's rows.
    reference_share: f64,
    /// Share of the window's rows.
    window_share: f64,
}

impl From<DriftReport> for DriftReportBody {
    fn from(report: DriftReport) -> Self {
        Self {
            id: report.id.to_string(),
            time_ms: report.time_ms.millis(),
            deployment: report.deployment,
            model: report.model,
            version: report.version,
            from_ms: report.window.from_ms.millis(),
            to_ms: report.window.to_ms.millis(),
            rows: report.window.rows,
            reference: report.reference.text,
            reference_rows: report.reference.rows,
            verdict: word(&report.verdict),
            sentence: report.sentence,
            moved_share: report.moved_share,
            settings: report.settings.into(),
            columns: report.columns.into_iter().map(Into::into).collect(),
            prediction: report.prediction.map(Into::into),
        }
    }
}

impl From<ColumnDrift> for ColumnDriftBody {
    fn from(column: ColumnDrift) -> Self {
        Self {
            column: column.column,
            kind: word(&column.kind),
            verdict: word(&column.verdict),
            sentence: column.sentence,
            reference_rows: column.reference_rows,
            window_rows: column.window_rows,
            statistic: column.statistic,
            moved_share: column.moved_share,
            detectable_share: column.detectable_share,
            p_value: column.p_value,
            psi: column.psi,
            jensen_shannon: column.jensen_shannon,
            wasserstein_iqr: column.wasserstein_iqr,
            importance: column.importance,
            findings: column.findings.into_iter().map(Into::into).collect(),
            bins: column.bins.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<QualityFinding> for QualityFindingBody {
    fn from(finding: QualityFinding) -> Self {
        Self {
            check: word(&finding.check),
            verdict: word(&finding.verdict),
            reference_share: finding.reference_share,
            window_share: finding.window_share,
            sentence: finding.sentence,
        }
    }
}

impl From<DriftBin> for DriftBinBody {
    fn from(bin: DriftBin) -> Self {
        Self { label: bin.label, reference_share: bin.reference_share, window_share: bin.window_share }
    }
}

/// A page of drift reports.
#[derive(Serialize, ToSchema)]
pub struct DriftReportPage {
    /// Newest first.
    items: Vec<DriftReportBody>,
}

/// Lists a deployment's drift reports, newest first.
#[utoipa::path(get, path = "/deployments/{name}/drift", tag = "monitoring",
    params(("name" = String, Path, description = "The deployment"), PageQuery),
    responses((status = 200, body = DriftReportPage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<DriftReportPage>, Problem> {
    let before = page.before.as_deref().map(|before| id("before", before)).transpose()?;
    let limit = page.limit.unwrap_or(PAGE);
    let reports = app.monitors().drift_reports(&ctx, &name(&deployment)?, before.as_ref(), limit).await?;
    Ok(Json(DriftReportPage { items: reports.into_iter().map(Into::into).collect() }))
}

/// Closes the open window now and reports on it.
#[utoipa::path(post, path = "/deployments/{name}/drift", tag = "monitoring",
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = DriftReportBody), (status = "default", body = Problem)))]
pub async fn check(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
) -> Result<Json<DriftReportBody>, Problem> {
    Ok(Json(app.monitors().check_drift(&ctx, &name(&deployment)?).await?.into()))
}

/// One drift report.
#[utoipa::path(get, path = "/drift-reports/{id}", tag = "monitoring",
    params(("id" = String, Path, description = "The report")),
    responses((status = 200, body = DriftReportBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(report): Path<String>,
) -> Result<Json<DriftReportBody>, Problem> {
    Ok(Json(app.monitors().drift_report(&ctx, &id("id", &report)?).await?.into()))
}
