//! Params and tags: texts under a key. A param is written once; a tag may change.

use serde::{Deserialize, Serialize};

use super::validation::{Refusal, check_key, check_letters, check_named_length, cut, join};

/// Most characters of a key.
pub const MAX_KEY_LEN: usize = 250;
/// Characters of a param's value that are kept; the rest is cut.
pub const MAX_PARAM_LEN: usize = 6_000;
/// Characters of a tag's value that are kept; the rest is cut.
pub const MAX_TAG_LEN: usize = 8_000;

/// A setting of a run, written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// What is set.
    pub key: String,
    /// To what.
    pub value: String,
}

/// A label that may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// What is said.
    pub key: String,
    /// What it says.
    pub value: String,
}

impl Tag {
    /// A tag.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl Param {
    /// Checks the key and cuts an over-long value. `path` is where it stands in the request.
    pub fn checked(self, path: &str) -> Result<Self, Refusal> {
        let field = join(path, "key");
        check_letters(&self.key, &field)?;
        check_named_length(&self.key, &field, "Param key", MAX_KEY_LEN)?;
        Ok(Self { value: cut(self.value, MAX_PARAM_LEN), key: self.key })
    }
}

impl Tag {
    /// Checks the key and cuts an over-long value. `path` is where it stands in the request.
    pub fn checked(self, path: &str) -> Result<Self, Refusal> {
        check_key(&self.key, &join(path, "key"), MAX_KEY_LEN)?;
        Ok(Self { value: cut(self.value, MAX_TAG_LEN), key: self.key })
    }
}

/// The sentence for a param that has another value already.
pub fn changed_param(param: &Param, old: &str, run: &crate::Id) -> Refusal {
    Refusal::new(
        "params",
        format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with value='{old}' \
             for run ID='{run}'. Attempted logging new value '{}'.",
            param.key, param.value
        ),
    )
}

/// The sentence for several params of one batch that have other values already: `(key, old, new)`.
pub fn changed_params(conflicts: &[(String, String, String)], run: &crate::Id) -> Refusal {
    let listed: Vec<String> = conflicts
        .iter()
        .map(|(key, old, new)| format!("{{'key': '{key}', 'old_value': '{old}', 'new_value': '{new}'}}"))
        .collect();
    Refusal::new(
        "params",
        format!(
            "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{run}'.",
            listed.join(", ")
        ),
    )
}
