//! As much of an X.509 certificate as reading a signature needs, and what .NET (on Linux: OpenSSL) refuses to take for one.
//!
//! Trust, validity and usage are judged elsewhere.

use crate::error::Error;
use crate::primitive;
use crate::reader::{CONSTRUCTED, Element, Fields};
use crate::spec::{self, tag};
use sha1::Digest as _;
use std::borrow::Cow;

/// The parts of a certificate.
#[derive(Debug, Clone)]
pub struct CertificateParts<'a> {
    /// Content octets of the serial number.
    pub serial: &'a [u8],
    /// The issuer's Name, whole element.
    pub issuer: &'a [u8],
    /// The subject's Name, whole element.
    pub subject: &'a [u8],
    /// The SubjectPublicKeyInfo, whole element.
    pub public_key_info: &'a [u8],
    key_identifier: Option<Cow<'a, [u8]>>,
}

const NOT_ONE: Error = Error::Structure("a certificate cannot be read");

impl<'a> CertificateParts<'a> {
    /// Reads the certificate that is all of `der`.
    ///
    /// ```text
    /// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
    /// TBSCertificate ::= SEQUENCE { version [0] INTEGER OPTIONAL, serialNumber INTEGER, signature AlgorithmIdentifier,
    ///     issuer Name, validity SEQUENCE { Time, Time }, subject Name, subjectPublicKeyInfo,
    ///     issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL, extensions [3] OPTIONAL }
    /// ```
    pub fn read(der: &'a [u8]) -> Result<Self, Error> {
        let mut outer = Fields::of(&Element::only(der)?.expect(tag::SEQUENCE)?)?;
        let mut fields = Fields::of(&outer.take(tag::SEQUENCE)?)?;
        algorithm(&outer.take(tag::SEQUENCE)?)?;
        bit_string(&outer.any()?)?;
        outer.finish()?;

        if let Some(version) = fields.optional(tag::constructed(0)) {
            let mut version = Fields::of(&version)?;
            primitive::integer(version.any()?)?;
            version.finish()?;
        }
        let serial = primitive::integer(fields.any()?)?;
        algorithm(&fields.take(tag::SEQUENCE)?)?;
        let issuer = list(&mut fields, tag::SEQUENCE)?;
        name(&issuer)?;
        let mut validity = Fields::of(&fields.take(tag::SEQUENCE)?)?;
        for _ in 0..2 {
            let time = validity.any()?;
            if ![tag::UTC_TIME, tag::GENERALIZED_TIME].contains(&(time.tag & !CONSTRUCTED)) {
                return Err(NOT_ONE);
            }
            string(&time)?;
        }
        validity.finish()?;
        let subject = list(&mut fields, tag::SEQUENCE)?;
        name(&subject)?;
        let public_key_info = fields.take(tag::SEQUENCE)?;
        let mut key = Fields::of(&public_key_info)?;
        algorithm(&key.take(tag::SEQUENCE)?)?;
        bit_string(&key.any()?)?;
        key.finish()?;
        for unique_id in [1, 2] {
            if fields.peek().is_some_and(|tag| tag & !CONSTRUCTED == tag::primitive(unique_id)) {
                bits(&string(&fields.any()?)?)?;
            }
        }
        let key_identifier = match fields.optional(tag::constructed(3)) {
            Some(explicit) => extensions(&explicit)?,
            None => None,
        };
        fields.finish()?;
        Ok(Self { serial, issuer: issuer.bytes(), subject: subject.bytes(), public_key_info: public_key_info.bytes(), key_identifier })
    }

    /// The subject key identifier as .NET looks certificates up by it: that of the extension, else the SHA-1 of the public
    /// key info. An extension that does not hold an OCTET STRING is an error.
    pub fn subject_key_identifier(&self) -> Result<Vec<u8>, Error> {
        match &self.key_identifier {
            Some(value) => Ok(Element::only(value)?.expect(tag::OCTET_STRING)?.content().to_vec()),
            None => Ok(sha1::Sha1::digest(self.public_key_info).to_vec()),
        }
    }

    /// The subject key identifier of the extension, where there is one that can be read.
    #[must_use]
    pub fn subject_key_identifier_extension(&self) -> Option<&[u8]> {
        Some(Element::only(self.key_identifier.as_deref()?).ok()?.expect(tag::OCTET_STRING).ok()?.content())
    }
}

fn algorithm(element: &Element<'_>) -> Result<(), Error> {
    let mut fields = Fields::of(element)?;
    primitive::oid(fields.any()?)?;
    if fields.peek().is_some() {
        any(&fields.any()?)?;
    }
    Ok(fields.finish()?)
}

/// The next field, a SEQUENCE OF or SET OF; OpenSSL does not ask for their constructed bit.
fn list<'a>(fields: &mut Fields<'a>, tag: u8) -> Result<Element<'a>, Error> {
    let element = fields.any()?;
    if element.tag | CONSTRUCTED == tag { Ok(element) } else { Err(NOT_ONE) }
}

/// A value of any type, which OpenSSL reads by what its tag says.
fn any(element: &Element<'_>) -> Result<(), Error> {
    let good = match element.tag {
        tag::NULL => element.content().is_empty(),
        tag::BOOLEAN => element.content().len() == 1,
        tag::INTEGER | ENUMERATED => primitive::integer_content(*element).is_ok(),
        tag::OID => primitive::oid(*element).is_ok(),
        0x00 | 0x10 | 0x11 | 0x21 | 0x22 | 0x25 | 0x26 | 0x2A => false,
        BMP_STRING => element.content().len().is_multiple_of(2),
        UNIVERSAL_STRING => element.content().len().is_multiple_of(4),
        tag if tag & !CONSTRUCTED == tag::BIT_STRING => bit_string(element).is_ok(),
        _ => true,
    };
    if good { Ok(()) } else { Err(NOT_ONE) }
}

/// The content of a string of any type, its parts joined when it is constructed, as OpenSSL collects them.
fn string<'a>(element: &Element<'a>) -> Result<Cow<'a, [u8]>, Error> {
    /// OpenSSL's limit.
    const DEEPEST: usize = 5;
    fn collect(element: &Element<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        if !element.is_constructed() {
            out.extend_from_slice(element.content());
            return Ok(());
        }
        if depth == DEEPEST {
            return Err(NOT_ONE);
        }
        element.children()?.iter().try_for_each(|child| collect(child, depth + 1, out))
    }
    if !element.is_constructed() {
        return Ok(Cow::Borrowed(element.content()));
    }
    let mut out = Vec::new();
    collect(element, 0, &mut out)?;
    Ok(Cow::Owned(out))
}

fn bit_string(element: &Element<'_>) -> Result<(), Error> {
    if element.tag & !CONSTRUCTED != tag::BIT_STRING {
        return Err(NOT_ONE);
    }
    bits(&string(element)?)
}

fn bits(content: &[u8]) -> Result<(), Error> {
    match content {
        [0..=7, ..] => Ok(()),
        _ => Err(NOT_ONE),
    }
}

/// OpenSSL reads every value of a name and makes its canonical form, for which the strings must be what they say.
fn name(element: &Element<'_>) -> Result<(), Error> {
    for rdn in element.children()? {
        if rdn.tag | CONSTRUCTED != tag::SET {
            return Err(NOT_ONE);
        }
        for pair in rdn.children()? {
            let mut pair = Fields::of(&pair.expect(tag::SEQUENCE)?)?;
            primitive::oid(pair.any()?)?;
            let value = pair.any()?;
            pair.finish()?;
            if value.tag == tag::SEQUENCE {
                continue;
            }
            let content = string(&value)?;
            let good = match value.tag & !CONSTRUCTED {
                tag::UTF8_STRING => std::str::from_utf8(&content).is_ok(),
                BMP_STRING => {
                    content.as_chunks::<2>().1.is_empty() && content.as_chunks::<2>().0.iter().all(|unit| !matches!(unit, [0xD8..=0xDF, _]))
                }
                UNIVERSAL_STRING => {
                    content.as_chunks::<4>().1.is_empty()
                        && content.as_chunks::<4>().0.iter().all(|unit| char::from_u32(u32::from_be_bytes(*unit)).is_some())
                }
                tag::BIT_STRING => bits(&content).is_ok(),
                NUMERIC_STRING | PRINTABLE_STRING | TELETEX_STRING | tag::IA5_STRING => true,
                // Types that OpenSSL does not know it takes too.
                0x07..=0x09 | 0x0B | 0x0D..=0x0F | 0x1D => true,
                _ => false,
            };
            if !good {
                return Err(NOT_ONE);
            }
        }
    }
    Ok(())
}

/// Reads `[3] { SEQUENCE OF SEQUENCE { OID, BOOLEAN DEFAULT FALSE, OCTET STRING } }`; the first key identifier's value.
fn extensions<'a>(explicit: &Element<'a>) -> Result<Option<Cow<'a, [u8]>>, Error> {
    let mut outer = Fields::of(explicit)?;
    let list = list(&mut outer, tag::SEQUENCE)?;
    outer.finish()?;
    let mut found = None;
    for extension in list.children()? {
        let mut fields = Fields::of(&extension.expect(tag::SEQUENCE)?)?;
        let oid = primitive::oid(fields.any()?)?;
        if fields.optional(tag::BOOLEAN).is_some_and(|critical| critical.content().len() != 1) {
            return Err(NOT_ONE);
        }
        let value = fields.any()?;
        fields.finish()?;
        if value.tag & !CONSTRUCTED != tag::OCTET_STRING {
            return Err(NOT_ONE);
        }
        let value = string(&value)?;
        if oid == spec::SUBJECT_KEY_IDENTIFIER && found.is_none() {
            found = Some(value);
        }
    }
    Ok(found)
}

const ENUMERATED: u8 = 0x0A;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const UNIVERSAL_STRING: u8 = 0x1C;
const BMP_STRING: u8 = 0x1E;
