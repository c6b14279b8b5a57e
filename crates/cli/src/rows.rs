//! Rows that people hand over for predictions and labels: CSV, JSON or JSON lines.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::codes;
use crate::failure::{Failure, Result};

/// The largest file that is read.
const MAX_BYTES: u64 = 512 << 20;

/// Reads rows as objects; `-` is standard input.
pub fn read(file: &Path) -> Result<Vec<Value>> {
    let unreadable = |error| Failure::file(file, "read", &error);
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::new(
            &codes::DATA,
            format!("{shown} is larger than {} MiB: split it", MAX_BYTES >> 20),
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(&codes::DATA, format!("{shown} is not UTF-8 text (byte {})", at + 1))
            .help("convert it: iconv -t UTF-8")
    })?;
    let rows = parse(text.trim_start_matches('\u{feff}'), &shown)?;
    if rows.is_empty() {
        return Err(Failure::new(&codes::DATA, format!("{shown} holds no rows")));
    }
    Ok(rows)
}

/// By its first sign: JSON, or CSV with a header.
fn parse(text: &str, shown: &str) -> Result<Vec<Value>> {
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Failure::new(&codes::DATA, format!("{shown} is empty")));
    }
    if start.starts_with(['[', '{']) { json_rows(start, shown) } else { csv_rows(text, shown) }
}

fn json_rows(text: &str, shown: &str) -> Result<Vec<Value>> {
    let wrong = |error: &serde_json::Error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        Failure::new(&codes::DATA, format!("{shown} is not JSON at {place}: {what}"))
            .help("a list of objects, one object a line, or CSV with a header")
    };
    let mut rows = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document.map_err(|error| wrong(&error))? {
            Value::Array(items) => rows.extend(items),
            Value::Object(map) if map.get("rows").is_some_and(Value::is_array) => {
                rows.extend(map["rows"].as_array().cloned().unwrap_or_default());
            }
            other => rows.push(other),
        }
    }
    match rows.iter().position(|row| !row.is_object()) {
        Some(n) => Err(Failure::new(&codes::DATA, format!("{shown}: row {} is not an object", n + 1))
            .help("write rows as {\"column\": value}")),
        None => Ok(rows),
    }
}

fn csv_rows(text: &str, shown: &str) -> Result<Vec<Value>> {
    let mut records = records(text);
    let header = records.next().map(|(_, header)| header).unwrap_or_default();
    let mut rows = Vec::new();
    for (line, record) in records {
        if record.len() != header.len() {
            let message =
                format!("{shown}, line {line}: {} under {} columns", values(record.len()), header.len());
            return Err(Failure::new(&codes::DATA, message)
                .help("every row needs as many values as the header has names"));
        }
        let pairs = header.iter().map(|(name, _)| name.trim().to_owned()).zip(record);
        let row: Map<String, Value> = pairs
            .map(|(name, (cell, quoted))| (name, if quoted { Value::from(cell) } else { value(&cell) }))
            .collect();
        rows.push(Value::Object(row));
    }
    Ok(rows)
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

/// A cell as the value that it reads as: number, true or false, nothing, else text.
pub fn value(cell: &str) -> Value {
    let cell = cell.trim();
    match cell {
        "" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => {
            // A leading zero or plus is part of a code, not of a number.
            let digits = cell.trim_start_matches('-');
            let code = (digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."))
                || cell.starts_with('+');
            let number = cell.parse::<i64>().map(Value::from).or_else(|_| {
                let figure = cell.parse::<f64>().ok().filter(|figure| figure.is_finite());
                figure.map(Value::from).ok_or(())
            });
            number.ok().filter(|_| !code).unwrap_or_else(|| Value::from(cell))
        }
    }
}

/// A cell and whether it was quoted.
type Field = (String, bool);

/// Records of RFC 4180 with the line that each starts on; empty lines are left out.
fn records(text: &str) -> impl Iterator<Item = (usize, Vec<Field>)> {
    let mut signs = text.chars().peekable();
    let mut line = 0;
    std::iter::from_fn(move || {
        loop {
            signs.peek()?;
            line += 1;
            let started = line;
            let mut record = Vec::new();
            let mut field = String::new();
            let (mut quoted, mut inside) = (false, false);
            loop {
                match signs.next() {
                    Some('"') if inside && signs.peek() == Some(&'"') => {
                        signs.next();
                        field.push('"');
                    }
                    Some('"') if inside => inside = false,
                    Some('"') if field.is_empty() && !quoted => (quoted, inside) = (true, true),
                    Some(',') if !inside => {
                        record.push((std::mem::take(&mut field), std::mem::take(&mut quoted)))
                    }
                    Some('\r') if !inside && signs.peek() == Some(&'\n') => {}
                    Some('\n') if !inside => break,
                    None => break,
                    Some(sign) => {
                        line += usize::from(sign == '\n');
                        field.push(sign);
                    }
                }
            }
            record.push((field, quoted));
            let blank = record.len() == 1 && record[0].0.is_empty() && !record[0].1;
            if !blank {
                return Some((started, record));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn csv_is_read_with_types() {
        let rows = parse("a,b,c,d\n1,2.5,x,\n\"1\",true,\"say \"\"hi\"\"\nthere\",007\n", "f").unwrap();
        assert_eq!(rows[0], json!({"a": 1, "b": 2.5, "c": "x", "d": null}));
        assert_eq!(rows[1], json!({"a": "1", "b": true, "c": "say \"hi\"\nthere", "d": "007"}));
    }

    #[test]
    fn json_is_read_in_every_form() {
        for text in ["[{\"a\":1},{\"a\":2}]", "{\"rows\":[{\"a\":1},{\"a\":2}]}", "{\"a\":1}\n{\"a\":2}\n"] {
            assert_eq!(parse(text, "f").unwrap(), [json!({"a": 1}), json!({"a": 2})]);
        }
    }

    #[test]
    fn bad_rows_are_refused_with_their_place() {
        let text = |bad: &str| parse(bad, "rows").err().unwrap().render(crate::output::Paint::off(), 100);
        insta::assert_snapshot!(
            [text("a,b\n1,2\n1,2,3\n"), text("[{\"a\":}]"), text("[1]"), text("")].join("\n")
        );
    }
}
