//! Scorers: kept in versions, never run here.

use db::Conn;
use db::tracking::scorer;
use domain::Id;
use domain::governance::role::Permission;
use domain::search::{Object, parse_filter};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::scorer::{Definition, OnlineConfig, ScorerVersion, check_name, check_sample_rate};

use super::experiment;
use crate::{App, Audit, Context, Error, Result};

/// Scorers as a view on [`App`].
pub struct Scorers<'a>(&'a App);

impl App {
    /// The scorers.
    pub fn scorers(&self) -> Scorers<'_> {
        Scorers(self)
    }
}

impl Scorers<'_> {
    /// Stores a further version of a scorer of an active experiment.
    pub async fn register(
        &self,
        ctx: &Context,
        id: ExperimentId,
        name: &str,
        definition: &str,
    ) -> Result<ScorerVersion> {
        let parsed = Definition::parse(definition)?;
        parsed.check()?;
        check_name(name)?;
        let endpoint = parsed.gateway_endpoint().map(ToOwned::to_owned);
        let (name, definition, scorer_id, now) =
            (name.to_owned(), definition.to_owned(), ctx.new_id(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    experiment::active(conn, id).await?;
                    if let Some(endpoint) = endpoint {
                        return Err(Error::not_found("gateway_endpoint", endpoint));
                    }
                    let (num, scorer) = scorer::ensure(conn, id, &name, &scorer_id).await?;
                    let version = scorer::add_version(conn, num, &definition, now).await?;
                    let audit = Audit::new("tracking.scorer.register", "scorer", &scorer)
                        .detail(serde_json::json!({"experiment": id, "name": name, "version": version}));
                    Ok((
                        ScorerVersion { scorer, experiment: id, name, version, definition, created: now },
                        audit,
                    ))
                })
            })
            .await
    }

    /// The newest version of each scorer of an active experiment, by name.
    pub async fn of_experiment(&self, ctx: &Context, id: ExperimentId) -> Result<Vec<ScorerVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        experiment::active(&mut conn, id).await?;
        Ok(scorer::listing(&mut conn, Some(&[id])).await?)
    }

    /// The newest version of each scorer of those of these experiments that are active, or of all active ones.
    pub async fn list(&self, ctx: &Context, ids: Option<&[ExperimentId]>) -> Result<Vec<ScorerVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(scorer::listing(&mut reader.conn(), ids).await?)
    }

    /// All versions of a scorer, the oldest first.
    pub async fn versions(&self, ctx: &Context, id: ExperimentId, name: &str) -> Result<Vec<ScorerVersion>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let (num, _) = find(&mut conn, id, name).await?;
        let versions = scorer::versions(&mut conn, num, None).await?;
        if versions.is_empty() {
            return Err(missing(id, name));
        }
        Ok(versions)
    }

    /// One version of a scorer, the newest unless a number is given.
    pub async fn get(
        &self,
        ctx: &Context,
        id: ExperimentId,
        name: &str,
        version: Option<i64>,
    ) -> Result<ScorerVersion> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let (num, _) = find(&mut conn, id, name).await?;
        match version {
            None => scorer::latest(&mut conn, num).await?.ok_or_else(|| missing(id, name)),
            Some(version) => {
                let found = scorer::versions(&mut conn, num, Some(version)).await?.pop();
                found.ok_or_else(|| missing_version(id, name, version))
            }
        }
    }

    /// Removes one version of a scorer, or the scorer with all of them.
    pub async fn delete(
        &self,
        ctx: &Context,
        id: ExperimentId,
        name: &str,
        version: Option<i64>,
    ) -> Result<()> {
        let name = name.to_owned();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let (num, scorer) = find(conn, id, &name).await?;
                    match version {
                        Some(version) => {
                            if !scorer::delete_version(conn, num, version).await? {
                                return Err(missing_version(id, &name, version));
                            }
                        }
                        None => {
                            scorer::latest(conn, num).await?.ok_or_else(|| missing(id, &name))?;
                            scorer::delete(conn, num).await?;
                        }
                    }
                    let audit = Audit::new("tracking.scorer.delete", "scorer", &scorer)
                        .detail(serde_json::json!({"experiment": id, "name": name, "version": version}));
                    Ok(((), audit))
                })
            })
            .await
    }

    /// Says which share of an experiment's traces a scorer is to judge by itself. Only models behind a gateway can, and there
    /// is none here: so the share is 0.
    pub async fn set_online(
        &self,
        ctx: &Context,
        id: ExperimentId,
        name: &str,
        sample_rate: f64,
        filter: Option<String>,
    ) -> Result<OnlineConfig> {
        check_sample_rate(sample_rate)?;
        parse_filter(Object::Traces, filter.as_deref().unwrap_or_default())?;
        let (name, config_id) = (name.to_owned(), ctx.new_id());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let (num, scorer) = find(conn, id, &name).await?;
                    if sample_rate > 0.0 {
                        let reason = format!(
                            "Scorer '{name}' does not use a gateway model. Automatic evaluation is only supported for \
                             scorers that use gateway models."
                        );
                        return Err(Error::invalid("sample_rate", reason));
                    }
                    let config = OnlineConfig { id: config_id, scorer, experiment: id, sample_rate, filter };
                    scorer::set_online(conn, num, &config).await?;
                    let audit = Audit::new("tracking.scorer.online", "scorer", &config.scorer)
                        .detail(serde_json::json!({"sample_rate": sample_rate}));
                    Ok((config, audit))
                })
            })
            .await
    }

    /// How those of these scorers judge by themselves of which something is said.
    pub async fn online(&self, ctx: &Context, scorers: &[Id]) -> Result<Vec<OnlineConfig>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(scorer::online(&mut reader.conn(), scorers).await?)
    }
}

async fn find(conn: &mut Conn<'_>, id: ExperimentId, name: &str) -> Result<(i64, Id)> {
    experiment::active(conn, id).await?;
    scorer::find(conn, id, name).await?.ok_or_else(|| missing(id, name))
}

fn missing(id: ExperimentId, name: &str) -> Error {
    Error::not_found("scorer", format!("{name} of {id}"))
}

fn missing_version(id: ExperimentId, name: &str, version: i64) -> Error {
    Error::not_found("scorer_version", format!("{name}:{version} of {id}"))
}
