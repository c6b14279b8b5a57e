//! The serving room: what answers requests, how a new version takes over, what was answered.

pub mod deployment;
pub mod prediction;
pub mod rollout;
pub mod share;

pub use deployment::{Deployment, DeploymentSpec, DeploymentState, ServedVersion};
pub use prediction::{Prediction, RouteKind};
pub use rollout::{InvalidTransition, Rollout, RolloutPlan, RolloutState};
pub use share::{InvalidShare, Share, parse_duration_ms};
