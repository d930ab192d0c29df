//! One certificate, read as .NET on Linux (OpenSSL) reads it.

use crate::asn1::{self, BIT_STRING, GENERALIZED_TIME, INTEGER, Malformed, OID, Reader, SEQUENCE, UTC_TIME};
use crate::extensions::Extensions;
use crate::name;
use crate::public_key::PublicKey;
use bytes::Bytes;
use model::{Digest, HashAlgorithm};
use sha1::Digest as _;
use std::sync::Arc;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Why bytes are not a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate that can be read")]
pub struct Error;

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// A certificate. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Bytes,
    to_be_signed: Bytes,
    version: u8,
    serial: Bytes,
    /// The AlgorithmIdentifier inside what is signed, whole, and the content octets of its OID.
    algorithm: Bytes,
    algorithm_oid: Bytes,
    /// The AlgorithmIdentifier outside, whole.
    outer_algorithm: Bytes,
    issuer: Bytes,
    subject: Bytes,
    issuer_canonical: Vec<u8>,
    subject_canonical: Vec<u8>,
    not_before: Option<OffsetDateTime>,
    not_after: Option<OffsetDateTime>,
    public_key_info: Bytes,
    public_key: PublicKey,
    extensions: Extensions,
    signature: Bytes,
}

impl Certificate {
    /// Reads a certificate. Bytes behind it are dropped, as OpenSSL drops them.
    ///
    /// ```text
    /// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
    /// TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo,
    ///                               [1] issuerUniqueID, [2] subjectUniqueID, [3] extensions }
    /// ```
    pub fn parse(der: impl Into<Bytes>) -> Result<Self, Error> {
        let file: Bytes = der.into();
        let whole = Reader::new(&file).expect(SEQUENCE)?;
        let file = file.slice(..whole.whole.len());
        let mut outer = Reader::new(&file).expect(SEQUENCE)?.inside();
        let signed = outer.expect(SEQUENCE)?;
        let (outer_algorithm, _) = algorithm(&mut outer)?;
        let (signature, _) = asn1::bit_string(outer.expect(BIT_STRING)?.content)?;
        outer.finish()?;

        let mut tbs = signed.inside();
        let version = match tbs.optional(0xA0)? {
            Some(explicit) => {
                let mut inside = explicit.inside();
                let version = asn1::integer(inside.expect(INTEGER)?.content)?;
                inside.finish()?;
                if let [version] = version { *version } else { u8::MAX }
            }
            None => 0,
        };
        let serial = asn1::integer(tbs.expect(INTEGER)?.content)?;
        let (algorithm, algorithm_oid) = algorithm(&mut tbs)?;
        let issuer = tbs.list(SEQUENCE)?.whole;
        let mut validity = tbs.expect(SEQUENCE)?.inside();
        let (not_before, not_after) = (validity.any()?, validity.any()?);
        validity.finish()?;
        for time in [not_before.tag, not_after.tag] {
            if time != UTC_TIME && time != GENERALIZED_TIME {
                return Err(Error);
            }
        }
        let subject = tbs.list(SEQUENCE)?.whole;
        let public_key_info = tbs.expect(SEQUENCE)?;
        public_key_shape(public_key_info.content)?;
        for unique_identifier in [0x81, 0x82] {
            if let Some(bits) = tbs.optional(unique_identifier)? {
                asn1::bit_string(bits.content)?;
            }
        }
        let extensions = match tbs.optional(0xA3)? {
            Some(explicit) => Extensions::parse(&file, explicit.content)?,
            None => Extensions::default(),
        };
        tbs.finish()?;

        Ok(Self(Arc::new(Parsed {
            to_be_signed: file.slice_ref(signed.whole),
            version,
            serial: file.slice_ref(serial),
            algorithm: file.slice_ref(algorithm),
            algorithm_oid: file.slice_ref(algorithm_oid),
            outer_algorithm: file.slice_ref(outer_algorithm),
            issuer_canonical: name::canonical(issuer)?,
            subject_canonical: name::canonical(subject)?,
            issuer: file.slice_ref(issuer),
            subject: file.slice_ref(subject),
            not_before: time(not_before),
            not_after: time(not_after),
            public_key: PublicKey::parse(&file, public_key_info.whole),
            public_key_info: file.slice_ref(public_key_info.whole),
            extensions,
            signature: file.slice_ref(signature),
            der: file.clone(),
        })))
    }

    /// The certificate's DER.
    pub fn der(&self) -> &Bytes {
        &self.0.der
    }

    /// Its subject as .NET writes it.
    pub fn subject(&self) -> String {
        crate::name::render(&self.0.subject)
    }

    /// Its issuer as .NET writes it.
    pub fn issuer(&self) -> String {
        crate::name::render(&self.0.issuer)
    }

    /// The subject's Name, whole element.
    pub fn subject_name(&self) -> &Bytes {
        &self.0.subject
    }

    /// The issuer's Name, whole element.
    pub fn issuer_name(&self) -> &Bytes {
        &self.0.issuer
    }

    /// Content octets of the serial number.
    pub fn serial(&self) -> &Bytes {
        &self.0.serial
    }

    /// The version: 3 for a certificate with extensions.
    pub fn version(&self) -> u8 {
        self.0.version.saturating_add(1)
    }

    /// Start of its validity. A time that cannot be read is later than any other.
    pub fn not_before(&self) -> OffsetDateTime {
        self.0.not_before.unwrap_or(FOREVER)
    }

    /// End of its validity. A time that cannot be read is earlier than any other.
    pub fn not_after(&self) -> OffsetDateTime {
        self.0.not_after.unwrap_or(NEVER)
    }

    /// Whether both ends of its validity can be read. .NET opens a certificate whose times cannot, and fails when asked for them.
    pub fn has_readable_times(&self) -> bool {
        self.0.not_before.is_some() && self.0.not_after.is_some()
    }

    /// Its extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Its subject key identifier.
    pub fn subject_key_identifier(&self) -> Option<&Bytes> {
        self.0.extensions.subject_key_identifier.as_ref()
    }

    /// The key identifier of its issuer.
    pub fn authority_key_identifier(&self) -> Option<&Bytes> {
        self.0.extensions.authority_key_identifier.as_ref()?.key_identifier.as_ref()
    }

    /// Content octets of the identifier of the algorithm that it is signed with.
    pub fn signature_algorithm(&self) -> &[u8] {
        &self.0.algorithm_oid
    }

    /// Its SubjectPublicKeyInfo, whole element.
    pub fn public_key_info(&self) -> &Bytes {
        &self.0.public_key_info
    }

    /// The length of its RSA key; `None` when the key is of another kind or unreadable.
    pub fn rsa_bits(&self) -> Option<usize> {
        match &self.0.public_key {
            PublicKey::Rsa { bits, .. } => Some(*bits),
            _ => None,
        }
    }

    /// The digest of the whole certificate.
    pub fn fingerprint(&self, algorithm: HashAlgorithm) -> Digest {
        algorithm.digest(&self.0.der)
    }

    /// The SHA-1 of the whole certificate: the name that .NET's stores give it.
    pub fn sha1_thumbprint(&self) -> [u8; 20] {
        sha1::Sha1::digest(&self.0.der).into()
    }

    /// Whether subject and issuer are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Whether its signature is one of `issuer`'s key. Names are not looked at.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        self.0.algorithm == self.0.outer_algorithm
            && issuer.0.public_key.verifies(&self.0.algorithm, &self.0.to_be_signed, &self.0.signature)
    }

    pub(crate) fn subject_canonical(&self) -> &[u8] {
        &self.0.subject_canonical
    }

    pub(crate) fn issuer_canonical(&self) -> &[u8] {
        &self.0.issuer_canonical
    }

    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    pub(crate) fn is_version_one(&self) -> bool {
        self.0.version == 0
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("subject", &self.subject()).finish_non_exhaustive()
    }
}

/// An AlgorithmIdentifier: whole, and the content octets of its OID.
fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    let element = reader.expect(SEQUENCE)?;
    let mut inside = element.inside();
    let oid = asn1::oid(inside.expect(OID)?.content)?;
    if !inside.is_empty() {
        parameters(&inside.any()?)?;
    }
    inside.finish()?;
    Ok((element.whole, oid))
}

/// A value of any type, which OpenSSL reads by what its tag says.
fn parameters(element: &asn1::Element<'_>) -> Result<(), Malformed> {
    let is_good = match element.tag {
        0x05 => element.content.is_empty(),
        0x01 => element.content.len() == 1,
        INTEGER | 0x0A => asn1::integer(element.content).is_ok(),
        OID => asn1::oid(element.content).is_ok(),
        // Types that have no such form.
        0x00 | 0x10 | 0x11 | 0x21 | 0x22 | 0x25 | 0x26 | 0x2A => false,
        _ => true,
    };
    if is_good { Ok(()) } else { Err(Malformed) }
}

/// OpenSSL reads the outside of the key with the certificate, the key itself when it is asked for.
fn public_key_shape(content: &[u8]) -> Result<(), Malformed> {
    let mut inside = Reader::new(content);
    algorithm(&mut inside)?;
    asn1::bit_string(inside.expect(BIT_STRING)?.content)?;
    inside.finish()
}

/// `YYMMDDhhmm[ss]Z` or `YYYYMMDDhhmmssZ`.
fn time(element: asn1::Element<'_>) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = if element.tag == UTC_TIME {
        let two: i32 = text.get(..2)?.parse().ok()?;
        (if two < 50 { 2000 + two } else { 1900 + two }, text.get(2..)?)
    } else {
        (text.get(..4)?.parse().ok()?, text.get(4..)?)
    };
    let part = |at: usize| -> Option<u8> { rest.get(at..at + 2)?.parse().ok() };
    let second = match rest.len() {
        8 if element.tag == UTC_TIME => 0,
        10 => part(8)?,
        _ => return None,
    };
    let date = Date::from_calendar_date(year, Month::try_from(part(0)?).ok()?, part(2)?).ok()?;
    Some(PrimitiveDateTime::new(date, Time::from_hms(part(4)?, part(6)?, second).ok()?).assume_utc())
}

const FOREVER: OffsetDateTime = time::macros::datetime!(9999-12-31 23:59:59 UTC);
const NEVER: OffsetDateTime = time::macros::datetime!(0001-01-01 0:00 UTC);
