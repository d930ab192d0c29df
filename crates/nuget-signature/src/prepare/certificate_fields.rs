//! The few fields of a certificate that a signature names or that link a chain, as they stand in its DER.

use crate::reader::{Element, Error};
use crate::spec::{SUBJECT_KEY_IDENTIFIER, tag};

/// Those fields; names and serial number are borrowed octets, never decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CertificateFields<'a> {
    /// Content octets of the serial number.
    pub(crate) serial: &'a [u8],
    /// The issuer's Name, a whole element.
    pub(crate) issuer: &'a [u8],
    /// The subject's Name, a whole element.
    pub(crate) subject: &'a [u8],
    /// The octets of the subjectKeyIdentifier extension, when there is one.
    pub(crate) key_identifier: Option<&'a [u8]>,
}

impl<'a> CertificateFields<'a> {
    /// Reads them from a certificate: `SEQUENCE { tbs { [0] version?, serial, algorithm, issuer, validity, subject, key, …,
    /// [3] extensions? }, … }`.
    pub(crate) fn read(certificate: &'a [u8]) -> Result<Self, Error> {
        let certificate = Element::only(certificate)?.expect(tag::SEQUENCE)?;
        let tbs = first_child(&certificate)?.expect(tag::SEQUENCE)?;
        let parts = tbs.children()?;
        let after_version = usize::from(parts.first().is_some_and(|part| part.tag == tag::constructed(0)));
        let part = |index: usize| parts.get(after_version + index).copied().ok_or(Error::Truncated(tbs.end));
        let extensions = parts.iter().find(|part| part.tag == tag::constructed(3));
        Ok(Self {
            serial: part(0)?.expect(tag::INTEGER)?.content(),
            issuer: part(2)?.expect(tag::SEQUENCE)?.bytes(),
            subject: part(4)?.expect(tag::SEQUENCE)?.bytes(),
            key_identifier: extensions.map(key_identifier).transpose()?.flatten(),
        })
    }

    /// Whether the serial number is a non-negative INTEGER in its shortest form: what signing asks of a certificate.
    pub(crate) fn has_plain_serial(&self) -> bool {
        match self.serial {
            [] => false,
            [0, second, ..] => second & 0x80 != 0,
            [first, ..] => first & 0x80 == 0,
        }
    }
}

fn key_identifier<'a>(extensions: &Element<'a>) -> Result<Option<&'a [u8]>, Error> {
    for extension in first_child(extensions)?.expect(tag::SEQUENCE)?.children()? {
        let parts = extension.children()?;
        let (Some(oid), Some(value)) = (parts.first(), parts.last()) else { continue };
        if oid.content() == SUBJECT_KEY_IDENTIFIER {
            let value = value.expect(tag::OCTET_STRING)?;
            return Ok(Some(Element::only(value.content())?.expect(tag::OCTET_STRING)?.content()));
        }
    }
    Ok(None)
}

fn first_child<'a>(element: &Element<'a>) -> Result<Element<'a>, Error> {
    element.children()?.first().copied().ok_or(Error::Truncated(element.end))
}

/// How a SignerInfo names its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignerIdentifier<'a> {
    /// Issuer (a whole Name) and content octets of the serial number.
    IssuerAndSerial(&'a [u8], &'a [u8]),
    /// The subject key identifier's octets.
    KeyIdentifier(&'a [u8]),
}

impl<'a> SignerIdentifier<'a> {
    /// Reads the `sid` of a SignerInfo.
    pub(crate) fn read(sid: &Element<'a>) -> Result<Self, Error> {
        if sid.tag == tag::primitive(0) {
            return Ok(Self::KeyIdentifier(sid.content()));
        }
        let parts = sid.expect(tag::SEQUENCE)?.children()?;
        match parts.as_slice() {
            [issuer, serial] => Ok(Self::IssuerAndSerial(issuer.bytes(), serial.expect(tag::INTEGER)?.content())),
            _ => Err(Error::Truncated(sid.end)),
        }
    }

    /// Whether it names the certificate with these fields.
    pub(crate) fn names(&self, certificate: &CertificateFields<'_>) -> bool {
        match self {
            Self::IssuerAndSerial(issuer, serial) => *issuer == certificate.issuer && *serial == certificate.serial,
            Self::KeyIdentifier(octets) => certificate.key_identifier == Some(octets),
        }
    }
}
