//! References as people write them: `flights@v3`, `flights:3`, `flights@champion`.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::codes;
use crate::failure::{Failure, Result};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one segment of a path or one value of a query.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A version of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRef {
    /// Data set.
    pub name: String,
    /// `v3`, `latest`, or the start of a commit id.
    pub version: String,
}

impl FromStr for DataRef {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let (name, version) = text.split_once('@').unwrap_or((text, "latest"));
        if name.is_empty() || version.is_empty() || name.contains(['/', ':']) {
            return Err(Failure::new(&codes::REFERENCE, format!("{text:?} is not a data version"))
                .help("write NAME for the latest, or NAME@v3")
                .help("the versions there are: volano data ls NAME"));
        }
        // A bare number is what people mean by a version.
        let numbered = version.bytes().all(|byte| byte.is_ascii_digit()) && version.len() < 7;
        Ok(Self {
            name: name.to_owned(),
            version: if numbered { format!("v{version}") } else { version.to_owned() },
        })
    }
}

impl DataRef {
    /// The second side of a comparison: `flights@v2`, or `v2` of the same data set.
    pub fn parse_beside(text: &str, other: &Self) -> Result<Self> {
        let alone = !text.contains('@') && text != other.name;
        if alone { format!("{}@{text}", other.name).parse() } else { text.parse() }
    }

    /// `/datasets/{name}/versions/{version}`
    pub fn path(&self) -> String {
        format!("/datasets/{}/versions/{}", segment(&self.name), segment(&self.version))
    }
}

impl fmt::Display for DataRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// A registered model, a version of it, or an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRef {
    /// Model.
    pub name: String,
    /// What of it.
    pub which: Which,
}

/// Which version of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Not said.
    Any,
    /// By number.
    Version(i64),
    /// By alias.
    Alias(String),
}

impl FromStr for ModelRef {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Failure::new(&codes::REFERENCE, format!("{text:?} is not a model"))
                .help("write NAME, NAME:3 or NAME@champion")
                .help("the models there are: volano model ls")
        };
        let (name, which) = if let Some((name, alias)) = text.split_once('@') {
            (name, Which::Alias(alias.to_owned()))
        } else if let Some((name, version)) = text.split_once(':') {
            let digits = version.trim_start_matches('v');
            (name, Which::Version(digits.parse().map_err(|_| wrong())?))
        } else {
            (text, Which::Any)
        };
        let empty_alias = matches!(&which, Which::Alias(alias) if alias.is_empty());
        if name.is_empty() || empty_alias || name.contains('/') {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), which })
    }
}

impl ModelRef {
    /// The reference, with `alias` where nothing was said.
    #[must_use]
    pub fn or_alias(mut self, alias: &str) -> Self {
        if self.which == Which::Any {
            self.which = Which::Alias(alias.to_owned());
        }
        self
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Any => f.write_str(&self.name),
            Which::Version(version) => write!(f, "{}:{version}", self.name),
            Which::Alias(alias) => write!(f, "{}@{alias}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_versions_are_read_as_people_write_them() {
        let from: DataRef = "churn@v1".parse().unwrap();
        assert_eq!(from.path(), "/datasets/churn/versions/v1");
        assert_eq!("churn".parse::<DataRef>().unwrap().version, "latest");
        assert_eq!("churn@2".parse::<DataRef>().unwrap().version, "v2");
        assert_eq!(DataRef::parse_beside("v2", &from).unwrap().to_string(), "churn@v2");
        assert_eq!(DataRef::parse_beside("other@v2", &from).unwrap().to_string(), "other@v2");
        assert_eq!("churn@".parse::<DataRef>().unwrap_err().code().id, "E0104");
    }

    #[test]
    fn models_are_read_as_people_write_them() {
        assert_eq!("churn:12".parse::<ModelRef>().unwrap().which, Which::Version(12));
        assert_eq!("churn".parse::<ModelRef>().unwrap().or_alias("champion").to_string(), "churn@champion");
        assert_eq!("churn:x".parse::<ModelRef>().unwrap_err().code().id, "E0104");
        assert_eq!("@champion".parse::<ModelRef>().unwrap_err().code().id, "E0104");
    }
}
