//! Primitive values as .NET's BER reader takes them.

use crate::reader::{Element, Error};
use crate::spec::tag;

/// The content octets of an OBJECT IDENTIFIER that is one.
pub(crate) fn oid<'a>(element: Element<'a>) -> Result<&'a [u8], Error> {
    let content = element.expect(tag::OID)?.content();
    if content.last().is_none_or(|last| last & 0x80 != 0) {
        return Err(Error::Length(element.start));
    }
    let mut fresh = true;
    for octet in content {
        if fresh && *octet == 0x80 {
            return Err(Error::Length(element.start));
        }
        fresh = octet & 0x80 == 0;
    }
    Ok(content)
}

/// The content octets of an INTEGER without needless ones.
pub(crate) fn integer<'a>(element: Element<'a>) -> Result<&'a [u8], Error> {
    integer_content(element.expect(tag::INTEGER)?)
}

/// The same whatever the tag.
pub(crate) fn integer_content<'a>(element: Element<'a>) -> Result<&'a [u8], Error> {
    match element.content() {
        [] | [0, 0..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(Error::Length(element.start)),
        content => Ok(content),
    }
}

/// The value of content octets that fit 32 bits.
pub(crate) fn int32(content: &[u8]) -> Option<i32> {
    if content.is_empty() || content.len() > 4 {
        return None;
    }
    let sign = if content.first().is_some_and(|first| first & 0x80 != 0) { 0xFF } else { 0 };
    let mut octets = [sign; 4];
    octets.get_mut(4 - content.len()..)?.copy_from_slice(content);
    Some(i32::from_be_bytes(octets))
}

/// That an INTEGER field fits 32 bits, which .NET wants of versions.
pub(crate) fn version(element: Element<'_>) -> Result<i32, Error> {
    int32(integer(element)?).ok_or(Error::Length(element.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_minimal_and_versions_small() {
        for (der, value) in [(&[2, 1, 3][..], 3), (&[2, 1, 0xFF], -1), (&[2, 2, 0, 0x80], 128), (&[2, 4, 0x80, 0, 0, 0], i32::MIN)] {
            assert_eq!(version(Element::only(der).unwrap()), Ok(value));
        }
        for der in [&[2, 0][..], &[2, 2, 0, 1], &[2, 2, 0xFF, 0x80], &[2, 5, 1, 0, 0, 0, 0]] {
            assert_eq!(version(Element::only(der).unwrap()), Err(Error::Length(0)), "{der:02x?}");
        }
    }

    #[test]
    fn identifiers_have_no_padding_and_an_end() {
        assert_eq!(oid(Element::only(&[6, 2, 0x2A, 3]).unwrap()), Ok(&[0x2A, 3][..]));
        for der in [&[6, 0][..], &[6, 1, 0x80], &[6, 3, 0x2A, 0x80, 1], &[6, 2, 0x2A, 0x81]] {
            assert_eq!(oid(Element::only(der).unwrap()), Err(Error::Length(0)), "{der:02x?}");
        }
    }
}
