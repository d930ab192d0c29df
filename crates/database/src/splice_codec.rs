//! The plan of a splice as the rows hold it: small, and without the signature a second time.
//!
//! ```text
//! plan    := 0x01 segment*
//! segment := 0x00 offset len                       a range of the source blob
//!          | 0x01 len octets                       literal bytes
//!          | 0x02 len octets len octets            literal bytes: these, the signature file, and those
//! ```
//!
//! Numbers are LEB128. What is decoded is the splice that was encoded, segment by segment.

use crate::{Error, ErrorKind};
use bytes::Bytes;
use model::{Segment, Splice};

const VERSION: u8 = 1;
const BLOB: u8 = 0;
const LITERAL: u8 = 1;
const AROUND_SIGNATURE: u8 = 2;

/// `splice` as the rows hold it, beside `p7s`.
pub(crate) fn encode(splice: &Splice, p7s: &[u8]) -> Vec<u8> {
    let mut out = vec![VERSION];
    for segment in splice.segments() {
        match segment {
            Segment::Blob { offset, len } => {
                out.push(BLOB);
                put_number(&mut out, *offset);
                put_number(&mut out, *len);
            }
            Segment::Literal(bytes) => match position(bytes, p7s) {
                Some(at) => {
                    out.push(AROUND_SIGNATURE);
                    put_octets(&mut out, &bytes[..at]);
                    put_octets(&mut out, &bytes[at + p7s.len()..]);
                }
                None => {
                    out.push(LITERAL);
                    put_octets(&mut out, bytes);
                }
            },
        }
    }
    out
}

/// Reads what [`encode`] wrote beside the same `p7s`.
pub(crate) fn decode(plan: &[u8], p7s: &[u8]) -> Result<Splice, Error> {
    let mut reader = Reader { rest: plan };
    if reader.octet()? != VERSION {
        return Err(unreadable("its version is not ours"));
    }
    let mut splice = Splice::new();
    while !reader.rest.is_empty() {
        match reader.octet()? {
            BLOB => {
                let (offset, len) = (reader.number()?, reader.number()?);
                let end = offset.checked_add(len).ok_or_else(|| unreadable("a range ends nowhere"))?;
                splice.push_blob(offset..end);
            }
            LITERAL => splice.push_literal(Bytes::copy_from_slice(reader.octets()?)),
            AROUND_SIGNATURE => {
                let (before, after) = (reader.octets()?, reader.octets()?);
                splice.push_literal([before, p7s, after].concat());
            }
            _ => return Err(unreadable("a segment of no known kind")),
        }
    }
    Ok(splice)
}

fn position(bytes: &[u8], p7s: &[u8]) -> Option<usize> {
    let (first, last) = (p7s.first()?, bytes.len().checked_sub(p7s.len())?);
    (0..=last).find(|at| bytes[*at] == *first && bytes[*at..].starts_with(p7s))
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(low_seven(number) | 0x80);
        number >>= 7;
    }
    out.push(low_seven(number));
}

fn low_seven(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    put_number(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn octet(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| unreadable("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            let bits = u64::from(octet & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if octet & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(unreadable("a number over 64 bits"))
    }

    fn octets(&mut self) -> Result<&'a [u8], Error> {
        let len = self.number()?;
        let len = usize::try_from(len).ok().filter(|len| *len <= self.rest.len()).ok_or_else(|| unreadable("it ends too early"))?;
        let (octets, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(octets)
    }
}

fn unreadable(reason: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("reading the plan of a splice: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_signature_is_not_held_twice() {
        let p7s = vec![0x30; 5000];
        let mut splice = Splice::new();
        splice.push_blob(0..1_000_000);
        splice.push_literal([b"PK\x03\x04 header".as_slice(), &p7s, b"more"].concat());
        splice.push_blob(1_000_000..1_000_400);
        splice.push_literal(vec![7; 22]);
        let plan = encode(&splice, &p7s);
        assert!(plan.len() < 80, "{}", plan.len());
        assert_eq!(decode(&plan, &p7s).expect("readable"), splice);
    }

    #[test]
    fn what_was_cut_short_or_made_up_is_an_error() {
        let mut splice = Splice::new();
        splice.push_blob(5..u64::MAX);
        splice.push_literal(vec![1, 2, 3]);
        let plan = encode(&splice, b"p7s");
        // Cut between two segments it is a shorter plan; everywhere else it is none.
        let boundaries = [1, 13];
        for len in 0..plan.len() {
            assert_eq!(decode(&plan[..len], b"p7s").is_ok(), boundaries.contains(&len), "{len}");
        }
        for made_up in [&[2][..], &[1, 9], &[1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], &[1, 1, 200, 1, 0]] {
            assert_eq!(decode(made_up, b"p7s").map_err(|e| e.kind()), Err(ErrorKind::Internal), "{made_up:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_gives_what_was_encoded(
            parts in proptest::collection::vec(prop_oneof![
                (0_u64..u64::MAX / 2, 1_u64..u64::MAX / 2).prop_map(|(offset, len)| Segment::Blob { offset, len }),
                proptest::collection::vec(0_u8..4, 1..40).prop_map(|b| Segment::Literal(b.into())),
            ], 0..8),
            p7s in proptest::collection::vec(0_u8..4, 0..4),
        ) {
            // Lengths that add up: a file over 2^64 bytes is none.
            let total: u128 = parts.iter().map(|s: &Segment| u128::from(s.len())).sum();
            prop_assume!(u64::try_from(total).is_ok());
            let splice: Splice = parts.into_iter().collect();
            prop_assert_eq!(decode(&encode(&splice, &p7s), &p7s).expect("readable"), splice);
        }
    }
}
