//! Lists of runs: chosen columns, counts, groups, and the keys there are.

use std::collections::HashMap;

pub use db::search::{Group, Spread};
pub use db::tracking::census::{Census, Counted};

use db::tracking::logged::Wanted;
use db::tracking::{census, curve, run};
use domain::Id;
use domain::governance::role::Permission;
use domain::search::Object;
use domain::search::page::{Page, Place};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::run::Run;
use domain::tracking::saved_view::GroupBy;
use domain::tracking::validation::Refusal;

use super::SearchRequest;
use super::metric::Outline;
use super::run::{MAX_PAGE, Runs};
use crate::{Context, Result};

/// Most columns of a list.
pub const MAX_COLUMNS: usize = 200;
/// Most keys of a kind that are told.
pub const MAX_KEYS: usize = 5_000;
/// Most groups of one answer.
pub const MAX_GROUPS: i64 = 1_000;
/// Most curves of one answer.
pub const MAX_CURVES: usize = 1_000;

/// The columns of a list, as a caller writes them: `metrics.auc`, `params.lr`, `tags.team`.
pub fn columns(texts: &[String]) -> Result<Wanted> {
    if texts.len() > MAX_COLUMNS {
        let reason = format!("a list has at most {MAX_COLUMNS} columns, these are {}", texts.len());
        return Err(Refusal::new("columns", reason).into());
    }
    let mut wanted = Wanted::default();
    for (index, text) in texts.iter().enumerate() {
        let keys = match text.split_once('.') {
            Some(("metrics", _)) => &mut wanted.metrics,
            Some(("params", _)) => &mut wanted.params,
            Some(("tags", _)) => &mut wanted.tags,
            _ => {
                let reason = format!("{text:?} is no column: use metrics.KEY, params.KEY or tags.KEY");
                return Err(Refusal::new(format!("columns[{index}]"), reason).into());
            }
        };
        let key = text.split_once('.').map_or("", |(_, key)| key).to_owned();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(wanted)
}

/// A page of a list of runs.
#[derive(Clone, Debug)]
pub struct RunList {
    /// The runs.
    pub page: Page<Run>,
    /// How many runs each of them has started; empty when nobody asked.
    pub children: HashMap<Id, i64>,
}

impl Runs<'_> {
    /// A page of the runs that match, with nothing but what is wanted of what they logged, or with all of it.
    pub async fn list(
        &self,
        ctx: &Context,
        request: &SearchRequest,
        wanted: Option<&Wanted>,
        children: bool,
    ) -> Result<RunList> {
        let mut search = request.parse(Object::Runs, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let newest = match search.newest {
            Some(newest) => newest,
            None => run::newest(&mut conn).await?,
        };
        search.newest = Some(newest);
        let found = db::search::runs(&mut conn, &search).await?;
        let place = Place { offset: search.offset, newest: Some(newest) };
        let page = Page::cut_at(found, place, request.max_results);
        let ids: Vec<Id> = page.items.iter().map(|found| found.info.id.clone()).collect();
        let children = match children {
            true => run::children(&mut conn, &request.experiments, &ids).await?,
            false => HashMap::new(),
        };
        let items = match wanted {
            Some(wanted) => run::load_chosen(&mut conn, page.items, wanted).await?,
            None => run::load(&mut conn, page.items).await?,
        };
        Ok(RunList { page: Page { items, next_page_token: page.next_page_token }, children })
    }

    /// How many runs match, by how they stand.
    pub async fn count(&self, ctx: &Context, request: &SearchRequest) -> Result<Vec<(String, i64)>> {
        let search = request.parse(Object::Runs, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(db::search::count_runs(&mut reader.conn(), &search).await?)
    }

    /// The runs that match, gathered by what they share: the groups of most runs first.
    pub async fn groups(
        &self,
        ctx: &Context,
        request: &SearchRequest,
        by: &GroupBy,
        metrics: &[String],
    ) -> Result<Vec<Group>> {
        if metrics.len() > MAX_COLUMNS {
            let reason = format!("groups show at most {MAX_COLUMNS} metrics, these are {}", metrics.len());
            return Err(Refusal::new("metrics", reason).into());
        }
        let search = request.parse(Object::Runs, MAX_GROUPS)?;
        let metrics: Vec<&str> = metrics.iter().map(String::as_str).collect();
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(db::search::group_runs(&mut reader.conn(), &search, by, &metrics).await?)
    }

    /// Which metrics, params and tags the runs of experiments have, and how many runs each.
    pub async fn keys(&self, ctx: &Context, experiments: &[ExperimentId]) -> Result<Census> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(census::census(&mut reader.conn(), experiments, MAX_KEYS).await?)
    }

    /// Curves of several metrics of several runs within steps, each of at most `most` points, by run and key. A run that nobody
    /// knows, or no longer, has none.
    pub async fn curves(
        &self,
        ctx: &Context,
        ids: &[Id],
        keys: &[String],
        steps: (i64, i64),
        most: usize,
    ) -> Result<Vec<(Id, String, Outline)>> {
        let asked = ids.len().saturating_mul(keys.len());
        if asked > MAX_CURVES {
            let reason = format!(
                "{} runs with {} metrics are {asked} curves, one answer has at most {MAX_CURVES}: ask for fewer metrics",
                ids.len(),
                keys.len()
            );
            return Err(Refusal::new("keys", reason).into());
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut curves = Vec::with_capacity(asked);
        for id in ids {
            let Some(found) = run::get(&mut conn, id).await? else { continue };
            for key in keys {
                let outline = curve::outline(&mut conn, found.num, key, steps, most).await?;
                if !outline.points.is_empty() {
                    curves.push((id.clone(), key.clone(), outline));
                }
            }
        }
        Ok(curves)
    }
}
