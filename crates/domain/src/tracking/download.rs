//! What of a file a client is to get: all, a part, or the word that it has it already (RFC 9110, sections 8.8.3, 13 and 14).

use super::artifact::download_headers;
use super::byte_range::ByteRange;
use crate::data::FileId;

/// What a request says about what it wants and what it has; each as in the header of that name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// `Range`.
    pub range: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// `If-Range`.
    pub if_range: Option<&'a str>,
}

/// What the client is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it has these bytes.
    Same,
    /// All of it.
    Whole,
    /// So many bytes from a first one.
    Part {
        /// The first byte.
        first: u64,
        /// Their number.
        length: u64,
    },
    /// Nothing: the file has no such part.
    Outside,
}

/// The tag of a file: the hash of its bytes, so that equal tags are equal bytes.
pub fn etag(file: &FileId) -> String {
    format!("\"{file}\"")
}

/// What a client that asks so is to get of a file of `size` bytes.
pub fn wanted(asked: Asked<'_>, file: &FileId, size: u64) -> Wanted {
    let tag = etag(file);
    let weak = |listed: &str| listed.trim().trim_start_matches("W/") == tag;
    if asked.if_none_match.is_some_and(|list| list.trim() == "*" || list.split(',').any(weak)) {
        return Wanted::Same;
    }
    // A part is only of use to who has the rest of the same bytes. A date never says that.
    let range = asked.range.filter(|_| asked.if_range.is_none_or(|condition| condition.trim() == tag));
    match ByteRange::parse(range, size) {
        ByteRange::Whole => Wanted::Whole,
        ByteRange::Part { first, length } => Wanted::Part { first, length },
        ByteRange::Outside => Wanted::Outside,
    }
}

/// The headers of the answer.
pub fn headers(wanted: Wanted, path: &str, file: &FileId, size: u64) -> Vec<(&'static str, String)> {
    let mut headers = vec![("etag", etag(file)), ("accept-ranges", "bytes".to_owned())];
    let body = |length: u64| download_headers(path, i64::try_from(length).unwrap_or(i64::MAX));
    match wanted {
        Wanted::Same => {}
        Wanted::Whole => headers.extend(body(size)),
        Wanted::Part { first, length } => {
            headers.extend(body(length));
            headers.push(("content-range", format!("bytes {first}-{}/{size}", first + length - 1)));
        }
        Wanted::Outside => headers.push(("content-range", format!("bytes */{size}"))),
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_the_bytes_gets_none_and_a_part_needs_the_same_tag() {
        let file = FileId::of(b"weights");
        let (tag, other) = (etag(&file), etag(&FileId::of(b"others")));
        let (weak, list, torn) =
            (format!("W/{tag}"), format!("{other}, {tag}"), tag.trim_matches('"').to_owned());
        let part = Wanted::Part { first: 2, length: 3 };
        for (range, if_none_match, if_range, expected) in [
            (None, None, None, Wanted::Whole),
            (None, Some(tag.as_str()), None, Wanted::Same),
            (None, Some(weak.as_str()), None, Wanted::Same),
            (None, Some(list.as_str()), None, Wanted::Same),
            (None, Some("*"), None, Wanted::Same),
            (None, Some(other.as_str()), None, Wanted::Whole),
            (None, Some(torn.as_str()), None, Wanted::Whole),
            (Some("bytes=2-4"), None, None, part),
            (Some("bytes=2-4"), Some(tag.as_str()), None, Wanted::Same),
            (Some("bytes=2-4"), Some(other.as_str()), None, part),
            (Some("bytes=2-4"), None, Some(tag.as_str()), part),
            (Some("bytes=2-4"), None, Some(other.as_str()), Wanted::Whole),
            (Some("bytes=2-4"), None, Some(weak.as_str()), Wanted::Whole),
            (Some("bytes=2-4"), None, Some("Tue, 01 Dec 2026 00:00:00 GMT"), Wanted::Whole),
            (Some("bytes=9-"), None, None, Wanted::Outside),
            (Some("bytes=9-"), None, Some(other.as_str()), Wanted::Whole),
        ] {
            let asked = Asked { range, if_none_match, if_range };
            assert_eq!(wanted(asked, &file, 7), expected, "{asked:?}");
        }
    }
}
