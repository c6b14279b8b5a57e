//! What is wrong with a table's file, and where.

use std::fmt;

/// Result of a function on tables.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A file that cannot be read or written as a table: which, where in it, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file as people know it.
    pub file: String,
    /// The line, from 1, in text formats.
    pub line: Option<u64>,
    /// The column in characters, from 1, in text formats.
    pub column: Option<u64>,
    /// What is wrong, and the way out when there is one.
    pub reason: String,
}

impl Error {
    /// About a whole file.
    pub fn new(file: &str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, reason: reason.into() }
    }

    /// About a place in it.
    pub fn at(file: &str, line: u64, column: Option<u64>, reason: impl Into<String>) -> Self {
        Self { line: Some(line), column, ..Self::new(file, reason) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Error {}
