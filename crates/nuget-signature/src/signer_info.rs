//! One SignerInfo (RFC 5652 5.3) with the place of each of its parts in the file.
//!
//! ```text
//! SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm AlgorithmIdentifier, signedAttrs [0] IMPLICIT SET OF Attribute OPTIONAL,
//!     signatureAlgorithm AlgorithmIdentifier, signature OCTET STRING, unsignedAttrs [1] IMPLICIT SET OF Attribute OPTIONAL }
//! ```

use crate::attributes::commitment;
use crate::certificate::CertificateParts;
use crate::error::Error;
use crate::primitive;
use crate::reader::{self, Element, Fields};
use crate::spec::{self, tag};
use bytes::Bytes;
use model::HashAlgorithm;
use model::distinguished_name;
use model::signature_kind::SignatureKind;
use std::ops::Range;

mod attribute;
pub(crate) use attribute::der_set;
pub use attribute::{Attribute, Attributes};

/// Who a SignerInfo says signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// issuerAndSerialNumber.
    IssuerAndSerial {
        /// The issuer's Name, whole element.
        issuer: Bytes,
        /// Content octets of the serial number.
        serial: Bytes,
    },
    /// The subject key identifier's octets.
    SubjectKeyIdentifier(Bytes),
}

/// The algorithm of a SignerInfo's message digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// One of those that NuGet signs with.
    Sha2(HashAlgorithm),
    /// Another one: the content octets of its identifier.
    Other(Bytes),
}

impl DigestAlgorithm {
    fn from_oid(oid: Bytes) -> Self {
        match spec::hash_by_oid(&oid) {
            Some(algorithm) => Self::Sha2(algorithm),
            None if oid == spec::SHA1 => Self::Sha1,
            None if oid == spec::MD5 => Self::Md5,
            None => Self::Other(oid),
        }
    }

    /// Content octets of its identifier.
    #[must_use]
    pub fn oid(&self) -> &[u8] {
        match self {
            Self::Md5 => spec::MD5,
            Self::Sha1 => spec::SHA1,
            Self::Sha2(algorithm) => spec::hash_oid(*algorithm),
            Self::Other(oid) => oid,
        }
    }
}

/// An AlgorithmIdentifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// Content octets of the identifier.
    pub oid: Bytes,
    /// The parameters, whole element, when there are any.
    pub parameters: Option<Bytes>,
}

impl AlgorithmIdentifier {
    /// Reads one, and tells whether its parameters have a DER header.
    pub(crate) fn decode(file: &Bytes, element: &Element<'_>) -> Result<(Self, bool), reader::Error> {
        let mut fields = Fields::of(&element.expect(tag::SEQUENCE)?)?;
        let oid = Bytes::copy_from_slice(primitive::oid(fields.any()?)?);
        let parameters = match fields.peek() {
            Some(_) => Some(fields.any()?),
            None => None,
        };
        fields.finish()?;
        let der = parameters.is_none_or(|parameters| parameters.has_der_header());
        Ok((Self { oid, parameters: parameters.map(|parameters| file.slice(parameters.range())) }, der))
    }
}

/// The octets of an OCTET STRING (under the primitive tag `primitive`), which may be in parts.
pub(crate) fn octet_string(file: &Bytes, element: Element<'_>, primitive: u8) -> Result<Bytes, reader::Error> {
    if element.tag & !reader::CONSTRUCTED != primitive {
        return Err(reader::Error::Tag { offset: element.start, expected: primitive, found: element.tag });
    }
    if element.is_constructed() { Ok(Bytes::from(element.octets()?)) } else { Ok(file.slice(element.content_start..element.content_end)) }
}

/// One SignerInfo.
#[derive(Debug, Clone)]
pub struct SignerInfo {
    file: Bytes,
    range: Range<usize>,
    sid: SignerIdentifier,
    issuer_text: String,
    digest_algorithm: DigestAlgorithm,
    signed_attributes: Option<Attributes>,
    signature_algorithm: AlgorithmIdentifier,
    signature_value: Bytes,
    signature_value_range: Range<usize>,
    unsigned_attributes: Option<Attributes>,
    is_countersigner: bool,
    der_parts: bool,
}

impl SignerInfo {
    /// Decodes one that stands in `file`. Every failure is NU3003.
    pub(crate) fn decode(file: &Bytes, element: &Element<'_>, is_countersigner: bool) -> Result<Self, Error> {
        let mut fields = Fields::of(&element.expect(tag::SEQUENCE)?)?;
        primitive::version(fields.any()?)?;
        let (sid, issuer_text) = decode_sid(file, fields.any()?)?;
        let (digest_algorithm, digest_der) = AlgorithmIdentifier::decode(file, &fields.any()?)?;
        let signed = fields.optional(tag::constructed(0));
        let (signature_algorithm, signature_der) = AlgorithmIdentifier::decode(file, &fields.any()?)?;
        let signature = fields.any()?;
        let signature_value = octet_string(file, signature, tag::OCTET_STRING)?;
        let unsigned = fields.optional(tag::constructed(1));
        fields.finish()?;
        let der_parts = digest_der && signature_der && signed.is_none_or(|set| set.has_der_header());
        Ok(Self {
            file: file.clone(),
            range: element.range(),
            sid,
            issuer_text,
            digest_algorithm: DigestAlgorithm::from_oid(digest_algorithm.oid),
            signed_attributes: signed.map(|set| Attributes::decode(&set)).transpose()?,
            signature_algorithm,
            signature_value,
            signature_value_range: signature.range(),
            unsigned_attributes: unsigned.map(|set| Attributes::decode(&set)).transpose()?,
            is_countersigner,
            der_parts,
        })
    }

    /// The file it stands in.
    #[must_use]
    pub fn file(&self) -> &Bytes {
        &self.file
    }

    /// Where the whole SignerInfo lies in the file.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The whole SignerInfo as it stands.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.file.get(self.range.clone()).unwrap_or_default()
    }

    /// Who it says signed.
    #[must_use]
    pub fn sid(&self) -> &SignerIdentifier {
        &self.sid
    }

    /// The digest algorithm.
    #[must_use]
    pub fn digest_algorithm(&self) -> &DigestAlgorithm {
        &self.digest_algorithm
    }

    /// The signature algorithm.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.signature_algorithm
    }

    /// The signed attributes, when there are any.
    #[must_use]
    pub fn signed_attributes(&self) -> Option<&Attributes> {
        self.signed_attributes.as_ref()
    }

    /// The unsigned attributes, when there are any.
    #[must_use]
    pub fn unsigned_attributes(&self) -> Option<&Attributes> {
        self.unsigned_attributes.as_ref()
    }

    /// The octets of the signature value.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        &self.signature_value
    }

    /// Where the signature value's OCTET STRING (whole element) lies in the file.
    #[must_use]
    pub fn signature_value_range(&self) -> Range<usize> {
        self.signature_value_range.clone()
    }

    /// Whether it is a countersignature.
    #[must_use]
    pub fn is_countersigner(&self) -> bool {
        self.is_countersigner
    }

    /// The kind of signature that its commitment makes it (spec 4.5).
    pub fn kind(&self) -> Result<SignatureKind, Error> {
        commitment::kind(self)
    }

    /// The values of every signed attribute with this identifier, attribute by attribute.
    pub(crate) fn signed<'a>(&'a self, oid: &'a [u8]) -> impl Iterator<Item = Vec<&'a [u8]>> + 'a {
        let list = self.signed_attributes.as_ref().map(|attributes| attributes.list.as_slice()).unwrap_or_default();
        list.iter()
            .filter(move |attribute| attribute.oid == oid)
            .map(|attribute| attribute.values.iter().map(|range| self.file.get(range.clone()).unwrap_or_default()).collect())
    }

    /// Where the values of the unsigned attributes with this identifier lie, in file order.
    fn unsigned_values<'a>(&'a self, oid: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let list = self.unsigned_attributes.as_ref().map(|attributes| attributes.list.as_slice()).unwrap_or_default();
        list.iter().filter(move |attribute| attribute.oid == oid).flat_map(|attribute| attribute.values.iter().cloned())
    }

    /// The time-stamp tokens of its unsigned attributes, in file order.
    #[must_use]
    pub fn timestamps(&self) -> Vec<Bytes> {
        self.timestamp_ranges().into_iter().map(|range| self.file.slice(range)).collect()
    }

    /// Where each of [`Self::timestamps`] lies in the file.
    #[must_use]
    pub fn timestamp_ranges(&self) -> Vec<Range<usize>> {
        self.unsigned_values(spec::TIMESTAMP_TOKEN).collect()
    }

    /// Its countersigners as .NET enumerates them: in file order, all or none; a countersigner has none.
    pub fn countersigners(&self) -> Result<Vec<SignerInfo>, Error> {
        if self.is_countersigner {
            return Ok(Vec::new());
        }
        self.unsigned_values(spec::COUNTERSIGNATURE)
            .map(|range| {
                let element = Element::within(&self.file, range)?;
                Self::decode(&self.file, &element, true)
            })
            .collect()
    }

    /// The first certificate of `certificates` that its identifier names, as .NET finds it.
    #[must_use]
    pub fn certificate<'a>(&self, certificates: &'a [Bytes]) -> Option<&'a Bytes> {
        self.find_certificate(certificates).ok().flatten().and_then(|at| certificates.get(at))
    }

    /// The index of [`Self::certificate`], or why .NET gives up looking (NU3003): it reads every certificate.
    pub fn find_certificate(&self, certificates: &[Bytes]) -> Result<Option<usize>, Error> {
        let mut found = None;
        for (at, der) in certificates.iter().enumerate() {
            let parts = CertificateParts::read(der)?;
            let matches = match &self.sid {
                SignerIdentifier::SubjectKeyIdentifier(identifier) => parts.subject_key_identifier()? == *identifier,
                SignerIdentifier::IssuerAndSerial { issuer, serial } => {
                    found.is_none()
                        && !is_no_signature(issuer, serial)
                        && same_number(parts.serial, serial)
                        && distinguished_name::text(parts.issuer) == self.issuer_text
                }
            };
            if matches && found.is_none() {
                found = Some(at);
            }
        }
        Ok(found)
    }

    /// That .NET can encode it again: see [`crate::signed_data::SignedData::can_be_reencoded`].
    #[must_use]
    pub fn can_be_reencoded(&self) -> bool {
        self.der_parts && self.unsigned_attributes.as_ref().is_none_or(|attributes| attributes.values_have_der_headers)
    }

    /// The signature value of the countersigner that comes first when the unsigned attributes are encoded again as DER, which
    /// sorts them.
    pub(crate) fn first_countersignature_value_in_der(&self) -> Result<Option<Bytes>, Error> {
        let Some(attributes) = &self.unsigned_attributes else { return Ok(None) };
        let mut sorted: Vec<(Vec<u8>, &Attribute)> =
            attributes.list.iter().map(|attribute| (attribute.to_der(&self.file), attribute)).collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, attribute) in sorted {
            if attribute.oid != spec::COUNTERSIGNATURE {
                continue;
            }
            let bytes = |range: &Range<usize>| self.file.get(range.clone()).unwrap_or_default();
            if let Some(range) = attribute.values.iter().min_by(|a, b| bytes(a).cmp(bytes(b))) {
                let element = Element::within(&self.file, range.clone())?;
                return Ok(Some(Self::decode(&self.file, &element, true)?.signature_value));
            }
        }
        Ok(None)
    }
}

/// `SEQUENCE { issuer Name, serialNumber INTEGER }` or `[0] IMPLICIT OCTET STRING`; and the issuer's text.
fn decode_sid(file: &Bytes, element: Element<'_>) -> Result<(SignerIdentifier, String), Error> {
    if element.tag != tag::SEQUENCE {
        let identifier = octet_string(file, element, tag::primitive(0))?;
        return Ok((SignerIdentifier::SubjectKeyIdentifier(identifier), String::new()));
    }
    let mut fields = Fields::of(&element)?;
    let issuer = fields.take(tag::SEQUENCE)?;
    let serial = primitive::integer(fields.any()?)?;
    fields.finish()?;
    let text = distinguished_name::text(issuer.bytes());
    Ok((SignerIdentifier::IssuerAndSerial { issuer: file.slice(issuer.range()), serial: Bytes::copy_from_slice(serial) }, text))
}

/// .NET's "no signature" identifier, CN=Dummy Signer with serial 0, which names no certificate.
fn is_no_signature(issuer: &[u8], serial: &[u8]) -> bool {
    serial.iter().all(|octet| *octet == 0) && issuer == b"\x30\x17\x31\x15\x30\x13\x06\x03\x55\x04\x03\x13\x0CDummy Signer"
}

/// .NET looks serial numbers up as unsigned numbers, written in hexadecimal; and since it cannot know that, also by the
/// decimal reading of the digits among them.
fn same_number(certificate: &[u8], wanted: &[u8]) -> bool {
    let trim = |octets: &[u8]| octets.iter().skip_while(|octet| **octet == 0).copied().collect::<Vec<u8>>();
    let certificate = trim(certificate);
    if certificate == trim(wanted) {
        return true;
    }
    let mut decimal: Vec<u8> = Vec::new(); // little-endian
    for digit in wanted.iter().flat_map(|octet| [octet >> 4, octet & 0x0F]).filter(|digit| *digit < 10) {
        let mut carry = u16::from(digit);
        for octet in &mut decimal {
            let [high, low] = (u16::from(*octet) * 10 + carry).to_be_bytes();
            (*octet, carry) = (low, u16::from(high));
        }
        if carry != 0 {
            let [_, low] = carry.to_be_bytes();
            decimal.push(low);
        }
        if decimal.len() > certificate.len() {
            return false;
        }
    }
    decimal.reverse();
    decimal == certificate
}

#[cfg(test)]
mod tests {
    use super::same_number;

    #[test]
    fn serial_numbers_are_looked_up_in_both_readings() {
        assert!(same_number(&[0x70, 0x01], &[0x70, 0x01]));
        assert!(same_number(&[0x00, 0x90], &[0x90]));
        // 0x12 read as the decimal number twelve.
        assert!(same_number(&[0x0C], &[0x12]));
        assert!(same_number(&[0x04, 0xD2], &[0x1A, 0x23, 0x4B]));
        assert!(!same_number(&[0x0D], &[0x12]));
        assert!(same_number(&[0], &[0xAB]));
    }
}
