//! The sentences of refused input. They are MLflow's own, because its users and their tests match on them.

use serde_json::Value;

/// Why input was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The field, such as `metrics[3].value`.
    pub field: String,
    /// A whole sentence.
    pub reason: String,
}

impl Refusal {
    /// A refusal of `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// `Invalid value 1 for parameter 'x' supplied: …`.
pub fn invalid_value(path: &str, value: &Value, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("Invalid value {value} for parameter '{path}' supplied: {why}"),
        None => format!("Invalid value {value} for parameter '{path}' supplied."),
    }
}

/// `Missing value for required parameter 'x'.`
pub fn missing_value(path: &str) -> String {
    format!("Missing value for required parameter '{path}'.")
}

/// `prefix` and `field` joined as a JSON path; an empty prefix leaves the field alone.
pub fn join(prefix: &str, field: &str) -> String {
    if prefix.is_empty() { field.to_owned() } else { format!("{prefix}.{field}") }
}

const BAD_CHARACTER: &str = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), \
                             spaces ( ), colon(:) and slashes (/).";

/// Checks a key: its alphabet, its length, and that it is a plain relative path.
pub fn check_key(key: &str, path: &str, limit: usize) -> Result<(), Refusal> {
    check_letters(key, path)?;
    check_length(key, path, limit)
}

/// Checks the alphabet of a key, and that it is a plain relative path.
pub fn check_letters(key: &str, path: &str) -> Result<(), Refusal> {
    let shown = Value::String(key.to_owned());
    if !key.chars().all(|c| c.is_alphanumeric() || "/_.- :".contains(c)) {
        return Err(Refusal::new(path, invalid_value(path, &shown, Some(BAD_CHARACTER))));
    }
    let resolved = resolve(key);
    if resolved != key || key == "." || key.starts_with("..") || key.starts_with('/') {
        let why = format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. \
             This name would resolve to '{resolved}'"
        );
        return Err(Refusal::new(path, invalid_value(path, &shown, Some(&why))));
    }
    Ok(())
}

/// Refuses a text of more than `limit` characters.
pub fn check_length(text: &str, path: &str, limit: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    if length <= limit {
        return Ok(());
    }
    Err(Refusal::new(path, format!("'{path}' exceeds the maximum length of {limit} characters")))
}

/// Refuses a text of more than `limit` characters, under a name of its own: `'Param key' exceeds …`.
pub fn check_named_length(text: &str, path: &str, name: &str, limit: usize) -> Result<(), Refusal> {
    check_length(text, name, limit).map_err(|refusal| Refusal::new(path, refusal.reason))
}

/// At most `limit` characters of `text`.
pub fn cut(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// What a path becomes when `.`, `..` and double slashes are taken out, as POSIX tools do.
fn resolve(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_plain_relative_path_of_known_letters() {
        for good in ["loss", "train/loss", "a b-c.d:e_f", "größe"] {
            assert!(check_key(good, "name", 250).is_ok(), "{good}");
        }
        for bad in ["", "/loss", "a//b", "../x", "a/../b", "./a", "a/", "a;b", "a\nb"] {
            assert!(check_key(bad, "name", 250).is_err(), "{bad:?}");
        }
        assert!(check_key(&"k".repeat(251), "name", 250).is_err());
    }

    #[test]
    fn cutting_counts_characters_not_bytes() {
        assert_eq!(cut("äöü".to_owned(), 2), "äö");
        assert_eq!(cut("ab".to_owned(), 2), "ab");
    }
}
