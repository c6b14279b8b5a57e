//! Settings: the user file, and what each value comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::codes;
use crate::failure::{Failure, Place, Result};
use crate::place;

/// Settings that the user file may hold.
pub const KEYS: [(&str, &str); 3] = [
    ("server", "server that commands speak to: an address, or a name given at login"),
    ("home", "home folder outside of projects"),
    ("color", "auto, always or never"),
];

/// The user file.
#[derive(Clone, Debug, Default)]
pub struct UserFile {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// What it says.
    pub settings: Settings,
}

/// What the user file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Server that commands speak to: an address or a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Home folder outside of projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<PathBuf>,
    /// When to use colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Servers logged in to, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub servers: BTreeMap<String, KnownServer>,
}

/// A server logged in to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownServer {
    /// Its address.
    pub url: String,
    /// Access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl UserFile {
    /// A file at `path` that says nothing.
    pub fn empty(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), settings: Settings::default() }
    }

    /// Reads the file named by `VOLANO_CONFIG`, else `volano/config.toml` in the user's configuration folder.
    pub fn load() -> Result<Self> {
        let path = std::env::var_os("VOLANO_CONFIG")
            .map_or_else(|| place::config_folder().join("volano/config.toml"), PathBuf::from);
        Self::read(&path)
    }

    fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::empty(path)),
            Err(error) => return Err(Failure::file(path, "read", &error)),
        };
        let settings = toml::from_str(&text).map_err(|error| wrong(path, &text, &error))?;
        Ok(Self { path: path.to_owned(), settings })
    }

    /// Writes the file whole, for this user only.
    pub fn save(&self) -> Result<()> {
        let text = toml::to_string(&self.settings).map_err(|error| {
            Failure::new(&codes::INTERNAL, format!("the user file cannot be written: {error}"))
        })?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "make", &error))?;
        app::home::replace(&self.path, text.as_bytes())
            .map_err(|error| Failure::file(&self.path, "write", &error))
    }

    /// The server of that name or address.
    pub fn server(&self, name_or_url: &str) -> Option<&KnownServer> {
        let url = name_or_url.trim_end_matches('/');
        let by_url = || self.settings.servers.values().find(|known| known.url == url);
        self.settings.servers.get(name_or_url).or_else(by_url)
    }

    /// Sets a value; an empty one removes it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        known_key(key)?;
        let value = (!value.is_empty()).then(|| value.to_owned());
        match key {
            "server" => self.settings.server = value,
            "home" => self.settings.home = value.map(PathBuf::from),
            _ => {
                if value.as_deref().is_some_and(|value| !["auto", "always", "never"].contains(&value)) {
                    return Err(Failure::new(&codes::VALUE, "color is auto, always or never"));
                }
                self.settings.color = value;
            }
        }
        Ok(())
    }
}

/// Refuses what is no setting, with the nearest one.
pub fn known_key(key: &str) -> Result<()> {
    let names = KEYS.map(|(name, _)| name);
    if names.contains(&key) {
        return Ok(());
    }
    let failure = Failure::new(&codes::VALUE, format!("there is no setting {key:?}"));
    Err(match domain::suggest::nearest(key, names) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help(format_args!("the settings are: {}", names.join(", "))),
    })
}

fn wrong(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let before = &text[..error.span().map_or(0, |span| span.start).min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(1, |last| last.chars().count() + 1);
    Failure::new(&codes::VALUE, format!("{} is not right", path.display())).at(Place {
        file: path.display().to_string(),
        text: text.to_owned(),
        line,
        column,
        label: error.message().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("volano/config.toml");
        let mut file = UserFile::read(&path).unwrap();
        file.set("server", "http://127.0.0.1:5000").unwrap();
        file.save().unwrap();
        assert_eq!(UserFile::read(&path).unwrap().settings.server.as_deref(), Some("http://127.0.0.1:5000"));
        file.set("server", "").unwrap();
        file.save().unwrap();
        assert_eq!(UserFile::read(&path).unwrap().settings.server, None);
    }

    #[test]
    fn an_unknown_setting_is_refused_with_the_nearest() {
        let failure = UserFile::default().set("sever", "x").unwrap_err();
        insta::assert_snapshot!(failure.render(crate::output::Paint::off(), 80));
    }

    #[test]
    fn a_damaged_user_file_shows_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "server = \"x\"\nsevers = 1\n").unwrap();
        let failure = UserFile::read(&path).unwrap_err();
        assert!(failure.render(crate::output::Paint::off(), 80).contains("unknown field `severs`"));
    }
}
