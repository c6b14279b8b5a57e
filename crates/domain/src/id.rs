//! Public ids: 32 lower-case hexadecimal digits of a version 7 UUID, so they sort by creation time.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A public id: 32 lower-case hexadecimal digits whose first 12 are the creation time in milliseconds.
///
/// Text order is creation order. People may write any unique start or end of it; the end is the
/// random part, so [`Id::short`] shows that.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// An id for `now` with 10 bytes of randomness (RFC 9562, section 5.7).
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(uuid.simple().to_string())
    }

    /// Takes 32 hexadecimal digits, in either case; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        valid.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last eight digits: random, hence what tells two ids of one day apart.
    pub fn short(&self) -> &str {
        &self.0[24..]
    }

    /// The creation time that the first 48 bits hold.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(i64::from_str_radix(&self.0[..12], 16).unwrap_or(0))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_creation_order() {
        let early = Id::new(Timestamp::from_millis(1_000), [255; 10]);
        let late = Id::new(Timestamp::from_millis(1_001), [0; 10]);
        assert!(early < late);
        assert_eq!(late.created(), Timestamp::from_millis(1_001));
    }

    #[test]
    fn only_thirty_two_hex_digits_are_an_id() {
        assert!(Id::parse("0123456789ABCDEF0123456789abcdef").is_some());
        assert!(Id::parse("0123").is_none());
        assert!(Id::parse("zzzz456789abcdef0123456789abcdef").is_none());
    }
}
