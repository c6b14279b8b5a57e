//! Short ways into answers. What is absent reads as nothing, so an older server's answer still renders.

use serde_json::Value;

/// Reading of JSON objects.
pub trait Fields {
    /// The text under `key`, or nothing.
    fn text(&self, key: &str) -> &str;
    /// The whole number under `key`.
    fn int(&self, key: &str) -> Option<i64>;
    /// The number under `key`.
    fn float(&self, key: &str) -> Option<f64>;
    /// Whether `key` holds true.
    fn flag(&self, key: &str) -> bool;
    /// The list under `key`.
    fn list(&self, key: &str) -> &[Value];
    /// The object under `key` as pairs.
    fn pairs(&self, key: &str) -> Vec<(&str, &Value)>;
}

impl Fields for Value {
    fn text(&self, key: &str) -> &str {
        self[key].as_str().unwrap_or_default()
    }

    fn int(&self, key: &str) -> Option<i64> {
        self[key].as_i64()
    }

    fn float(&self, key: &str) -> Option<f64> {
        self[key].as_f64()
    }

    fn flag(&self, key: &str) -> bool {
        self[key].as_bool().unwrap_or(false)
    }

    fn list(&self, key: &str) -> &[Value] {
        self[key].as_array().map_or(&[], Vec::as_slice)
    }

    fn pairs(&self, key: &str) -> Vec<(&str, &Value)> {
        let pairs = self[key].as_object().into_iter().flatten();
        pairs.map(|(key, value)| (key.as_str(), value)).collect()
    }
}

/// A value as plain text: a string without quotes, nothing for null.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
