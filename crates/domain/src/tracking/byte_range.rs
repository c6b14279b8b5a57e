//! Which bytes of a file a client asks for (RFC 9110, section 14): one range, in bytes.

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// All of it: no header, one that is not understood, or several ranges at once.
    Whole,
    /// So many bytes from a first one.
    Part {
        /// The first byte.
        first: u64,
        /// Their number, at least one.
        length: u64,
    },
    /// Nothing that the file has.
    Outside,
}

impl ByteRange {
    /// Reads a header for a file of `size` bytes.
    pub fn parse(header: Option<&str>, size: u64) -> Self {
        let Some(asked) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        let Some((first, last)) = asked.split_once('-').filter(|_| !asked.contains(',')) else {
            return Self::Whole;
        };
        let (first, last) = (first.trim(), last.trim());
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(first) || !digits(last) || (first.is_empty() && last.is_empty()) {
            return Self::Whole;
        }
        // More digits than fit: beyond any file.
        let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
        let (first, end) = if first.is_empty() {
            (size.saturating_sub(number(last)), size)
        } else {
            let end = if last.is_empty() { size } else { number(last).saturating_add(1).min(size) };
            if !last.is_empty() && number(last) < number(first) {
                return Self::Whole;
            }
            (number(first), end)
        };
        if first >= end { Self::Outside } else { Self::Part { first, length: end - first } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_the_standard_says() {
        let part = |first, length| ByteRange::Part { first, length };
        for (header, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-5", part(2, 4)),
            ("bytes=2-", part(2, 8)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=5-99999999999999999999999", part(5, 5)),
            ("bytes=10-", ByteRange::Outside),
            ("bytes=99999999999999999999999-", ByteRange::Outside),
            ("bytes=-0", ByteRange::Outside),
            ("bytes=5-2", ByteRange::Whole),
            ("bytes=a-b", ByteRange::Whole),
            ("bytes=0-1,3-4", ByteRange::Whole),
            ("bytes=-", ByteRange::Whole),
            ("lines=1-2", ByteRange::Whole),
        ] {
            assert_eq!(ByteRange::parse(Some(header), 10), expected, "{header}");
        }
        assert_eq!(ByteRange::parse(None, 10), ByteRange::Whole);
        assert_eq!(ByteRange::parse(Some("bytes=0-"), 0), ByteRange::Outside);
    }
}
