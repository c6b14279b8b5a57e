//! Ids of objects: BLAKE3-256 of their bytes, written as 64 lower-case hexadecimal digits.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The id of an object with these bytes.
            pub fn of(bytes: &[u8]) -> Self {
                Self(*blake3::hash(bytes).as_bytes())
            }

            /// From a hash that was computed elsewhere.
            pub const fn from_hash(hash: [u8; 32]) -> Self {
                Self(hash)
            }

            /// Takes 64 hexadecimal digits, in either case; anything else is `None`.
            pub fn parse(text: &str) -> Option<Self> {
                let mut hash = [0; 32];
                (text.len() == 64).then_some(())?;
                hex::decode_to_slice(text, &mut hash).ok()?;
                Some(Self(hash))
            }

            /// The hash itself.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first twelve digits, for people.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..6])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("{text:?} is not an id of 64 hexadecimal digits"))
                })
            }
        }
    };
}

object_id! {
    /// A file's id: BLAKE3-256 of its bytes, however they are stored; equal to what `b3sum` prints.
    FileId
}
object_id! {
    /// A folder's id: BLAKE3-256 of its canonical node (see [`super::tree`]).
    TreeId
}
object_id! {
    /// A data version's id: BLAKE3-256 of its canonical commit (see [`super::commit`]).
    CommitId
}
object_id! {
    /// A chunk's id: BLAKE3-256 of its bytes before compression. A file of one chunk has the chunk's id.
    ChunkId
}

/// The file ids that a text names: its runs of exactly 64 lower-case hexadecimal digits.
pub fn ids_in(text: &str) -> impl Iterator<Item = FileId> {
    text.split(|c: char| !matches!(c, '0'..='9' | 'a'..='f')).filter_map(FileId::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_id_is_what_b3sum_prints() {
        assert_eq!(
            FileId::of(b"").to_string(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
    }

    #[test]
    fn only_sixty_four_hex_digits_are_an_id() {
        let id = FileId::of(b"flights");
        assert_eq!(FileId::parse(&id.to_string().to_uppercase()), Some(id));
        assert_eq!(FileId::parse(&id.to_string()[1..]), None);
        assert_eq!(FileId::parse(&"g".repeat(64)), None);
    }
}
