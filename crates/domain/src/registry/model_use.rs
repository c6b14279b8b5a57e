//! Where the versions of a model are used.

use serde::{Deserialize, Serialize};

/// What uses a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// An endpoint.
    Deployment,
    /// A project, whose pipeline trains the model.
    Project,
}

/// How a model or a version of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseRole {
    /// It has the traffic.
    Live,
    /// It is being rolled out.
    Canary,
    /// It is what a rollback brings back.
    Previous,
    /// The reference that the endpoint follows names it.
    Follows,
    /// Its new versions come from there.
    Trains,
}

/// One use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelUse {
    /// What uses it.
    pub kind: UserKind,
    /// Its name.
    pub name: String,
    /// How.
    pub role: UseRole,
    /// Which version; none for the model as a whole.
    pub version: Option<i64>,
    /// The reference that is followed, such as `flights@champion`.
    pub reference: Option<String>,
}
