//! A small reader of DER inside certificates, as tolerant as OpenSSL's: lengths need not be minimal, tags are single octets.
//! Indefinite lengths do not occur in certificates that anybody issues and are refused.

use std::borrow::Cow;

/// Bytes that are not the ASN.1 that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Header and content.
    pub(crate) whole: &'a [u8],
    /// Whether the length is in its shortest form, as .NET's own readers want it.
    pub(crate) is_minimal: bool,
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever its tag.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let [tag, first, ..] = *self.rest else { return Err(Malformed) };
        if tag & 0x1F == 0x1F {
            return Err(Malformed);
        }
        let (header, length) = match first {
            0..=0x7F => (2, usize::from(first)),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7F);
                let octets = self.rest.get(2..2 + count).ok_or(Malformed)?;
                (2 + count, octets.iter().fold(0_usize, |n, octet| n << 8 | usize::from(*octet)))
            }
            _ => return Err(Malformed),
        };
        let end = header.checked_add(length).ok_or(Malformed)?;
        let whole = self.rest.get(..end).ok_or(Malformed)?;
        self.rest = &self.rest[end..];
        let is_minimal = header == 2 || length >= 0x80 && self_length(length) == header;
        Ok(Element { tag, content: &whole[header..], whole, is_minimal })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        if self.peek() == Some(tag) { self.any() } else { Err(Malformed) }
    }

    /// The next element, which must have this tag or, as OpenSSL does not ask lists for their constructed bit, its primitive form.
    pub(crate) fn list(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        if self.peek().is_some_and(|found| found | CONSTRUCTED == tag) { self.any() } else { Err(Malformed) }
    }

    /// The next element as .NET's own readers want it: this tag, and a length in its shortest form.
    pub(crate) fn strict(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.expect(tag).and_then(|element| if element.is_minimal { Ok(element) } else { Err(Malformed) })
    }

    /// The next element when it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

impl<'a> Element<'a> {
    /// A reader over the content.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// The only element of `bytes`, which must have this tag.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Result<Element<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.finish()?;
    Ok(element)
}

/// The element that `bytes` start with, which must have this tag.
pub(crate) fn first(bytes: &[u8], tag: u8) -> Result<Element<'_>, Malformed> {
    Reader::new(bytes).expect(tag)
}

/// Length of a header in its shortest form for a content of `length` octets, which are 128 or more.
fn self_length(length: usize) -> usize {
    2 + (usize::BITS - length.leading_zeros()).div_ceil(8) as usize
}

/// The content of a string, its parts joined when it is constructed, as OpenSSL collects them.
pub(crate) fn string<'a>(element: &Element<'a>) -> Result<Cow<'a, [u8]>, Malformed> {
    fn collect(element: &Element<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if element.tag & CONSTRUCTED == 0 {
            out.extend_from_slice(element.content);
            return Ok(());
        }
        if depth == STRING_DEPTH_MAX {
            return Err(Malformed);
        }
        let mut parts = element.inside();
        while !parts.is_empty() {
            collect(&parts.any()?, depth + 1, out)?;
        }
        Ok(())
    }
    if element.tag & CONSTRUCTED == 0 {
        return Ok(Cow::Borrowed(element.content));
    }
    let mut out = Vec::new();
    collect(element, 0, &mut out)?;
    Ok(Cow::Owned(out))
}

/// OpenSSL's limit.
const STRING_DEPTH_MAX: usize = 5;
/// The bit of a tag that says "constructed".
pub(crate) const CONSTRUCTED: u8 = 0x20;

/// Content octets of an INTEGER that OpenSSL takes: not empty, no needless leading octet.
pub(crate) fn integer(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [] => Err(Malformed),
        [0x00, next, ..] if next & 0x80 == 0 => Err(Malformed),
        [0xFF, next, ..] if next & 0x80 != 0 => Err(Malformed),
        _ => Ok(content),
    }
}

/// Content octets of an OBJECT IDENTIFIER that OpenSSL takes: ends with a last octet, no padded part.
pub(crate) fn oid(content: &[u8]) -> Result<&[u8], Malformed> {
    if content.last().is_none_or(|last| last & 0x80 != 0) {
        return Err(Malformed);
    }
    let padded = content.iter().enumerate().any(|(i, octet)| *octet == 0x80 && (i == 0 || content[i - 1] & 0x80 == 0));
    if padded { Err(Malformed) } else { Ok(content) }
}

/// The bits of a BIT STRING with a whole number of octets, or any when `loose`.
pub(crate) fn bit_string(content: &[u8]) -> Result<(&[u8], u8), Malformed> {
    match content {
        [unused @ 0..=7, bits @ ..] if !(bits.is_empty() && *unused > 0) => Ok((bits, *unused)),
        _ => Err(Malformed),
    }
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_no_needless_octets() {
        for (content, good) in
            [(&[][..], false), (&[0], true), (&[0, 1], false), (&[0, 0x80], true), (&[0xFF, 0x80], false), (&[0xFF, 0], true)]
        {
            assert_eq!(integer(content).is_ok(), good, "{content:02x?}");
        }
    }

    #[test]
    fn identifiers_end_and_are_not_padded() {
        for (content, good) in
            [(&[][..], false), (&[0x2A], true), (&[0x2A, 0x86], false), (&[0x2A, 0x80, 1], false), (&[0x2A, 0x86, 0x80, 1], true)]
        {
            assert_eq!(oid(content).is_ok(), good, "{content:02x?}");
        }
    }

    #[test]
    fn lengths_may_be_long_but_not_indefinite_or_past_the_end() {
        assert_eq!(only(&[4, 0x82, 0, 1, 7], 4).map(|e| e.content), Ok(&[7][..]));
        for bytes in [&[4, 0x80, 0, 0][..], &[4, 2, 1], &[0x1F, 1, 1], &[4], &[4, 0x85, 0, 0, 0, 0, 1, 7]] {
            assert!(only(bytes, bytes[0]).is_err(), "{bytes:02x?}");
        }
    }
}
