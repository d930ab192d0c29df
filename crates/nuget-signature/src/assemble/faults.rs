//! For tests of the verifier: makes one thing wrong in what is assembled, and everything else right. Compiled with the feature
//! `faults` alone.
//!
//! What is wrong in the signed attributes is wrong before the key signs them, so that the signature value is right for it.

use super::{Message, Signer};
use crate::der_writer::{element, null, oid, sequence, time, unsigned_integer};
use crate::prepare::{self, Attribute, Attributes, CertificateFields};
use crate::reader::Element;
use crate::spec::{self, tag};
use crate::surgery;
use bytes::Bytes;
use model::{Digest, HashAlgorithm};
use std::cell::Cell;
use std::marker::PhantomData;

/// What is wrong. Where a fault has no place (a countersignature has no content-type) it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says which part is wrong, and how")]
pub enum Fault {
    PackageDigest,
    ContentTypeMissing,
    ContentTypeOther,
    ContentTypeAdded,
    SigningTimeMissing,
    SigningTimeOther,
    SigningTimeGeneralized,
    CommitmentMissing,
    CommitmentOther,
    CommitmentQualified,
    MessageDigestMissing,
    MessageDigestOther,
    MessageDigestTwice,
    SigningCertificateMissing,
    SigningCertificateHash,
    SigningCertificateAlgorithm,
    SigningCertificateSerial,
    SigningCertificateIssuer,
    SigningCertificateTwo,
    SigningCertificateFirstVersion,
    ServiceIndexMissing,
    ServiceIndexOther,
    OwnersMissing,
    OwnersOther,
    AttributeUnknown,
    AttributeOrder,
    SignerVersion,
    SignerIdentifierOther,
    SignerIdentifierForm,
    DigestAlgorithmOther,
    DigestAlgorithmParameters,
    SignatureAlgorithmOther,
    SignatureAlgorithmParameters,
    SignatureValue,
    SignatureLength,
    TimestampMissing,
    TimestampTwice,
    TimestampAltered,
    UnsignedAttributeUnknown,
    MessageVersion,
    DigestAlgorithmsExtra,
    ContentKind,
    ContentAltered,
    CertificateOfSignerMissing,
    CertificateOfRootMissing,
    CertificateAdded,
    CertificateTwice,
    CertificateAltered,
    CertificateOrder,
    LengthNotMinimal,
    LengthTooLong,
    TrailingByte,
    AuthorSignature,
    AuthorContent,
    AuthorCertificateMissing,
    AuthorUnsignedAttribute,
}

impl Fault {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::PackageDigest,
        Self::ContentTypeMissing,
        Self::ContentTypeOther,
        Self::ContentTypeAdded,
        Self::SigningTimeMissing,
        Self::SigningTimeOther,
        Self::SigningTimeGeneralized,
        Self::CommitmentMissing,
        Self::CommitmentOther,
        Self::CommitmentQualified,
        Self::MessageDigestMissing,
        Self::MessageDigestOther,
        Self::MessageDigestTwice,
        Self::SigningCertificateMissing,
        Self::SigningCertificateHash,
        Self::SigningCertificateAlgorithm,
        Self::SigningCertificateSerial,
        Self::SigningCertificateIssuer,
        Self::SigningCertificateTwo,
        Self::SigningCertificateFirstVersion,
        Self::ServiceIndexMissing,
        Self::ServiceIndexOther,
        Self::OwnersMissing,
        Self::OwnersOther,
        Self::AttributeUnknown,
        Self::AttributeOrder,
        Self::SignerVersion,
        Self::SignerIdentifierOther,
        Self::SignerIdentifierForm,
        Self::DigestAlgorithmOther,
        Self::DigestAlgorithmParameters,
        Self::SignatureAlgorithmOther,
        Self::SignatureAlgorithmParameters,
        Self::SignatureValue,
        Self::SignatureLength,
        Self::TimestampMissing,
        Self::TimestampTwice,
        Self::TimestampAltered,
        Self::UnsignedAttributeUnknown,
        Self::MessageVersion,
        Self::DigestAlgorithmsExtra,
        Self::ContentKind,
        Self::ContentAltered,
        Self::CertificateOfSignerMissing,
        Self::CertificateOfRootMissing,
        Self::CertificateAdded,
        Self::CertificateTwice,
        Self::CertificateAltered,
        Self::CertificateOrder,
        Self::LengthNotMinimal,
        Self::LengthTooLong,
        Self::TrailingByte,
        Self::AuthorSignature,
        Self::AuthorContent,
        Self::AuthorCertificateMissing,
        Self::AuthorUnsignedAttribute,
    ];
}

thread_local! {
    static ACTIVE: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Makes `fault` in everything that this thread prepares and assembles until the guard is dropped.
#[must_use = "the fault ends when this is dropped"]
pub fn inject(fault: Fault) -> Injected {
    ACTIVE.set(Some(fault));
    Injected(PhantomData)
}

/// Ends the fault when dropped; stays on its thread.
#[derive(Debug)]
pub struct Injected(PhantomData<*const ()>);

impl Drop for Injected {
    fn drop(&mut self) {
        ACTIVE.set(None);
    }
}

/// Whether this thread makes a fault.
pub(crate) fn is_active() -> bool {
    ACTIVE.get().is_some()
}

pub(crate) fn break_digest(digest: Digest) -> Digest {
    if ACTIVE.get() == Some(Fault::PackageDigest) { digest.algorithm().digest(digest.as_bytes()) } else { digest }
}

pub(crate) fn break_attributes(list: &mut Vec<Attribute>, attributes: &Attributes<'_>) {
    let Some(fault) = ACTIVE.get() else { return };
    let certificate = |change: fn(&mut Vec<Vec<u8>>)| {
        let value = prepare::signing_certificate(attributes.certificate, attributes.algorithm).ok()?;
        let identifier = Element::only(&value).ok()?.children().ok()?.first()?.children().ok()?.first().copied()?;
        let mut parts: Vec<Vec<u8>> = identifier.children().ok()?.iter().map(|part| part.bytes().to_vec()).collect();
        change(&mut parts);
        Some(sequence([sequence([sequence(parts)])]))
    };
    let other = |octets: &[u8]| attributes.algorithm.digest(octets);
    match fault {
        Fault::ContentTypeMissing => set(list, spec::CONTENT_TYPE, None),
        Fault::ContentTypeOther => set(list, spec::CONTENT_TYPE, Some(oid(spec::ID_SIGNED_DATA))),
        Fault::ContentTypeAdded if list.iter().all(|(kind, _)| *kind != spec::CONTENT_TYPE) => {
            list.push((spec::CONTENT_TYPE, oid(spec::ID_DATA)));
        }
        Fault::SigningTimeMissing => set(list, spec::SIGNING_TIME, None),
        Fault::SigningTimeOther => set(list, spec::SIGNING_TIME, Some(time(attributes.signing_time + ::time::Duration::HOUR))),
        Fault::SigningTimeGeneralized => {
            let utc = time(attributes.signing_time);
            set(list, spec::SIGNING_TIME, Some(element(tag::GENERALIZED_TIME, &[b"20", &utc[2..]].concat())));
        }
        Fault::CommitmentMissing => set(list, spec::COMMITMENT_TYPE, None),
        Fault::CommitmentOther => set(list, spec::COMMITMENT_TYPE, Some(sequence([oid(spec::PROOF_OF_ORIGIN)]))),
        Fault::CommitmentQualified => {
            set(list, spec::COMMITMENT_TYPE, Some(sequence([oid(spec::PROOF_OF_RECEIPT), sequence([sequence([oid(&[42, 3])])])])));
        }
        Fault::MessageDigestMissing => set(list, spec::MESSAGE_DIGEST, None),
        Fault::MessageDigestOther => set(list, spec::MESSAGE_DIGEST, Some(element(tag::OCTET_STRING, other(b"other").as_bytes()))),
        Fault::MessageDigestTwice => list.extend(list.iter().find(|(kind, _)| *kind == spec::MESSAGE_DIGEST).cloned()),
        Fault::SigningCertificateMissing => set(list, spec::SIGNING_CERTIFICATE_V2, None),
        Fault::SigningCertificateHash => set(list, spec::SIGNING_CERTIFICATE_V2, certificate(|parts| flip_last(&mut parts[1]))),
        Fault::SigningCertificateAlgorithm => {
            let algorithm = HashAlgorithm::ALL.into_iter().find(|algorithm| *algorithm != attributes.algorithm);
            let value = algorithm.and_then(|algorithm| prepare::signing_certificate(attributes.certificate, algorithm).ok());
            set(list, spec::SIGNING_CERTIFICATE_V2, value);
        }
        Fault::SigningCertificateSerial => set(list, spec::SIGNING_CERTIFICATE_V2, certificate(|parts| flip_last(&mut parts[2]))),
        Fault::SigningCertificateIssuer => {
            set(list, spec::SIGNING_CERTIFICATE_V2, certificate(|parts| drop(parts.pop())));
        }
        Fault::SigningCertificateTwo => {
            let value = certificate(|_| ()).and_then(|value| {
                let identifier = Element::only(&value).ok()?.children().ok()?.first()?.content().to_vec();
                Some(sequence([sequence([identifier.clone(), identifier])]))
            });
            set(list, spec::SIGNING_CERTIFICATE_V2, value);
        }
        Fault::SigningCertificateFirstVersion => {
            let hash = element(tag::OCTET_STRING, &other(attributes.certificate).as_bytes()[..20]);
            list.push((spec::SIGNING_CERTIFICATE, sequence([sequence([sequence([hash])])])));
        }
        Fault::ServiceIndexMissing => set(list, spec::SERVICE_INDEX_URL, None),
        Fault::ServiceIndexOther => {
            set(list, spec::SERVICE_INDEX_URL, Some(element(tag::IA5_STRING, b"https://other.example/v3/index.json")))
        }
        Fault::OwnersMissing => set(list, spec::PACKAGE_OWNERS, None),
        Fault::OwnersOther => {
            set(list, spec::PACKAGE_OWNERS, None);
            list.push((spec::PACKAGE_OWNERS, sequence([element(tag::UTF8_STRING, b"somebody else")])));
        }
        Fault::AttributeUnknown => list.push((&[42, 3, 4], null())),
        _ => {}
    }
}

/// Gives the attribute another value, or takes it out.
fn set(list: &mut Vec<Attribute>, kind: &[u8], value: Option<Vec<u8>>) {
    let place = list.iter().position(|(found, _)| *found == kind);
    match (place, value) {
        (Some(place), Some(value)) => list[place].1 = value,
        (Some(place), None) => drop(list.remove(place)),
        (None, _) => {}
    }
}

pub(super) fn break_signer(mut signer: Signer) -> Signer {
    match ACTIVE.get() {
        Some(Fault::AttributeOrder) => {
            let set = element(tag::SET, &signer.signed_attributes);
            let children = Element::only(&set).and_then(|set| set.children()).unwrap_or_default();
            signer.signed_attributes = children.iter().rev().flat_map(|attribute| attribute.bytes().to_vec()).collect();
        }
        Some(Fault::SignerVersion) => signer.version = 4 - signer.version,
        Some(Fault::SignerIdentifierOther) => flip_last(&mut signer.sid),
        Some(Fault::SignerIdentifierForm) => (signer.version, signer.sid) = other_identifier(&signer),
        Some(Fault::DigestAlgorithmOther) => signer.digest_algorithm = sequence([oid(spec::SHA1)]),
        Some(Fault::DigestAlgorithmParameters) => with_parameters(&mut signer.digest_algorithm),
        Some(Fault::SignatureAlgorithmOther) => signer.signature_algorithm = sequence([oid(spec::SHA256_WITH_RSA), null()]),
        Some(Fault::SignatureAlgorithmParameters) => signer.signature_algorithm = sequence([oid(spec::RSA_ENCRYPTION)]),
        Some(Fault::SignatureValue) => flip_last(&mut signer.signature),
        Some(Fault::SignatureLength) => drop(signer.signature.pop()),
        Some(Fault::TimestampMissing) => signer.unsigned_attributes.clear(),
        Some(Fault::TimestampTwice) => signer.unsigned_attributes.extend(signer.unsigned_attributes.clone()),
        Some(Fault::TimestampAltered) => signer.unsigned_attributes.iter_mut().for_each(|attribute| flip_last(attribute)),
        Some(Fault::UnsignedAttributeUnknown) => signer.unsigned_attributes.push(prepare::attribute(&[42, 3, 4], &null())),
        _ => {}
    }
    signer
}

/// The identifier in the form that is not used there: by name where a key identifier is right, and the other way round.
fn other_identifier(signer: &Signer) -> (u8, Vec<u8>) {
    let Some(fields) = signer.certificate.as_deref().and_then(|certificate| CertificateFields::read(certificate).ok()) else {
        return (signer.version, signer.sid.clone());
    };
    match fields.key_identifier.filter(|_| signer.version == 1) {
        Some(identifier) => (3, element(tag::primitive(0), identifier)),
        None => (1, sequence([fields.issuer, &unsigned_integer(fields.serial)])),
    }
}

fn with_parameters(algorithm: &mut Vec<u8>) {
    let content = Element::only(algorithm).map(|element| element.content().to_vec()).unwrap_or_default();
    *algorithm = sequence([content, null()]);
}

pub(super) fn break_message(mut message: Message) -> Message {
    message.signer = break_signer(message.signer);
    match ACTIVE.get() {
        Some(Fault::MessageVersion) => message.version = 4 - message.version,
        Some(Fault::DigestAlgorithmsExtra) => message.digest_algorithms.push(sequence([oid(spec::SHA1)])),
        Some(Fault::ContentKind) => message.content_type = oid(spec::ID_TST_INFO),
        Some(Fault::ContentAltered) => message.content.extend_from_slice(b"Note:x\n"),
        Some(Fault::CertificateOfSignerMissing) => {
            message.certificates.retain(|certificate| Some(&certificate[..]) != message.signer.certificate.as_deref())
        }
        Some(Fault::CertificateOfRootMissing) => {
            message.certificates.retain(|certificate| Some(&certificate[..]) == message.signer.certificate.as_deref());
        }
        Some(Fault::CertificateAdded) => {
            let mut stranger = message.certificates[0].clone();
            flip_last(&mut stranger);
            message.certificates.push(stranger);
            message.certificates.sort();
        }
        Some(Fault::CertificateTwice) => message.certificates.insert(0, message.certificates[0].clone()),
        Some(Fault::CertificateAltered) => message.certificates.iter_mut().for_each(|certificate| flip_last(certificate)),
        Some(Fault::CertificateOrder) => message.certificates.reverse(),
        _ => {}
    }
    message
}

pub(super) fn break_bytes(mut bytes: Vec<u8>) -> Vec<u8> {
    match ACTIVE.get() {
        // 30 82 hh ll … becomes 30 83 00 hh ll ….
        Some(Fault::LengthNotMinimal) => {
            bytes[1] += 1;
            bytes.insert(2, 0);
        }
        Some(Fault::LengthTooLong) => bytes[3] = bytes[3].wrapping_add(1),
        Some(Fault::TrailingByte) => bytes.push(0),
        _ => {}
    }
    bytes
}

/// Faults of a countersigned file: in the author's part, or in what was added.
pub(super) fn break_countersigned(bytes: Vec<u8>, author: &[u8], signer: &Signer, chain: &[Bytes]) -> Vec<u8> {
    let leaf = chain.first().cloned().into_iter().collect::<Vec<_>>();
    let attach = |chain: &[Bytes]| surgery::attach_countersignature(author, &signer.write(), chain).unwrap_or_default();
    let replaced = |from: &[u8]| {
        let mut bytes = bytes.clone();
        if let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
            bytes[at + from.len() - 1] ^= 1;
        }
        bytes
    };
    match ACTIVE.get() {
        Some(Fault::CertificateOfSignerMissing) => attach(chain.get(1..).unwrap_or_default()),
        Some(Fault::CertificateOfRootMissing) => attach(&leaf),
        Some(Fault::CertificateAdded) => {
            let mut stranger = leaf.concat();
            flip_last(&mut stranger);
            attach(&[chain, &[stranger.into()]].concat())
        }
        Some(Fault::CertificateAltered) => replaced(chain.first().map(|leaf| &leaf[..]).unwrap_or_default()),
        Some(Fault::AuthorSignature) => replaced(&surgery::primary_signature_value(author).unwrap_or_default()),
        Some(Fault::AuthorContent) => replaced(b"-Hash:"),
        Some(Fault::AuthorCertificateMissing) => surgery::without_first_certificate(&bytes).unwrap_or_default(),
        Some(Fault::AuthorUnsignedAttribute) => {
            surgery::with_unsigned_attribute(&bytes, &prepare::attribute(&[42, 3, 4], &null())).unwrap_or_default()
        }
        _ => break_bytes(bytes),
    }
}

fn flip_last(octets: &mut [u8]) {
    if let Some(last) = octets.last_mut() {
        *last ^= 1;
    }
}
