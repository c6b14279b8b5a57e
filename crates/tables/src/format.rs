//! Which format a file has: by its name, else by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Values separated by a character, a header first.
    Separated {
        /// `,` or a tab.
        separator: u8,
    },
    /// One JSON object a line.
    JsonLines,
    /// Apache Arrow's file or stream format.
    Arrow,
}

/// How a file is packed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Format {
    /// The format that a name ends in (`x.csv`, `x.jsonl.gz`, …); `None` for what is no table.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let plain =
            [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let (_, extension) = plain.rsplit_once('.')?;
        match extension {
            "parquet" | "pq" => Some(Self::Parquet),
            "csv" => Some(Self::Separated { separator: b',' }),
            "tsv" | "tab" => Some(Self::Separated { separator: b'\t' }),
            "jsonl" | "ndjson" | "jsonlines" => Some(Self::JsonLines),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }

    /// The format of a file whose name does not tell it, when its first bytes do.
    fn of_bytes(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"PAR1") {
            Some(Self::Parquet)
        } else if head.starts_with(b"ARROW1") {
            Some(Self::Arrow)
        } else if head.starts_with(b"{") {
            Some(Self::JsonLines)
        } else {
            None
        }
    }

    /// The format of the file at `path` that people know as `name`.
    pub fn of_file(name: &str, path: &Path) -> Option<Self> {
        Self::of_name(name).or_else(|| Self::of_bytes(&head(path)))
    }
}

impl Packing {
    /// How the file is packed, by its first bytes.
    pub fn of_file(path: &Path) -> Self {
        let head = head(path);
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }
}

/// The first bytes of a file; none when it cannot be read, which reading it will report.
fn head(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // A short or failed read leaves fewer bytes, which match nothing.
        let _short = file.take(8).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_format() {
        assert_eq!(Format::of_name("a/2013-01.PARQUET"), Some(Format::Parquet));
        assert_eq!(Format::of_name("x.csv.gz"), Some(Format::Separated { separator: b',' }));
        assert_eq!(Format::of_name("x.tsv.zst"), Some(Format::Separated { separator: b'\t' }));
        assert_eq!(Format::of_name("x.jsonl"), Some(Format::JsonLines));
        assert_eq!(Format::of_name("x.feather"), Some(Format::Arrow));
        assert_eq!(Format::of_name("model.pkl"), None);
        assert_eq!(Format::of_name("README"), None);
    }
}
