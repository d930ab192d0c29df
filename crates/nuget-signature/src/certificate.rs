//! As much of an X.509 certificate as reading a signature needs, and what .NET (on Linux: OpenSSL) refuses to take for one.
//!
//! Trust, validity and usage are judged elsewhere.

use crate::error::Error;
use crate::primitive;
use crate::reader::{Element, Fields};
use crate::spec::{self, tag};
use sha1::Digest as _;

/// The parts of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct CertificateParts<'a> {
    /// Content octets of the serial number.
    pub serial: &'a [u8],
    /// The issuer's Name, whole element.
    pub issuer: &'a [u8],
    /// The subject's Name, whole element.
    pub subject: &'a [u8],
    /// The SubjectPublicKeyInfo, whole element.
    pub public_key_info: &'a [u8],
    key_identifier: Option<&'a [u8]>,
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
        bit_string(&outer.take(tag::BIT_STRING)?)?;
        outer.finish()?;

        if let Some(version) = fields.optional(tag::constructed(0)) {
            let mut version = Fields::of(&version)?;
            primitive::integer(version.any()?)?;
            version.finish()?;
        }
        let serial = primitive::integer(fields.any()?)?;
        algorithm(&fields.take(tag::SEQUENCE)?)?;
        let issuer = fields.take(tag::SEQUENCE)?;
        name(&issuer)?;
        let mut validity = Fields::of(&fields.take(tag::SEQUENCE)?)?;
        for _ in 0..2 {
            let time = validity.any()?;
            if ![tag::UTC_TIME, tag::GENERALIZED_TIME].contains(&time.tag) {
                return Err(NOT_ONE);
            }
        }
        validity.finish()?;
        let subject = fields.take(tag::SEQUENCE)?;
        name(&subject)?;
        let public_key_info = fields.take(tag::SEQUENCE)?;
        let mut key = Fields::of(&public_key_info)?;
        algorithm(&key.take(tag::SEQUENCE)?)?;
        bit_string(&key.take(tag::BIT_STRING)?)?;
        key.finish()?;
        for unique_id in [1, 2] {
            if let Some(unique_id) = fields.optional(tag::primitive(unique_id)) {
                bit_string(&unique_id)?;
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
        match self.key_identifier {
            Some(value) => Ok(Element::only(value)?.expect(tag::OCTET_STRING)?.content().to_vec()),
            None => Ok(sha1::Sha1::digest(self.public_key_info).to_vec()),
        }
    }

    /// The subject key identifier of the extension, where there is one that can be read.
    pub fn subject_key_identifier_extension(&self) -> Option<&'a [u8]> {
        Some(Element::only(self.key_identifier?).ok()?.expect(tag::OCTET_STRING).ok()?.content())
    }
}

fn algorithm(element: &Element<'_>) -> Result<(), Error> {
    let mut fields = Fields::of(element)?;
    primitive::oid(fields.any()?)?;
    if fields.peek().is_some() {
        let parameters = fields.any()?;
        if parameters.tag == tag::NULL && !parameters.content().is_empty() {
            return Err(NOT_ONE);
        }
    }
    Ok(fields.finish()?)
}

fn bit_string(element: &Element<'_>) -> Result<(), Error> {
    match element.content() {
        [0..=7, ..] => Ok(()),
        _ => Err(NOT_ONE),
    }
}

/// OpenSSL reads every value of a name and makes its canonical form, for which the strings must be what they say.
fn name(element: &Element<'_>) -> Result<(), Error> {
    for rdn in element.children()? {
        for pair in rdn.expect(tag::SET)?.children()? {
            let mut pair = Fields::of(&pair.expect(tag::SEQUENCE)?)?;
            primitive::oid(pair.any()?)?;
            let value = pair.any()?;
            pair.finish()?;
            let content = value.content();
            let good = match value.tag {
                tag::UTF8_STRING => std::str::from_utf8(content).is_ok(),
                BMP_STRING => content.len().is_multiple_of(2),
                UNIVERSAL_STRING => content.len().is_multiple_of(4),
                tag::BIT_STRING => bit_string(&value).is_ok(),
                NUMERIC_STRING | PRINTABLE_STRING | TELETEX_STRING | tag::IA5_STRING | tag::SEQUENCE => true,
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
fn extensions<'a>(explicit: &Element<'a>) -> Result<Option<&'a [u8]>, Error> {
    let mut outer = Fields::of(explicit)?;
    let list = outer.take(tag::SEQUENCE)?;
    outer.finish()?;
    let mut found = None;
    for extension in list.children()? {
        let mut fields = Fields::of(&extension.expect(tag::SEQUENCE)?)?;
        let oid = primitive::oid(fields.any()?)?;
        if fields.optional(tag::BOOLEAN).is_some_and(|critical| critical.content().len() != 1) {
            return Err(NOT_ONE);
        }
        let value = fields.take(tag::OCTET_STRING)?;
        fields.finish()?;
        if oid == spec::SUBJECT_KEY_IDENTIFIER && found.is_none() {
            found = Some(value.content());
        }
    }
    Ok(found)
}

const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const UNIVERSAL_STRING: u8 = 0x1C;
const BMP_STRING: u8 = 0x1E;
