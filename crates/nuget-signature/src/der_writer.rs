//! Writing DER: just what the structures of a signature need. Tags and identifiers come from [`crate::spec`].

use crate::spec::tag;
use time::{OffsetDateTime, UtcOffset};

/// An element with `content` as it is given.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    out.extend(length(content.len()));
    out.extend_from_slice(content);
    out
}

/// A constructed element around `parts`, each of them a whole element.
#[must_use]
pub fn constructed<P: AsRef<[u8]>>(tag: u8, parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let content = parts.into_iter().fold(Vec::new(), |mut all, part| {
        all.extend_from_slice(part.as_ref());
        all
    });
    element(tag, &content)
}

/// A SEQUENCE of whole elements.
#[must_use]
pub fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    constructed(tag::SEQUENCE, parts)
}

/// A SET OF under `tag`: its elements in ascending order of their encodings, as DER wants them.
#[must_use]
pub fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    constructed(tag, elements)
}

/// An OBJECT IDENTIFIER from its content octets.
#[must_use]
pub fn oid(octets: &[u8]) -> Vec<u8> {
    element(tag::OID, octets)
}

/// A non-negative INTEGER from its magnitude, most significant octet first: leading zeros go, a sign octet comes where needed.
#[must_use]
pub fn unsigned_integer(magnitude: &[u8]) -> Vec<u8> {
    element(tag::INTEGER, &unsigned_integer_octets(magnitude))
}

/// The content octets of [`unsigned_integer`].
#[must_use]
pub fn unsigned_integer_octets(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude.iter().position(|octet| *octet != 0).unwrap_or(magnitude.len());
    let significant = magnitude.get(start..).unwrap_or_default();
    let mut octets = Vec::with_capacity(significant.len() + 1);
    if significant.first().is_none_or(|first| first & 0x80 != 0) {
        octets.push(0);
    }
    octets.extend_from_slice(significant);
    octets
}

/// An OCTET STRING.
#[must_use]
pub fn octet_string(octets: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, octets)
}

/// A NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    element(tag::NULL, &[])
}

/// A Time (RFC 5652 §11.3): UTCTime from 1950 to 2049, else GeneralizedTime; whole seconds, UTC.
#[must_use]
pub fn time(at: OffsetDateTime) -> Vec<u8> {
    let at = at.to_offset(UtcOffset::UTC);
    let rest = format!("{:02}{:02}{:02}{:02}{:02}Z", u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second());
    match at.year() {
        year @ 1950..=2049 => element(tag::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes()),
        year => element(tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes()),
    }
}

/// The length octets for a content of `length` octets, as short as can be.
#[must_use]
pub fn length(length: usize) -> Vec<u8> {
    let octets = length_magnitude(length);
    match u8::try_from(length) {
        Ok(short @ 0..=0x7F) => vec![short],
        _ => long_length(&octets),
    }
}

/// The long form around the octets of a length.
pub(crate) fn long_length(octets: &[u8]) -> Vec<u8> {
    // A usize has at most eight octets, and the editor asks for four at most.
    let mut out = vec![0x80 | u8::try_from(octets.len()).unwrap_or(0x7F)];
    out.extend_from_slice(octets);
    out
}

/// The octets of a length without leading zeros.
pub(crate) fn length_magnitude(length: usize) -> Vec<u8> {
    length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn lengths_are_minimal() {
        for (content, header) in
            [(0, &[4, 0][..]), (127, &[4, 127]), (128, &[4, 0x81, 128]), (255, &[4, 0x81, 255]), (256, &[4, 0x82, 1, 0])]
        {
            assert!(octet_string(&vec![9; content]).starts_with(header), "{content}");
        }
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        for (magnitude, octets) in [
            (&[][..], &[0][..]),
            (&[0, 0], &[0]),
            (&[0, 1], &[1]),
            (&[0x7F], &[0x7F]),
            (&[0x80], &[0, 0x80]),
            (&[0, 0xFF, 1], &[0, 0xFF, 1]),
        ] {
            assert_eq!(unsigned_integer_octets(magnitude), octets, "{magnitude:02x?}");
        }
    }

    #[test]
    fn a_set_is_sorted_by_encoding() {
        assert_eq!(set_of(0x31, vec![vec![4, 1, 9], vec![2, 1, 7], vec![4, 1, 3]]), [0x31, 9, 2, 1, 7, 4, 1, 3, 4, 1, 9]);
    }

    #[test]
    fn times_are_utc_time_until_2049() {
        for (at, bytes) in [
            (datetime!(2026-11-24 13:05:09.75 +02:00), &b"\x17\x0d261124110509Z"[..]),
            (datetime!(1950-01-01 00:00:00 UTC), b"\x17\x0d500101000000Z"),
            (datetime!(2049-12-31 23:59:59 UTC), b"\x17\x0d491231235959Z"),
            (datetime!(2050-01-01 00:00:00 UTC), b"\x18\x0f20500101000000Z"),
            (datetime!(1949-12-31 23:59:59 UTC), b"\x18\x0f19491231235959Z"),
        ] {
            assert_eq!(time(at), bytes, "{at}");
        }
    }
}
