//! JSON as Python writes it: a blank after colons and commas, numbers in Python's form.
//!
//! Clients of MLflow search the text of spans with patterns that were made for this form.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }
}

/// The text of a value.
pub fn spaced(value: &Value) -> String {
    let mut bytes = Vec::new();
    match value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced)) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        // A value in memory can always be written.
        Err(_) => value.to_string(),
    }
}

/// A finite number as Python's `repr` has it: digits as few as possible, an exponent of two digits at least.
pub fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_is_pythons() {
        let value =
            json!({"a": [1, 2.0, "ü"], "b": {"c": null}, "d": 1e-5, "e": 1e16, "f": 0.1, "g": 123_456.75});
        assert_eq!(
            spaced(&value),
            r#"{"a": [1, 2.0, "ü"], "b": {"c": null}, "d": 1e-05, "e": 1e+16, "f": 0.1, "g": 123456.75}"#
        );
        assert_eq!(float(-0.0001), "-0.0001");
        assert_eq!(float(1e300), "1e+300");
        assert_eq!(float(0.0), "0.0");
    }
}
