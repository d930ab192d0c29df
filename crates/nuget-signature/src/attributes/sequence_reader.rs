//! NuGet's own small DER reader (`DerSequenceReader`), with its tolerances (spec 4.12): tags of the context-specific, application
//! and private classes are hardly compared, the constructed bit never; lengths may be longer than needed, not indefinite.

use crate::error::Error;
use crate::spec::tag;

/// A position in a run of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct SequenceReader<'a> {
    data: &'a [u8],
}

const INVALID: Error = Error::Structure("an attribute is not readable");
const NUMBER: u8 = 0x1F;

impl<'a> SequenceReader<'a> {
    /// Reads the values of `payload`.
    pub(super) fn payload(payload: &'a [u8]) -> Self {
        Self { data: payload }
    }

    /// Reads the values inside the SEQUENCE that `data` begins with; what follows it is ignored.
    pub(super) fn sequence(data: &'a [u8]) -> Result<Self, Error> {
        Self::payload(data).read_sequence()
    }

    pub(super) fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    /// Whether the next octet is exactly `tag`.
    pub(super) fn has_tag(&self, tag: u8) -> bool {
        self.data.first() == Some(&tag)
    }

    pub(super) fn peek_tag(&self) -> Result<u8, Error> {
        match self.data.first() {
            Some(tag) if tag & NUMBER != NUMBER => Ok(*tag),
            _ => Err(INVALID),
        }
    }

    /// The content of the next value, whatever its tag.
    fn content(&mut self) -> Result<&'a [u8], Error> {
        let length = *self.data.get(1).ok_or(INVALID)?;
        let (header, length) = match length {
            0..=0x7F => (2, usize::from(length)),
            0x81..=0x84 => {
                let header = 2 + usize::from(length & 0x7F);
                let octets = self.data.get(2..header).ok_or(INVALID)?;
                (header, octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet)))
            }
            _ => return Err(INVALID),
        };
        let end = header.checked_add(length).ok_or(INVALID)?;
        let content = self.data.get(header..end).ok_or(INVALID)?;
        self.data = self.data.get(end..).unwrap_or_default();
        Ok(content)
    }

    /// The content of the next value, whose tag must pass for `expected`.
    pub(super) fn read(&mut self, expected: u8) -> Result<&'a [u8], Error> {
        let tag = self.peek_tag()?;
        if tag & 0x80 == 0 && tag & NUMBER != expected & NUMBER {
            return Err(INVALID);
        }
        self.content()
    }

    pub(super) fn read_sequence(&mut self) -> Result<Self, Error> {
        Ok(Self { data: self.read(tag::SEQUENCE)? })
    }

    pub(super) fn read_null(&mut self) -> Result<(), Error> {
        if self.read(tag::NULL)?.is_empty() { Ok(()) } else { Err(INVALID) }
    }

    /// The next value, header included.
    pub(super) fn read_encoded(&mut self) -> Result<&'a [u8], Error> {
        self.peek_tag()?;
        let before = self.data;
        self.content()?;
        Ok(before.get(..before.len() - self.data.len()).unwrap_or_default())
    }

    /// The dotted text of an OBJECT IDENTIFIER; arcs beyond 120 bits, which nothing is compared with, become a question mark.
    pub(super) fn read_oid(&mut self) -> Result<String, Error> {
        let (first, rest) = self.read(tag::OID)?.split_first().ok_or(INVALID)?;
        let mut text = format!("{}.{}", first / 40, first % 40);
        let (mut arc, mut open) = (Some(0_u128), false);
        for octet in rest {
            if !open {
                text.push('.');
                open = true;
            }
            arc = arc.filter(|arc| arc >> 113 == 0).map(|arc| arc << 7 | u128::from(octet & 0x7F));
            if octet & 0x80 == 0 {
                text.push_str(&arc.map_or_else(|| "?".to_owned(), |arc| arc.to_string()));
                (arc, open) = (Some(0), false);
            }
        }
        Ok(text)
    }

    /// A UTF8String: what is no UTF-8 is replaced, trailing NULs are dropped.
    pub(super) fn read_utf8(&mut self) -> Result<String, Error> {
        let content = self.read(tag::UTF8_STRING)?;
        Ok(String::from_utf8_lossy(content).trim_end_matches('\0').to_owned())
    }

    /// An IA5String: octets above 0x7F become question marks, trailing NULs are dropped.
    pub(super) fn read_ia5(&mut self) -> Result<String, Error> {
        let content = self.read(tag::IA5_STRING)?;
        let text: String = content.iter().map(|octet| if octet.is_ascii() { char::from(*octet) } else { '?' }).collect();
        Ok(text.trim_end_matches('\0').to_owned())
    }

    /// Passes over a value that must be DER as far as tags go, all the way down.
    pub(super) fn skip_validated(&mut self) -> Result<(), Error> {
        /// NuGet walks some values again and again, which must not cost us more than this.
        const MOST_STEPS: usize = 10_000;
        self.skip_within(&mut MOST_STEPS.clone(), 0)
    }

    fn skip_within(&mut self, steps: &mut usize, depth: usize) -> Result<(), Error> {
        const DEEPEST: usize = 64;
        *steps = steps.checked_sub(1).filter(|_| depth < DEEPEST).ok_or(INVALID)?;
        let tag = self.peek_tag()?;
        let constructed = tag & 0x20 != 0;
        if tag & 0xC0 == 0 {
            let must_be = matches!(tag & NUMBER, 0x08 | 0x0B | 0x10 | 0x11 | 0x1D);
            if tag == 0 || tag == 15 || must_be != constructed {
                return Err(INVALID);
            }
        }
        let before = self.data;
        let content = self.content()?;
        if constructed && !content.is_empty() {
            // NuGet looks from here to the end of what encloses it.
            let header = before.len() - self.data.len() - content.len();
            let mut inner = Self::payload(before.get(header..).unwrap_or_default());
            while inner.has_data() {
                inner.skip_within(steps, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_texts() {
        for (oid, text) in [
            (&[6, 3, 0x2A, 0x86, 0x48][..], "1.2.840"),
            // Padded arcs read the same, an unfinished one leaves its dot.
            (&[6, 4, 0x2A, 0x80, 0x86, 0x48], "1.2.840"),
            (&[6, 3, 0x2A, 3, 0x81], "1.2.3."),
            (&[6, 1, 0xFF], "6.15"),
            // Any context-specific tag will do.
            (&[0x83, 2, 0x2A, 3], "1.2.3"),
        ] {
            assert_eq!(SequenceReader::payload(oid).read_oid().as_deref(), Ok(text));
        }
        assert_eq!(SequenceReader::payload(&[6, 0]).read_oid(), Err(INVALID));
        assert_eq!(SequenceReader::payload(&[2, 1, 1]).read_oid(), Err(INVALID));
    }

    #[test]
    fn lengths_may_be_long_but_not_indefinite() {
        for (data, content) in [
            (&[4, 0x81, 1, 7][..], Ok(&[7][..])),
            (&[4, 0x84, 0, 0, 0, 1, 7], Ok(&[7])),
            (&[0x24, 0x80, 0, 0], Err(INVALID)),
            (&[4, 2, 7], Err(INVALID)),
        ] {
            assert_eq!(SequenceReader::payload(data).read(tag::OCTET_STRING), content);
        }
    }
}
