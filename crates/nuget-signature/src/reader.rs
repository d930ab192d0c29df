//! A bounded BER/DER reader over the original bytes: it never decodes and re-encodes, so that what it hands out is what
//! somebody signed.
//!
//! It takes what .NET's BER reader takes: definite lengths (also non-minimal ones) and indefinite ones, tags of several octets.
//! Depth and number of elements are limited ([`Limits`]).

use std::ops::Range;

/// What one reading may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting.
    pub depth: usize,
    /// Most elements looked at in one reading of [`Element::children`].
    pub elements: usize,
}

impl Limits {
    /// Far beyond anything that signs packages.
    pub const DEFAULT: Self = Self { depth: 32, elements: 20_000 };
}

/// Why bytes are not BER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end inside an element.
    #[error("the data ends inside an element at offset {0}")]
    Truncated(usize),
    /// A tag of several octets that is not encoded as it must be.
    #[error("a tag that is not allowed at offset {0}")]
    LongTag(usize),
    /// A length over the file's, the reserved one, or an indefinite one where it is not allowed.
    #[error("a length that is not allowed at offset {0}")]
    Length(usize),
    /// Another tag than expected.
    #[error("tag {found:#04x} where {expected:#04x} was expected, at offset {offset}")]
    Tag {
        /// Where.
        offset: usize,
        /// What was expected.
        expected: u8,
        /// What stands there.
        found: u8,
    },
    /// Nesting deeper than the limit.
    #[error("nested deeper than {0}")]
    Depth(usize),
    /// More elements than the limit.
    #[error("more than {0} elements")]
    Elements(usize),
}

/// One element: a tag, and where its header and content lie in the file it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    file: &'a [u8],
    /// The first identifier octet; in a tag of several octets its low five bits are all set, so that it equals no other.
    pub tag: u8,
    /// Offset of the first identifier octet in the file.
    pub start: usize,
    /// Offset of the first content octet.
    pub content_start: usize,
    /// Offset after the last content octet.
    pub content_end: usize,
    /// Offset after the element (past the end-of-contents octets of an indefinite length).
    pub end: usize,
    /// Whether its length is indefinite.
    pub indefinite: bool,
    depth: usize,
}

impl<'a> Element<'a> {
    /// Reads the element at the start of `file`; bytes behind it are not looked at.
    pub fn first(file: &'a [u8]) -> Result<Self, Error> {
        Self::at(file, 0, file.len(), 0)
    }

    /// Reads the only element of `file`: bytes behind it are [`Error::Length`].
    pub fn only(file: &'a [u8]) -> Result<Self, Error> {
        let element = Self::first(file)?;
        if element.end == file.len() { Ok(element) } else { Err(Error::Length(element.end)) }
    }

    /// Reads the element that lies at `range` of `file`.
    pub fn within(file: &'a [u8], range: Range<usize>) -> Result<Self, Error> {
        let element = Self::at(file, range.start, range.end.min(file.len()), 0)?;
        if element.end == range.end { Ok(element) } else { Err(Error::Length(element.end)) }
    }

    fn at(file: &'a [u8], start: usize, limit: usize, depth: usize) -> Result<Self, Error> {
        if depth > Limits::DEFAULT.depth {
            return Err(Error::Depth(Limits::DEFAULT.depth));
        }
        let octet =
            |at: usize| if at < limit { file.get(at).copied().ok_or(Error::Truncated(start)) } else { Err(Error::Truncated(start)) };
        let tag = octet(start)?;
        let after_tag = if tag & 0x1F == 0x1F { Self::long_tag_end(file, start, limit)? } else { start + 1 };
        let first = octet(after_tag)?;
        let (content_start, length) = match first {
            0x80 => {
                if tag & CONSTRUCTED == 0 {
                    return Err(Error::Length(start));
                }
                return Self::indefinite(file, tag, (start, after_tag + 1), limit, depth);
            }
            0xFF => return Err(Error::Length(start)),
            0..=0x7F => (after_tag + 1, usize::from(first)),
            _ => {
                let count = usize::from(first & 0x7F);
                let mut length = 0_usize;
                for i in 0..count {
                    length = length.checked_mul(256).ok_or(Error::Length(start))?.saturating_add(usize::from(octet(after_tag + 1 + i)?));
                    if length > MOST_CONTENT {
                        return Err(Error::Length(start));
                    }
                }
                (after_tag + 1 + count, length)
            }
        };
        let end = content_start.checked_add(length).filter(|end| *end <= limit).ok_or(Error::Truncated(start))?;
        Ok(Self { file, tag, start, content_start, content_end: end, end, indefinite: false, depth })
    }

    /// Where the identifier octets end: X.690 8.1.2.4, for numbers above 30 only and below 2^31.
    fn long_tag_end(file: &[u8], start: usize, limit: usize) -> Result<usize, Error> {
        let mut number = 0_u32;
        for at in start + 1..limit {
            let octet = *file.get(at).ok_or(Error::Truncated(start))?;
            if number >= 1 << 25 {
                return Err(Error::LongTag(start));
            }
            number = number << 7 | u32::from(octet & 0x7F);
            if number == 0 {
                return Err(Error::LongTag(start));
            }
            if octet & 0x80 == 0 {
                return if number > 30 && number < 1 << 31 { Ok(at + 1) } else { Err(Error::LongTag(start)) };
            }
        }
        Err(Error::Truncated(start))
    }

    fn indefinite(file: &'a [u8], tag: u8, (start, content_start): (usize, usize), limit: usize, depth: usize) -> Result<Self, Error> {
        let mut at = content_start;
        for _ in 0..Limits::DEFAULT.elements {
            if at + 2 <= limit && file.get(at..at + 2) == Some(&[0, 0]) {
                return Ok(Self { file, tag, start, content_start, content_end: at, end: at + 2, indefinite: true, depth });
            }
            at = Self::at(file, at, limit, depth + 1)?.end;
        }
        Err(Error::Elements(Limits::DEFAULT.elements))
    }

    /// The content octets as they stand.
    pub fn content(&self) -> &'a [u8] {
        self.file.get(self.content_start..self.content_end).unwrap_or_default()
    }

    /// The whole element as it stands, header included.
    pub fn bytes(&self) -> &'a [u8] {
        self.file.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the whole element lies in the file.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether it is constructed.
    pub fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// This element, when its tag is `tag`.
    pub fn expect(self, tag: u8) -> Result<Self, Error> {
        if self.tag == tag { Ok(self) } else { Err(Error::Tag { offset: self.start, expected: tag, found: self.tag }) }
    }

    /// The elements inside a constructed one, in order.
    pub fn children(&self) -> Result<Vec<Element<'a>>, Error> {
        let (mut at, mut out) = (self.content_start, Vec::new());
        while at < self.content_end {
            if out.len() == Limits::DEFAULT.elements {
                return Err(Error::Elements(Limits::DEFAULT.elements));
            }
            let child = Self::at(self.file, at, self.content_end, self.depth + 1)?;
            at = child.end;
            out.push(child);
        }
        Ok(out)
    }

    /// The octets of an OCTET STRING (or of one with another tag): its content, or the parts of a constructed (BER) one
    /// joined.
    pub fn octets(&self) -> Result<Vec<u8>, Error> {
        if !self.is_constructed() {
            return Ok(self.content().to_vec());
        }
        let mut out = Vec::new();
        for child in self.children()? {
            if child.tag & !CONSTRUCTED != OCTET_STRING {
                return Err(Error::Tag { offset: child.start, expected: OCTET_STRING, found: child.tag });
            }
            out.extend(child.octets()?);
        }
        Ok(out)
    }

    /// Whether its own header is DER: a definite length in the fewest octets. The content is not looked at.
    pub fn has_der_header(&self) -> bool {
        let length = self.content_end.saturating_sub(self.content_start);
        let octets = if length < 0x80 { 1 } else { 1 + (usize::BITS - length.leading_zeros()).div_ceil(8) as usize };
        let tag_octets = if self.tag & 0x1F == 0x1F {
            1 + self.file.get(self.start + 1..self.content_start).unwrap_or_default().iter().take_while(|octet| **octet & 0x80 != 0).count()
                + 1
        } else {
            1
        };
        !self.indefinite && self.content_start.saturating_sub(self.start) == tag_octets + octets
    }
}

/// The elements inside a constructed one, taken one after the other as the structure names them.
#[derive(Debug)]
pub struct Fields<'a> {
    left: std::vec::IntoIter<Element<'a>>,
    end: usize,
}

impl<'a> Fields<'a> {
    /// The fields of `element`.
    pub fn of(element: &Element<'a>) -> Result<Self, Error> {
        Ok(Self { left: element.children()?.into_iter(), end: element.content_end })
    }

    /// The next field, of any tag.
    pub fn any(&mut self) -> Result<Element<'a>, Error> {
        self.left.next().ok_or(Error::Truncated(self.end))
    }

    /// The next field, which has the tag `tag`.
    pub fn take(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        self.any()?.expect(tag)
    }

    /// The next field when it has the tag `tag`.
    pub fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.peek() == Some(tag) { self.left.next() } else { None }
    }

    /// The tag of the next field.
    pub fn peek(&self) -> Option<u8> {
        self.left.as_slice().first().map(|element| element.tag)
    }

    /// That nothing is left.
    pub fn finish(self) -> Result<(), Error> {
        match self.left.as_slice().first() {
            None => Ok(()),
            Some(element) => Err(Error::Length(element.start)),
        }
    }
}

/// The bit of the identifier octet that says "constructed".
pub const CONSTRUCTED: u8 = 0x20;

const OCTET_STRING: u8 = 0x04;
/// .NET counts in signed 32-bit numbers.
const MOST_CONTENT: usize = 0x7FFF_FFFF;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_definite_lengths_short_long_and_not_minimal() {
        for bytes in [&[0x04, 1, 7][..], &[0x04, 0x81, 1, 7], &[0x04, 0x84, 0, 0, 0, 1, 7], &[0x04, 0x86, 0, 0, 0, 0, 0, 1, 7]] {
            let element = Element::only(bytes).unwrap();
            assert_eq!((element.tag, element.content()), (4, &[7][..]));
            assert_eq!(element.has_der_header(), bytes.len() == 3);
        }
    }

    #[test]
    fn reads_tags_of_several_octets() {
        for (bytes, der) in [(&[0xBF, 0x1F, 1, 7][..], true), (&[0x1F, 0x81, 0x00, 1, 7], true), (&[0x1F, 0x81, 0x00, 0x81, 1, 7], false)] {
            let element = Element::only(bytes).unwrap();
            assert_eq!((element.tag, element.content(), element.has_der_header()), (bytes[0], &[7][..], der), "{bytes:02x?}");
        }
    }

    #[test]
    fn joins_octet_strings_only() {
        let element = Element::only(&[0x24, 3, 5, 1, 1]).unwrap();
        assert_eq!(element.octets().unwrap_err(), Error::Tag { offset: 2, expected: 4, found: 5 });
    }

    #[test]
    fn reads_indefinite_lengths_and_joins_octet_strings() {
        let element = Element::only(&[0x24, 0x80, 4, 2, 1, 2, 4, 1, 3, 0, 0]).unwrap();
        assert!(element.indefinite);
        assert_eq!(element.octets().unwrap(), [1, 2, 3]);
        assert_eq!(element.children().unwrap().len(), 2);
    }

    #[test]
    fn refuses_what_is_cut_short_long_tagged_or_too_long() {
        for (bytes, error) in [
            (&[][..], Error::Truncated(0)),
            (&[0x30], Error::Truncated(0)),
            (&[0x30, 5, 1], Error::Truncated(0)),
            (&[0x30, 0x80, 4, 1, 1], Error::Truncated(5)),
            (&[0x04, 0x80, 0, 0], Error::Length(0)),
            (&[0x1F, 1, 1], Error::LongTag(0)),
            (&[0x1F, 0x80, 0x1F, 1], Error::LongTag(0)),
            (&[0x1F, 0x90, 0x80, 0x80, 0x80, 0x00, 0], Error::LongTag(0)),
            (&[0x04, 0x85, 1, 0, 0, 0, 1, 7], Error::Length(0)),
            (&[0x04, 0x84, 0x80, 0, 0, 0, 7], Error::Length(0)),
            (&[0x04, 0xFF, 0], Error::Length(0)),
        ] {
            assert_eq!(Element::only(bytes).unwrap_err(), error, "{bytes:02x?}");
        }
        assert_eq!(Element::only(&[4, 0, 0]).unwrap_err(), Error::Length(2));
    }

    #[test]
    fn nesting_is_limited() {
        let mut bytes = Vec::new();
        for _ in 0..100 {
            bytes.extend([0x30, 0x80]);
        }
        assert_eq!(Element::first(&bytes).unwrap_err(), Error::Depth(Limits::DEFAULT.depth));
    }
}
