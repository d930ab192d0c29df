//! The signed attributes that a signature of ours must have, and the SignerInfo around them (spec 4.3 to 4.5).

use super::der::{SEQUENCE, SET, integer, octet_string, oid, sequence, set_of, tlv};
use super::{Expected, ExpectedKind, Refusal, fault};
use certificates::Certificate;
use model::{Digest, HashAlgorithm};
use nuget_signature::spec;
use time::OffsetDateTime;

/// The SET of signed attributes, tag 0x31.
pub(super) fn signed_attributes(expected: &Expected<'_>, leaf: &Certificate, message: Digest) -> Result<Vec<u8>, Refusal> {
    let attribute = |kind: &[u8], value: &[u8]| sequence(&[&oid(kind), &tlv(SET, value)]);
    let mut list = vec![
        attribute(spec::SIGNING_TIME, &utc_time(expected.signing_time)?),
        attribute(spec::COMMITMENT_TYPE, &sequence(&[&oid(spec::PROOF_OF_RECEIPT)])),
        attribute(spec::MESSAGE_DIGEST, &octet_string(message.as_bytes())),
        attribute(spec::SIGNING_CERTIFICATE_V2, &signing_certificate(leaf, expected.algorithm)),
        attribute(spec::SERVICE_INDEX_URL, &tlv(0x16, expected.service_index.as_bytes())),
    ];
    if expected.kind == ExpectedKind::Primary {
        list.push(attribute(spec::CONTENT_TYPE, &oid(spec::ID_DATA)));
    }
    if !expected.owners.is_empty() {
        let owners: Vec<u8> = expected.owners.iter().flat_map(|owner| tlv(0x0C, owner.as_bytes())).collect();
        list.push(attribute(spec::PACKAGE_OWNERS, &tlv(SEQUENCE, &owners)));
    }
    Ok(set_of(SET, list))
}

/// One ESSCertIDv2: explicit algorithm, hash of the leaf, issuer and serial number.
fn signing_certificate(leaf: &Certificate, algorithm: HashAlgorithm) -> Vec<u8> {
    let issuer_serial = sequence(&[&sequence(&[&tlv(0xA4, leaf.issuer_name())]), &integer(leaf.serial())]);
    let hash = octet_string(leaf.fingerprint(algorithm).as_bytes());
    let identifier = sequence(&[&sequence(&[&oid(algorithm.oid_octets())]), &hash, &issuer_serial]);
    sequence(&[&sequence(&[&identifier])])
}

/// The SignerInfo with this value and, perhaps, token.
pub(super) fn signer_info(
    expected: &Expected<'_>,
    leaf: &Certificate,
    signed_attributes: &[u8],
    signature_value: &[u8],
    token: Option<&[u8]>,
) -> Vec<u8> {
    let (version, sid) = match leaf.subject_key_identifier() {
        Some(identifier) if expected.kind == ExpectedKind::Primary => (3, tlv(0x80, identifier)),
        _ => (1, sequence(&[leaf.issuer_name(), &integer(leaf.serial())])),
    };
    let mut implicit = signed_attributes.to_vec();
    implicit[0] = 0xA0;
    let unsigned = token.map_or_else(Vec::new, |token| tlv(0xA1, &sequence(&[&oid(spec::TIMESTAMP_TOKEN), &tlv(SET, token)])));
    sequence(&[
        &integer(&[version]),
        &sid,
        &sequence(&[&oid(expected.algorithm.oid_octets())]),
        &implicit,
        &sequence(&[&oid(spec::RSA_ENCRYPTION), &[0x05, 0x00]]),
        &octet_string(signature_value),
        &unsigned,
    ])
}

fn utc_time(at: OffsetDateTime) -> Result<Vec<u8>, Refusal> {
    let at = at.to_offset(time::UtcOffset::UTC);
    if !(1950..2050).contains(&at.year()) {
        return Err(fault("the signing time cannot be written"));
    }
    let text =
        format!("{:02}{:02}{:02}{:02}{:02}{:02}Z", at.year() % 100, u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second());
    Ok(tlv(0x17, text.as_bytes()))
}
