//! Paths that clients give: lists of plain names below one root.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest path, in bytes.
pub const MAX_PATH_LEN: usize = 1024;
/// The longest name between two slashes, in bytes.
pub const MAX_PART_LEN: usize = 255;

/// A path of plain names joined by `/`: no `.` or `..`, no empty name, nothing absolute, no backslash, no
/// control character, no escape (`%2e`), no `#`, `?` or `;`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RelativePath(String);

/// Why a text is not a [`RelativePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not a usable path: {reason}")]
pub struct InvalidPath {
    /// The whole text.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl RelativePath {
    /// Checks `text` and takes it as it is.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        match refusal(text) {
            Some(reason) => Err(InvalidPath { path: text.chars().take(200).collect(), reason }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the outermost folder to the file.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

fn refusal(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > MAX_PATH_LEN {
        return Some("it is longer than 1024 bytes");
    }
    if text.starts_with('/') {
        return Some("it must be relative");
    }
    if text.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    if text.contains(['\\', '#', '?', ';']) {
        return Some("it has one of the characters \\ # ? ;");
    }
    if has_escape(text) {
        return Some("it has a percent escape");
    }
    if text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic() {
        return Some("it has a drive letter");
    }
    text.split('/').find_map(|part| match part {
        "" => Some("it has an empty name"),
        "." | ".." => Some("it has a name of dots only"),
        part if part.len() > MAX_PART_LEN => Some("it has a name longer than 255 bytes"),
        _ => None,
    })
}

/// `%` and two hexadecimal digits: something is still encoded, and decoding twice is how roots are escaped.
fn has_escape(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<'de> Deserialize<'de> for RelativePath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for good in ["a", "model/MLmodel", "2013-01.parquet", "über/ß.csv", "100%/x", ".hidden"] {
            assert_eq!(RelativePath::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn whatever_could_leave_the_root_is_refused() {
        let long = "a".repeat(256);
        for bad in [
            "",
            ".",
            "..",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "a/../b",
            "a/./b",
            "a\\b",
            "C:/x",
            "c:x",
            "a\0b",
            "a\nb",
            "%2e%2e/x",
            "a%2Fb",
            "a#b",
            "a?b",
            "a;b",
            &long,
        ] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
