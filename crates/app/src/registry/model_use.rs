//! Where the versions of a model are used: by endpoints that serve it, by the project that trains it.

use db::pipelines::project;
use db::serving::{deployment, rollout};
use domain::governance::role::Permission;
use domain::registry::model::ModelName;
use domain::registry::model_use::{ModelUse, UseRole, UserKind};
use domain::registry::model_version::VersionRef;
use domain::serving::Deployment;

use super::model::{Models, find};
use crate::{Context, Result};

impl Models<'_> {
    /// Everything that uses a model: endpoints by name, then projects.
    pub async fn uses(&self, ctx: &Context, name: &ModelName) -> Result<Vec<ModelUse>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        find(&mut conn, name).await?;
        let mut uses = Vec::new();
        for found in deployment::list(&mut conn).await? {
            if let Some(id) = &found.rollout
                && let Some(running) = rollout::get(&mut conn, id).await?.filter(|it| it.model == *name)
            {
                uses.push(of_deployment(&found, UseRole::Canary, Some(running.version)));
            }
            uses.extend(served(&found, name));
        }
        for found in project::list(&mut conn).await? {
            if found.name.as_str() == name.as_str() {
                uses.push(ModelUse {
                    kind: UserKind::Project,
                    name: found.name.to_string(),
                    role: UseRole::Trains,
                    version: None,
                    reference: None,
                });
            }
        }
        Ok(uses)
    }
}

/// How a deployment uses a model by its own record.
fn served(found: &Deployment, name: &ModelName) -> Vec<ModelUse> {
    let mut uses = Vec::new();
    if let Some(live) = found.live.as_ref().filter(|live| live.model == *name) {
        uses.push(of_deployment(found, UseRole::Live, Some(live.version)));
    }
    if let Some(previous) = found.previous().filter(|previous| previous.model == *name) {
        uses.push(of_deployment(found, UseRole::Previous, Some(previous.version)));
    }
    let followed = VersionRef::parse(&found.spec.model).ok().filter(|followed| followed.name() == name);
    if let Some(followed) = followed {
        let version = match &followed {
            VersionRef::Number(_, number) => Some(*number),
            VersionRef::Alias(..) | VersionRef::Latest(_) => None,
        };
        uses.push(of_deployment(found, UseRole::Follows, version));
    }
    uses
}

fn of_deployment(found: &Deployment, role: UseRole, version: Option<i64>) -> ModelUse {
    let reference = (role == UseRole::Follows).then(|| found.spec.model.clone());
    ModelUse { kind: UserKind::Deployment, name: found.name.to_string(), role, version, reference }
}
