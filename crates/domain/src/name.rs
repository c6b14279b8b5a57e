//! Names that people give: data sets, projects, models, deployments, steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
pub const MAX_NAME_LEN: usize = 128;

/// A name usable in a reference, a URL and a file name: a letter or digit, then letters, digits, `_`, `-`, `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing was given.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than [`MAX_NAME_LEN`].
    #[error("a name has at most {MAX_NAME_LEN} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside the alphabet.
    #[error(
        "{name:?} has {character:?}: a name is made of letters, digits, `_`, `-` and `.`, and starts with a letter or digit"
    )]
    Character {
        /// The whole text.
        name: String,
        /// The first offending character.
        character: char,
    },
}

impl Name {
    /// Checks `text` and takes it as it is.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let first = text.chars().next().ok_or(InvalidName::Empty)?;
        if text.len() > MAX_NAME_LEN {
            return Err(InvalidName::TooLong(text.len()));
        }
        let bad = if first.is_ascii_alphanumeric() {
            text.chars().find(|c| !(c.is_ascii_alphanumeric() || "_-.".contains(*c)))
        } else {
            Some(first)
        };
        match bad {
            Some(character) => Err(InvalidName::Character { name: text.to_owned(), character }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_urls_and_file_names() {
        assert!(Name::parse("flights-late_2.0").is_ok());
        for bad in ["", ".hidden", "-flag", "a/b", "a@b", "a b", "naïve"] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Name::parse(&"a".repeat(129)).is_err());
    }
}
