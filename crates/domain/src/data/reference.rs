//! How people name a data version: `flights@v3`, `flights@latest`, `flights@2026-03-01`, `flights@1f0c9a2b`, and
//! by branch or tag, `flights@review`.

use std::fmt;

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;

use super::ref_name::{MAIN, RefName};
use crate::{Name, Timestamp};

/// The fewest digits of a commit that name it.
const MIN_PREFIX: usize = 6;

/// A data set and which of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataRef {
    /// The data set.
    pub dataset: Name,
    /// Which version.
    pub at: At,
}

/// Which version of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The newest published one: `latest`, `main`, or nothing.
    Latest,
    /// By number: `v3`.
    Number(i64),
    /// By the start of its commit id, at least six digits.
    Commit(String),
    /// By the name of a branch or tag.
    Named(RefName),
    /// The newest that was published before this point: `2026-03-01` is the end of that day, UTC.
    Before(Timestamp),
}

/// Why a text names no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no data version: write {dataset}@v3, {dataset}@latest, {dataset}@2026-03-01, {dataset}@BRANCH, {dataset}@TAG or {dataset}@ and at least six digits of a commit"
)]
pub struct InvalidReference {
    text: String,
    dataset: String,
}

impl DataRef {
    /// Reads `NAME` or `NAME@AT`.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let (name, at) = text.split_once('@').unwrap_or((text, "latest"));
        let invalid = |dataset: &str| InvalidReference { text: text.to_owned(), dataset: dataset.to_owned() };
        let dataset = Name::parse(name).map_err(|_| invalid("flights"))?;
        let at = At::parse(at).ok_or_else(|| invalid(name))?;
        Ok(Self { dataset, at })
    }
}

impl At {
    /// Reads the part after the `@`.
    pub fn parse(text: &str) -> Option<Self> {
        if matches!(text, "latest" | MAIN) {
            return Some(Self::Latest);
        }
        if let Some(number) = text.strip_prefix('v').and_then(|digits| digits.parse().ok()) {
            return (number > 0).then_some(Self::Number(number));
        }
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            let end = day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc();
            return Some(Self::Before(Timestamp::from_millis(end.timestamp_millis())));
        }
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        if hex && (MIN_PREFIX..=64).contains(&text.len()) {
            return Some(Self::Commit(text.to_ascii_lowercase()));
        }
        // What begins as a number is a slip in one, `v0` too.
        let number = text.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        if number { None } else { RefName::shaped(text).map(Self::Named) }
    }
}

impl fmt::Display for DataRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.dataset, self.at)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Number(number) => write!(f, "v{number}"),
            Self::Commit(prefix) => f.write_str(prefix),
            Self::Named(name) => f.write_str(name.as_str()),
            Self::Before(time) => write!(f, "before {}", time.to_rfc3339()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_reference_is_read() {
        let at = |text: &str| DataRef::parse(text).unwrap().at;
        assert_eq!(at("flights"), At::Latest);
        assert_eq!(at("flights@main"), At::Latest);
        assert_eq!(at("flights@v17"), At::Number(17));
        assert_eq!(at("flights@1F0C9A"), At::Commit("1f0c9a".to_owned()));
        assert_eq!(at("flights@abc"), At::Named(RefName::parse("abc").unwrap()));
        assert_eq!(at("flights@review/april"), At::Named(RefName::parse("review/april").unwrap()));
        assert_eq!(at("flights@1970-01-01"), At::Before(Timestamp::from_millis(86_400_000)));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for bad in
            ["flights@", "flights@v0", "flights@v", "flights@a b", "@v1", "a b@v1", "flights@2013-13-01"]
        {
            let error = DataRef::parse(bad).unwrap_err();
            assert!(error.to_string().contains("@v3"), "{error}");
        }
    }
}
