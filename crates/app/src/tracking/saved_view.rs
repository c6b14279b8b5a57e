//! Saved views of lists of runs.

use db::Conn;
use db::tracking::{experiment, saved_view};
use domain::Id;
use domain::governance::role::Permission;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::saved_view::{Layout, SavedView};

use crate::{App, Audit, Context, Error, Result};

/// Most views of one owner.
pub const MAX_VIEWS: i64 = 500;
/// Most views of one list.
const MAX_LISTED: i64 = 5_000;

/// Saved views as a view on [`App`].
pub struct SavedViews<'a>(&'a App);

impl App {
    /// The saved views.
    pub fn views(&self) -> SavedViews<'_> {
        SavedViews(self)
    }
}

/// A view as somebody wants it.
#[derive(Clone, Debug, Default)]
pub struct NewView {
    /// Its name.
    pub name: String,
    /// Whether others see it.
    pub shared: bool,
    /// Of which experiment's runs; of all when absent.
    pub experiment: Option<ExperimentId>,
    /// What it shows.
    pub layout: Layout,
}

/// Whoever may look may keep a view of what they see; showing it to others is a change to what they see.
fn permission(shared: bool) -> Permission {
    if shared { Permission::WriteRuns } else { Permission::Read }
}

impl SavedViews<'_> {
    /// Own views and those that others share, by name.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<SavedView>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(saved_view::visible(&mut reader.conn(), &ctx.actor.name, MAX_LISTED).await?)
    }

    /// One view, own or shared.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<SavedView> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        visible(&mut reader.conn(), id, &ctx.actor.name).await
    }

    /// Keeps a view under a name.
    pub async fn create(&self, ctx: &Context, new: NewView) -> Result<SavedView> {
        let (name, layout) = checked(&new)?;
        let now = ctx.now();
        let view = SavedView {
            id: ctx.new_id(),
            name,
            owner: ctx.actor.name.clone(),
            shared: new.shared,
            experiment: new.experiment,
            layout,
            created: now,
            updated: now,
        };
        self.0
            .mutate(ctx, permission(view.shared), move |conn| {
                Box::pin(async move {
                    check_experiment(conn, view.experiment).await?;
                    if saved_view::count(conn, &view.owner).await? >= MAX_VIEWS {
                        let limit =
                            format!("{} has {MAX_VIEWS} saved views already: delete some", view.owner);
                        return Err(Error::LimitReached { limit });
                    }
                    saved_view::insert(conn, &view).await?;
                    let audit = Audit::new("tracking.saved_view.create", "saved_view", &view.id)
                        .detail(serde_json::json!({"name": view.name, "shared": view.shared}));
                    Ok((view, audit))
                })
            })
            .await
    }

    /// Replaces all of an own view.
    pub async fn update(&self, ctx: &Context, id: &Id, new: NewView) -> Result<SavedView> {
        let (name, layout) = checked(&new)?;
        // Taking back what others see needs the same permission as showing it.
        let shared = new.shared || self.get(ctx, id).await?.shared;
        let (id, now, actor) = (id.clone(), ctx.now(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, permission(shared), move |conn| {
                Box::pin(async move {
                    let old = own(conn, &id, &actor).await?;
                    check_experiment(conn, new.experiment).await?;
                    let (shared, experiment) = (new.shared, new.experiment);
                    let view = SavedView { name, shared, experiment, layout, updated: now, ..old };
                    saved_view::update(conn, &view).await?;
                    let audit = Audit::new("tracking.saved_view.update", "saved_view", &view.id)
                        .detail(serde_json::json!({"name": view.name, "shared": view.shared}));
                    Ok((view, audit))
                })
            })
            .await
    }

    /// Removes an own view.
    pub async fn delete(&self, ctx: &Context, id: &Id) -> Result<()> {
        let shared = self.get(ctx, id).await?.shared;
        let (id, actor) = (id.clone(), ctx.actor.name.clone());
        self.0
            .mutate(ctx, permission(shared), move |conn| {
                Box::pin(async move {
                    let view = own(conn, &id, &actor).await?;
                    saved_view::delete(conn, &id).await?;
                    let audit = Audit::new("tracking.saved_view.delete", "saved_view", &id)
                        .detail(serde_json::json!({"name": view.name}));
                    Ok(((), audit))
                })
            })
            .await
    }
}

fn checked(new: &NewView) -> Result<(String, Layout)> {
    let name = SavedView::check_name(&new.name)?;
    new.layout.check()?;
    Ok((name, new.layout.clone()))
}

async fn check_experiment(conn: &mut Conn<'_>, id: Option<ExperimentId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    experiment::bare(conn, id).await?.map(|_| ()).ok_or_else(|| Error::not_found("experiment", id))
}

/// A private view of somebody else is not there.
async fn visible(conn: &mut Conn<'_>, id: &Id, actor: &str) -> Result<SavedView> {
    let found = saved_view::get(conn, id).await?.filter(|view| view.shared || view.owner == actor);
    found.ok_or_else(|| Error::not_found("saved view", id))
}

async fn own(conn: &mut Conn<'_>, id: &Id, actor: &str) -> Result<SavedView> {
    let view = visible(conn, id, actor).await?;
    if view.owner == actor {
        return Ok(view);
    }
    let reason = format!("it belongs to {}: save a copy under a name of your own", view.owner);
    Err(Error::conflict("saved view", view.name, reason))
}
