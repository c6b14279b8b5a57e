//! Answers: JSON objects in which what is empty or absent is left out.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use domain::tracking::param::{Param, Tag};
use serde_json::{Map, Value, json};

/// An object under construction.
#[derive(Default)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field; null, an empty list and an empty object are left out.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Adds an object, even an empty one.
    pub(crate) fn even(mut self, name: &str, object: Self) -> Self {
        self.0.insert(name.to_owned(), object.into());
        self
    }

    /// Adds a text unless it is empty.
    pub(crate) fn some(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.set(name, text) }
    }

    /// Adds a list.
    pub(crate) fn list<T>(
        self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        each: impl FnMut(T) -> Value,
    ) -> Self {
        self.set(name, Value::Array(items.into_iter().map(each).collect()))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

impl IntoResponse for Object {
    fn into_response(self) -> Response {
        Json(Value::from(self)).into_response()
    }
}

/// A number on the wire: what is not a number is a text, and the infinities are the largest numbers.
pub(crate) fn number(value: f64) -> Value {
    if value.is_nan() {
        return Value::from("NaN");
    }
    json!(value.clamp(f64::MIN, f64::MAX))
}

pub(crate) fn millis(time: Timestamp) -> Value {
    Value::from(time.millis())
}

/// A time as a text: fractions of a second only when there are some.
pub(crate) fn timestamp(time: Timestamp) -> Value {
    Value::from(time.to_rfc3339().replace(".000Z", "Z"))
}

/// A duration as a text in seconds.
pub(crate) fn duration(millis: i64) -> Value {
    let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    let (seconds, rest) = (millis / 1000, millis % 1000);
    Value::from(if rest == 0 { format!("{sign}{seconds}s") } else { format!("{sign}{seconds}.{rest:03}s") })
}

/// Milliseconds from a duration's text.
pub(crate) fn read_duration(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('s')?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, digits),
    };
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || !plain(seconds) || !plain(fraction) || fraction.len() > 9 {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis).map(|total| sign * total)
}

pub(crate) fn tag(tag: &Tag) -> Value {
    json!({"key": tag.key, "value": tag.value})
}

pub(crate) fn param(param: &Param) -> Value {
    json!({"key": param.key, "value": param.value})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_their_point_and_nothing_is_infinite() {
        assert_eq!(number(1.0).to_string(), "1.0");
        assert_eq!(number(f64::NAN), Value::from("NaN"));
        assert_eq!(number(f64::INFINITY).to_string(), "1.7976931348623157e+308");
        assert_eq!(number(f64::NEG_INFINITY).to_string(), "-1.7976931348623157e+308");
    }

    #[test]
    fn times_and_durations_are_texts() {
        assert_eq!(timestamp(Timestamp::from_millis(1_700_000_000_000)), "2023-11-14T22:13:20Z");
        assert_eq!(timestamp(Timestamp::from_millis(1_700_000_000_050)), "2023-11-14T22:13:20.050Z");
        for (millis, text) in [(0, "0s"), (1_500, "1.500s"), (-20, "-0.020s"), (61_000, "61s")] {
            assert_eq!(duration(millis), text);
            assert_eq!(read_duration(text), Some(millis));
        }
        assert_eq!(read_duration("0.123456789s"), Some(123));
        for bad in ["", "s", "1", "1.2", "x s", "1.-2s", "9999999999999999999s"] {
            assert_eq!(read_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let object = Object::new().set("a", Value::Null).set("b", json!([])).some("c", "").set("d", "");
        assert_eq!(Value::from(object), json!({"d": ""}));
    }
}
