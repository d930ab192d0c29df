//! The Range header (RFC 9110 §14): one range of bytes, or the whole.
//!
//! Several ranges would need a multipart answer that no package client asks for; a server may answer such a request with
//! the whole, and we do. What is not a byte range is ignored in the same way.

use std::ops::Range;

/// What a Range header asks of a representation of a known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it: 200.
    Whole,
    /// These bytes: 206. Never empty, never past the end.
    Part(Range<u64>),
    /// Nothing that is there: 416.
    Nothing,
}

/// Reads a Range header for a representation of `size` bytes.
pub(crate) fn parse(header: &str, size: u64) -> Wanted {
    let Some((unit, set)) = header.split_once('=') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let mut members = set.split(',').map(str::trim).filter(|m| !m.is_empty());
    let (Some(member), None) = (members.next(), members.next()) else { return Wanted::Whole };
    let Some((first, last)) = member.split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Some(Position::Absent), Some(Position::At(suffix))) => match suffix.min(size) {
            0 => Wanted::Nothing,
            length => Wanted::Part(size - length..size),
        },
        (Some(Position::At(first)), Some(last)) => {
            let last = match last {
                Position::Absent => u64::MAX,
                Position::At(last) if last < first => return Wanted::Whole,
                Position::At(last) => last,
            };
            if first >= size { Wanted::Nothing } else { Wanted::Part(first..last.saturating_add(1).min(size)) }
        }
        _ => Wanted::Whole,
    }
}

#[derive(Debug, Clone, Copy)]
enum Position {
    Absent,
    At(u64),
}

/// Digits, or nothing; a number that does not fit is past every end all the same.
fn number(text: &str) -> Option<Position> {
    if text.is_empty() {
        return Some(Position::Absent);
    }
    text.bytes().all(|b| b.is_ascii_digit()).then(|| Position::At(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_a_hundred_bytes() {
        let cases = [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("BYTES = 0-9", Wanted::Part(0..10)),
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=99-99", Wanted::Part(99..100)),
            ("bytes=90-5000", Wanted::Part(90..100)),
            ("bytes=5-99999999999999999999999", Wanted::Part(5..100)),
            ("bytes=-1", Wanted::Part(99..100)),
            ("bytes=-100", Wanted::Part(0..100)),
            ("bytes=-101", Wanted::Part(0..100)),
            ("bytes=,3-4,", Wanted::Part(3..5)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
        ];
        for (header, wanted) in cases {
            assert_eq!(parse(header, 100), wanted, "{header}");
        }
    }

    #[test]
    fn several_ranges_and_nonsense_mean_the_whole() {
        for header in [
            "bytes=0-1,4-5",
            "bytes=5-4",
            "bytes=",
            "bytes",
            "bytes=-",
            "bytes=a-b",
            "bytes=1",
            "items=0-1",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1-2-3",
        ] {
            assert_eq!(parse(header, 100), Wanted::Whole, "{header}");
        }
    }

    #[test]
    fn nothing_of_an_empty_file_can_be_had() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(parse(header, 0), Wanted::Nothing, "{header}");
        }
    }
}
