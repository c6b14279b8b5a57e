//! Text files as bytes: what is no text at all, and where quotes hold a field together.

use std::io::{self, ErrorKind, Read};

use super::{TableFile, unpacked};
use crate::error::{Error, Result};

/// First bytes of files that are no text, and what they are.
const BINARY: [(&[u8], &str); 6] = [
    (b"PAR1", "is a Parquet file, not text: name it .parquet"),
    (b"ARROW1", "is an Arrow file, not text: name it .arrow"),
    (b"PK\x03\x04", "is a spreadsheet (.xlsx) or a ZIP archive, not text: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old spreadsheet (.xls), not text: save the sheet as CSV"),
    (b"\xff\xfe", "is UTF-16 text: save it as UTF-8 (`iconv -f utf-16 -t utf-8`)"),
    (b"\xfe\xff", "is UTF-16 text: save it as UTF-8 (`iconv -f utf-16 -t utf-8`)"),
];

/// Refuses what its first bytes show to be another format than its name says.
pub(super) fn must_be_text(file: &TableFile) -> Result<()> {
    let mut head = Vec::new();
    unpacked(file)?
        .take(8)
        .read_to_end(&mut head)
        .map_err(|error| Error::new(&file.name, format!("cannot be unpacked: {error}: was it cut off?")))?;
    match BINARY.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, reason)) => Err(Error::new(&file.name, *reason)),
        None => Ok(()),
    }
}

/// Follows the quotes of separated values byte by byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotes {
    separator: u8,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Where a field begins.
    Start,
    /// In a field without quotes; a quote there is a letter like others.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that ends the field, or is the first of two that stand for one.
    Closing,
}

impl Quotes {
    pub fn new(separator: u8) -> Self {
        Self { separator, at: At::Start }
    }

    /// Takes a byte; says whether it separates two fields.
    pub fn step(&mut self, byte: u8) -> bool {
        let ends = byte == self.separator || byte == b'\n' || byte == b'\r';
        let (next, separates) = match (self.at, byte) {
            (At::Quoted, b'"') => (At::Closing, false),
            (At::Quoted, _) => (At::Quoted, false),
            (At::Start | At::Closing, b'"') => (At::Quoted, false),
            _ if ends => (At::Start, byte == self.separator),
            // The byte order mark stands before the first field, not in it.
            (At::Start, 0xef | 0xbb | 0xbf) => (At::Start, false),
            _ => (At::Plain, false),
        };
        self.at = next;
        separates
    }

    /// Whether a quote is open.
    pub fn open(&self) -> bool {
        self.at == At::Quoted
    }
}

/// Bytes of separated values, refused where a reader would take damage for a value: NUL bytes, a quote left open.
pub(super) struct Sound<R> {
    inner: R,
    quotes: Quotes,
}

impl<R> Sound<R> {
    pub fn new(inner: R, separator: u8) -> Self {
        Self { inner, quotes: Quotes::new(separator) }
    }
}

impl<R: Read> Read for Sound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() && self.quotes.open() {
            return Err(io::Error::new(ErrorKind::InvalidData, "a quote is never closed"));
        }
        for byte in &buffer[..count] {
            if *byte == 0 {
                return Err(io::Error::new(ErrorKind::InvalidData, "a NUL byte"));
            }
            self.quotes.step(*byte);
        }
        Ok(count)
    }
}
