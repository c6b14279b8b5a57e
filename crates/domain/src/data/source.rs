//! A source: files of a project that become versions of a data set.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::relative_path::RelativePath;

/// What the files of a data set are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Rows and columns: profiled, and checked by a contract.
    #[default]
    Table,
    /// Any files, kept as bytes.
    Files,
}

/// A source as a project declares it below `data:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// A file or a pattern (`data/flights/*.parquet`), below the project's folder.
    pub path: String,
    /// What the files are.
    #[serde(default)]
    pub kind: DataKind,
    /// Columns that together name a row.
    #[serde(default)]
    pub key: Vec<String>,
    /// The column that says when a row happened.
    #[serde(default)]
    pub time: Option<String>,
    /// The contract's file, below the project's folder.
    #[serde(default)]
    pub contract: Option<String>,
}

impl Source {
    /// The folder that the pattern's fixed part names, `""` for the project's own; paths of files in a version
    /// start below it.
    pub fn folder(&self) -> &str {
        let fixed = self.path.find(['*', '?', '[', '{']).map_or(self.path.as_str(), |at| &self.path[..at]);
        fixed.rfind('/').map_or("", |at| &fixed[..at])
    }

    /// The test that tells the paths (below the project's folder, `/` between names) of this source's files;
    /// `*` stays within a folder, `**` crosses folders.
    pub fn matcher(&self) -> Result<GlobMatcher, InvalidSource> {
        let invalid = |reason: String| InvalidSource { path: self.path.clone(), reason };
        let plain = self.path.replace(['*', '[', ']', '{', '}', '?', '!', ','], "x");
        RelativePath::parse(&plain).map_err(|error| invalid(error.reason.to_owned()))?;
        let glob = GlobBuilder::new(&self.path)
            .literal_separator(true)
            .build()
            .map_err(|error| invalid(error.kind().to_string()))?;
        Ok(glob.compile_matcher())
    }
}

/// Why a source's path is not a pattern of files below the project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not a path or pattern below the project's folder: {reason}")]
pub struct InvalidSource {
    /// The pattern.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_part_before_the_pattern() {
        for (path, folder) in [
            ("data/flights/*.parquet", "data/flights"),
            ("data/**/x.csv", "data"),
            ("data/weather.csv", "data"),
            ("*.csv", ""),
            ("data/2013-*/x", "data"),
        ] {
            let source = Source { path: path.to_owned(), ..Source::default() };
            assert_eq!(source.folder(), folder);
        }
    }

    #[test]
    fn a_pattern_stays_below_the_project() {
        let matcher = |path: &str| {
            let source = Source { path: path.to_owned(), ..Source::default() };
            source.matcher()
        };
        let months = matcher("data/flights/*.parquet").unwrap();
        assert!(months.is_match("data/flights/2013-01.parquet"));
        assert!(!months.is_match("data/flights/old/2013-01.parquet"));
        assert!(matcher("data/**/*.csv").unwrap().is_match("data/a/b/c.csv"));
        for bad in ["../x.csv", "/etc/*", "data/[", ""] {
            assert!(matcher(bad).is_err(), "{bad:?}");
        }
    }
}
