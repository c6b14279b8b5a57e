//! Why a text file does not read, found by looking at its bytes again: the first fault, with line and column.

use std::io::{BufRead, BufReader, Read};

use arrow::error::ArrowError;

use super::{TableFile, plain_words, unpacked};
use crate::error::{Error, Result};

/// Refuses a header with a column twice or without a name.
pub(super) fn header(file: &TableFile, separator: u8) -> Result<()> {
    let mut line = Vec::new();
    BufReader::new(unpacked(file)?)
        .take(1 << 20)
        .read_until(b'\n', &mut line)
        .map_err(|error| Error::new(&file.name, format!("cannot be read: {error}")))?;
    let Ok(text) = std::str::from_utf8(&line) else {
        return Err(bad_encoding(file, 1, &line));
    };
    let mut names: Vec<&str> = Vec::new();
    let mut column = 1;
    for raw in text.trim_end_matches(['\n', '\r']).split(char::from(separator)) {
        let name = raw.trim_start_matches('\u{feff}').trim_matches('"');
        if !name.is_empty() && names.contains(&name) {
            let reason = format!("the column {name:?} is there twice: give each column a name of its own");
            return Err(Error::at(&file.name, 1, Some(column), reason));
        }
        names.push(name);
        column += raw.chars().count() as u64 + 1;
    }
    Ok(())
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
            Ok(serde_json::Value::Object(_)) => {}
            Ok(_) => {
                return Error::at(
                    &file.name,
                    number,
                    Some(1),
                    "every line must be a JSON object like {\"a\": 1}",
                );
            }
            Err(fault) => {
                let words = fault.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                let column = fault.column() as u64;
                return Error::at(&file.name, number, Some(column.max(1)), format!("is no JSON: {words}"));
            }
        }
    }
    Error::new(&file.name, plain_words(&error.to_string()))
}

/// Walks the records: encoding, quotes, number of fields.
fn scan(file: &TableFile, separator: u8) -> Result<()> {
    let mut reader = BufReader::new(unpacked(file)?);
    let mut expected = None;
    let mut record = Vec::new();
    let mut line = 1;
    loop {
        let start = line;
        record.clear();
        loop {
            let count = reader.read_until(b'\n', &mut record).map_err(|error| cannot_unpack(file, &error))?;
            if count > 0 {
                line += 1;
            }
            let open = record.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
            if !open {
                break;
            }
            if count == 0 {
                let reason = "a quote that opens in this row is never closed";
                return Err(Error::at(&file.name, start, None, reason));
            }
        }
        if record.is_empty() {
            return Ok(());
        }
        let text = trim_end(&record);
        if std::str::from_utf8(text).is_err() {
            return Err(bad_encoding(file, start, text));
        }
        if text.is_empty() {
            continue;
        }
        let fields = count_fields(text, separator);
        let wanted = *expected.get_or_insert(fields);
        if fields != wanted {
            let reason =
                format!("this row has {fields} fields, the header has {wanted}{}", hint(fields, wanted));
            return Err(Error::at(&file.name, start, None, reason));
        }
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

fn count_fields(record: &[u8], separator: u8) -> usize {
    let mut quoted = false;
    let mut fields = 1;
    for byte in record {
        match *byte {
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => fields += 1,
            _ => {}
        }
    }
    fields
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
