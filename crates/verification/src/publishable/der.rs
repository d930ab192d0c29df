//! DER, written: just enough to put down what a signature of ours must be.

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// An element with its header.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let significant = &octets[octets.iter().position(|o| *o != 0).unwrap_or(octets.len())..];
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0x7F));
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of parts.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// Parts under a tag, sorted as DER sorts a SET OF.
pub(super) fn set_of(tag: u8, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    tlv(tag, &parts.concat())
}

/// An OBJECT IDENTIFIER.
pub(super) fn oid(octets: &[u8]) -> Vec<u8> {
    tlv(0x06, octets)
}

/// A non-negative INTEGER from big-endian octets.
pub(super) fn integer(octets: &[u8]) -> Vec<u8> {
    let significant = &octets[octets.iter().position(|o| *o != 0).unwrap_or(octets.len())..];
    match significant {
        [] => tlv(0x02, &[0]),
        [first, ..] if first & 0x80 != 0 => tlv(0x02, &[&[0], significant].concat()),
        _ => tlv(0x02, significant),
    }
}

/// An OCTET STRING.
pub(super) fn octet_string(octets: &[u8]) -> Vec<u8> {
    tlv(0x04, octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_integers_are_minimal() {
        assert_eq!(tlv(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(tlv(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[7; 256])[..4], [4, 0x82, 1, 0]);
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(set_of(SET, vec![vec![2, 1, 9], vec![2, 1, 1]]), [SET, 6, 2, 1, 1, 2, 1, 9]);
    }
}
