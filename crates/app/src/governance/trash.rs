//! The trash: what is deleted, bringing it back, and how long it stays.

use db::governance::retention;
use db::governance::trash;
pub use db::governance::trash::Chosen;
use domain::governance::role::Permission;
use domain::governance::trash::{MAX_DAYS, Retention, TrashItem, TrashRef};
use domain::tracking::experiment::ExperimentId;

use crate::{App, Audit, Context, Error, Result};

/// Most things on one page.
pub const MAX_PAGE: i64 = 1000;
/// How far a page may be from the first thing.
const MAX_OFFSET: i64 = 1_000_000;

/// The trash as a view on [`App`].
pub struct Trash<'a>(pub(super) &'a App);

impl App {
    /// The trash.
    pub fn trash(&self) -> Trash<'_> {
        Trash(self)
    }
}

impl Trash<'_> {
    /// What is in the trash, what was deleted last first: at most `limit` from `offset`, and whether there is more.
    pub async fn list(
        &self,
        ctx: &Context,
        chosen: &Chosen,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<TrashItem>, bool)> {
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid("limit", format!("between 1 and {MAX_PAGE}, not {limit}")));
        }
        if !(0..=MAX_OFFSET).contains(&offset) {
            return Err(Error::invalid("offset", format!("between 0 and {MAX_OFFSET}, not {offset}")));
        }
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut found = trash::list(&mut conn, chosen, offset + limit + 1).await?;
        let mut page = found.split_off(found.len().min(usize::try_from(offset).unwrap_or(usize::MAX)));
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = page.len() > size;
        page.truncate(size);
        let mut items = Vec::with_capacity(page.len());
        for found in page {
            let bytes = trash::bytes(&mut conn, &found).await?;
            items.push(TrashItem { bytes, ..found.item });
        }
        Ok((items, more))
    }

    /// Brings a deleted thing back with all that went with it.
    pub async fn restore(&self, ctx: &Context, reference: &TrashRef) -> Result<()> {
        {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            let found = trash::find(&mut reader.conn(), reference).await?;
            found.ok_or_else(|| Error::not_found("deleted thing", reference))?;
        }
        match reference {
            TrashRef::Experiment(id) => self.0.experiments().restore(ctx, *id).await,
            TrashRef::Run(id) => self.0.runs().restore(ctx, id).await,
            TrashRef::LoggedModel(id) => self.0.logged_models().restore(ctx, id).await,
            TrashRef::Model(name, num) => self.0.models().restore(ctx, name, *num).await.map(drop),
            TrashRef::ModelVersion(name, version) => {
                self.0.models().restore_version(ctx, name, *version).await.map(drop)
            }
        }
    }

    /// The rules of how long things stay, the general one first.
    pub async fn retention(&self, ctx: &Context) -> Result<Vec<Retention>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(retention::list(&mut reader.conn()).await?)
    }

    /// Makes the rule that what is deleted is purged after so many days: in an experiment, or wherever there is no rule of
    /// its own.
    pub async fn set_retention(
        &self,
        ctx: &Context,
        experiment: Option<ExperimentId>,
        days: i64,
    ) -> Result<()> {
        if !(0..=MAX_DAYS).contains(&days) {
            return Err(Error::invalid("days", format!("between 0 and {MAX_DAYS}, not {days}")));
        }
        let (now, actor) = (ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    if let Some(id) = experiment
                        && db::tracking::experiment::bare(conn, id).await?.is_none()
                    {
                        return Err(Error::not_found("experiment", id));
                    }
                    retention::set(conn, experiment, days, &actor, now).await?;
                    let audit = Audit::new("governance.retention.set", "retention", rule(experiment))
                        .detail(serde_json::json!({"days": days}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Removes a rule.
    pub async fn remove_retention(&self, ctx: &Context, experiment: Option<ExperimentId>) -> Result<()> {
        self.0
            .mutate(ctx, Permission::Administer, move |conn| {
                Box::pin(async move {
                    if !retention::remove(conn, experiment).await? {
                        return Err(Error::not_found("retention rule for", rule(experiment)));
                    }
                    Ok(((), Audit::new("governance.retention.remove", "retention", rule(experiment))))
                })
            })
            .await
    }
}

/// A rule, as the audit log names it.
fn rule(experiment: Option<ExperimentId>) -> String {
    experiment.map_or_else(|| "all".to_owned(), |id| format!("exp:{id}"))
}
