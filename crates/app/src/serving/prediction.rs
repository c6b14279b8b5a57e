//! Reading the prediction log.

use std::io;

use domain::governance::role::Permission;
use domain::serving::Prediction;
use domain::{Id, Name, Timestamp};

use super::log::Span;
use crate::{App, Context, Error, Result};

/// Most predictions on one page.
pub const MAX_PAGE: usize = 1_000;
/// Most predictions in one window.
pub const MAX_WINDOW: usize = 1_000_000;

/// The prediction log as a view on [`App`].
pub struct Predictions<'a>(&'a App);

impl App {
    /// What was asked and answered.
    pub fn predictions(&self) -> Predictions<'_> {
        Predictions(self)
    }
}

impl Predictions<'_> {
    /// The prediction of that id.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Prediction> {
        let wanted = id.clone();
        self.read(ctx, move |app| app.serving().log.get(&wanted))
            .await?
            .ok_or_else(|| Error::not_found("prediction", id))
    }

    /// The newest predictions of a deployment before a time, newest first, at most [`MAX_PAGE`].
    pub async fn list(
        &self,
        ctx: &Context,
        deployment: &Name,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Prediction>> {
        // An unknown name is a slip, not a deployment that nobody has asked.
        self.0.deployments().status(ctx, deployment).await?;
        let deployment = deployment.clone();
        let span =
            Span { from: Timestamp::from_millis(0), to: before.unwrap_or(Timestamp::from_millis(i64::MAX)) };
        let limit = limit.clamp(1, MAX_PAGE);
        self.read(ctx, move |app| app.serving().log.newest(&deployment, span, limit)).await
    }

    /// All predictions of a deployment from `from` up to, not including, `to`, oldest first; more than
    /// [`MAX_WINDOW`] are refused.
    pub async fn window(
        &self,
        ctx: &Context,
        deployment: &Name,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Prediction>> {
        let deployment = deployment.clone();
        let span = Span { from, to };
        self.read(ctx, move |app| app.serving().log.window(&deployment, span, MAX_WINDOW)).await?.ok_or_else(
            || Error::LimitReached {
                limit: format!("{MAX_WINDOW} predictions in one window: take a shorter one"),
            },
        )
    }

    /// Seals what a killed server left open and compacts full files; part of the server's housekeeping.
    pub async fn tidy(&self, ctx: &Context, deployment: &Name) -> Result<usize> {
        let deployment = deployment.clone();
        self.read(ctx, move |app| app.serving().log.tidy(&deployment)).await
    }

    async fn read<T, F>(&self, ctx: &Context, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&App) -> io::Result<T> + Send + 'static,
    {
        self.0.authorize(ctx, Permission::Read).await?;
        let app = self.0.clone();
        tokio::task::spawn_blocking(move || work(&app))
            .await
            .map_err(Error::internal)?
            .map_err(Error::internal)
    }
}
