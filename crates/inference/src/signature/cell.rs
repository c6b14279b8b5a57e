//! One cell, one column: JSON values on their way to a type, without loss or with a reason.

use serde_json::Value;

use super::Kind;
use crate::error::InvalidInput;
use crate::table::Data;
use crate::value::Dtype;

/// Whether cells are texts that stand for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Textual {
    /// Cells have their own types (JSON).
    #[default]
    No,
    /// Cells are texts; the empty one is a missing value (CSV).
    Yes,
}

/// The column of `kind` that the values make.
pub(super) fn column<'v>(
    name: &str,
    kind: Kind,
    required: bool,
    textual: Textual,
    values: impl Iterator<Item = &'v Value>,
) -> Result<Data, InvalidInput> {
    let cells = values.enumerate().map(|(row, value)| Cell {
        name,
        row,
        kind,
        required,
        value: Untyped::of(value, textual),
    });
    Ok(match kind {
        Kind::Boolean => Data::Bool(cells.map(|cell| cell.boolean()).collect::<Result<_, _>>()?),
        Kind::Integer => Data::I32(cells.map(|cell| cell.integer()).collect::<Result<_, _>>()?),
        Kind::Long => Data::I64(cells.map(|cell| cell.long()).collect::<Result<_, _>>()?),
        Kind::Float => Data::F32(cells.map(|cell| cell.float()).collect::<Result<_, _>>()?),
        Kind::Double => Data::F64(cells.map(|cell| cell.double()).collect::<Result<_, _>>()?),
        Kind::String => Data::Text(cells.map(|cell| cell.text()).collect::<Result<_, _>>()?),
        Kind::Binary => Data::Binary(cells.map(|cell| cell.binary()).collect::<Result<_, _>>()?),
        Kind::Datetime => Data::Time(cells.map(|cell| cell.time()).collect::<Result<_, _>>()?),
        Kind::Any => Data::Json(cells.map(|cell| cell.any()).collect::<Result<_, _>>()?),
    })
}

/// A cell's value, with the texts of a CSV file told apart from texts that are meant as such.
enum Untyped<'v> {
    Missing,
    Written(&'v str),
    Json(&'v Value),
}

impl<'v> Untyped<'v> {
    fn of(value: &'v Value, textual: Textual) -> Self {
        match (value, textual) {
            (Value::Null, _) => Self::Missing,
            (Value::String(text), Textual::Yes) if text.trim().is_empty() => Self::Missing,
            (Value::String(text), Textual::Yes) => Self::Written(text.trim()),
            _ => Self::Json(value),
        }
    }
}

struct Cell<'n, 'v> {
    name: &'n str,
    row: usize,
    kind: Kind,
    required: bool,
    value: Untyped<'v>,
}

impl Cell<'_, '_> {
    fn refuse(&self, reason: impl Into<String>) -> InvalidInput {
        InvalidInput::cell(self.name, self.row, reason)
    }

    fn wrong(&self) -> InvalidInput {
        let shown = match self.value {
            Untyped::Missing => "a missing value".to_owned(),
            Untyped::Written(text) => shorten(&format!("{text:?}")),
            Untyped::Json(value) => shorten(&value.to_string()),
        };
        self.refuse(format!("{shown} is not a {}", self.kind.word()))
    }

    fn boolean(&self) -> Result<bool, InvalidInput> {
        match self.value {
            Untyped::Json(Value::Bool(flag)) => Ok(*flag),
            Untyped::Written(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Untyped::Written(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.wrong()),
        }
    }

    fn long(&self) -> Result<i64, InvalidInput> {
        let parsed = match self.value {
            Untyped::Json(Value::Number(number)) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Untyped::Written(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            _ => None,
        };
        parsed.ok_or_else(|| self.wrong())
    }

    fn integer(&self) -> Result<i32, InvalidInput> {
        let long = self.long()?;
        i32::try_from(long)
            .map_err(|_| self.refuse(format!("{long} is outside the range of an integer (32 bits)")))
    }

    fn double(&self) -> Result<f64, InvalidInput> {
        match self.value {
            Untyped::Missing => Ok(f64::NAN),
            Untyped::Json(Value::Number(number)) => number.as_f64().ok_or_else(|| self.wrong()),
            Untyped::Written(text) => text.parse().map_err(|_| self.wrong()),
            Untyped::Json(_) => Err(self.wrong()),
        }
    }

    fn float(&self) -> Result<f32, InvalidInput> {
        let double = self.double()?;
        // Rounding to the nearest float is what the type means; only the range can be exceeded.
        let float = double as f32;
        if double.is_finite() && float.is_infinite() {
            return Err(self.refuse(format!("{double} is outside the range of a float (32 bits)")));
        }
        Ok(float)
    }

    fn text(&self) -> Result<Option<String>, InvalidInput> {
        match self.value {
            Untyped::Missing => Ok(None),
            Untyped::Json(Value::String(text)) => Ok(Some(text.clone())),
            Untyped::Written(text) => Ok(Some(text.to_owned())),
            Untyped::Json(_) => Err(self.wrong()),
        }
    }

    fn binary(&self) -> Result<Option<String>, InvalidInput> {
        use base64::Engine as _;
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        match base64::engine::general_purpose::STANDARD.decode(&text) {
            Ok(_) => Ok(Some(text)),
            Err(_) => Err(self.refuse("it is not base64, the form in which bytes travel in JSON")),
        }
    }

    fn time(&self) -> Result<Option<i64>, InvalidInput> {
        let text = match self.value {
            Untyped::Missing => return Ok(None),
            Untyped::Json(Value::String(text)) => text.as_str(),
            Untyped::Written(text) => text,
            Untyped::Json(_) => return Err(self.wrong()),
        };
        parse_time(text).map(Some).ok_or_else(|| {
            self.refuse(format!(
                "{} is not a date and time: write 2013-01-31T08:00:00",
                shorten(&format!("{text:?}"))
            ))
        })
    }

    fn any(&self) -> Result<Value, InvalidInput> {
        match self.value {
            Untyped::Missing if self.required => Err(self.wrong()),
            Untyped::Missing => Ok(Value::Null),
            Untyped::Json(value) => Ok(value.clone()),
            Untyped::Written(text) => Ok(text.into()),
        }
    }
}

/// A float without a fraction, inside the range where floats hold whole numbers exactly.
fn whole(value: f64) -> Option<i64> {
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(value as i64)
}

/// Nanoseconds since the epoch of a date, or a date and time with or without an offset (UTC when without).
fn parse_time(text: &str) -> Option<i64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime};
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return time.timestamp_nanos_opt();
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return time.and_utc().timestamp_nanos_opt();
        }
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_nanos_opt()
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The column that values of unknown type make: whole numbers, floats, truth values or texts when all agree.
pub(super) fn inferred<'v>(textual: Textual, values: impl Iterator<Item = &'v Value> + Clone) -> Data {
    let written: Vec<Value>;
    if textual == Textual::Yes {
        written = values.map(from_text).collect();
        return inferred_typed(written.iter());
    }
    inferred_typed(values)
}

fn inferred_typed<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Data {
    let all = |test: fn(&Value) -> bool| values.clone().all(test);
    if all(Value::is_i64) {
        return Data::I64(values.filter_map(Value::as_i64).collect());
    }
    if all(|value| value.is_number() || value.is_null()) {
        return Data::F64(values.map(|value| value.as_f64().unwrap_or(f64::NAN)).collect());
    }
    if all(Value::is_boolean) {
        return Data::Bool(values.filter_map(Value::as_bool).collect());
    }
    if all(|value| value.is_string() || value.is_null()) {
        return Data::Text(values.map(|value| value.as_str().map(ToOwned::to_owned)).collect());
    }
    Data::Json(values.cloned().collect())
}

fn from_text(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Value::Null;
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number.into(),
        _ => match text.to_ascii_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => text.into(),
        },
    }
}

/// Appends one array element; the reason when it does not fit without loss.
pub(super) fn push_element(value: &Value, dtype: Dtype, data: &mut Vec<u8>) -> Result<(), String> {
    let misfit = || format!("{} does not fit {}", shorten(&value.to_string()), dtype.name());
    macro_rules! whole_number {
        ($type:ty) => {{
            let number = value
                .as_i64()
                .map(i128::from)
                .or_else(|| value.as_u64().map(i128::from))
                .or_else(|| whole(value.as_f64()?).map(i128::from));
            let number = number.and_then(|number| <$type>::try_from(number).ok()).ok_or_else(misfit)?;
            data.extend_from_slice(&number.to_le_bytes());
        }};
    }
    match dtype {
        Dtype::Bool => data.push(u8::from(value.as_bool().ok_or_else(misfit)?)),
        Dtype::I8 => whole_number!(i8),
        Dtype::I16 => whole_number!(i16),
        Dtype::I32 => whole_number!(i32),
        Dtype::I64 => whole_number!(i64),
        Dtype::U8 => whole_number!(u8),
        Dtype::U16 => whole_number!(u16),
        Dtype::U32 => whole_number!(u32),
        Dtype::U64 => whole_number!(u64),
        Dtype::F32 | Dtype::F64 => {
            let number = if value.is_null() { f64::NAN } else { value.as_f64().ok_or_else(misfit)? };
            if dtype == Dtype::F64 {
                data.extend_from_slice(&number.to_le_bytes());
            } else {
                let float = number as f32;
                if number.is_finite() && float.is_infinite() {
                    return Err(misfit());
                }
                data.extend_from_slice(&float.to_le_bytes());
            }
        }
    }
    Ok(())
}
