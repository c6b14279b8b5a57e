//! What a server is told when it starts.

use std::path::{Path, PathBuf};

/// A server's settings, each with its flag and environment variable in the command line's reference.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// The home folder.
    pub home: PathBuf,
    /// Database address; the embedded one in the home when absent.
    pub database: Option<String>,
    /// Where bytes live; `objects/` in the home when absent.
    pub objects: Option<String>,
    /// Roots of the projects that this server works for.
    pub projects: Vec<PathBuf>,
    /// Host names besides loopback and plain addresses under which clients may call.
    pub allowed_hosts: Vec<String>,
    /// Ranges of addresses besides the public network that webhooks may go to.
    pub outgoing_allow: Vec<String>,
    /// Whether it ends with the command that it was started for; others then wait for the home instead of relying on it.
    pub transient: bool,
    /// Listen beyond loopback although there are no accounts.
    pub insecure_no_auth: bool,
}

impl Config {
    /// Loopback defaults on `home`.
    pub fn local(home: impl Into<PathBuf>) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 5000,
            home: home.into(),
            database: None,
            objects: None,
            projects: Vec::new(),
            allowed_hosts: Vec::new(),
            outgoing_allow: Vec::new(),
            transient: false,
            insecure_no_auth: false,
        }
    }
}

/// The folder that an objects address names: a path, or `file://` and a path.
pub(crate) fn objects_folder(address: &str) -> app::Result<PathBuf> {
    let path = address.strip_prefix("file://").unwrap_or(address);
    if path.contains("://") {
        let reason = format!(
            "{address:?} is not a folder: objects live in a folder, given as a path or as file:///PATH"
        );
        return Err(app::Error::invalid("objects", reason));
    }
    Ok(Path::new(path).to_owned())
}
