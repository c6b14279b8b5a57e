//! Why a text file does not read, found by looking at its bytes again: the first fault, with line and column.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};

use arrow::error::ArrowError;

use super::text::Quotes;
use super::{TableFile, plain_words, unpacked};
use crate::error::{Error, Result};

/// Refuses a header with a column twice, or with another separator than the file's name says.
pub(super) fn header(file: &TableFile, separator: u8) -> Result<()> {
    let mut line = Vec::new();
    BufReader::new(unpacked(file)?)
        .take(1 << 20)
        .read_until(b'\n', &mut line)
        .map_err(|error| cannot_unpack(file, &error))?;
    let line = trim_end(&line);
    let Ok(text) = std::str::from_utf8(line) else {
        return Err(bad_encoding(file, 1, line));
    };
    let mut quotes = Quotes::new(separator);
    let mut names: Vec<&str> = Vec::new();
    let mut from = 0;
    for (at, byte) in line.iter().enumerate() {
        if quotes.step(*byte) {
            names.push(&text[from..at]);
            from = at + 1;
        }
    }
    if quotes.open() {
        return Ok(());
    }
    names.push(&text[from..]);
    if let [only] = names.as_slice() {
        return one_column(file, separator, only);
    }
    let mut seen = HashSet::new();
    let mut column = 1;
    for raw in names {
        let name = raw.trim_start_matches('\u{feff}').trim_matches('"');
        if !name.is_empty() && !seen.insert(name) {
            let reason = format!("the column {name:?} is there twice: give each column a name of its own");
            return Err(Error::at(&file.name, 1, Some(column), reason));
        }
        column += raw.chars().count() as u64 + 1;
    }
    Ok(())
}

/// A header of one column is most often one that is cut elsewhere.
fn one_column(file: &TableFile, separator: u8, name: &str) -> Result<()> {
    let others = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars"), (b',', "commas")];
    let found = others.iter().find(|(other, _)| *other != separator && name.as_bytes().contains(other));
    let Some((other, word)) = found else { return Ok(()) };
    let at = name.find(char::from(*other)).map_or(0, |at| name[..at].chars().count()) as u64 + 1;
    let way_out = match other {
        b'\t' => "name the file .tsv",
        b',' => "name the file .csv",
        _ => "separate them with commas, and write numbers with a point",
    };
    let reason = format!("the columns are separated by {word}: {way_out}");
    Err(Error::at(&file.name, 1, Some(at), reason))
}

/// The first fault of a CSV or TSV file; the library's words when the bytes look right.
pub(super) fn separated(file: &TableFile, separator: u8, error: &ArrowError) -> Error {
    match scan(file, separator) {
        Err(fault) => fault,
        Ok(()) => Error::new(&file.name, plain_words(&error.to_string())),
    }
}

/// The first fault of a file of JSON lines.
pub(super) fn json_lines(file: &TableFile, error: &ArrowError) -> Error {
    let reader = match unpacked(file) {
        Ok(reader) => BufReader::new(reader),
        Err(fault) => return fault,
    };
    let mut kinds: HashMap<String, (&'static str, u64)> = HashMap::new();
    for (index, line) in reader.split(b'\n').enumerate() {
        let number = index as u64 + 1;
        let line = match line {
            Ok(line) => line,
            Err(error) => return cannot_unpack(file, &error),
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if std::str::from_utf8(&line).is_err() {
            return bad_encoding(file, number, &line);
        }
        match serde_json::from_slice::<serde_json::Value>(&line) {
            Ok(serde_json::Value::Object(object)) => {
                for (key, value) in object {
                    let Some(kind) = kind_of(&value) else { continue };
                    let (before, line) = *kinds.entry(key.clone()).or_insert((kind, number));
                    if before != kind {
                        let reason =
                            format!("{key:?} is {kind} here and {before} in line {line}: make them alike");
                        return Error::at(&file.name, number, None, reason);
                    }
                }
            }
            Ok(serde_json::Value::Array(_)) => {
                let reason = "is a JSON list: write one object a line (`jq -c '.[]'`)";
                return Error::at(&file.name, number, Some(1), reason);
            }
            Ok(_) => {
                let reason = "every line must be a JSON object like {\"a\": 1}";
                return Error::at(&file.name, number, Some(1), reason);
            }
            Err(fault) => {
                let words = fault.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                let words = if fault.is_eof() { "the line ends in the middle of a value" } else { words };
                let column = fault.column() as u64;
                return Error::at(&file.name, number, Some(column.max(1)), format!("is no JSON: {words}"));
            }
        }
    }
    Error::new(&file.name, plain_words(&error.to_string()))
}

/// Walks the lines: encoding, NUL bytes, quotes, number of fields.
fn scan(file: &TableFile, separator: u8) -> Result<()> {
    let mut reader = BufReader::new(unpacked(file)?);
    let mut quotes = Quotes::new(separator);
    let (mut expected, mut fields, mut start) = (None, 1, 1);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let count = reader.read_until(b'\n', &mut bytes).map_err(|error| cannot_unpack(file, &error))?;
        if count == 0 {
            break;
        }
        let line = trim_end(&bytes);
        if !quotes.open() {
            (fields, start) = (1, number);
        }
        must_be_clean(file, number, line)?;
        for byte in line {
            fields += usize::from(quotes.step(*byte));
        }
        quotes.step(b'\n');
        if quotes.open() || (line.is_empty() && start == number) {
            continue;
        }
        let wanted = *expected.get_or_insert(fields);
        if fields != wanted {
            let many = if fields == 1 { "field" } else { "fields" };
            let reason =
                format!("this row has {fields} {many}, the header has {wanted}{}", hint(fields, wanted));
            return Err(Error::at(&file.name, start, None, reason));
        }
    }
    if quotes.open() {
        let reason = "a quote that opens in this row is never closed";
        return Err(Error::at(&file.name, start, None, reason));
    }
    Ok(())
}

fn must_be_clean(file: &TableFile, number: u64, line: &[u8]) -> Result<()> {
    if let Some(at) = line.iter().position(|byte| *byte == 0) {
        let column = String::from_utf8_lossy(&line[..at]).chars().count() as u64 + 1;
        let reason =
            "a NUL byte stands here: the file is damaged, or is UTF-16 text; export it again as UTF-8";
        return Err(Error::at(&file.name, number, Some(column), reason));
    }
    match std::str::from_utf8(line) {
        Ok(_) => Ok(()),
        Err(_) => Err(bad_encoding(file, number, line)),
    }
}

/// What a JSON value is, for messages; nothing for nothing.
fn kind_of(value: &serde_json::Value) -> Option<&'static str> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(_) => Some("true or false"),
        serde_json::Value::Number(_) => Some("a number"),
        serde_json::Value::String(_) => Some("text"),
        serde_json::Value::Array(_) => Some("a list"),
        serde_json::Value::Object(_) => Some("an object"),
    }
}

fn hint(fields: usize, wanted: usize) -> &'static str {
    if fields > wanted {
        ": is there a separator in a value that is not quoted?"
    } else {
        ": was the row cut off?"
    }
}

fn trim_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

fn bad_encoding(file: &TableFile, line: u64, bytes: &[u8]) -> Error {
    let good = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let column = String::from_utf8_lossy(&bytes[..good]).chars().count() as u64 + 1;
    let byte = bytes.get(good).copied().unwrap_or_default();
    let reason =
        format!("the byte 0x{byte:02x} is not UTF-8: save the file as UTF-8 (`iconv -f latin1 -t utf8`)");
    Error::at(&file.name, line, Some(column), reason)
}

fn cannot_unpack(file: &TableFile, error: &std::io::Error) -> Error {
    Error::new(&file.name, format!("cannot be unpacked: {error}: was it cut off?"))
}
