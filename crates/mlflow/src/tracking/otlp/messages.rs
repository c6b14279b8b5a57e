//! Counts the messages in a protobuf body before it is decoded: two bytes on the wire can be three hundred in memory.

/// The kinds of messages that can be repeated, and where they hold others.
#[derive(Clone, Copy)]
enum Kind {
    Request,
    Group,
    Attributes,
    Scope,
    Span,
    Event,
    Link,
    Pair,
    Value,
    List,
    Pairs,
}

impl Kind {
    /// The kind of the message in a field.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Request, 1) => Self::Group,
            (Self::Group, 1) | (Self::Scope, 1) => Self::Attributes,
            (Self::Group, 2) => Self::Scope,
            (Self::Scope, 2) => Self::Span,
            // A resource has its attributes in field 1, a scope's description in field 3.
            (Self::Attributes, 1 | 3) => Self::Pair,
            (Self::Span, 9) => Self::Pair,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Event, 3) | (Self::Link, 4) | (Self::Pairs, 1) => Self::Pair,
            (Self::Pair, 2) | (Self::List, 1) => Self::Value,
            (Self::Value, 5) => Self::List,
            (Self::Value, 6) => Self::Pairs,
            _ => return None,
        })
    }
}

/// Most messages inside one another; the decoder has a limit of its own.
const MAX_DEPTH: usize = 100;

/// Whether a body holds at most so many messages. What is no protobuf counts as few: the decoder says why it is none.
pub(super) fn are_few(bytes: &[u8], most: usize) -> bool {
    let mut left = most;
    count(Kind::Request, bytes, &mut left, MAX_DEPTH)
}

fn count(kind: Kind, mut bytes: &[u8], left: &mut usize, depth: usize) -> bool {
    while let Some((key, rest)) = varint(bytes) {
        bytes = match key & 7 {
            0 => match varint(rest) {
                Some((_, rest)) => rest,
                None => return true,
            },
            1 if rest.len() >= 8 => &rest[8..],
            5 if rest.len() >= 4 => &rest[4..],
            2 => {
                let Some((length, rest)) = varint(rest) else { return true };
                let Some(length) = usize::try_from(length).ok().filter(|length| *length <= rest.len()) else {
                    return true;
                };
                let (inner, rest) = rest.split_at(length);
                if let Some(inner_kind) = kind.field(key >> 3) {
                    let Some(fewer) = left.checked_sub(1) else { return false };
                    *left = fewer;
                    if depth > 0 && !count(inner_kind, inner, left, depth - 1) {
                        return false;
                    }
                }
                rest
            }
            _ => return true,
        };
    }
    true
}

/// A number of one to ten bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index * 7).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::KeyValue;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    use super::*;

    #[test]
    fn every_message_counts_however_small() {
        let span = Span { attributes: vec![KeyValue::default(); 3], ..Span::default() };
        let scope = ScopeSpans { spans: vec![span; 10], ..ScopeSpans::default() };
        let group = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
        let bytes = ExportTraceServiceRequest { resource_spans: vec![group] }.encode_to_vec();
        // The group, its scope, ten spans with three attributes each.
        assert!(are_few(&bytes, 42));
        assert!(!are_few(&bytes, 41));
        assert!(are_few(&[0xff; 40], 1));
        assert!(are_few(&[], 0));
    }
}
