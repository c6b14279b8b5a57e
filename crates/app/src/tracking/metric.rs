//! Histories of metrics.

use db::tracking::{curve, metric, run};
use domain::Id;
use domain::governance::role::Permission;
use domain::search::page::{self, Page};
use domain::tracking::metric::Metric;
use domain::tracking::validation::Refusal;

use super::run::{Runs, find};
use crate::{Context, Result};

pub use db::tracking::curve::Outline;

/// Points of one page at the most.
const MAX_POINTS: i64 = 2_000_000;

/// Every step there is.
pub const ALL_STEPS: (i64, i64) = (i64::MIN, i64::MAX);

impl Runs<'_> {
    /// The points of a metric in the order of time, step and value: a page of `max_results`, or all of them. A run or key
    /// that nobody knows has none.
    pub async fn metric_history(
        &self,
        ctx: &Context,
        id: &Id,
        key: &str,
        max_results: Option<i64>,
        page_token: Option<&str>,
    ) -> Result<Page<Metric>> {
        if max_results.is_some_and(|most| most < 1) {
            let given = max_results.unwrap_or_default();
            let reason = format!(
                "Invalid value {given} for parameter 'max_results' supplied. It must be a positive integer."
            );
            return Err(Refusal::new("max_results", reason).into());
        }
        let offset = page::offset(page_token)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let Some(found) = run::get(&mut conn, id).await? else {
            return Ok(Page::cut(Vec::new(), 0, 1));
        };
        let most = max_results.unwrap_or(MAX_POINTS).min(MAX_POINTS);
        let points = metric::history(&mut conn, found.num, key, offset, most + 1).await?;
        Ok(Page::cut(points, offset, most))
    }

    /// The points of a metric within steps, by step, at most `most` of them, chosen so that the curve keeps its ends and its
    /// spikes.
    pub async fn metric_curve(
        &self,
        ctx: &Context,
        id: &Id,
        key: &str,
        steps: (i64, i64),
        most: usize,
    ) -> Result<Outline> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id).await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Ok(curve::outline(&mut conn, found.num, key, steps, most).await?)
    }

    /// The points of a metric within steps, evenly thinned to `most`, of which the last point is always one.
    pub async fn metric_interval(
        &self,
        ctx: &Context,
        id: &Id,
        key: &str,
        steps: (i64, i64),
        most: usize,
    ) -> Result<Vec<Metric>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let Some(found) = run::get(&mut conn, id).await? else {
            return Ok(Vec::new());
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Ok(curve::sample(&mut conn, found.num, key, steps, most).await?)
    }
}
