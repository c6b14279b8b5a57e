//! Names of branches and tags: `review/april`, `q3-frozen`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::reference::At;

/// Bytes that a name has at the most.
const MAX_BYTES: usize = 100;
/// The branch that published versions are on.
pub const MAIN: &str = "main";

/// The name of a branch or a tag; it never reads as another form of a reference, such as `v3` or a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

/// Why a text names no branch or tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot name a branch or a tag: {reason}")]
pub struct InvalidRefName {
    text: String,
    reason: &'static str,
}

impl RefName {
    /// Reads a name that somebody gives: letters, digits and `. _ - /`, beginning with a letter or digit.
    pub fn parse(text: &str) -> Result<Self, InvalidRefName> {
        let refused = |reason| Err(InvalidRefName { text: text.to_owned(), reason });
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        if text.is_empty() || text.len() > MAX_BYTES {
            return refused("it must have 1 to 100 letters");
        }
        if !text.bytes().all(plain) || !text.as_bytes()[0].is_ascii_alphanumeric() {
            return refused("it takes letters, digits and . _ - / and begins with a letter or digit");
        }
        if text.ends_with('/') || text.contains("//") || text.contains("..") {
            return refused("its parts between / must not be empty, nor hold ..");
        }
        match At::parse(text) {
            Some(At::Named(_)) => Ok(Self(text.to_owned())),
            Some(At::Latest) => refused("main and latest are where published versions are"),
            _ => refused("it reads as a number, a day or a commit of a version"),
        }
    }

    /// A text that has a name's letters, for [`At::parse`].
    pub(super) fn shaped(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        let fits = (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(plain);
        (fits && text.as_bytes()[0].is_ascii_alphabetic()).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RefName {
    type Error = InvalidRefName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> Self {
        name.0
    }
}

/// What a ref is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefKind {
    /// Moves to every commit that is made on it.
    Branch,
    /// Stays where it is.
    Tag,
}

impl RefKind {
    /// `branch` or `tag`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Branch, Self::Tag].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_never_another_form_of_a_reference() {
        for good in ["review/april", "q3-frozen", "fix_1.2", "a", "vx"] {
            assert_eq!(RefName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "main",
            "latest",
            "v3",
            "2026-03-01",
            "deadbeef",
            "-x",
            "/a",
            "a/",
            "a//b",
            "a..b",
            "a b",
            "ä",
            "a@b",
        ] {
            assert!(RefName::parse(bad).is_err(), "{bad}");
        }
        assert!(RefName::parse(&"a".repeat(101)).is_err());
    }
}
