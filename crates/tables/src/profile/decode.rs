//! Reading stored sketches back.

/// Stored bytes are no sketch of this format.
#[derive(Debug, thiserror::Error)]
#[error("the stored profile is unreadable: {0}")]
pub struct Undecodable(String);

impl From<base64::DecodeError> for Undecodable {
    fn from(error: base64::DecodeError) -> Self {
        Self(error.to_string())
    }
}

impl From<datasketches::error::Error> for Undecodable {
    fn from(error: datasketches::error::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Undecodable {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
