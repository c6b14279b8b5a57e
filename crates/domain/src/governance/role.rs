//! Roles and the permissions that they hold.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a caller may be allowed to do; every use-case asks for exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See data sets, runs, pipelines, models, deployments, monitors.
    Read,
    /// Add data versions and change contracts.
    WriteData,
    /// Create runs and log to them.
    WriteRuns,
    /// Register models, move aliases.
    WriteModels,
    /// Change what an endpoint serves.
    Deploy,
    /// Ask an endpoint for predictions.
    Predict,
    /// Send labels, acknowledge alerts.
    WriteMonitoring,
    /// Register a project or start a pipeline: runs the project's code.
    RunCode,
    /// Read the audit log.
    ReadAudit,
    /// Manage users, roles, tokens, settings.
    Administer,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::WriteData => "write_data",
            Self::WriteRuns => "write_runs",
            Self::WriteModels => "write_models",
            Self::Deploy => "deploy",
            Self::Predict => "predict",
            Self::WriteMonitoring => "write_monitoring",
            Self::RunCode => "run_code",
            Self::ReadAudit => "read_audit",
            Self::Administer => "administer",
        })
    }
}

/// A named set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything: the local user of an own home, and the server itself.
    Administrator,
    /// The code of a pipeline step: logs to runs, registers nothing, changes no deployment.
    Step,
    /// Looks, never changes.
    Viewer,
}

impl Role {
    /// Whether this role's row holds `permission`.
    pub fn allows(self, permission: Permission) -> bool {
        match self {
            Self::Administrator => true,
            Self::Step => matches!(permission, Permission::Read | Permission::WriteRuns),
            Self::Viewer => matches!(permission, Permission::Read),
        }
    }
}
